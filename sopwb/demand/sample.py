"""Joint sample paths: what may come, for all series and buckets together, as errors came together before."""

from __future__ import annotations

import numpy as np

from sopwb.demand.backtest import Backtest
from sopwb.demand.panel import Array

__all__ = ["sample_paths"]

LOWER, UPPER = 0.1, 0.9


def _filled(error: Array, order: Array) -> Array:
    """Errors of one origin; what it has not seen yet is taken from the next origins in the order given."""
    path = np.full(error.shape[1:], np.nan)
    for place in order.astype(int):
        missing = ~np.isfinite(path)
        if not missing.any():
            break
        path[missing] = error[place][missing]
    return np.asarray(np.nan_to_num(path))


def _in_bands(error: Array) -> tuple[Array, Array]:
    """Lower and upper decile of the errors by bucket ahead, over all that is known; one where none is."""
    flat = error.reshape(-1, error.shape[2])
    lower, upper = np.ones(error.shape[2]), np.ones(error.shape[2])
    for ahead in range(error.shape[2]):
        known = flat[np.isfinite(flat[:, ahead]), ahead]
        if len(known):
            low, high = np.quantile(known, [LOWER, UPPER])
            lower[ahead], upper[ahead] = max(-low, 1e-9), max(high, 1e-9)
    return lower, upper


def sample_paths(
    forecast: Array, down: Array, up: Array, backtest: Backtest, scale: Array, *, number: int, seed: int
) -> Array:
    """Paths drawn around the forecast: path by series by bucket ahead, never negative.

    Each path takes the errors of one origin of the backtest, of all series and buckets together, so that
    what was too high together is so again; half of the paths have the signs turned, since few
    origins cannot show both sides. An error at a decile of all errors lies on the edge of the interval.

    Parameters
    ----------
    forecast, down, up
        Series by bucket ahead: forecast, and the distance of its 10 and 90 percent quantile.
    backtest
        Whose errors are drawn.
    scale
        Usual size of an error of each series.
    number
        Paths wanted.
    seed
        Of the draws; the same seed gives the same paths.

    Raises
    ------
    ValueError
        ``number`` is not positive.
    """
    if number < 1:
        raise ValueError(f"{number} paths asked for: at least one is needed")
    draw = np.random.default_rng(seed)
    origins, reach = len(backtest.origins), backtest.forecast.shape[2]
    paths = np.repeat(forecast[None], number, axis=0)
    if origins == 0 or reach == 0:
        return paths
    error = backtest.error / np.maximum(scale, 1e-9)[None, :, None]
    lower, upper = _in_bands(error)
    # beyond the backtest an error goes on as it was in its last buckets
    ahead = np.minimum(np.arange(forecast.shape[1]), reach - 1)
    for place in range(number):
        score = _filled(error, draw.permutation(origins).astype(float))
        if place % 2:
            score = -score
        score = np.where(score > 0, score / upper, score / lower)[:, ahead]
        paths[place] += np.where(score > 0, score * up, score * down)
    return np.asarray(np.maximum(paths, 0.0))
