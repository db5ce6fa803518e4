"""The near horizon held to what is known there: the last consensus, or the orders in hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sopwb.config.demand import FenceSettings
from sopwb.demand.panel import SERIES

__all__ = ["fence_quantity", "held_by_fence", "held_cycle"]

KEYS = [*SERIES, "period"]


def held_cycle(past_demand_plan: pd.DataFrame, settings: FenceSettings, as_of: pd.Timestamp) -> pd.DataFrame:
    """Rows of the cycle before as-of to whose consensus the fence holds; none without such a cycle."""
    earlier = past_demand_plan[past_demand_plan["cycle"] < as_of]
    if settings.approved_only:
        earlier = earlier[earlier["is_approved"].astype(bool)]
    last: pd.DataFrame = earlier[earlier["cycle"] == earlier["cycle"].max()]
    return last


def _last_consensus(plan: pd.DataFrame, last: pd.DataFrame) -> pd.Series[float]:
    """What the last cycle planned for each cell, its months shared out as the agreed plan has them now.

    A month of which a part has passed is shared by the days that are left; where the agreed plan is nothing,
    days share.
    """
    said = last.rename(columns={"period": "fiscal_period"})[[*SERIES, "fiscal_period", "consensus_qty"]]
    month = [*SERIES, "fiscal_period"]
    cells = plan[[*month, "period", "days", "agreed_qty"]].merge(
        said, on=month, how="left", validate="many_to_one"
    )
    whole = cells.groupby(month)[["agreed_qty", "days"]].transform("sum")
    by_plan = cells["agreed_qty"] / whole["agreed_qty"].where(whole["agreed_qty"] > 0)
    share = by_plan.fillna(cells["days"] / whole["days"])
    left = whole["days"] / cells["fiscal_period"].dt.days_in_month
    result: pd.Series[float] = cells["consensus_qty"] * share * left.clip(upper=1.0)
    return result.set_axis(plan.index)


def fence_quantity(
    plan: pd.DataFrame,
    orders: pd.DataFrame,
    past_demand_plan: pd.DataFrame,
    period: pd.DataFrame,
    settings: FenceSettings,
    as_of: pd.Timestamp,
) -> pd.Series[float]:
    """What the fence says about each cell; missing outside it, where nothing is sold, and where it is silent.

    Parameters
    ----------
    plan
        Every series and bucket with fiscal_period, days, open_days and ``agreed_qty``.
    orders
        Open orders by product, market, ``period``: order_qty.
    past_demand_plan
        Table of that name; its last approved cycle before as-of is held to, or its last, by the settings.
    period
        Table ``period``.
    """
    nothing = pd.Series(np.nan, index=plan.index)
    if settings.hold_to == "nothing":
        return nothing
    if settings.hold_to == "orders":
        ordered = plan[KEYS].merge(orders, on=KEYS, how="left", validate="one_to_one")
        said = ordered["order_qty"].fillna(0.0).set_axis(plan.index)
    else:
        said = _last_consensus(plan, held_cycle(past_demand_plan, settings, as_of))
    near = period["period"].sort_values().head(settings.buckets)
    return said.where(plan["period"].isin(near) & (plan["open_days"] > 0))


def held_by_fence(
    agreed: pd.Series[float], fence: pd.Series[float], settings: FenceSettings
) -> pd.Series[float]:
    """The agreed forecast, mixed with what the fence says where it speaks."""
    mixed = settings.hold_rate * fence + (1 - settings.hold_rate) * agreed
    return mixed.fillna(agreed)
