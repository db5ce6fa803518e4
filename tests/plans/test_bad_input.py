"""What planners get wrong: each ends in a plan that explains itself, or in a fault that names the row."""

from __future__ import annotations

import numpy as np
import pytest

from sopwb.errors import InputError
from sopwb.schema.validate import bill_of_material_cycles, lanes_to_themselves, relation_faults, table_faults
from tests.plans.plant import SCHEMA, Plant, by_month

LOST = {"late_days_maximum": 0}


def made_of_syrup(**settings) -> Plant:
    plant = Plant(settings=LOST | settings).product("cola").product("syrup").market()
    plant.demand("cola", [10, 10, 10]).line("cola", 10)
    plant.add("bill_of_material", product="cola", component="syrup", qty_per_unit=1.0)
    return plant


def lost(plan) -> float:
    return float(plan["shipment_plan"]["lost_qty"].sum())


def test_a_component_without_routing_or_supplier_is_named_as_missing_material():
    plan = made_of_syrup().planned()
    assert lost(plan) == pytest.approx(30)
    assert set(plan["shortage"]["subject"]) == {"syrup"}
    assert set(plan["shortage"]["reason"]) == {"material"}


def test_a_product_that_nobody_makes_or_sells_is_lost_and_named():
    plan = Plant(settings=LOST).product("cola").market().demand("cola", [10, 10, 10]).planned()
    assert plan["supply_plan"].empty
    assert lost(plan) == pytest.approx(30)
    assert set(plan["shortage"]["reason"]) == {"material"}
    assert set(plan["shortage"]["subject"]) == {"cola"}


def test_products_without_cost_have_no_price_of_safety_stock_and_are_planned_all_the_same():
    """Nobody makes or sells it, so that it costs nothing, as a product without any source does."""
    plant = Plant(settings=LOST).product("cola", cost=0.0).market().demand("cola", [10, 10, 10])
    for period in plant.periods:
        plant.add("inventory_target", product="cola", location="plant", period=period, safety_stock_qty=8.0)
    plan = plant.planned()
    assert lost(plan) == pytest.approx(30)
    assert set(plan["shortage"]["reason"]) == {"material"}


def test_safety_stock_that_is_made_soft_without_any_price_is_a_fault():
    plant = Plant(settings=LOST, rules={"safety_stock": {"mode": "soft"}}).product("cola", cost=0.0).market()
    plant.demand("cola", [10, 10, 10])
    plant.add("inventory_target", product="cola", location="plant", period=plant.periods[0],
              safety_stock_qty=8.0)  # fmt: skip
    with pytest.raises(InputError, match="a soft rule has no price"):
        plant.planned()


def test_a_lane_that_ends_where_it_begins_is_a_fault_that_names_it():
    plant = Plant().add("lane", from_location="depot", to_location="depot", lead_time_days=1)
    plant.add("lane", from_location="plant", to_location="depot", lead_time_days=1)
    (fault,) = lanes_to_themselves(plant.tables()["lane"], SCHEMA)
    assert "lane: 1 lane(s) end where they begin" in str(fault)
    assert "row 2 (" in str(fault)
    assert "from_location=depot, to_location=depot" in str(fault)
    # so is one that a scenario makes
    assert fault in relation_faults(plant.tables(), SCHEMA, ["lane"])


def test_a_plan_without_any_demand_makes_nothing():
    plan = Plant(settings=LOST).product("cola").market().line("cola", 10).planned()
    assert plan["supply_plan"].empty
    assert plan["shortage"].empty
    assert set(plan["solver_log"]["status"]) == {"optimal"}


def test_a_resource_without_hours_makes_nothing_and_is_named():
    plan = (
        Plant(settings=LOST).product("cola").market().demand("cola", [10, 10, 10]).line("cola", 0).planned()
    )
    assert plan["supply_plan"].empty
    assert lost(plan) == pytest.approx(30)
    assert set(plan["shortage"]["reason"]) == {"capacity"}
    assert set(plan["shortage"]["subject"]) == {"line"}


