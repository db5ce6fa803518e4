"""The examples of the page about investments: read, planned, booked, and changed by its scenario."""

from __future__ import annotations

import io
import re
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml

from sopwb.config.model import Model
from sopwb.config.overlay import apply_changes
from sopwb.cycle.checks import check
from sopwb.cycle.stages import STAGES, run_stage
from sopwb.extend import mark_of
from sopwb.schema.parse import parse
from sopwb.schema.validate import validate
from tests.plans.plant import SCHEMA, Plant, all_parts

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tailoring" / "investments.md"
MADE = ("outside_plan", "supply", "supply_review", "projection", "finance")
TABLES = ("investment_option", "investment_payment", "target")


def blocks(language: str) -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def company() -> dict[str, pd.DataFrame]:
    """A plant of one line that lacks a third of the hours, with the rows of the page."""
    plant = Plant(months=6).product("cola", 2.0).market().line("cola", 10)
    plant.add("location", location="plant", location_type="plant", description="Plant", storage_pallets=100.0)
    plant.add("unit_conversion", product="cola", unit="pallet", qty_per_unit=100.0)
    for month in pd.date_range("2026-01-01", periods=6, freq="MS"):
        plant.add("period", period=month, end_date=month + pd.offsets.MonthEnd(0), bucket="month",
                  days=month.days_in_month, working_days=20, fiscal_period=month,
                  fiscal_year=2026)  # fmt: skip
        plant.add("demand_plan", product="cola", market="home", period=month, consensus_qty=300.0,
                  net_price_per_unit=10.0)  # fmt: skip
    tables = plant.tables()
    for name, text in zip(TABLES, blocks("csv"), strict=True):
        frame, faults = parse(pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False), SCHEMA[name])
        assert faults == []
        tables[name] = SCHEMA[name].shape(frame)
    return tables


@pytest.fixture(scope="module")
def model() -> Model:
    settings, scenarios = (yaml.safe_load(text) for text in blocks("yaml"))
    own = {**settings["finance"], "income_tax_rate": 0.0, "run_rate_months": 0, "opening_cash_value": 9000.0}
    return Model.model_validate(
        {"name": "Acme", "currency": "EUR", "calendar": {"as_of": date(2025, 12, 31)}, "finance": own,
         "supply": {"late_days_maximum": 0, "end_stock_value_rate": 0.0}, **scenarios}
    )  # fmt: skip


def planned(tables, model):
    for stage in STAGES:
        if stage.name in MADE:
            tables = tables | run_stage(stage, tables, model, all_parts(), SCHEMA)
    return tables


@pytest.fixture(scope="module")
def plan(model):
    return planned(company(), model)


def test_the_rows_of_the_page_are_sound():
    tables = company()
    inputs = {name: frame for name, frame in tables.items() if SCHEMA[name].is_input}
    assert [fault for fault in validate(inputs, SCHEMA) if fault.where.startswith("investment")] == []


def test_the_plan_takes_the_better_line_within_the_limit_and_no_hall(plan):
    found = plan["investment_decision"].set_index("investment")
    assert found["choice"].to_dict() == {"hall": "not_built", "line_2": "built", "line_2_small": "not_built"}
    assert found.loc["line_2", "available_date"] == pd.Timestamp("2026-02-01")
    assert plan["investment_spend"]["capex_value"].tolist()[:3] == [400.0, 600.0, 0.0]
    assert plan["target_gap"]["planned_value"].tolist() == [1000.0]


def test_the_plan_and_its_books_pass_every_check_of_supply_and_finance(plan, model):
    told = check(plan, model, all_parts())["check"]
    areas = {name: mark_of(rule).options["area"] for name, rule in all_parts().plan_checks.items()}
    rows = told[told["check"].map(areas).isin(["supply", "finance"])]
    assert len(rows) > 10
    assert rows[rows["status"] == "fail"].empty


def test_its_scenario_builds_the_dear_line_and_asks_for_it(plan, model):
    inputs = {name: frame for name, frame in plan.items() if SCHEMA[name].is_input}
    changed = apply_changes(inputs, model.scenarios["dear_line"].tables, SCHEMA)
    other = planned(plan | changed, model)["investment_decision"].set_index("investment").loc["line_2"]
    base = plan["investment_decision"].set_index("investment").loc["line_2"]
    assert (other["status"], other["choice"], other["capex_value"]) == ("build", "built", 1200.0)
    assert other["contribution_value_per_year"] == pytest.approx(base["contribution_value_per_year"])
    # 200 more, 80 now and 120 after a month, seen from the decision
    assert base["npv_value"] - other["npv_value"] == pytest.approx(80 + 120 / 1.09 ** (1 / 12))
