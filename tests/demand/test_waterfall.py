"""Contributions of factors: whatever the effects are, the quantities add up to what they explain."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.demand.adjustments import activity_contribution, demand_adjustment, demand_history_clean, log_mean
from sopwb.demand.waterfall import demand_waterfall
from tests.demand.test_measurement import WEEKS, simulated, taken_apart


@given(st.floats(0, 1e6), st.floats(-2, 3), st.floats(-2, 3))
def test_a_product_of_factors_is_a_sum_of_quantities(base, first, second):
    mean = log_mean(np.array([base]), np.array([first + second]))[0]
    assert base + mean * first + mean * second == pytest.approx(
        base * np.exp(first + second), rel=1e-9, abs=1e-6
    )


@pytest.fixture(scope="module")
def past():
    products, sales, activity, _ = simulated(9)
    return taken_apart(products, sales, activity)


def test_parts_of_activities_add_up_to_demand_less_baseline(past):
    total = np.zeros(past.usual.shape)
    parts = activity_contribution(past)
    np.add.at(total, (parts["row"], parts["column"]), parts["qty"])
    assert total == pytest.approx(past.demand - past.baseline, abs=1e-6)


def test_every_waterfall_closes_and_families_are_the_sums_of_their_products(past):
    table = demand_waterfall(past)
    for _, rows in table.groupby(["family", "product"]):
        amounts = rows.set_index("label")["amount_qty"]
        steps = rows[~rows["is_total"]].set_index("label")["amount_qty"]
        before = list(rows["label"]).index("unconstrained demand") - 1
        start, demand = amounts["baseline, normal calendar"], amounts["unconstrained demand"]
        assert start + steps.iloc[:before].sum() == pytest.approx(demand)
        assert demand + steps.iloc[before:].sum() == pytest.approx(amounts["sold, net of returns"])
        assert start * rows["factor_rate"].iloc[1 : before + 1].prod() == pytest.approx(demand)
    families = table[(table["family"] != "*") & (table["product"] == "*")].groupby("step")["amount_qty"].sum()
    whole = table[table["family"] == "*"].set_index("step")["amount_qty"]
    assert families.to_numpy() == pytest.approx(whole.to_numpy())


@settings(max_examples=3)
@given(st.integers(0, 1000))
def test_the_waterfall_of_the_last_year_is_that_of_the_clean_history(seed):
    products, sales, activity, _ = simulated(seed)
    found = taken_apart(products, sales, activity)
    clean = demand_history_clean(found)
    year = clean[clean["date"] > WEEKS[-1] - pd.Timedelta(weeks=52)]
    whole = demand_waterfall(found).query("family == '*'").set_index("label")["amount_qty"]
    assert whole["unconstrained demand"] == pytest.approx(year["demand_qty"].sum())
    assert whole["sold, net of returns"] == pytest.approx(year["sold_qty"].sum())
    assert whole["baseline, normal calendar"] == pytest.approx(year["normal_qty"].sum())


def test_every_adjustment_has_a_kind_and_a_cause_once(past):
    layer = demand_adjustment(past)
    assert not layer.duplicated(["product", "market", "date", "kind", "cause"]).any()
    assert {"activity", "after_activity", "sister_activity"} <= set(layer["kind"])


def test_nothing_sold_gives_empty_tables():
    assert demand_waterfall(None).empty
    assert demand_adjustment(None).empty
    assert demand_history_clean(None).empty
