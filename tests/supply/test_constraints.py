"""Each rule of the supply plan alone: what it forbids and allows, without a solver."""

from __future__ import annotations

import numpy as np
import pytest

from sopwb.supply import constraints
from sopwb.supply.data import plan_data
from sopwb.supply.variables import variables_of
from tests.plans.plant import Plant, all_parts


@pytest.fixture(scope="module")
def plant() -> Plant:
    plant = Plant(settings={"late_days_maximum": 15}).product("cola", shelf_life_days=45)
    plant.market().demand("cola", [100, 100, 100]).line("cola", 10)
    plant.rows["resource"][0] |= {"overtime_hours_per_day": 1.0, "take_or_pay_hours_per_month": 30.4375}
    plant.add("location", location="plant", storage_pallets=5.0)
    plant.add("unit_conversion", product="cola", unit="pallet", qty_per_unit=10.0)
    plant.add(
        "lane", from_location="plant", to_location="depot", lead_time_days=0, capacity_pallets_per_week=7.0
    )
    plant.market("far", location="depot").demand("cola", [10, 10, 10], "far")
    plant.add("purchase_term", product="cola", supplier="maker", location="plant", price_per_unit=2.0,
              currency="EUR", lead_time_days=0, capacity_qty_per_month=365.25 / 12)  # fmt: skip
    plant.add("stock_on_hand", product="cola", location="plant", on_hand_qty=40.0)
    plant.add("target", target="cap", measure="stock_value", sense="maximum", target_value=20.0,
              start_date="2026-01-01", end_date="2026-12-31", strength="soft")  # fmt: skip
    for period in plant.periods:
        plant.add(
            "inventory_target",
            product="cola",
            location="plant",
            period=period,
            safety_stock_qty=8.0,
            target_qty=12.0,
        )
    return plant


@pytest.fixture(scope="module")
def data(plant):
    return plan_data(plant.tables(), plant.model(), all_parts())


def broken(name, data, **values):
    """By how much a rule is broken at most; variables that are not told are zero."""
    v = variables_of(data)
    blocks = v.blocks()
    for key, block in blocks.items():
        block.value = np.zeros(block.size)
        if key.replace("option.", "") in values:
            block.value = np.broadcast_to(np.asarray(values[key.replace("option.", "")], float), block.size)
    found = [rule.violation() for rule in getattr(constraints, name)(data, v)]
    assert found, "the rule says nothing"
    return float(np.max(np.concatenate([np.ravel(part) for part in found])))


# rule, what keeps it, what breaks it, by how much
CASES = [
    ("lateness", {"late": [5, 5, 5, 50, 50, 50]}, {"late": 60}, 55),
    ("capacity", {"make": 200}, {"make": 201}, 1),
    ("capacity", {"make": 201, "overtime": 1}, {"make": 203, "overtime": 1, "overload": 1}, 1),
    ("overtime", {"overtime": 20}, {"overtime": 21}, 1),
    ("overload", {"overload": 0}, {"overload": 2}, 2),
    ("prepaid_hours", {"prepaid": 30, "make": 30}, {"prepaid": 31, "make": 40}, 1),
    ("prepaid_hours", {"prepaid": 30, "make": 30}, {"prepaid": 30, "make": 28}, 2),
    ("supplier_limit", {"buy": 30}, {"buy": 32}, 2),
    ("lane_capacity", {"move": 300}, {"move": 310}, 1),
    ("safety_stock", {"stock": 8}, {"stock": 7}, 1),
    ("storage", {"stock": 50}, {"stock": 60}, 1),
    ("stock_value_cap", {"stock": 10}, {"stock": 11}, 2),
    ("end_stock", {"end_stock": [0, 12], "stock": 12}, {"end_stock": [0, 13], "stock": 13}, 1),
    ("end_stock", {"end_stock": [0, 12], "stock": 12}, {"end_stock": [0, 12], "stock": 9}, 3),
]


@pytest.mark.parametrize(("name", "kept", "broke", "by"), CASES)
def test_a_limit_is_kept_and_broken_by_what_is_beyond_it(data, name, kept, broke, by):
    assert broken(name, data, **kept) == pytest.approx(0, abs=1e-9)
    assert broken(name, data, **broke) == pytest.approx(by)


def test_stock_balance_is_stock_before_and_what_comes_less_what_goes(data):
    depot_and_plant = [0, 0, 0, 140, 140, 140]
    assert broken("stock_balance", data, make=[100, 0, 0], stock=depot_and_plant) == pytest.approx(0)
    assert broken("stock_balance", data, stock=depot_and_plant) == pytest.approx(100)


def test_demand_balance_is_demand_shipped_lost_or_waiting(data):
    wanted = data.demand.demand
    assert broken("demand_balance", data, shipped=wanted) == pytest.approx(0)
    assert broken("demand_balance", data, lost=data.demand.class_demand) == pytest.approx(0)
    assert broken("demand_balance", data, shipped=wanted * 0.5) == pytest.approx(50)
    assert broken("demand_balance", data, lost=data.demand.class_demand + 1) > 0.9


def test_shelf_life_holds_no_stock_that_came_in_too_long_ago(data):
    # after three months only what came in within 45 days may be there
    assert broken("shelf_life", data, stock=[0, 0, 0, 30, 30, 30], make=30) == pytest.approx(0)
    assert broken("shelf_life", data, stock=[0, 0, 0, 0, 0, 30], make=[30, 0, 0]) == pytest.approx(30)


def test_every_rule_is_tried_here():
    named = {case[0] for case in CASES} | {"stock_balance", "demand_balance", "shelf_life"}
    assert named == set(constraints.__all__)
