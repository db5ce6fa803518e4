"""Plans of a few numbers, with the answer found on paper."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.plans.plant import Plant, by_month


def short(plan, column="lost_qty", **which):
    return by_month(plan["shipment_plan"], column, **which)


def test_with_enough_hours_everything_is_made_when_it_is_wanted():
    plan = Plant().product("cola").market().demand("cola", [100, 50, 150]).line("cola", 10).planned()
    assert by_month(plan["supply_plan"], "planned_qty", option="make") == [100, 50, 150]
    assert by_month(plan["supply_plan"], "cost_value") == [100, 50, 150]
    assert by_month(plan["capacity_use"], "utilisation_rate") == [0.5, 0.25, 0.75]
    assert plan["shortage"].empty
    assert list(plan["solver_log"]["status"]) == ["optimal"]


def test_what_capacity_cannot_serve_is_lost_by_the_lesser_class_and_told_with_the_resource():
    plant = Plant(settings={"late_days_maximum": 0}).product("cola").market().market("far", priority=2)
    plant.demand("cola", [150, 150, 150]).demand("cola", [100, 100, 100], "far").line("cola", 10)
    plan = plant.planned()
    assert short(plan, market="home") == [0, 0, 0]
    # in which month the 150 are lost is open, as stock may be built ahead
    assert sum(short(plan, market="far")) == 150
    assert set(plan["shortage"]["market"]) == {"far"}
    assert set(plan["shortage"]["reason"]) == {"capacity"}
    assert set(plan["shortage"]["subject"]) == {"line"}
    assert plan["shortage"]["short_value"].sum() == pytest.approx(1500)
    # an hour makes one unit: 10 of revenue for 1 of cost
    assert by_month(plan["capacity_use"], "price_per_hour") == pytest.approx([9, 9, 9], rel=1e-3)


def test_markets_of_one_class_share_a_shortage_by_what_they_want():
    plant = Plant(settings={"late_days_maximum": 0}).product("cola").market().market("far")
    plant.demand("cola", [300, 0, 0]).demand("cola", [100, 0, 0], "far").line("cola", 10)
    plan = plant.planned()
    assert short(plan, "shipped_qty", market="home") == [150, 0, 0]
    assert short(plan, "shipped_qty", market="far") == [50, 0, 0]


def test_demand_may_wait_for_its_days_and_no_longer():
    plant = Plant(settings={"late_days_maximum": 15}).product("cola").market()
    plan = plant.demand("cola", [300, 0, 0]).line("cola", 10).planned()
    # 100 cannot be made in the first month; all of it is of its last 15 days
    assert short(plan, "backlog_qty") == [100, 0, 0]
    assert short(plan) == [0, 0, 0]
    assert short(plan, "shipped_qty") == [200, 100, 0]


def test_stock_is_built_before_a_resource_closes():
    plant = Plant(settings={"late_days_maximum": 0}).product("cola").market()
    plant.demand("cola", [50, 100, 50]).line("cola", 10)
    second, last = plant.periods[1], plant.periods[2] - pd.Timedelta(days=1)
    plant.add("resource_calendar", resource="line", start_date=second, end_date=last, capacity_rate=0.0)
    plan = plant.planned()
    assert by_month(plan["capacity_use"], "capacity_hours") == [200, 0, 200]
    assert by_month(plan["supply_plan"], "planned_qty") == [150, 50]
    assert by_month(plan["projected_inventory"], "closing_qty") == [100, 0, 0]
    assert plan["shortage"].empty


def test_what_a_supplier_brings_too_late_is_lost_by_lead_time():
    plant = (
        Plant(settings={"late_days_maximum": 0}).product("syrup", 2.0).market().demand("syrup", [60, 60, 60])
    )
    plant.add("purchase_term", product="syrup", supplier="maker", location="plant", price_per_unit=2.0,
              currency="EUR", lead_time_days=30)  # fmt: skip
    plan = plant.planned()
    assert short(plan) == [60, 0, 0]
    assert list(plan["shortage"]["reason"]) == ["lead time"]
    assert by_month(plan["supply_plan"], "planned_qty", option="buy") == [60, 60]
    assert by_month(plan["supply_plan"], "cost_value", option="buy") == [120, 120]


def test_a_supplier_that_brings_too_little_is_named():
    plant = (
        Plant(settings={"late_days_maximum": 0}).product("syrup", 2.0).market().demand("syrup", [60, 60, 60])
    )
    plant.add("purchase_term", product="syrup", supplier="maker", location="plant", price_per_unit=2.0,
              currency="EUR", lead_time_days=0, capacity_qty_per_month=40 * 365.25 / 360)  # fmt: skip
    plan = plant.planned()
    assert sum(short(plan)) == 60
    assert set(plan["shortage"]["reason"]) == {"supplier"}
    assert set(plan["shortage"]["subject"]) == {"maker"}


def test_a_product_nobody_makes_or_buys_is_lost_and_told_so():
    plan = Plant().product("ghost").market().demand("ghost", [5, 5, 5]).planned()
    assert sum(short(plan)) + short(plan, "backlog_qty")[-1] == 15
    assert set(plan["shortage"]["reason"]) == {"material"}
    assert plan["supply_plan"].empty


def test_opening_stock_and_receipts_are_used_before_anything_is_made():
    plant = Plant().product("cola").market().demand("cola", [100, 100, 100]).line("cola", 10)
    told = {"product": "cola", "location": "plant", "snapshot_date": "2025-12-31"}
    plant.add("stock_on_hand", on_hand_qty=120.0, **told)
    plant.add("scheduled_receipt", receipt_qty=30.0, due_date=plant.periods[2], receipt_type="make", **told)
    plan = plant.planned()
    assert by_month(plan["supply_plan"], "planned_qty") == [80, 70]


def test_goods_move_to_where_they_are_wanted_after_the_lead_time():
    plant = Plant().product("cola").market(location="depot").demand("cola", [0, 90, 0]).line("cola", 10)
    plant.add("lane", from_location="plant", to_location="depot", lead_time_days=30)
    plan = plant.planned()
    assert by_month(plan["supply_plan"], "planned_qty", option="move") == [90]
    assert plan["supply_plan"].query("option == 'move'")["period"].tolist() == [plant.periods[0]]
    assert by_month(plan["stock_movement"], "moved_qty", movement="moved_in") == [90]
