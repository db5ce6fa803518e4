"""Settings of the room finance."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sopwb.config.base import Settings

__all__ = ["FinanceSettings"]


class FinanceSettings(Settings):
    """Settings of the financial plan and of the key figures; money is in the reporting currency."""

    days_per_month: float = Field(default=30, ge=28, le=31)
    """Days of a month in payment terms and days outstanding."""
    overhead_rate_of_labour: float = Field(default=0, ge=0)
    """Overhead in standard cost as a share of labour, on top of overhead by the hour."""
    overhead_rate_of_purchased_material: float = Field(default=0, ge=0)
    """Overhead in standard cost as a share of purchased material used, on top of overhead by the hour."""
    production_at: Literal["plan", "standard"] = "plan"
    """What production and purchases cost: as the plan runs and buys, or at standard, without variances."""
    normal_utilisation_rate: float = Field(default=0, ge=0, le=1.5)
    """Share of regular hours whose fixed rates are paid, used or not; 0: paid for the hours used."""
    run_rate_months: int = Field(default=12, ge=0, le=36)
    """Closed months whose average stands in for a line without any cost line; 0: such a line is zero."""
    customer_days: int = Field(default=30, ge=0, le=365)
    """Days until a customer pays where no payment term says."""
    supplier_days: int = Field(default=30, ge=0, le=365)
    """Days until a supplier is paid where no payment term says."""
    income_tax_rate: float = Field(default=0.2, ge=0, le=0.9)
    """Income tax as a share of profit before tax where no tax rule says."""
    loss_carried_forward_value: float = Field(default=0, ge=0)
    """Losses of earlier years that are set off against taxable profit, in money."""
    loan_interest_rate: float = Field(default=0, ge=0, le=1)
    """Interest of a year on the loans of the balance sheet, on top of cost lines for interest."""
    capital_cost_rate_per_year: float = Field(default=0.08, ge=0, le=1)
    """Cost of capital of a year by which investments are judged, before tax."""
    opening_cash_value: float = 0.0
    """Cash at the as-of date where the ledger has no balance of cash, in money."""
    bridge_months: int = Field(default=12, ge=1, le=36)
    """Closed months on each side of the price-volume-mix bridge."""
    tie_tolerance_rate: float = Field(default=0.02, ge=0, le=1)
    """Largest difference between operations and ledger that counts as a tie, as a share of operations."""
    bias_alert_rate: float = Field(default=0.1, ge=0, le=1)
    """Bias of a family's forecast from which it is an exception."""
    accuracy_lag: int = Field(default=1, ge=0, le=24)
    """Months (archive) or buckets (backtest) ahead at which forecast accuracy is a key figure."""
    exception_limit: int = Field(default=10, ge=1, le=50)
    """Most exceptions that are shown."""
