"""A forecast of any long table, by the functions of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.calendar import fiscal_month, holiday_names, is_country
from sopwb.config.demand import ForecastSettings
from sopwb.demand.backtest import origins_of
from sopwb.demand.calendar_ahead import calendar_ahead
from sopwb.demand.calendar_effect import calendar_marks
from sopwb.demand.combine import REGULAR, Forecaster, routes
from sopwb.demand.drivers import driver_effects, rivals_of
from sopwb.demand.forecast import panel_outlook
from sopwb.demand.future import future_drivers
from sopwb.demand.intake import Intake, intake, with_known_names
from sopwb.demand.lift import Lift
from sopwb.demand.panel import Array, Panel, buckets_between, buckets_on
from sopwb.demand.reconcile import summing_matrix
from sopwb.demand.surprises import without_surprises
from sopwb.errors import Fault, InputError
from sopwb.extend import mark_of

__all__ = ["Study", "built_in_forecasters", "dates_ahead", "study", "study_settings"]

ORIGINS = 8
LEAST_WINDOW = 5
WEEKS = 52
KEYS = {"unique_id", "ds", "y"}
BUCKETS = {"W": "week", "MS": "month", "M": "month", "ME": "month"}
"""What of the calendar a frequency cuts."""
MONTHS = {"M": 1, "MS": 1, "ME": 1, "Q": 3, "QS": 3, "QE": 3, "Y": 12, "YS": 12, "YE": 12, "A": 12, "AS": 12}


@dataclass(frozen=True)
class Study:
    """Forecast of a long table.

    Parameters
    ----------
    forecast
        unique_id, ds, yhat, and the quantiles q0.1, q0.5 and q0.9; one row per series and step.
    excluded
        unique_id and reason of every series without a forecast.
    remarks
        unique_id and remark: what was mended before forecasting.
    """

    forecast: pd.DataFrame
    excluded: pd.DataFrame
    remarks: pd.DataFrame


def built_in_forecasters() -> Mapping[str, Forecaster]:
    """Forecasters of the workbench by name."""
    from sopwb.demand import forecasters

    marks = {thing: mark_of(thing) for thing in vars(forecasters).values() if callable(thing)}
    return {mark.name: function for function, mark in marks.items() if mark is not None}


def study_settings(horizon: int, season: int) -> ForecastSettings:
    """Settings whose backtest looks as far ahead as the forecast, from origins that reach far enough back."""
    step = max(1, -(-4 * horizon // (3 * ORIGINS)))
    return ForecastSettings(
        family_benchmark="",
        backtest_origins=ORIGINS,
        backtest_step_weeks=step,
        backtest_step_months=step,
        backtest_years=horizon / max(season, 1),
    )


def dates_ahead(last: pd.Series, freq: str, horizon: int) -> npt.NDArray[np.datetime64]:
    """Dates of the buckets after the last one of each series, series by bucket."""
    kind = freq.split("-", maxsplit=1)[0].upper()
    end = pd.DatetimeIndex(last)
    steps = range(1, horizon + 1)
    if kind not in MONTHS:
        bucket = pd.Timedelta(hours=1) if kind == "H" else pd.Timedelta(days=7 if kind == "W" else 1)
        return np.stack([(end + bucket * step).to_numpy() for step in steps], axis=1)
    ahead = [end + pd.DateOffset(months=MONTHS[kind] * step) for step in steps]
    if kind.endswith("E") or kind in {"M", "Q", "Y", "A"}:
        ahead = [dates + pd.offsets.MonthEnd(0) for dates in ahead]
    return np.stack([dates.to_numpy() for dates in ahead], axis=1)


def study(
    train: pd.DataFrame,
    known: Mapping[str, Forecaster],
    *,
    freq: str,
    season: int,
    horizon: int,
    future: pd.DataFrame | None = None,
    as_of: pd.Timestamp | None = None,
    settings: ForecastSettings | None = None,
    accurate: bool = False,
    country: str | None = None,
) -> Study:
    """Forecast every series of a long table, with an 80 percent interval.

    Parameters
    ----------
    train
        unique_id, ds, y, and any further columns (see :func:`sopwb.demand.intake.intake`).
    known
        Forecasters by name.
    season
        Buckets in a year of the data; 1 for none (weeks are then tried for a year all the same).
    future
        unique_id, ds and the columns that are known ahead.
    accurate
        Whether the series are reconciled with forecasts of their hierarchy, where they end together.
    country
        Country (ISO 3166) whose holidays are among what the calendar does to weeks and months; None: working
        days without holidays.

    Raises
    ------
    InputError
        A column is missing, the frequency, the country or a forecaster is unknown, or no bucket is asked for.
    """
    if horizon < 1:
        raise InputError([Fault("horizon", f"{horizon} buckets are asked for", remedy="1 or more")])
    if not is_country(country):
        problem = f"{country!r} is no known country"
        raise InputError([Fault("country", problem, remedy="a code such as FI, US or DE-BY")])
    season = _season_tried(season, freq)
    train = with_known_names(train)
    future = None if future is None else with_known_names(future)
    ahead = [] if future is None else [str(name) for name in future if name not in KEYS]
    given = intake(train, freq=freq, ahead=ahead, as_of=as_of)
    ahead_values, wanted, said = future_drivers(given, future, freq=freq, horizon=horizon)
    given = replace(given, remarks=pd.concat([given.remarks, said], ignore_index=True))
    most = int(wanted.max(initial=horizon))
    if given.series.empty:
        nothing = _rows(given, wanted, freq, *np.zeros((3, 0, most)))
        return _named_as_given(Study(nothing, given.excluded, given.remarks), train)
    settings = settings or study_settings(most, season)
    panel, lift = given.panel(season), None
    if ahead_values:
        panel, lift = _without_drivers(given, panel, ahead_values, settings, season)
    together = (
        (given.series["step"] == given.series["step"].max()).all() and given.levels and not ahead_values
    )
    summing = summing_matrix(given.series, given.levels) if accurate and together else None
    demand = panel
    if not ahead_values and settings.calendar:
        panel, lift = _without_calendar(given, panel, known, settings, season, freq, most, country)
    outlook = panel_outlook(
        panel, demand, known, settings, horizon=most, season=season, summing=summing, lift=lift
    )
    paths = (outlook.forecast, outlook.forecast - outlook.down, outlook.forecast + outlook.up)
    found = Study(_rows(given, wanted, freq, *paths), given.excluded, given.remarks)
    return _named_as_given(found, train)


def _named_as_given(found: Study, train: pd.DataFrame) -> Study:
    """The study with its series named by numbers where the table names them so."""
    names = train["unique_id"].dropna().drop_duplicates()
    if not pd.api.types.is_numeric_dtype(names):
        return found
    number = dict(zip(names.astype(str), names, strict=True))

    def named(frame: pd.DataFrame) -> pd.DataFrame:
        known = frame["unique_id"].map(number)
        return frame.assign(
            unique_id=known.astype(names.dtype) if known.notna().all() else frame["unique_id"]
        )

    return Study(named(found.forecast), named(found.excluded), named(found.remarks))


def _without_drivers(
    given: Intake, panel: Panel, ahead: Mapping[str, Array], settings: ForecastSettings, season: int
) -> tuple[Panel, Lift]:
    """Panel without the effects of the drivers and without surprises, and these effects.

    The backtest has its own effects, read earlier.
    """
    window = max(LEAST_WINDOW, season // 2) | 1
    groups = [np.asarray(pd.factorize(given.series[name])[0]) for name in given.levels]
    origins = origins_of(panel.history.shape[1], season, settings)
    first = int(origins[0]) if len(origins) else panel.history.shape[1]
    before, after = (
        {name: values[:, piece] for name, values in given.drivers.items()} for piece in _split(first)
    )
    rivals = rivals_of(given.history[:, :first], before, groups, window=window)
    drivers = driver_effects(given.history, given.drivers, ahead, groups, window=window, rivals=rivals)
    whole = Panel(without_surprises(panel.history / drivers.past, window), panel.group)
    if len(origins) == 0:
        return whole, Lift(whole, drivers.past, drivers.ahead)
    early = driver_effects(given.history[:, :first], before, after, groups, window=window, rivals=rivals)
    past = np.concatenate([early.past, early.ahead], axis=1)
    sold = panel.history / past
    judged = Panel(without_surprises(sold, window), panel.group)
    return whole, Lift(judged, past, drivers.ahead, sold=sold)


def _without_calendar(
    given: Intake,
    panel: Panel,
    known: Mapping[str, Forecaster],
    settings: ForecastSettings,
    season: int,
    freq: str,
    horizon: int,
    country: str | None,
) -> tuple[Panel, Lift | None]:
    """Panel without the effects of the calendar, and these, in the series that end where most of them do."""
    bucket = BUCKETS.get(freq.split("-", maxsplit=1)[0].upper())
    if bucket is None:
        return panel, None
    together = (given.series["step"] == given.series["step"].mode().iloc[0]).to_numpy()
    last = pd.Series([given.series["last"][together].iloc[0]])
    if bucket == "week":
        last = last - pd.Timedelta(days=6)
    step = pd.Timedelta(weeks=1) if bucket == "week" else pd.DateOffset(months=1)
    end = last.iloc[0] if bucket == "week" else fiscal_month(last).iloc[0]
    dates = buckets_between(end - (panel.history.shape[1] - 1) * step, end, bucket)
    every = buckets_on(dates, horizon, bucket)
    named = holiday_names(country, every[0].year, every[-1].year + 1)
    marks = calendar_marks(every, bucket, [named])
    carries = together & (routes(panel, settings, season) == REGULAR)
    found = calendar_ahead(panel, np.isfinite(panel.history), carries, known, settings, marks, season=season)
    if found is None or not found.share.any():
        return panel, None
    return found.freed(panel, carries), found.lift(panel, carries)


def _split(place: int) -> tuple[slice, slice]:
    return slice(None, place), slice(place, None)


def _season_tried(season: int, freq: str) -> int:
    """Season of the data; weeks are always tried for a year, which is shrunk to none where there is none."""
    return WEEKS if season <= 1 and freq.upper().startswith("W") else max(season, 1)


def _rows(
    given: Intake, wanted: npt.NDArray[np.int64], freq: str, path: Array, lower: Array, upper: Array
) -> pd.DataFrame:
    """Long table of the paths, as far as each series is wanted."""
    most = path.shape[1]
    kept = np.arange(most)[None, :] < wanted[: len(path), None]
    row, _ = np.nonzero(kept)
    dates = dates_ahead(given.series["last"], freq, most)
    return pd.DataFrame(
        {
            "unique_id": given.series["unique_id"].to_numpy()[row],
            "ds": dates[kept],
            "yhat": path[kept],
            "q0.1": lower[kept],
            "q0.5": path[kept],
            "q0.9": upper[kept],
        }
    )
