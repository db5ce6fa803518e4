"""What moving holidays, working days and order waves do to a bucket, against that bucket in other years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.calendar import working_days_between
from sopwb.demand.panel import Array, bucket_frame

__all__ = [
    "CalendarEffect",
    "CalendarMarks",
    "against_usual_marks",
    "calendar_groups",
    "calendar_marks",
    "calendar_regression",
]

Integers = npt.NDArray[np.int64]
NamedDays = Sequence[tuple[np.datetime64, str]]
WORKING_DAYS, HOLIDAY, ORDER_WAVE = "working_days", "holiday", "order_wave"
SAME_FEAST_DAYS = 4
WAVE_DAYS = 3
BELIEF = {WORKING_DAYS: 0.5, HOLIDAY: 0.1, ORDER_WAVE: 0.1}
"""Standard deviation expected of a coefficient before anything is measured, on the log scale."""
FAMILY_SHARE = 0.4
"""Spread of the families about their common coefficient, as a share of that."""
LEAST_YEARS = 2
LEAST_EVIDENCE = 2.0


@dataclass(frozen=True)
class CalendarMarks:
    """How much of each calendar cause falls on each bucket.

    Parameters
    ----------
    kinds, names
        Kind (working_days, holiday, order_wave) and name of each cause.
    marks
        Calendar by bucket by cause: relative working days, or 1 where the feast lies, or share of the last
        working days of a month; zero for a feast that a calendar does not have.
    """

    kinds: tuple[str, ...]
    names: tuple[str, ...]
    marks: Array


@dataclass(frozen=True)
class CalendarEffect:
    """Log effect of every calendar cause on every group and bucket.

    Parameters
    ----------
    marks
        The causes.
    coefficient, sd
        Group by cause, on the log scale; a group is a family in the markets that keep one calendar.
    effect
        Group by bucket by cause; it has the mean zero over the years of each bucket of the season.
    """

    marks: CalendarMarks
    coefficient: Array
    sd: Array
    effect: Array

    @property
    def total(self) -> Array:
        """Log effect of all causes, group by bucket."""
        return np.asarray(self.effect.sum(axis=2))


def _feasts(named: NamedDays) -> list[tuple[np.datetime64, str]]:
    """First day and name of each feast; holidays a few days apart are one feast."""
    feasts: list[tuple[np.datetime64, str]] = []
    last: np.datetime64 | None = None
    for day, name in sorted(named):
        if last is None or (day - last).astype(int) > SAME_FEAST_DAYS:
            feasts.append((day, name))
        last = day
    return feasts


def calendar_groups(family: Integers, calendar: Integers) -> tuple[Integers, Integers]:
    """Group of each series, a family in the markets of one calendar, and the calendar of each group.

    Parameters
    ----------
    family, calendar
        Number of each series' family, and of the calendar that its market keeps.

    Examples
    --------
    >>> group, keeps = calendar_groups(np.array([0, 0, 1]), np.array([0, 1, 0]))
    >>> group.tolist(), keeps.tolist()
    ([0, 1, 2], [0, 1, 0])
    """
    count = int(calendar.max(initial=0)) + 1
    pairs, group = np.unique(family * count + calendar, return_inverse=True)
    return np.asarray(group, dtype=np.int64), np.asarray(pairs % count, dtype=np.int64)


def calendar_marks(dates: pd.DatetimeIndex, bucket: str, calendars: Sequence[NamedDays]) -> CalendarMarks:
    """The calendar causes that touch whole weeks or months, in every calendar that a market keeps.

    A feast of the same name in two calendars is one cause that may fall on other days.

    A feast marks the bucket of its first day and, as another cause, the week before it. In weeks the
    order wave marks the share of the last three working days of each month.

    Parameters
    ----------
    dates
        First days of the buckets.
    bucket
        ``week`` or ``month``.
    calendars
        Holidays of each calendar with their names.
    """
    each = [_marks_of_one(dates, bucket, named) for named in calendars]
    causes = list(dict.fromkeys(cause for columns in each for cause in columns))
    causes.sort(key=lambda cause: (cause[0] == ORDER_WAVE) - (cause[0] == WORKING_DAYS))
    nothing = np.zeros(len(dates))
    marks = [np.column_stack([columns.get(cause, nothing) for cause in causes]) for columns in each]
    return CalendarMarks(
        tuple(kind for kind, _ in causes), tuple(name for _, name in causes), np.stack(marks)
    )


def _marks_of_one(dates: pd.DatetimeIndex, bucket: str, named: NamedDays) -> dict[tuple[str, str], Array]:
    """Marks of one calendar by kind and name of the cause."""
    frame = bucket_frame(dates, bucket)
    holidays = [day for day, _ in named]
    work = working_days_between(frame["begin_date"], frame["end_date"], holidays).astype(float)
    columns = {(WORKING_DAYS, "working days"): work / max(work.mean(), 1.0) - 1}
    begin = dates.to_numpy().astype("datetime64[D]")
    end = frame["end_date"].to_numpy().astype("datetime64[D]")
    by_name: dict[str, list[np.datetime64]] = {}
    for day, name in _feasts(named):
        by_name.setdefault(name, []).append(day)
    for name, days in sorted(by_name.items()):
        inside = (np.array(days)[:, None] >= begin) & (np.array(days)[:, None] <= end)
        on = np.asarray(inside.any(axis=0), dtype=float)
        columns[HOLIDAY, name] = on
        if bucket == "week":
            columns[HOLIDAY, f"week before {name}"] = np.append(on[1:], 0.0)
    if bucket == "week":
        columns[ORDER_WAVE, "end of month"] = _month_ends(begin, end, holidays)
    return columns


def _month_ends(
    begin: npt.NDArray[np.datetime64], end: npt.NDArray[np.datetime64], holidays: Sequence[np.datetime64]
) -> Array:
    """Share of the last three working days of a month that lies in each bucket."""
    off = np.asarray(holidays, dtype="datetime64[D]")
    months = np.unique(np.concatenate([begin, end]).astype("datetime64[M]"))
    last = (months + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    days = np.concatenate(
        [np.busday_offset(last, -n, roll="backward", holidays=off) for n in range(WAVE_DAYS)]
    )
    inside = (days[:, None] >= begin) & (days[:, None] <= end)
    return np.asarray(inside.sum(axis=0) / WAVE_DAYS, dtype=float)


def _against_other_years(values: Array, weight: Array, season: int) -> Array:
    """Values less the weighted mean of the same bucket of the season over the years; axis 0 is time."""
    length = values.shape[0]
    place = (np.arange(length) - length) % season
    total = np.bincount(place, weight, season)
    by_place = np.zeros((season, length))
    by_place[place, np.arange(length)] = weight
    mean = (by_place @ values) / np.where(total > 0, total, 1.0).reshape(-1, *[1] * (values.ndim - 1))
    enough = (np.bincount(place, weight > 0, season) >= LEAST_YEARS)[place]
    return np.asarray(np.where(enough.reshape(-1, *[1] * (values.ndim - 1)), values - mean[place], 0.0))


def against_usual_marks(marks: Array, length: int, season: int) -> Array:
    """Marks of the history and of buckets ahead, less what that bucket of the season usually has of them.

    Usual is the mean over the years of the history, which the seasonal profile holds. Zero where fewer than
    two years are known.

    Parameters
    ----------
    marks
        Bucket by cause, the history first.
    length
        Buckets of the history.
    season
        Buckets in a year.
    """
    place = (np.arange(len(marks)) - length) % season
    count = np.bincount(place[:length], minlength=season)
    usual = np.zeros((season, marks.shape[1]))
    np.add.at(usual, place[:length], marks[:length])
    usual /= np.maximum(count, 1)[:, None]
    return np.asarray(np.where((count >= LEAST_YEARS)[place][:, None], marks - usual[place], 0.0))


def _posterior(
    marks: Array, values: Array, weight: Array, prior: Array, spread: Array
) -> tuple[Array, Array]:
    """Ridge regression about a prior mean: coefficients and their standard deviations.

    The weights are inverse variances by sampling alone; what the residuals scatter beyond that
    (weather, years that differ) widens them once.
    """
    coefficient: Array = prior
    covariance: Array = np.diag(spread**2)
    scale = 1.0
    for _ in range(2):
        precision = (marks * (weight / scale)[:, None]).T @ marks + np.diag(1 / spread**2)
        covariance = np.asarray(np.linalg.inv(precision), dtype=np.float64)
        right = (marks * (weight / scale)[:, None]).T @ values + prior / spread**2
        coefficient = covariance @ right
        residual = values - marks @ coefficient
        used = weight > 0
        scale = max(1.0, float((weight[used] * residual[used] ** 2).mean())) if used.any() else 1.0
    return coefficient, np.sqrt(np.diag(covariance))


def calendar_regression(
    values: Array, weight: Array, marks: CalendarMarks, season: int, keeps: Integers | None = None
) -> CalendarEffect:
    """Effect of the calendar on each group, from how a bucket differs from itself in other years.

    The seasonal profile holds what a bucket of the season usually has of holidays and working days;
    what is left is what moves. One regression over all groups gives the common coefficients, then
    each group has its own, shrunk to them. A cause whose common effect is smaller than two of
    its standard deviations is left out.

    Parameters
    ----------
    values
        Mean log deviation from the usual level, group by time.
    weight
        Inverse variances of these; 0 where nothing is known.
    marks
        Causes, from :func:`calendar_marks`, of the same buckets.
    season
        Buckets in a year.
    keeps
        Calendar of each group; None: all keep the first.

    References
    ----------
    Bell and Hillmer (1983), Modeling time series with calendar variation, JASA 78.
    """
    _, length, causes = marks.marks.shape
    keeps = np.zeros(len(values), dtype=np.int64) if keeps is None else keeps
    moved = np.stack([_against_other_years(own, np.ones(length), season) for own in marks.marks])
    spread = np.array([BELIEF[kind] for kind in marks.kinds])
    design, numbers, totals = [], [], []
    for place, own in enumerate(marks.marks):
        of_it = keeps == place
        total = weight[of_it].sum(axis=0)
        summed = (values[of_it] * weight[of_it]).sum(axis=0)
        common = np.divide(summed, total, out=np.zeros(length), where=total > 0)
        design.append(_against_other_years(own, total, season))
        numbers.append(_against_other_years(common, total, season))
        totals.append(total)
    stacked, deviating, total = (np.concatenate(each) for each in (design, numbers, totals))
    shared, sd = _posterior(stacked, deviating, total, np.zeros(causes), spread)
    clear = np.abs(shared) > LEAST_EVIDENCE * sd
    coefficient, deviation = np.zeros((len(values), causes)), np.zeros((len(values), causes))
    for row in range(len(values)):
        own = _against_other_years(marks.marks[keeps[row]], weight[row], season)
        deviating = _against_other_years(values[row], weight[row], season)
        coefficient[row], deviation[row] = _posterior(
            own, deviating, weight[row], shared, spread * FAMILY_SHARE
        )
    coefficient = np.where(clear, coefficient, 0.0)
    effect = moved[keeps] * coefficient[:, None, :]
    return CalendarEffect(marks, coefficient, np.where(clear, deviation, 0.0), effect)
