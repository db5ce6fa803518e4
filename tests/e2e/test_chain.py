"""The notebook chain and the in-memory run are one model: the same tables, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from sopwb.cycle.inputs import Request
from sopwb.cycle.memory import run_cycle
from sopwb.cycle.run import publish_run
from sopwb.cycle.stages import STAGES
from sopwb.cycle.verify import verify_files, verify_tables
from sopwb.report.context import moment
from sopwb.runs.publish import Published, list_runs
from sopwb.runs.store import arrow_bytes
from sopwb.schema import load_schema

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

RESULTS = [name for stage in STAGES for name in stage.writes]


@pytest.fixture(scope="module")
def sliced_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sliced")


@pytest.fixture(scope="module")
def sliced(sliced_runs: Path, slice_customer: Path) -> Published:
    return publish_run(Request(slice_customer, runs=sliced_runs), sliced_runs)


def test_chain_and_memory_give_the_same_bytes(sliced: Published, slice_customer: Path) -> None:
    schema = load_schema()
    made = run_cycle(slice_customer)
    differing = [
        name
        for name in RESULTS
        if (sliced.folder / "tables" / f"{name}.parquet").read_bytes()
        != arrow_bytes(made[name], schema[name])
    ]
    assert differing == []


def test_a_kernel_for_each_step_gives_the_same_tables(
    sliced: Published, slice_customer: Path, sliced_runs: Path
) -> None:
    again = publish_run(Request(slice_customer, runs=sliced_runs), sliced_runs, isolated=True, fresh=True)
    tables = {name: digest for name, digest in sliced.manifest["files"].items() if name.startswith("tables/")}
    assert {name: again.manifest["files"][name] for name in tables} == tables
    assert not any(step["from_cache"] for step in again.manifest["steps"])


@pytest.mark.usefixtures("sliced")
def test_an_unchanged_run_is_published_from_the_cache(slice_customer: Path, sliced_runs: Path) -> None:
    before = list_runs(sliced_runs)[-1]
    again = publish_run(Request(slice_customer, runs=sliced_runs), sliced_runs)
    assert {step["step"] for step in again.manifest["steps"] if not step["from_cache"]} == set()
    pages = {name for name in again.manifest["files"] if name.endswith(".html")}
    for name in set(before.manifest["files"]) - pages - {"timings.jsonl"}:
        assert again.manifest["files"][name] == before.manifest["files"][name], name
    for name in pages:
        first, second = ((run.folder / name).read_text(encoding="utf-8") for run in (before, again))
        assert before.run_id in first
        named = first.replace(before.run_id, again.run_id)
        moments = (moment(run.manifest["made_at"]) for run in (before, again))
        assert named.replace(*moments) == second


def test_a_published_run_is_whole_and_comes_out_the_same_again(
    sliced: Published, slice_customer: Path
) -> None:
    assert verify_files(sliced, slice_customer).changed == ()
    assert list(verify_tables(sliced, slice_customer)) == []


def test_secrets_reach_no_file_and_no_kernel(
    slice_customer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = "canary-7f3a"
    monkeypatch.setenv("SOPWB_SECRET_ERP", canary)
    customer = tmp_path / "slice"
    customer.mkdir()
    for item in slice_customer.iterdir():
        (customer / item.name).symlink_to(item)
    (customer / "extensions").mkdir()
    (customer / "extensions" / "look.py").write_text(
        "import os\nfrom pathlib import Path\n"
        "if Path('order.json').exists():\n"
        "    Path('seen.txt').write_text(' '.join(sorted(os.environ)) + ' '.join(os.environ.values()))\n"
    )
    run = publish_run(Request(customer), tmp_path / "runs")
    seen = (run.folder / "seen.txt").read_text()
    assert "PANDAS_COPY_ON_WRITE" in seen
    for path in run.folder.rglob("*"):
        assert not path.is_file() or canary.encode() not in path.read_bytes()
