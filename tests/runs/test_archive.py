"""What earlier cycles planned is remembered by month, and an approval is given once."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from sopwb.errors import InputError
from sopwb.runs.archive import ARCHIVE_TABLES, approve, cycle_chain, past_tables, remembered
from sopwb.runs.publish import begin_run, latest_run
from tests.runs.made import SCHEMA, plan_tables, publish, run_id, write_plan

CYCLE = pd.Timestamp("2025-12-31")
MOMENT = "2026-01-05T09:00:00+00:00"


def test_a_cycle_is_remembered_by_fiscal_month_and_silence_stays_silence():
    kept = remembered(plan_tables(), CYCLE)
    assert set(kept) == set(ARCHIVE_TABLES)
    demand = SCHEMA["past_demand_plan"].shape(kept["past_demand_plan"]).set_index("period")
    january, february = pd.Timestamp("2026-01-01"), pd.Timestamp("2026-02-01")
    assert demand.loc[january, ["baseline_qty", "automatic_qty", "manual_qty", "consensus_qty"]].tolist() == [
        3,
        4,
        4,
        11,
    ]
    assert pd.isna(demand.loc[february, "manual_qty"])
    assert (demand["cycle"] == CYCLE).all()


def test_only_the_whole_company_and_the_forecast_are_remembered():
    kept = remembered(plan_tables(), CYCLE)
    assert kept["past_kpi"]["kpi_value"].tolist() == [0.9]
    assert kept["past_profit_and_loss"]["amount_value"].tolist() == [10]
    assert kept["past_supply_plan"]["planned_qty"].tolist() == [9]


def test_the_band_of_a_month_is_that_of_its_paths_added_up():
    kept = SCHEMA["past_demand_range"].shape(remembered(plan_tables(), CYCLE)["past_demand_range"])
    assert kept[["level", "node"]].drop_duplicates().to_numpy().tolist() == [
        ["company", "*"],
        ["family", "hot"],
        ["product", "tea"],
    ]
    january, february = kept[kept["level"] == "product"][["lower_qty", "upper_qty"]].to_numpy()
    # the two weeks of January go together in each path: 10 ± 2 x 5, so 10 and 90 percent lie at 10 ± 8
    assert january.tolist() == [2.0, 18.0]
    assert february.tolist() == [3.0, 11.0]
    none = plan_tables() | {"sample_path": SCHEMA["sample_path"].empty()}
    assert SCHEMA["past_demand_range"].shape(remembered(none, CYCLE)["past_demand_range"]).empty


def test_a_run_reads_the_runs_it_builds_on_newest_first(tmp_path):
    runs = []
    for day, as_of in ((1, "2025-11-30"), (2, "2025-12-31")):
        run = begin_run(tmp_path, "acme", run_id(day))
        write_plan(run.building)
        before = runs[-1].run_id if runs else None
        runs.append(
            run.publish({"as_of": as_of, "scenario": "baseline", "builds_on": before, "status": "published"})
        )
    chain = cycle_chain(tmp_path, runs[-1])
    assert [item.run_id for item in chain] == [run_id(2), run_id(1)]
    approve(runs[0], "cfo", "", MOMENT)
    past = past_tables(chain, SCHEMA)
    approved = past["past_demand_plan"].groupby("cycle")["is_approved"].all()
    assert approved.tolist() == [True, False]
    assert sorted(past["past_kpi"]["cycle"].unique()) == [pd.Timestamp("2025-11-30"), CYCLE]
    assert all(past_tables([], SCHEMA)[name].empty for name in ARCHIVE_TABLES)


def test_a_run_is_approved_once_and_stays_as_it_is(tmp_path):
    run = publish(tmp_path, run_id(1))
    before = sorted(run.folder.rglob("*"))
    path = approve(run, "cfo", "fine", MOMENT)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert (content["run"], content["by"], content["files"]) == (run_id(1), "cfo", run.manifest["files"])
    assert sorted(run.folder.rglob("*")) == before
    with pytest.raises(InputError, match="is approved already"):
        approve(run, "ceo", "again", MOMENT)
    assert json.loads(path.read_text(encoding="utf-8"))["by"] == "cfo"


def test_a_plan_that_fails_its_checks_cannot_be_approved(tmp_path):
    run = publish(tmp_path, run_id(1), status="failed_checks")
    with pytest.raises(InputError, match="fails its own checks"):
        approve(run, "cfo", "", MOMENT)
    assert not (tmp_path / "acme" / "approvals").exists()


def test_of_two_runs_of_one_cycle_the_approved_one_counts(tmp_path):
    first = publish(tmp_path, run_id(1))
    publish(tmp_path, run_id(2))
    assert latest_run(tmp_path, "acme").run_id == run_id(2)
    approve(first, "cfo", "", MOMENT)
    assert latest_run(tmp_path, "acme").run_id == run_id(1)
