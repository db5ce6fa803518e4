"""Read a filled-in workbook of `sopwb collect`: whose it is, what was filled in, and what was broken."""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sopwb.errors import Fault
from sopwb.exchange.form import ENTRY_LABELS, FACTS, MODES, RESULT_LABEL, Entries, result_qty
from sopwb.exchange.form_layout import (
    CHECK,
    COPY,
    FIRST_MONTH,
    FIRST_ROW,
    FORECAST,
    FORMAT,
    LABELS,
    META,
    cell_name,
    row_of,
)
from sopwb.exchange.form_write import digest_of

__all__ = ["read_form"]

MOST_LOCKED = 20
TIE = 0.5
SEND_AGAIN = "write the workbooks again with `sopwb collect`, and fill in the new one"
Grid = list[list[Any]]


@dataclass(frozen=True)
class _Book:
    """The sheets of one workbook as cells, and the facts it was given out with."""

    name: str
    sheets: Mapping[str, Grid]
    facts: Mapping[str, str]
    lines: tuple[dict[str, Any], ...]
    automatic: Mapping[tuple[int, pd.Timestamp], float]

    @property
    def months(self) -> list[pd.Timestamp]:
        return [pd.Timestamp(day) for day in json.loads(self.facts["months"])]

    @property
    def total(self) -> int:
        return FIRST_MONTH + len(self.months)

    def cell(self, place: tuple[int, int], sheet: str = FORECAST) -> Any:
        rows = self.sheets[sheet]
        row, column = place
        value = rows[row][column] if row < len(rows) and column < len(rows[row]) else None
        return None if value is None or (isinstance(value, str) and not value.strip()) else value

    def where(self, place: tuple[int, int], sheet: str = FORECAST) -> str:
        return f"{self.name}, {cell_name(place, sheet)}"


def read_form(path: Path, customer: str, as_of: pd.Timestamp) -> tuple[Entries | None, list[Fault]]:
    """What was filled into a workbook, and every fault of what must not be changed.

    Parameters
    ----------
    path
        The workbook.
    customer
        Folder name of the customer for whom it is read.
    as_of
        As-of date of the customer's current cycle.

    Returns
    -------
    tuple
        The entries, None when the workbook is none of ours, of another customer or of another cycle;
        and the faults: locked cells that were changed, and totals that do not tie, each with its cell.
    """
    book, faults = _opened(path)
    if book is None:
        return None, faults
    faults = _not_ours(book, customer, as_of)
    if faults:
        return None, faults
    return _entries(book), _locked_faults(book) + _total_faults(book)


def _opened(path: Path) -> tuple[_Book | None, list[Fault]]:
    import python_calamine as calamine

    foreign = Fault(path.name, "is no workbook of `sopwb collect`", remedy=SEND_AGAIN)
    try:
        with calamine.CalamineWorkbook.from_path(path) as workbook:
            sheets = {
                name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
                for name in workbook.sheet_names
            }
    except (calamine.CalamineError, OSError) as error:
        problem = f"cannot be read as an Excel workbook: {str(error).splitlines()[0]}"
        return None, [Fault(path.name, problem, remedy="save it as .xlsx, without a password")]
    missing = [name for name in (FORECAST, CHECK, META, COPY) if name not in sheets]
    if missing:
        return None, [foreign]
    try:
        facts = {str(row[0]): str(row[1]) for row in sheets[META] if row[0]}
        lines = tuple(json.loads(word) for word in _column(sheets[META], 3))
        exact = _column(sheets[META], 4)
        automatic = dict(map(_exact, exact))
        book = _Book(path.name, sheets, facts, lines, automatic)
        if facts["format"] != FORMAT or facts["digest"] != _digest(book, exact):
            return None, [foreign]
    except (KeyError, ValueError, IndexError, TypeError):
        return None, [foreign]
    return book, []


def _column(rows: Grid, place: int) -> list[str]:
    return [str(row[place]) for row in rows if len(row) > place and row[place] not in {None, ""}]


