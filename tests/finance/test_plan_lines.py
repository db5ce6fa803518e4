"""Ledger, cost lines, activities and targets in the lines of the plan."""

from __future__ import annotations

import pandas as pd
import pytest

from sopwb.finance.activity_cost import activity_cost
from sopwb.finance.ledger import ledger_balances, ledger_lines, opening_balances
from sopwb.finance.profit_and_loss import cost_line_months
from sopwb.finance.target_gap import MonthValue, target_gap
from sopwb.finance.target_values import actual_values

MONTHS = pd.Index(pd.to_datetime(["2026-01-01", "2026-02-01"]), name="period")
PRICES = pd.DataFrame(
    {"subject": ["cash_minimum", "cash_minimum", "line"], "price_per_unit": [0.5, 0.25, 9.0]}
)


def test_accounts_roll_up_by_operator_and_unknown_lines_are_other_cost():
    account = pd.DataFrame(
        {
            "account": ["1", "2", "3", "4", "5"],
            "account_type": ["revenue", "expense", "expense", "revenue", "expense"],
            "operator": [1, -1, 1, 1, 1],
            "plan_line": ["revenue", "revenue", "canteen", "rents", None],
        }
    )
    ledger = pd.DataFrame(
        {
            "version": "actual",
            "period": MONTHS[0],
            "account": list("12345"),
            "amount_value": [100.0, 4.0, 7.0, 2.0, 9.0],
        }
    )
    lines = ledger_lines(ledger, account).set_index("line")["amount_value"]
    assert lines.to_dict() == {"revenue": 96.0, "other_cost": 5.0}


def test_the_plan_opens_with_the_last_booked_month():
    account = pd.DataFrame(
        {
            "account": ["1", "2"],
            "account_type": ["asset", "asset"],
            "operator": [1, -1],
            "plan_line": ["fixed_assets", "fixed_assets"],
        }
    )
    ledger = pd.DataFrame(
        {
            "version": "actual",
            "period": [MONTHS[0], MONTHS[0], MONTHS[1]],
            "account": ["1", "2", "1"],
            "amount_value": [100.0, 30.0, 999.0],
        }
    )
    balances = ledger_balances(ledger, account)
    assert opening_balances(balances, MONTHS[1]) == {"fixed_assets": 70.0}
    assert opening_balances(balances, MONTHS[0]) == {}


def test_cost_lines_follow_their_driver_and_validity():
    lines = pd.DataFrame(
        {
            "plan_line": ["marketing", "distribution", "administration"],
            "behaviour": ["rate_of_revenue", "per_pallet", "fixed"],
            "amount": [0.03, 26.0, 500.0],
            "valid_from": pd.to_datetime(["2025-01-01", "2025-01-01", "2026-02-01"]),
            "valid_to": pd.to_datetime([None, "2026-01-31", None]),
            "is_cash": True,
        }
    )
    found = cost_line_months(
        lines, MONTHS, pd.Series([1000.0, 2000.0], MONTHS), pd.Series([10.0, 20.0], MONTHS)
    )
    by_key = found.set_index(["line", "period"])["amount_value"].to_dict()
    assert by_key == {
        ("marketing", MONTHS[0]): 30.0,
        ("marketing", MONTHS[1]): 60.0,
        ("distribution", MONTHS[0]): 260.0,
        ("administration", MONTHS[1]): 500.0,
    }


def test_an_activity_costs_by_day_as_far_as_it_is_in_the_plan():
    activity = pd.DataFrame(
        {
            "activity": ["a", "b"],
            "cost_value": [100.0, 999.0],
            "start_date": pd.to_datetime(["2026-01-27", "2026-01-01"]),
            "end_date": pd.to_datetime(["2026-02-05", "2026-01-31"]),
        }
    )
    effect = pd.DataFrame({"activity": ["a"], "inclusion_rate": [0.5]})
    cost = activity_cost(activity, effect, MONTHS).set_index("period")["amount_value"]
    assert cost.to_list() == pytest.approx([25.0, 25.0])


