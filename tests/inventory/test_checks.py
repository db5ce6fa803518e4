"""The checks of projected stock hold on a true plan and fail on each way of spoiling it."""

from __future__ import annotations

import pytest

from sopwb.inventory import checks
from tests.plans.plant import SCHEMA, Plant


@pytest.fixture(scope="module")
def plant() -> Plant:
    plant = Plant().product("cola").market().demand("cola", [100, 100, 300]).line("cola", 10)
    return plant.add("stock_on_hand", product="cola", location="plant", on_hand_qty=40.0)


@pytest.fixture(scope="module")
def plan(plant):
    return plant.planned()


@pytest.mark.parametrize("name", checks.__all__)
def test_a_true_plan_and_a_plan_of_nothing_pass(plan, plant, name):
    nothing = {table: SCHEMA[table].empty() for table in SCHEMA}
    for tables in (plan, nothing):
        assert getattr(checks, name)(tables, plant.model()).empty


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("projected_inventory", "opening_qty"),
        ("projected_inventory", "closing_qty"),
        ("stock_movement", "moved_qty"),
        ("stock_on_hand", "on_hand_qty"),
    ],
)
def test_stock_balances_fails_where_one_number_is_wrong(plan, plant, table, column):
    for place in range(len(plan[table])):
        rows = plan[table].copy()
        rows.loc[place, column] += 0.01
        assert len(checks.stock_balances({**plan, table: rows}, plant.model()))


def test_stock_balances_fails_where_a_movement_has_no_row_of_stock(plan, plant):
    rows = plan["projected_inventory"].iloc[:-1]
    assert len(checks.stock_balances({**plan, "projected_inventory": rows}, plant.model())) == 1


def test_stock_is_never_negative_fails_below_nothing(plan, plant):
    rows = plan["projected_inventory"].copy()
    rows.loc[1, "closing_qty"] = -0.01
    found = checks.stock_is_never_negative({**plan, "projected_inventory": rows}, plant.model())
    assert list(found["closing_qty"]) == [-0.01]
