"""How demand answers to activities, and what that says about the cells they touch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from sopwb.demand.panel import Array

__all__ = [
    "LEAST_FACTOR",
    "MOST_FACTOR",
    "Extras",
    "Integers",
    "Response",
    "Touched",
    "answer_group",
    "extras",
    "log_factors",
    "logs_of",
    "name_of",
    "ratio_directions",
    "uplift",
]

Integers = npt.NDArray[np.int64]

LEAST_FACTOR, MOST_FACTOR = 0.1, 20.0


@dataclass(frozen=True)
class Touched:
    """Cells (series and buckets) that activities touch; all frames have ``row`` and ``column``.

    Parameters
    ----------
    own
        Spans of the activities, a row per activity, series and bucket: activity, group, way, family,
        product, market, overlap_rate (share of days), declared_factor (on full days), age (-1 at the
        first bucket of history, 1 at the last), season (how high it stands), taken (number of activity,
        family, market and bucket, as in cross; -1 where no sister is touched),
        usual_qty, and the variances family_shock, market_shock, range_shock of what these share.
    after
        Spans after them, with the same columns and after_effect_rate (declared).
    cross
        Sisters of the promoted series: activity, family, market, taken, usual_qty and volume_qty (usual
        quantity of all sisters together).
    """

    own: pd.DataFrame
    after: pd.DataFrame
    cross: pd.DataFrame


@dataclass(frozen=True)
class Response:
    """Posterior of the regression.

    Parameters
    ----------
    parameters
        One row per parameter: level (ratio, trend, family, product, activity, additive, after, cross,
        cross_family, shock), name, prior_mean, prior_sd, pool, mean, sd.
    covariance
        Of the parameters, in their order.
    """

    parameters: pd.DataFrame
    covariance: Array

    @cached_property
    def _index(self) -> dict[str, tuple[Integers, pd.Index]]:
        levels = self.parameters["level"].to_numpy(dtype=object)
        names = self.parameters["name"].to_numpy(dtype=object)
        found = {}
        for level in pd.unique(levels):
            chosen = np.flatnonzero(levels == level)
            found[str(level)] = (chosen, pd.Index(names[chosen]))
        return found

    @cached_property
    def mean(self) -> Array:
        """Mean of every parameter."""
        return self.parameters["mean"].to_numpy(dtype=float)

    def places(self, level: str, names: pd.Series[str]) -> Integers:
        """Position of each named parameter of a level; -1 where it was not measured."""
        if level not in self._index:
            return np.full(len(names), -1, dtype=np.int64)
        chosen, known = self._index[level]
        found = known.get_indexer(pd.Index(names))
        return np.where(found >= 0, chosen[found], -1).astype(np.int64)

    def means(self, level: str, names: pd.Series[str], missing: float = 0.0) -> Array:
        """Mean of each named parameter of a level."""
        place = self.places(level, names)
        return np.where(place >= 0, self.mean[place] if len(self.mean) else missing, missing)

    @cached_property
    def additive(self) -> float:
        """0 where effects are factors, 1 where they are quantities that do not follow the season."""
        return float(np.clip(self.means("additive", pd.Series(["all"]))[0], 0.0, 1.0))


def answer_group(kind: pd.Series[str], way: pd.Series[str]) -> pd.Series[str]:
    """What answers alike: every change of price, else the kind in its way."""
    return way.where(way == "price", kind + " by " + way)


# ---------------------------------------------------------------- what a response says about cells
RATIO_LEVELS = ("ratio", "trend", "family", "product", "activity")


def name_of(level: str, cells: pd.DataFrame) -> pd.Series[str]:
    """Name of the parameter of a level that each cell needs."""
    if level in ("ratio", "trend"):
        return cells["group"]
    return cells["activity"] if level == "activity" else cells["way"] + "|" + cells[level]


def ratio_directions(response: Response, cells: pd.DataFrame) -> sparse.csr_matrix:
    """Derivative of each cell's ratio (measured to declared log effect) by the parameters."""
    rows, columns, values = [], [], []
    for level in RATIO_LEVELS:
        place = response.places(level, name_of(level, cells))
        known = np.flatnonzero(place >= 0)
        rows.append(known)
        columns.append(place[known])
        values.append(cells["age"].to_numpy(dtype=float)[known] if level == "trend" else np.ones(len(known)))
    shape = (len(cells), len(response.parameters))
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return sparse.csr_matrix(entries, shape=shape)


