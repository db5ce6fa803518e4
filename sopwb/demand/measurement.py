"""Measuring how demand answers: one regression in logs, shrunk from activity to product to group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.linalg.lapack import dpotrf, dpotri
from scipy.sparse.linalg import splu

from sopwb.config.demand import ActivitySettings
from sopwb.demand.panel import Array
from sopwb.demand.response import (
    Integers,
    Response,
    Touched,
    extras,
    logs_of,
    name_of,
    ratio_directions,
)

__all__ = ["SHARED_BY", "measured_response"]

CLEAR = 2.5
STEPS, INNER = 4, 3
BELIEF_COUNT = 4.0
SHARED_BY = {"family": ["family"], "market": ["market"], "range": ["family", "market"]}
"""Who shares a shock in a bucket: a family, a market, or a family in a market."""
SHARED = 3
"""Touched series from which a common shock of their family or market in that bucket is allowed for."""
FIRST_SPREAD = {"family": 0.25, "product": 0.2, "activity": 0.2, "cross_family": 0.05}
"""First guess of the spread of each level about the one above it; the data revise it."""


def _parameters(touched: Touched, measured: pd.DataFrame, settings: ActivitySettings) -> pd.DataFrame:
    """Every parameter with its prior; activities only where something of them can be measured."""
    own, after, cross = touched.own, touched.after, touched.cross
    groups = pd.Series(sorted(own["group"].unique()), dtype=object)
    parts = [
        _level("ratio", groups, 1.0, settings.belief_spread),
        _level("trend", groups, 0.0, settings.trend_spread),
        *(_pooled(level, own, own["way"]) for level in ("family", "product")),
        _pooled("activity", measured, measured["group"]),
        _level("additive", pd.Series(["all"]), 0.0, settings.additive_spread),
        _level("after", pd.Series(sorted(after["group"].unique()), dtype=object), 0.0, settings.after_spread),
    ]
    if len(cross):
        parts += [
            _level(
                "cross", pd.Series(["all"]), settings.cannibalisation_rate, settings.cannibalisation_spread
            ),
            _pooled("cross_family", cross, pd.Series("cross", index=cross.index)),
        ]
    for scope in SHARED_BY:
        shocks = _shocks(measured, scope)
        sd = shocks.groupby("shock")["variance"].max().clip(lower=1e-8) ** 0.5
        parts.append(_level("shock", pd.Series(sd.index, dtype=object), 0.0, sd.to_numpy()))
    return pd.concat(parts, ignore_index=True)


def _level(level: str, names: pd.Series[str], mean: float, sd: float | Array) -> pd.DataFrame:
    frame = pd.DataFrame({"name": names.to_numpy(dtype=object)})
    return frame.assign(level=level, prior_mean=mean, prior_sd=sd, pool="", mean=mean, sd=sd)


def _pooled(level: str, cells: pd.DataFrame, pool: pd.Series[str]) -> pd.DataFrame:
    names = cells["family"] if level == "cross_family" else name_of(level, cells)
    both = pd.DataFrame({"name": names, "pool": level + "|" + pool}).drop_duplicates("name")
    spread = FIRST_SPREAD[level]
    frame = _level(level, both["name"].sort_values(), 0.0, spread)
    return frame.assign(pool=frame["name"].map(both.set_index("name")["pool"]))


def _shocks(measured: pd.DataFrame, scope: str) -> pd.DataFrame:
    """Cells that share what happened to a whole family or market in a bucket."""
    name = pd.Series(scope, index=measured.index)
    for column in [*SHARED_BY[scope], "column"]:
        name = name + "|" + measured[column].astype(str)
    count = measured.assign(shock=name).drop_duplicates(["shock", "row"])["shock"].value_counts()
    shared = name.map(count) >= SHARED
    cells = measured.loc[shared, ["row", "column"]].assign(
        shock=name[shared], variance=measured.loc[shared, f"{scope}_shock"]
    )
    return cells.drop_duplicates(["row", "column", "shock"])


@dataclass(frozen=True)
class _Rows:
    """Touched cells with a measurement: one row of the regression each."""

    keys: pd.Index
    logs: Array
    variance: Array
    length: int

    def place(self, cells: pd.DataFrame) -> Integers:
        return np.asarray(
            self.keys.get_indexer(pd.Index(cells["row"] * self.length + cells["column"])), dtype=np.int64
        )


def _rows(touched: Touched, values: Array, variance: Array) -> _Rows:
    frames = [frame[["row", "column"]] for frame in (touched.own, touched.after, touched.cross)]
    cells = pd.concat(frames, ignore_index=True).drop_duplicates().sort_values(["row", "column"])
    row, column = cells["row"].to_numpy(dtype=int), cells["column"].to_numpy(dtype=int)
    known = np.isfinite(values[row, column]) & np.isfinite(variance[row, column])
    row, column = row[known], column[known]
    length = values.shape[1]
    return _Rows(pd.Index(row * length + column), values[row, column], variance[row, column], length)


class _Places(NamedTuple):
    """Where cells and parameters stand in the regression; the same in every step."""

    rows: _Rows
    own: Integers
    after: Integers
    cross: Integers
    along: tuple[sparse.csr_matrix, sparse.csr_matrix]
    fixed: list[tuple[Integers, Integers]]
    shocks: tuple[Integers, Integers]


def _places(response: Response, touched: Touched, rows: _Rows, shocks: pd.DataFrame) -> _Places:
    own, after, cross = touched.own, touched.after, touched.cross
    place = [rows.place(cells) for cells in (own, after, cross)]
    fixed = [
        (place[0], response.places("additive", pd.Series("all", index=own.index))),
        (place[1], response.places("after", after["group"])),
        (place[2], response.places("cross", pd.Series("all", index=cross.index))),
        (place[2], response.places("cross_family", cross["family"])),
    ]
    along = (ratio_directions(response, own), ratio_directions(response, after))
    shared = (rows.place(shocks), response.places("shock", shocks["shock"]))
    return _Places(rows, place[0], place[1], place[2], along, fixed, shared)


def _design(response: Response, touched: Touched, places: _Places) -> tuple[sparse.csr_matrix, Array]:
    """Derivatives of the log factor of each row by the parameters, and the log factor itself."""
    extra = extras(response, touched, places.along)
    logs = logs_of(touched, extra)
    predicted = np.zeros(len(places.rows.keys))
    for place, values in zip((places.own, places.after, places.cross), logs, strict=True):
        np.add.at(predicted, place[place >= 0], values[place >= 0])
    _, slope, by_share = extra.own
    weight = touched.own["overlap_rate"].to_numpy(dtype=float) / np.exp(logs[0])
    by_ratio = (sparse.diags(weight * slope) @ places.along[0]).tocoo()
    dipped = -extra.dip_slope * extra.dip_rate / np.exp(logs[1])
    by_dip = (sparse.diags(dipped) @ places.along[1]).tocoo()
    lost = -extra.share / np.exp(logs[2])
    derivatives = (weight * by_share, -extra.dip / np.exp(logs[1]), lost, lost)
    pieces = [
        _entries(places.own[by_ratio.row], by_ratio.col, by_ratio.data),
        _entries(places.after[by_dip.row], by_dip.col, by_dip.data),
    ]
    pieces += [_entries(*where, value) for where, value in zip(places.fixed, derivatives, strict=True)]
    pieces.append(_entries(*places.shocks, np.ones(len(places.shocks[0]))))
    row, column, value = (np.concatenate(part) for part in zip(*pieces, strict=True))
    shape = (len(places.rows.keys), len(response.parameters))
    return sparse.csr_matrix((value, (row, column)), shape=shape), predicted


def _entries(row: Integers, column: Integers, value: Array) -> tuple[Integers, Integers, Array]:
    known = (row >= 0) & (column >= 0)
    return row[known], column[known], value[known]


def _inverse(precision: Array) -> Array:
    """Inverse of a symmetric positive definite matrix, by its Cholesky factor."""
    factor, _ = dpotrf(precision, lower=1)
    lower, _ = dpotri(factor, lower=1)
    triangle: Array = np.tril(lower)
    return triangle + np.tril(triangle, -1).T


def _marginal(precision: sparse.csr_matrix, right: Array, free: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    """Mean of every parameter, and the variance of those that are not shocks; NaN for the shocks.

    The shocks are taken out first: those of one bucket are met by no cell of another, so their part of the
    precision falls apart into small blocks. With D that part, B the part between and A the rest, the
    others have the covariance (A - B D^-1 B')^-1.
    """
    kept, taken = np.flatnonzero(free), np.flatnonzero(~free)
    rows = precision[kept]
    own, between = rows[:, kept].toarray(), rows[:, taken]
    blocks = splu(precision[taken][:, taken].tocsc()) if len(taken) else None
    through = blocks.solve(between.T.toarray()) if blocks is not None else np.zeros((0, len(kept)))
    covariance = _inverse(own - between @ through)
    mean, variance = np.zeros(len(right)), np.full(len(right), np.nan)
    mean[kept] = covariance @ (right[kept] - through.T @ right[taken])
    variance[kept] = np.diag(covariance)
    if blocks is not None:
        mean[taken] = blocks.solve(right[taken] - between.T @ mean[kept])
    return mean, variance


def _solved(
    parameters: pd.DataFrame, design: sparse.csr_matrix, target: Array, weight: Array
) -> tuple[pd.DataFrame, sparse.csr_matrix]:
    """Posterior for given spreads and its precision; and the spreads that it suggests (one step of EM)."""
    prior_mean = parameters["prior_mean"].to_numpy(dtype=float)
    prior_sd = parameters["prior_sd"].to_numpy(dtype=float)
    weighed = sparse.diags(weight) @ design
    precision = sparse.csr_matrix(design.T @ weighed + sparse.diags(1 / prior_sd**2))
    free = (parameters["level"] != "shock").to_numpy()
    mean, variance = _marginal(precision, weighed.T @ target + prior_mean / prior_sd**2, free)
    square = pd.Series((mean - prior_mean) ** 2 + variance)
    pooled = parameters["pool"] != ""
    sums = square[pooled].groupby(parameters["pool"][pooled])
    first = parameters["level"].map(FIRST_SPREAD).astype(float) ** 2
    revised = (BELIEF_COUNT * first + parameters["pool"].map(sums.sum())) / (
        BELIEF_COUNT + parameters["pool"].map(sums.size())
    )
    spread = np.where(pooled, revised.astype(float) ** 0.5, prior_sd)
    return parameters.assign(mean=mean, prior_sd=spread), precision


def measured_response(
    touched: Touched, values: Array, variance: Array, settings: ActivitySettings
) -> Response:
    """Answer of demand to activities, measured on touched cells.

    log(demand / usual) = sum of log factors + chance. The log effect of an activity in a series is
    its declared log effect times a ratio, which is the sum of a ratio of its group (every price change;
    each kind of activity in its way), a trend of the group, and deviations of family, product and
    the activity itself. Groups have the prior 1 (as declared), deviations the prior 0 with spreads
    learned from the data (empirical Bayes by EM). Price elasticity is the declared one times the ratio.
    What sisters lose and what is missing afterwards are shares of the extra quantity. A bucket
    further than 2.5 standard deviations from its fit counts less.

    Parameters
    ----------
    touched
        Cells.
    values
        Log of demand over the usual level, series by time, centred on untouched buckets.
    variance
        Of these by chance; not finite where the cell says nothing.
    settings
        Priors.

    Returns
    -------
    Response
        Without any touched cell, one without parameters.

    References
    ----------
    Wittink, Addona, Hawkes and Porter (1988), SCAN*PRO; Duan (1983), smearing; Efron and Morris (1975).
    """
    rows = _rows(touched, values, variance)
    measured = touched.own[rows.place(touched.own) >= 0]
    response = Response(_parameters(touched, measured, settings), np.zeros((0, 0)))
    if touched.own.empty:
        return response
    shocks = pd.concat([_shocks(measured, scope) for scope in SHARED_BY], ignore_index=True)
    weight = 1 / rows.variance
    places = _places(response, touched, rows, shocks)
    for step in range(STEPS):
        design, predicted = _design(response, touched, places)
        means = response.mean
        in_shocks = np.where(response.parameters["level"] == "shock", means, 0.0)
        if step > 0:
            away = np.abs(rows.logs - predicted - design @ in_shocks) / rows.variance**0.5
            weight = np.minimum(1.0, CLEAR / np.maximum(away, 1e-9)) ** 2 / rows.variance
        target = rows.logs - predicted + design @ (means - in_shocks)
        parameters = response.parameters
        for _ in range(INNER):
            parameters, precision = _solved(parameters, design, target, weight)
        response = replace(response, parameters=parameters)
    covariance = _inverse(precision.toarray())
    deviation = np.diag(covariance) ** 0.5
    return Response(response.parameters.assign(sd=deviation), covariance)
