"""The same small plan, written down a second time by hand and given to another solver's door."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from tests.plans.plant import Plant, by_month

DEMAND = {"home": [150.0, 250.0, 230.0], "far": [20.0, 30.0, 40.0]}
YIELD, PRICE, SYRUP_PRICE, SYRUP_PER_UNIT = 0.9, 10.0, 2.0, 2.0 / (1 - 0.2)
DAILY_HOLDING = 0.1 / 365.25
WEIGHT, BETTER_CLASS = 20.0, 3.0


def plant() -> Plant:
    plant = Plant(settings={"late_days_maximum": 0, "holding_cost_rate_per_year": 0.1, "solver": "simplex"})
    plant.product("cola", 6.0).product("syrup", SYRUP_PRICE).market().market("far", priority=2)
    for market, wanted in DEMAND.items():
        plant.demand("cola", wanted, market, PRICE)
    plant.line("cola", 10, yield_rate=YIELD)
    plant.add("bill_of_material", product="cola", component="syrup", qty_per_unit=2.0, scrap_rate=0.2)
    return plant.add("purchase_term", product="syrup", supplier="maker", location="plant",
                     price_per_unit=SYRUP_PRICE, currency="EUR", lead_time_days=0)  # fmt: skip


def by_hand() -> float:
    """Least charge of start, buy, cola and syrup in stock, shipped, lost at home and lost far; by month."""
    one, before, none = np.eye(3), np.eye(3, k=-1), np.zeros((3, 3))
    roll = one - before
    balance = np.vstack(
        [
            np.hstack([-YIELD * one, none, roll, none, one, none, none]),
            np.hstack([SYRUP_PER_UNIT * one, -one, none, roll, none, none, none]),
            np.hstack([none, none, none, none, one, one, one]),
        ]
    )
    wanted = np.add(DEMAND["home"], DEMAND["far"])
    month = 30 * DAILY_HOLDING
    lost = WEIGHT * PRICE
    charge = np.repeat(
        [1.0, SYRUP_PRICE, 6 * month, SYRUP_PRICE * month, -PRICE, lost * BETTER_CLASS, lost], 3
    )
    most = [(0, 200)] * 3 + [(0, None)] * 12 + [(0, q) for q in [*DEMAND["home"], *DEMAND["far"]]]
    found = linprog(charge, A_eq=balance, b_eq=[*np.zeros(6), *wanted], bounds=most, method="highs-ds")
    assert found.status == 0
    return float(found.fun)


def test_both_find_the_same_best():
    plan = plant().planned()
    assert plan["solver_log"]["objective"].iloc[0] == pytest.approx(by_hand(), rel=1e-6)
    made = sum(by_month(plan["supply_plan"], "planned_qty", option="make"))
    assert made == pytest.approx(600)
    assert plan["shipment_plan"]["lost_qty"].sum() == pytest.approx(720 - 600 * YIELD)
