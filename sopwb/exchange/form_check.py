"""The sheet of an author's workbook that adds up all lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sopwb.exchange.form import ENTRY_LABELS, FACTS, MODES, RESULT_LABEL, Form, result_qty
from sopwb.exchange.form_layout import (
    FIRST_MONTH,
    FIRST_ROW,
    FORECAST,
    HEADER_ROW,
    column_name,
    entry_cells,
    locked_cells,
    row_of,
)
from sopwb.exchange.form_style import TOTAL_WIDTH, Formats, lock

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

__all__ = ["check_sheet"]


def check_sheet(sheet: Worksheet, form: Form, formats: Formats) -> None:
    """Sums of the labels over all lines, by month."""
    months = form.months
    sheet.hide_gridlines(2)
    sheet.freeze_panes(HEADER_ROW + 1, 1)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, len(months) + 1, TOTAL_WIDTH)
    sheet.write_string(0, 0, "Sums over all lines", formats["title"])
    sheet.write_string(1, 0, "Lines may overlap; then these sums count the overlap twice.", formats["note"])
    sheet.write_string(HEADER_ROW, 0, "What", formats["head"])
    for number, month in enumerate(months):
        sheet.write_datetime(HEADER_ROW, 1 + number, month.to_pydatetime(), formats["month"])
    sheet.write_string(HEADER_ROW, len(months) + 1, "Total", formats["month"])
    sums = _sums(form)
    for row, (label, amounts) in enumerate(sums.items(), start=FIRST_ROW):
        style = formats["result" if label == RESULT_LABEL else "fact"]
        sheet.write_string(row, 0, label, formats["label_result" if label == RESULT_LABEL else "label"])
        for column, formula in enumerate(_sum_formulas(form, label), start=1):
            sheet.write_formula(row, column, formula, style, amounts[column - 1])
        span = f"B{row + 1}:{column_name(len(months))}{row + 1}"
        sheet.write_formula(row, len(months) + 1, f"=SUM({span})", style, sum(amounts))
    _against(sheet, sums, formats)
    lock(sheet)


def _sum_formulas(form: Form, label: str) -> list[str]:
    """Formula of the sum of one label over all lines, month by month."""
    last = row_of(len(form.lines) - 1, RESULT_LABEL) + 1
    what = f"{FORECAST}!$E${FIRST_ROW + 1}:$E${last}"
    letters = [column_name(FIRST_MONTH + number) for number in range(len(form.months))]
    values = [f"{FORECAST}!${letter}${FIRST_ROW + 1}:${letter}${last}" for letter in letters]
    return [f'=SUMIF({what},"{label}",{span})' for span in values]


def _against(sheet: Worksheet, sums: Mapping[str, list[float]], formats: Formats) -> None:
    """The last row: by how much the authors' forecast differs from the one with activities."""
    row = FIRST_ROW + len(sums)
    before, after = ([*sums[name], sum(sums[name])] for name in (FACTS["automatic_qty"], RESULT_LABEL))
    sheet.write_string(row, 0, "Against the forecast", formats["label"])
    for column, (base, now) in enumerate(zip(before, after, strict=True), start=1):
        letter = column_name(column)
        formula = f"=IF({letter}{row - 1}=0,0,{letter}{row}/{letter}{row - 1}-1)"
        sheet.write_formula(row, column, formula, formats["rate"], now / base - 1 if base else 0.0)


def _sums(form: Form) -> dict[str, list[float]]:
    facts, entries = locked_cells(form), entry_cells(form)
    sums = {label: [0.0] * len(form.months) for label in (*FACTS.values(), RESULT_LABEL)}
    for place in range(len(form.lines)):
        for number in range(len(form.months)):
            column = FIRST_MONTH + number
            for label in FACTS.values():
                sums[label][number] += facts[row_of(place, label), column]
            said = (entries[row_of(place, ENTRY_LABELS[mode]), column] for mode in MODES)
            automatic = facts[row_of(place, FACTS["automatic_qty"]), column]
            sums[RESULT_LABEL][number] += result_qty(automatic, *said)
    return sums
