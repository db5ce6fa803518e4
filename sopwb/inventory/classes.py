"""Classes of products: how much they bring, how well they can be forecast, and the service that follows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sopwb.config.inventory import InventorySettings

__all__ = ["abc_class", "product_class", "service_of_class"]

UNKNOWN = "Z"
"""Class of what no backtest has judged: it is taken as hard to forecast until it has been."""


def abc_class(demand_plan: pd.DataFrame, settings: InventorySettings) -> pd.Series:
    """Class of each product by its share of the planned sales value: A, B or C.

    A product belongs to the class in which the running share lies before it, largest first.
    """
    value = demand_plan.groupby("product", sort=True)["consensus_value"].sum().fillna(0.0)
    ranked = value.sort_values(ascending=False, kind="stable")
    before = (ranked.cumsum() - ranked) / max(float(ranked.sum()), 1e-12)
    classes = np.select([before < settings.class_a_share, before < settings.class_b_share], ["A", "B"], "C")
    return pd.Series(classes, index=ranked.index).sort_index()


def service_of_class(abc: str, xyz: str, settings: InventorySettings) -> float:
    """Cycle service wanted for a product of both classes: that of the pair where one is declared.

    >>> settings = InventorySettings(service_level_by_class={"CZ": 0.8})
    >>> service_of_class("C", "Z", settings), service_of_class("C", "X", settings)
    (0.8, 0.9)
    """
    usual: float = getattr(settings.service_level, abc.lower())
    declared = {str(pair): level for pair, level in settings.service_level_by_class.items()}
    return declared.get(f"{abc}{xyz}", usual)


def product_class(
    product: pd.DataFrame,
    demand_plan: pd.DataFrame,
    forecastability: pd.DataFrame,
    stock_on_hand: pd.DataFrame,
    product_cost: pd.DataFrame,
    settings: InventorySettings,
) -> pd.DataFrame:
    """Every finished product with both classes, what stands behind them, and the service wanted.

    Returns
    -------
    pandas.DataFrame
        Table ``product_class``.
    """
    finished = product.loc[product["product_type"] == "finished", ["product", "family"]]
    rows = finished.sort_values("product", ignore_index=True)
    code = rows["product"]
    judged = forecastability.set_index("product")
    worth = demand_plan.groupby("product")["consensus_value"].sum()
    cost = product_cost.set_index("product")["standard_cost_per_unit"]
    stock = stock_on_hand.groupby("product")["on_hand_qty"].sum()
    rows = rows.assign(
        abc_class=code.map(abc_class(demand_plan, settings)).fillna("C"),
        xyz_class=code.map(judged["xyz_class"]).fillna(UNKNOWN),
        planned_value=code.map(worth).fillna(0.0),
        actual_qty=code.map(judged["actual_qty"]).fillna(0.0),
        absolute_error_qty=code.map(judged["absolute_error_qty"]).fillna(0.0),
        error_rate=code.map(judged["error_rate"]),
        stock_value=(code.map(stock).fillna(0.0) * code.map(cost).fillna(0.0)),
    )
    pairs = zip(rows["abc_class"], rows["xyz_class"], strict=True)
    return rows.assign(service_level=[service_of_class(abc, xyz, settings) for abc, xyz in pairs])
