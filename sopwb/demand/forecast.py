"""The statistical forecast: baseline with an 80 percent interval for every series and planning bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.calendar import spread_to_periods
from sopwb.config.demand import ForecastSettings
from sopwb.demand.backtest import Backtest, rolling_origins
from sopwb.demand.calendar_ahead import CalendarAhead, calendar_ahead
from sopwb.demand.calendar_effect import CalendarMarks
from sopwb.demand.combine import (
    INTERMITTENT,
    REGULAR,
    Forecaster,
    Route,
    candidates,
    check_forecasters,
    forecasters_by_route,
    held_to_family,
    mixed,
    routes,
)
from sopwb.demand.eligible import exclusion_reasons, never_sold
from sopwb.demand.interval import band, error_model, pooling_rate
from sopwb.demand.launches import borrowed_history, handed_over_rate, heirs, live_rate
from sopwb.demand.level_bias import without_level_bias
from sopwb.demand.lift import Lift
from sopwb.demand.panel import SERIES, Array, Panel, buckets_after, buckets_between, panel_of, season_of
from sopwb.demand.reconcile import summing_matrix, through_levels

__all__ = [
    "Histories",
    "Outlook",
    "forecast_exclusion",
    "histories",
    "outlook",
    "panel_outlook",
    "recent_level",
    "sold_rate",
    "statistical_forecast",
]


@dataclass(frozen=True)
class Histories:
    """Series that are forecast, with their histories; those that are not, with the reason.

    Parameters
    ----------
    series
        One row per series with product, market, family, group (number of the family) and borrows.
    dates
        First days of the buckets, oldest first.
    baseline, demand, activity
        Series by time.
    excluded
        Table ``forecast_exclusion``.
    """

    series: pd.DataFrame
    dates: pd.DatetimeIndex
    baseline: Array
    demand: Array
    activity: Array
    excluded: pd.DataFrame


@dataclass(frozen=True)
class Outlook:
    """Forecast of whole buckets after the last one, its backtest, and how far off it may be.

    ``normal`` is the forecast without what is known ahead, such as the calendar. ``scale`` is the usual size
    of an error of each series, from which sample paths are drawn.
    """

    forecast: Array
    normal: Array
    down: Array
    up: Array
    route: Route
    level: Array
    backtest: Backtest
    scale: Array
    calendar: CalendarAhead | None = None


def histories(
    clean: pd.DataFrame,
    product: pd.DataFrame,
    product_successor: pd.DataFrame,
    settings: ForecastSettings,
    *,
    as_of: pd.Timestamp,
    bucket: str,
) -> Histories:
    """Histories of all series to forecast; a successor borrows its predecessor's.

    Parameters
    ----------
    clean
        Table ``demand_history_clean``.
    """
    dates = buckets_between(clean["date"].min(), clean["date"].max(), bucket)
    sold = clean[SERIES].drop_duplicates().reset_index(drop=True)
    inherits = heirs(sold, product_successor)
    series = pd.concat([sold, inherits[SERIES]]).drop_duplicates().reset_index(drop=True)
    series = series.merge(product[["product", "family"]], on="product", how="left", validate="many_to_one")
    season = season_of(bucket)
    # what was sold apart from outliers is what the accuracy is measured on
    would = clean.assign(demand_qty=clean["demand_qty"] - clean["outlier_adjustment_qty"])
    baseline, demand, activity = (
        borrowed_history(panel_of(frame, column, series, dates), series, inherits, season)
        for frame, column in ((clean, "baseline_qty"), (would, "demand_qty"), (clean, "activity_qty"))
    )
    baseline = _still_running(baseline)
    reason = exclusion_reasons(baseline, series, dates, product, as_of, settings.ended_after_months)
    kept = (reason == "").to_numpy()
    out = series[SERIES].assign(reason=reason)[~kept]
    rows = series.assign(
        group=pd.factorize(series["family"], sort=True)[0],
        borrows=pd.MultiIndex.from_frame(series[SERIES]).isin(pd.MultiIndex.from_frame(inherits[SERIES])),
    )
    return Histories(
        rows[kept].reset_index(drop=True),
        dates,
        baseline[kept],
        demand[kept],
        activity[kept],
        pd.concat([out, never_sold(product, series, as_of)], ignore_index=True),
    )


def _still_running(values: Array) -> Array:
    """Values with zero for unknown buckets after the first known one."""
    begun = np.maximum.accumulate(np.isfinite(values), axis=1)
    return np.where(begun, np.nan_to_num(values), np.nan)


def outlook(
    past: Histories,
    known: Mapping[str, Forecaster],
    settings: ForecastSettings,
    *,
    horizon: int,
    season: int,
    marks: CalendarMarks | None = None,
    calendar: npt.NDArray[np.int64] | None = None,
    banded: bool = True,
) -> Outlook:
    """Forecast of every series for whole buckets ahead, with its backtest and its band.

    Parameters
    ----------
    marks
        Calendar causes of the buckets of the history and ahead; None leaves the calendar in the history.
    calendar
        Number of the calendar that each series' market keeps; None: all keep the first.
    banded
        Whether the band is wanted; without it the band has no width and the rest is the same.

    Raises
    ------
    InputError
        The settings name an unknown forecaster.
    """
    group = past.series["group"].to_numpy(dtype=np.int64)
    baseline, demand = Panel(past.baseline, group), Panel(past.demand, group)
    levels = settings.reconciled_levels
    summing = summing_matrix(past.series, levels) if levels else None
    found, lift = None, None
    if marks is not None:
        carries = routes(baseline, settings, season) == REGULAR
        ordinary = np.nan_to_num(past.activity) == 0
        found = calendar_ahead(
            baseline, ordinary, carries, known, settings, marks, season=season, calendar=calendar
        )
        if found is not None and found.share.any():
            lift = found.lift(baseline, carries)
            baseline = found.freed(baseline, carries)
    ahead = panel_outlook(
        baseline,
        demand,
        known,
        settings,
        horizon=horizon,
        season=season,
        summing=summing,
        lift=lift,
        banded=banded,
    )
    return replace(ahead, calendar=found)


def panel_outlook(
    baseline: Panel,
    demand: Panel,
    known: Mapping[str, Forecaster],
    settings: ForecastSettings,
    *,
    horizon: int,
    season: int,
    summing: Array | None = None,
    lift: Lift | None = None,
    banded: bool = True,
) -> Outlook:
    """Forecast of every series of a panel, with its backtest and its band.

    Parameters
    ----------
    baseline
        Clean histories.
    demand
        Histories the benchmarks of the backtest are made from.
    summing
        Hierarchy to be reconciled with, node by series; None for none.
    lift
        Effects of what is known ahead, which come on top of the baseline; None for none.
    banded
        Whether the band is wanted; without it the band has no width.

    Raises
    ------
    InputError
        The settings name an unknown forecaster.
    """
    chosen = [name for names in forecasters_by_route(settings).values() for name in names]
    names = [*chosen, *filter(None, [settings.family_benchmark])]
    check_forecasters(names, known)
    route = routes(baseline, settings, season)
    judged = baseline if lift is None else lift.judged
    backtest, weights = rolling_origins(judged, demand, route, known, settings, season, horizon)
    now = np.array([baseline.history.shape[1]], dtype=np.int64)
    found = candidates(baseline, route, known, settings, season, horizon, now)
    path = mixed(found, weights, (1, len(baseline.history), horizon))[0]
    path = held_to_family(path, baseline, known, settings, season)
    backtest, factor = without_level_bias(backtest, route == INTERMITTENT)
    path = path * factor[:, None]
    if summing is not None:
        path, backtest = through_levels(path, backtest, baseline, summing, known, settings, season)
    normal = path
    if lift is not None:
        path, backtest = path * lift.ahead, lift.on(backtest)
    level = recent_level(baseline.history, season)
    if not banded:
        none = np.zeros_like(path)
        return Outlook(path, normal, none, none, route, level, backtest, np.zeros(len(path)))
    errors = error_model(backtest.error, backtest.forecast, level, route, backtest.origins)
    down, up = band(path, level, route, errors)
    return Outlook(path, normal, down, up, route, level, backtest, errors.scale)


def recent_level(history: Array, season: int) -> Array:
    """Mean of each series over the last season."""
    recent = history[:, -max(season, 4) :]
    known = np.isfinite(recent)
    return np.asarray(np.where(known, recent, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1))


def _methods(past: Histories, ahead: Outlook, settings: ForecastSettings, season: int) -> pd.Series[str]:
    """How each series was forecast, in words."""
    names = {nature: " + ".join(chosen) for nature, chosen in forecasters_by_route(settings).items()}
    method = pd.Series(ahead.route, index=past.series.index).map(names)
    short = (np.isfinite(past.baseline).sum(axis=1) < season) & (ahead.route == REGULAR)
    method = method.mask(short, method + ", season of the family")
    return method.mask(past.series["borrows"], method + ", history of the predecessor")


def statistical_forecast(
    past: Histories,
    ahead: Outlook,
    product: pd.DataFrame,
    product_successor: pd.DataFrame,
    period: pd.DataFrame,
    settings: ForecastSettings,
    *,
    as_of: pd.Timestamp,
    bucket: str,
    holidays: tuple[np.datetime64, ...] = (),
) -> pd.DataFrame:
    """Baseline forecast in planning buckets, split by working days, within the life of each product.

    A bucket of several weeks has a narrower band than the sum of theirs: it grows with a power of
    the number of weeks that the backtest measures.

    Returns
    -------
    pandas.DataFrame
        Table ``statistical_forecast``; every series has every bucket.
    """
    dates = buckets_after(past.dates[-1], period["end_date"].max(), bucket)
    row, column = np.indices(ahead.forecast.shape).reshape(2, -1)
    keys = past.series[SERIES].assign(method=_methods(past, ahead, settings, season_of(bucket)))
    whole = (
        keys.iloc[row]
        .reset_index(drop=True)
        .assign(
            date=dates[column],
            baseline_qty=ahead.forecast.ravel(),
            normal_qty=ahead.normal.ravel(),
            down_qty=ahead.down.ravel(),
            up_qty=ahead.up.ravel(),
            buckets=1.0,
        )
    )
    columns = ["baseline_qty", "normal_qty", "down_qty", "up_qty", "buckets"]
    cells = spread_to_periods(whole, period, columns, bucket=bucket, holidays=holidays)
    growth = pooling_rate(ahead.backtest.error, min(4, ahead.backtest.error.shape[2]))
    narrower = cells["buckets"].clip(lower=1e-9) ** (growth - 1)
    life = sold_rate(cells, product, product_successor, period, as_of)
    quantity, normal = cells["baseline_qty"] * life, cells["normal_qty"] * life
    return cells.assign(
        baseline_qty=quantity,
        normal_qty=normal,
        calendar_qty=quantity - normal,
        lower_qty=(quantity - cells["down_qty"] * narrower * life).clip(lower=0),
        upper_qty=quantity + cells["up_qty"] * narrower * life,
    )[[*SERIES, "period", "baseline_qty", "normal_qty", "calendar_qty", "lower_qty", "upper_qty", "method"]]


def sold_rate(
    cells: pd.DataFrame,
    product: pd.DataFrame,
    product_successor: pd.DataFrame,
    period: pd.DataFrame,
    as_of: pd.Timestamp,
) -> Array:
    """Share of the demand of each product and ``period`` that is its own: sold, and not yet replaced."""
    handed_over = handed_over_rate(cells, product_successor, period, as_of)
    return np.asarray(live_rate(cells, product, period) * (1 - handed_over))


def forecast_exclusion(past: Histories) -> pd.DataFrame:
    """Series without a statistical forecast, with the reason."""
    return past.excluded.sort_values(SERIES).reset_index(drop=True)
