"""What the books leave open: returns that belong to earlier sales, and buckets that were never delivered."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sopwb.demand.panel import Array

__all__ = ["missing_buckets", "returns_moved"]

LEAST_SERIES = 3
LEAST_EXPECTED_QTY = 10.0


def returns_moved(net: Array) -> Array:
    """Quantity to add to each bucket so that what came back is taken off the sales it belongs to.

    A bucket in which more came back than was sold passes the rest on to the bucket before it, and so
    on. The sum over time stays as it is; only what exceeds all earlier sales is let go.

    Parameters
    ----------
    net
        Sales less returns, series by time; NaN where the series is not sold.

    Returns
    -------
    numpy.ndarray
        Of the same shape; zero where nothing moves.
    """
    moved = np.zeros(net.shape)
    owed = np.zeros(len(net))
    for column in range(net.shape[1] - 1, -1, -1):
        known = np.isfinite(net[:, column])
        value = np.where(known, np.nan_to_num(net[:, column]) + owed, 0.0)
        kept = np.maximum(value, 0.0)
        moved[:, column] = np.where(known, kept - np.nan_to_num(net[:, column]), 0.0)
        owed = np.where(known, np.minimum(value, 0.0), owed)
    return moved


def missing_buckets(
    net: Array, usual: Array, market: npt.NDArray[np.int64], season: int
) -> npt.NDArray[np.bool_]:
    """Cells of a market and bucket for which no sale at all was delivered.

    A market is silent in a bucket when none of its series sold, though at least three would usually
    sell ten units and more together. A silence that comes back in the same bucket of a neighbouring
    year is a closed market, not a gap in the data.

    Parameters
    ----------
    net
        Sales less returns, series by time; NaN where the series is not sold.
    usual
        What each bucket would usually sell.
    market
        Number of the market of each series.
    season
        Buckets in a year.
    """
    known = np.isfinite(net)
    gaps = np.zeros(net.shape, dtype=bool)
    for number in np.unique(market):
        rows = market == number
        expected = np.where(known[rows], np.nan_to_num(usual[rows]), 0.0)
        open_ = ((expected >= 1).sum(axis=0) >= LEAST_SERIES) & (expected.sum(axis=0) >= LEAST_EXPECTED_QTY)
        silent = open_ & (np.where(known[rows], net[rows], 0.0) == 0).all(axis=0)
        gaps[rows] = (silent & ~_every_year(silent, season))[None, :] & known[rows]
    return gaps


def _every_year(silent: npt.NDArray[np.bool_], season: int) -> npt.NDArray[np.bool_]:
    """Whether the same bucket was silent the year before or after."""
    repeated = np.zeros_like(silent)
    if silent.size > season:
        repeated[season:] |= silent[:-season]
        repeated[:-season] |= silent[season:]
    return repeated
