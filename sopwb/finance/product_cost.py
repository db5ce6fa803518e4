"""Standard and variable cost of every product, valid on the first day of the plan."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sopwb.config.finance import FinanceSettings
from sopwb.finance.cost_roll_up import (
    ELEMENTS,
    cost_roll_up,
    hour_cost_per_unit,
    purchase_price,
    usage_per_unit,
    valid_on,
)

__all__ = ["product_cost"]


def product_cost(
    product: pd.DataFrame,
    bill_of_material: pd.DataFrame,
    routing: pd.DataFrame,
    cost_rate: pd.DataFrame,
    purchase_term: pd.DataFrame,
    standard_cost: pd.DataFrame,
    currency_rate: pd.DataFrame,
    *,
    currency: str,
    date: pd.Timestamp,
    settings: FinanceSettings,
) -> pd.DataFrame:
    """Cost of one unit of every product: the roll-up, and the source system's standard where it has one.

    The variable part of the roll-up is scaled to a standard cost that outranks it; a standard cost
    without any roll-up counts as variable, because nothing is known of what it is made of.
    """
    rolled = cost_roll_up(
        product,
        usage_per_unit(bill_of_material, routing, date),
        hour_cost_per_unit(routing, cost_rate),
        purchase_price(purchase_term, currency_rate, currency, date),
        overhead_rate_of_labour=settings.overhead_rate_of_labour,
        overhead_rate_of_purchased_material=settings.overhead_rate_of_purchased_material,
    )
    rolled["rolled_up_per_unit"] = rolled[list(ELEMENTS)].sum(axis=1)
    held = valid_on(standard_cost, date).sort_values("valid_from", kind="stable")
    source = held.drop_duplicates("product", keep="last").set_index("product")["cost_per_unit"]
    said = rolled["product"].map(source).astype(float)
    standard = said.fillna(rolled["rolled_up_per_unit"])
    share = (rolled["variable"] / rolled["rolled_up_per_unit"]).where(rolled["rolled_up_per_unit"] > 0, 1.0)
    return rolled.rename(columns={element: f"{element}_per_unit" for element in ELEMENTS}).assign(
        standard_cost_per_unit=standard,
        variable_cost_per_unit=share * standard,
        basis=np.where(said.notna(), "source", "roll_up"),
    )
