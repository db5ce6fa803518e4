"""How the cells of an author's workbook look, and the few ways in which its sheets are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

__all__ = [
    "DATE_WIDTH",
    "MONTH_WIDTH",
    "REASON_WIDTH",
    "TEXT_WIDTH",
    "TOTAL_WIDTH",
    "WIDTHS",
    "Formats",
    "formats_of",
    "lock",
    "put",
]

INK, PALE, LINE, FILL = "#1F2933", "#F3F4F6", "#C8CDD3", "#FFF7D6"
WIDTHS = (12, 18, 24, 24, 26)
MONTH_WIDTH, TOTAL_WIDTH, REASON_WIDTH, DATE_WIDTH, TEXT_WIDTH = 11, 12, 46, 13, 104
QUANTITY, PERCENT, MONTH, DATE = "#,##0;-#,##0;0", "0.0%;-0.0%;0.0%", "mmm yyyy", "yyyy-mm-dd"
ENTRY_QUANTITY = "#,##0.###;-#,##0.###;0"
BASE: dict[str, Any] = {"font_name": "Calibri", "font_size": 10, "font_color": INK, "valign": "vcenter"}
CELL: dict[str, Any] = {"bg_color": FILL, "border": 1, "border_color": LINE, "locked": False}
STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 14},
    "note": {"font_color": "#52606D"},
    "text": {"text_wrap": True, "valign": "top"},
    "head": {"bold": True, "font_color": "#FFFFFF", "bg_color": INK, "align": "left"},
    "month": {"bold": True, "font_color": "#FFFFFF", "bg_color": INK, "align": "right", "num_format": MONTH},
    "key": {"font_color": "#7B8794"},
    "key_first": {"bold": True, "top": 2, "top_color": INK},
    "label": {},
    "label_first": {"top": 2, "top_color": INK},
    "label_entry": {"bold": True},
    "label_result": {"bold": True, "bg_color": PALE},
    "fact": {"num_format": QUANTITY},
    "fact_first": {"num_format": QUANTITY, "top": 2, "top_color": INK},
    "result": {"num_format": QUANTITY, "bold": True, "bg_color": PALE},
    "rate": {"num_format": PERCENT},
    "entry": {**CELL, "num_format": ENTRY_QUANTITY},
    "entry_percent": {**CELL, "num_format": PERCENT},
    "entry_text": {**CELL, "num_format": "@"},
    "entry_date": {**CELL, "num_format": DATE},
    "date": {"num_format": DATE, "align": "left"},
}

Formats = Mapping[str, "Format"]


def formats_of(workbook: Workbook) -> Formats:
    """The styles as formats of one workbook, by name."""
    return {name: workbook.add_format({**BASE, **style}) for name, style in STYLES.items()}


def lock(sheet: Worksheet) -> None:
    """Lock a sheet but for its cells to fill, and set it to print on one page's width."""
    sheet.protect("", {"format_columns": True, "format_rows": True})
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def put(sheet: Worksheet, place: tuple[int, int], value: Any, style: Format | None = None) -> None:
    """Write one value as what it is: nothing, a day, a number or a text."""
    if value is None:
        sheet.write_blank(*place, None, style)
    elif isinstance(value, pd.Timestamp):
        sheet.write_datetime(*place, value.to_pydatetime(), style)
    elif isinstance(value, float):
        sheet.write_number(*place, value, style)
    else:
        sheet.write_string(*place, str(value), style)
