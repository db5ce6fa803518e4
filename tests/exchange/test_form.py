"""A workbook that is given out comes back as it was, or every fault of it is named by its cell."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import pytest

from sopwb.exchange.form import Form, result_qty
from sopwb.exchange.form_layout import cell_name, column_name
from sopwb.exchange.form_read import read_form
from sopwb.exchange.form_write import instructions, write_form
from tests.exchange.workbook import fill, resave

AS_OF = pd.Timestamp("2026-02-28")
MONTHS = pd.to_datetime(["2026-03-01", "2026-04-01"])


def form(author="anna", customer="acme", as_of=AS_OF) -> Form:
    lines = pd.DataFrame(
        [(1, "sales", "cola", "*", "north", "*"), (2, "sales", "=cmd|x", "*", "*", "region=South")],
        columns=["line", "stream", "family", "product", "market", "node"],
    )
    grid = pd.DataFrame(
        [(line, month, 90.0, 95.0, 5.0, 100.125 * line) for line in (1, 2) for month in MONTHS],
        columns=["line", "period", "last_year_qty", "baseline_qty", "activity_qty", "automatic_qty"],
    )
    said = [
        (1, "absolute", MONTHS[0], 120.0, "Listing", pd.Timestamp("2026-03-31")),
        (1, "percent", MONTHS[1], 0.05, "Warm spring", pd.Timestamp("2026-04-30")),
    ]
    standing = pd.DataFrame(said, columns=["line", "mode", "period", "amount", "reason", "expires_on"])
    activity = {
        "description": "Spring promotion",
        "kind": "promotion",
        "family": "cola",
        "product": "*",
        "market": "*",
        "start_date": MONTHS[0],
        "end_date": MONTHS[1],
        "effect_type": "percent",
        "effect": 0.2,
        "probability": 0.9,
        "owner": "mikko",
    }
    until = pd.Timestamp("2026-03-31")
    return Form(customer, "Acme", author, as_of, until, lines, grid, standing, pd.DataFrame([activity]))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "anna.xlsx"
    write_form(place, form())
    return place


def told(path: Path, customer="acme", as_of=AS_OF) -> str:
    return "\n".join(map(str, read_form(path, customer, as_of)[1]))


def test_what_comes_back_unchanged_holds_what_was_given_out(path):
    entries, faults = read_form(path, "acme", AS_OF)
    assert faults == []
    assert entries.author == "anna"
    assert entries.lines["node"].tolist() == ["*", "region=South"]
    assert entries.lines["family"].tolist() == ["cola", "=cmd|x"]
    cells = entries.cells.set_index(["line", "mode", "period"])
    assert cells.loc[(1, "absolute", MONTHS[0]), ["cell", "before"]].tolist() == [120.0, 120.0]
    assert cells.loc[(1, "percent", MONTHS[1]), ["cell", "before"]].tolist() == [0.05, 0.05]
    assert cells["cell"].notna().sum() == 2
    assert cells.loc[(2, "delta", MONTHS[1]), "automatic_qty"] == 200.25
    assert cells.loc[(1, "absolute", MONTHS[0]), "place"] == "anna.xlsx, Forecast!F9"


def test_the_bytes_of_a_workbook_do_not_depend_on_the_clock(path, tmp_path):
    time.sleep(1.1)
    write_form(tmp_path / "again.xlsx", form())
    assert (tmp_path / "again.xlsx").read_bytes() == path.read_bytes()


def test_the_cells_to_fill_may_be_filled(path):
    fill(path, {"G9": 80, "F10": "abc", "I9": "Talks", "J9": 46112})
    entries, faults = read_form(path, "acme", AS_OF)
    assert faults == []
    cells = entries.cells.set_index("place")["cell"]
    assert cells["anna.xlsx, Forecast!G9"] == 80
    assert cells["anna.xlsx, Forecast!F10"] == "abc"
    assert entries.rows["reason"].iloc[0] == "Talks"


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"B5": "juice"}, "anna.xlsx, Forecast!B5: is locked and held cola, now it holds 'juice'"),
        ({"F8": 1.0}, "Forecast!F8: is locked and held 100.12, now it holds 1.0"),
        ({"F4": 46113}, "Forecast!F4: is locked and held 2026-03-01, now it holds"),
        ({"D13": None}, "Forecast!D13: is locked and held region=South, now it holds nothing"),
        ({"E6": "Budget"}, "Forecast!E6: is locked"),
        ({"C30": "more"}, "Forecast!C30: holds 'more', but nothing is asked there"),
        ({"I6": "Note"}, "Forecast!I6: holds 'Note', but nothing is asked there"),
        ({"K9": 5.0}, "Forecast!K9: holds 5.0, but nothing is asked there"),
        ({"H9": 999.0}, "Forecast!H9: shows 999.0, but its row gives 120.00"),
        ({"F12": 7.0}, "Forecast!F12: shows 7.0, but its row gives 120.00"),
        ({"H12": "many"}, "Forecast!H12: shows 'many', but its row gives"),
    ],
)
def test_what_must_not_be_changed_is_named_by_its_cell(path, cells, words):
    fill(path, cells)
    assert words in told(path)


def test_a_sum_on_the_sheet_check_that_does_not_tie_is_named(path):
    fill(path, {"B9": 1.0}, sheet="Check")
    assert "anna.xlsx, Check!B9: shows 1.0, but the sum of Your forecast gives 320.2" in told(path)


def test_a_workbook_saved_without_being_computed_again_does_not_tie(path):
    fill(path, {"F9": 150}, recompute=False)
    assert "Forecast!F12: shows 120" in told(path)
    assert "open and save the workbook so that it is computed again" in told(path)


def test_a_workbook_turned_upside_down_has_its_first_faults_and_their_number(path):
    fill(path, {f"{column}{row}": "x" for column in "ABCDE" for row in range(5, 21)})
    faults = read_form(path, "acme", AS_OF)[1]
    locked = [fault for fault in faults if "locked" in fault.problem]
    assert len(locked) == 21
    assert locked[-1].problem == "60 more locked cells were changed"


def test_a_foreign_workbook_and_one_of_another_customer_or_cycle_is_refused(path, tmp_path):
    from sopwb.exchange import write_workbook

    write_workbook(tmp_path / "other.xlsx", {"Forecast": pd.DataFrame({"a": [1]})})
    assert "other.xlsx: is no workbook of `sopwb collect`" in told(tmp_path / "other.xlsx")
    (tmp_path / "no.xlsx").write_bytes(b"not a workbook")
    assert "no.xlsx: cannot be read as an Excel workbook" in told(tmp_path / "no.xlsx")
    assert "was written for acme, not for kuura" in told(path, customer="kuura")
    assert "older cycle, as of 2026-02-28; now it is 2026-03-31" in told(
        path, as_of=pd.Timestamp("2026-03-31")
    )
    assert "a later cycle" in told(path, as_of=pd.Timestamp("2026-01-31"))
    fill(path, {"B3": "erik"}, sheet="_sopwb")
    assert "is no workbook of `sopwb collect`" in told(path)


def test_every_author_is_told_in_plain_words_what_to_do():
    text = " ".join(instructions(form()))
    assert "asks anna for a forecast of March 2026 to April 2026" in text
    assert "empty means 2026-03-31" in text


def test_columns_and_cells_are_named_as_spreadsheets_do():
    assert [column_name(number) for number in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
    assert cell_name((16, 5)) == "Forecast!F17"
    assert result_qty(10.0, None, -50.0, None) == 0.0


def test_a_text_in_a_cell_is_told_once_and_not_again_by_every_sum_it_spoils(path):
    fill(path, {"F10": "abc"}, recompute=False)
    assert "sum of Your forecast" not in told(path)


def test_a_spreadsheet_program_may_write_the_same_cells_in_its_own_way(path):
    before = read_form(path, "acme", AS_OF)[0]
    resave(path)
    after, faults = read_form(path, "acme", AS_OF)
    assert faults == []
    pd.testing.assert_frame_equal(after.cells, before.cells)
    pd.testing.assert_frame_equal(after.rows, before.rows)
    fill(path, {"F8": 1.0}, recompute=False)
    assert "Forecast!F8: is locked and held 100.12, now it holds 1.0" in told(path)
