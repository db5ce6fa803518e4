"""Forecasters of the baseline: each takes a panel, a season and a horizon and gives series by horizon.

A forecaster that cannot speak for a series gives NaN; the others then speak for it. A customer's
forecaster is a function with the same signature and the same mark. darts is imported where it is used,
since it is slow to import.

Why not one darts model per series: a fit costs 16 ms (AutoTheta) to over a second (AutoARIMA) and
turning a series into a ``TimeSeries`` and back 4-10 ms, so the rolling-origin backtest of 400
weekly series (5,200 fits) would take minutes. The panel does it in seconds at the accuracy of the
published Theta and ETS (M3 monthly, OWA 0.81 on 300 series). darts forecasts the few totals of the
families, against which the sum of the products is held.
"""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.demand.boosted import boosted_paths
from sopwb.demand.holt_winters import holt_winters_paths
from sopwb.demand.intermittent import adida_level, imapa_level, tsb_level
from sopwb.demand.panel import Array, Panel, is_weekly
from sopwb.demand.season import MEMORY, season_ahead, season_of_past, seasonal_profile
from sopwb.demand.smoothing import damped_trend_path, simple_path, theta_path
from sopwb.extend import forecaster

__all__ = [
    "boosted",
    "damped_trend",
    "darts_exponential_smoothing",
    "darts_theta",
    "fading_mean",
    "holt_winters",
    "holt_winters_additive",
    "holt_winters_log",
    "imapa",
    "intermittent_demand",
    "naive",
    "same_season",
    "seasonal_naive",
    "simple_smoothing",
    "theta",
    "yearly_mean",
    "young_damped_trend",
]

TSB_ALPHA = 0.1
LEAST_SALES = 2
LEAST_RECENT = 12
PARTS_OF_SEASON = 3
LEAST_WEIGHT = 1e-12
YEARS_OF_SEASON = 3
YEARS_TO_LEARN = 1.5
MOST_LOG, MOST_OF_HIGHEST = 600.0, 2.0
SEASONS_TO_READ, WEEKLY_SEASONS_TO_READ = 2, 4


def _last_known(values: Array) -> Array:
    """Last known value of each series."""
    known = np.isfinite(values)
    place = values.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    return np.asarray(np.nan_to_num(values[np.arange(len(values)), place]))


def _scaled(values: Array) -> tuple[Array, Array]:
    """Series divided by their mean, and the mean."""
    known = np.isfinite(values)
    mean = np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    scale = np.where(mean > 0, mean, 1.0)[:, None]
    return values / scale, scale


def _without_season(panel: Panel, season: int, horizon: int) -> tuple[Array, Array, Array]:
    """Deseasonalised series divided by their mean, that mean, and the seasonal index ahead."""
    profile = seasonal_profile(panel, season, MEMORY)
    values, scale = _scaled(panel.history / season_of_past(profile, panel.history.shape[1]))
    return values, scale, season_ahead(profile, horizon)


@forecaster("naive")
def naive(panel: Panel, _season: int, horizon: int) -> Array:
    """The last bucket, carried forward."""
    return np.repeat(_last_known(panel.history)[:, None], horizon, axis=1)


@forecaster("seasonal_naive")
def seasonal_naive(panel: Panel, season: int, horizon: int) -> Array:
    """The same bucket of the year before; the last bucket where there is none."""
    length = panel.history.shape[1]
    if length < season:
        return naive(panel, season, horizon)
    year = panel.history[:, length - season + np.arange(horizon) % season]
    return np.where(np.isfinite(year), year, _last_known(panel.history)[:, None])


@forecaster("simple_smoothing")
def simple_smoothing(panel: Panel, season: int, horizon: int) -> Array:
    """Simple exponential smoothing without season, put back into season."""
    values, scale, index = _without_season(panel, season, horizon)
    return simple_path(values, horizon)[0] * scale * index


@forecaster("damped_trend")
def damped_trend(panel: Panel, season: int, horizon: int) -> Array:
    """Damped-trend smoothing without season, put back into season."""
    return _damped(panel, season, horizon, np.arange(len(panel.history)))


def _damped(panel: Panel, season: int, horizon: int, rows: npt.NDArray[np.int64]) -> Array:
    """Damped-trend paths of some series, whose seasons are read beside all others of their group."""
    values, scale, index = _without_season(panel, season, horizon)
    return damped_trend_path(values[rows], horizon) * scale[rows] * index[rows]


@forecaster("theta")
def theta(panel: Panel, season: int, horizon: int) -> Array:
    """Theta method without season, put back into season; its drift ends after two years."""
    values, scale, index = _without_season(panel, season, horizon)
    return theta_path(values, horizon, reach=2 * season) * scale * index


def _aged(panel: Panel, season: int) -> npt.NDArray[np.bool_]:
    """Whether a series is old enough to read a season from."""
    seasons = WEEKLY_SEASONS_TO_READ if is_weekly(season) else SEASONS_TO_READ
    return np.asarray(panel.lengths >= seasons * season + 1)


