"""How much of demand is shipped in its own bucket."""

from __future__ import annotations

import pandas as pd

__all__ = ["on_time", "service_rate"]


def on_time(shipment_plan: pd.DataFrame) -> pd.DataFrame:
    """The shipment plan with `on_time_qty`: demand that is neither lost nor open at the end of its bucket.

    The oldest orders are shipped first, so whatever is open at the end of a bucket is taken off the
    demand of that bucket, at most all of it.

    Examples
    --------
    >>> plan = pd.DataFrame({"demand_qty": [10.0, 10.0], "backlog_qty": [4.0, 0.0], "lost_qty": [1.0, 0.0]})
    >>> on_time(plan)["on_time_qty"].to_list()
    [5.0, 10.0]
    """
    kept = shipment_plan["demand_qty"] - shipment_plan["backlog_qty"] - shipment_plan["lost_qty"]
    return shipment_plan.assign(on_time_qty=kept.clip(lower=0.0))


def service_rate(shipment_plan: pd.DataFrame) -> float:
    """Share of demand shipped in its own bucket; missing when nothing is asked for."""
    demand = float(shipment_plan["demand_qty"].sum())
    if demand <= 0:
        return float("nan")
    return float(on_time(shipment_plan)["on_time_qty"].sum()) / demand
