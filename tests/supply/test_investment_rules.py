"""Rules about investments alone, without a solver; what each adds where, and how it is charged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sopwb.supply import constraints, investment_rules, money_rules
from sopwb.supply.data import plan_data
from sopwb.supply.investing import built
from sopwb.supply.investments import annuity_factor, capital_per_year, present_value
from sopwb.supply.variables import variables_of
from tests.plans.plant import Plant, all_parts, rows_of


@pytest.fixture(scope="module")
def data():
    """Hall, line and shift over three months; hall and line exclude each other, the line is asked for."""
    plant = Plant().product("cola").market().demand("cola", [100, 100, 100]).line("cola", 10)
    plant.add("location", location="plant", location_type="plant", storage_pallets=5.0)
    plant.add("unit_conversion", product="cola", unit="pallet", qty_per_unit=10.0)
    plant.add("target", target="limit", measure="capex", sense="maximum", target_value=500.0,
              start_date="2026-01-01", end_date="2026-12-31", strength="hard")  # fmt: skip
    usual = {"capex_value": 400.0, "life_years": 4.0, "exclusive_group": "site"}
    plant.add("investment_option", investment="hall", name="Hall", location="plant", storage_pallets=3.0,
              lead_time_days=45, **usual)  # fmt: skip
    plant.add("investment_option", investment="line", name="Line", resource="line", hours_per_day=2.0,
              status="build", **usual)  # fmt: skip
    plant.add("investment_option", investment="shift", name="Shift", resource="line", hours_per_day=4.0,
              latest_date="2026-01-31", **{**usual, "exclusive_group": None})  # fmt: skip
    return plan_data(plant.tables(), plant.model(), all_parts())


def broken(module, name, data, **values):
    """By how much a rule is broken at most; variables that are not told are zero."""
    v = variables_of(data)
    for key, block in v.blocks().items():
        told = values.get(key.replace("option.", ""), 0.0)
        block.value = np.broadcast_to(np.asarray(told, float), block.size)
    found = [rule.violation() for rule in getattr(module, name)(data, v)]
    assert found, "the rule says nothing"
    return float(np.max(np.concatenate([np.ravel(part) for part in found])))


HALL, LINE, SHIFT = ([1.0 if place == number else 0.0 for place in range(9)] for number in (0, 3, 6))
LATE_SHIFT = [0.0] * 8 + [1.0]
CASES = [
    (investment_rules, "investment_once", {"investment": LINE}, {"investment": HALL}, 1),
    (investment_rules, "investment_once", {"investment": LINE}, {"investment": np.add(LINE, LATE_SHIFT)}, 1),
    (investment_rules, "investment_once", {"investment": LINE},
     {"investment": [0, 0, 0, 1, 1, 0, 0, 0, 0]}, 1),
    (investment_rules, "exclusive_investments", {"investment": np.add(LINE, SHIFT)},
     {"investment": np.add(LINE, HALL)}, 1),
    (money_rules, "capex_limit", {"investment": LINE}, {"investment": np.add(LINE, SHIFT)}, 300),
    (constraints, "capacity", {"make": 320, "investment": np.add(LINE, SHIFT)},
     {"make": 245, "investment": LINE}, 5),
    # the hall is there on the 46th day: at the end of the second month and of the third
    (constraints, "storage", {"stock": [50, 80, 80], "investment": HALL},
     {"stock": 80, "investment": HALL}, 3),
]  # fmt: skip


@pytest.mark.parametrize(("module", "name", "kept", "broke", "by"), CASES)
def test_a_rule_is_kept_and_broken_by_what_is_beyond_it(data, module, name, kept, broke, by):
    assert broken(module, name, data, **kept) == pytest.approx(0, abs=1e-9)
    assert broken(module, name, data, **broke) == pytest.approx(by)


def test_what_is_built_stands_in_hours_and_places_and_its_rules_are_gone(data):
    made = built(data, np.array([0, 3]))
    assert made.hours.regular.tolist() == [240.0] * 3
    assert made.storage.most.tolist() == [5.0, 8.0, 8.0]
    assert "investment" not in made.blocks
    for module, name in ((investment_rules, "investment_once"), (money_rules, "capex_limit")):
        assert list(getattr(module, name)(made, variables_of(made))) == []


def test_capital_of_a_year_and_present_value_agree_with_payments_one_by_one():
    option = rows_of("investment_option", [{"investment": "a", "name": "A", "capex_value": 900.0,
                                            "life_years": 3.0, "residual_value": 90.0,
                                            "lead_time_days": 365}])  # fmt: skip
    payment = rows_of("investment_payment", [
        {"investment": "a", "months_after": months, "payment_rate": 0.5} for months in (0, 12)
    ])  # fmt: skip
    rate, year, wait = 0.1, 400.0, 365 / 365.25
    spent = 450 + 450 / 1.1
    earned = sum(year / 1.1 ** (wait + n) for n in (1, 2, 3)) + 90 / 1.1 ** (wait + 3)
    assert present_value(option, payment, rate, np.array([year]))[0] == pytest.approx(earned - spent)
    even = capital_per_year(option, payment, rate)
    assert present_value(option, payment, rate, even)[0] == pytest.approx(0, abs=1e-9)


def test_without_a_cost_of_capital_a_year_is_a_share():
    option = rows_of("investment_option", [{"investment": "a", "name": "A", "capex_value": 900.0,
                                            "life_years": 3.0, "residual_value": 90.0}])  # fmt: skip
    assert capital_per_year(option, rows_of("investment_payment", []), 0.0)[0] == pytest.approx(270.0)
    assert annuity_factor(0.0, np.array([2.5]))[0] == pytest.approx(2.5)


def test_use_ends_with_the_life():
    plant = Plant(months=6).product("cola").market().demand("cola", [1] * 6).line("cola", 10)
    plant.add("investment_option", investment="rent", name="Rent", resource="line", hours_per_day=2.0,
              capex_value=1.0, life_years=0.25)  # fmt: skip
    found = plan_data(plant.tables(), plant.model(), all_parts()).investments
    # 91 days: three months, and a day of the fourth
    assert np.asarray(found.hours[:, [0]].toarray()).ravel() == pytest.approx([40, 40, 40, 40 / 30, 0, 0])
    assert found.used_days[0] == 91
    assert pd.Timestamp(found.months[0]) == plant.periods[0]
