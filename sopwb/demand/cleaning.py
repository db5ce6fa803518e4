"""Sales made whole: the usual level of each bucket, days without stock, outliers. Arrays series by time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sopwb.demand.panel import Array, Panel
from sopwb.demand.season import season_of_past, seasonal_profile

__all__ = [
    "LEAST_QTY",
    "filled_stock_outs",
    "known_median",
    "noise_rate",
    "outlier_adjustment",
    "usual_level",
]

Flags = npt.NDArray[np.bool_]
MEDIAN_TO_DEVIATION = 1.4826
MOST_OF_LEVEL = 20
LONGEST_OUTLIER_RUN = 3
WIDER = 2
LEAST_NOISE_RATE = 0.05
LEAST_QTY = 1e-9
"""Less than this is nothing."""


def _running_median(values: Array, half: int) -> Array:
    """Median over ``half`` buckets on each side, leaving out NaN; NaN where there is nothing."""
    padded = np.pad(values, ((0, 0), (half, half)), constant_values=np.nan)
    return known_median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=1))


def known_median(values: Array) -> Array:
    """Median along the last axis, leaving out NaN; NaN where there is nothing.

    Sorting puts NaN last, so the middle is found by counting: many times faster than numpy's own.
    """
    ordered = np.sort(values, axis=-1)
    count = np.isfinite(ordered).sum(axis=-1, keepdims=True)
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, values.shape[-1] - 1)
    pair = [np.take_along_axis(ordered, place, axis=-1)[..., 0] for place in (low, high)]
    return np.asarray(0.5 * (pair[0] + pair[1]))


def _row_mean(values: Array) -> Array:
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=1, keepdims=True)
    return np.asarray(total / np.maximum(known.sum(axis=1, keepdims=True), 1))


def _median_or_mean(values: Array, half: int) -> Array:
    """Running median, of a wider window where no neighbour is known, in the end the mean of the series."""
    level = _running_median(values, half)
    for wider in (WIDER * half, WIDER**2 * half):
        lacking = (~np.isfinite(level) & np.isfinite(values).any(axis=1, keepdims=True)).any(axis=1)
        if lacking.any():
            again = _running_median(values[lacking], wider)
            level[lacking] = np.where(np.isfinite(level[lacking]), level[lacking], again)
    return np.where(np.isfinite(level), level, _row_mean(values))


def usual_level(
    values: Array,
    ordinary: Flags,
    group: npt.NDArray[np.int64],
    season: int,
    neighbours: int,
    guess: Array | None = None,
) -> Array:
    """What each bucket would usually sell: median of its ordinary neighbours, put back into season.

    Parameters
    ----------
    values
        Series by time; NaN before the first sale.
    ordinary
        Buckets without activity and without days out of stock.
    group
        Group of each series, for the seasonal profile.
    neighbours
        Buckets on each side.
    guess
        What is believed of the usual level so far; it stands in for buckets that are not ordinary when
        the season is measured. Without it their neighbours do, which flattens a season of promotions.

    Notes
    -----
    A median of skewed sales lies below their mean, so each series is scaled until usual and
    true sales of its ordinary buckets have the same sum. A bucket counts there with no more than some
    multiple of its level, or a slip of some digits would lift the level until it looked usual.
    """
    masked = np.where(ordinary, values, np.nan)
    stand_in = _median_or_mean(masked, neighbours) if guess is None else guess
    filled = np.where(ordinary, values, stand_in)
    filled = np.where(np.isfinite(values), np.maximum(filled, 0.0), np.nan)
    profile = seasonal_profile(Panel(filled, group), season)
    index = season_of_past(profile, values.shape[1])
    level = _median_or_mean(masked / index, neighbours) * index
    both = np.isfinite(masked)
    most = max(MOST_OF_LEVEL, 2 * neighbours + 1) * level
    told = np.where(level > LEAST_QTY, np.minimum(values, most), values)
    sold = np.where(both, told, 0.0).sum(axis=1, keepdims=True)
    usual = np.where(both, level, 0.0).sum(axis=1, keepdims=True)
    scale = np.divide(sold, usual, out=np.ones_like(sold), where=(usual > LEAST_QTY) & (sold > LEAST_QTY))
    return np.where(np.isfinite(values), np.maximum(level * scale, 0.0), np.nan)


def filled_stock_outs(sold: Array, out_rate: Array, usual: Array) -> Array:
    """Quantity that days without stock have cost, never negative.

    The missing days sell at a mix of the bucket's own rate and its usual level, the own rate
    weighing as much as the share of days with stock:
    missing = s x sold + s**2 x usual, with s the share of days without stock.
    """
    rate = np.clip(out_rate, 0.0, 1.0)
    return np.asarray(np.where(np.isfinite(sold), rate * np.maximum(sold, 0.0) + rate**2 * usual, 0.0))


def noise_rate(values: Array, expected: Array, ordinary: Flags) -> Array:
    """Robust relative noise of each series in its ordinary buckets (1.4826 times the median deviation)."""
    some = np.nan_to_num(expected) > LEAST_QTY
    deviation = np.divide(np.abs(values - expected), expected, out=np.full(values.shape, np.nan), where=some)
    deviation = np.where(ordinary & np.isfinite(deviation), deviation, np.nan)
    median = known_median(deviation)
    return np.maximum(np.where(np.isfinite(median), median, 1.0) * MEDIAN_TO_DEVIATION, LEAST_NOISE_RATE)


def outlier_adjustment(
    values: Array, expected: Array, noise: Array, regular: Flags, threshold: float, young: int = 0
) -> Array:
    """Quantity to add (negative: to take off) so that outliers become what was expected.

    An outlier lies more than ``threshold`` robust deviations and half of the expected quantity
    away; a run of more than three is a new level and stays. Negative net sales, more returned
    than sold, are lifted to zero in every series.

    Parameters
    ----------
    values, expected
        Demand and what was expected of it, activities included.
    noise
        Relative noise of each series.
    regular
        Series that sell regularly; in others a large bucket is their nature.
    young
        Buckets from its first sale in which a series is still finding its level.
    """
    away = np.abs(values - expected)
    with np.errstate(invalid="ignore"):
        far = (away > threshold * noise[:, None] * expected) & (away > 0.5 * expected) & (expected > 0)
    grown = np.cumsum(np.isfinite(values), axis=1) > young
    flagged = far & regular[:, None] & grown & ~_in_long_run(far)
    adjusted = np.where(flagged, expected, values)
    return np.asarray(np.where(np.isfinite(values), np.maximum(adjusted, 0.0) - values, 0.0))


def _in_long_run(flags: Flags) -> Flags:
    """Flags that stand in a run longer than an outlier may last."""
    width = LONGEST_OUTLIER_RUN + 1
    if flags.shape[1] < width:
        return np.zeros_like(flags)
    whole = np.lib.stride_tricks.sliding_window_view(flags, width, axis=1).all(axis=2)
    result = np.zeros_like(flags)
    for shift in range(width):
        result[:, shift : shift + whole.shape[1]] |= whole
    return result
