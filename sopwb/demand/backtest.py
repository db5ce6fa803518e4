"""Rolling origins: what would have been forecast at earlier dates, beside what came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sopwb.config.demand import ForecastSettings
from sopwb.demand.combine import (
    Forecaster,
    Route,
    Weights,
    candidates,
    earned_weights,
    equal_weights,
    held_to_family,
    mixed,
    paths_at,
    weights_without,
)
from sopwb.demand.panel import Array, Panel, is_weekly

__all__ = ["Backtest", "after_origins", "horizon_of_backtest", "origins_of", "rolling_origins"]

LEAST_MONTHS, LEAST_WEEKS = 3, 8


@dataclass(frozen=True)
class Backtest:
    """Forecasts from earlier origins; all arrays are origin by series by bucket ahead.

    Parameters
    ----------
    forecast
        Statistical baseline; NaN where the series was too young at the origin.
    naive, seasonal_naive
        Benchmarks on the same history of demand.
    actual
        The baseline that came; NaN beyond the end of history.
    origins
        Number of buckets that were known at each origin.
    """

    forecast: Array
    naive: Array
    seasonal_naive: Array
    actual: Array
    origins: npt.NDArray[np.int64]

    @property
    def error(self) -> Array:
        """What came less what was forecast."""
        return self.actual - self.forecast


def horizon_of_backtest(settings: ForecastSettings, season: int) -> int:
    """Buckets that each origin looks ahead."""
    return max(1, round(settings.backtest_years * season))


def origins_of(length: int, season: int, settings: ForecastSettings) -> npt.NDArray[np.int64]:
    """Numbers of buckets known at each origin, oldest first; fewer origins when history is short."""
    step = settings.backtest_step_weeks if is_weekly(season) else settings.backtest_step_months
    least = _least_known(season)
    known = length - step * np.arange(1, settings.backtest_origins + 1)
    return np.asarray(np.sort(known[known >= least]), dtype=np.int64)


def _least_known(season: int) -> int:
    """Buckets a series must be old to be judged."""
    return LEAST_WEEKS if is_weekly(season) else LEAST_MONTHS


def after_origins(values: Array, origins: npt.NDArray[np.int64], horizon: int) -> Array:
    """Values of the buckets after each origin, NaN beyond the end: origin by row by bucket ahead."""
    padded = np.pad(values, ((0, 0), (0, horizon)), constant_values=np.nan)
    return np.stack([padded[:, origin : origin + horizon] for origin in origins])


def rolling_origins(
    baseline: Panel,
    demand: Panel,
    route: Route,
    known: Mapping[str, Forecaster],
    settings: ForecastSettings,
    season: int,
    horizon: int,
) -> tuple[Backtest, Weights]:
    """Forecast every series from each origin as if nothing later were known.

    Each origin's forecast is mixed with the weights that the other origins give.
    The history was cleaned once, with all of it known; the effect of that on the errors is small
    against the errors and is the same for every stream but the benchmarks, which see raw demand.

    Parameters
    ----------
    baseline
        Clean history the statistical forecast is made from.
    demand
        History the benchmarks are made from.
    horizon
        Buckets the forecast itself looks ahead.

    Returns
    -------
    tuple
        The backtest, and the weight each forecaster has earned in it.
    """
    reach = min(horizon_of_backtest(settings, season), max(horizon, 1))
    origins = origins_of(baseline.history.shape[1], season, settings)
    shape = (len(origins), len(baseline.history), reach)
    if len(origins) == 0:
        nothing = np.zeros(shape)
        return Backtest(nothing, nothing, nothing, nothing, origins), equal_weights(route, settings)
    least = _least_known(season)
    old = np.stack([baseline.upto(int(origin)).lengths >= least for origin in origins])
    actual = after_origins(baseline.history, origins, reach)
    actual[~old] = np.nan
    found = candidates(baseline, route, known, settings, season, reach, origins)
    weights = {
        nature: earned_weights(paths, actual[:, chosen], settings.weight_power)
        for nature, (chosen, paths) in found.items()
    }
    others = {
        nature: weights_without(paths, actual[:, chosen], settings.weight_power)
        for nature, (chosen, paths) in found.items()
    }
    forecast = mixed(found, others, shape)
    for place, origin in enumerate(origins):
        past = baseline.upto(int(origin))
        forecast[place] = held_to_family(forecast[place], past, known, settings, season)
    last, year = (
        paths_at(demand, known[name], season, reach, origins) for name in ("naive", "seasonal_naive")
    )
    for paths in (forecast, last, year):
        paths[~old] = np.nan
    return Backtest(forecast, last, year, actual, origins), weights
