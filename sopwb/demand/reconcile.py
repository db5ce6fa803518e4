"""Every level of the hierarchy adds up, and what the forecast of a total knows reaches its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from sopwb.config.demand import ForecastSettings
from sopwb.demand.backtest import Backtest, rolling_origins
from sopwb.demand.combine import Forecaster, candidates, mixed, routes
from sopwb.demand.panel import Array, Panel

__all__ = ["aggregated", "reconciled", "summing_matrix", "through_levels"]

LEAST_RESIDUALS = 6
LEAST_SHRINK = 0.02
LEAST_NODES = 3
MOST_NODES = 3000
"""Nodes up to which a hierarchy is reconciled; the weights are a matrix of that size."""


def summing_matrix(series: pd.DataFrame, levels: Sequence[str]) -> Array:
    """Node by series: the total, each value of each level, then the series themselves.

    Parameters
    ----------
    series
        One row per series with a column for each level.
    levels
        Columns whose values are summed over, such as family and market.
    """
    blocks = [np.ones((1, len(series)))]
    for level in levels:
        codes, names = pd.factorize(series[level], sort=True)
        block = (codes[None, :] == np.arange(len(names))[:, None]).astype(float)
        # a level with one value is the total, one with a value per series is the series
        if 1 < len(block) < len(series):
            blocks.append(block)
    return np.concatenate([*blocks, np.eye(len(series))])


def aggregated(panel: Panel, summing: Array) -> Panel:
    """Histories of all nodes above the series; a node begins with the first of its series."""
    above = summing[: len(summing) - summing.shape[1]]
    known = above @ np.isfinite(panel.history).astype(float)
    total = above @ np.nan_to_num(panel.history)
    return Panel(np.where(known > 0, total, np.nan), np.arange(len(above), dtype=np.int64))


def reconciled(path: Array, residual: Array, summing: Array) -> Array:
    """Forecasts of the series that add up to those of all nodes as well as may be, none negative.

    MinT: the weights come from the covariance of the nodes' errors, shrunk to its diagonal.

    Parameters
    ----------
    path
        Forecasts of all nodes, node by bucket ahead, in the order of the summing matrix.
    residual
        Errors of the nodes in the backtest, node by observation; columns with a gap are left out.
    summing
        From :func:`summing_matrix`.

    Returns
    -------
    numpy array
        Series by bucket ahead. Sums over them are the forecasts of the levels, exactly.

    References
    ----------
    Wickramasuriya, Athanasopoulos and Hyndman (2019); Schäfer and Strimmer (2005) for the shrinking;
    Wickramasuriya, Turlach and Hyndman (2020) for the bound at zero.
    """
    bottom = path[len(path) - summing.shape[1] :]
    residual = residual[:, np.isfinite(residual).all(axis=0)]
    if residual.shape[1] < LEAST_RESIDUALS or len(summing) > MOST_NODES:
        return bottom
    # least squares of the nodes against the sums of the series, in units in which the errors are white
    whiten = np.linalg.inv(np.linalg.cholesky(_shrunk_covariance(residual)))
    left, right = whiten @ summing, whiten @ path
    made, *_ = np.linalg.lstsq(left, right, rcond=None)
    for column in np.flatnonzero((made < 0).any(axis=0)):
        made[:, column], _ = nnls(left, right[:, column])
    return np.asarray(np.maximum(made, 0.0))


def _shrunk_covariance(residual: Array) -> Array:
    """Covariance of the errors about zero, its correlations pulled to none by how uncertain they are."""
    count = residual.shape[1]
    deviation = np.sqrt((residual**2).mean(axis=1))
    # a node that never erred is trusted like the surest of the others, not without bound
    least = 1e-3 * (deviation.mean() or 1.0)
    unit = residual / np.maximum(deviation, least)[:, None]
    correlation = unit @ unit.T / count
    spread = ((unit**2) @ (unit**2).T / count - correlation**2) / max(count - 1, 1)
    apart = ~np.eye(len(residual), dtype=bool)
    total = float((correlation[apart] ** 2).sum())
    shrink = float(np.clip(spread[apart].sum() / total, LEAST_SHRINK, 1.0)) if total > 0 else 1.0
    matrix = np.where(apart, (1 - shrink) * correlation, 1.0)
    scale = np.maximum(deviation, least)
    return np.asarray(matrix * scale[:, None] * scale[None, :])


def _errs_less(before: Array, after: Array, actual: Array, summing: Array) -> bool:
    """Whether the sums over all nodes erred less; every level has the same total, so each counts the same.

    All arrays are series by observation.
    """
    errors = [np.abs(summing @ (paths - actual)).sum() for paths in (before, after)]
    return bool(errors[1] < errors[0])


def through_levels(
    path: Array,
    backtest: Backtest,
    baseline: Panel,
    summing: Array,
    known: Mapping[str, Forecaster],
    settings: ForecastSettings,
    season: int,
) -> tuple[Array, Backtest]:
    """Forecast and backtest reconciled with the levels above, where that erred less in the backtest.

    Parameters
    ----------
    path
        Series by bucket ahead.
    summing
        From :func:`summing_matrix`.
    """
    if len(backtest.origins) == 0 or not LEAST_NODES <= len(summing) <= MOST_NODES:
        return path, backtest
    above = aggregated(baseline, summing)
    route = routes(above, settings, season)
    history, weights = rolling_origins(above, above, route, known, settings, season, path.shape[1])
    now = np.array([above.history.shape[1]], dtype=np.int64)
    found = candidates(above, route, known, settings, season, path.shape[1], now)
    top = mixed(found, weights, (1, len(above.history), path.shape[1]))[0]
    shape, judged = (
        backtest.forecast.shape,
        np.isfinite(history.error[:, 0]) & np.isfinite(backtest.error).any(axis=1),
    )
    # a series too young to be judged neither errs nor moves the others
    young = ~np.isfinite(backtest.error)
    own = np.where(young, 0.0, backtest.forecast).transpose(1, 0, 2)[:, judged]
    actual = np.where(young, 0.0, backtest.actual).transpose(1, 0, 2)[:, judged]
    upper = history.forecast.transpose(1, 0, 2)[:, judged]
    error = np.concatenate([history.actual.transpose(1, 0, 2)[:, judged] - upper, actual - own])
    columns = np.concatenate([np.concatenate([top, path]), np.concatenate([upper, own])], axis=1)
    made = reconciled(columns, error, summing)
    future, past = made[:, : path.shape[1]], made[:, path.shape[1] :]
    if not _errs_less(own, past, actual, summing):
        return path, backtest
    forecast = np.full((shape[1], shape[0], shape[2]), np.nan)
    forecast[:, judged] = past
    forecast = np.where(young, backtest.forecast, forecast.transpose(1, 0, 2))
    return future, replace(backtest, forecast=forecast)
