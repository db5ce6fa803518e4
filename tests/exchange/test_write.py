"""Workbooks and CSV for people: stable bytes, and no text that becomes a formula."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sopwb.exchange.files import read_csv, read_excel
from sopwb.exchange.write import write_csv, write_templates, write_workbook
from sopwb.schema import Schema

HOSTILE = ["=cmd|' /C calc'!A0", "+1", "-2", "@SUM(A1)", "http://example.org", "<script>", "0012", None]


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "product": HOSTILE,
            "qty": [1.5, np.nan, np.inf, 0, 1, 2, 3, 4],
            "count": range(8),
            "is_new": [True, False] * 4,
            "day": pd.to_datetime(["2026-01-31", "1900-01-01", "2199-12-31"] + ["2026-01-31"] * 4 + [None]),
            "entered_at": pd.to_datetime(["2026-01-31 14:30"] * 8),
        }
    )


def test_what_is_written_to_a_workbook_is_read_back(tmp_path: Path, frame: pd.DataFrame) -> None:
    write_workbook(tmp_path / "x.xlsx", {"plan": frame})
    cells = read_excel(tmp_path / "x.xlsx", "plan")
    assert cells["product"].to_list() == HOSTILE
    assert cells["qty"].to_list()[:4] == [1.5, None, "inf", 0.0]
    assert cells["is_new"].to_list() == [True, False] * 4
    assert [str(day) for day in cells["day"].iloc[:3]] == ["2026-01-31", "1900-01-01", "2199-12-31"]
    assert cells["day"].iloc[7] is None
    assert str(cells["entered_at"].iloc[0]) == "2026-01-31 14:30:00"


def test_the_bytes_of_a_workbook_do_not_depend_on_the_clock(tmp_path: Path, frame: pd.DataFrame) -> None:
    write_workbook(tmp_path / "a.xlsx", {"plan": frame}, {"plan": {"qty": "Quantity."}})
    time.sleep(1.1)
    write_workbook(tmp_path / "b.xlsx", {"plan": frame}, {"plan": {"qty": "Quantity."}})
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_an_empty_table_is_a_sheet_with_names_only(tmp_path: Path) -> None:
    write_workbook(tmp_path / "x.xlsx", {"plan": pd.DataFrame({"a": pd.Series(dtype="float64")})})
    cells = read_excel(tmp_path / "x.xlsx")
    assert (list(cells.columns), len(cells)) == (["a"], 0)


def test_text_like_a_formula_gets_an_apostrophe_in_csv_and_numbers_do_not(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    write_csv(tmp_path / "x.csv", frame.assign(qty=-frame["count"]))
    cells = read_csv(tmp_path / "x.csv")
    assert cells["product"].to_list()[:4] == ["'" + text for text in HOSTILE[:4]]
    assert cells["product"].to_list()[4:] == HOSTILE[4:]
    assert cells["qty"].to_list()[:2] == ["0", "-1"]


def test_there_is_a_template_of_every_input_table(tmp_path: Path, schema: Schema) -> None:
    paths = write_templates(tmp_path, schema)
    assert [path.stem for path in paths] == [table.name for table in schema.inputs()]
    cells = read_excel(tmp_path / "product.xlsx", "product")
    assert list(cells.columns) == list(schema["product"].columns)
    assert cells.empty
