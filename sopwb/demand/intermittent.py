"""Levels of series that sell now and then: TSB, ADIDA and IMAPA of a whole panel at once.

Sums over spans about as long as the wait between sales have fewer zeros, so that simple smoothing
can follow them (temporal aggregation). All spans end in the last bucket.
"""

from __future__ import annotations

import numpy as np

from sopwb.demand.panel import Array

__all__ = ["adida_level", "imapa_level", "mean_interval", "tsb_level"]

SLOWEST, FASTEST, STEPS = 0.1, 0.3, 41
"""Smoothing constants tried; the one with the least squared one-step error is taken."""


def _smoothed(values: Array, alphas: Array) -> tuple[Array, Array]:
    """Last level and sum of squared one-step errors of simple smoothing: constant by series.

    It begins with the first known value; what is not known is passed over.
    """
    level = np.full((len(alphas), len(values)), np.nan)
    squares = np.zeros_like(level)
    for column in values.T:
        known = np.isfinite(column)
        begun = np.isfinite(level[0])
        error = np.where(known & begun, column - np.where(begun, level, 0.0), 0.0)
        squares += error**2
        level = np.where(known & ~begun, column, level + alphas[:, None] * error)
    return level, squares


def _best_level(values: Array) -> Array:
    """Level of each series by the constant that fits it best; zero where nothing is known."""
    level, squares = _smoothed(values, np.linspace(SLOWEST, FASTEST, STEPS))
    return np.asarray(np.nan_to_num(level[squares.argmin(axis=0), np.arange(len(values))]))


def _span_sums(values: Array, buckets: int) -> Array:
    """Sums over whole spans of buckets, counted back from the end; NaN where a bucket is not known."""
    spans = values.shape[1] // buckets
    return np.asarray(
        values[:, values.shape[1] - spans * buckets :].reshape(len(values), spans, buckets).sum(2)
    )


def mean_interval(values: Array) -> Array:
    """Mean buckets from one sale to the next, the first counted from the beginning; one without sales."""
    known = np.isfinite(values)
    place, sold = np.cumsum(known, axis=1), known & (np.nan_to_num(values) != 0)
    last = np.where(sold, place, 0).max(axis=1, initial=0)
    return np.asarray(np.maximum(last, 1) / np.maximum(sold.sum(axis=1), 1))


def tsb_level(values: Array, alpha: float) -> Array:
    """Probability of a sale times its size, each smoothed (Teunter, Syntetos and Babai 2011)."""
    known, one = np.isfinite(values), np.array([alpha])
    sold = known & (np.nan_to_num(values) != 0)
    chance, _ = _smoothed(np.where(known, sold.astype(float), np.nan), one)
    size, _ = _smoothed(np.where(sold, values, np.nan), one)
    return np.asarray(np.nan_to_num(chance[0]) * np.nan_to_num(size[0]))


def _levels(values: Array) -> tuple[Array, Array]:
    """Span of each series, and its level from sums over 1, 2 … buckets; NaN beyond its own span."""
    known = np.maximum(np.isfinite(values).sum(axis=1), 1)
    span = np.clip(np.round(mean_interval(values)), 1, known).astype(int)
    levels = np.full((len(values), int(span.max(initial=1))), np.nan)
    for buckets in range(1, levels.shape[1] + 1):
        rows = span >= buckets
        levels[rows, buckets - 1] = _best_level(_span_sums(values[rows], buckets)) / buckets
    return span, levels


def adida_level(values: Array) -> Array:
    """Level from sums over spans as long as the mean interval (Nikolopoulos et al. 2011)."""
    span, levels = _levels(values)
    return np.asarray(levels[np.arange(len(values)), span - 1])


def imapa_level(values: Array) -> Array:
    """Mean of the levels from all spans up to the mean interval (Petropoulos and Kourentzes 2015)."""
    span, levels = _levels(values)
    return np.asarray(np.nansum(levels, axis=1) / span)
