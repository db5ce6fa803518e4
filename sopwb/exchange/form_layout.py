"""Where everything stands in a workbook of `sopwb collect`: written and read by the same places."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from sopwb.exchange.form import ENTRY_LABELS, FACTS, MODES, RESULT_LABEL, Form, scope_words

__all__ = [
    "CHECK",
    "COPY",
    "FIRST_MONTH",
    "FIRST_ROW",
    "FORECAST",
    "FORMAT",
    "HEADER_ROW",
    "LABELS",
    "META",
    "cell_name",
    "column_name",
    "entry_cells",
    "first_row_of",
    "locked_cells",
    "row_of",
]

FORMAT = "sopwb collect 1"
FORECAST, CHECK, META, COPY = "Forecast", "Check", "_sopwb", "_before"
HEADER_ROW, FIRST_ROW, FIRST_MONTH = 3, 4, 5
HEADS = ("No.", "Product group", "Product", "Market", "What")
LABELS = (*FACTS.values(), *ENTRY_LABELS.values(), RESULT_LABEL)
LETTERS = 26

Place = tuple[int, int]
Cells = dict[Place, Any]


def column_name(column: int) -> str:
    """Name of a column counted from 0: A, B … Z, AA.

    Examples
    --------
    >>> column_name(0), column_name(26)
    ('A', 'AA')
    """
    name = ""
    number = column + 1
    while number:
        number, letter = divmod(number - 1, LETTERS)
        name = chr(ord("A") + letter) + name
    return name


def cell_name(place: Place, sheet: str = FORECAST) -> str:
    """A cell as people name it: ``Forecast!F17``."""
    row, column = place
    return f"{sheet}!{column_name(column)}{row + 1}"


def first_row_of(place: int) -> int:
    """Row of the first label of a line, lines counted from 0."""
    return FIRST_ROW + place * len(LABELS)


def row_of(place: int, label: str) -> int:
    """Row of one label of a line."""
    return first_row_of(place) + LABELS.index(label)


def _last(form_months: int) -> int:
    """Column of the total; the reason and the day of expiry follow."""
    return FIRST_MONTH + form_months


def locked_cells(form: Form) -> Cells:
    """Everything that nobody may change, but for formulas, by place."""
    cells: Cells = dict(zip([(HEADER_ROW, column) for column in range(len(HEADS))], HEADS, strict=True))
    months = form.months
    for number, month in enumerate(months):
        cells[HEADER_ROW, FIRST_MONTH + number] = month
    for number, head in enumerate(("Total", "Reason", "Valid until")):
        cells[HEADER_ROW, _last(len(months)) + number] = head
    facts = {name: form.quantities(name) for name in FACTS}
    for place, line in enumerate(form.lines.to_dict("records")):
        words = _words(line)
        for label in LABELS:
            row = row_of(place, label)
            for column, word in enumerate((*words, label)):
                cells[row, column] = word
        for name, label in FACTS.items():
            for number, month in enumerate(months):
                amount = round(facts[name][line["line"], month], 2)
                cells[row_of(place, label), FIRST_MONTH + number] = amount
    return cells


def _words(line: Mapping[Hashable, Any]) -> tuple[str, str, str, str]:
    family, product, market = scope_words(line["family"], line["product"], line["market"], line["node"])
    return f"{line['line']} {line['stream']}", family, product, market


def entry_cells(form: Form) -> Cells:
    """Every cell that may be filled in, by place, with what its author has said before or None.

    Reasons and days of expiry stand beside the months of each row.
    """
    months = form.months
    cells: Cells = {}
    for place in range(len(form.lines)):
        for mode in MODES:
            row = row_of(place, ENTRY_LABELS[mode])
            for column in (
                *range(FIRST_MONTH, _last(len(months))),
                _last(len(months)) + 1,
                _last(len(months)) + 2,
            ):
                cells[row, column] = None
    number_of = {line: place for place, line in enumerate(form.lines["line"])}
    for said in form.standing.sort_values(["line", "mode", "period"]).to_dict("records"):
        row = row_of(number_of[said["line"]], ENTRY_LABELS[said["mode"]])
        if pd.Timestamp(said["period"]) in months:
            cells[row, FIRST_MONTH + months.index(pd.Timestamp(said["period"]))] = float(said["amount"])
            cells[row, _last(len(months)) + 1] = said["reason"]
            cells[row, _last(len(months)) + 2] = pd.Timestamp(said["expires_on"])
    return cells
