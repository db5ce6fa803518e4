"""Write tables for people: workbooks, CSV that no spreadsheet takes for a formula, and empty templates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sopwb.errors import SopwbError
from sopwb.schema import Schema, Table

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

__all__ = ["guarded", "write_csv", "write_templates", "write_workbook"]

OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
CREATED = dt.datetime(2000, 1, 1)  # noqa: DTZ001  a fixed date, so that the bytes of a workbook are stable
MOST_ROWS = 1_048_575
LONGEST_TEXT = 32_767
LONGEST_SHEET_NAME = 31
WIDTHS = (8, 48)
MEASURED_ROWS = 200
SECONDS_A_DAY = 86_400
DAYS_TO_1970 = 25_569
FIRST_OF_MARCH_1900 = 61
FORMATS = {
    "header": {"bold": True, "bottom": 1, "valign": "top"},
    "number": {"num_format": "#,##0.00"},
    "integer": {"num_format": "0"},
    "date": {"num_format": "yyyy-mm-dd"},
    "moment": {"num_format": "yyyy-mm-dd hh:mm"},
}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

Formats = Mapping[str, "Format"]
Cell = Callable[[int, int, Any], object]


def write_workbook(
    path: Path,
    sheets: Mapping[str, pd.DataFrame],
    descriptions: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write a workbook with one sheet per table; text is never a formula, a link or a number.

    Parameters
    ----------
    path
        The ``.xlsx`` file.
    sheets
        Table by sheet name.
    descriptions
        What each column of a sheet holds; it becomes a comment on the column's name.

    Raises
    ------
    SopwbError
        A table has more rows than a sheet can hold.
    """
    import xlsxwriter

    too_long = [name for name, frame in sheets.items() if len(frame) > MOST_ROWS]
    if too_long:
        raise SopwbError(f"{', '.join(too_long)}: more rows than a sheet can hold ({MOST_ROWS})")
    with xlsxwriter.Workbook(path, {**OPTIONS, "in_memory": True}) as workbook:
        workbook.set_properties({"created": CREATED})
        formats = {name: workbook.add_format(words) for name, words in FORMATS.items()}
        for name, frame in sheets.items():
            _write_sheet(workbook, name, frame, (descriptions or {}).get(name, {}), formats)


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Write a table as UTF-8 CSV; text that a spreadsheet would take for a formula gets an apostrophe."""
    guarded(frame).to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def guarded(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before every text that begins like a formula."""
    texts = [name for name in frame.columns if frame[name].dtype == object]
    return frame.assign(**{name: frame[name].map(_harmless) for name in texts}).rename(columns=_harmless)


def write_templates(folder: Path, schema: Schema) -> list[Path]:
    """Write one empty workbook per input table, to be filled and put into a customer's ``data/``.

    Returns
    -------
    list
        The files, in order of name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for table in schema.inputs():
        path = folder / f"{table.name}.xlsx"
        write_workbook(path, {table.name: table.empty()}, {table.name: _notes(table)})
        paths.append(path)
    return paths


def _notes(table: Table) -> dict[str, str]:
    notes = {}
    for name, column in table.columns.items():
        words = [column.holds, f"Type: {column.type}."]
        if column.one_of:
            words.append(f"One of: {', '.join(map(str, column.one_of))}.")
        if column.unit:
            words.append(f"Unit: {column.unit}.")
        if column.default is not None:
            words.append(f"Default: {column.default}.")
        elif column.optional:
            words.append("May be empty.")
        notes[name] = "\n".join(words)
    return notes


def _write_sheet(
    workbook: Workbook, name: str, frame: pd.DataFrame, notes: Mapping[str, str], formats: Formats
) -> None:
    sheet = workbook.add_worksheet(name[:LONGEST_SHEET_NAME])
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(frame.columns):
        values = frame[column]
        kind = _kind(values)
        sheet.set_column(place, place, _width(str(column), values, kind), formats.get(kind))
        sheet.write_string(0, place, str(column), formats["header"])
        if column in notes:
            sheet.write_comment(0, place, notes[column], {"author": ""})
        _write_cells(sheet, place, values, kind)
    if len(frame.columns):
        sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)


def _kind(values: pd.Series[Any]) -> str:
    if pd.api.types.is_bool_dtype(values.dtype):
        return "flag"
    if pd.api.types.is_integer_dtype(values.dtype):
        return "integer"
    if pd.api.types.is_numeric_dtype(values.dtype):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return "date" if (values.dropna() == values.dropna().dt.normalize()).all() else "moment"
    return "text"


def _width(name: str, values: pd.Series[Any], kind: str) -> int:
    least, most = WIDTHS
    lengths = [len(name) + 2]
    if kind == "text":
        lengths += [len(str(value)) + 1 for value in values.head(MEASURED_ROWS)]
    elif kind in {"date", "moment"}:
        lengths.append(18 if kind == "moment" else 12)
    else:
        lengths.append(14)
    return int(np.clip(max(lengths), least, most))


def _write_cells(sheet: Worksheet, place: int, values: pd.Series[Any], kind: str) -> None:
    is_moment = kind in {"date", "moment"}
    writers = {"flag": sheet.write_boolean, "integer": sheet.write_number}
    if is_moment:
        write: Cell = sheet.write_number
    elif kind == "number":
        write = sheet.write_number if not np.isinf(values.to_numpy(float)).any() else _finite(sheet)
    else:
        write = writers.get(kind) or _text(sheet, values)
    cells = (_serial(values) if is_moment else values).tolist()
    rows = np.flatnonzero(values.notna().to_numpy()) if values.hasnans else range(len(cells))
    for row in rows:
        write(int(row) + 1, place, cells[row])


def _serial(values: pd.Series[Any]) -> pd.Series[float]:
    """Moments as spreadsheets count them: days since 1900, which they take for a leap year."""
    seconds = values.to_numpy().astype("datetime64[s]").astype("int64")
    days = pd.Series(seconds / SECONDS_A_DAY + DAYS_TO_1970, index=values.index)
    return days.where(days >= FIRST_OF_MARCH_1900, days - 1)


def _finite(sheet: Worksheet) -> Cell:
    def write(row: int, place: int, value: float) -> object:
        if np.isfinite(value):
            return sheet.write_number(row, place, value)
        return sheet.write_string(row, place, str(value))

    return write


def _text(sheet: Worksheet, values: pd.Series[Any]) -> Cell:
    if pd.api.types.infer_dtype(values, skipna=True) == "string" and values.str.len().max() <= LONGEST_TEXT:
        plain: Cell = sheet.write_string
        return plain

    def write(row: int, place: int, value: object) -> object:
        return sheet.write_string(row, place, str(value)[:LONGEST_TEXT])

    return write


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
