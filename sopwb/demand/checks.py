"""What must hold of the demand plan: its parts add up, and nothing counts twice."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.demand.panel import SERIES
from sopwb.extend import Tables, plan_check

__all__ = ["calendar_causes_add_up", "orders_count_once"]

SMALL = 1e-6
"""Relative difference that is left to rounding."""


def _differs(found: pd.Series[float], expected: pd.Series[float]) -> pd.Series[bool]:
    """Where two sums differ by more than rounding."""
    return ~((found - expected).abs() <= SMALL * expected.abs().clip(lower=1.0))


@plan_check("calendar_causes_add_up", area="demand")
def calendar_causes_add_up(tables: Tables, model: Model) -> pd.DataFrame:
    """Families and buckets whose calendar quantity is not the sum of its causes."""
    families = tables["product"][["product", "family"]]
    forecast = tables["statistical_forecast"].merge(families, on="product", validate="many_to_one")
    keys = ["family", "period"]
    whole = forecast.groupby(keys, as_index=False)[["calendar_qty"]].sum()
    causes = tables["calendar_effect"].groupby(keys, as_index=False)[["effect_qty"]].sum()
    both = whole.merge(causes, on=keys, how="outer").fillna({"calendar_qty": 0.0, "effect_qty": 0.0})
    return both[_differs(both["calendar_qty"], both["effect_qty"])]


@plan_check("orders_count_once", area="demand")
def orders_count_once(tables: Tables, model: Model) -> pd.DataFrame:
    """Series whose demand is not its agreed forecast and the orders that found no forecast."""
    keys = [*SERIES, "period"]
    columns = ["forecast_qty", "beyond_qty", "order_qty", "consumed_qty", "demand_qty"]
    plan = tables["demand_plan"][[*keys, "consensus_qty"]]
    rows = tables["order_consumption"][[*keys, *columns]].merge(plan, on=keys, how="left")
    sums = rows.groupby(SERIES, as_index=False)[[*columns, "consensus_qty"]].sum()
    wrong = _differs(sums["demand_qty"], sums["forecast_qty"] + sums["beyond_qty"])
    wrong |= _differs(sums["order_qty"], sums["consumed_qty"] + sums["beyond_qty"])
    wrong |= _differs(sums["consensus_qty"], sums["demand_qty"])
    return sums[wrong]
