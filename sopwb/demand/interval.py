"""How far off: conformal intervals, and the error summed over a lead time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sopwb.demand.combine import INTERMITTENT
from sopwb.demand.counts import count_quantile, dispersion_of, unit_of
from sopwb.demand.panel import Array

__all__ = ["ErrorModel", "band", "error_model", "pooling_rate", "series_scale", "summed_error"]

LOWER, UPPER = 0.1, 0.9
PRIOR_ORIGINS = 3.0
DEFAULT_RELATIVE = 0.5
LEAST_SCORES = 30
LEAST_RELATIVE = 1e-3
LEAST_POWER = 0.5
CHANCE_SLOPE = -0.5
HALF_LIVES = 4
STEEPEST_GROWTH = 1.0
LEAST_ORIGINS = 3
MOST_JUDGED = 2500
MOST_SERIES = 4000
"""Series whose errors are pooled; of more, every second, third and so on."""
BELIEVED_LIKENESS = 0.1
"""Intraclass correlation, of lying outside the band at one origin, before any has been judged."""
MOST_STRETCH, MOST_CHANGE = 2.0, 1.5
HIGHEST_LEVEL = 0.95
UNSEEN_GROWTH = 0.25
NORMAL_TAIL = 1.6
"""80 percent band of a normal error in units of its mean absolute error: 1.2816 / 0.7979."""


@dataclass(frozen=True)
class ErrorModel:
    """How far the quantiles lie from the forecast, by series and by bucket ahead.

    distance = scale of the series x (forecast / level) ** power x start x buckets_ahead ** growth, with start
    and growth of the kind of series; beyond the ``seen`` buckets of the backtest it grows at least with the
    fourth root. What sells now and then is a count about the forecast, whose variance is ``dispersion`` times
    its mean in units of the smallest sale.

    Parameters
    ----------
    scale
        Mean absolute error of each series at its usual level.
    power
        How errors grow with the height of the forecast: 0 not at all, 1 in proportion.
    lower, upper
        Start and growth for each kind of series.
    unit, dispersion
        Smallest sale of each series, and variance over mean of its counts; used for intermittent ones.
    """

    scale: Array
    power: float
    lower: Mapping[int, tuple[float, float]]
    upper: Mapping[int, tuple[float, float]]
    seen: int
    unit: Array
    dispersion: Array


def series_scale(error: Array, level: Array, group: npt.NDArray[np.int64]) -> Array:
    """Mean absolute error of each series, shrunk towards what is usual in its group at its level.

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
            prior[members] = _usual_relative(relative, level, seen)[members]
    shrunk = (origins * relative + PRIOR_ORIGINS * prior) / (origins + PRIOR_ORIGINS)
    return np.asarray(np.maximum(shrunk * level, 1e-9))


def _usual_relative(relative: Array, level: Array, seen: npt.NDArray[np.bool_]) -> Array:
    """Relative error that is usual at each level: large series err less, at most as chance alone has it.

    A line through the logarithms; its slope lies between 0, the same for all, and -1/2, that of counts.
    """
    size = np.log(np.maximum(level, 1e-9))
    erred = seen & (relative > LEAST_RELATIVE)
    slope = 0.0
    if erred.sum() >= LEAST_SCORES:
        about = size[erred] - size[erred].mean()
        square = float((about**2).sum())
        slope = float((about * np.log(relative[erred])).sum()) / square if square > 0 else 0.0
        slope = float(np.clip(slope, CHANCE_SLOPE, 0.0))
    usual = np.median(relative[seen] * np.exp(-slope * size[seen]))
    return np.asarray(usual * np.exp(slope * size))


def _height(forecast: Array, level: Array) -> Array:
    """Height of each forecast over the usual level of its series, between a tenth and ten times."""
    safe = np.maximum(level, 1e-9).reshape((-1, 1))
    return np.asarray(np.clip(np.nan_to_num(forecast) / safe, 0.1, 10.0))


