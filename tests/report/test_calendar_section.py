"""The message of the demand review about the calendar ahead."""

import pandas as pd
import pytest

from sopwb.report.section import section_text
from sopwb.report.sections.calendar import calendar_ahead
from sopwb.report.sections.voices import demand_streams
from tests.report import plan

MONTHS = pd.to_datetime(["2025-09-01", "2025-10-01"])


@pytest.fixture
def model():
    return plan.model()


@pytest.fixture
def tables():
    given = plan.empty_tables()
    given["product"] = pd.DataFrame({"product": ["cola", "tea"], "family": ["drinks", "leaves"]})
    given["demand_plan"] = pd.DataFrame(
        {
            "product": ["cola", "cola", "tea", "tea"],
            "market": "shop",
            "period": [*MONTHS, *MONTHS],
            "baseline_qty": [1050.0, 970.0, 200.0, 200.0],
            "calendar_qty": [50.0, -30.0, 0.0, 0.0],
            "activity_qty": [0.0, 30.0, 0.0, 0.0],
            "automatic_qty": [1050.0, 1000.0, 200.0, 200.0],
            "manual_qty": float("nan"),
            "consensus_qty": [1050.0, 1000.0, 200.0, 200.0],
            "consensus_value": [1050.0, 1000.0, 200.0, 200.0],
        }
    )
    given["calendar_effect"] = pd.DataFrame(
        {
            "family": "drinks",
            "period": [*MONTHS, MONTHS[0]],
            "kind": ["working_days", "working_days", "holiday"],
            "cause": ["working days", "working days", "Harvest"],
            "measured_rate": [1.06, 0.97, 0.99],
            "lower_rate": [1.03, 0.96, 0.98],
            "upper_rate": [1.09, 0.98, 1.0],
            "share_rate": 1.0,
            "factor_rate": [1.06, 0.97, 0.99],
            "effect_qty": [60.0, -30.0, -10.0],
        }
    )
    return given


def test_the_month_that_moves_most_and_its_largest_cause_are_named(tables, model):
    told = calendar_ahead(tables, model)
    assert "2025-09 most, by +4.2" in told.message
    assert "working days in the bucket of 2025-09-01, +60.0 units" in told.message
    rows = told.table.frame
    assert rows["effect_qty"].tolist() == [60.0, -30.0, -10.0]
    assert rows["lower_qty"].tolist() == pytest.approx([30.0, -40.0, -20.0])
    assert rows["upper_qty"].tolist() == pytest.approx([90.0, -20.0, 0.0])


def test_a_calendar_that_is_not_used_says_why(tables, model):
    tables["calendar_effect"]["effect_qty"] = 0.0
    assert "would not have made earlier forecasts better" in calendar_ahead(tables, model).message
    tables["calendar_effect"] = tables["calendar_effect"].iloc[:0]
    assert "nothing of it is clear in the past" in calendar_ahead(tables, model).message


def test_baseline_calendar_and_activities_stand_side_by_side_and_make_the_automatic_forecast(tables, model):
    shown = demand_streams(tables, model).table.frame.set_index("family")
    assert shown.loc["Drinks", ["normal_qty", "calendar_qty", "activity_qty"]].tolist() == [
        2000.0,
        20.0,
        30.0,
    ]
    parts = shown[["normal_qty", "calendar_qty", "activity_qty"]].sum(axis=1)
    assert parts.tolist() == pytest.approx(shown["automatic_qty"].tolist())
    assert "calendar" in section_text(demand_streams(tables, model))
