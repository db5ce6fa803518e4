"""Workbooks of a run: written beside it, taken over when nothing has changed, missed aloud."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from sopwb.config.load import load_setup
from sopwb.cycle.reuse import Reuse, begin_reuse, table_digests
from sopwb.cycle.workbooks import MOST_ROWS, Workbooks, write_workbook_of
from sopwb.errors import SopwbError
from sopwb.runs.store import write_tables
from sopwb.schema import load_schema
from tests.cycle.customer import acme

SCHEMA = load_schema()


def markets(names: list[str]) -> pd.DataFrame:
    words = dict.fromkeys(SCHEMA["market"].columns, "=1+1")
    return SCHEMA["market"].shape(pd.DataFrame({**words, "market": names, "priority": 1}))


@pytest.fixture
def customer(tmp_path: Path) -> Path:
    return acme(tmp_path)


@pytest.fixture
def reuse(customer: Path) -> Reuse:
    return begin_reuse(customer.parent / "runs", customer)


def begun(folder: Path, customer: Path, reuse: Reuse, place: str = "inputs") -> Workbooks:
    """Workbooks of a run that has read one table."""
    write_tables(folder / place, {"market": markets(["home"])}, SCHEMA)
    workbooks = Workbooks(folder, customer, reuse, load_setup(customer, "baseline", {}).model)
    workbooks.begin("inputs", place, table_digests(folder / place))
    return workbooks


def test_a_workbook_is_written_by_another_process_and_taken_over_by_the_next_run(customer, reuse, tmp_path):
    with begun(tmp_path / "first", customer, reuse) as workbooks:
        assert not workbooks.finish()
    first = (tmp_path / "first" / "export" / "inputs.xlsx").read_bytes()
    rows = CalamineWorkbook.from_path(tmp_path / "first" / "export" / "inputs.xlsx").get_sheet_by_name(
        "market"
    )
    assert "=1+1" in rows.to_python()[1]
    with begun(tmp_path / "second", customer, reuse) as workbooks:
        assert workbooks.finish()
    assert (tmp_path / "second" / "export" / "inputs.xlsx").read_bytes() == first
    assert workbooks.names == ["inputs"]


def test_a_workbook_that_cannot_be_written_stops_the_run_with_the_reason(customer, reuse, tmp_path):
    with begun(tmp_path / "run", customer, reuse) as workbooks:
        workbooks.begin("20_demand_review", "tables", {"demand_plan": "0"})
        with pytest.raises(SopwbError, match=r"workbooks could not be written[\s\S]*demand_plan"):
            workbooks.finish()


def test_a_meeting_without_tables_has_no_workbook(customer, reuse, tmp_path):
    workbooks = begun(tmp_path / "run", customer, reuse)
    workbooks.begin("65_walk", "tables", {})
    assert workbooks.names == ["inputs"]
    with workbooks:
        workbooks.finish()


def test_a_run_that_fails_leaves_no_writer_behind(customer, reuse, tmp_path):
    with pytest.raises(RuntimeError, match="meeting"), begun(tmp_path / "run", customer, reuse) as workbooks:
        raise RuntimeError("the meeting fell out")
    assert not workbooks._writer.is_running


def test_long_and_empty_tables_are_listed_and_left_to_parquet(tmp_path):
    long = markets([f"m{place}" for place in range(MOST_ROWS + 1)])
    tables = {"market": long, "product": SCHEMA["product"].empty()}
    write_workbook_of(tmp_path, "inputs", tables, SCHEMA)
    book = CalamineWorkbook.from_path(tmp_path / "export" / "inputs.xlsx")
    assert book.sheet_names == ["contents"]
    listed = [row[:3] for row in book.get_sheet_by_name("contents").to_python()[1:]]
    assert listed == [["market", float(MOST_ROWS + 1), "see market.parquet"], ["product", 0.0, "empty"]]
