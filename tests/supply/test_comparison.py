"""Ways of planning side by side, on figures found by hand."""

from __future__ import annotations

import pytest

from sopwb.supply.comparison import plan_comparison
from sopwb.supply.data import plan_data
from tests.plans.plant import Plant, all_parts, by_month


def compared(plant: Plant):
    plan = plant.planned()
    return plan, plan_comparison(plan, plan_data(plan, plant.model(), all_parts()))


def of(rows, strategy, column="made_qty"):
    return by_month(rows, column, strategy=strategy)


def season() -> Plant:
    """A month that wants 300, with 200 hours a month and up to 20 of overtime."""
    plant = Plant(settings={"late_days_maximum": 0}).product("cola", 1.0, family="drinks").market()
    return plant.demand("cola", [50, 300, 50]).line("cola", 10)


def test_each_way_of_planning_makes_what_its_rule_says():
    _, rows = compared(season())
    # without limits and chasing: in the month that wants it, 100 hours beyond what there is
    for strategy in ("unconstrained", "chase"):
        assert of(rows, strategy) == [50, 300, 50]
        assert of(rows, strategy, "over_hours") == [0, 100, 0]
    # by priority: 100 do not fit into the second month and are built ahead
    assert of(rows, "priority_rule") == [150, 200, 50]
    assert of(rows, "priority_rule", "closing_qty") == [100, 0, 0]
    # level: 350 in the first two months of 20 days are 8.75 a day
    assert of(rows, "level") == [175, 175, 175]
    assert of(rows, "level", "closing_qty") == [125, 0, 125]
    # the optimum builds ahead as the rule does, and serves all
    assert of(rows, "optimum") == [150, 200, 50]
    for strategy in rows["strategy"].unique():
        assert of(rows, strategy, "shipped_qty") == [50, 300, 50]


def test_all_stand_on_the_same_demand_and_on_whole_sums():
    _, rows = compared(season())
    for _, one in rows.groupby("strategy"):
        assert one["demand_qty"].sum() == pytest.approx(400)
        served = one["shipped_qty"].sum() + one["lost_qty"].sum() + one["late_qty"].iloc[-1]
        assert served == pytest.approx(400)


def test_hours_beyond_regular_ones_cost_their_extra_pay():
    plant = season()
    plant.rows["resource"][0]["overtime_cost_per_hour"] = 3.0
    _, rows = compared(plant)
    # 400 sold at 10 for 1 of cost; chasing takes 100 hours of 3 more
    assert sum(of(rows, "optimum", "contribution_value")) == pytest.approx(3600)
    assert sum(of(rows, "chase", "contribution_value")) == pytest.approx(3300)


def test_the_better_class_is_served_first_by_the_priority_rule():
    plant = Plant(months=1, settings={"late_days_maximum": 0}).product("cola", family="drinks").market()
    plant.market("far", priority=2, location="plant")
    plant.demand("cola", [150]).demand("cola", [100], "far", price=20.0).line("cola", 10)
    _, rows = compared(plant)
    assert of(rows, "priority_rule", "shipped_qty") == [200]
    assert of(rows, "priority_rule", "lost_qty") == [50]
    assert of(rows, "unconstrained", "lost_qty") == [0]


def test_late_demand_waits_in_a_plan_by_rule_as_long_as_it_may():
    plant = Plant(settings={"late_days_maximum": 15}).product("cola", family="drinks").market()
    _, rows = compared(plant.demand("cola", [300, 0, 0]).line("cola", 10))
    assert of(rows, "priority_rule", "late_qty") == [100, 0, 0]
    assert of(rows, "priority_rule", "shipped_qty") == [200, 100, 0]


def test_suppliers_hold_back_all_but_the_unconstrained_plan():
    plant = Plant(settings={"late_days_maximum": 0}).product("cola", family="drinks").market()
    plant.product("syrup", 1.0, family="parts").demand("cola", [100, 100, 100]).line("cola", 10)
    plant.add("bill_of_material", product="cola", recipe="main", component="syrup", qty_per_unit=1.0,
              valid_from="1900-01-01")  # fmt: skip
    plant.add("purchase_term", product="syrup", supplier="maker", location="plant", price_per_unit=1.0,
              currency="EUR", lead_time_days=0, capacity_qty_per_month=60 * 365.25 / 360)  # fmt: skip
    _, rows = compared(plant)
    drinks = rows[rows["family"] == "drinks"]
    assert of(drinks, "unconstrained", "shipped_qty") == [100, 100, 100]
    for strategy in ("priority_rule", "chase", "level", "optimum"):
        assert sum(of(drinks, strategy, "shipped_qty")) == pytest.approx(180)


def test_goods_reach_a_depot_over_its_lane_after_the_lead_time():
    settings = {"late_days_maximum": 0, "holding_cost_rate_per_year": 0.1}  # so that nothing is made early
    plant = Plant(settings=settings).product("cola", family="drinks").market(location="depot")
    plant.demand("cola", [0, 90, 90]).line("cola", 10)
    plant.add("lane", from_location="plant", to_location="depot", lead_time_days=30)
    _, rows = compared(plant)
    for strategy in rows["strategy"].unique():
        # at a constant rate 90 are made in the last month too
        assert of(rows, strategy) == [90, 90, 90 if strategy == "level" else 0]
        assert of(rows, strategy, "shipped_qty") == [0, 90, 90]


def test_what_comes_too_late_for_its_lead_time_is_lost_even_without_limits():
    plant = Plant(settings={"late_days_maximum": 0}).product("syrup", 2.0, family="parts").market()
    plant.demand("syrup", [60, 60, 60])
    plant.add("purchase_term", product="syrup", supplier="maker", location="plant", price_per_unit=2.0,
              currency="EUR", lead_time_days=30)  # fmt: skip
    _, rows = compared(plant)
    assert of(rows, "unconstrained", "lost_qty") == [60, 0, 0]
    assert of(rows, "unconstrained", "shipped_qty") == [0, 60, 60]


def test_opening_stock_is_used_before_anything_is_made():
    plant = season().add(
        "stock_on_hand", product="cola", location="plant", snapshot_date="2025-12-31", on_hand_qty=60.0
    )
    _, rows = compared(plant)
    assert of(rows, "unconstrained") == [0, 290, 50]


def test_a_product_without_any_source_is_lost_in_every_plan():
    _, rows = compared(Plant().product("ghost", family="none").market().demand("ghost", [5, 5, 5]))
    assert (rows.groupby("strategy")["shipped_qty"].sum() == 0).all()
