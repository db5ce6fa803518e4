"""How far off: conformal intervals, and the error summed over a lead time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sopwb.demand.panel import Array

__all__ = ["ErrorModel", "band", "error_model", "pooling_rate", "series_scale", "summed_error"]

LOWER, UPPER = 0.1, 0.9
PRIOR_ORIGINS = 3.0
DEFAULT_RELATIVE = 0.5
LEAST_SCORES = 30
STEEPEST_GROWTH = 0.5
UNSEEN_GROWTH = 0.25
NORMAL_TAIL = 1.6
"""80 percent band of a normal error in units of its mean absolute error: 1.2816 / 0.7979."""


@dataclass(frozen=True)
class ErrorModel:
    """Distance of the quantiles from the forecast, in units of a series' mean absolute error.

    ``distance = start * buckets_ahead ** growth`` for the lower and the upper quantile; beyond the
    ``seen`` buckets of the backtest it grows at least with the fourth root.
    """

    lower_start: float
    lower_growth: float
    upper_start: float
    upper_growth: float
    seen: int


def series_scale(error: Array, level: Array, group: npt.NDArray[np.int64]) -> Array:
    """Mean absolute error of each series, shrunk towards that of its group in proportion to level.

    Parameters
    ----------
    error
        Origin by series by bucket ahead.
    level
        Mean demand of each series.
    group
        Kind of each series, such as intermittent or not.
    """
    known = np.isfinite(error)
    own = np.where(known, np.abs(error), 0.0).sum(axis=(0, 2)) / np.maximum(known.sum(axis=(0, 2)), 1)
    origins = known.any(axis=2).sum(axis=0).astype(float)
    relative = np.divide(own, level, out=np.zeros_like(own), where=level > 0)
    prior = np.full(len(level), DEFAULT_RELATIVE)
    for kind in np.unique(group):
        members = group == kind
        seen = members & (origins > 0) & (level > 0)
        if seen.any():
            prior[members] = np.median(relative[seen])
    shrunk = (origins * relative + PRIOR_ORIGINS * prior) / (origins + PRIOR_ORIGINS)
    return np.asarray(np.maximum(shrunk * level, 1e-9))


def _spread(scale: Array, forecast: Array, level: Array) -> Array:
    """Scale of each forecast: that of the series, times the root of its height over the level."""
    safe = np.maximum(level, 1e-9)
    height = np.clip(forecast / safe.reshape((-1, 1)), 0.1, 10.0)
    return np.asarray(scale.reshape((-1, 1)) * np.sqrt(height))


def _power_law(quantiles: Array, counts: Array) -> tuple[float, float]:
    """Start and growth of a power law through the quantiles by bucket ahead, weighted by counts."""
    used = (counts >= LEAST_SCORES) & (quantiles > 0)
    if used.sum() == 0:
        return NORMAL_TAIL, 0.1
    ahead = np.log(np.arange(1, len(quantiles) + 1)[used])
    value, weight = np.log(quantiles[used]), counts[used]
    if used.sum() == 1:
        return float(np.exp(value[0])), 0.1
    mean_x, mean_y = np.average(ahead, weights=weight), np.average(value, weights=weight)
    slope = (weight * (ahead - mean_x) * (value - mean_y)).sum() / (weight * (ahead - mean_x) ** 2).sum()
    growth = float(np.clip(slope, 0.0, STEEPEST_GROWTH))
    return float(np.exp(mean_y - growth * mean_x)), growth


def error_model(error: Array, forecast: Array, scale: Array, level: Array) -> ErrorModel:
    """Quantiles of the scaled errors by bucket ahead, smoothed and continued by a power law.

    References
    ----------
    Split conformal prediction (Vovk et al. 2005); residuals pooled over series after scaling.
    """
    scores = error / np.stack([_spread(scale, path, level) for path in np.nan_to_num(forecast)])
    flat = scores.reshape(-1, scores.shape[2])
    counts = np.isfinite(flat).sum(axis=0).astype(float)
    lower, upper = np.zeros(flat.shape[1]), np.zeros(flat.shape[1])
    for ahead in range(flat.shape[1]):
        known = flat[np.isfinite(flat[:, ahead]), ahead]
        if len(known):
            lower[ahead], upper[ahead] = np.quantile(known, [LOWER, UPPER])
    seen = int((counts >= LEAST_SCORES).sum()) or flat.shape[1]
    return ErrorModel(*_power_law(-lower, counts), *_power_law(upper, counts), seen)


def band(forecast: Array, scale: Array, level: Array, model: ErrorModel) -> tuple[Array, Array]:
    """Distance of the 10 percent and of the 90 percent quantile from the forecast, both positive."""
    ahead = np.arange(1, forecast.shape[1] + 1, dtype=float)
    spread = _spread(scale, forecast, level)
    beyond = np.maximum(ahead / model.seen, 1.0)
    down = spread * model.lower_start * ahead**model.lower_growth
    up = spread * model.upper_start * ahead**model.upper_growth
    down = down * beyond ** max(0.0, UNSEEN_GROWTH - model.lower_growth)
    up = up * beyond ** max(0.0, UNSEEN_GROWTH - model.upper_growth)
    return np.minimum(down, forecast), up


def _window_sums(error: Array, buckets: int) -> Array:
    """Sum of the first ``buckets`` errors of each origin; NaN where one is missing."""
    return np.asarray(error[:, :, :buckets].sum(axis=2))


def summed_error(error: Array, actual: Array, most: int) -> tuple[Array, Array, Array]:
    """Root mean square of the error summed over 1, 2 … buckets, the mean demand over them, and origins.

    Parameters
    ----------
    error, actual
        Origin by item by bucket ahead.
    most
        Most buckets.

    Returns
    -------
    tuple of arrays
        Item by number of buckets; an item without origins has NaN, NaN and zero.
    """
    spread, mean, count = [], [], []
    for buckets in range(1, most + 1):
        summed = _window_sums(error, buckets)
        demand = _window_sums(actual, buckets)
        known = np.isfinite(summed)
        number = known.sum(axis=0)
        safe = np.maximum(number, 1)
        square = np.where(known, summed**2, 0.0).sum(axis=0) / safe
        total = np.where(known, demand, 0.0).sum(axis=0) / safe
        spread.append(np.where(number > 0, np.sqrt(square), np.nan))
        mean.append(np.where(number > 0, total, np.nan))
        count.append(number)
    return np.column_stack(spread), np.column_stack(mean), np.column_stack(count)


def pooling_rate(error: Array, most: int) -> float:
    """Growth of the summed error: its exponent of the number of buckets, 0.5 alone, 1 fully correlated."""
    sums = [np.nanmedian(np.abs(_window_sums(error, n))) if error.size else np.nan for n in (1, most)]
    if most == 1 or not np.isfinite(sums).all() or min(sums) <= 0:
        return 0.75
    return float(np.clip(np.log(sums[1] / sums[0]) / np.log(most), 0.5, 1.0))
