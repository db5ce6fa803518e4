"""The command line says one readable thing and ends with a code a scheduler can read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sopwb.cli import commands, main
from sopwb.errors import PlanCheckError, SourceError
from sopwb.exchange.files import read_excel
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


def test_templates_and_dictionary_know_the_columns_and_words_of_the_customer(call, place, monkeypatch):
    folder = acme(place)
    text = "table: product\ncolumns:\n  is_organic: {type: flag, default: false, holds: Organic or not.}\n"
    (folder / "schema" / "product.yaml").write_text(text, encoding="utf-8")
    toll = "table: toll\nkind: master\ngrain: One toll maker.\nkey: [toll]\n"
    toll += "columns:\n  toll: {type: text, holds: Its code.}\n"
    (folder / "schema" / "toll.yaml").write_text(toll, encoding="utf-8")
    words = ("--templates", str(place / "empty"), "--dictionary", str(place / "dictionary.md"))
    code, out, _ = call("schema", *words, "--customer", "acme")
    assert code == 0
    assert "with the columns and tables of acme" in out
    assert "is_organic" in read_excel(place / "empty" / "product.xlsx").columns
    assert list(read_excel(place / "empty" / "toll.xlsx").columns) == ["toll"]
    page = (place / "dictionary.md").read_text(encoding="utf-8")
    assert page.startswith("# Data dictionary of acme")
    assert "is_organic" in page
    monkeypatch.chdir(folder)
    assert "acme" in call("schema", "--templates", "empty")[1]
    assert "is_organic" in read_excel(folder / "empty" / "product.xlsx").columns
    monkeypatch.chdir(place)
    assert "acme" not in call("schema", "--templates", "core")[1]
    assert not (place / "core" / "toll.xlsx").exists()
    assert call("schema", "--templates", "x", "--customer", "nobody")[0] == 2


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


def test_a_run_is_verified_and_what_was_changed_is_said_with_code_1(call, place, monkeypatch):
    run = publish(place / "runs", run_id(1))
    code, out, err = call("verify", "latest")
    assert (code, out) == (0, f"{run_id(1)} is whole: 1 files are as they were published.\n")
    assert "acme is not on this machine" in err
    (run.folder / "model.yaml").write_text("name: Other\n", encoding="utf-8")
    code, out, err = call("verify", "2026")
    assert (code, out) == (1, "")
    assert f"{run_id(1)} is not what was published:\nmodel.yaml was changed" in err
    assert call("verify", "latest", "--again")[0] == 2
    monkeypatch.setenv("SOPWB_CUSTOMERS", str(place))
    acme(place)
    monkeypatch.setattr("sopwb.cycle.verify.verify_tables", lambda run, customer: ["kpi: one row"])
    assert (
        f"{run_id(1)} does not come out the same today:\nkpi: one row" in call("verify", "2026", "--again")[2]
    )
    assert call("verify", "nothing")[0] == 2


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


def test_no_secret_is_told_nor_written_into_the_details_of_a_fault_of_ours(call, place, monkeypatch):
    def fails(*_words: object) -> None:
        raise ZeroDivisionError("postgresql://me:kanarie7@erp")

    monkeypatch.setenv("SOPWB_SECRET_ERP", "kanarie7")
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", str(place))
    monkeypatch.setattr(commands, "_request", fails)
    code, out, err = call("check", "acme")
    assert code == 70
    assert "postgresql://me:${SOPWB_SECRET_ERP}@erp" in err
    [details] = place.glob("sopwb-*.txt")
    written = details.read_text(encoding="utf-8")
    assert "ZeroDivisionError" in written
    assert "kanarie7" not in written + out + err


def test_where_no_details_can_be_written_there_is_still_one_message(call, monkeypatch):
    def fails(*_words: object) -> None:
        raise ZeroDivisionError("division by zero")

    def full(*_words: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(commands, "_request", fails)
    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
    code, _, err = call("check", "acme")
    assert code == 70
    assert "ZeroDivisionError" in err
    assert "cannot be written (No space left on device); it was in fails" in err


def test_a_folder_of_runs_that_cannot_be_read_or_written_is_a_message(call, place):
    (place / "runs").write_text("a file")
    folder = acme(place)
    code, out, err = call("run", str(folder))
    assert (code, out) == (2, "")
    assert "runs: cannot be written: " in err
    assert "SOPWB_RUNS" in err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_sign_that_an_old_locale_lacks_stops_nothing(place, encoding):
    publish(place / "runs", run_id(1), headline="1.86 M€ → Kärnten", code={})
    environment = {
        **os.environ,
        "PYTHONIOENCODING": encoding,
        "LC_ALL": "C",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    words = [sys.executable, "-m", "sopwb", "runs"]
    found = subprocess.run(words, capture_output=True, env=environment, check=False)
    assert (found.returncode, found.stderr) == (0, b"")
    assert "1.86 M" in found.stdout.decode(encoding)


TERMINATED = """
import asyncio, signal, sys, time
from sopwb.cli import commands, main
signal.signal(signal.SIGINT, signal.default_int_handler)  # as at a terminal, however the tests were begun
def waits(*words):
    global late
    late = asyncio.new_event_loop().create_future()
    late.set_exception(ValueError("the kernel died"))
    print("waiting", flush=True)
    time.sleep(60)
commands._request = waits
sys.argv = ["sopwb", "check", "acme"]
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="Only POSIX systems end jobs by a signal.")
@pytest.mark.parametrize("word", [signal.SIGTERM, signal.SIGINT])
def test_a_job_that_is_ended_says_so_in_one_line_with_code_130(place, word):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    job = subprocess.Popen(
        [sys.executable, "-c", TERMINATED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert job.stdout.readline() == "waiting\n"
        job.send_signal(word)
        out, err = job.communicate(timeout=30)
    finally:
        job.kill()
        job.communicate()
    assert (job.returncode, out) == (130, "")
    assert err.splitlines() == [
        "Stopped. Nothing was published. The next run continues after the last finished step."
    ]


def test_a_customer_in_a_folder_with_blanks_and_umlauts_is_found(call, place, monkeypatch):
    home = place / "Kunden Übersicht & mehr"
    home.mkdir()
    assert call("check", str(acme(home)))[0] == 0
    monkeypatch.setenv("SOPWB_CUSTOMERS", str(home))
    assert call("check", "acme")[0] == 0


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
