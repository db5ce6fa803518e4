"""Messages of the executive and the scenario meeting."""

import re

import pandas as pd
import pytest

from sopwb.report.numbers import short
from sopwb.report.section import section_html
from sopwb.report.sections import evidence, executive, scenario, since
from tests.report import plan

SECTIONS = plan.sections()


@pytest.fixture(scope="module")
def tables():
    return plan.tables()


@pytest.fixture(scope="module")
def model():
    return plan.model()


@pytest.mark.parametrize("name", SECTIONS)
def test_an_empty_plan_gives_a_plain_sentence(name, model):
    section = SECTIONS[name](plan.empty_tables(), model)
    assert len(section.message) > 10
    assert "nan" not in section_html(section)


@pytest.mark.parametrize("name", SECTIONS)
def test_a_whole_plan_is_shown_with_its_source(name, tables, model):
    section = plan.shown(name)
    html = section_html(section)
    assert section.source[0] in tables
    assert not re.search(r"\bnan\b", html, re.IGNORECASE)
    assert "<script" not in html


def test_the_year_lands_against_the_budget(tables, model):
    data = executive.line_by_month(tables, model, "revenue")
    sums = data.groupby("version")["value"].sum()
    gap = short(sums["AC"] + sums["FC"] - sums["BU"], "EUR", signed=True)
    assert data["version"].value_counts().to_dict() == {"AC": 8, "FC": 4, "BU": 12, "PY": 12}
    assert f"of revenue ({gap} on budget), " in plan.shown("gap_to_plan").message


def test_open_decisions_are_asked_and_taken_ones_are_judged(tables, model):
    assert executive.decisions_asked(tables, model).message.startswith(
        "2 decisions are asked, the first by 2025-09-15"
    )
    assert "231\u202fk€ came of 250\u202fk€ expected" in executive.past_decisions(tables, model).message


def test_risks_are_weighed_by_their_probability(tables, model):
    assert "−15.0\u202fk€ outside the plan" in executive.risks_and_opportunities(tables, model).message


def test_cards_show_plan_and_last_cycle(tables, model):
    cards = {card.label: card for card in executive.key_figure_cards(tables, model)}
    assert list(cards)[:2] == ["Revenue", "EBIT"]
    assert cards["EBIT"].to_plan == pytest.approx(2.1e5)
    assert cards["EBIT"].to_last == pytest.approx(4.21e6 - 4.2e6 * 1.01)
    assert cards["Stock, mean"].sense == "lower_better"


def test_warnings_of_the_checks_come_first(tables, model):
    section = evidence.plan_checks(tables, model)
    assert section.table.frame["status"].to_list() == ["warn", "pass", "pass"]


def test_scenarios_are_ordered_by_what_they_earn(tables, model):
    section = plan.shown("scenario_results")
    assert "best of 2 scenarios is Strong summer (+337\u202fk€)" in section.message
    assert len(section.chart) == 4


def test_a_scenario_that_leaves_too_little_cash_is_named(tables, model):
    rows = tables["scenario_comparison"]
    cash = rows[rows["kpi"] == "ebit"].assign(kpi="minimum_cash", kpi_value=[8e6, 4e6, 7e6], base_value=8e6)
    floor = {"target": "floor", "measure": "cash", "scope": "*", "sense": "minimum", "target_value": 5e6}
    given = {**tables, "scenario_comparison": pd.concat([rows, cash]), "target": pd.DataFrame([floor])}
    message = scenario.scenario_results(given, model).message
    assert "below the cash floor of 5.00\u202fM€: " in message
    assert message.count("4.00\u202fM€") == 1
    assert "7.00" not in message


def test_changes_within_what_a_solver_leaves_open_are_none(tables, model):
    rows = tables["scenario_comparison"]
    dust = rows["base_value"] * 1e-5
    still = rows.assign(kpi_value=rows["base_value"] + dust, delta_value=dust)
    section = scenario.scenario_comparison({**tables, "scenario_comparison": still}, model)
    assert section.message.startswith("0 of 4 key figures move")
    assert "What no scenario moves: days inventory, EBIT, service, stock value." in section.note


def test_key_figures_that_moved_since_the_last_cycle_are_shown_the_largest_first(tables, model):
    frame = since.since_last_cycle(tables, model).table.frame
    assert frame["kpi"].to_list() == ["EBIT", "Service", "Revenue"]
    assert frame["delta"].iloc[2] == pytest.approx(51.4e6 - 51e6 * 1.01)


def test_demand_plans_are_compared_over_the_months_both_have(tables, model):
    months = pd.to_datetime(["2025-08-01", "2025-09-01", "2025-09-01"])
    past = pd.DataFrame(
        {"cycle": pd.Timestamp("2025-07-31"), "product": "cola_can", "period": months, "consensus_qty": 50.0}
    )
    plan = pd.DataFrame({"product": ["cola_can"], "period": [months[1]], "consensus_qty": [120.0]})
    section = since.demand_since_last_cycle({**tables, "past_demand_plan": past, "demand_plan": plan}, model)
    assert section.message == (
        "The demand plan has moved by +20.0\u202f% since 2025-07-31; most in Cola, by +20.0 units"
    )


def test_profit_is_said_not_to_be_like_for_like_where_the_ledger_books_another_cost(tables, model):
    tie = tables["reconciliation"].assign(measure="cost_of_sales")
    off = tie.assign(ledger_value=tie["operations_value"] / 2)
    assert (
        "cost of sales is 50\u202f%" in executive.gap_to_plan({**tables, "reconciliation": off}, model).note
    )
    even = tie.assign(ledger_value=tie["operations_value"])
    assert executive.gap_to_plan({**tables, "reconciliation": even}, model).note == ""