def goal(measure: str, sense: str, value: float, scope: str = "*") -> dict:
    return {
        "target": f"{measure}_{sense}",
        "measure": measure,
        "scope": scope,
        "sense": sense,
        "target_value": value,
        "start_date": pd.Timestamp("2026-01-01"),
        "end_date": pd.Timestamp("2026-12-31"),
    }


def test_flows_are_added_levels_are_worst_and_rates_are_weighted():
    def months(values, **more):
        return pd.DataFrame({"period": MONTHS, "amount_value": values, **more})

    empty = months([0.0, 0.0]).iloc[:0]
    values = {
        "revenue": MonthValue(
            months([10.0, 0.0], channel=["shop", "web"]), months([20.0, 5.0], channel=["shop", "web"])
        ),
        "cash": MonthValue(empty, months([8.0, 3.0])),
        "service": MonthValue(empty, months([90.0, 10.0], base_value=[100.0, 10.0])),
    }
    goals = pd.DataFrame(
        [
            goal("revenue", "minimum", 40.0),
            goal("revenue", "minimum", 25.0, "channel=shop") | {"target": "shop"},
            goal("cash", "minimum", 5.0),
            goal("service", "minimum", 0.9),
            goal("capex", "maximum", 1.0),
        ]
    )
    gaps = target_gap(goals, values, PRICES).set_index("target")
    assert gaps.loc["revenue_minimum", ["actual_value", "planned_value", "gap_value"]].to_list() == [
        10.0,
        25.0,
        -5.0,
    ]
    assert gaps.loc["shop", "gap_value"] == 5.0
    assert gaps.loc["cash_minimum", "gap_value"] == -2.0
    assert gaps.loc["cash_minimum", "limit_price_per_unit"] == 0.75
    assert pd.isna(gaps.loc["shop", "limit_price_per_unit"])
    assert gaps.loc["service_minimum", "outlook_value"] == pytest.approx(100 / 110)
    assert pd.isna(gaps.loc["capex_maximum", "outlook_value"])


def test_a_scope_the_measure_does_not_know_has_no_outlook():
    values = {
        "ebit": MonthValue(
            pd.DataFrame({"period": MONTHS[:0], "amount_value": []}),
            pd.DataFrame({"period": MONTHS, "amount_value": 1.0}),
        )
    }
    gaps = target_gap(pd.DataFrame([goal("ebit", "minimum", 5.0, "family=water")]), values, PRICES)
    assert gaps["gap_value"].isna().all()


def test_a_month_of_service_weighs_what_was_sold_in_it_though_few_lines_of_it_are_known():
    first = pd.Timestamp("2026-03-01")
    day = pd.to_datetime(["2026-01-10", "2026-02-10"])
    tables = {
        "product": pd.DataFrame({"product": ["tea"], "family": ["tea"]}),
        "market": pd.DataFrame({"market": ["home"], "channel": ["retail"], "region": ["north"]}),
        "product_cost": pd.DataFrame({"product": ["tea"], "standard_cost_per_unit": [1.0]}),
        "sales_history": pd.DataFrame(
            {"product": "tea", "market": "home", "date": day, "sold_qty": [300.0, 100.0]}
        ).assign(returned_qty=0.0, net_sales_value=0.0),
        "delivery": pd.DataFrame({"product": "tea", "market": "home", "requested_date": day}).assign(
            delivered_date=[day[0], day[1] + pd.Timedelta(days=1)],
            ordered_qty=[10.0, 90.0],
            delivered_qty=[10.0, 90.0],
        ),
        "cash_item": pd.DataFrame({"kind": [], "amount_value": [], "period": pd.to_datetime([])}),
    }
    lines = pd.DataFrame({"version": [], "period": [], "line": [], "amount_value": []})
    rows = actual_values(tables, lines, first)["service"]
    assert rows["amount_value"].sum() / rows["base_value"].sum() == pytest.approx(300 / 400)
