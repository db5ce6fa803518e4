"""Write the workbook in which an author fills in a forecast: readable, locked but for the cells to fill."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sopwb.exchange.form import ENTRY_LABELS, FACTS, MODES, RESULT_LABEL, Form, result_qty
from sopwb.exchange.form_check import check_sheet
from sopwb.exchange.form_layout import (
    CHECK,
    COPY,
    FIRST_MONTH,
    FIRST_ROW,
    FORECAST,
    FORMAT,
    HEADER_ROW,
    LABELS,
    META,
    cell_name,
    column_name,
    entry_cells,
    locked_cells,
    row_of,
)
from sopwb.exchange.form_style import (
    DATE_WIDTH,
    MONTH_WIDTH,
    REASON_WIDTH,
    TEXT_WIDTH,
    TOTAL_WIDTH,
    WIDTHS,
    Formats,
    formats_of,
    lock,
    put,
)
from sopwb.exchange.write import CREATED, OPTIONS

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

__all__ = ["digest_of", "instructions", "write_form"]

ACTIVITY_HEADS = {
    "description": "Activity",
    "kind": "Kind",
    "family": "Product group",
    "product": "Product",
    "market": "Market",
    "start_date": "From",
    "end_date": "To",
    "effect_type": "Effect as",
    "effect": "Effect",
    "probability": "Probability",
    "owner": "Owner",
}
LARGEST = 1e15

INSTRUCTIONS = """
This workbook asks {author} for a forecast of {first} to {last}. History ends on {as_of}. Quantities are
in base units.

Fill in yellow cells of the sheet Forecast only. Everything else is locked.

Each line is a part of the business. It shows what was sold in the same month last year, what the
statistical forecast expects, what planned activities add, and the forecast with these activities.

Where you know more, fill in ONE of three cells of a month: your total (5000), what to add or take off
(200 or -200), or a change in percent (5%). Where you agree, leave the cells empty.

A total stays as you wrote it. A plus, a minus and a percentage follow the forecast when it moves.

Give a reason in the column Reason of the row you filled in. A forecast without a reason is sent back.

Valid until is the last month end at which your word still counts; empty means {valid}. To keep what you
said before, move this day on; to withdraw it, empty its cells.

Cells that hold something already are what you said before and what still counts.

The row Your forecast shows what comes of it; the sheet Check shows the sums. Look at both.

