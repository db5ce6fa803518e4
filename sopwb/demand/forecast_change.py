"""What changed since the last cycle, and why: every unit of the change has one cause."""

from __future__ import annotations

import pandas as pd

from sopwb.demand.panel import SERIES

__all__ = ["CAUSES", "forecast_change"]

CAUSES = {
    "launch_qty": "products that come or go",
    "actuals_qty": "new sales",
    "model_qty": "the model and its data",
    "activity_qty": "activities",
    "override_qty": "what people say",
}
"""Columns of the changes, with how they are called."""

KEYS = [*SERIES, "period"]
STREAMS = ["baseline_qty", "automatic_qty", "consensus_qty"]


def forecast_change(
    demand_plan: pd.DataFrame,
    period: pd.DataFrame,
    past_demand_plan: pd.DataFrame,
    refit: pd.DataFrame,
) -> pd.DataFrame:
    """The consensus of the last cycle, five changes, and the consensus of now, month by month.

    With B the baseline, A the automatic forecast, C the consensus, of then (0) and now (1), and R the
    baseline that today's model makes of the data of then:

        C1 - C0 = (R - B0) + (B1 - R) + [(A1 - B1) - (A0 - B0)] + [(C1 - A1) - (C0 - A0)]

    that is model, actuals, activities and overrides. A product and market that only one of the plans
    has is a launch or an end, and its whole change is one. Nothing is left over.

    Parameters
    ----------
    demand_plan, period, past_demand_plan
        Tables of these names; only the latest cycle of the archive is looked at.
    refit
        Baseline of today's model on the data of then: product, market, ``period`` (month), baseline_qty.
        Where it is silent, the baseline of then stands in for it.

    Returns
    -------
    pandas.DataFrame
        Table ``forecast_change``, for the months that both plans have.
    """
    cycle = past_demand_plan["cycle"].max()
    then = past_demand_plan[past_demand_plan["cycle"] == cycle]
    now = _by_month(demand_plan, period)
    months = sorted(set(then["period"]) & set(now["period"]))
    then = then.loc[then["period"].isin(months), [*KEYS, *STREAMS]]
    now = now[now["period"].isin(months)]
    both = now.merge(
        then, on=KEYS, how="outer", suffixes=("", "_then"), indicator=True, validate="one_to_one"
    )
    both = both.merge(
        refit[[*KEYS, "baseline_qty"]].rename(columns={"baseline_qty": "refit_qty"}),
        on=KEYS,
        how="left",
        validate="one_to_one",
    )
    known = _in_both(both)
    numbers = [*STREAMS, *(f"{name}_then" for name in STREAMS)]
    both[numbers] = both[numbers].fillna(0.0)
    refitted = both["refit_qty"].fillna(both["baseline_qty_then"])
    part = {
        "model_qty": refitted - both["baseline_qty_then"],
        "actuals_qty": both["baseline_qty"] - refitted,
        "activity_qty": _added(both, "automatic_qty", "baseline_qty"),
        "override_qty": _added(both, "consensus_qty", "automatic_qty"),
    }
    change = both["consensus_qty"] - both["consensus_qty_then"]
    table = both[[*KEYS, "net_price_per_unit"]].assign(
        cycle=cycle,
        previous_qty=both["consensus_qty_then"],
        current_qty=both["consensus_qty"],
        launch_qty=change.where(~known, 0.0),
        change_value=change * both["net_price_per_unit"],
        **{name: values.where(known, 0.0) for name, values in part.items()},
    )
    return table.astype({"cycle": "datetime64[ns]"})


def _in_both(rows: pd.DataFrame) -> pd.Series[bool]:
    """Whether the product and market of each row is in both plans, in any month."""
    present = rows.assign(here=rows["_merge"] != "right_only", there=rows["_merge"] != "left_only")
    groups = present.groupby(SERIES)
    known: pd.Series[bool] = groups["here"].transform("any") & groups["there"].transform("any")
    return known


def _added(rows: pd.DataFrame, upper: str, lower: str) -> pd.Series[float]:
    """How much more one stream adds to the one below it than it did then."""
    now: pd.Series[float] = rows[upper] - rows[lower]
    return now - (rows[f"{upper}_then"] - rows[f"{lower}_then"])


def _by_month(plan: pd.DataFrame, period: pd.DataFrame) -> pd.DataFrame:
    rows = plan.merge(period[["period", "fiscal_period"]], on="period", how="left", validate="many_to_one")
    rows = rows.drop(columns="period").rename(columns={"fiscal_period": "period"})
    groups = rows.groupby(KEYS, as_index=False)
    price = groups["net_price_per_unit"].mean()
    return groups[STREAMS].sum().merge(price, on=KEYS, validate="one_to_one")
