"""The calendars that the markets keep: public holidays of their countries, and those of table holiday."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.calendar import holiday_names, is_country
from sopwb.demand.calendar_effect import NamedDays
from sopwb.errors import Fault, InputError

__all__ = ["EVERY", "ONE_CALENDAR", "MarketCalendars", "market_calendars"]

EVERY = "*"
"""Stands for every market in table ``holiday``, and for markets of no country."""
YEARS_BEFORE, YEARS_AFTER = 10, 5


@dataclass(frozen=True)
class MarketCalendars:
    """Holidays of each calendar that a market keeps.

    Parameters
    ----------
    names
        Country of each calendar.
    days
        Its holidays with their names.
    number
        Number of the calendar of each market; markets that are not in it keep the first.
    """

    names: tuple[str, ...]
    days: tuple[NamedDays, ...]
    number: Mapping[str, int] = field(default_factory=dict)

    def of(self, markets: pd.Series[str]) -> npt.NDArray[np.int64]:
        """Number of the calendar of each market."""
        return np.array([self.number.get(str(name), 0) for name in markets], dtype=np.int64)


ONE_CALENDAR = MarketCalendars((EVERY,), ((),))
"""Every market keeps the same calendar, which has no holidays."""


def market_calendars(
    market: pd.DataFrame, holiday: pd.DataFrame, default: str | None, year: int
) -> MarketCalendars:
    """The calendar of each market: its country's public holidays and what table ``holiday`` says of them.

    Parameters
    ----------
    market, holiday
        Tables of that name.
    default
        Country of markets that name none; None for no public holidays.
    year
        Year of as-of; calendars reach ten years back and five ahead.

    Raises
    ------
    InputError
        A market names a country that is neither known nor in table ``holiday``.
    """
    home = default or EVERY
    own = {str(name): rows for name, rows in holiday.groupby("country", sort=True)}
    country = market["country"].fillna(home).astype(str)
    unknown = ~country.isin([home, *own]) & ~country.map(is_country)
    if unknown.any():
        remedy = "a country code such as FI, US or DE-BY, or a name that table holiday has days for"
        raise InputError(
            [
                Fault("market", f"market {name} is in {code!r}, whose holidays are not known", remedy=remedy)
                for name, code in zip(market["market"][unknown], country[unknown], strict=True)
            ]
        )
    names = sorted(set(country)) or [home]
    number = {str(name): names.index(code) for name, code in zip(market["market"], country, strict=True)}
    return MarketCalendars(tuple(names), tuple(_days(name, own, year) for name in names), number)


def _days(country: str, own: Mapping[str, pd.DataFrame], year: int) -> NamedDays:
    """Holidays of one calendar; a row of its own says more than a row for every market."""
    public = country if country != EVERY and is_country(country) else None
    days = dict(holiday_names(public, year - YEARS_BEFORE, year + YEARS_AFTER))
    for name in dict.fromkeys((EVERY, country)):
        if name not in own:
            continue
        columns = (own[name][column] for column in ("date", "description", "is_worked"))
        for date, description, is_worked in zip(*columns, strict=True):
            day = np.datetime64(pd.Timestamp(date).date(), "D")
            if is_worked:
                days.pop(day, None)
            else:
                days[day] = str(description)
    return tuple(sorted(days.items()))
