"""A run does only what has not been done: meetings are held once on the same, and never half shown."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from sopwb.cycle import run as run_module
from sopwb.cycle.ahead import Ahead
from sopwb.cycle.beside import Beside
from sopwb.cycle.fingerprint import Fingerprint, take_fingerprint
from sopwb.cycle.inputs import Request, load_inputs
from sopwb.cycle.run import publish_run
from sopwb.cycle.stages import NOTEBOOKS, STAGES
from sopwb.errors import InputError, SopwbError
from sopwb.report.context import moment
from sopwb.runs.publish import begin_run, list_runs
from sopwb.runs.store import write_tables
from sopwb.schema import load_schema
from tests.cycle.customer import acme, append, cells, write
from tests.runs.made import run_id

SCHEMA = load_schema()


class Meetings:
    """Stands for the kernel: each notebook writes its tables empty, and is noted; one may go wrong."""

    def __init__(self) -> None:
        self.held: list[str] = []
        self.wrong: dict[str, BaseException] = {}

    @contextmanager
    def executor(self, folder: Path, *, isolated: bool = False, is_begun: bool = False) -> Iterator:
        (folder / "notebooks").mkdir(exist_ok=True)

        def execute(path: Path, _parameters: object) -> Path:
            if path.stem in self.wrong:
                raise self.wrong[path.stem]
            self.held.append(path.stem)
            shutil.copy(path, folder / "notebooks" / path.name)
            for stage in (stage for stage in STAGES if stage.notebook == path.stem):
                write_tables(folder / "tables", {name: SCHEMA[name].empty() for name in stage.writes}, SCHEMA)
                run_module._add_timing(folder, {"stage": stage.name, "seconds": 1.0, "from_cache": False})
            return folder / "notebooks" / path.name

        yield execute


@pytest.fixture
def meetings(monkeypatch: pytest.MonkeyPatch) -> Meetings:
    """A run without kernel and without drawing, so that only its order is tried."""
    found = Meetings()

    def pages(folder: Path, manifest: dict, *_: object) -> None:
        (folder / "index.html").write_text("sopwb-name-of-this-run sopwb-moment-of-this-run")

    def workbook(_: Beside, line: str) -> None:
        order = json.loads(line)
        path = Path(order["folder"]) / "export" / f"{order['name']}.xlsx"
        path.parent.mkdir(exist_ok=True)
        path.write_text(" ".join(order["tables"]))

    monkeypatch.setattr("sopwb.cycle.crew.executor", found.executor)
    monkeypatch.setattr(run_module, "write_pages", pages)
    monkeypatch.setattr(Ahead, "prepare", lambda _ahead: None)
    monkeypatch.setattr(Beside, "tell", workbook)
    return found


@pytest.fixture
def customer(tmp_path: Path) -> Path:
    return acme(tmp_path)


def publish(customer: Path, **words: object):
    runs = customer.parent / "runs"
    return publish_run(Request(customer, runs=runs, **words.pop("request", {})), runs, **words)


def taken(published) -> dict[str, bool]:
    return {step["step"]: step["from_cache"] for step in published.manifest["steps"]}


def left(customer: Path) -> list[str]:
    return [path.name for path in (customer.parent / "runs").glob("*/.building*")]


def test_an_unchanged_run_executes_nothing_reads_nothing_and_has_the_same_bytes(
    customer, meetings, monkeypatch
):
    first = publish(customer)
    assert meetings.held == list(NOTEBOOKS)
    assert not any(taken(first).values())
    meetings.held.clear()
    monkeypatch.setattr("sopwb.cycle.begin.load_inputs", lambda request: pytest.fail("data was read"))
    again = publish(customer)
    assert meetings.held == []
    assert all(taken(again).values())
    assert [row["from_cache"] for row in again.manifest["timings"]] == [True] * len(STAGES)
    different = {"timings.jsonl", "index.html"}
    files = {name: digest for name, digest in first.manifest["files"].items() if name not in different}
    assert {name: again.manifest["files"][name] for name in files} == files
    assert again.manifest["as_of"] == "2025-12-31"
    assert again.manifest["seeds"] == {"demand.paths": 1}


def test_pages_carry_the_name_and_the_moment_of_their_own_run(customer, meetings):
    for _ in range(2):
        run = publish(customer)
        text = (run.folder / "index.html").read_text()
        assert text == f"{run.run_id} {moment(run.manifest['made_at'])}"


def test_a_fresh_run_makes_everything_again(customer, meetings):
    publish(customer)
    again = publish(customer, fresh=True)
    assert meetings.held == [*NOTEBOOKS, *NOTEBOOKS]
    assert not any(taken(again).values())
    assert all(taken(publish(customer)).values())


def change_setting(customer: Path) -> None:
    append(customer, "model.yaml", "\nsupply: {late_days_maximum: 3}\n")


def change_data(customer: Path) -> None:
    sales = cells(customer, "sales_history")
    sales.loc[0, "sold_qty"] = "1"
    write(customer, "sales_history", sales)


def add_extension(customer: Path) -> None:
    (customer / "extensions" / "own.py").write_text("X = 1\n", encoding="utf-8")


@pytest.mark.parametrize("change", [change_setting, change_data, add_extension])
def test_what_changes_the_plan_is_not_taken_over(customer, meetings, change):
    publish(customer)
    meetings.held.clear()
    change(customer)
    again = publish(customer)
    assert meetings.held == list(NOTEBOOKS)
    assert not taken(again)["inputs"]


def test_a_file_that_says_the_same_is_read_again_but_changes_nothing(customer, meetings):
    publish(customer)
    meetings.held.clear()
    market = (customer / "data" / "market.csv").read_text(encoding="utf-8")
    (customer / "data" / "market.csv").write_text(market + "\n\n", encoding="utf-8")
    again = publish(customer)
    assert not taken(again)["inputs"]
    assert meetings.held == []


@pytest.mark.parametrize(
    "words",
    [
        {"as_of": pd.Timestamp("2025-06-30")},
        {"scenario": "dear_coffee"},
        {"parameters": {"supply.late_days_maximum": 3}},
    ],
)
def test_another_as_of_date_or_scenario_or_setting_is_another_run(tmp_path, meetings, words):
    customer = acme(tmp_path, "purchase_term", "supplier")
    publish(customer)
    meetings.held.clear()
    assert not taken(publish(customer, request=words))["inputs"]
    assert meetings.held == list(NOTEBOOKS)


def test_only_the_notebook_that_was_changed_is_executed_again(customer, meetings):
    publish(customer)
    meetings.held.clear()
    own = json.loads((run_module.chain(customer)[2]).read_text(encoding="utf-8"))
    own["cells"][0]["source"] = ["# Our own demand review"]
    (customer / "notebooks" / "20_demand_review.ipynb").write_text(json.dumps(own), encoding="utf-8")
    run = publish(customer)
    assert meetings.held == ["20_demand_review"]
    assert run.manifest["warnings"] == [
        "20_demand_review is the customer's own notebook, not the workbench's"
    ]
    assert [row["notebook"] for row in run.manifest["replaced_notebooks"]] == ["20_demand_review"]


@pytest.mark.parametrize("ends", [KeyboardInterrupt(), InputError([]), OSError(errno.ENOSPC, "full")])
def test_a_run_that_is_stopped_is_resumed_after_its_last_finished_meeting(customer, meetings, ends):
    publish(customer)
    change_data(customer)
    meetings.held.clear()
    meetings.wrong["40_supply_review"] = ends
    with pytest.raises((KeyboardInterrupt, InputError)):
        publish(customer)
    assert left(customer) == []
    assert len(list_runs(customer.parent / "runs")) == 1
    meetings.wrong.clear()
    run = publish(customer)
    assert meetings.held == list(NOTEBOOKS)  # each once, though there were two runs
    assert [name for name, is_taken in taken(run).items() if is_taken] == ["inputs", *NOTEBOOKS[:4]]


def test_what_a_run_that_failed_by_our_fault_left_is_cleared_by_the_next(customer, meetings):
    meetings.wrong["40_supply_review"] = SopwbError("a bug")
    with pytest.raises(SopwbError, match="a bug"):
        publish(customer)
    assert len(left(customer)) == 1
    meetings.wrong.clear()
    publish(customer)
    assert left(customer) == []


def test_our_fault_while_data_is_read_leaves_nothing(customer, meetings, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise SopwbError("a bug")

    monkeypatch.setattr(run_module, "begin", fail)
    with pytest.raises(SopwbError, match="a bug"):
        publish(customer)
    assert left(customer) == []


def test_a_run_that_another_process_is_making_is_not_touched(customer, meetings):
    other = begin_run(customer.parent / "runs", "acme", run_id(1))
    (other.building / "theirs").write_text("theirs")
    publish(customer)
    assert (other.building / "theirs").read_text() == "theirs"
    assert len(list_runs(customer.parent / "runs")) == 1


def test_a_damaged_entry_is_made_again_to_the_same_bytes(customer, meetings):
    first = publish(customer)
    meetings.held.clear()
    cache = customer.parent / "runs" / "acme" / ".cache" / "files"
    (cache / first.manifest["files"]["tables/kpi.parquet"]).write_bytes(b"damaged")
    (cache / first.manifest["files"]["inputs/market.parquet"]).write_bytes(b"damaged")
    again = publish(customer)
    assert not taken(again)["inputs"]
    assert "50_finance_reconciliation" in meetings.held
    for name in ("tables/kpi.parquet", "inputs/market.parquet", "model.yaml"):
        assert again.manifest["files"][name] == first.manifest["files"][name]


def test_nothing_is_kept_of_code_that_was_changed_while_it_ran(customer, meetings, monkeypatch):
    changed = take_fingerprint(customer)
    monkeypatch.setattr("sopwb.cycle.reuse.take_fingerprint", iter_of(changed))
    publish(customer)
    assert not list((customer.parent / "runs" / "acme").glob(".cache/steps/*"))


def iter_of(first: Fingerprint):
    """The true fingerprint when the run begins, another one each time after."""
    given = [first]
    return lambda folder: given.pop() if given else Fingerprint("changed", "", "")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_folder_that_cannot_be_written_is_one_message_and_leaves_nothing(
    customer, meetings, monkeypatch, code
):
    def fails(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("sopwb.cycle.begin.write_tables", fails)
    with pytest.raises(InputError, match=r"runs: cannot be written: .*") as caught:
        publish(customer)
    assert "SOPWB_RUNS" in str(caught.value)
    assert left(customer) == []


def test_a_file_in_the_place_of_the_folder_of_runs_is_told(customer, meetings):
    (customer.parent / "runs").write_text("a file")
    with pytest.raises(InputError, match="runs: cannot be written: "):
        publish(customer)


def test_a_mistake_in_the_data_leaves_no_trace(customer, meetings):
    before = sorted(customer.parent.rglob("*"))
    (customer / "data" / "market.csv").write_text("market\nx\n", encoding="utf-8")
    with pytest.raises(InputError):
        publish(customer)
    assert sorted(customer.parent.rglob("*")) == before


def test_a_source_that_is_no_folder_is_asked_each_time(customer, meetings):
    (customer / "extensions" / "own.py").write_text(
        "from sopwb.extend import source\nfrom sopwb.exchange.raw import RawInputs\n"
        "@source('erp')\ndef erp(mapped, location, only):\n    return RawInputs()\n",
        encoding="utf-8",
    )
    (customer / "sources" / "erp.yaml").write_text("source: erp\nkind: erp\n", encoding="utf-8")
    publish(customer)
    meetings.held.clear()
    assert not taken(publish(customer))["inputs"]
    assert meetings.held == []


def test_a_run_of_the_next_cycle_reads_what_the_last_one_planned(customer, meetings):
    publish(customer, request={"as_of": pd.Timestamp("2025-11-30")})
    now = publish(customer)
    assert now.manifest["builds_on"] is not None
    again = publish(customer)
    assert again.manifest["builds_on"] == now.manifest["builds_on"]
    assert taken(again)["inputs"]
    assert (
        load_inputs(Request(customer, runs=customer.parent / "runs")).builds_on == again.manifest["builds_on"]
    )


def test_a_file_that_may_not_be_read_is_told(customer, meetings, monkeypatch):
    def forbidden(path: Path) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("sopwb.cycle.begin.file_digest", forbidden)
    monkeypatch.setattr("sopwb.exchange.files.read_csv", forbidden)
    with pytest.raises(InputError, match=r"market\.csv: cannot be read: Permission denied"):
        publish(customer)
    assert not (customer.parent / "runs").exists()


def test_two_runs_that_end_at_once_both_list_what_is_published(customer, meetings, monkeypatch):
    publish(customer)
    replace, done = Path.replace, []

    def other_first(path: Path, target: Path) -> Path:
        """Just before one run shows its list, another process has shown its own."""
        if path.name.startswith(".index.html") and not done:
            done.append(path)
            monkeypatch.setattr(run_module.os, "getpid", lambda: 1)
            run_module.write_runs_index(customer.parent / "runs")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", other_first)
    run = publish(customer)
    assert done
    assert run.run_id in (customer.parent / "runs" / "index.html").read_text(encoding="utf-8")