def _height_power(error: Array, height: Array, scale: Array) -> float:
    """Power of the height with which errors grow, by least squares on logarithms, between a half and one."""
    relative = np.abs(error) / scale.reshape((-1, 1))
    used = np.isfinite(relative) & (relative > LEAST_RELATIVE)
    if used.sum() < LEAST_SCORES:
        return LEAST_POWER
    x, y = np.log(height[used]), np.log(relative[used])
    about = x - x.mean()
    square = float((about**2).sum())
    power = float((about * (y - y.mean())).sum()) / square if square > 0 else LEAST_POWER
    return float(np.clip(power, LEAST_POWER, 1.0))


def _scores(error: Array, level: Array, kind: npt.NDArray[np.int64]) -> Array:
    """Errors in units of the series' scale, which is made from the other origins.

    A scale made from the errors it divides would make them look smaller than the next ones will be.
    """
    if len(error) == 1 or error.size == 0:
        return np.asarray(error / series_scale(error, level, kind).reshape((-1, 1)))
    others = (np.delete(error, place, axis=0) for place in range(len(error)))
    scales = [series_scale(rest, level, kind).reshape((-1, 1)) for rest in others]
    return np.asarray(error / np.stack(scales))


def _weighted_quantiles(values: Array, weight: Array, *rates: float) -> Array:
    order = np.argsort(values)
    total = np.cumsum(weight[order]) - 0.5 * weight[order]
    return np.asarray(np.interp(np.array(rates) * weight.sum(), total, values[order]))


def _by_age(scores: Array) -> Array:
    """Weight of each origin and series: half for each quarter of the origins that it is older.

    Later origins are made from as much history as the next forecast.
    """
    age = np.arange(len(scores))[::-1, None]
    return np.asarray(
        np.broadcast_to(0.5 ** (HALF_LIVES * age / max(len(scores), 1)), scores.shape[:2]), dtype=float
    )


def _quantiles(scores: Array, weight: Array) -> tuple[tuple[float, float], tuple[float, float], int]:
    """Start and growth of the lower and the upper quantile, and the buckets ahead that were seen."""
    counts = np.isfinite(scores).sum(axis=(0, 1)).astype(float)
    lower, upper = np.zeros(scores.shape[2]), np.zeros(scores.shape[2])
    for ahead in range(scores.shape[2]):
        known = np.isfinite(scores[:, :, ahead])
        if known.any():
            own = scores[:, :, ahead][known]
            lower[ahead], upper[ahead] = _weighted_quantiles(own, weight[known], LOWER, UPPER)
    like_now = _like_now(scores, weight)
    seen = int((counts >= LEAST_SCORES).sum()) or scores.shape[2]
    return _power_law(-lower * like_now, counts), _power_law(upper * like_now, counts), seen


def _like_now(scores: Array, weight: Array) -> Array:
    """By how much the errors of the origins that have seen a bucket ahead differ from those of all origins.

    What lies far ahead has come only after the early origins. Where errors have grown since, what all
    origins have seen, the nearest buckets, tells by how much.
    """
    known = np.isfinite(scores)
    seen = np.asarray(known.any(axis=1), dtype=bool)
    everywhere = np.asarray(seen.all(axis=0), dtype=bool)
    near = known & everywhere
    result = np.ones(scores.shape[2])
    if not near.any():
        return result
    size = np.abs(np.where(near, scores, 0.0))
    weights = np.broadcast_to(weight[:, :, None], scores.shape)
    usual = float(_weighted_quantiles(size[near], weights[near], UPPER - LOWER)[0])
    for ahead in np.flatnonzero(seen.any(axis=0) & ~everywhere):
        chosen = near & seen[:, ahead][:, None, None]
        if chosen.sum() >= LEAST_SCORES:
            early = float(_weighted_quantiles(size[chosen], weights[chosen], UPPER - LOWER)[0])
            result[ahead] = np.clip(usual / max(early, LEAST_RELATIVE), 1 / MOST_CHANGE, MOST_CHANGE)
    return result


