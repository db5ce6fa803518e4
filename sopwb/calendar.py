"""Days, weeks and fiscal months: the one place that cuts a horizon into buckets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = [
    "fiscal_month",
    "fiscal_year",
    "history_bucket",
    "holiday_names",
    "holidays_of",
    "horizon_end",
    "is_country",
    "overlap_weights",
    "plan_periods",
    "spread_to_periods",
    "working_days_between",
]

Days = npt.NDArray[np.datetime64]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LEAST_HORIZON_MONTHS = 18


@cache
def holidays_of(country: str | None, first_year: int, last_year: int) -> tuple[np.datetime64, ...]:
    """Public holidays of a country, or of a part of it (DE-BY), over whole years; none without a country."""
    if country is None:
        return ()
    import holidays

    code, _, part = country.partition("-")
    years = range(first_year, last_year + 1)
    days = holidays.country_holidays(code, subdiv=part or None, years=years)
    return tuple(np.datetime64(day, "D") for day in sorted(days))


@cache
def holiday_names(
    country: str | None, first_year: int, last_year: int
) -> tuple[tuple[np.datetime64, str], ...]:
    """Public holidays of a country with their names, in English where the calendar knows it."""
    if country is None:
        return ()
    import holidays

    code, _, part = country.partition("-")
    years = range(first_year, last_year + 1)
    named = holidays.country_holidays(code, subdiv=part or None, years=years, language="en_US")
    return tuple((np.datetime64(day, "D"), name) for day, name in sorted(named.items()))


def is_country(country: str | None) -> bool:
    """Whether the holidays of a country are known; so they are where there is no country."""
    try:
        holidays_of(country, 2000, 2000)
    except (NotImplementedError, AttributeError):
        return False
    return True


def working_days_between(
    first: pd.Series[Any] | Days, last: pd.Series[Any] | Days, holidays: Sequence[np.datetime64] = ()
) -> npt.NDArray[np.int64]:
    """Working days (Monday to Friday but for holidays) from the first to the last day, both included."""
    begin = np.asarray(first, dtype="datetime64[D]")
    end = np.asarray(last, dtype="datetime64[D]") + np.timedelta64(1, "D")
    off = np.asarray(holidays, dtype="datetime64[D]")
    return np.asarray(np.busday_count(begin, np.maximum(begin, end), holidays=off), dtype=np.int64)


def fiscal_month(dates: pd.Series[Any]) -> pd.Series[Any]:
    """First day of the fiscal month in which each day lies; fiscal months are calendar months."""
    months: pd.Series[Any] = dates.dt.to_period("M").dt.to_timestamp()
    return months


def fiscal_year(dates: pd.Series[Any], start_month: int = 1) -> pd.Series[Any]:
    """Fiscal year of each day, named by the calendar year in which it ends."""
    shift = dates.dt.month >= start_month if start_month > 1 else False
    years: pd.Series[Any] = (dates.dt.year + shift).astype("int64")
    return years


def history_bucket(dates: pd.Series[Any], bucket: str, week_start: str = "monday") -> pd.Series[Any]:
    """First day of the whole week or month in which each day lies."""
    if bucket == "month":
        return fiscal_month(dates)
    back = (dates.dt.dayofweek - WEEKDAYS.index(week_start)) % 7
    begins: pd.Series[Any] = dates.dt.normalize() - pd.to_timedelta(back, unit="D")
    return begins


def horizon_end(as_of: pd.Timestamp, start_month: int = 1, months: int | None = None) -> pd.Timestamp:
    """Last day of the horizon.

    Without a number of months it is the end of the next fiscal year, so that this year is
    always whole, and 18 months away where that is later.
    """
    if months is not None:
        return as_of + pd.offsets.MonthEnd(0) + pd.offsets.MonthEnd(months)
    start = as_of + pd.Timedelta(days=1)
    year_end = pd.Timestamp(start.year, start_month, 1) - pd.Timedelta(days=1)
    while year_end < start:
        year_end = year_end + pd.DateOffset(years=1)
    end = year_end + pd.DateOffset(years=1) + pd.offsets.MonthEnd(0)
    while end < as_of + pd.DateOffset(months=LEAST_HORIZON_MONTHS):
        end = end + pd.DateOffset(months=1) + pd.offsets.MonthEnd(0)
    return end


def plan_periods(
    as_of: pd.Timestamp,
    *,
    weeks: int,
    end: pd.Timestamp,
    week_start: str = "monday",
    start_month: int = 1,
    holidays: Sequence[np.datetime64] = (),
) -> pd.DataFrame:
    """Planning buckets from the day after the as-of date: weeks cut at month ends, then months.

    A piece of a week in which nobody works joins its neighbour of the same month.

    Parameters
    ----------
    as_of, end
        Last day of history and last day of the horizon.
    weeks
        Weeks planned as weeks; 0 plans months only.

    Returns
    -------
    pandas.DataFrame
        Table ``period``; its rows tile the horizon.
    """
    first = as_of + pd.Timedelta(days=1)
    week_begin = history_bucket(pd.Series([first]), "week", week_start).iloc[0]
    weekly_end = min(week_begin + pd.Timedelta(weeks=weeks), end + pd.Timedelta(days=1)) if weeks else first
    months = pd.date_range(fiscal_month(pd.Series([first])).iloc[0], end, freq="MS")
    cuts = {first} | {day for day in months if day > first}
    cuts |= {day for day in pd.date_range(week_begin, weekly_end, freq="7D") if first < day <= end}
    starts = pd.Series(sorted(cuts))
    pieces = pd.DataFrame(
        {
            "period": starts,
            "end_date": (starts.shift(-1) - pd.Timedelta(days=1)).fillna(end),
            "bucket": np.where(starts < weekly_end, "week", "month"),
        }
    )
    joined = _join_idle(pieces, holidays)
    return joined.assign(
        days=(joined["end_date"] - joined["period"]).dt.days + 1,
        working_days=working_days_between(joined["period"], joined["end_date"], holidays),
        fiscal_period=fiscal_month(joined["period"]),
        fiscal_year=fiscal_year(joined["period"], start_month),
    )


def _join_idle(pieces: pd.DataFrame, holidays: Sequence[np.datetime64]) -> pd.DataFrame:
    """Join each piece without a working day to the next piece of its month, else to the one before."""
    month = fiscal_month(pieces["period"])
    idle = working_days_between(pieces["period"], pieces["end_date"], holidays) == 0
    has_next = (month == month.shift(-1)).to_numpy()
    has_before = (month == month.shift(1)).to_numpy()
    begins_group = np.ones(len(pieces), dtype=bool)
    begins_group[1:] &= ~(idle[:-1] & has_next[:-1])
    begins_group &= ~(idle & ~has_next & has_before)
    group = np.cumsum(begins_group)
    joined = pieces.groupby(group).agg(
        period=("period", "min"), end_date=("end_date", "max"), bucket=("bucket", "first")
    )
    return joined.reset_index(drop=True)


def overlap_weights(
    dates: pd.Series[Any],
    period: pd.DataFrame,
    *,
    bucket: str,
    holidays: Sequence[np.datetime64] = (),
) -> pd.DataFrame:
    """Share of each whole week or month that lies in each planning bucket, by working days.

    Shares of a week sum to one but for what lies outside the horizon. A week in which nobody
    works is shared by calendar days.

    Returns
    -------
    pandas.DataFrame
        One row per ``date`` and ``period`` that overlap, with ``share_rate``.
    """
    begin = np.sort(dates.unique()).astype("datetime64[D]")
    after = begin.astype("datetime64[M]") + 1 if bucket == "month" else begin + np.timedelta64(7, "D")
    last = (after.astype("datetime64[D]") - np.timedelta64(1, "D")).astype("datetime64[D]")
    open_, close = (period[name].to_numpy().astype("datetime64[D]") for name in ("period", "end_date"))
    from_ = np.maximum(begin[:, None], open_[None, :])
    to = np.minimum(last[:, None], close[None, :])
    overlaps = from_ <= to
    safe_to = np.maximum(from_, to)
    work = np.where(overlaps, working_days_between(from_, safe_to, holidays), 0)
    days = np.where(overlaps, (safe_to - from_).astype(int) + 1, 0)
    whole_work = working_days_between(begin, last, holidays)[:, None]
    whole_days = ((last - begin).astype(int) + 1)[:, None]
    share = np.where(whole_work > 0, work / np.maximum(whole_work, 1), days / whole_days)
    row, column = np.nonzero(share > 0)
    return pd.DataFrame(
        {
            "date": begin[row].astype("datetime64[ns]"),
            "period": open_[column].astype("datetime64[ns]"),
            "share_rate": share[row, column],
        }
    )


def spread_to_periods(
    frame: pd.DataFrame,
    period: pd.DataFrame,
    value_columns: Sequence[str],
    *,
    bucket: str,
    holidays: Sequence[np.datetime64] = (),
) -> pd.DataFrame:
    """Quantities by whole week or month, split over the planning buckets by working days.

    Parameters
    ----------
    frame
        One row per ``date`` (first day of a week or month) and the other columns, which are kept as keys.
    period
        Table ``period``.
    value_columns
        Columns that are split; their sum is kept but for what lies outside the horizon.
    bucket
        ``week`` or ``month``: what a date stands for.

    Returns
    -------
    pandas.DataFrame
        One row per key and ``period``.
    """
    values = list(value_columns)
    keys = [name for name in frame.columns if name not in {*values, "date"}]
    weights = overlap_weights(frame["date"], period, bucket=bucket, holidays=holidays)
    joined = frame.merge(weights, on="date", how="inner", validate="many_to_many")
    joined[values] = joined[values].mul(joined["share_rate"], axis=0)
    return joined.groupby([*keys, "period"], as_index=False, sort=True, dropna=False)[values].sum()
