"""Tables a board reads: numbers right, sums bold, small rules, everything escaped."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from sopwb.report import numbers
from sopwb.report.scale import Scale

__all__ = ["Table", "html_table", "text_table", "without_empty"]

MAX_ROWS = 20
MANY_COLUMNS = 10
SPAN = re.compile(r"\d{4}-\d{2}(-\d{2})?( to \d{4}-\d{2}(-\d{2})?)?")
"""A month, a day, or a span of them, which never breaks over two lines."""
HUNDRED = 100
TENTH, MOST_DIGITS = 0.1, 6
THOUSAND = 1000
UNITS_OF_SUFFIX = {
    "_rate": "rate",
    "_value": "currency",
    "_qty": "qty",
    "_hours": "hours",
    "_days": "days",
    "_per_unit": "currency_per_qty",
    "_per_hour": "currency_per_hour",
    "_per_week": "currency",
}


@dataclass(frozen=True)
class Table:
    """A frame and how to show it; a plain DataFrame in a section is `Table(frame)`.

    Parameters
    ----------
    frame
        Rows in the order of reading, columns in the order of showing. Cells may be text, numbers, flags
        or dates. Never changed.
    headings
        Heading of a column where its name will not do; else ``revenue_value`` is headed ``revenue (EUR)``.
    units
        Unit of a column where its suffix does not tell: ``currency``, ``rate``, ``qty``, ``hours``,
        ``days``, ``count``, ``text``, or ``short:EUR`` for three digits with k and M; the title of the
        section says the currency.
    variances
        Columns that are variances, with their sense: ``{"gap_value": "higher_better"}``; they are signed
        and coloured. Sense is ``higher_better``, ``lower_better``, ``neutral``, or the name of a column
        that holds the sense of each row.
    sums
        Positions (0 is the first row) that are sums, printed bold with a rule above.
    max_rows
        Rows shown; further ones are counted: "and 12 more, in the workbook". Sums are always shown.
    currency
        Code of the reporting currency.
    hidden
        Columns that are not shown (a column of senses, for instance).
    row_unit
        Column that holds the unit of each row, where rows are key figures of different kinds; their numbers
        are then shown with three digits and their unit.
    scale
        Of `table_scale`: columns of three digits are all written in it, so that they line up; the title of
        the section then says its unit.
    """

    frame: pd.DataFrame
    headings: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    variances: Mapping[str, str] = field(default_factory=dict)
    sums: Sequence[int] = ()
    max_rows: int = MAX_ROWS
    currency: str = "EUR"
    hidden: Sequence[str] = ()
    row_unit: str = ""
    scale: Scale | None = None

    @property
    def columns(self) -> list[str]:
        """Columns that are shown, in order."""
        return [str(name) for name in self.frame.columns if name not in self.hidden]

    def unit(self, column: str) -> str:
        """Unit of a column: as stated, else by its suffix, else empty."""
        if column in self.units:
            return self.units[column]
        return next((u for suffix, u in UNITS_OF_SUFFIX.items() if column.endswith(suffix)), "")

    def heading(self, column: str) -> str:
        """Heading of a column: as stated, else its name in words with the unit."""
        if column in self.headings:
            return self.headings[column]
        unit = "" if self.row_unit else self.unit(column).removeprefix("short:")
        words = column
        for suffix in ("_rate", "_value", "_qty", "_hours", "_days"):
            words = words.removesuffix(suffix)
        words = words.replace("_", " ")
        shown = numbers.unit_name(unit, self.currency)
        return words if unit in ("", "text", "count", "rate", "qty") else f"{words} ({shown})"

    def is_right(self, column: str) -> bool:
        """True when the column holds numbers."""
        is_flag = bool(pd.api.types.is_bool_dtype(self.frame[column]))
        is_number = bool(pd.api.types.is_numeric_dtype(self.frame[column]))
        return (is_number and not is_flag) or column in self.variances

    def cell(self, column: str, row: Mapping[str, Any]) -> str:
        """Text of a cell, not yet escaped."""
        value = row[column]
        if isinstance(value, str):
            return value
        if _is_missing(value):
            return numbers.DASH
        if isinstance(value, (bool, np.bool_)):
            return "yes" if value else "no"
        if isinstance(value, (int, float, np.number)):
            return self._number_text(column, row)
        return numbers.iso_date(value) if hasattr(value, "year") else str(value)

    def _number_text(self, column: str, row: Mapping[str, Any]) -> str:
        unit, signed = self.unit(column), column in self.variances
        if self.row_unit and not unit.startswith("short:"):
            return numbers.by_unit(row[column], str(row[self.row_unit]), self.currency, signed=signed)
        if self.scale is not None and unit.startswith("short:"):
            return self.scale.label(row[column], signed=signed)
        return _number(row[column], unit, signed=signed)


def without_empty(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The frame without those of the columns that hold nothing but missing values and zeros."""
    empty = [name for name in columns if not frame[name].fillna(0).astype(bool).any()]
    return frame.drop(columns=empty)