def _distance(side: tuple[float, float], seen: int, buckets: int) -> Array:
    """Distance of a quantile from the forecast by bucket ahead, in units of the scale."""
    ahead = np.arange(1, buckets + 1, dtype=float)
    start, growth = side
    beyond = np.maximum(ahead / max(seen, 1), 1.0)
    return np.asarray(start * ahead**growth * beyond ** max(0.0, UNSEEN_GROWTH - growth))


def _stretch(scores: Array, origins: npt.NDArray[np.int64]) -> tuple[float, float]:
    """How much both distances must be stretched to have covered, at each origin, what came after it.

    At each later origin the quantiles are read from the errors that were known then. The quantile of
    what came, in units of those distances, is the stretch: one, if errors stay as they were. It is read
    from each side and from both together, and the two count alike: a shock of the past may have been on its
    side by chance, and the next one on the other. The level is raised for a finite sample, as conformal
    prediction asks for, where the number of observations is what they are worth: series that are all too
    high at the same origin are hardly more than one.

    References
    ----------
    Gibbs and Candes (2021), adaptive conformal inference; Kish (1965) for the design effect.
    """
    scores = scores[:, :: max(1, scores.size // (MOST_JUDGED * scores.shape[2]))] if scores.size else scores
    ratios = np.full((2, *scores.shape), np.nan)
    weight = _by_age(scores)
    ahead = np.arange(1, scores.shape[2] + 1)
    for place in range(LEAST_ORIGINS, len(scores)):
        came = origins[:place, None] + ahead[None, :] <= origins[place]
        earlier = np.where(came[:, None, :], scores[:place], np.nan)
        if not np.isfinite(earlier).any():
            continue
        low, high, seen = _quantiles(earlier, _by_age(earlier))
        for side, (sign, curve) in enumerate(((-1.0, low), (1.0, high))):
            distance = np.maximum(_distance(curve, seen, scores.shape[2]), LEAST_RELATIVE)
            ratios[side, place] = sign * scores[place] / distance
    both = _stretched(np.maximum(ratios[0], ratios[1]), weight, UPPER - LOWER)
    lower, upper = (float(np.sqrt(both * _stretched(ratio, weight, UPPER))) for ratio in ratios)
    return lower, upper


def _stretched(ratio: Array, weight: Array, inside: float) -> float:
    known = np.isfinite(ratio)
    if not known.any():
        return 1.0
    level = inside * (1 + 1 / max(_worth(ratio > 1.0, known), 1.0))
    weights = np.broadcast_to(weight[:, :, None], ratio.shape)[known]
    found, raised = _weighted_quantiles(ratio[known], weights, inside, min(level, HIGHEST_LEVEL))
    judged = int(known.any(axis=(1, 2)).sum())
    stretch = np.clip(found, 1.0, MOST_STRETCH) ** (judged / (judged + PRIOR_ORIGINS))
    return float(stretch * np.clip(raised / max(found, LEAST_RELATIVE), 1.0, MOST_CHANGE))


def _worth(outside: npt.NDArray[np.bool_], known: npt.NDArray[np.bool_]) -> float:
    """Independent observations that all are worth, by how alike those of one origin are.

    A few origins of calm times say little about how alike errors are when something happens to all
    series; until many have been judged, some likeness is believed.
    """
    count = known.sum(axis=(1, 2)).astype(float)
    used = count > 0
    number, origins = count[used], int(used.sum())
    total = float(number.sum())
    if total <= origins:
        return total
    if origins < LEAST_ORIGINS:
        return total / (1 + (total / origins - 1) * BELIEVED_LIKENESS)
    share = (outside & known).sum(axis=(1, 2))[used] / number
    mean = float((share * number).sum() / total)
    between = float((number * (share - mean) ** 2).sum()) / (origins - 1)
    within = float((number * share * (1 - share)).sum()) / (total - origins)
    size = (total - float((number**2).sum()) / total) / (origins - 1)
    alike = (between - within) / max(between + (size - 1) * within, 1e-12)
    alike = float(np.clip(alike, 0.0, 1.0))
    believed = (origins * alike + PRIOR_ORIGINS * BELIEVED_LIKENESS) / (origins + PRIOR_ORIGINS)
    return total / (1 + (total / origins - 1) * believed)


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


def _curves(
    scores: Array, origins: npt.NDArray[np.int64]
) -> tuple[tuple[float, float], tuple[float, float], int]:
    """Start and growth of both quantiles as far as they must be stretched, and the buckets ahead seen."""
    used = scores[:, :: max(1, scores.shape[1] // MOST_SERIES)]
    low, high, seen = _quantiles(used, _by_age(used))
    stretch = _stretch(used, origins)
    return (low[0] * stretch[0], low[1]), (high[0] * stretch[1], high[1]), seen


def error_model(
    error: Array,
    forecast: Array,
    level: Array,
    kind: npt.NDArray[np.int64],
    origins: npt.NDArray[np.int64],
) -> ErrorModel:
    """Quantiles of the scaled errors by kind and bucket ahead, smoothed and continued by a power law.

    Parameters
    ----------
    error, forecast
        Origin by series by bucket ahead.
    level
        Usual demand of each series.
    kind
        Kind of each series, such as intermittent or not.
    origins
        Number of buckets that were known at each origin, ascending.

    References
    ----------
    Split conformal prediction (Vovk et al. 2005); residuals pooled over series after scaling; weights by age
    after Barber, Candes, Ramdas and Tibshirani (2023).
    """
    height = np.stack([_height(path, level) for path in forecast]) if len(forecast) else forecast
    power = _height_power(error, height, series_scale(error, level, kind))
    even = error / height**power if error.size else error
    scores = _scores(even, level, kind)
    lower, upper, seen = {}, {}, error.shape[2]
    pooled: tuple[tuple[float, float], tuple[float, float], int] | None = None
    for number in np.unique(kind):
        own = scores[:, kind == number]
        if np.isfinite(own).sum() >= LEAST_SCORES * error.shape[2]:
            lower[int(number)], upper[int(number)], own_seen = _curves(own, origins)
        else:
            # too few of a kind are pooled with all
            pooled = pooled or _curves(scores, origins)
            lower[int(number)], upper[int(number)], own_seen = pooled
        seen = min(seen, own_seen)
    unit, dispersion = np.ones(len(level)), np.ones(len(level))
    counted = kind == INTERMITTENT
    if counted.any():
        unit[counted] = unit_of((error + forecast)[:, counted])
        dispersion[counted] = dispersion_of(error[:, counted], forecast[:, counted], unit[counted])
    return ErrorModel(series_scale(even, level, kind), power, lower, upper, max(seen, 1), unit, dispersion)


def band(
    forecast: Array, level: Array, kind: npt.NDArray[np.int64], model: ErrorModel
) -> tuple[Array, Array]:
    """Distance of the 10 percent and of the 90 percent quantile from the forecast, both positive."""
    spread = model.scale.reshape((-1, 1)) * _height(forecast, level) ** model.power
    distances = []
    for side in (model.lower, model.upper):
        by_kind = {number: _distance(curve, model.seen, forecast.shape[1]) for number, curve in side.items()}
        distances.append(spread * np.stack([by_kind[int(number)] for number in kind]))
    down, up = np.minimum(distances[0], forecast), distances[1]
    counted = kind == INTERMITTENT
    if counted.any():
        unit, mean = model.unit[counted, None], forecast[counted]
        spread = np.broadcast_to(model.dispersion[counted, None], mean.shape)
        low, high = (unit * count_quantile(rate, mean / unit, spread) for rate in (LOWER, UPPER))
        # the mean of a rare sale lies above its own 90 percent quantile, which is zero
        down[counted], up[counted] = np.maximum(mean - low, 0.0), np.maximum(high - mean, 0.0)
    return down, up


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