def _holt_winters_at(
    panel: Panel,
    season: int,
    horizon: int,
    origins: npt.NDArray[np.int64],
    *,
    multiplicative: bool,
) -> Array:
    """Holt-Winters paths from every origin; NaN where there is no season or too few of them yet."""
    result = np.full((len(origins), len(panel.history), horizon), np.nan)
    if season <= 1:
        return result
    always = _aged(panel.upto(int(origins[0])), season)
    if always.any():
        result[:, always] = holt_winters_paths(
            panel.history[always], season, horizon, origins, multiplicative=multiplicative
        )
    for place, origin in enumerate(origins):
        past = panel.upto(int(origin))
        aged = _aged(past, season) & ~always
        if aged.any():
            last = np.array([origin], dtype=np.int64)
            result[place, aged] = holt_winters_paths(
                past.history[aged], season, horizon, last, multiplicative=multiplicative
            )[0]
    return result


def _multiplicative_at(panel: Panel, season: int, horizon: int, origins: npt.NDArray[np.int64]) -> Array:
    return _holt_winters_at(panel, season, horizon, origins, multiplicative=True)


def _additive_at(panel: Panel, season: int, horizon: int, origins: npt.NDArray[np.int64]) -> Array:
    return _holt_winters_at(panel, season, horizon, origins, multiplicative=False)


@forecaster("holt_winters", at_origins=_multiplicative_at)
def holt_winters(panel: Panel, season: int, horizon: int) -> Array:
    """Holt-Winters smoothing with a damped trend and a season that moves and multiplies.

    Silent (NaN) for series younger than two seasons, or four of weeks.
    """
    last = np.array([panel.history.shape[1]], dtype=np.int64)
    return np.asarray(_multiplicative_at(panel, season, horizon, last)[0])


@forecaster("holt_winters_additive", at_origins=_additive_at)
def holt_winters_additive(panel: Panel, season: int, horizon: int) -> Array:
    """Holt-Winters smoothing with a damped trend and a season that moves and is added.

    Silent (NaN) for series younger than two seasons, or four of weeks.
    """
    last = np.array([panel.history.shape[1]], dtype=np.int64)
    return np.asarray(_additive_at(panel, season, horizon, last)[0])


def _log_at(panel: Panel, season: int, horizon: int, origins: npt.NDArray[np.int64]) -> Array:
    """Additive paths of the logarithm, each counted from its smallest so that none is negative."""
    lowest = np.where(np.isfinite(panel.history), panel.history, np.inf).min(axis=1, initial=np.inf)
    spoken = np.flatnonzero((lowest > 0) & np.isfinite(lowest))
    result = np.full((len(origins), len(panel.history), horizon), np.nan)
    if len(spoken) and season > 1:
        rows, origin = panel.rows(spoken), np.log(lowest[spoken, None]) - 1
        logs = _additive_at(Panel(np.log(rows.history) - origin, rows.group), season, horizon, origins)
        # a trend in percent has no natural end: twice the highest sale is not believed
        highest = np.nanmax(rows.history, axis=1, keepdims=True)
        result[:, spoken] = np.minimum(np.exp(np.minimum(logs + origin, MOST_LOG)), MOST_OF_HIGHEST * highest)
        result[:, spoken] = np.where(np.isfinite(logs), result[:, spoken], np.nan)
    return result


@forecaster("holt_winters_log", at_origins=_log_at)
def holt_winters_log(panel: Panel, season: int, horizon: int) -> Array:
    """Holt-Winters smoothing of the logarithm: trend, season and errors in percent.

    Silent (NaN) for series with a bucket of zero, or younger than two seasons, or four of weeks.
    """
    last = np.array([panel.history.shape[1]], dtype=np.int64)
    return np.asarray(_log_at(panel, season, horizon, last)[0])


def _young_at(panel: Panel, season: int, horizon: int, origins: npt.NDArray[np.int64]) -> Array:
    result = np.full((len(origins), len(panel.history), horizon), np.nan)
    for place, origin in enumerate(origins):
        past = panel.upto(int(origin))
        young = np.flatnonzero(~_aged(past, season) | (season <= 1))
        if len(young):
            result[place, young] = _damped(past, season, horizon, young)
    return result


@forecaster("young_damped_trend", at_origins=_young_at)
def young_damped_trend(panel: Panel, season: int, horizon: int) -> Array:
    """Damped-trend smoothing of series that are too young for Holt-Winters; silent (NaN) for others."""
    last = np.array([panel.history.shape[1]], dtype=np.int64)
    return np.asarray(_young_at(panel, season, horizon, last)[0])


def _boosted_at(panel: Panel, season: int, horizon: int, origins: npt.NDArray[np.int64]) -> Array:
    """Boosted paths from every origin; NaN where there is too little to learn from."""
    nothing = np.full((len(origins), len(panel.history), horizon), np.nan)
    if not is_weekly(season) or int(origins[0]) < YEARS_TO_LEARN * season:
        return nothing
    paths, made = boosted_paths(panel.history, season, horizon, origins)
    return np.where(made[:, :, None], paths, nothing)


