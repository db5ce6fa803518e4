"""Checks of the demand plan find what does not add up, and are silent where it does."""

import pandas as pd
import pytest

from sopwb.demand.checks import calendar_causes_add_up, orders_count_once
from sopwb.extend import mark_of

MARCH = pd.Timestamp("2026-03-01")


@pytest.fixture
def tables():
    key = {"product": ["cola", "tea"], "market": "shop", "period": MARCH}
    orders = {
        "forecast_qty": [10.0, 8.0],
        "order_qty": [12.0, 3.0],
        "consumed_qty": [10.0, 3.0],
        "beyond_qty": [2.0, 0.0],
        "demand_qty": [12.0, 8.0],
    }
    return {
        "product": pd.DataFrame({"product": ["cola", "tea"], "family": "drinks"}),
        "statistical_forecast": pd.DataFrame({**key, "calendar_qty": [3.0, -1.0]}),
        "calendar_effect": pd.DataFrame({"family": "drinks", "period": MARCH, "effect_qty": [5.0, -3.0]}),
        "demand_plan": pd.DataFrame({**key, "consensus_qty": [12.0, 8.0]}),
        "order_consumption": pd.DataFrame({**key, **orders}),
    }


def test_a_plan_that_adds_up_offends_no_check(tables, model):
    assert calendar_causes_add_up(tables, model).empty
    assert orders_count_once(tables, model).empty
    assert mark_of(calendar_causes_add_up).name == "calendar_causes_add_up"
    assert mark_of(orders_count_once).name == "orders_count_once"


def test_a_cause_that_is_missing_is_found(tables, model):
    tables["calendar_effect"] = tables["calendar_effect"].iloc[:1]
    assert calendar_causes_add_up(tables, model)["calendar_qty"].tolist() == [2.0]


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("order_consumption", "order_qty"),
        ("order_consumption", "beyond_qty"),
        ("order_consumption", "demand_qty"),
        ("demand_plan", "consensus_qty"),
    ],
)
def test_an_order_that_counts_twice_or_not_at_all_is_found(tables, model, table, column):
    wrong = tables[table].copy()
    wrong.loc[1, column] += 3.0
    assert orders_count_once({**tables, table: wrong}, model)["product"].tolist() == ["tea"]
