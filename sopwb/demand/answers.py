"""What was measured of past activities, as a table: elasticities and other answers, ready for those ahead."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.config.demand import DemandSettings
from sopwb.demand.activities import declared_elasticity
from sopwb.demand.panel import Array
from sopwb.demand.past import Past
from sopwb.demand.response import Response
from sopwb.demand.scope import ALL

__all__ = ["NORMAL_80", "activity_response", "answers_for"]

NORMAL_80 = 1.2816
KEYS = ["answer", "group", "family", "product"]
COLUMNS = [*KEYS, "value", "lower", "upper", "elasticity", "spread", "activities"]
PRICE = "price"


def _combination(response: Response, places: list[npt.NDArray[np.int64]], rows: int) -> tuple[Array, Array]:
    """Mean and standard deviation of sums of parameters; -1 adds nothing."""
    weight = np.zeros((rows, len(response.parameters)))
    for place in places:
        known = np.flatnonzero(place >= 0)
        np.add.at(weight, (known, place[known]), 1.0)
    means = response.parameters["mean"].to_numpy(dtype=float)
    variance = ((weight @ response.covariance) * weight).sum(axis=1)
    return weight @ means, np.sqrt(np.maximum(variance, 0.0))


def _ratios(past: Past, settings: DemandSettings) -> pd.DataFrame:
    """Measured to declared log effect at the end of history: by group, by family, by product."""
    response, own = past.response, past.touched.own
    sold = own[["group", "way", "family", "product", "activity"]]
    levels = [
        sold.assign(family=ALL, product=ALL),
        sold.assign(product=ALL),
        sold,
    ]
    keys = ["group", "way", "family", "product"]
    counted = [level.groupby(keys).agg(activities=("activity", "nunique")) for level in levels]
    table = pd.concat(counted).reset_index()
    places = [
        response.places("ratio", table["group"]),
        response.places("trend", table["group"]),
        response.places("family", table["way"] + "|" + table["family"]),
        response.places("product", table["way"] + "|" + table["product"]),
    ]
    mean, sd = _combination(response, places, len(table))
    pools = response.parameters[response.parameters["pool"].str.startswith("activity|")]
    spread = pools.groupby(pools["pool"].str.removeprefix("activity|"))["prior_sd"].max()
    priced = declared_elasticity(table["family"], settings)
    ratios: pd.DataFrame = table.assign(
        answer="ratio",
        value=mean,
        sd=sd,
        spread=table["group"].map(spread),
        elasticity=(priced * mean).where(table["group"] == PRICE),
    )
    return ratios


def _shares(past: Past) -> pd.DataFrame:
    """Dip, cannibalisation and additivity."""
    response, own = past.response, past.touched.own
    count = own.groupby("group")["activity"].nunique()
    groups = pd.DataFrame({"group": sorted(past.touched.after["group"].unique())}, dtype=object)
    after = groups.assign(answer="after", family=ALL, activities=groups["group"].map(count))
    families = pd.DataFrame({"family": sorted(past.touched.cross["family"].unique())}, dtype=object)
    cross = families.assign(
        answer="cross",
        group=ALL,
        activities=families["family"].map(past.touched.cross.groupby("family")["activity"].nunique()),
    )
    both = pd.concat(
        [cross.head(1).assign(family=ALL, activities=past.touched.cross["activity"].nunique()), cross]
    )
    one = pd.DataFrame(
        {"answer": ["additive"], "group": [ALL], "family": [ALL], "activities": [own["activity"].nunique()]}
    )
    table = pd.concat([after, both, one], ignore_index=True).assign(product=ALL)
    every = pd.Series("all", index=table.index)
    places = [
        np.where(table["answer"] == "after", response.places("after", table["group"]), -1),
        np.where(table["answer"] == "cross", response.places("cross", every), -1),
        np.where(table["answer"] == "cross", response.places("cross_family", table["family"]), -1),
        np.where(table["answer"] == "additive", response.places("additive", every), -1),
    ]
    mean, sd = _combination(response, places, len(table))
    shares: pd.DataFrame = table.assign(value=mean, sd=sd, spread=0.0)
    return shares


def activity_response(past: Past | None, settings: DemandSettings) -> pd.DataFrame:
    """Answers of demand to activities with 80 percent intervals, as they stand at the end of history.

    Returns
    -------
    pandas.DataFrame
        Table ``activity_response``; empty where nothing was measured.
    """
    if past is None or past.touched.own.empty or past.response.covariance.size == 0:
        return pd.DataFrame({name: [] for name in COLUMNS})
    table = pd.concat([_ratios(past, settings), _shares(past)], ignore_index=True)
    reach = NORMAL_80 * table["sd"]
    additive = table["answer"] == "additive"
    table = table.assign(lower=table["value"] - reach, upper=table["value"] + reach)
    for name in ("value", "lower", "upper"):
        table[name] = table[name].mask(additive, table[name].clip(0.0, 1.0))
    return table.sort_values(KEYS, ignore_index=True)[COLUMNS]


def answers_for(cells: pd.DataFrame, response: pd.DataFrame) -> pd.DataFrame:
    """Answer for each cell: that of the product, else its family, else the group, else as declared.

    Parameters
    ----------
    cells
        Rows with group, family and product.
    response
        Table ``activity_response``.

    Returns
    -------
    pandas.DataFrame
        In the order of the cells: ratio, ratio_sd (of one new activity), cross, additive.
    """
    known = response.assign(
        sd=np.hypot((response["upper"] - response["lower"]) / (2 * NORMAL_80), response["spread"].fillna(0.0))
    )
    found = pd.DataFrame({"ratio": np.nan, "ratio_sd": np.nan}, index=cells.index)
    ratios = known[known["answer"] == "ratio"].rename(columns={"value": "ratio", "sd": "ratio_sd"})
    for level in (["group", "family", "product"], ["group", "family"], ["group"]):
        narrow = ratios
        for name in ("family", "product"):
            narrow = narrow[(narrow[name] == ALL) != (name in level)]
        joined = cells[level].merge(
            narrow[[*level, "ratio", "ratio_sd"]], on=level, how="left", validate="many_to_one"
        )
        for name in ("ratio", "ratio_sd"):
            found[name] = found[name].fillna(joined[name].set_axis(cells.index))
    value = known.set_index(["answer", "group", "family"])["value"]
    lost, additive = (
        value[value.index.get_level_values(0) == name].droplevel(0) for name in ("cross", "additive")
    )
    common = float(lost.droplevel("group").get(ALL, 0.0)) if len(lost) else 0.0
    return found.assign(
        ratio=found["ratio"].fillna(1.0),
        ratio_sd=found["ratio_sd"].fillna(0.0),
        cross=cells["family"].map(lost.droplevel("group")).fillna(common),
        additive=float(additive.iloc[0]) if len(additive) else 0.0,
    )
