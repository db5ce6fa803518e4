"""Every rule of the supply plan can be switched off, broken at a price, or made hard."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sopwb.config.base import RuleSettings
from sopwb.extend import mark_of
from sopwb.supply.data import LOT_RULES, plan_data
from sopwb.supply.goals import goals_of
from sopwb.supply.program import Program, program_of
from sopwb.supply.solve import solve
from sopwb.supply.variables import variables_of
from tests.plans.plant import Plant, all_parts

RULES = {
    name: mark_of(rule).options for name, rule in all_parts().constraints.items()
    if mark_of(rule).options.get("mode") != "law"
}  # fmt: skip
TARGETS = {
    "revenue": ("minimum", 9e5),
    "gross_margin": ("minimum", 8e5),
    "ebit": ("minimum", 7e5),
    "purchase_value": ("maximum", 10.0),
    "cash": ("minimum", 5e5),
    "working_capital": ("maximum", 10.0),
    "service": ("minimum", 1.0),
    "stock_value": ("maximum", 5.0),
    "capex": ("maximum", 5.0),
}


@cache
def workshop(lots: frozenset[str]) -> Plant:
    """A little of everything: two lines, a crew, a blend, a depot, suppliers, targets and a past."""
    settings = {
        "late_days_maximum": 15, "one_stage": True, "mip_gap_rate": 0.0, "frozen_days": 30, "slushy_days": 30,
    }  # fmt: skip
    rules = {name: {"mode": "hard"} for name in lots}
    plant = Plant(settings=settings, rules=rules).market().market("far", 2, "depot")
    plant.add("location", location="plant", storage_pallets=1.0)
    for product, wanted in (("cola", [60.0, 60, 60]), ("lime", [20.0, 20, 20])):
        plant.product(product, 3.0, shelf_life_days=35).demand(product, wanted)
        plant.add("unit_conversion", product=product, unit="pallet", qty_per_unit=10.0)
    plant.demand("cola", [10.0, 10, 10], "far").product("sour", 1.0).product("sweet", 1.0)
    plant.add("lane", from_location="plant", to_location="depot", lead_time_days=0, cost_per_pallet=1.0,
              capacity_pallets_per_week=0.1)  # fmt: skip
    for line, rule in (("line", "each"), ("kettle", "sequence")):
        plant.add("resource", resource=line, location="plant", hours_per_day=2.0, setup_rule=rule,
                  overtime_hours_per_day=0.5, overtime_cost_per_hour=2.0)  # fmt: skip
    for product, line in (("cola", "line"), ("lime", "kettle")):
        for taste in ("sour", "sweet"):
            plant.add("routing", product=product, location="plant", recipe=taste, operation=10, resource=line,
                      run_hours_per_unit=0.5, setup_hours_per_lot=1.0, setup_cost_per_lot=3.0,
                      setup_group=taste)  # fmt: skip
            plant.add("recipe", product=product, location="plant", recipe=taste, minimum_run_qty=5.0,
                      lot_multiple_qty=5.0, valid_to="2026-03-01" if taste == "sour" else None)  # fmt: skip
            plant.add("bill_of_material", product=product, recipe=taste, component=taste, qty_per_unit=1.0)
    for taste, acid in (("sour", 8.0), ("sweet", 2.0)):
        plant.add("product_property", product=taste, property="acid", measured_amount=acid)
        for quantity, price, kind in ((0, 1.0, "beyond"), (20, 2.0, "beyond")):
            plant.add("purchase_term", product=taste, supplier="farm", location="plant", currency="EUR",
                      from_qty=quantity, price_per_unit=price, price_break=kind, lead_time_days=0,
                      capacity_qty_per_month=50.0, minimum_order_qty=4.0, order_cost_value=2.0,
                      take_or_pay_qty_per_month=30.0)  # fmt: skip
    for quantity, price in ((0, 2.0), (60, 1.5)):
        plant.add("purchase_term", product="sour", supplier="mill", location="plant", currency="EUR",
                  from_qty=quantity, price_per_unit=price, lead_time_days=0)  # fmt: skip
    plant.add("blend_limit", product="cola", property="acid", minimum_amount=3.0, maximum_amount=6.0)
    plant.add("work_force", resource="line", opening_count=1.0, hours_per_day=1.0, minimum_count=1.0,
              maximum_count=2.0, cost_per_day=1.0, is_whole=False)  # fmt: skip
    for name in ("press", "vat"):
        plant.add("investment_option", investment=name, name=name, resource="line", hours_per_day=0.5,
                  capex_value=20.0, life_years=5.0, exclusive_group="hall")  # fmt: skip
    plant.add("product_location", product="lime", location="plant", most_days_in_stock=30)
    plant.add("stock_on_hand", product="cola", location="plant", on_hand_qty=30.0)
    plant.add("fixed_decision", option="buy", product="sweet", location="plant", source="farm",
              period=plant.periods[1], fixed_qty=6.0)  # fmt: skip
    for period in plant.periods:
        plant.add("inventory_target", product="cola", location="plant", period=period, safety_stock_qty=20.0,
                  target_qty=10.0, maximum_qty=15.0)  # fmt: skip
        for taste in ("sour", "sweet"):
            plant.add("past_supply_plan", cycle="2025-12-01", option="make", product="cola", location="plant",
                      source=taste, period=period, planned_qty=10.0)  # fmt: skip
    for measure, (sense, value) in TARGETS.items():
        plant.add("target", target=measure, measure=measure, sense=sense, target_value=value,
                  start_date="2026-01-01", end_date="2026-12-31", strength="soft")  # fmt: skip
    return plant


@cache
def numbers(lots: frozenset[str]):
    plant = workshop(lots)
    return plan_data(plant.tables(), plant.model(), all_parts())


def planned(name: str, mode: str) -> tuple[Program, float]:
    """The programme with one rule in a mode, and what its best plan costs.

    Of the rules about lots only the one that is tried is on, so that the solve is short.
    """
    lots = frozenset({name} & set(LOT_RULES) if mode != "off" else ())
    data = numbers(lots)
    settings = {name: RuleSettings(mode=mode, price=0.5 if mode == "soft" else None)}
    program = program_of(data, variables_of(data), all_parts(), settings)
    found = solve(program, *goals_of(data), data.settings)
    assert np.isfinite(found.values).all()
    return program, found.log[-1].objective


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_rule_can_be_off_soft_or_hard_and_costs_more_in_this_order(name):
    cost = {}
    for mode in ("off", "soft", "hard"):
        program, cost[mode] = planned(name, mode)
        rows = [rule for rule in program.rules if rule.name == name]
        assert bool(rows) == (mode != "off")
        for rule in rows:
            assert rule.is_soft.all() == (mode == "soft")
            assert rule.is_soft.any() == (mode == "soft")
            if mode == "soft":
                assert (rule.price > 0).all()
            if mode == "hard":
                assert rule.is_elastic.any() != bool(RULES[name].get("always_met"))
    if name == "discount":
        # it is an offer: a plan with it is no dearer, and a reach that can be bought is no discount
        assert cost["hard"] <= cost["off"] + 1e-5 * abs(cost["off"])
        return
    size = max(abs(value) for value in cost.values())
    assert cost["off"] <= cost["soft"] + 1e-5 * size
    assert cost["soft"] <= cost["hard"] + 1e-5 * size
