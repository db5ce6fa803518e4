"""Rolling origins: what would have been forecast at earlier dates, beside what came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sopwb.config.demand import ForecastSettings
from sopwb.demand.combine import Forecaster, Route, held_to_family, routed
from sopwb.demand.panel import Array, Panel, is_weekly

__all__ = ["Backtest", "horizon_of_backtest", "origins_of", "rolling_origins"]

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
    step = settings.backtest_step_weeks if is_weekly(season) else 1
    least = _least_known(season)
    known = length - step * np.arange(1, settings.backtest_origins + 1)
    return np.asarray(np.sort(known[known >= least]), dtype=np.int64)


def _least_known(season: int) -> int:
    """Buckets a series must be old to be judged."""
    return LEAST_WEEKS if is_weekly(season) else LEAST_MONTHS


def _ahead(values: Array, origin: int, horizon: int) -> Array:
    """Values of the buckets after the origin, NaN beyond the end."""
    piece = values[:, origin : origin + horizon]
    return np.pad(piece, ((0, 0), (0, horizon - piece.shape[1])), constant_values=np.nan)


def rolling_origins(
    baseline: Panel,
    demand: Panel,
    route: Route,
    known: Mapping[str, Forecaster],
    settings: ForecastSettings,
    season: int,
) -> Backtest:
    """Forecast every series from each origin as if nothing later were known.

    The history was cleaned once, with all of it known; the effect of that on the errors is small
    against the errors and is the same for every stream but the benchmarks, which see raw demand.

    Parameters
    ----------
    baseline
        Clean history the statistical forecast is made from.
    demand
        History the benchmarks are made from.
    """
    horizon = horizon_of_backtest(settings, season)
    origins = origins_of(baseline.history.shape[1], season, settings)
    shape = (len(origins), len(baseline.history), horizon)
    forecast, last, year, actual = (np.full(shape, np.nan) for _ in range(4))
    for place, origin in enumerate(origins):
        past = baseline.upto(int(origin))
        old = past.lengths >= _least_known(season)
        if not old.any():
            continue
        raw = demand.upto(int(origin)).rows(old)
        path = routed(past.rows(old), route[old], known, settings, season, horizon)
        forecast[place, old] = held_to_family(path, past.rows(old), known, settings, season)
        last[place, old] = known["naive"](raw, season, horizon)
        year[place, old] = known["seasonal_naive"](raw, season, horizon)
        actual[place] = _ahead(baseline.history, int(origin), horizon)
    return Backtest(forecast, last, year, actual, origins)
