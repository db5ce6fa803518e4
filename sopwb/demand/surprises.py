"""What no driver explains and is far above the usual: it says little about the baseline of one series.

A promotion that nobody recorded, or one big order, would otherwise lift the level of its series for months.
"""

from __future__ import annotations

import numpy as np

from sopwb.demand.cleaning import known_median
from sopwb.demand.panel import Array

__all__ = ["local_median", "without_surprises"]

MOST_SPREADS = 2.5
LEAST_SPREAD, MOST_LOG = 0.1, 3.0
NORMAL_SPREAD = 1.4826
"""Standard deviation of a normal error in units of its median absolute error."""


def local_median(values: Array, window: int) -> Array:
    """Median of the known values within half a window on either side, shorter at the ends; NaN without one.

    >>> local_median(np.array([[1.0, 9.0, 2.0, np.nan, 3.0]]), 3).tolist()
    [[5.0, 2.0, 5.5, 2.5, 3.0]]
    """
    half = window // 2
    padded = np.pad(values, ((0, 0), (half, half)), constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=1)
    return known_median(around)


def without_surprises(baseline: Array, window: int) -> Array:
    """Baseline with what is far above its local median put down to the most that is believed.

    Believed are two and a half standard deviations of the logarithm, read from the median absolute deviation
    of each series. Little is no surprise: what sells nothing now and then has its own forecast.

    Parameters
    ----------
    baseline
        Series by time, without the effects of what is known.
    window
        Buckets of the centred median.

    References
    ----------
    Leys et al. (2013) for two and a half; Rousseeuw and Croux (1993) for the median absolute deviation.
    """
    median = local_median(baseline, window)
    known = np.isfinite(baseline)
    mean = np.where(known, baseline, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    usual = np.where(median > 0, median, mean[:, None])
    ratio = np.divide(baseline, usual, out=np.ones_like(baseline), where=known & (usual > 0))
    away = np.abs(np.log(np.clip(ratio, np.exp(-MOST_LOG), np.exp(MOST_LOG))))
    spread = NORMAL_SPREAD * known_median(np.where(known, away, np.nan))
    believed = usual * np.exp(MOST_SPREADS * np.maximum(spread, LEAST_SPREAD))[:, None]
    return np.where(known, np.fmin(baseline, believed), np.nan)
