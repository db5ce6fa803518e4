"""What the supply page and the decisions asked say of investments."""

from __future__ import annotations

import pandas as pd
import pytest

from sopwb.cycle.parts import collect_parts
from sopwb.cycle.stages import STAGES
from sopwb.cycle.step import Step
from sopwb.report.section import section_html, section_text
from sopwb.report.sections.executive import decisions_asked
from sopwb.report.sections.investments import investments
from sopwb.schema import load_schema
from tests.report import plan

APRIL = pd.Timestamp("2026-04-01")


@pytest.fixture(scope="module")
def model():
    return plan.model()


@pytest.fixture
def tables():
    """A line that is built, a hall that is not, and one that comes too late; no decision beside them."""
    given = plan.empty_tables()
    usual = {"status": "open", "used_days": 640.0, "owner": None, "latest_date": pd.NaT}
    rows = [
        {"investment": "hall", "name": "Hall", "subject": "lahti", "choice": "not_built", "period": APRIL,
         "capex_value": 3e6, "capital_value_per_year": 3.5e5, "running_value_per_year": 5e4,
         "contribution_value_per_year": 2e5, "service_value_per_year": 0.0, "served_qty_per_year": 0.0,
         "npv_value": -1.3e6, "payback_years": 20.0},
        {"investment": "line", "name": plan.HOSTILE, "subject": "line", "choice": "built", "period": APRIL,
         "capex_value": 1.2e6, "capital_value_per_year": 2e5, "running_value_per_year": 1e5,
         "contribution_value_per_year": 5e5, "service_value_per_year": 1e5, "served_qty_per_year": 9e4,
         "npv_value": 1.4e6, "payback_years": 3.0, "used_days": 200.0, "owner": "coo"},
        {"investment": "far", "name": "Far", "subject": "line", "choice": "no_month", "capex_value": 1e6,
         "running_value_per_year": 0.0, "status": "refuse"},
    ]  # fmt: skip
    columns = list(given["investment_decision"].columns)
    made = pd.DataFrame([{**usual, **row} for row in rows]).reindex(columns=columns)
    given["investment_decision"] = made
    return given


def test_the_message_tells_what_is_built_its_worth_and_its_payback(tables, model):
    section = investments(tables, model)
    assert section.message.startswith("The plan builds 1 of 3 investments for 1.20")
    assert "in 2026-04" in section.message
    assert "pays back in 3.0 years" in section.message
    assert "for 200 days" in section.note
    html = section_html(section)
    assert "<script>alert" not in html
    assert "not within the plan, as told" in section_text(section)


def test_where_nothing_is_built_the_best_is_named(tables, model):
    rows = tables["investment_decision"]
    tables["investment_decision"] = rows[rows["investment"] == "hall"]
    assert investments(tables, model).message.startswith("None of 1 investment is built; the best, Hall, is")
    tables["investment_decision"] = rows[rows["investment"] == "far"]
    assert "no month of the plan" in investments(tables, model).message


def test_what_the_plan_builds_is_asked_with_money_and_payback(tables, model):
    section = decisions_asked(tables, model)
    assert section.message.startswith("One decision is asked, the first by 2026-04-01; a week of delay costs")
    (row,) = section.table.frame.to_dict("records")
    assert "pays back in 3.0 years" in row["question"]
    assert row["expected_value"] == pytest.approx(1.4e6)
    assert row["delay_cost_per_week"] == pytest.approx((5e5 + 1e5 - 1e5 - 2e5) * 7 / 365.25)
    assert row["owner"] == "COO"


def test_what_people_asked_for_is_not_asked_again(tables, model):
    tables["investment_decision"]["status"] = "build"
    assert decisions_asked(tables, model).message == "No decision is asked in this cycle"


def test_the_page_shows_the_section_only_where_there_are_investments(tables, model):
    schema = load_schema()
    parts = collect_parts(model, schema)
    full = Step("40_supply_review", model, parts, schema, STAGES, None, dict(tables))
    bare = Step("40_supply_review", model, parts, schema, STAGES, None, plan.empty_tables())
    assert full.show("investments").message.startswith("The plan builds")
    assert bare.show("investments") is None
    assert bare.show("bottlenecks") is not None


def test_a_search_that_found_nothing_is_said(tables, model):
    assert "search ended" not in investments(tables, model).note
    tables["solver_log"] = pd.DataFrame({"goal": ["investments"], "status": ["relaxed"]})
    assert "The search ended before it found a plan" in investments(tables, model).note
