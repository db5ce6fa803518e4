"""From the workbook that is given out to the row in the customer's table, and back into the plan."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sopwb.cycle.collect import collect_forms, planned, read_folder
from sopwb.cycle.inputs import Request, load_inputs
from sopwb.errors import InputError
from sopwb.exchange.files import read_file
from sopwb.exchange.form_read import read_form
from tests.cycle.customer import acme
from tests.exchange.workbook import fill


@pytest.fixture(scope="module")
def given_out(tmp_path_factory) -> tuple[Path, Path, list[Path]]:
    place = tmp_path_factory.mktemp("collect")
    folder = acme(place)
    product = read_file(folder / "data" / "product.csv")
    family = product.loc[product["product_type"] == "finished", "family"].iloc[0]
    market = read_file(folder / "data" / "market.csv")["market"].iloc[0]
    rows = [("anna", "sales", family, "*", market), ("erik", "finance", "*", "*", "*")]
    scopes = pd.DataFrame(rows, columns=["author", "stream", "family", "product", "market"])
    scopes.to_csv(folder / "data" / "author_scope.csv", index=False)
    return folder, place, collect_forms(Request(folder), place / "out")


@pytest.fixture
def back(given_out, tmp_path) -> tuple[Path, Path]:
    """A customer and a folder of workbooks of its own."""
    import shutil

    folder, _, paths = given_out
    shutil.copytree(folder, tmp_path / "acme")
    (tmp_path / "back").mkdir()
    for path in paths:
        shutil.copy(path, tmp_path / "back")
    return tmp_path / "acme", tmp_path / "back"


def anna(folder: Path) -> Path:
    return next(folder.glob("anna*.xlsx"))


def test_every_author_has_a_workbook_and_what_comes_back_unchanged_adds_nothing(given_out, back):
    assert [path.name for path in given_out[2]] == ["anna 2025-12-31.xlsx", "erik 2025-12-31.xlsx"]
    customer, folder = back
    before = sorted(customer.rglob("*"))
    done = read_folder(Request(customer), folder)
    assert done.rows.empty
    assert done.path is None
    assert sorted(customer.rglob("*")) == before


def test_the_lines_of_a_workbook_sum_to_the_plan(given_out):
    folder, _, paths = given_out
    inputs = load_inputs(Request(folder))
    plan = planned(Request(folder), inputs)["demand_plan"]
    entries, _ = read_form(paths[1], "acme", inputs.model.as_of)
    known = entries.cells[entries.cells["mode"] == "absolute"]["automatic_qty"].sum()
    near = plan[plan["period"] < pd.Timestamp("2026-07-01")]
    assert known == pytest.approx(near["automatic_qty"].sum())


def test_what_was_filled_in_is_a_row_and_changes_the_plan_of_this_cycle(back):
    customer, folder = back
    fill(anna(folder), {"F9": 5000, "M9": "Tender won"})
    done = read_folder(Request(customer), folder)
    assert done.workbooks == {"anna 2025-12-31.xlsx": 1, "erik 2025-12-31.xlsx": 0}
    inputs = load_inputs(Request(customer))
    row = inputs.tables["manual_forecast"].iloc[0]
    assert row[["author", "mode", "amount", "reason"]].tolist() == ["anna", "absolute", 5000.0, "Tender won"]
    assert row["entered_at"] == pd.Timestamp("2025-12-31 23:59")
    made = planned(Request(customer), inputs)
    standing = made["standing_forecast"]
    assert standing[["total_qty", "moved_qty"]].to_numpy().tolist() == [
        [5000.0, pytest.approx(0.0, abs=0.01)]
    ]
    sales = made["demand_stream"].query("stream == 'sales'")
    assert sales["stream_qty"].sum() == 5000.0
    assert read_folder(Request(customer), folder).rows.empty


def test_every_fault_of_every_workbook_is_told_and_nothing_is_written(back):
    customer, folder = back
    fill(anna(folder), {"F9": "abc", "B5": "other", "G10": 5.0})
    erik = next(folder.glob("erik*.xlsx"))
    fill(erik, {"F9": 10.0, "M9": "Fine"})
    (folder / "notes.ods").write_bytes(b"")
    before = sorted(customer.rglob("*"))
    with pytest.raises(InputError) as caught:
        read_folder(Request(customer), folder)
    text = str(caught.value)
    assert "anna 2025-12-31.xlsx, Forecast!F9: 'abc' is not a number" in text
    assert "anna 2025-12-31.xlsx, Forecast!B5: is locked" in text
    assert "notes.ods: is no .xlsx workbook" in text
    assert "anna 2025-12-31.xlsx, Forecast!M10: is empty, but Forecast!G10 was filled in" in text
    assert sorted(customer.rglob("*")) == before


def test_two_workbooks_of_one_author_and_an_older_one_are_refused(back):
    import shutil

    customer, folder = back
    shutil.copy(anna(folder), folder / "copy.xlsx")
    with pytest.raises(InputError, match=r"copy.xlsx: is of anna, and so is anna 2025-12-31.xlsx"):
        read_folder(Request(customer), folder)
    with pytest.raises(InputError, match=r"is of a later cycle, as of 2025-12-31; now it is 2025-11-30"):
        read_folder(Request(customer, as_of=pd.Timestamp("2025-11-30")), folder)


def test_a_folder_without_workbooks_and_a_customer_without_authors_are_told(back, tmp_path):
    customer, folder = back
    with pytest.raises(InputError, match="is no folder"):
        read_folder(Request(customer), tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"holds no .xlsx workbook"):
        read_folder(Request(customer), tmp_path / "empty")
    with pytest.raises(InputError, match="is after the as-of date, so this cycle would not see the rows"):
        read_folder(Request(customer), folder, pd.Timestamp("2026-01-05"))
    with pytest.raises(InputError, match="author: 'ann' is asked about nothing\n  → known are anna, erik"):
        collect_forms(Request(customer), tmp_path / "out", "ann")
    (customer / "data" / "author_scope.csv").unlink()
    with pytest.raises(InputError, match="author_scope: nobody is asked for a forecast"):
        collect_forms(Request(customer), tmp_path / "out")
    assert not (tmp_path / "out").exists()
