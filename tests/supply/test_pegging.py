"""Pegging: every unit of a source ends somewhere once, and shipments stand on their sources."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.supply.data import plan_data
from sopwb.supply.pegging import decisions_of, flow_of, late_supplier, pegging
from tests.plans.plant import Plant, all_parts

SHIPPED = ["product", "market", "period"]


def bottler(demand: list[float], far: list[float], stock: float = 0.0, months: int = 3) -> Plant:
    """Cola of syrup at two units each, bought from two makers of which the cheap one is short."""
    settings = {"late_days_maximum": 0, "holding_cost_rate_per_year": 0.1}  # so that nothing is made early
    plant = Plant(months=months, settings=settings)
    plant.product("cola", 5.0).product("syrup", 2.0).market().market("far", location="depot")
    plant.demand("cola", demand).demand("cola", far, "far").line("cola", 100)
    plant.add("bill_of_material", product="cola", recipe="main", component="syrup", qty_per_unit=2.0,
              valid_from="1900-01-01")  # fmt: skip
    plant.add("lane", from_location="plant", to_location="depot", lead_time_days=0)
    month = 365.25 / 360
    for name, price, most in (("cheap", 1.0, 100.0), ("dear", 2.0, 10_000.0)):
        plant.add("purchase_term", product="syrup", supplier=name, location="plant", price_per_unit=price,
                  currency="EUR", lead_time_days=0, capacity_qty_per_month=most * month)  # fmt: skip
    if stock:
        plant.add(
            "stock_on_hand", product="cola", location="plant", snapshot_date="2025-12-31", on_hand_qty=stock
        )
    return plant


def pegged(plant: Plant, **more):
    plan = plant.planned()
    data = plan_data(plan, plant.model(), all_parts())
    return plan, pegging(plan, data, **more)


def test_two_suppliers_share_what_is_shipped_in_proportion_to_what_they_bring():
    # 100 cola a month take 200 syrup: 100 of the cheap maker, 100 of the dear one
    _, found = pegged(bottler([75, 75, 75], [25, 25, 25]))
    bought = found[found["item"] == "syrup"]
    assert set(bought["source"]) == {"cheap", "dear"}
    assert bought["share_rate"].to_numpy() == pytest.approx(0.5)
    home = bought[(bought["market"] == "home") & (bought["source"] == "cheap")]
    assert home["pegged_qty"].to_numpy() == pytest.approx(75.0)
    assert home["shipped_qty"].to_numpy() == pytest.approx(37.5)
    assert home["revenue_value"].to_numpy() == pytest.approx(375.0)
    assert bought["slack_days"].to_numpy() == pytest.approx(0.0, abs=1e-6)


def test_opening_stock_of_the_product_stands_on_no_supplier():
    _, found = pegged(bottler([75, 75, 75], [25, 25, 25], stock=50.0))
    first = found[found["period"] == found["period"].min()]
    own = first[first["source"] == "stock"]
    assert set(own["item"]) == {"cola"}
    assert own["pegged_qty"].sum() == pytest.approx(50.0)
    # half of the first month is made: 100 syrup, all of the cheap maker
    assert first.loc[first["item"] == "syrup", "shipped_qty"].sum() == pytest.approx(50.0)


def test_a_late_supplier_reaches_the_markets_that_have_no_slack():
    plan, found = pegged(bottler([75, 75, 75], [25, 25, 25]))
    late = late_supplier(found, "dear", 14)
    assert set(late["market"]) == {"home", "far"}
    assert late["revenue_value"].sum() == pytest.approx(0.5 * 10 * plan["shipment_plan"]["shipped_qty"].sum())
    assert late["revenue_value"].is_monotonic_decreasing
    assert late_supplier(found, "nobody", 14).empty


def test_stock_that_waits_longer_than_the_delay_is_not_late():
    plant = bottler([0, 0, 100], [0, 0, 0])
    # all syrup of the last month must come before it
    first = plant.periods[2]
    plant.add("supplier", supplier="cheap").add("supplier", supplier="dear")
    for name in ("cheap", "dear"):
        plant.add(
            "supplier_calendar", supplier=name, start_date=first, end_date="2026-12-31", capacity_rate=0.0
        )
    _, found = pegged(plant)
    assert (found["slack_days"] >= 30 - 1e-6).all()
    assert late_supplier(found, "cheap", 14).empty
    # half waits one month and half two: 45 days in the mean
    assert late_supplier(found, "cheap", 46)["shipped_qty"].sum() == pytest.approx(100.0)


def test_a_very_large_plan_is_told_by_quarter_with_the_same_sums():
    plant = bottler([75] * 4, [25] * 4, months=4)
    _, by_month = pegged(plant)
    _, by_quarter = pegged(plant, most_rows=4)
    assert by_quarter["period"].nunique() < by_month["period"].nunique()
    assert by_quarter["pegged_qty"].sum() == pytest.approx(by_month["pegged_qty"].sum())


quantities = st.lists(st.integers(0, 200).map(float), min_size=3, max_size=3)


@settings(max_examples=8, deadline=None)
@given(demand=quantities, far=quantities, stock=st.integers(0, 300).map(float))
def test_pegged_quantities_sum_to_the_flows_of_the_plan(demand, far, stock):
    plant = bottler([value + 1 for value in demand], far, stock)
    plan, found = pegged(plant, least_share=0.0)
    data = plan_data(plan, plant.model(), all_parts())
    flow = flow_of(plan, data, decisions_of(plan["supply_plan"], data))
    # what leaves a node goes somewhere once, and never more than all of it
    gone = np.asarray(flow.onward.sum(axis=0)).ravel() + flow.shipped
    assert (gone <= 1 + 1e-6).all()
    # what is shipped came from stock or was made, of two units of syrup each
    shipped = plan["shipment_plan"]["shipped_qty"].sum()
    own = found.loc[found["item"] == "cola", "pegged_qty"].sum()
    syrup = found.loc[found["item"] == "syrup", "pegged_qty"].sum()
    assert own + syrup / 2 == pytest.approx(shipped, rel=1e-6, abs=1e-6)
    bought = plan["supply_plan"].query("option == 'buy'")["planned_qty"].sum()
    assert syrup <= bought * (1 + 1e-6) + 1e-6
