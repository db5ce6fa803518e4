"""What series share in a bucket beyond their usual levels: weather, a good week of a family or a market."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sopwb.demand.panel import Array

__all__ = ["Common", "common_deviation", "group_mean"]

Integers = npt.NDArray[np.int64]
MOST_MEMORY = 0.6


@dataclass(frozen=True)
class Common:
    """Shared log deviation of every cell, and what of it is not known; all series by time.

    Parameters
    ----------
    deviation
        Shared by all, the family, the market, and the family in the market, read from untouched series.
    left
        Variance left of what the family, the market, and the family in the market (``range``) share:
        large where all their series are touched.
    """

    deviation: Array
    left: Mapping[str, Array]


def group_mean(values: Array, weight: Array, group: Integers) -> tuple[Array, Array]:
    """Weighted mean of the known values of each group by time, and its weight; zero where none is known."""
    count = int(group.max()) + 1 if len(group) else 0
    member = (group[None, :] == np.arange(count)[:, None]).astype(float)
    used = np.where(np.isfinite(values), weight, 0.0)
    total = member @ used
    summed = member @ (np.nan_to_num(values) * used)
    return np.divide(summed, total, out=np.zeros_like(total), where=total > 0), total


def _shrunk(values: Array, weight: Array, group: Integers) -> tuple[Array, Array]:
    """Group means moved to zero by the share of them that is sampling, and the variance left; by series."""
    mean, total = group_mean(values, weight, group)
    sampling = np.divide(1.0, total, out=np.full_like(total, np.inf), where=total > 0)
    known = np.isfinite(sampling)
    excess = np.where(known, mean**2 - np.where(known, sampling, 0.0), 0.0).sum()
    signal = max(0.0, float(excess) / max(int(known.sum()), 1))
    rate = np.divide(signal, signal + sampling, out=np.zeros_like(mean), where=known)
    return (mean * rate)[group], (signal * (1 - rate))[group]


def common_deviation(values: Array, variance: Array, family: Integers, market: Integers) -> Common:
    """What all series, those of a family, and those of a market share in each bucket.

    Parameters
    ----------
    values
        Log deviation from the usual level on untouched cells, NaN elsewhere.
    variance
        Of a series by chance; not finite for series that are not to be asked.
    family, market
        Number of each series' family and market.
    """
    weight = np.divide(1.0, variance, out=np.zeros_like(variance), where=np.isfinite(variance))
    every = np.zeros(len(values), dtype=np.int64)
    known = np.where(weight[:, None] > 0, values, np.nan)
    spread = np.broadcast_to(weight[:, None], values.shape)
    deviation = np.zeros(values.shape)
    left = {}
    groups = {"all": every, "family": family, "market": market, "range": family * (market.max() + 1) + market}
    for name, group in groups.items():
        shared, variance_left = _shrunk(known - deviation, spread, np.unique(group, return_inverse=True)[1])
        deviation = deviation + shared
        left[name] = variance_left * _lasting(shared)
    return Common(deviation, left)


def _lasting(shared: Array) -> float:
    """How much more the mean of neighbouring buckets varies than if they were independent.

    (1 + r) / (1 - r), r the correlation of a bucket with the next (Bartlett 1935), between 1 and 4.
    """
    before, after = shared[:, :-1], shared[:, 1:]
    square = float((shared**2).mean()) if shared.size else 0.0
    memory = float((before * after).mean()) / square if square > 0 and before.size else 0.0
    memory = min(max(memory, 0.0), MOST_MEMORY)
    return (1 + memory) / (1 - memory)
