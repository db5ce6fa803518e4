"""Limits of the financial plan alone: what each forbids and allows, without a solver."""

from __future__ import annotations

import numpy as np
import pytest

from sopwb.errors import InputError
from sopwb.supply import money_rules
from sopwb.supply.data import plan_data
from sopwb.supply.money import Books
from sopwb.supply.variables import variables_of
from tests.plans.plant import Plant, all_parts

TARGETS = {
    "revenue": ("revenue", "*", "minimum", 2000.0),
    "export": ("revenue", "market=far", "minimum", 600.0),
    "margin": ("gross_margin", "*", "minimum", 1000.0),
    "ebit": ("ebit", "*", "minimum", 700.0),
    "budget": ("purchase_value", "*", "maximum", 400.0),
    "service": ("service", "*", "minimum", 0.9),
    "cash": ("cash", "*", "minimum", 500.0),
    "capital": ("working_capital", "*", "maximum", 900.0),
    "spending": ("capex", "*", "maximum", 500.0),
}


def company(*names: str, months: int = 2) -> Plant:
    """Cola at 10 that costs 1 an hour and 2 of syrup; customers pay after a month.

    Suppliers are paid at once. 60 are wanted at home and 40 far away each month.
    """
    plant = Plant(months=months).product("cola", 3.0).product("syrup", 2.0).market().market("far")
    plant.demand("cola", [60.0] * months).demand("cola", [40.0] * months, "far")
    plant.line("cola", 10)
    plant.add("bill_of_material", product="cola", component="syrup", qty_per_unit=1.0)
    plant.add("purchase_term", product="syrup", supplier="maker", location="plant", price_per_unit=2.0,
              currency="EUR", lead_time_days=0)  # fmt: skip
    plant.add("payment_term", party_type="customer", days=30)
    plant.add("payment_term", party_type="supplier", days=0)
    opening = {"opening_cash": 1000.0, "opening_receivables": 0.0, "cost": 100.0}
    for item, amount in opening.items():
        for month in range(months if item == "cost" else 1):
            plant.add("outside_plan", item=item, period=plant.periods[month], amount=amount)
    if "spending" in names:
        # 100 are given, and a line may be built for 400
        plant.add("outside_plan", item="capex", period=plant.periods[0], amount=100.0)
        plant.add("investment_option", investment="second", name="Second", resource="line", hours_per_day=5.0,
                  capex_value=400.0, life_years=5.0)  # fmt: skip
    for name in names:
        measure, scope, sense, value = TARGETS[name]
        plant.add("target", target=name, measure=measure, scope=scope, sense=sense, target_value=value,
                  start_date="2026-01-01", end_date="2026-12-31", strength="hard")  # fmt: skip
    return plant


def data_of(*names: str):
    plant = company(*names)
    return plan_data(plant.tables(), plant.model(), all_parts())


def broken(rule: str, data, **values) -> float:
    v = variables_of(data)
    for key, block in v.blocks().items():
        told = values.get(key.replace("option.", ""), 0.0)
        block.value = np.broadcast_to(np.asarray(told, float), block.size)
    found = [kept.violation() for kept in getattr(money_rules, rule)(data, v)]
    assert found, "the rule says nothing"
    return float(np.max(np.concatenate([np.ravel(part) for part in found])))


# 100 a month made, bought and shipped: revenue 1,000, syrup 200, hours 100, other cost 100
EVERYTHING = {"make": 100, "buy": 100, "shipped": 100}
CASES = [
    ("revenue_goal", "revenue", EVERYTHING, {"shipped": 90}, 200),
    ("margin_goal", "margin", EVERYTHING, {"make": 100, "buy": 100, "shipped": 50}, 300),
    ("ebit_goal", "ebit", EVERYTHING, {"make": 100, "buy": 100, "shipped": 50}, 200),
    ("purchase_budget", "budget", EVERYTHING, {"buy": 110}, 40),
    ("service_floor", "service", {"lost": 0, "late": [10, 10]}, {"late": [30, 10]}, 0.1),
    # month end 1: 1,000 - 200 - 100 - 100, nothing collected yet
    ("cash_floor", "cash", EVERYTHING, {"make": 150, "buy": 150, "shipped": 100}, 50),
    ("capex_limit", "spending", {"investment": [0, 1]}, {"investment": [1, 1]}, 400),
    # owed 1,000 by customers at each month end, nothing in stock
    ("working_capital_limit", "capital", {"shipped": 80, "buy": 80, "make": 80}, EVERYTHING, 100),
]


@pytest.mark.parametrize(("rule", "target", "kept", "broke", "by"), CASES)
def test_a_limit_is_kept_and_broken_by_what_is_beyond_it(rule, target, kept, broke, by):
    data = data_of(target)
    assert broken(rule, data, **kept) == pytest.approx(0, abs=1e-6)
    assert broken(rule, data, **broke) == pytest.approx(by)


def test_every_rule_is_tried_here():
    assert {case[0] for case in CASES} == set(money_rules.__all__)


def test_a_limit_on_a_market_counts_that_market_alone():
    data = data_of("export")
    streams = data.network.streams["segment"].tolist()
    assert sorted(streams) == ["", "far"]
    far = [40.0 if segment == "far" else 0.0 for segment in streams for _ in range(2)]
    assert broken("revenue_goal", data, shipped=far) == pytest.approx(0)
    assert broken("revenue_goal", data, shipped=np.array(far) / 2) == pytest.approx(200)


def test_what_has_happened_of_a_span_counts():
    plant = company("revenue")
    plant.add("outside_plan", item="actual", subject="revenue", period=plant.periods[0], amount=500.0)
    data = plan_data(plant.tables(), plant.model(), all_parts())
    assert broken("revenue_goal", data, shipped=75) == pytest.approx(0)


def test_a_target_that_is_only_reported_or_already_over_gives_no_row():
    plant = company("revenue", "budget")
    plant.rows["target"][0]["strength"] = "report"
    plant.rows["target"][1] |= {"start_date": "2025-01-01", "end_date": "2025-12-31"}
    assert plan_data(plant.tables(), plant.model(), all_parts()).money == {}


def test_a_dimension_that_a_measure_does_not_have_is_a_fault_that_names_the_target():
    plant = company("cash", "ebit")
    plant.rows["target"][0]["scope"] = "family=all"
    with pytest.raises(InputError) as told:
        plan_data(plant.tables(), plant.model(), all_parts())
    assert "target cash" in str(told.value)
    assert "family=all" in str(told.value)


def test_lines_of_cost_go_with_revenue_and_tax_is_paid_on_what_is_earned():
    plant = company()
    for month in plant.periods:
        plant.add("outside_plan", item="cost_per_revenue", period=month, amount=0.1)
        plant.add("outside_plan", item="tax_rate", period=month, amount=0.5)
    tables, model = plant.tables(), plant.model()
    books = Books.of(plan_data(tables, model, all_parts()), tables, model)
    sold = {"shipped": 100.0, "option.make": 100.0, "option.buy": 100.0}

    def figure(flow):
        return [
            round(float(sum(matrix[month].sum() * sold.get(name, 0.0) for name, matrix in
                            ((n, m.toarray()) for n, m in flow.by_block.items())) + flow.known[month]), 6)
            for month in range(2)
        ]  # fmt: skip

    # 1,000 - 300 - 100 of revenue - 100
    assert figure(books.ebit()) == [500, 500]
    # 1,000 - 200 - 100 - 100 - 100 - 250, then with the 1,000 of the month before
    assert figure(books.cash()) == [250, 500]