@forecaster("boosted", at_origins=_boosted_at)
def boosted(panel: Panel, season: int, horizon: int) -> Array:
    """One gradient-boosted model of all weekly series with two years of history or more.

    Silent (NaN) for other series.
    """
    last = np.array([panel.history.shape[1]], dtype=np.int64)
    return np.asarray(_boosted_at(panel, season, horizon, last)[0])


@forecaster("same_season")
def same_season(panel: Panel, season: int, horizon: int) -> Array:
    """Mean of the same buckets of the last three years, for what sells only in its season."""
    length = panel.history.shape[1]
    years = [
        panel.history[:, length - back * season : length - (back - 1) * season]
        for back in range(1, YEARS_OF_SEASON + 1)
        if length >= back * season
    ]
    if not years:
        return naive(panel, season, horizon)
    known = np.isfinite(years)
    mean = np.where(known, years, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    if is_weekly(season):
        mean = (np.roll(mean, 1, axis=1) + 2 * mean + np.roll(mean, -1, axis=1)) / 4
    return np.asarray(mean[:, np.arange(horizon) % season])


@forecaster("yearly_mean")
def yearly_mean(panel: Panel, season: int, horizon: int) -> Array:
    """Mean of the last season, or of twelve buckets where it is shorter."""
    recent = panel.history[:, -max(season, LEAST_RECENT) :]
    known = np.isfinite(recent)
    level = np.where(known, recent, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.repeat(level[:, None], horizon, axis=1)


@forecaster("fading_mean")
def fading_mean(panel: Panel, season: int, horizon: int) -> Array:
    """Mean of all that is known, in which what is a third of a season older counts half as much."""
    length = panel.history.shape[1]
    fade = max(season, LEAST_RECENT) / PARTS_OF_SEASON
    weight = np.where(np.isfinite(panel.history), 0.5 ** (np.arange(length)[::-1] / fade), 0.0)
    whole = np.maximum(weight.sum(axis=1), LEAST_WEIGHT)
    level = (weight * np.nan_to_num(panel.history)).sum(axis=1) / whole
    return np.repeat(level[:, None], horizon, axis=1)


@forecaster("intermittent_demand")
def intermittent_demand(panel: Panel, _season: int, horizon: int) -> Array:
    """Mean of TSB, ADIDA and IMAPA, for series that sell now and then.

    References
    ----------
    Teunter, Syntetos and Babai (2011); Nikolopoulos et al. (2011); Petropoulos and Kourentzes (2015).
    """
    values = panel.history
    return _level_path(
        values, (tsb_level(values, TSB_ALPHA) + adida_level(values) + imapa_level(values)) / 3, horizon
    )


@forecaster("imapa")
def imapa(panel: Panel, _season: int, horizon: int) -> Array:
    """Mean of the levels smoothed from sums over longer and longer spans, for series that sell now and then.

    References
    ----------
    Petropoulos and Kourentzes (2015).
    """
    return _level_path(panel.history, imapa_level(panel.history), horizon)


def _level_path(values: Array, level: Array, horizon: int) -> Array:
    """The level carried forward; of series that have hardly sold, the mean of all that is known."""
    known = np.isfinite(values)
    few = (known & (np.nan_to_num(values) != 0)).sum(axis=1) < LEAST_SALES
    mean = np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.repeat(np.maximum(np.where(few, mean, level), 0.0)[:, None], horizon, axis=1)


def _each_by_darts(panel: Panel, season: int, horizon: int, name: str) -> Array:
    """Forecast of each series by a darts model; the theta panel where it is too short or has zeros."""
    from darts import TimeSeries
    from darts.models import ExponentialSmoothing, Theta

    result = theta(panel, season, horizon)
    for row, values in enumerate(panel.history):
        known = values[np.isfinite(values)]
        if len(known) < 2 * season + 1 or np.ptp(known) == 0 or known.min() <= 0:
            continue
        series = TimeSeries.from_times_and_values(pd.RangeIndex(len(known)), known)
        model = (
            Theta(seasonality_period=season)
            if name == "theta"
            else ExponentialSmoothing(seasonal_periods=season, damped=True)
        )
        with warnings.catch_warnings():
            # statsmodels beneath darts warns of a renamed argument and of every fit that stops early
            warnings.simplefilter("ignore")
            result[row] = model.fit(series).predict(horizon).values()[:, 0]
    return np.maximum(result, 0.0)


@forecaster("darts_theta")
def darts_theta(panel: Panel, season: int, horizon: int) -> Array:
    """Theta method of darts, one fit a series: for few series, such as the totals of families."""
    return _each_by_darts(panel, season, horizon, "theta")


@forecaster("darts_exponential_smoothing")
def darts_exponential_smoothing(panel: Panel, season: int, horizon: int) -> Array:
    """Holt-Winters smoothing of darts, one fit a series: for few series."""
    return _each_by_darts(panel, season, horizon, "exponential_smoothing")
