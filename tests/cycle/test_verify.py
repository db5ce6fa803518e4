"""A published run can be held against its manifest, and what was changed is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sopwb.cycle.fingerprint import take_fingerprint
from sopwb.cycle.manifest import code_digests
from sopwb.cycle.verify import first_difference, verify_files, verify_tables
from sopwb.runs.archive import approve
from sopwb.runs.publish import begin_run, find_run
from sopwb.runs.store import write_tables
from sopwb.schema import load_schema
from tests.cycle.customer import acme
from tests.runs.made import plan_tables, run_id

SCHEMA = load_schema()


@pytest.fixture
def customer(tmp_path: Path) -> Path:
    return acme(tmp_path)


@pytest.fixture
def run(tmp_path: Path, customer: Path):
    begun = begin_run(tmp_path / "runs", "acme", run_id(1))
    write_tables(begun.building / "tables", {"kpi": plan_tables()["kpi"]}, SCHEMA)
    for name in ("notebooks/40_supply_review.ipynb", "html/40_supply_review.html"):
        (begun.building / name).parent.mkdir()
        (begun.building / name).write_text("{}", encoding="utf-8")
    facts = {"customer": "acme", "status": "published", "as_of": "2025-12-31"}
    begun.publish(facts | code_digests(customer, take_fingerprint(customer)))
    return find_run(tmp_path / "runs", run_id(1))


def test_an_untouched_run_is_whole(run, customer):
    verdict = verify_files(run, customer)
    assert (verdict.changed, verdict.warnings, verdict.file_count) == ((), (), 3)


def test_every_touched_file_is_named(run, customer):
    (run.folder / "tables" / "kpi.parquet").write_bytes(b"better numbers")
    (run.folder / "html" / "40_supply_review.html").unlink()
    (run.folder / "note.txt").write_text("mine")
    assert verify_files(run, customer).changed == (
        "html/40_supply_review.html is missing",
        "note.txt was added",
        "tables/kpi.parquet was changed",
    )


def test_who_changes_the_manifest_as_well_is_found_by_the_approval(run, customer):
    approve(run, "cfo", "", "2026-01-05T09:00:00+00:00")
    assert verify_files(run, customer).changed == ()
    path = run.folder / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["files"]["tables/kpi.parquet"] = "0" * 64
    path.write_text(json.dumps(content), encoding="utf-8")
    [kpi, manifest] = verify_files(find_run(run.folder.parents[1], run.run_id), customer).changed
    assert kpi == "tables/kpi.parquet was changed"
    assert "other digests than were approved" in manifest


def test_code_that_has_changed_since_is_a_warning(run, customer, monkeypatch):
    (customer / "extensions" / "own.py").write_text("X = 1\n", encoding="utf-8")
    (customer / "notebooks" / "45_own_review.ipynb").write_text("{}", encoding="utf-8")
    verdict = verify_files(run, customer)
    assert verdict.changed == ()
    assert verdict.warnings == (
        "settings, mappings or code of the customer have changed since",
        "the notebook 45_own_review has changed since",
    )
    run.manifest["package_digest"] = run.manifest["lock_digest"] = "old"
    assert "the workbench has changed since" in verify_files(run, customer).warnings
    assert "the packages' lock has changed since" in verify_files(run, customer).warnings
    del run.manifest["notebook_digests"]
    assert not any("notebook" in warning for warning in verify_files(run, customer).warnings)


def test_without_the_customer_the_files_can_be_verified_all_the_same(run):
    verdict = verify_files(run, None)
    assert verdict.changed == ()
    assert verdict.warnings == ("acme is not on this machine: its code cannot be compared",)


KPI = plan_tables()["kpi"]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (KPI, ""),
        (KPI.assign(kpi_value=KPI["kpi_value"] * (1 + 1e-12)), ""),
        (
            KPI.assign(kpi_value=[0.9, 0.7]),
            "kpi_value of kpi=service, scope=family=tea is 0.8 in the run and 0.7 today",
        ),
        (KPI.iloc[:1], "the row kpi=service, scope=family=tea is only in the run"),
        (KPI.assign(scope=["*", "x"]), "the row kpi=service, scope=family=tea is only in the run"),
        (KPI.assign(unit=["a", None]), "unit of kpi=service, scope=* is None in the run and a today"),
    ],
)
def test_the_first_row_and_column_that_differ_are_named(made, said):
    table = SCHEMA["kpi"]
    assert first_difference(table.shape(KPI), table.shape(made), table) == said


def test_a_table_that_is_made_otherwise_today_is_named(run, customer, monkeypatch):
    def today(given, model, parts, schema, stages):
        made = {name: schema[name].empty() for stage in stages for name in stage.writes}
        return made | {"kpi": KPI.assign(kpi_value=[0.9, 0.7])}

    (run.folder / "model.yaml").write_text("name: Acme\n", encoding="utf-8")
    monkeypatch.setattr("sopwb.cycle.verify.run_stages", today)
    said = list(verify_tables(run, customer))
    assert "kpi: kpi_value of kpi=service, scope=family=tea is 0.8 in the run and 0.7 today" in said
    assert "supply_plan is made today, but is not in the run" in said
