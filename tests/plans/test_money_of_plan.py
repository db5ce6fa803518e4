"""What the plan decides beside quantities is paid in the profit and loss, to the cent."""

from __future__ import annotations

import pytest

from sopwb.finance.checks import plan_money_is_in_the_profit_and_loss
from tests.plans.test_money import company, through_finance


def variances(tables) -> dict[str, float]:
    sums = tables["production_variance"].groupby("cause")["amount_value"].sum()
    return {str(cause): round(float(value), 4) for cause, value in sums.items() if abs(value) > 1e-6}


def tied(tables, model) -> bool:
    return plan_money_is_in_the_profit_and_loss(tables, model).empty


def test_without_such_decisions_there_is_no_cost_of_them():
    tables, model = through_finance(company())
    assert tied(tables, model)
    assert not {"recipe", "setup", "order", "crew"} & set(tables["production_variance"]["cause"])


def test_orders_set_ups_and_charges_of_recipes_are_paid():
    plant = company()
    plant.rows["resource"][0]["setup_rule"] = "each"
    plant.rows["routing"][0] |= {"setup_hours_per_lot": 20.0, "setup_cost_per_lot": 50.0}
    plant.rows["purchase_term"][0]["order_cost_value"] = 7.0
    plant.add("recipe", product="cola", location="plant", recipe="main", cost_per_unit=0.5)
    plant.add("product_location", product="cola", location="plant", holding_cost_per_unit_day=9.0)
    tables, model = through_finance(plant)
    assert tied(tables, model)
    # cola is made each month with a set-up of 50; the syrup of both comes in one order of 7; 200 units at 0.5
    told = variances(tables)
    assert told["setup"] == pytest.approx(100)
    assert told["order"] == pytest.approx(7)
    assert told["recipe"] == pytest.approx(100)
    # 240 hours at 1 are paid, 200 are in the standard: the set-ups take 20 each
    assert told["absorption"] == pytest.approx(40)
    paid = tables["supply_decision"].groupby("decision")["cost_value"].sum()
    assert paid["setup"] == pytest.approx(140)


def test_crews_are_paid():
    plant = company()
    plant.rows["resource"][0]["hours_per_day"] = 0.0
    plant.add("work_force", resource="line", opening_count=1.0, hours_per_day=5.0, cost_per_day=10.0,
              hire_cost_per_unit=30.0)  # fmt: skip
    tables, model = through_finance(plant)
    assert tied(tables, model)
    # 100 hours a month are 20 days of one head of 5 hours
    assert variances(tables)["crew"] == pytest.approx(2 * 20 * 10)


def test_goods_of_a_lane_with_terms_of_its_own_are_paid_as_freight():
    plant = company()
    plant.rows["market"][0]["location"] = "depot"
    plant.add("lane", from_location="plant", to_location="depot", lead_time_days=0, products="listed")
    plant.add("lane_product", from_location="plant", to_location="depot", product="cola", cost_per_unit=0.25)
    tables, model = through_finance(plant)
    assert tied(tables, model)
    lines = tables["profit_and_loss"].query("version == 'forecast' and line == 'distribution'")
    assert lines["amount_value"].sum() == pytest.approx(200 * 0.25)


def test_what_only_steers_is_in_no_account():
    plant = company(holding_cost_rate_per_year=2.0, safety_stock_price_rate_per_year=50.0)
    for period in plant.rows["period"]:
        plant.add("inventory_target", product="cola", location="plant", period=period["period"],
                  safety_stock_qty=1000.0)  # fmt: skip
    tables, model = through_finance(plant)
    assert tied(tables, model)
    assert not tables["broken_limit"].empty
    profit = tables["profit_and_loss"].query("version == 'forecast' and line == 'ebit'")["amount_value"].sum()
    shipped = tables["shipment_plan"]["shipped_qty"].sum()
    assert profit == pytest.approx(7 * shipped - 200)


def test_money_that_is_not_in_the_accounts_is_found():
    tables, model = through_finance(company())
    more = tables["supply_plan"].copy()
    more.loc[more["option"] == "make", "cost_value"] += 0.01
    assert len(plan_money_is_in_the_profit_and_loss(tables | {"supply_plan": more}, model)) == 2
