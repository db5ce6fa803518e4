"""The demo customer, planned whole: complete, balanced, and shown."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from sopwb.cycle.stages import NOTEBOOKS, STAGES
from sopwb.runs.digest import file_digest
from sopwb.runs.publish import Published
from sopwb.runs.store import read_table
from sopwb.schema import load_schema
from tests.e2e.conftest import LookAt

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LARGEST_PAGE = 1_500_000


def _table(run: Published, name: str) -> pd.DataFrame:
    return read_table(run.folder / "tables" / f"{name}.parquet", load_schema()[name])


def test_the_run_holds_everything_it_promises(demo_run: Published) -> None:
    folder = demo_run.folder
    assert {path.stem for path in folder.glob("notebooks/*.ipynb")} == set(NOTEBOOKS)
    assert {path.stem for path in folder.glob("html/*.html")} == set(NOTEBOOKS)
    assert {path.stem for path in folder.glob("tables/*.parquet")} == {
        name for stage in STAGES for name in stage.writes
    }
    assert {path.stem for path in folder.glob("export/*.xlsx")} == {"inputs", *NOTEBOOKS}
    for name in ("index.html", "pack.html", "model.yaml", "export/70_executive_sop.xlsx"):
        assert (folder / name).stat().st_size > 1000
    assert (folder.parents[1] / "index.html").exists()
    assert json.loads((folder.parent / "latest.json").read_text())["run"] == demo_run.run_id


def test_the_manifest_holds_the_digest_of_every_file(demo_run: Published) -> None:
    files = demo_run.manifest["files"]
    found = {
        path.relative_to(demo_run.folder).as_posix() for path in demo_run.folder.rglob("*") if path.is_file()
    }
    assert found == set(files) | {"manifest.json"}
    sample = sorted(files)[::7]
    assert {name: file_digest(demo_run.folder / name) for name in sample} == {
        name: files[name] for name in sample
    }


def test_no_check_fails_and_checks_are_many(demo_run: Published) -> None:
    checks = _table(demo_run, "check")
    assert list(checks.loc[checks["status"] == "fail", "check"]) == []
    assert len(checks) >= 10


def test_demand_is_shipped_open_or_lost(demo_run: Published) -> None:
    plan = _table(demo_run, "shipment_plan")
    demand = _table(demo_run, "demand_plan")
    assert plan["demand_qty"].sum() == pytest.approx(demand["consensus_qty"].sum())
    last = plan[plan["period"] == plan["period"].max()]
    met = plan["shipped_qty"].sum() + plan["lost_qty"].sum() + last["backlog_qty"].sum()
    assert met == pytest.approx(plan["demand_qty"].sum())


def test_every_scenario_is_compared(demo_run: Published) -> None:
    compared = _table(demo_run, "scenario_comparison")
    assert set(compared["scenario"]) == {
        "strong_summer",
        "supplier_outage",
        "new_line_lahti",
        "price_increase",
        "weak_krona",
    }
    revenue = compared[compared["kpi"] == "revenue"].set_index("scenario")["delta_value"]
    assert revenue["price_increase"] != 0
    assert revenue["weak_krona"] < 0


def test_past_cycles_speak(demo_run: Published) -> None:
    accuracy = _table(demo_run, "forecast_accuracy")
    assert {"statistical", "consensus"} <= set(accuracy.loc[accuracy["source"] == "archive", "stream"])
    assert len(_table(demo_run, "promise")) > 0


def test_no_path_of_the_machine_is_in_the_pages(demo_run: Published) -> None:
    home = str(Path(__file__).resolve().parents[2])
    for path in [*demo_run.folder.rglob("*.html"), *demo_run.folder.rglob("*.ipynb")]:
        assert home not in path.read_text(encoding="utf-8"), path.name


@pytest.mark.browser
def test_every_page_opens_offline_and_is_small(demo_run: Published, faults_offline: LookAt) -> None:
    assert faults_offline(demo_run) == {}
    large = [path.name for path in demo_run.folder.glob("**/*.html") if path.stat().st_size > LARGEST_PAGE]
    assert large == []
