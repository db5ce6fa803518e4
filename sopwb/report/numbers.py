"""Numbers as a board reads them: three digits, one minus, thin spaces, ISO dates."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from sopwb.measure.wording import MINUS, STEPS, SYMBOLS, THIN_SPACE, quantity

__all__ = [
    "DASH",
    "MINUS",
    "STEPS",
    "THIN_SPACE",
    "by_unit",
    "exact",
    "is_nil",
    "iso_date",
    "iso_month",
    "iso_span",
    "money_unit",
    "percent",
    "points",
    "short",
    "unit_name",
    "whole",
]

DASH = "\u2013"
CENTS = 0.5
"""Amounts of money below this are what a solver or a rounding leaves; they are shown as nothing."""


def _is_number(value: Any) -> bool:
    if value is None or value is pd.NaT or value is pd.NA:
        return False
    return math.isfinite(float(value))


def money_unit(currency: str) -> str:
    """Sign of a currency that has one nobody mistakes, else its code.

    >>> money_unit("EUR"), money_unit("USD")
    ('€', 'USD')
    """
    return SYMBOLS.get(currency, currency)


def short(value: Any, unit: str = "", *, signed: bool = False) -> str:
    """Three significant digits with k, M or G, as a chart or card shows a number.

    Parameters
    ----------
    value
        The number; missing and infinite values become a dash.
    unit
        Currency code or unit that follows: ``EUR`` becomes €, others keep their name.
    signed
        True for variances: a plus stands before gains.

    >>> short(4_213_456, "EUR").replace(THIN_SPACE, "_")
    '4.21_M€'
    >>> short(-950, "h", signed=True).replace(THIN_SPACE, "_")
    '−950_h'
    >>> short(999_600).replace(THIN_SPACE, "_")
    '1.00_M'
    """
    if not _is_number(value):
        return DASH
    digits, gap, tail = quantity(abs(float(value)), money_unit(unit)).partition(THIN_SPACE)
    if float(digits) == 0:
        return f"0{gap}{tail}"
    return _sign(float(value), signed=signed) + digits + gap + tail


def _sign(value: float, *, signed: bool) -> str:
    if value < 0:
        return MINUS
    return "+" if signed and value > 0 else ""


def exact(value: Any, digits: int = 2, *, signed: bool = False) -> str:
    """All digits of a number with thin spaces between thousands, as a table shows money.

    >>> exact(51_387_676.9).replace(THIN_SPACE, "_")
    '51_387_676.90'
    """
    if not _is_number(value):
        return DASH
    number = round(float(value), digits) + 0.0
    text = f"{abs(number):,.{digits}f}".replace(",", THIN_SPACE)
    return _sign(number, signed=signed) + text


def whole(value: Any, *, signed: bool = False) -> str:
    """Number without decimals and with thin spaces between thousands.

    >>> whole(-1234.4).replace(THIN_SPACE, "_")
    '−1_234'
    """
    return exact(value, 0, signed=signed)


def percent(rate: Any, digits: int = 1, *, signed: bool = False) -> str:
    """Rate as a percentage: 0.1234 is 12.3 %.

    >>> percent(0.1234).replace(THIN_SPACE, "_")
    '12.3_%'
    """
    if not _is_number(rate):
        return DASH
    return exact(100 * float(rate), digits, signed=signed) + THIN_SPACE + "%"


def points(delta: Any, digits: int = 1) -> str:
    """Difference of two rates in percentage points, always with its sign.

    >>> points(0.012).replace(THIN_SPACE, "_")
    '+1.2_pp'
    """
    if not _is_number(delta):
        return DASH
    return exact(100 * float(delta), digits, signed=True) + THIN_SPACE + "pp"


def iso_date(value: Any) -> str:
    """Day as YYYY-MM-DD, a dash when missing."""
    stamp = pd.Timestamp(value) if value is not None else pd.NaT
    return DASH if stamp is pd.NaT else f"{stamp:%Y-%m-%d}"


def iso_month(value: Any) -> str:
    """Month as YYYY-MM, a dash when missing."""
    stamp = pd.Timestamp(value) if value is not None else pd.NaT
    return DASH if stamp is pd.NaT else f"{stamp:%Y-%m}"


def iso_span(dates: pd.Series[pd.Timestamp]) -> str:
    """First and last month of dates as ``2026-03 to 2027-12``."""
    return f"{iso_month(dates.min())} to {iso_month(dates.max())}"


def is_nil(text: str) -> bool:
    """True when a shown number rounds to nothing, so that it is neither good nor bad.

    >>> is_nil("+0.0 pp"), is_nil("+0.1 pp")
    (True, False)
    """
    return not any(digit in text for digit in "123456789")


def unit_name(unit: str, currency: str = "EUR") -> str:
    """Unit as a title says it: the currency's code for money, % for rates.

    >>> unit_name("currency", "SEK"), unit_name("rate"), unit_name("days")
    ('SEK', '%', 'days')
    """
    return {
        "currency": currency,
        "rate": "%",
        "qty": "units",
        "currency_per_hour": f"{currency}/h",
        "currency_per_qty": f"{currency}/unit",
        "hours": "h",
    }.get(unit, unit)


def by_unit(value: Any, unit: str, currency: str = "EUR", *, signed: bool = False) -> str:
    """Number in the short form of its unit, as declared in the tables.

    Parameters
    ----------
    value
        The number.
    unit
        ``currency``, ``rate``, ``days``, ``hours``, ``qty`` or any other word, which is printed as it is.
    currency
        Code of the reporting currency.
    signed
        True for variances; a variance of a rate is shown in percentage points.

    >>> by_unit(0.985, "rate").replace(THIN_SPACE, "_"), by_unit(0.01, "rate", signed=True)[:4]
    ('98.5_%', '+1.0')
    """
    if unit == "rate":
        return points(value) if signed else percent(value)
    if unit == "currency" and _is_number(value) and abs(float(value)) < CENTS:
        value = 0.0
    shown = {"qty": "", "count": ""}.get(unit, unit_name(unit, currency))
    return short(value, shown, signed=signed)