def _exact(text: str) -> tuple[tuple[int, pd.Timestamp], float]:
    key, _, quantity = text.partition("=")
    line, _, month = key.partition("|")
    return (int(line), pd.Timestamp(month)), float(quantity)


def _digest(book: _Book, exact: list[str]) -> str:
    facts = [word for name, word in book.facts.items() if name != "digest"]
    lines = [json.dumps(line, sort_keys=True) for line in book.lines]
    written = [
        f"{cell_name((row, column))}={value}"
        for row, cells in enumerate(book.sheets[COPY])
        for column, value in enumerate(cells)
        if value not in (None, "")
    ]
    return digest_of([*facts, *lines, *written, *exact])


def _not_ours(book: _Book, customer: str, as_of: pd.Timestamp) -> list[Fault]:
    faults = []
    if book.facts["customer"] != customer:
        problem = f"was written for {book.facts['customer']}, not for {customer}"
        faults.append(Fault(book.name, problem, remedy="read it with the customer it belongs to"))
    day = pd.Timestamp(book.facts["as_of"])
    if day != as_of:
        side = "an older cycle" if day < as_of else "a later cycle"
        problem = f"is of {side}, as of {day.date()}; now it is {as_of.date()}"
        remedy = SEND_AGAIN if day < as_of else f"read it with --as-of {day.date()}"
        faults.append(Fault(book.name, problem, remedy=remedy))
    return faults


def _is_entry(book: _Book, row: int, column: int) -> bool:
    label = LABELS[(row - FIRST_ROW) % len(LABELS)] if row >= FIRST_ROW else ""
    return label in ENTRY_LABELS.values() and column >= FIRST_MONTH and column != book.total


def _locked_faults(book: _Book) -> list[Fault]:
    """Cells that nobody may change and that are not as they were written."""
    faults: list[Fault] = []
    height = FIRST_ROW + len(book.lines) * len(LABELS)
    copies = book.sheets[COPY]
    for row in range(min(height, len(copies))):
        for column, before in enumerate(copies[row]):
            if before in (None, "") or _is_entry(book, row, column):
                continue
            now = book.cell((row, column))
            if not _same(now, str(before)):
                problem = f"is locked and held {before}, now it holds {_shown(now)}"
                remedy = "put it back, or take a new workbook"
                faults.append(Fault(book.where((row, column)), problem, remedy=remedy))
    faults += _strays(book)
    hidden = len(faults) - MOST_LOCKED
    if hidden > 0:
        more = Fault(book.name, f"{hidden} more locked cells were changed", remedy=SEND_AGAIN)
        return [*faults[:MOST_LOCKED], more]
    return faults


def _strays(book: _Book) -> list[Fault]:
    """Cells that hold something where nothing is asked and nothing was written."""
    copies = book.sheets[COPY]
    last = FIRST_ROW + len(book.lines) * len(LABELS)
    faults = []
    for row, cells in enumerate(book.sheets[FORECAST][FIRST_ROW:], start=FIRST_ROW):
        label = LABELS[(row - FIRST_ROW) % len(LABELS)]
        for column in range(len(cells)):
            value = book.cell((row, column))
            known = row < len(copies) and column < len(copies[row]) and copies[row][column] not in {None, ""}
            is_sum = column == book.total or (label == RESULT_LABEL and FIRST_MONTH <= column < book.total)
            is_asked = _is_entry(book, row, column) and column <= book.total + 2
            if value is not None and not known and (row >= last or not (is_sum or is_asked)):
                problem = f"holds {_shown(value)}, but nothing is asked there"
                faults.append(Fault(book.where((row, column)), problem, remedy="clear it"))
    return faults


def _same(now: Any, before: str) -> bool:
    if isinstance(now, (dt.date, dt.datetime)):
        return now.strftime("%Y-%m-%d") == before
    if isinstance(now, (int, float)) and not isinstance(now, bool):
        try:
            return abs(float(before) - now) < TIE / 100
        except ValueError:
            return False
    return isinstance(now, str) and now.strip() == before


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, (dt.date, dt.datetime)):
        return value.strftime("%Y-%m-%d")
    return repr(value)


def _number(value: Any) -> float | None:
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if known else None


