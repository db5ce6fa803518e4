"""What was made against what earlier cycles planned."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["production_attainment"]

MADE_AT = ["product", "location"]
COLUMNS = [
    "cycle", "family", "period", "lag", "planned_qty", "made_qty", "planned_value", "made_value",
    "kept_value", "attainment_rate", "mix_adherence_rate",
]  # fmt: skip


def _good_share(routing: pd.DataFrame) -> pd.Series:
    """Good units of one unit started by each recipe."""
    keys = [*MADE_AT, "recipe"]
    return routing.groupby(keys, sort=True)["yield_rate"].prod().rename_axis([*MADE_AT, "source"])


def production_attainment(
    past_supply_plan: pd.DataFrame,
    production_history: pd.DataFrame,
    routing: pd.DataFrame,
    product: pd.DataFrame,
    product_cost: pd.DataFrame,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Attainment and mix adherence of each earlier plan in each month that has closed since, by family.

    *Attainment* is what was made over what was planned; *mix adherence* is the sum over products and
    locations of the smaller of both over what was planned. Both are weighed at standard cost.
    Quantities planned are started; of them the good share of the recipe counts.

    Returns
    -------
    pandas.DataFrame
        Table ``production_attainment``.
    """
    made_plan = past_supply_plan[past_supply_plan["option"] == "make"]
    months = np.sort(production_history["period"].unique())
    if made_plan.empty or not len(months):
        return pd.DataFrame(columns=COLUMNS)
    closed = made_plan[(made_plan["period"] <= as_of) & (made_plan["period"] >= months[0])]
    good = closed.join(_good_share(routing), on=[*MADE_AT, "source"])["yield_rate"].fillna(1.0)
    month = months[np.searchsorted(months, closed["period"].to_numpy(), side="right") - 1]
    closed = closed.assign(planned_qty=closed["planned_qty"] * good, period=month)
    planned = closed.groupby(["cycle", *MADE_AT, "period"], as_index=False, sort=True)["planned_qty"].sum()
    spans = planned[["cycle", "period"]].drop_duplicates()
    made = spans.merge(production_history, on="period", how="inner", validate="many_to_many")
    keys = ["cycle", *MADE_AT, "period"]
    both = planned.merge(made[[*keys, "made_qty"]], on=keys, how="outer", validate="one_to_one")
    both = both.fillna({"planned_qty": 0.0, "made_qty": 0.0})
    cost = both["product"].map(product_cost.set_index("product")["standard_cost_per_unit"]).fillna(0.0)
    family = both["product"].map(product.set_index("product")["family"])
    both = both.assign(
        family=family,
        planned_value=both["planned_qty"] * cost,
        made_value=both["made_qty"] * cost,
        kept_value=both[["planned_qty", "made_qty"]].min(axis=1) * cost,
    )
    sums = ["planned_qty", "made_qty", "planned_value", "made_value", "kept_value"]
    told = both.groupby(["cycle", "family", "period"], as_index=False, sort=True)[sums].sum()
    is_planned = told["planned_value"] > 0
    begun = told["period"].dt.year * 12 + told["period"].dt.month
    kept: pd.DataFrame = told.assign(
        lag=begun - (told["cycle"].dt.year * 12 + told["cycle"].dt.month),
        attainment_rate=(told["made_value"] / told["planned_value"]).where(is_planned),
        mix_adherence_rate=(told["kept_value"] / told["planned_value"]).where(is_planned),
    )
    return kept[COLUMNS]
