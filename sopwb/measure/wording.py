"""Numbers inside sentences: three significant digits, thin spaces, one minus."""

from __future__ import annotations

import math

import pandas as pd

__all__ = ["count", "money", "month", "quantity", "rate", "signed_money", "words"]

THIN_SPACE = "\u202f"
MINUS = "\u2212"
SYMBOLS = {"EUR": "€"}
STEPS = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))


def quantity(value: float, unit: str = "") -> str:
    """Three significant digits with k, M or G, and a unit.

    Examples
    --------
    >>> quantity(4_213_456).replace(THIN_SPACE, "_"), quantity(-0.0456, "h").replace(THIN_SPACE, "_")
    ('4.21_M', '−0.0456_h')
    """
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    scale, prefix = next((step for step in STEPS if size >= step[0] * 0.9995), STEPS[-1])
    text = _three(size / scale)
    gap = " " if prefix and len(unit) > 1 else ""
    tail = f"{prefix}{gap}{unit}"
    sign = MINUS if value < 0 and float(text) != 0 else ""
    return sign + (f"{text}{THIN_SPACE}{tail}" if tail else text)


def _three(value: float) -> str:
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(value))
    rounded = round(value, digits)
    if rounded == 0:
        return "0"
    shown = max(0, 2 - math.floor(math.log10(rounded)))
    return f"{rounded:.{min(shown, 4)}f}"


def money(value: float, currency: str) -> str:
    """Money with three significant digits.

    Examples
    --------
    >>> money(4_213_456, "EUR").replace(THIN_SPACE, "_"), money(51_387_676.9, "USD").replace(THIN_SPACE, "_")
    ('4.21_M€', '51.4_M USD')
    """
    return quantity(value, SYMBOLS.get(currency, currency))


def signed_money(value: float, currency: str) -> str:
    """Money with its sign, for a difference."""
    return ("+" if value > 0 else "") + money(value, currency)


def rate(value: float, digits: int = 1) -> str:
    """Rate as a percentage.

    Examples
    --------
    >>> rate(0.9731).replace(THIN_SPACE, "_")
    '97.3_%'
    """
    if not math.isfinite(value):
        return "–"
    sign = MINUS if value < 0 and round(100 * value, digits) != 0 else ""
    return f"{sign}{abs(100 * value):.{digits}f}{THIN_SPACE}%"


def count(number: int, one: str, many: str = "") -> str:
    """Number with its noun.

    Examples
    --------
    >>> count(1, "shortage"), count(3, "shortage"), count(2, "family", "families")
    ('1 shortage', '3 shortages', '2 families')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def month(date: pd.Timestamp) -> str:
    """Month as YYYY-MM."""
    return f"{date:%Y-%m}"


def words(name: str) -> str:
    """Name of a column or code as words: underscores become spaces."""
    return name.replace("_", " ")