def _total_faults(book: _Book) -> list[Fault]:
    """Sums that are not what they add up; a formula that no program has computed is not looked at."""
    faults: list[Fault] = []
    months = range(len(book.months))
    sums: dict[str, list[float | None]] = {
        label: [0.0] * len(book.months) for label in (*FACTS.values(), RESULT_LABEL)
    }
    for place in range(len(book.lines)):
        results = [_result(book, place, FIRST_MONTH + number) for number in months]
        for number in months:
            at = row_of(place, RESULT_LABEL), FIRST_MONTH + number
            faults += _tie(book, at, FORECAST, results[number])
        for label in LABELS:
            row = row_of(place, label)
            cells = [_number(book.cell((row, FIRST_MONTH + number))) or 0.0 for number in months]
            amounts = results if label == RESULT_LABEL else cells
            if label != ENTRY_LABELS["percent"] and None not in amounts:
                faults += _tie(book, (row, book.total), FORECAST, sum(amount or 0.0 for amount in amounts))
            if label in sums:
                sums[label] = [_plus(*pair) for pair in zip(sums[label], amounts, strict=True)]
    for number, (label, amounts) in enumerate(sums.items()):
        nothing: float | None = 0.0
        whole = functools.reduce(_plus, amounts, nothing)
        for column, amount in enumerate([*amounts, whole], start=1):
            faults += _tie(book, (FIRST_ROW + number, column), CHECK, amount, f"the sum of {label}")
    return faults


def _plus(one: float | None, other: float | None) -> float | None:
    """Sum of two amounts; unknown when one of them is, for its own fault says so already."""
    return None if one is None or other is None else one + other


def _result(book: _Book, place: int, column: int) -> float | None:
    """What the entries of one line and month come to; None when one of them is no number."""
    found = [book.cell((row_of(place, ENTRY_LABELS[mode]), column)) for mode in MODES]
    numbers = [_number(value) for value in found]
    if any(value is not None and number is None for value, number in zip(found, numbers, strict=True)):
        return None
    automatic = _number(book.cell((row_of(place, FACTS["automatic_qty"]), column)))
    return None if automatic is None else result_qty(automatic, *numbers)


def _tie(
    book: _Book, place: tuple[int, int], sheet: str, expected: float | None, what: str = "its row"
) -> list[Fault]:
    shown = book.cell(place, sheet)
    if shown is None or expected is None:
        return []
    found = _number(shown)
    if found is not None and abs(found - expected) <= TIE + 1e-9 * abs(expected):
        return []
    problem = f"shows {_shown(shown)}, but {what} gives {expected:,.2f}"
    remedy = "restore its formula, or open and save the workbook so that it is computed again"
    return [Fault(book.where(place, sheet), problem, remedy=remedy)]


def _entries(book: _Book) -> Entries:
    cells, rows = [], []
    for place, line in enumerate(book.lines):
        for mode in MODES:
            row = row_of(place, ENTRY_LABELS[mode])
            for number, month in enumerate(book.months):
                at = row, FIRST_MONTH + number
                before = book.cell(at, COPY)
                cells.append(
                    {
                        "line": line["line"],
                        "mode": mode,
                        "period": month,
                        "cell": book.cell(at),
                        "before": float(before) if before is not None else float("nan"),
                        "automatic_qty": book.automatic[line["line"], month],
                        "place": book.where(at),
                    }
                )
            reason, expires = (row, book.total + 1), (row, book.total + 2)
            rows.append(
                {
                    "line": line["line"],
                    "mode": mode,
                    "reason": book.cell(reason),
                    "expires": book.cell(expires),
                    "before_reason": book.cell(reason, COPY),
                    "before_expires": book.cell(expires, COPY),
                    "reason_place": book.where(reason),
                    "expires_place": book.where(expires),
                }
            )
    return Entries(
        pd.DataFrame(cells).astype({"cell": "object"}),
        pd.DataFrame(rows, dtype="object"),
        pd.DataFrame(book.lines),
        book.facts["author"],
        pd.Timestamp(book.facts["as_of"]),
    )
