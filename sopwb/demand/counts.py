"""The band of series that sell now and then: a count has a distribution, not an error to both sides.

Most of their buckets are empty and the others hold one or a few sales, so that an error scaled by its mean
absolute size is far too wide for the slow ones. Their demand is taken as negative binomial about
the forecast; how far it spreads is read from the backtest.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from sopwb.demand.panel import Array

__all__ = ["count_quantile", "dispersion_of", "unit_of"]

PRIOR_ORIGINS = 10.0
LEAST_DISPERSION, MOST_DISPERSION = 1.05, 1e3
LEAST_MEAN, MOST_MEAN = 1e-3, 1e4
MEANS, DISPERSIONS = 60, 24
HALVINGS = 40
MOST_OVER_USUAL = 20.0
NOTHING = 1e-6


def unit_of(actual: Array) -> Array:
    """Smallest sale of each series, by which its sales count; the usual one where nothing was sold.

    Parameters
    ----------
    actual
        Origin by series by bucket ahead.
    """
    sold = np.where(np.nan_to_num(actual) > NOTHING, actual, np.inf).min(axis=(0, 2), initial=np.inf)
    known = np.isfinite(sold)
    return np.asarray(np.where(known, sold, np.median(sold[known]) if known.any() else 1.0))


def dispersion_of(error: Array, forecast: Array, unit: Array) -> Array:
    """Mean squared error over the forecast in units of each series, shrunk to the median of all.

    One for a Poisson demand whose mean is known; more where sales come in lots, or where the
    forecast itself is off.

    Parameters
    ----------
    error, forecast
        Origin by series by bucket ahead.
    unit
        Smallest sale of each series.
    """
    known = np.isfinite(error)
    origins = known.any(axis=2).sum(axis=0)
    square = np.where(known, error, 0.0) ** 2
    height = np.where(known, np.maximum(forecast, 0.0), 0.0).sum(axis=(0, 2)) * unit
    seen = (origins > 0) & (height > NOTHING * unit**2)
    own = np.divide(square.sum(axis=(0, 2)), height, out=np.ones(len(unit)), where=seen)
    usual = float(np.median(own[seen])) if seen.any() else 1.0
    own = np.where(seen, np.minimum(own, MOST_OVER_USUAL * usual), usual)
    shrunk = (origins * own + PRIOR_ORIGINS * usual) / (origins + PRIOR_ORIGINS)
    return np.asarray(np.clip(shrunk, LEAST_DISPERSION, MOST_DISPERSION))


def count_quantile(rate: float, mean: Array, dispersion: Array) -> Array:
    r"""Quantile of a negative binomial with a mean and a variance of ``dispersion`` times the mean.

    The chance of each count k is spread over the unit before it, so that the quantile moves with the mean
    instead of in steps; a count at or below the quantile then has a chance of at most the rate.

    .. math:: F(x) = I_{1/D}(\mu / (D - 1), x + 1), \quad x > -1

    Parameters
    ----------
    rate
        Chance below the quantile.
    mean, dispersion
        Arrays of the same shape, in units.

    Examples
    --------
    With mean 2 and dispersion 2 (r = 2, p = 1/2) the chances of 0 to 4 sum up to 0.890625:

    >>> float(count_quantile(0.890625, np.array([2.0]), np.array([2.0]))[0].round(1))
    4.0
    """
    table = _quantiles(rate)
    row, above = _place(mean, LEAST_MEAN, MOST_MEAN, MEANS)
    column, right = _place(dispersion, LEAST_DISPERSION, MOST_DISPERSION, DISPERSIONS)
    low = table[row, column] * (1 - right) + table[row, column + 1] * right
    high = table[row + 1, column] * (1 - right) + table[row + 1, column + 1] * right
    return np.asarray(np.maximum(low * (1 - above) + high * above, 0.0))


def _place(values: Array, least: float, most: float, points: int) -> tuple[np.ndarray, Array]:
    """Point of a logarithmic grid before each value, and the share of the way to the next."""
    place = np.log(np.clip(values, least, most) / least) / np.log(most / least) * (points - 1)
    before = np.minimum(place.astype(np.int64), points - 2)
    return before, place - before


@lru_cache(maxsize=8)
def _quantiles(rate: float) -> Array:
    """Quantile on a grid of means and dispersions, by halving."""
    from scipy.special import betainc

    mean = np.geomspace(LEAST_MEAN, MOST_MEAN, MEANS)[:, None]
    spread = np.geomspace(LEAST_DISPERSION, MOST_DISPERSION, DISPERSIONS)[None, :]
    shape = mean / (spread - 1)
    low = np.full((MEANS, DISPERSIONS), -1.0)
    high = mean + 60 * np.sqrt(mean * spread) + 60 * spread
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = betainc(shape, middle + 1, 1 / spread) < rate
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(high)