Save the workbook as .xlsx under its own name and send it back. Do not insert rows, move cells or copy
a sheet; the workbook would be sent back with the places named.
"""


def instructions(form: Form) -> list[str]:
    """What an author should know, in plain words, one paragraph each."""
    words = INSTRUCTIONS.format(
        author=form.author,
        first=f"{form.months[0]:%B %Y}",
        last=f"{form.months[-1]:%B %Y}",
        as_of=form.as_of.date(),
        valid=form.valid_until.date(),
    )
    return [" ".join(part.split()) for part in words.split("\n\n") if part.strip()]


def digest_of(texts: list[str]) -> str:
    """Fingerprint of what a workbook was written with."""
    return hashlib.sha256("\n".join(texts).encode("utf-8")).hexdigest()


def write_form(path: Path, form: Form) -> None:
    """Write the workbook of one author; the same form gives the same bytes.

    Parameters
    ----------
    path
        The ``.xlsx`` file.
    form
        What is asked.
    """
    import xlsxwriter

    with xlsxwriter.Workbook(path, {**OPTIONS, "in_memory": True}) as workbook:
        workbook.set_properties({"created": CREATED, "title": f"Forecast of {form.author}"})
        workbook.set_calc_mode("auto")
        formats = formats_of(workbook)
        sheets = {
            name: workbook.add_worksheet(name)
            for name in ("Read me", FORECAST, CHECK, "Activities", META, COPY)
        }
        _read_me(sheets["Read me"], form, formats)
        _forecast(sheets[FORECAST], form, formats)
        check_sheet(sheets[CHECK], form, formats)
        _activities(sheets["Activities"], form, formats)
        _hidden(sheets[META], sheets[COPY], form)
        sheets[FORECAST].activate()


def _read_me(sheet: Worksheet, form: Form, formats: Formats) -> None:
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 3)
    sheet.set_column(1, 1, TEXT_WIDTH)
    sheet.write_string(0, 1, f"{form.title}: forecast of {form.author}", formats["title"])
    for number, sentence in enumerate(instructions(form), start=1):
        sheet.write_number(number + 1, 0, number, formats["text"])
        sheet.write_string(number + 1, 1, sentence, formats["text"])
        sheet.set_row(number + 1, 30)
    lock(sheet)


def _forecast(sheet: Worksheet, form: Form, formats: Formats) -> None:
    months, total = form.months, FIRST_MONTH + len(form.months)
    sheet.hide_gridlines(2)
    sheet.freeze_panes(FIRST_ROW, FIRST_MONTH)
    sheet.repeat_rows(HEADER_ROW)
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    sheet.set_column(FIRST_MONTH, total - 1, MONTH_WIDTH)
    sheet.set_column(total, total, TOTAL_WIDTH)
    sheet.set_column(total + 1, total + 1, REASON_WIDTH)
    sheet.set_column(total + 2, total + 2, DATE_WIDTH)
    sheet.write_string(0, 0, f"{form.title}: forecast of {form.author}", formats["title"])
    sheet.write_string(
        1,
        0,
        f"As of {form.as_of.date()}, base units. Fill in yellow cells: one of three per month, and a reason.",
        formats["note"],
    )
    for place, value in locked_cells(form).items():
        put(sheet, place, value, formats[_style(place, total)])
    for place, value in entry_cells(form).items():
        put(sheet, place, value, formats[_entry_style(place, total)])
    _validate(sheet, form, total)
    known = form.quantities("automatic_qty")
    for number, line in enumerate(form.lines["line"]):
        _formulas(sheet, form, number, [round(known[line, month], 2) for month in months], formats)
    lock(sheet)


def _style(place: tuple[int, int], total: int) -> str:
    row, column = place
    if row == HEADER_ROW:
        return "month" if FIRST_MONTH <= column <= total else "head"
    label = LABELS[(row - FIRST_ROW) % len(LABELS)]
    first = "_first" if label == LABELS[0] else ""
    if column < FIRST_MONTH - 1:
        return f"key{first}"
    if column >= FIRST_MONTH:
        return f"fact{first}"
    if label == RESULT_LABEL:
        return "label_result"
    return "label_entry" if label in ENTRY_LABELS.values() else f"label{first}"


def _entry_style(place: tuple[int, int], total: int) -> str:
    row, column = place
    if column > total:
        return "entry_text" if column == total + 1 else "entry_date"
    label = LABELS[(row - FIRST_ROW) % len(LABELS)]
    return "entry_percent" if label == ENTRY_LABELS["percent"] else "entry"


def _validate(sheet: Worksheet, form: Form, total: int) -> None:
    """Spreadsheets refuse most slips at once; what is pasted in, the reader still checks."""
    for place in range(len(form.lines)):
        first = row_of(place, ENTRY_LABELS[MODES[0]])
        last = row_of(place, ENTRY_LABELS[MODES[-1]])
        sheet.data_validation(
            first,
            FIRST_MONTH,
            last,
            total - 1,
            {
                "validate": "decimal",
                "criteria": "between",
                "minimum": -LARGEST,
                "maximum": LARGEST,
                "error_title": "A number, please",
                "error_message": "Write a number such as 1200, or 5% in the row for percent.",
            },
        )
        sheet.data_validation(
            first,
            total + 2,
            last,
            total + 2,
            {
                "validate": "date",
                "criteria": ">=",
                "value": form.as_of.to_pydatetime(),
                "error_title": "A day, please",
                "error_message": f"Write a day not before {form.as_of.date()}.",
            },
        )


def _formulas(sheet: Worksheet, form: Form, place: int, automatic: list[float], formats: Formats) -> None:
    """Sums of the rows, and the row that shows what comes of the entries."""
    entries, count = entry_cells(form), len(form.months)
    result_row = row_of(place, RESULT_LABEL)
    rows = {mode: row_of(place, ENTRY_LABELS[mode]) for mode in MODES}
    known_row = row_of(place, FACTS["automatic_qty"])
    results = []
    for number in range(count):
        column = FIRST_MONTH + number
        absolute, delta, percent = (entries[rows[mode], column] for mode in MODES)
        letter = column_name(column)
        names = {mode: f"{letter}{row + 1}" for mode, row in rows.items()}
        known = f"{letter}{known_row + 1}"
        formula = (
            f"=IF(ISNUMBER({names['absolute']}),{names['absolute']},"
            f"MAX(0,{known}+N({names['delta']})+{known}*N({names['percent']})))"
        )
        results.append(result_qty(automatic[number], absolute, delta, percent))
        sheet.write_formula(result_row, column, formula, formats["result"], results[-1])
    facts = locked_cells(form)
    total = FIRST_MONTH + count
    for label in LABELS:
        row = row_of(place, label)
        if label == ENTRY_LABELS["percent"]:
            continue
        span = range(FIRST_MONTH, total)
        cells = entries if label in ENTRY_LABELS.values() else facts
        amounts = results if label == RESULT_LABEL else [cells[row, column] or 0.0 for column in span]
        style = _style((row, FIRST_MONTH), total)
        style = "result" if label == RESULT_LABEL else style
        formula = f"=SUM({column_name(FIRST_MONTH)}{row + 1}:{column_name(total - 1)}{row + 1})"
        sheet.write_formula(row, total, formula, formats[style], sum(amounts))


def _activities(sheet: Worksheet, form: Form, formats: Formats) -> None:
    sheet.hide_gridlines(2)
    sheet.freeze_panes(HEADER_ROW + 1, 1)
    sheet.write_string(0, 0, "Coming activities in your lines", formats["title"])
    note = (
        "They are in the forecast already, by their probability."
        if len(form.activities)
        else "There are none."
    )
    sheet.write_string(1, 0, note, formats["note"])
    for column, (name, head) in enumerate(ACTIVITY_HEADS.items()):
        sheet.write_string(HEADER_ROW, column, head, formats["head"])
        texts = [str(value) for value in form.activities[name]] if name in form.activities else []
        width = 12 if name.endswith("_date") else min(48, max([len(head), *map(len, texts)]) + 2)
        sheet.set_column(column, column, width)
    shown = form.activities.to_dict("records")
    for row, activity in enumerate(shown, start=HEADER_ROW + 1):
        for column, name in enumerate(ACTIVITY_HEADS):
            value = activity[name]
            number = isinstance(value, float)
            rate = name == "probability" or (name == "effect" and activity["effect_type"] != "quantity")
            style = "date" if name.endswith("_date") else "rate" if rate else "fact" if number else "label"
            put(sheet, (row, column), value, formats[style])
    lock(sheet)


def _hidden(meta: Worksheet, copy: Worksheet, form: Form) -> None:
    """What the reader needs: who and when, the nodes of the lines, and everything as it was written."""
    cells = locked_cells(form) | entry_cells(form)
    facts: dict[str, str] = {
        "format": FORMAT,
        "customer": form.customer,
        "author": form.author,
        "as_of": str(form.as_of.date()),
        "months": json.dumps([str(month.date()) for month in form.months]),
    }
    columns = ["line", "stream", "family", "product", "market", "node"]
    lines = [json.dumps(line, sort_keys=True) for line in form.lines[columns].to_dict("records")]
    known = form.quantities("automatic_qty")
    written = [
        f"{cell_name(place)}={_text(value)}" for place, value in sorted(cells.items()) if value is not None
    ]
    exact = [
        f"{line}|{month.date()}={known[line, month]!r}"
        for line in form.lines["line"]
        for month in form.months
    ]
    facts["digest"] = digest_of([*facts.values(), *lines, *written, *exact])
    for row, (name, word) in enumerate(facts.items()):
        meta.write_string(row, 0, name)
        meta.write_string(row, 1, word)
    for row, line in enumerate(lines):
        meta.write_string(row, 3, line)
    for row, word in enumerate(exact):
        meta.write_string(row, 4, word)
    for place, value in cells.items():
        if value is not None:
            copy.write_string(*place, _text(value))
    for sheet in (meta, copy):
        sheet.very_hidden()


def _text(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    return repr(value) if isinstance(value, float) else str(value)
