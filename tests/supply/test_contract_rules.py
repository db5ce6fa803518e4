"""Price breaks and promises: each rule alone without a solver, and small plans found on paper."""

from __future__ import annotations

import numpy as np
import pytest

from sopwb.supply import contract_rules
from sopwb.supply.data import plan_data
from sopwb.supply.variables import variables_of
from tests.plans.plant import Plant, all_parts, by_month

ALONE = {"late_days_maximum": 0, "one_stage": True, "end_stock_value_rate": 0.0, "mip_gap_rate": 0.0}
ON = {"discount": {"mode": "hard"}}


def bought(prices: dict[float, float], kind: str, wanted=(10, 10, 10), rules=None, **term) -> Plant:
    """Syrup at prices from quantities on; to keep a unit for a month costs 0.3."""
    plant = Plant(settings=ALONE, rules=rules or {}).product("syrup").market()
    plant.demand("syrup", list(wanted), price=100.0)
    for quantity, price in prices.items():
        plant.add("purchase_term", product="syrup", supplier="maker", location="plant", currency="EUR",
                  from_qty=quantity, price_per_unit=price, price_break=kind, lead_time_days=0,
                  **term)  # fmt: skip
    return plant.add("product_location", product="syrup", location="plant", holding_cost_per_unit_day=0.01)


def data_of(plant: Plant):
    return plan_data(plant.tables(), plant.model(), all_parts())


def broken(name, data, **values) -> float:
    v = variables_of(data)
    for key, block in v.blocks().items():
        told = values.get(key.replace("option.", ""), 0.0)
        block.value = np.broadcast_to(np.asarray(told, float), block.size)
    found = [rule.violation() for rule in getattr(contract_rules, name)(data, v)]
    assert found, "the rule says nothing"
    return float(np.max(np.concatenate([np.ravel(part) for part in found])))


RISING = ({0: 1.0, 8: 3.0}, "beyond")
WHOLE = ({0: 2.0, 25: 1.0}, "all_units")
BEYOND = ({0: 2.0, 15: 1.0}, "beyond")
PROMISE = ({0: 2.0}, "all_units")
CASES = [
    ("price_break", RISING, {}, {"buy": 10, "price_break": 2}, {"buy": 10}, 2),
    ("discount", WHOLE, ON, {"buy": 25, "discount": 25, "discount_reached": 1}, {"buy": 9, "discount": 9}, 9),
    ("discount", WHOLE, ON, {"buy": 25}, {"buy": 20, "discount": 20, "discount_reached": 1}, 5),
    ("discount", BEYOND, ON, {"buy": 20, "discount": 5, "discount_reached": 1},
     {"buy": 20, "discount": 8, "discount_reached": 1}, 3),
    ("take_or_pay", PROMISE, {}, {"buy": 12, "take_or_pay": 3}, {"buy": 12, "take_or_pay": 1}, 2),
]  # fmt: skip


@pytest.mark.parametrize(("name", "terms", "rules", "kept", "broke", "by"), CASES)
def test_a_rule_is_kept_and_broken_by_what_is_beyond_it(name, terms, rules, kept, broke, by):
    term = {"take_or_pay_qty_per_month": 15 * 365.25 / 360} if name == "take_or_pay" else {}
    data = data_of(bought(*terms, rules=rules, **term))
    assert broken(name, data, **kept) == pytest.approx(0, abs=1e-9)
    assert broken(name, data, **broke) == pytest.approx(by)


def test_every_rule_is_tried_here():
    assert {case[0] for case in CASES} == set(contract_rules.__all__)


def cost(plan) -> float:
    return float(plan["supply_plan"]["cost_value"].sum() + plan["supply_decision"]["cost_value"].sum())


def test_a_rising_price_is_paid_for_what_is_beyond_and_spread_where_keeping_is_cheaper():
    """Of 5, 11 and 8 three are bought a month ahead: to keep them costs 0.3, the dearer price 2."""
    plan = bought(*RISING, wanted=(5, 11, 8)).planned()
    assert by_month(plan["supply_plan"], "planned_qty") == [8, 8, 8]
    assert plan["supply_decision"].empty
    plan = bought(*RISING, wanted=(10, 10, 10)).planned()
    assert cost(plan) == pytest.approx(24 * 1 + 6 * 3)
    assert plan["supply_decision"]["cost_value"].sum() == pytest.approx(6 * 2)


def test_a_discount_is_taken_where_the_rule_is_on_and_not_otherwise():
    """30 at once cost 30 and 0.3 × (20 + 10) to keep; month by month 60."""
    plan = bought(*WHOLE, rules=ON).planned()
    assert by_month(plan["supply_plan"], "planned_qty") == [30]
    assert cost(plan) == pytest.approx(30)
    off = bought(*WHOLE).planned()
    assert by_month(off["supply_plan"], "planned_qty") == [10, 10, 10]
    assert cost(off) == pytest.approx(60)


def test_a_discount_on_what_is_beyond_is_counted_from_the_level_on():
    """30 at once: 15 at 2 and 15 at 1, kept for 9; month by month 60."""
    plan = bought(*BEYOND, rules=ON).planned()
    assert by_month(plan["supply_plan"], "planned_qty") == [30]
    assert cost(plan) == pytest.approx(45)


def test_of_several_levels_the_whole_order_has_the_best_it_reaches():
    plan = bought({0: 3.0, 10: 2.0, 30: 1.0}, "all_units", rules=ON).planned()
    assert cost(plan) == pytest.approx(30)
    plan = bought({0: 3.0, 10: 2.0, 45: 1.0}, "all_units", rules=ON).planned()
    assert by_month(plan["supply_plan"], "planned_qty") == [10, 10, 10]
    assert cost(plan) == pytest.approx(60)


def test_what_is_promised_and_not_wanted_is_paid_and_told():
    promised = {"take_or_pay_qty_per_month": 15 * 365.25 / 360}
    plan = bought(*PROMISE, **promised).planned()
    told = plan["supply_decision"].query("decision == 'take_or_pay'")
    assert told["decided_count"].sum() == pytest.approx(15)
    assert told["cost_value"].sum() == pytest.approx(30)
    assert by_month(plan["supply_plan"], "planned_qty") == [10, 10, 10]


def test_a_promise_moves_what_is_bought_to_the_supplier_it_was_given_to():
    plant = bought(*PROMISE, take_or_pay_qty_per_month=6 * 365.25 / 360)
    plant.add("purchase_term", product="syrup", supplier="other", location="plant", currency="EUR",
              price_per_unit=1.5, lead_time_days=0)  # fmt: skip
    plan = plant.planned()
    assert by_month(plan["supply_plan"], "planned_qty", source="maker") == [6, 6, 6]
    assert by_month(plan["supply_plan"], "planned_qty", source="other") == [4, 4, 4]