def test_a_bill_of_material_that_leads_back_to_itself_is_a_fault_that_names_the_products():
    plant = made_of_syrup()
    plant.add("routing", product="syrup", location="plant", operation=10, resource="line")
    plant.add("bill_of_material", product="syrup", component="cola", qty_per_unit=1.0)
    (fault,) = bill_of_material_cycles(plant.tables()["bill_of_material"])
    assert "bill_of_material" in str(fault)
    assert "cola" in str(fault)
    assert "syrup" in str(fault)
    # where the fault is not heeded there is still a plan: neither can be made without the other
    assert lost(plant.planned()) == pytest.approx(30)


def test_hours_below_zero_are_a_fault_that_names_the_resource():
    plant = Plant().product("cola").line("cola", -3)
    (fault,) = table_faults(plant.tables()["resource"], SCHEMA["resource"])
    assert "resource" in str(fault)
    assert "hours_per_day" in str(fault)
    assert "line" in str(fault)


def test_what_comes_after_the_horizon_is_lost_by_lead_time():
    plant = Plant(settings=LOST).product("cola").market().demand("cola", [10, 10, 10])
    plan = plant.line("cola", 10, lead_time_days=400).planned()
    assert lost(plan) == pytest.approx(30)
    assert set(plan["shortage"]["reason"]) == {"lead time"}


def test_limits_that_cannot_all_be_kept_are_told_with_the_rule_and_by_how_much():
    rules = {"safety_stock": {"mode": "hard"}, "stock_maximum": {"mode": "hard"}}
    plant = Plant(settings=LOST, rules=rules).product("cola").market().demand("cola", [10, 10, 10])
    plant.line("cola", 10)
    for period in plant.periods:
        plant.add("inventory_target", product="cola", location="plant", period=period,
                  safety_stock_qty=50.0, maximum_qty=20.0)  # fmt: skip
    plan = plant.planned()
    broken = plan["broken_limit"].query("is_hard")
    assert set(broken["constraint"]) == {"safety_stock"}
    assert by_month(broken, "broken_by_qty") == pytest.approx([30, 30, 30], abs=1e-3)
    assert set(broken["subject"]) == {"cola at plant"}
    assert lost(plan) == pytest.approx(0, abs=1e-6)


def test_decisions_that_stand_beyond_the_supplier_s_limit_are_told():
    plant = Plant(settings=LOST).product("syrup").market().demand("syrup", [5, 5, 5])
    plant.add("purchase_term", product="syrup", supplier="maker", location="plant", currency="EUR",
              lead_time_days=0, capacity_qty_per_month=4 * 365.25 / 360)  # fmt: skip
    plant.add("fixed_decision", option="buy", product="syrup", location="plant", source="maker",
              period=plant.periods[0], fixed_qty=9.0)  # fmt: skip
    broken = plant.planned()["broken_limit"].query("is_hard")
    assert set(broken["constraint"]) == {"fixed_decisions"}
    assert broken["broken_by_qty"].sum() == pytest.approx(5, abs=1e-3)


def test_soft_limits_that_are_broken_are_told_as_soft():
    plant = Plant(settings=LOST).product("cola").market().demand("cola", [200, 200, 200]).line("cola", 10)
    for period in plant.periods:
        plant.add("inventory_target", product="cola", location="plant", period=period, safety_stock_qty=8.0)
    broken = plant.planned()["broken_limit"]
    assert not broken["is_hard"].any()
    assert by_month(broken, "broken_by_qty") == pytest.approx([8, 8, 8])


@pytest.mark.parametrize("wanted", [[0, 0, 0], [0.0, 0.0, 5.0]])
def test_where_hardly_anything_is_wanted_hardly_anything_is_made(wanted):
    plan = Plant(settings=LOST).product("cola").market().demand("cola", wanted).line("cola", 10).planned()
    assert plan["supply_plan"]["planned_qty"].sum() == pytest.approx(sum(wanted))
    assert plan["shortage"].empty
    assert np.isfinite(plan["solver_log"]["objective"]).all()


def test_a_horizon_of_one_period_is_planned():
    plan = (
        Plant(months=1, settings=LOST)
        .product("cola")
        .market()
        .demand("cola", [300])
        .line("cola", 10)
        .planned()
    )
    assert by_month(plan["supply_plan"], "planned_qty") == [200]
    assert lost(plan) == pytest.approx(100)
