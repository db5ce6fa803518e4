"""The command line says one readable thing and ends with a code a scheduler can read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sopwb.cli import commands, main
from sopwb.errors import PlanCheckError, SourceError
from tests.cycle.customer import acme
from tests.runs.made import publish, run_id


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOPWB_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv("SOPWB_CUSTOMERS", raising=False)
    return tmp_path


@pytest.fixture
def call(place, monkeypatch, capsys):
    """Run a command in this process: its exit code, what it said, and what it complained of."""

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sopwb", *words])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        spoken = capsys.readouterr()
        assert "Traceback" not in spoken.err + spoken.out
        return code, spoken.out, spoken.err

    return run


def test_a_sound_customer_is_said_to_be_sound(call, place):
    code, out, err = call("check", str(acme(place)))
    assert code == 0
    assert "Example Roasters" in out
    assert "As of 2025-12-31, planned to 2027-12-31." in out
    assert err == ""


def test_every_mistake_of_the_user_is_told_on_the_error_stream_with_code_2(call, place):
    folder = acme(place)
    (folder / "data" / "market.csv").unlink()
    (folder / "data" / "product.csv").write_text("product,family\ntea,tea\n", encoding="utf-8")
    before = sorted(place.rglob("*"))
    code, out, err = call("check", str(folder))
    assert (code, out) == (2, "")
    for words in (
        "market: is missing",
        "product: the column description is missing",
        "sales_history.product",
        "→",
    ):
        assert words in err
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--as-of", "31.12.2025"), "--as-of: '31.12.2025' is not a date"),
        (("--as-of", "2025-12-30"), "is not the last day of a month"),
        (("--as-of", "2020-12-31"), "history begins 2023-07-01"),
        (("--scenario", "dear_cofee"), "did you mean dear_coffee?"),
        (("--set", "supply.late_days_maximu=3"), "did you mean late_days_maximum?"),
        (("--set", "supply"), "'supply' sets nothing"),
        (("--set", "name=A", "--set", "name=B"), "name is set twice"),
        (("--set", "supply.late_days_maximum=1e400"), "too large"),
        (("--set", "supply.late_days_maximum=many"), 'supply.late_days_maximum is "many"'),
    ],
)
def test_a_wrong_option_is_told_with_what_would_be_right(call, place, words, told):
    code, _, err = call("check", str(acme(place)), *words)
    assert code == 2
    assert told in err


@pytest.mark.parametrize(
    "words", [("chek", "x"), ("check",), ("check", "x", "--nothing"), ("run", "x", "--as-of")]
)
def test_wrong_usage_is_code_2(call, words):
    code, _, err = call(*words)
    assert code == 2
    assert "Error" in err


@pytest.mark.parametrize("name", ["nobody", "../nobody", "/nowhere/acme", ""])
def test_an_unknown_customer_is_told_the_known_ones(call, name):
    code, _, err = call("check", name)
    assert code == 2
    assert "there is no customer" in err
    assert "demo" in err


def test_a_customer_is_found_by_its_name_on_the_search_path(call, place, monkeypatch):
    (place / "clients").mkdir()
    acme(place / "clients")
    monkeypatch.setenv("SOPWB_CUSTOMERS", str(place / "clients"))
    assert call("check", "acme", "--no-extensions")[0] == 0


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (SourceError("the export folder cannot be reached"), 3, "the export folder cannot be reached"),
        (PlanCheckError("stock balances: tea"), 1, "stock balances: tea"),
        (KeyboardInterrupt(), 130, "Stopped. Nothing was published."),
        (ZeroDivisionError("division by zero"), 70, "This is our fault: ZeroDivisionError"),
    ],
)
def test_each_end_has_its_exit_code_and_no_traceback(call, place, monkeypatch, error, code, told):
    def fails(*_words: object) -> None:
        raise error

    monkeypatch.setattr(commands, "_request", fails)
    monkeypatch.setenv("TMPDIR", str(place))
    found, _, err = call("check", "acme")
    assert found == code
    assert told in err


def test_a_new_customer_is_made_once(call, place):
    code, out, _ = call("new", "acme")
    assert code == 0
    assert "sopwb run" in out
    assert (place / "acme" / "model.yaml").is_file()
    code, _, err = call("new", "acme")
    assert code == 2
    assert "exists already" in err
    assert call("new", "../x y")[0] == 2


def test_the_schema_is_said_or_written(call, place):
    code, out, _ = call("schema")
    assert code == 0
    assert "calendar" in json.loads(out)["properties"]
    assert call("schema", "model.schema.json")[0] == 0
    assert json.loads((place / "model.schema.json").read_text(encoding="utf-8")) == json.loads(out)


def test_the_exit_code_of_jupyterlab_is_handed_on(call, monkeypatch):
    monkeypatch.setattr("sopwb.cli.lab.open_lab", lambda: 4)
    assert call("lab")[0] == 4


def test_without_runs_the_list_says_how_to_make_one(call):
    assert call("runs") == (0, "No run is published yet: `sopwb run` makes one.\n", "")
    code, _, err = call("compare", "latest", "latest")
    assert code == 2
    assert "`sopwb run` makes one" in err


def test_a_run_is_approved_by_its_name_once(call, place):
    publish(place / "runs", run_id(1))
    assert call("approve", "2026", "--by", "cfo")[:2] == (0, f"{run_id(1)} is approved by cfo.\n")
    code, _, err = call("approve", "latest", "--by", "cfo")
    assert code == 2
    assert "is approved already" in err


@pytest.mark.parametrize("name", ["../../etc", "/etc/passwd", "..", "*"])
def test_a_run_cannot_be_named_outside_the_folder_of_runs(call, place, name):
    publish(place / "runs", run_id(1))
    code, _, err = call("approve", name, "--by", "cfo")
    assert code == 2
    assert "is no published run" in err
    assert call("runs", name) == (0, "No run is published yet: `sopwb run` makes one.\n", "")


def test_the_command_line_answers_before_it_has_read_what_planning_needs():
    heavy = [
        "pandas",
        "numpy",
        "cvxpy",
        "darts",
        "statsforecast",
        "altair",
        "papermill",
        "duckdb",
        "pyarrow",
        "pydantic",
    ]
    code = f"import sys, sopwb.cli; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_forecasts_are_collected_and_read_back(call, place):
    folder = acme(place)
    scope = "author,stream\n../anna,sales\n._anna,sales\n"
    (folder / "data" / "author_scope.csv").write_text(scope, encoding="utf-8")
    code, out, err = call("collect", str(folder))
    assert (code, err) == (0, "")
    assert (
        "2 workbook(s) are in collect/acme:\n  anna 2025-12-31.xlsx\n  anna 2 2025-12-31.xlsx"
        in out.replace("\\", "/")
    )
    code, out, err = call("collect", str(folder), "--read", str(place / "collect" / "acme"))
    assert (code, err) == (0, "")
    assert "Nothing new; nothing is added." in out
    code, _, err = call("collect", str(folder), "--read", str(place), "--entered-at", "soon")
    assert code == 2
    assert "--entered-at: 'soon' is not a date" in err
