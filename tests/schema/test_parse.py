"""A cell is what it should be, or a fault with its row and its remedy; nothing is guessed."""

from __future__ import annotations

import datetime as dt
import decimal
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.schema.parse import parse
from sopwb.schema.table import Column, Table

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(str.strip).filter(bool)
DAYS = st.dates(dt.date(1700, 1, 1), dt.date(2261, 12, 31))


def table_of(kind: str, **words: object) -> Table:
    column = Column(name="cell", type=kind, holds="What it holds.", **words)
    return Table("things", "fact", "One thing.", ("cell",), {"cell": column})


def read(kind: str, cells: list[object], **words: object) -> tuple[list[object], str]:
    frame, faults = parse(pd.DataFrame({"cell": pd.Series(cells, dtype="object")}), table_of(kind, **words))
    return frame["cell"].tolist(), "\n".join(map(str, faults))


@settings(max_examples=25)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_come_back_as_they_were_written(values):
    for cells in (list(map(repr, values)), values):
        found, faults = read("number", cells)
        assert faults == ""
        assert found == values


@settings(max_examples=25)
@given(st.lists(st.integers(-(2**53) + 1, 2**53 - 1), min_size=1))
def test_whole_numbers_come_back_without_loss(values):
    for cells in (list(map(str, values)), values):
        found, faults = read("integer", cells)
        assert faults == ""
        assert found == values


@settings(max_examples=25)
@given(st.lists(TEXTS, min_size=1))
def test_text_comes_back_as_it_was_but_for_blanks_around_it(values):
    found, faults = read("text", [f" {value} " for value in values])
    assert faults == ""
    assert found == values


@settings(max_examples=25)
@given(st.lists(DAYS, min_size=1))
def test_dates_come_back_as_they_were(values):
    for cells in ([day.isoformat() for day in values], values, list(map(pd.Timestamp, values))):
        found, faults = read("date", cells)
        assert faults == ""
        assert [moment.date() for moment in found] == values


@settings(max_examples=25)
@given(st.lists(st.booleans(), min_size=1))
def test_flags_come_back_as_they_were(values):
    for cells in (values, [str(value).upper() for value in values], [str(int(value)) for value in values]):
        found, faults = read("flag", cells)
        assert faults == ""
        assert found == values


@pytest.mark.parametrize("word", ["NO", "0012", "1e400", "NA", "null", "TRUE", "1.0", "007-A"])
def test_a_code_that_looks_like_something_else_stays_text(word):
    assert read("text", [word]) == ([word], "")


def test_a_whole_number_in_a_cell_of_text_is_written_without_a_decimal_point():
    assert read("text", [1001, 1002.0, np.int64(7)]) == (["1001", "1002", "7"], "")
    frame, faults = parse(
        pd.DataFrame({"cell": pd.array([12, None], dtype="Int64")}), table_of("text", optional=True)
    )
    assert frame["cell"].tolist() == ["12", None]
    assert faults == []


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("number", "1e400"),
        ("number", "0012"),
        ("number", "NO"),
        ("number", "1,5"),
        ("number", "1.234,5"),
        ("number", "NaN"),
        ("number", "inf"),
        ("number", math.inf),
        ("number", True),
        ("number", "1 000"),
        ("number", "0x10"),
        ("integer", "1.5"),
        ("integer", 1.9),
        ("integer", "1.0"),
        ("integer", "007"),
        ("integer", 2**53),
        ("integer", "NO"),
        ("flag", "maybe"),
        ("flag", 2),
        ("date", "28.02.2026"),
        ("date", "2026-02-30"),
        ("date", "2026-2-3"),
        ("date", "2026-02-28 14:30"),
        ("date", 46081),
        ("date", "9999-12-31"),
        ("timestamp", "yesterday"),
        ("timestamp", "2026-02-28 25:00"),
        ("text", 1.5),
        ("text", True),
    ],
)
def test_a_cell_that_is_not_what_it_should_be_is_a_fault_with_row_and_remedy(kind, cell):
    good = {
        "number": 1,
        "integer": 1,
        "flag": True,
        "date": "2026-02-28",
        "timestamp": "2026-02-28",
        "text": "a",
    }
    _, message = read(kind, [good[kind], cell])
    assert "things.cell: 1 cell(s): is not" in message
    assert f"row 3: {cell!r}" in message
    assert "→ write" in message


@pytest.mark.parametrize("kind", ["text", "number", "integer", "flag", "date", "timestamp"])
def test_an_empty_cell_is_a_fault_unless_the_column_is_optional_or_has_a_default(kind):
    default = {
        "text": "a",
        "number": 1,
        "integer": 1,
        "flag": True,
        "date": "1900-01-01",
        "timestamp": "1900-01-01",
    }
    for empty in (None, "", "  ", math.nan):
        _, message = read(kind, [empty])
        assert "things.cell: 1 cell(s): is empty" in message
        assert "→ What it holds." in message
        assert read(kind, [empty], optional=True)[1] == ""
        found, faults = read(kind, [empty], default=default[kind])
        assert faults == ""
        assert not pd.isna(found[0])


def test_typed_cells_of_other_systems_are_read():
    assert read("number", [decimal.Decimal("1.5"), np.float32(2), 3]) == ([1.5, 2.0, 3.0], "")
    assert read("date", [dt.date(2026, 2, 28), pd.Timestamp(2026, 2, 28)])[1] == ""
    zoned = pd.DataFrame({"cell": pd.to_datetime(["2026-02-28T10:00Z"])})
    frame, faults = parse(zoned, table_of("timestamp"))
    assert frame["cell"].tolist() == [pd.Timestamp("2026-02-28 10:00")]
    assert faults == []


def test_every_fault_of_every_column_comes_at_once():
    columns = {
        name: Column(name, kind, f"The {name}.") for name, kind in {"a": "number", "b": "date"}.items()
    }
    table = Table("things", "fact", "One thing.", ("a",), columns | {"c": Column("c", "text", "The c.")})
    raw = pd.DataFrame({"a": ["x", "1", "y"], "b": ["1.2.2026", "2026-02-28", ""], "d": ["", "", ""]})
    _, faults = parse(raw, table)
    assert [(fault.where, fault.problem) for fault in faults] == [
        ("things", "the column c is missing"),
        ("things", "the column 'd' is not declared"),
        ("things.a", "2 cell(s): is not a finite number"),
        ("things.b", "1 cell(s): is empty"),
        ("things.b", "1 cell(s): is not a date"),
    ]


def test_an_unknown_column_is_told_its_nearest_name_and_a_doubled_one_is_named():
    raw = pd.DataFrame([["a", "b", "c"]], columns=["cell", "cell", "cel"])
    _, faults = parse(raw, table_of("text"))
    message = "\n".join(map(str, faults))
    assert "the column 'cel' is not declared\n  → did you mean cell?" in message
    assert "the column cell stands twice" in message