def uplift(
    response: Response, cells: pd.DataFrame, directions: sparse.csr_matrix | None = None
) -> tuple[Array, Array, Array]:
    """Extra of each cell on a full day as a share of the usual level, and its two derivatives.

    A factor F declared becomes F ** ratio; a quantity declared becomes ratio times itself. Extras that
    do not follow the season (additive) weigh the more the lower the season stands:
    extra = (F ** ratio - 1) x season ** -additive.

    Parameters
    ----------
    response
        What was measured; a group that was not has the ratio 1.
    cells
        Cells as in ``Touched.own``.
    directions
        Result of :func:`ratio_directions` for the cells, where it is known.

    Returns
    -------
    tuple of numpy.ndarray
        Extra, its derivative by the ratio, and by the additive share.
    """
    along = ratio_directions(response, cells) if directions is None else directions
    ratio = np.asarray(along @ response.mean) + (response.places("ratio", cells["group"]) < 0)
    declared = np.clip(cells["declared_factor"].to_numpy(dtype=float), LEAST_FACTOR, MOST_FACTOR)
    log_season = np.log(np.clip(cells["season"].to_numpy(dtype=float), 0.1, 10.0))
    power = np.clip(declared**ratio, LEAST_FACTOR, MOST_FACTOR)
    seasonal = np.where(power > 1, np.exp(-response.additive * log_season), 1.0)
    linear = (cells["way"] == "quantity").to_numpy()
    extra = np.where(linear, ratio * (declared - 1), (power - 1) * seasonal)
    slope = np.where(linear, declared - 1, power * np.log(declared) * seasonal)
    by_share = np.where(linear | (power <= 1), 0.0, -(power - 1) * seasonal * log_season)
    return extra, slope, by_share


class Extras(NamedTuple):
    """Extra of own cells with its derivatives, dip after them and its rate, loss of sisters and its rate."""

    own: tuple[Array, Array, Array]
    dip: Array
    dip_slope: Array
    dip_rate: Array
    share: Array
    share_rate: Array


def extras(
    response: Response, touched: Touched, along: tuple[sparse.csr_matrix, sparse.csr_matrix] | None = None
) -> Extras:
    """What a response says about all touched cells; ``along`` are the directions of own and after cells."""
    own, after, cross = touched.own, touched.after, touched.cross
    by_own, by_after = along or (None, None)
    extra = uplift(response, own, by_own)
    days = own["overlap_rate"].to_numpy(dtype=float)
    quantity = own["usual_qty"].to_numpy(dtype=float) * days * extra[0]
    count = int(max(own["taken"].max(), cross["taken"].max())) + 1 if len(cross) else 0
    taken = np.bincount(own["taken"] + 1, weights=quantity, minlength=count + 1)[1:]
    share = taken[cross["taken"].to_numpy(dtype=int)] / cross["volume_qty"].to_numpy(dtype=float)
    rate = response.means("cross", pd.Series("all", index=cross.index))
    dip, dip_slope, _ = uplift(response, after, by_after)
    days_after = after["overlap_rate"].to_numpy(dtype=float)
    return Extras(
        extra,
        days_after * dip,
        days_after * dip_slope,
        np.clip(
            after["after_effect_rate"].to_numpy(dtype=float) + response.means("after", after["group"]),
            0.0,
            1.0,
        ),
        np.clip(share, -1.0, 1.0),
        np.clip(rate + response.means("cross_family", cross["family"]), -0.2, 1.0),
    )


def logs_of(touched: Touched, extra: Extras) -> tuple[Array, Array, Array]:
    """Log factors of extras that are known already."""
    own = 1 + touched.own["overlap_rate"].to_numpy(dtype=float) * extra.own[0]
    after = 1 - extra.dip * extra.dip_rate
    cross = 1 - extra.share * extra.share_rate
    return (
        np.log(np.maximum(own, LEAST_FACTOR)),
        np.log(np.maximum(after, LEAST_FACTOR)),
        np.log(np.maximum(cross, LEAST_FACTOR)),
    )


def log_factors(response: Response, touched: Touched) -> tuple[Array, Array, Array]:
    """Log factor of each cell of the own, after and cross frames."""
    return logs_of(touched, extras(response, touched))
