"""The editor works without a front end: values are set, buttons are clicked, and the table has the rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from sopwb.cycle.collect import planned
from sopwb.cycle.inputs import Request, load_inputs
from sopwb.errors import InputError
from sopwb.exchange.files import read_file
from sopwb.widgets.forecast_editor import forecast_editor
from tests.cycle.customer import acme

JANUARY, FEBRUARY = pd.to_datetime(["2026-01-01", "2026-02-01"])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = acme(tmp_path_factory.mktemp("editor"))
    scopes = "author,stream,family,product,market\nanna,sales,*,*,*\nanna,finance,*,*,*\n"
    (folder / "data" / "author_scope.csv").write_text(scopes, encoding="utf-8")
    return folder, planned(Request(folder), load_inputs(Request(folder)))


@pytest.fixture
def customer(made, tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("SOPWB_RUNS", str(tmp_path / "runs"))
    return Path(shutil.copytree(made[0], tmp_path / "acme"))


@pytest.fixture
def editor(made, customer):
    return forecast_editor(customer, "anna", tables=made[1])


def rows(customer: Path) -> pd.DataFrame:
    return read_file(customer / "data" / "manual_forecast.csv")


def test_what_is_filled_in_and_saved_is_a_row_of_the_table(editor, customer):
    editor.line.value = 2
    editor.cells["percent", FEBRUARY].value = "5%"
    editor.reasons["percent"].value = "Winter campaign"
    editor.days["percent"].value = "2026-04-30"
    editor.save.click()
    assert "1 row(s) are added to manual_forecast.csv" in editor.message.value
    row = rows(customer).iloc[0]
    assert row[["stream", "period", "mode", "amount"]].tolist() == ["sales", "2026-02-01", "percent", "0.05"]
    assert row[["reason", "expires_on", "entered_at"]].tolist() == [
        "Winter campaign",
        "2026-04-30",
        "2025-12-31 23:59:00",
    ]
    assert editor.cells["percent", FEBRUARY].value == "5%"
    editor.save.click()
    assert "Nothing new" in editor.message.value
    assert len(rows(customer)) == 1


def test_an_emptied_cell_withdraws_and_the_next_editor_shows_nothing(editor, customer, made):
    editor.cells["absolute", JANUARY].value = "1200"
    editor.reasons["absolute"].value = "Order in hand"
    editor.save.click()
    again = forecast_editor(customer, "anna", tables=made[1])
    assert again.cells["absolute", JANUARY].value == "1200"
    assert again.reasons["absolute"].value == "Order in hand"
    again.cells["absolute", JANUARY].value = ""
    again.save.click()
    assert rows(customer)["expires_on"].tolist() == ["2026-01-31", "2025-12-30"]
    assert forecast_editor(customer, "anna", tables=made[1]).cells["absolute", JANUARY].value == ""


def test_every_fault_of_every_line_is_shown_and_nothing_is_written(editor, customer):
    editor.cells["absolute", JANUARY].value = "<b>abc"
    editor.line.value = 2
    editor.cells["delta", FEBRUARY].value = "7"
    editor.line.value = 1
    assert editor.cells["absolute", JANUARY].value == "<b>abc"
    for button in (editor.check, editor.save):
        button.click()
        assert (
            "1 finance, Jan 2026 Your total: &#x27;&lt;b&gt;abc&#x27; is not a number" in editor.message.value
        )
        assert "2 sales, or plus / minus, reason: is empty" in editor.message.value
    assert not (customer / "data" / "manual_forecast.csv").exists()


def test_the_row_of_results_follows_what_is_filled_in(editor):
    shown = editor._shown["Your forecast", JANUARY]
    before = shown.value
    editor.cells["absolute", JANUARY].value = "1234"
    assert shown.value == "<b>1,234</b>"
    editor.cells["absolute", JANUARY].value = ""
    assert shown.value == before


def test_checking_what_is_sound_says_so_and_a_stranger_is_refused(editor, customer):
    editor.check.click()
    assert "Nothing is wrong" in editor.message.value
    with pytest.raises(InputError, match="known are anna"):
        forecast_editor(customer, "erik")
