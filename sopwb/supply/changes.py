"""Decision differences: what a plan decides otherwise than another one, by money."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["last_cycle", "plan_change"]

DECISION = ["option", "product", "location", "source"]
SAME = 1e-6
"""Share of the larger quantity below which two quantities are the same."""
MOVED = 0.1
"""Share of what changes up to which a sum that has not changed has only moved."""
COLUMNS = [
    "against", *DECISION, "period", "place", "reference_qty", "planned_qty", "change_qty",
    "change_value", "change",
]  # fmt: skip


def last_cycle(past: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """The plan of the last cycle before the as-of date; no rows where there is none.

    Parameters
    ----------
    past
        Table ``past_supply_plan``.
    as_of
        Last day of history.
    """
    earlier = past[past["cycle"] < as_of]
    latest: pd.DataFrame = earlier[earlier["cycle"] == earlier["cycle"].max()]
    return latest.reset_index(drop=True)


def _by_month(plan: pd.DataFrame, period: pd.DataFrame, until: pd.Timestamp) -> pd.Series:
    """Quantity of each decision in each fiscal month of the horizon, of buckets that begin by a day."""
    ordered = period.sort_values("period")
    plan = plan[(plan["period"] >= ordered["period"].iloc[0]) & (plan["period"] <= until)]
    bucket = np.searchsorted(ordered["period"].to_numpy(), plan["period"].to_numpy(), side="right") - 1
    month = ordered["fiscal_period"].to_numpy()[bucket]
    rows = plan[[*DECISION, "planned_qty"]].assign(period=month)
    return rows.groupby([*DECISION, "period"], sort=True)["planned_qty"].sum()


def plan_change(
    plan: pd.DataFrame,
    reference: pd.DataFrame,
    against: str,
    period: pd.DataFrame,
    product_cost: pd.DataFrame,
) -> pd.DataFrame:
    """What one plan decides otherwise than another in each fiscal month both speak of, most money first.

    Parameters
    ----------
    plan, reference
        Option, product, location, source, period and planned quantity of both plans.
    against
        What the other plan is called.
    period
        Buckets of the plan.
    product_cost
        Standard cost, at which changes are valued.

    Returns
    -------
    pandas.DataFrame
        Table ``plan_change``. A quantity that comes from elsewhere in the same month, and one that
        comes in another month from the same source, are told as such.
    """
    if reference.empty or period.empty:
        return pd.DataFrame(columns=COLUMNS)
    until = reference["period"].max()
    both = pd.concat(
        [
            _by_month(reference, period, until).rename("reference_qty"),
            _by_month(plan, period, until).rename("planned_qty"),
        ],
        axis=1,
    ).fillna(0.0)
    rows = both.rename_axis([*DECISION, "period"]).sort_index().reset_index()
    rows["change_qty"] = rows["planned_qty"] - rows["reference_qty"]
    largest = rows[["reference_qty", "planned_qty"]].max(axis=1)
    rows = rows[rows["change_qty"].abs() > SAME * largest.clip(lower=SAME)].reset_index(drop=True)
    cost = rows["product"].map(product_cost.set_index("product")["standard_cost_per_unit"]).fillna(0.0)
    rows["change_value"] = rows["change_qty"] * cost
    rows = rows.assign(against=against, change=_kind(rows), size=rows["change_value"].abs())
    order = ["size", *DECISION, "period"]
    ranked = rows.sort_values(order, ascending=[False] + [True] * 5, ignore_index=True)
    return ranked.assign(place=np.arange(1, len(ranked) + 1))[COLUMNS]


def _kind(rows: pd.DataFrame) -> pd.Series:
    """What has changed: the source, the month, or the quantity."""
    change = rows["change_qty"]
    kind = pd.Series(np.where(change > 0, "more", "less"), index=rows.index, dtype="object")
    kind[rows["reference_qty"] == 0] = "new"
    kind[rows["planned_qty"] == 0] = "dropped"
    signed = pd.DataFrame({"sum": change, "size": change.abs(), "when": change * _order(rows["period"])})
    for keys, word in ((DECISION, "month"), ([*DECISION[:3], "period"], "other source")):
        sums = signed.groupby([rows[name] for name in keys]).transform("sum")
        moved = sums["sum"].abs() <= MOVED * sums["size"]
        shifted = np.where(sums["when"] < 0, "earlier", "later")
        kind[moved] = shifted[moved] if word == "month" else word
    return kind


def _order(period: pd.Series) -> pd.Series:
    return period.rank(method="dense")
