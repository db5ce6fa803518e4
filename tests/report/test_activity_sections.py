"""Messages of the demand review about activities."""

import pandas as pd
import pytest

from sopwb.report.section import section_html, section_text
from sopwb.report.sections.activities import activity_return, demand_answers, demand_waterfall
from tests.report import plan

SECTIONS = (demand_waterfall, activity_return, demand_answers)


@pytest.fixture
def model():
    return plan.model()


def waterfall_of(family, product, steps):
    totals = {"baseline, normal calendar", "unconstrained demand", "sold, net of returns"}
    return pd.DataFrame(
        {
            "family": family,
            "product": product,
            "step": range(1, len(steps) + 1),
            "label": list(steps),
            "amount_qty": list(steps.values()),
            "is_total": [label in totals for label in steps],
            "factor_rate": 1.0,
        }
    )


@pytest.fixture
def tables():
    given = plan.empty_tables()
    steps = {
        "baseline, normal calendar": 1000.0,
        "price": 200.0,
        "dip after activities": -50.0,
        "unconstrained demand": 1150.0,
        "lost without stock": -30.0,
        "sold, net of returns": 1120.0,
    }
    scopes = (("*", "*"), ("drinks", "*"), ("drinks", "cola"))
    given["demand_waterfall"] = pd.concat([waterfall_of(*scope, steps) for scope in scopes])
    result = {
        "activity": ["A1", "A2"],
        "baseline_qty": 100.0,
        "declared_qty": [40.0, 10.0],
        "measured_qty": [50.0, 5.0],
        "lower_qty": [45.0, 2.0],
        "upper_qty": [55.0, 8.0],
        "net_qty": [40.0, 4.0],
        "cost_value": [1000.0, 800.0],
        "declared_margin_value": [1500.0, 900.0],
        "margin_value": [2500.0, 300.0],
        "return_rate": [1.5, -0.625],
    }
    given["activity_result"] = pd.DataFrame(result)
    given["activity"] = pd.DataFrame(
        {
            "activity": ["A1", "A2"],
            "kind": ["promotion", "campaign"],
            "description": ["Summer price", "Radio"],
            "start_date": pd.to_datetime(["2025-06-02", "2025-05-05"]),
            "end_date": pd.to_datetime(["2025-06-15", "2025-06-01"]),
        }
    )
    given["activity_response"] = pd.DataFrame(
        {
            "answer": ["ratio", "ratio", "cross"],
            "group": ["price", "price", "*"],
            "family": ["*", "drinks", "*"],
            "product": "*",
            "value": [1.1, 1.3, 0.18],
            "lower": [0.9, 1.2, 0.1],
            "upper": [1.3, 1.4, 0.26],
            "elasticity": [-2.2, -2.6, float("nan")],
            "spread": [0.1, 0.1, 0.0],
            "activities": [9, 9, 9],
        }
    )
    return given


@pytest.mark.parametrize("section", SECTIONS)
def test_without_a_past_there_is_a_plain_sentence(section, model):
    found = section(plan.empty_tables(), model)
    assert len(found.message) > 10
    assert found.chart is None


@pytest.mark.parametrize("section", SECTIONS)
def test_a_past_is_shown_with_its_source(section, tables, model):
    found = section(tables, model)
    assert found.source[0] in tables
    assert "nan" not in section_html(found).lower()


def test_the_waterfall_names_its_largest_step_and_the_losses(tables, model):
    text = section_text(demand_waterfall(tables, model))
    assert "+15.0" in text
    assert "most of it price" in text
    assert "empty shelves cost 30" in text


def test_what_the_waterfall_shows_adds_up(tables, model):
    shown = demand_waterfall(tables, model).table.frame.set_index("family")
    assert list(shown.index) == ["Drinks", "All"]
    before = shown[["baseline, normal calendar", "price", "dip after activities"]].sum(axis=1)
    assert (before == shown["unconstrained demand"]).all()
    assert (
        shown["unconstrained demand"] + shown["lost without stock"] == shown["sold, net of returns"]
    ).all()


def test_the_return_says_how_many_paid_and_puts_the_worst_first(tables, model):
    found = activity_return(tables, model)
    assert found.message.startswith("1 of 2 activities earned their cost")
    assert list(found.table.frame["description"]) == ["Radio", "Summer price"]


def test_the_answers_name_the_family_that_answers_most(tables, model):
    assert demand_answers(tables, model).message.startswith(
        "Drinks answers most to price: one percent off brings 2.6"
    )
