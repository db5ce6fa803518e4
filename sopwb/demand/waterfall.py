"""From the normal level to what was sold, step by step, for every product and family."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sopwb.demand.adjustments import activity_contribution, calendar_contribution
from sopwb.demand.panel import Array
from sopwb.demand.past import Past
from sopwb.demand.scope import ALL

__all__ = ["demand_waterfall"]

COLUMNS = ["family", "product", "step", "label", "amount_qty", "is_total", "factor_rate"]
NAMED_KINDS = ("promotion", "campaign")
LABELS = (
    ("normal", "baseline, normal calendar"),
    ("calendar", "holidays and working days"),
    ("price", "price"),
    ("promotion", "promotion"),
    ("campaign", "campaign"),
    ("other", "other activities"),
    ("after", "dip after activities"),
    ("sister", "taken by sister products"),
    ("demand", "unconstrained demand"),
    ("stock_out", "lost without stock"),
    ("gap", "not delivered to us"),
    ("outlier", "outliers"),
    ("return", "returns of earlier sales"),
    ("sold", "sold, net of returns"),
)
TOTALS = ("normal", "demand", "sold")


def _activity_step(past: Past) -> pd.Series[str]:
    """Step of the waterfall to which each activity belongs."""
    facts = past.activity.set_index("activity")
    step = facts["kind"].where(facts["kind"].isin(NAMED_KINDS), "other")
    return step.mask(facts["effect_type"] == "price", "price")


def _amounts(past: Past, season: int) -> dict[str, Array]:
    """Amount of each step by series over the last year of history."""
    recent = slice(max(0, past.usual.shape[1] - season), None)

    def total(values: Array) -> Array:
        return np.asarray(np.nan_to_num(values[:, recent]).sum(axis=1))

    amounts = {name: np.zeros(len(past.usual)) for name, _ in LABELS}
    amounts["normal"], amounts["demand"] = total(past.normal), total(past.demand)
    amounts["sold"] = total(past.books.net)
    for values in calendar_contribution(past).values():
        amounts["calendar"] += total(values)
    lost = {"stock_out": past.missing, "gap": past.gap, "outlier": past.outlier, "return": past.books.moved}
    amounts |= {name: -total(values) for name, values in lost.items()}
    parts = activity_contribution(past)
    parts = parts[parts["column"] >= (recent.start or 0)]
    known = past.books.known[parts["row"].to_numpy(dtype=int), parts["column"].to_numpy(dtype=int)]
    parts = parts[known]
    step = parts["activity"].map(_activity_step(past))
    step = step.mask(parts["kind"] == "after_activity", "after").mask(
        parts["kind"] == "sister_activity", "sister"
    )
    for name in step.unique():
        chosen = parts[step == name]
        np.add.at(amounts[name], chosen["row"].to_numpy(dtype=int), chosen["qty"].to_numpy())
    return amounts


def demand_waterfall(past: Past | None) -> pd.DataFrame:
    """What made the demand of the last year: normal level x calendar x price x promotion x …, then sales.

    In every bucket demand is a product of factors; by the logarithmic mean it becomes a sum of quantities
    without a rest, which adds up over buckets, products and families. ``factor_rate`` is the same as a
    product: the running sum after a step over that before it.

    Returns
    -------
    pandas.DataFrame
        Table ``demand_waterfall``, for each product, each family (product ``*``) and all (both ``*``).
    """
    if past is None:
        return pd.DataFrame({name: [] for name in COLUMNS})
    names = past.books.series[["family", "product"]]
    wide = names.assign(**_amounts(past, past.books.season))
    steps = [name for name, _ in LABELS]
    levels = [
        wide.groupby(["family", "product"], as_index=False)[steps].sum(),
        wide.groupby("family", as_index=False)[steps].sum().assign(product=ALL),
        pd.DataFrame([wide[steps].sum()]).assign(family=ALL, product=ALL),
    ]
    table = pd.concat(levels, ignore_index=True)
    table = table.melt(
        id_vars=["family", "product"], value_vars=steps, var_name="name", value_name="amount_qty"
    )
    order = {name: place for place, name in enumerate(steps, start=1)}
    table = table.assign(
        step=table["name"].map(order),
        label=table["name"].map(dict(LABELS)),
        is_total=table["name"].isin(TOTALS),
    ).sort_values(["family", "product", "step"], ignore_index=True)
    change = table["amount_qty"].mask(table["is_total"] & (table["step"] > 1), 0.0)
    running = change.groupby([table["family"], table["product"]]).cumsum()
    before = running - change
    factor = (running / before.where(before > 0)).mask(table["is_total"])
    return table.assign(factor_rate=factor)[COLUMNS]
