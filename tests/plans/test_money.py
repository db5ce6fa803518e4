"""Plans under limits of the financial plan: found on paper, and met as finance counts them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from sopwb.finance.stage import finance, outside_plan
from sopwb.inventory.stage import projection
from sopwb.schema import load_schema
from sopwb.supply.stage import supply
from tests.plans.plant import Plant, all_parts, by_month


def company(price: float = 10.0, **settings) -> Plant:
    """100 cola a month, each of an hour at 1 and a syrup at 2; 100 of rent a month, and 1,000 in the bank.

    Customers pay after a month, suppliers are paid at once.
    """
    own = {"late_days_maximum": 0, "end_stock_value_rate": 0.0, **settings}
    plant = Plant(months=2, settings=own).product("cola", 3.0).product("syrup", 2.0).market()
    # fiscal months, so that money has its months
    for start, days in (("2026-01-01", 31), ("2026-02-01", 28)):
        plant.add("period", period=start, end_date=f"{start[:8]}{days}", bucket="month", days=days,
                  working_days=20, fiscal_period=start, fiscal_year=2026)  # fmt: skip
        plant.add("demand_plan", product="cola", market="home", period=start, consensus_qty=100.0,
                  net_price_per_unit=price)  # fmt: skip
    plant.line("cola", 20)
    plant.rows["routing"][0]["recipe"] = "main"
    plant.add("bill_of_material", product="cola", recipe="main", component="syrup", qty_per_unit=1.0)
    plant.add("purchase_term", product="syrup", supplier="maker", location="plant", price_per_unit=2.0,
              currency="EUR", lead_time_days=0)  # fmt: skip
    plant.add("payment_term", party_type="customer", days=30)
    plant.add("payment_term", party_type="supplier", days=0)
    plant.add("cost_line", cost_line="rent", valid_from="2025-01-01", plan_line="administration",
              behaviour="fixed", amount=100.0)  # fmt: skip
    plant.add("account", account="1", name="bank", account_type="asset", operator=1, plan_line="cash")
    plant.add("account", account="2", name="owed", account_type="asset", operator=1, plan_line="receivables")
    for account, amount in (("1", 1000.0), ("2", 0.0)):
        plant.add("ledger", version="actual", account=account, period="2025-12-01", amount_value=amount)
    return plant


def through_finance(plant: Plant):
    """Every table of the plan and of finance, and the model."""
    schema, model, parts = load_schema(), plant.model(), all_parts()
    own = model.finance.model_copy(update={"income_tax_rate": 0.0, "run_rate_months": 0})
    day = model.calendar.model_copy(update={"as_of": date(2025, 12, 31)})
    model = model.model_copy(update={"finance": own, "calendar": day})
    tables = plant.tables()
    for stage in (outside_plan, supply, projection, finance):
        tables |= {name: schema[name].shape(rows) for name, rows in stage(tables, model, parts).items()}
    return tables, model


def limited(plant: Plant, measure: str, sense: str, value: float, **more) -> dict:
    """The tables of the plan and of finance under one target."""
    told = {"strength": "hard", "start_date": "2026-01-01", "end_date": "2026-12-31"} | more
    plant.add("target", target="limit", measure=measure, sense=sense, target_value=value, **told)
    return through_finance(plant)[0]


CASES = [
    # price, measure, sense, value, shipped of the 200 wanted, what one more unit of the limit is worth
    (10.0, "purchase_value", "maximum", 300.0, 150, 3.5),
    (2.0, "ebit", "minimum", -300.0, 100, 1e9),
    (2.0, "gross_margin", "minimum", -100.0, 100, 1e9),
    (10.0, "working_capital", "maximum", 800.0, 160, 0.7),
    # at the end of the first month there is 900 less 3 for each that is made, and nothing is collected
    (10.0, "cash", "minimum", 750.0, 150, 7 / 3),
]


@pytest.mark.parametrize(("price", "measure", "sense", "value", "shipped", "worth"), CASES)
def test_a_hard_limit_is_kept_as_finance_counts_it(price, measure, sense, value, shipped, worth):
    tables = limited(company(price), measure, sense, value)
    gap = tables["target_gap"].iloc[0]
    assert gap["planned_value"] == pytest.approx(value, abs=1e-3)
    assert gap["gap_value"] == pytest.approx(0, abs=1e-3)
    assert tables["shipment_plan"]["shipped_qty"].sum() == pytest.approx(shipped, abs=1e-3)
    prices = tables["constraint_price"].query("subject == 'limit'")["price_per_unit"]
    assert np.nan_to_num(gap["limit_price_per_unit"]) == pytest.approx(prices.sum())
    if worth < 1e9:
        assert prices.max() == pytest.approx(worth, rel=1e-3)
    else:
        # more loss would be allowed for service that is worth no money
        assert prices.empty or prices.max() >= 0


GOALS = [
    # what sells at 2 costs 3: nothing is made unless a goal asks for it, at 1 for each 2 of revenue
    ("revenue", 100.0, 50, 0.5),
    ("service", 0.5, 100, 200.0),
]


@pytest.mark.parametrize(("measure", "value", "shipped", "worth"), GOALS)
def test_a_hard_goal_is_reached_and_no_more(measure, value, shipped, worth):
    plant = company(2.0, one_stage=True)
    plant.add("shortage_price", product="cola", market="home", lost_price_per_unit=0.0)
    tables = limited(plant, measure, "minimum", value)
    assert tables["target_gap"].iloc[0]["planned_value"] == pytest.approx(value, rel=1e-6)
    assert tables["shipment_plan"]["shipped_qty"].sum() == pytest.approx(shipped, abs=1e-3)
    price = tables["constraint_price"].query("subject == 'limit'")["price_per_unit"]
    assert price.tolist() == pytest.approx([worth], rel=1e-3)


@pytest.mark.parametrize(("price_per_unit", "shipped"), [(0.4, 0), (0.6, 50)])
def test_a_soft_goal_is_reached_where_missing_it_costs_more(price_per_unit, shipped):
    plant = company(2.0, one_stage=True)
    plant.add("shortage_price", product="cola", market="home", lost_price_per_unit=0.0)
    tables = limited(plant, "revenue", "minimum", 100.0, strength="soft", price_per_unit=price_per_unit)
    assert tables["shipment_plan"]["shipped_qty"].sum() == pytest.approx(shipped, abs=1e-3)
    broken = tables["broken_limit"].query("subject == 'limit'")
    assert broken["broken_by_qty"].sum() == pytest.approx(100 - 2 * shipped, abs=1e-3)
    assert not broken["is_hard"].any()


def test_where_the_ledger_knows_no_receivables_cash_is_still_that_of_finance():
    plant = company(2.0)
    plant.rows["account"].pop()
    plant.rows["ledger"].pop()
    tables = limited(plant, "cash", "minimum", 850.0, end_date="2026-01-31")
    # every cola sold in January brings 2 at once and costs 3
    assert by_month(tables["shipment_plan"], "shipped_qty") == pytest.approx([50, 100], abs=1e-2)
    assert tables["target_gap"].iloc[0]["planned_value"] == pytest.approx(850, abs=1e-3)


def test_a_hard_limit_no_plan_keeps_is_told_with_the_target_and_by_how_much():
    tables = limited(company(), "revenue", "minimum", 5000.0)
    broken = tables["broken_limit"].query("constraint == 'revenue_goal'")
    assert broken["is_hard"].all()
    assert broken["subject"].tolist() == ["limit"]
    # all 200 that are wanted sell for 2,000
    assert broken["broken_by_qty"].sum() == pytest.approx(3000, rel=1e-6)


def test_a_reported_target_steers_nothing():
    tables = limited(company(), "purchase_value", "maximum", 300.0, strength="report")
    assert by_month(tables["shipment_plan"], "shipped_qty") == [100, 100]
    assert tables["outside_plan"].empty


def test_of_two_limits_that_cannot_both_be_kept_the_one_that_gives_way_is_told():
    plant = company()
    plant.add("target", target="goal", measure="revenue", sense="minimum", target_value=2000.0,
              strength="hard", start_date="2026-01-01", end_date="2026-12-31")  # fmt: skip
    tables = limited(plant, "purchase_value", "maximum", 100.0)
    broken = tables["broken_limit"]
    assert broken["is_hard"].all()
    assert set(broken["subject"]) <= {"goal", "limit"}
    # either 150 more are sold, at 10, or 150 more syrups are bought, at 2
    assert broken["broken_by_qty"].sum() in (pytest.approx(1500, rel=1e-3), pytest.approx(300, rel=1e-3))
