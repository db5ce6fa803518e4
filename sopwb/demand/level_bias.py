"""By how much the forecasts of what sells now and then were too high or too low together, and without it.

A level is a mean over the past and lags behind a range that dies out or grows. One series sells too seldom to
show it; all of them together do.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from sopwb.demand.backtest import Backtest
from sopwb.demand.panel import Array

__all__ = ["believed_ratio", "without_level_bias"]

LEAST_RATIO, MOST_RATIO = 0.5, 1.5
LEAST_SERIES = 2


def believed_ratio(actual: Array, forecast: Array) -> float:
    r"""Total of what came over total of what was forecast, as far as it is more than chance.

    .. math:: 1 + (r - 1) \max(0, 1 - s^2 / (r - 1)^2), \quad r = \sum a / \sum f

    where s, the standard error of the ratio, is read from how much it changes without each series in turn.

    Parameters
    ----------
    actual, forecast
        Sums of each series, in units.

    References
    ----------
    Tukey (1958), the jackknife; James and Stein (1961) for the share that is believed.

    >>> round(believed_ratio(np.array([8.0, 9.0, 7.0]), np.array([10.0, 10.0, 10.0])), 2)
    0.82
    """
    whole, count = float(forecast.sum()), len(forecast)
    if whole <= 0 or count < LEAST_SERIES:
        return 1.0
    ratio = float(actual.sum()) / whole
    rest = whole - forecast
    if (rest <= 0).any():
        return 1.0
    without = (actual.sum() - actual) / rest
    error = np.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum())
    if ratio == 1.0:
        return 1.0
    believed = max(0.0, 1 - error**2 / (ratio - 1) ** 2)
    return float(np.clip(1 + believed * (ratio - 1), LEAST_RATIO, MOST_RATIO))


def without_level_bias(backtest: Backtest, chosen: npt.NDArray[np.bool_]) -> tuple[Backtest, Array]:
    """The backtest with the chosen series held to the ratio of the other origins, and that of the forecast.

    Parameters
    ----------
    chosen
        Whether a series counts and is held to the ratio.

    Returns
    -------
    tuple
        Backtest, and the factor of each series.
    """
    factor = np.ones(len(chosen))
    origins = len(backtest.origins)
    if origins == 0 or not chosen.any():
        return backtest, factor
    known = np.isfinite(backtest.error[:, chosen])
    actual, forecast = (
        np.where(known, values[:, chosen], 0.0).sum(axis=2) for values in (backtest.actual, backtest.forecast)
    )
    factor[chosen] = believed_ratio(actual.sum(axis=0), forecast.sum(axis=0))
    held = backtest.forecast.copy()
    for place in range(origins):
        others = np.arange(origins) != place
        held[place, chosen] *= believed_ratio(actual[others].sum(axis=0), forecast[others].sum(axis=0))
    return replace(backtest, forecast=held), factor
