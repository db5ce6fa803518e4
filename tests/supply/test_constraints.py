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


@pytest.fixture(scope="module")
def workshop():
    """A mixed drink, made by a crew, that may neither pile up nor stay, and an order that stands."""
    fence = {"frozen_days": 30, "slushy_days": 30}
    plant = (
        Plant(settings=fence)
        .product("drink")
        .product("sour")
        .product("sweet")
        .market()
        .demand("drink", [9, 9, 9])
    )
    plant.add("resource", resource="team", location="plant", hours_per_day=0.0)
    for taste, acid in (("sour", 8.0), ("sweet", 2.0)):
        plant.add("routing", product="drink", location="plant", recipe=taste, operation=10, resource="team",
                  run_hours_per_unit=1.0, yield_rate=0.5)  # fmt: skip
        plant.add("bill_of_material", product="drink", recipe=taste, component=taste, qty_per_unit=0.5)
        plant.add("product_property", product=taste, property="acid", measured_amount=acid)
        plant.add(
            "purchase_term",
            product=taste,
            supplier="farm",
            location="plant",
            currency="EUR",
            lead_time_days=0,
        )
    plant.add("recipe", product="drink", location="plant", recipe="sour", valid_from="2026-02-10",
              valid_to="2026-03-01")  # fmt: skip
    plant.add("blend_limit", product="drink", property="acid", minimum_amount=3.0, maximum_amount=5.0)
    plant.add("work_force", resource="team", opening_count=2.0, hours_per_day=1.0, minimum_count=1.0,
              maximum_count=4.0, overtime_hours_per_day=0.25)  # fmt: skip
    plant.add("product_location", product="drink", location="plant", most_days_in_stock=30)
    for period in plant.periods:
        plant.add("inventory_target", product="drink", location="plant", period=period, maximum_qty=7.0)
    plant.add("fixed_decision", option="buy", product="sour", location="plant", source="farm",
              period=plant.periods[1], fixed_qty=6.0)  # fmt: skip
    for period in plant.periods:
        plant.add("past_supply_plan", cycle="2025-12-01", option="make", product="drink", location="plant",
                  source="sour", period=period, planned_qty=5.0)  # fmt: skip
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


# decisions run over (recipe or product, month): sour first, then sweet; drink, sour and sweet in stock
WORKSHOP = [
    ("blend_quality", {"make": [1, 1, 1, 2, 2, 2]}, {"make": [2, 2, 2, 1, 1, 1]}, 1.5),
    ("blend_quality", {"make": [1, 1, 1, 5, 5, 5]}, {"make": [1, 1, 1, 6, 6, 6]}, 0.5),
    ("capacity", {"make": 20, "heads": 2}, {"make": 21, "heads": 2}, 2),
    ("overtime", {"overtime": 10, "heads": 2}, {"overtime": 11, "heads": 2}, 1),
    ("crew_balance", {"heads": [3, 3, 1], "hired": [1, 0, 0], "laid_off": [0, 0, 2]}, {"heads": 3}, 1),
    ("crew_limit", {"heads": [1, 2, 4]}, {"heads": [1, 2, 5]}, 1),
    ("crew_limit", {"heads": [1, 2, 4]}, {"heads": [0.5, 2, 4]}, 0.5),
    ("stock_maximum", {"stock": 7}, {"stock": [7, 7, 9, 0, 0, 0, 0, 0, 0]}, 2),
    ("days_in_stock", {"stock": [0, 5, 5] + [0] * 6, "make": [0, 10, 10, 0, 0, 0]},
     {"stock": [0, 5, 5] + [0] * 6, "make": [0, 10, 0, 0, 0, 0]}, 5),
    ("fixed_decisions", {"buy": [0, 6, 0, 0, 0, 0]}, {"buy": [0, 4, 0, 0, 0, 0]}, 2),
    ("recipe_validity", {"make": [0, 5, 0, 5, 5, 5]}, {"make": [0, 0, 4, 0, 0, 0]}, 4),
    ("frozen_fence", {"make": [5, 9, 9, 0, 9, 9]}, {"make": [3, 0, 0, 0, 0, 0]}, 2),
    ("slushy_fence", {"make": [9, 5, 9, 9, 0, 9]}, {"make": [0, 6, 0, 0, 4, 0]}, 4),
    ("fixed_decisions", {"buy": [0, 6, 0, 9, 9, 9]}, {"buy": [0, 7, 0, 0, 0, 0]}, 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kept", "broke", "by"), WORKSHOP)
def test_a_rule_of_the_workshop_is_kept_and_broken(workshop, name, kept, broke, by):
    assert broken(name, workshop, **kept) == pytest.approx(0, abs=1e-9)
    assert broken(name, workshop, **broke) == pytest.approx(by)


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
    named = {case[0] for case in [*CASES, *WORKSHOP]} | {"stock_balance", "demand_balance", "shelf_life"}
    assert named == set(constraints.__all__)
