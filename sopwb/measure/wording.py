"""Numbers inside sentences: three significant digits, thin spaces, one minus."""

from __future__ import annotations

import math

import pandas as pd

__all__ = [
    "count",
    "money",
    "month",
    "named",
    "person",
    "quantity",
    "rate",
    "sentence",
    "signed_money",
    "words",
    "year_name",
]

THIN_SPACE = "\u202f"
MINUS = "\u2212"
SYMBOLS = {"EUR": "€"}
CAPITALS = ("ebit", "ebitda", "wmape", "sku")
ROLE_LETTERS = 3
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
    """Name of a column or code as words, with what is always in capitals.

    Examples
    --------
    >>> words("ebit_2026"), words("cash_floor")
    ('EBIT 2026', 'cash floor')
    """
    return " ".join(part.upper() if part in CAPITALS else part for part in name.split("_"))


def person(code: str) -> str:
    """Who is meant by a code of a person or a role.

    Examples
    --------
    >>> person("jukka.niemi"), person("cfo"), person("head of sales")
    ('Jukka Niemi', 'CFO', 'head of sales')
    """
    if code.islower() and code.isalpha() and len(code) <= ROLE_LETTERS:
        return code.upper()
    is_name = "." in code and " " not in code
    return " ".join(part.capitalize() for part in code.split(".")) if is_name else code


def named(code: str, master: pd.DataFrame, key: str) -> str:
    """Description of a code in its master table, else the code in words.

    Examples
    --------
    >>> lines = pd.DataFrame({"resource": ["l1", "l2"], "description": ["Line one", None]})
    >>> named("l1", lines, "resource"), named("lane_3", lines, "resource")
    ('Line one', 'lane 3')
    """
    found = master.loc[master[key] == code, "description"].dropna()
    return str(found.iloc[0]) if len(found) else words(code)


def sentence(text: str) -> str:
    """Text with a capital first letter, the rest as it is.

    Examples
    --------
    >>> sentence("mountain Frames are short")
    'Mountain Frames are short'
    """
    return text[:1].upper() + text[1:]


def year_name(year: int, start_month: int) -> str:
    """Fiscal year as people call it: the calendar year, or FY and the year in which it ends.

    Examples
    --------
    >>> year_name(2026, 1), year_name(2015, 5)
    ('2026', 'FY2015')
    """
    return str(year) if start_month == 1 else f"FY{year}"
