"""Settings of the room supply."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sopwb.config.base import Settings

__all__ = ["STOPPED", "SupplySettings"]

STOPPED = "time limit"
"""Status of a solve that its seconds ended; what it found may come out otherwise when it is made again."""


class SupplySettings(Settings):
    """What the supply plan charges for what it would rather not do, and how it is solved."""

    late_days_maximum: float = Field(default=28.0, ge=0)
    """Days demand may wait before it counts as lost; 0 loses what is not shipped in its bucket."""
    late_cost_rate_per_day: float = Field(default=0.01, ge=0)
    """Charge for a day of waiting, as a share of what losing the same quantity costs."""
    priority_factor: float = Field(default=3.0, ge=1)
    """How many times more a unit of the next better priority class counts in a shortage."""
    overload_cost_per_hour: float | None = Field(default=None, ge=0)
    """Charge for an hour beyond all capacity, in reporting currency; unset: there is none at any price."""
    holding_cost_rate_per_year: float = Field(default=0.10, ge=0, le=2)
    """Yearly charge for stock as a share of its standard cost; it steers and is never in the accounts."""
    safety_stock_price_rate_per_year: float = Field(default=1.0, ge=0)
    """Yearly charge for a missing unit of safety stock as a share of its standard cost."""
    storage_price_per_pallet_day: float = Field(default=1.0, ge=0)
    """Charge for a pallet without a place, in reporting currency a day."""
    stock_value_price_rate_per_year: float = Field(default=0.25, ge=0)
    """Yearly charge for stock above the cap of the financial plan, as a share of its value."""
    target_price_rate: float = Field(default=1.0, ge=0)
    """Charge for a unit of money by which a soft goal of the financial plan for a flow is missed."""
    end_stock_value_rate: float = Field(default=1.1, ge=0, le=3)
    """Worth of a unit of end stock, up to its target, as a share of its variable cost; above 1 it is kept."""
    scrap_cost_rate: float = Field(default=1.0, ge=0)
    """Charge for stock that expires, as a share of its standard cost."""
    service_weight: float = Field(default=20.0, ge=1, le=1000)
    """How many times its money poor service is charged, so that it comes before contribution."""
    service_slack_rate: float = Field(default=1e-6, ge=0, le=0.1)
    """Share of the service charge that the second solve may add for contribution."""
    solver: Literal["simplex", "ipx"] = "ipx"
    """Method of HiGHS from nothing: interior point, or simplex, quicker where few limits bind for long."""
    crossover: bool = True
    """Whether the plan is brought to a corner, and not spread over equally good ones."""
    solve_seconds: float | None = Field(default=None, gt=0)
    """Most seconds of solving; the best plan found by then counts, marked as not proven; unset: no limit."""
    least_change: bool = True
    """Whether of equally good plans the one nearest to the base or to the last cycle's plan is taken."""
    mip_gap_rate: float = Field(default=1e-4, ge=0, le=0.5)
    """Distance from the best bound at which the search for whole decisions, as set-ups, may stop."""
    mip_seconds: float = Field(default=60.0, gt=0)
    """Most seconds for that search; the best plan found by then counts, else one without whole decisions."""
    mip_window_buckets: int | None = Field(default=None, ge=1)
    """Buckets whose whole decisions are searched at a time, later ones relaxed; unset: all at once."""
    setup_cover_buckets: int = Field(default=20, ge=0)
    """Buckets over which stock must cover demand until the next set-up; longer finds whole plans sooner."""
    frozen_days: int = Field(default=0, ge=0)
    """Days from the start of the horizon in which the plan of the last cycle stands."""
    slushy_days: int = Field(default=0, ge=0)
    """Days after the frozen ones in which a change against the plan of the last cycle has a price."""
    fence_options: tuple[str, ...] = ("make",)
    """Supply options whose decisions have a fence."""
    change_price_rate: float = Field(default=0.1, ge=0)
    """Charge for a unit by which a slushy decision changes, as a share of its standard cost."""
    confirmed_limits: int = Field(default=8, ge=0)
    """How many of the most valuable binding limits have their price confirmed by planning again."""
    one_stage: bool = False
    """Whether poor service is weighed against money in one sum, and does not come first."""
