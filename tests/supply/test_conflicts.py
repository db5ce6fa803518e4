"""Hard limits that cannot be kept together are told as smallest sets."""

from __future__ import annotations

import pytest

from sopwb.supply.conflicts import limit_conflict
from sopwb.supply.data import plan_data
from sopwb.supply.program import program_of
from sopwb.supply.variables import variables_of
from tests.plans.plant import Plant, all_parts

LOST = {"late_days_maximum": 0}


def members(plan, conflict=1):
    rows = plan["limit_conflict"].query("conflict == @conflict")
    return set(zip(rows["constraint"], rows["subject"], strict=True))


def aimed(*names: str) -> Plant:
    """Products whose least stock is above the most, on one line."""
    rules = {"safety_stock": {"mode": "hard"}, "stock_maximum": {"mode": "hard"}}
    plant = Plant(settings=LOST, rules=rules).market()
    plant.add("resource", resource="line", location="plant", hours_per_day=10)
    for name in names:
        plant.product(name).demand(name, [10, 10, 10])
        plant.add(
            "routing", product=name, location="plant", operation=10, resource="line", run_hours_per_unit=1
        )
        for period in plant.periods:
            plant.add("inventory_target", product=name, location="plant", period=period,
                      safety_stock_qty=50.0, maximum_qty=20.0)  # fmt: skip
    return plant


def test_a_least_stock_above_the_most_conflicts_with_it_and_with_nothing_else():
    plan = aimed("cola").planned()
    assert members(plan) == {("safety_stock", "cola at plant"), ("stock_maximum", "cola at plant")}
    row = plan["limit_conflict"].iloc[0]
    assert row["first_period"] <= row["last_period"]


def test_conflicts_of_two_products_are_told_apart():
    plan = aimed("cola", "juice").planned()
    both = [members(plan, 1), members(plan, 2)]
    for name in ("cola", "juice"):
        assert {("safety_stock", f"{name} at plant"), ("stock_maximum", f"{name} at plant")} in both
    assert not members(plan, 3)


def fixed(quantity: float) -> Plant:
    """What stands already is to be bought of a supplier that can deliver four a month."""
    plant = Plant(settings=LOST).product("syrup").market().demand("syrup", [5, 5, 5])
    plant.add("purchase_term", product="syrup", supplier="maker", location="plant", currency="EUR",
              lead_time_days=0, capacity_qty_per_month=4 * 365.25 / 360)  # fmt: skip
    return plant.add("fixed_decision", option="buy", product="syrup", location="plant", source="maker",
                     period=plant.periods[0], fixed_qty=quantity)  # fmt: skip


def test_a_standing_decision_conflicts_with_the_supplier_it_asks_too_much_of():
    plan = fixed(9.0).planned()
    assert {rule for rule, _ in members(plan)} == {"fixed_decisions", "supplier_limit"}
    assert set(plan["limit_conflict"]["first_period"]) == {plan["period"]["period"].iloc[0]}


def test_limits_that_can_be_kept_conflict_with_nothing():
    assert fixed(3.0).planned()["limit_conflict"].empty


def test_each_limit_of_a_conflict_tells_by_how_much_it_gives_way_and_what_that_costs():
    plant = aimed("cola")
    plant.settings = {**plant.settings, "holding_cost_rate_per_year": 0.1, "end_stock_value_rate": 0.0}
    rows = plant.planned()["limit_conflict"].set_index("constraint")
    assert list(rows["give_way_qty"]) == pytest.approx([30, 30], abs=1e-6)
    # where neither counts nothing is kept; a least stock that gives way still keeps the 20 that may be
    held = 0.1 * 90 / 365.25
    assert rows.loc["safety_stock", "cost_value"] == pytest.approx(20 * held, rel=1e-6)
    assert rows.loc["stock_maximum", "cost_value"] == pytest.approx(50 * held, rel=1e-6)
    assert list(rows["lost_qty"]) == pytest.approx([0, 0], abs=1e-6)


def test_a_decision_that_gives_way_loses_the_demand_it_would_have_served():
    rows = fixed(9.0).planned()["limit_conflict"].set_index("constraint")
    assert list(rows["give_way_qty"]) == pytest.approx([5, 5], abs=1e-6)
    # 4 a month are bought of the 15 that are wanted at 10
    assert rows.loc["fixed_decisions", "lost_qty"] == pytest.approx(3)
    assert rows.loc["fixed_decisions", "cost_value"] == pytest.approx(30)
    assert rows.loc["supplier_limit", ["lost_qty", "cost_value"]].tolist() == pytest.approx([0, 0], abs=1e-6)


def test_a_conflict_that_time_does_not_reach_is_left_out():
    plant = aimed("cola")
    tables, model, parts = plant.tables(), plant.model(), all_parts()
    data = plan_data(tables, model, parts)
    program = program_of(data, variables_of(data), parts, model.parts.constraints)
    broken = plant.planned()["broken_limit"]
    assert broken["is_hard"].any()
    hurried = model.supply.model_copy(update={"solve_seconds": 1e-9})
    assert limit_conflict(broken, data, program, hurried).empty
