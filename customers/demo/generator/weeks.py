"""Weeks, the pieces of weeks that fall in one month, and the feasts that move."""

from __future__ import annotations

from functools import cache
from typing import Any

import holidays
import numpy as np
import pandas as pd

from generator.numbers import day, month_of


def week_starts(numbers: dict[str, Any]) -> pd.DatetimeIndex:
    """Every Monday from the first week of history to the last week of the horizon."""
    return pd.date_range(
        day(numbers["dates"]["first_week"]), day(numbers["dates"]["last_week"]), freq="W-MON"
    )


@cache
def finnish_holidays(years: range) -> dict[Any, str]:
    """The Finnish public holidays, Midsummer and Christmas Eve included."""
    return dict(holidays.country_holidays("FI", years=list(years)))


def is_working(days: pd.DatetimeIndex) -> np.ndarray:
    """Whether each day is Monday to Friday and no holiday."""
    free = pd.DatetimeIndex(list(finnish_holidays(range(days.min().year, days.max().year + 1))))
    return np.asarray((days.dayofweek < 5) & ~days.isin(free))


def week_pieces(weeks: pd.DatetimeIndex) -> pd.DataFrame:
    """The pieces of each week by month: first day, days, working days, share of the week's volume."""
    days = pd.date_range(weeks[0], weeks[-1] + pd.Timedelta(days=6))
    table = pd.DataFrame(
        {"day": days, "week": np.repeat(np.arange(len(weeks)), 7), "working": is_working(days)}
    )
    table["month"] = month_of(table["day"])
    pieces = table.groupby(["week", "month"], as_index=False).agg(
        date=("day", "min"), days=("day", "size"), working_days=("working", "sum")
    )
    pieces["share"] = pieces["working_days"] / pieces.groupby("week")["working_days"].transform("sum")
    return pieces


def working_days_of_weeks(weeks: pd.DatetimeIndex) -> np.ndarray:
    """The number of working days of each week."""
    return week_pieces(weeks).groupby("week")["working_days"].sum().to_numpy()


def feasts(weeks: pd.DatetimeIndex) -> dict[str, np.ndarray]:
    """By feast how much of its effect falls on each week."""
    named = finnish_holidays(range(weeks[0].year, weeks[-1].year + 1))
    return {
        "midsummer": _marks(weeks, [d for d, n in named.items() if n == "Midsummer Eve"], before=0.5),
        "easter": _marks(weeks, [d for d, n in named.items() if n == "Good Friday"], before=0.3),
        "may_day": _marks(
            weeks, [pd.Timestamp(d) - pd.Timedelta(days=1) for d, n in named.items() if n == "May Day"]
        ),
        "after_christmas": _marks(
            weeks, [pd.Timestamp(y, 12, 28) for y in range(weeks[0].year, weeks[-1].year + 1)]
        ),
    }


def _marks(weeks: pd.DatetimeIndex, dates: list[Any], before: float = 0.0) -> np.ndarray:
    marks = np.zeros(len(weeks))
    for date in pd.DatetimeIndex(dates):
        at = int(weeks.searchsorted(date, side="right")) - 1
        if 0 <= at < len(weeks):
            marks[at] = 1.0
            marks[max(at - 1, 0)] = max(marks[max(at - 1, 0)], before)
    return marks