def _is_missing(value: Any) -> bool:
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def _plain(value: Any, *, signed: bool) -> str:
    size = abs(float(value))
    is_round = float(value).is_integer() or size >= HUNDRED
    return numbers.whole(value, signed=signed) if is_round else numbers.short(value, signed=signed)


def _rate(value: Any, *, signed: bool) -> str:
    return numbers.points(value) if signed else numbers.percent(value)


def _per_unit(value: Any, *, signed: bool) -> str:
    size = abs(float(value))
    small = 1 - math.floor(math.log10(size)) if 0 < size < TENTH else 2
    return numbers.exact(value, min(small, MOST_DIGITS), signed=signed)


FORMATS: Mapping[str, Callable[..., str]] = {
    "rate": _rate,
    "currency": numbers.whole,
    "qty": numbers.whole,
    "count": numbers.whole,
    "currency_per_qty": _per_unit,
    "currency_per_hour": numbers.whole,
}


def _number(value: Any, unit: str, *, signed: bool) -> str:
    if unit.startswith("short:"):
        is_small_money = unit != "short:" and abs(float(value)) < THOUSAND
        return (numbers.whole if is_small_money else numbers.short)(value, signed=signed)
    show: Callable[..., str] = FORMATS.get(unit, _plain)
    return show(value, signed=signed)


def _sense(table: Table, column: str, row: Mapping[str, Any]) -> str:
    sense = table.variances[column]
    return str(row[sense]) if sense in row else sense


def _variance_class(table: Table, column: str, row: Mapping[str, Any]) -> str:
    value = row[column]
    sense = _sense(table, column, row)
    if _is_missing(value) or isinstance(value, str) or sense == "neutral":
        return ""
    if numbers.is_nil(table.cell(column, row)):
        return ""
    return "good" if (value > 0) == (sense != "lower_better") else "bad"


def _cell_html(table: Table, column: str, row: Mapping[str, Any]) -> str:
    classes = ["number"] if table.is_right(column) else []
    value = row[column]
    if table.frame[column].dtype.kind == "M" or (isinstance(value, str) and SPAN.fullmatch(value)):
        classes.append("day")
    if column in table.variances:
        classes.append(_variance_class(table, column, row))
    names = " ".join(name for name in classes if name)
    return f"<td{_class(names)}>{escape(table.cell(column, row))}</td>"


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _sum_positions(table: Table) -> set[int]:
    count = len(table.frame)
    return {position % count for position in table.sums} if count else set()


def _shown_positions(table: Table) -> list[int]:
    count = len(table.frame)
    sums = _sum_positions(table)
    plain = [p for p in range(count) if p not in sums][: table.max_rows]
    return sorted({*plain, *sums})


def html_table(table: Table | pd.DataFrame) -> str:
    """HTML of a table, escaped, with a last line that counts the rows left out."""
    shown = table if isinstance(table, Table) else Table(table)
    columns = shown.columns
    head = "".join(
        f'<th scope="col"{_class("number" if shown.is_right(c) else "")}>{escape(shown.heading(c))}</th>'
        for c in columns
    )
    positions = _shown_positions(shown)
    sums = _sum_positions(shown)
    records: list[dict[Any, Any]] = shown.frame.to_dict("records")
    lines = [
        f"<tr{_class('sum' if p in sums else '')}>"
        + "".join(_cell_html(shown, c, records[p]) for c in columns)
        + "</tr>"
        for p in positions
    ]
    more = len(records) - len(positions)
    foot = f'<p class="more">and {numbers.whole(more)} more, in the workbook</p>' if more > 0 else ""
    body = "".join(lines)
    dense = _class("dense" if len(columns) > MANY_COLUMNS else "")
    return (
        f'<div class="sheet"><table{dense}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        f"{foot}</div>"
    )


def text_table(table: Table | pd.DataFrame) -> str:
    """Plain text of a table, for terminals and diffs."""
    shown = table if isinstance(table, Table) else Table(table)
    records: list[dict[Any, Any]] = shown.frame.to_dict("records")
    rows = [[shown.heading(c) for c in shown.columns]]
    rows += [[shown.cell(c, records[p]) for c in shown.columns] for p in _shown_positions(shown)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(shown.columns))]
    return "\n".join(
        "  ".join(
            text.rjust(w) if shown.is_right(c) else text.ljust(w)
            for text, w, c in zip(row, widths, shown.columns, strict=True)
        ).rstrip()
        for row in rows
    )
