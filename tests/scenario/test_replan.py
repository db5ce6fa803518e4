"""A scenario plans again only what its changes reach, and the base stays as it was."""

from __future__ import annotations

import pandas as pd
import pytest

from sopwb.config.model import Model
from sopwb.cycle.stages import Stage
from sopwb.errors import InputError
from sopwb.extend import Parts
from sopwb.scenario.replan import replan
from sopwb.schema import load_schema

SCHEMA = load_schema()
PARTS = Parts(schema=SCHEMA)
SUPPLIER = SCHEMA["supplier"].shape(pd.DataFrame({"supplier": ["s"], "description": "S", "currency": "EUR"}))


def model(**scenario: object) -> Model:
    return Model.model_validate({"name": "Acme", "scenarios": {"what_if": {"title": "What if", **scenario}}})


@pytest.fixture
def ran() -> list[str]:
    return []


@pytest.fixture
def stages(ran: list[str]) -> tuple[Stage, ...]:
    def stage(name: str, reads: str, writes: str) -> Stage:
        def door(tables, model, parts):
            ran.append(name)
            return {writes: SCHEMA[writes].empty()}

        return Stage(name, "40_supply_review", door, (reads,), (writes,))

    return (
        stage("buying", "supplier", "lane"),
        stage("moving", "lane", "shipment_plan"),
        stage("other", "market", "rebate"),
    )


def base() -> dict[str, pd.DataFrame]:
    return {"supplier": SUPPLIER} | {
        name: SCHEMA[name].empty() for name in ("lane", "shipment_plan", "market", "rebate", "purchase_term")
    }


def test_a_stage_whose_tables_come_out_as_they_were_ends_the_chain(ran, stages):
    change = {"table": "supplier", "set": {"currency": "SEK"}}
    tables = base()
    made = replan(tables, model(tables=[change]), PARTS, stages, "what_if")
    assert ran == ["buying"]
    assert made["supplier"]["currency"].tolist() == ["SEK"]
    assert tables["supplier"]["currency"].tolist() == ["EUR"]


def test_a_scenario_without_changes_runs_nothing(ran, stages):
    made = replan(base(), model(), PARTS, stages, "what_if")
    assert ran == []
    assert made["supplier"].equals(SUPPLIER)


def test_a_setting_may_reach_every_stage(ran, stages):
    replan(base(), model(settings={"supply.late_days_maximum": 3}), PARTS, stages, "what_if")
    assert ran == ["buying", "moving", "other"]


def test_a_scenario_that_breaks_the_tables_or_names_no_setting_is_told(ran, stages):
    with pytest.raises(InputError, match="matches no row"):
        replan(
            base(),
            model(tables=[{"table": "supplier", "where": {"supplier": "x"}, "remove": True}]),
            PARTS,
            stages,
            "what_if",
        )
    with pytest.raises(InputError, match="scenario what_if"):
        replan(base(), model(settings={"supply.frozen": 3}), PARTS, stages, "what_if")
    assert ran == []


def test_a_stage_that_looks_back_is_run_again_only_for_what_had_begun(ran):
    def door(tables, model, parts):
        ran.append("history")
        return {"demand_history_clean": SCHEMA["demand_history_clean"].empty()}

    written = ("demand_history_clean",)
    back = Stage("history", "20_demand_review", door, ("activity", "lane"), written, looks_back=("activity",))
    activity = SCHEMA["activity"].empty()
    tables = base() | {"activity": activity, "demand_history_clean": SCHEMA["demand_history_clean"].empty()}

    def plan_with(start: str) -> None:
        row = {
            "activity": "S-1", "description": "Sun", "kind": "campaign",
            "start_date": start, "end_date": "2026-12-31",
            "effect_type": "percent", "effect": 0.1, "owner": "scenario", "entered_at": "2025-12-01",
        }  # fmt: skip
        what_if = model(tables=[{"table": "activity", "add": [row]}])
        dated = what_if.calendar.model_copy(update={"as_of": pd.Timestamp("2026-02-28").date()})
        replan(tables, what_if.model_copy(update={"calendar": dated}), PARTS, (back,), "what_if")

    plan_with("2026-03-01")
    assert ran == []
    plan_with("2026-02-01")
    assert ran == ["history"]
