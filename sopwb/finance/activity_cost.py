"""What the activities of the plan cost."""

from __future__ import annotations

import pandas as pd

__all__ = ["activity_cost"]


def activity_cost(
    activity: pd.DataFrame, activity_effect: pd.DataFrame, months: pd.Index[pd.Timestamp]
) -> pd.DataFrame:
    """Cost of activities by month as lines of marketing: as far as their effect is in the plan.

    The cost is spread over the days of the activity; days outside the plan are left out.

    Parameters
    ----------
    activity
        Table ``activity``.
    activity_effect
        Table ``activity_effect``; says which share of an activity is in the plan.
    months
        First days of the fiscal months of the plan.

    Returns
    -------
    pandas.DataFrame
        period, line, amount_value, is_cash.
    """
    rate = activity_effect.groupby("activity")["inclusion_rate"].max()
    costed = activity.assign(cost=activity["cost_value"] * activity["activity"].map(rate).fillna(0.0))
    grid = costed[costed["cost"] > 0].merge(pd.DataFrame({"period": months}), how="cross")
    month_end = grid["period"] + pd.offsets.MonthEnd(0)
    from_ = grid["start_date"].where(grid["start_date"] > grid["period"], grid["period"])
    to = grid["end_date"].where(grid["end_date"] < month_end, month_end)
    days = ((to - from_).dt.days + 1).clip(lower=0)
    span = (grid["end_date"] - grid["start_date"]).dt.days + 1
    cost = (grid["cost"] * days / span).groupby(grid["period"]).sum().reindex(months, fill_value=0.0)
    return pd.DataFrame(
        {"period": months, "line": "marketing", "amount_value": cost.to_numpy(float), "is_cash": True}
    )
