"""The financial plan of the example company, line by line, against the published answer."""

from __future__ import annotations

import pandas as pd
import pytest

from sopwb.extend import Parts
from sopwb.finance.stage import finance, product_cost


def by_line(rows: pd.DataFrame, line: str, **where) -> list[float]:
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return rows[rows["line"] == line].sort_values("period")["amount_value"].round(6).to_list()


def test_profit_and_loss_of_the_example(planned):
    profit = planned["profit_and_loss"]
    assert by_line(profit, "revenue", version="forecast") == [2000, 2400, 1800]
    assert by_line(profit, "ebitda", version="forecast") == [300, 460, 220]
    assert by_line(profit, "ebit", version="forecast") == [220, 380, 140]
    assert by_line(profit, "net_income", version="forecast") == [176, 304, 112]


def test_cash_of_the_example_direct_and_indirect(planned):
    for method in ("direct", "indirect"):
        flow = planned["cash_flow"]
        assert by_line(flow, "operating_cash_flow", method=method) == [206, 79, 392]
        assert by_line(flow, "closing_cash", method=method) == [1206, 1085, 1477]


def test_working_capital_of_the_example(planned):
    capital = planned["working_capital"]
    assert capital["stock_value"].to_list() == [840, 780, 840]
    assert capital["receivable_value"].to_list() == [3000, 3400, 3000]
    assert capital["payable_value"].to_list() == [770, 805, 665]
    assert capital["days_inventory"].round(2).to_list()[-1] == 23.33


def test_balance_sheet_of_the_example_balances_without_a_plug(planned):
    sheet = planned["balance_sheet"]
    signed = sheet["amount_value"].where(sheet["side"] == "asset", -sheet["amount_value"])
    assert signed.groupby(sheet["period"]).sum().abs().max() < 1e-9
    assert by_line(sheet, "equity_not_explained") == [0, 0, 0]
    assert by_line(sheet, "fixed_assets") == [3920, 4040, 3960]


def test_without_a_ledger_the_opening_is_stock_and_what_balances_it(company, model):
    tables = company | {"ledger": company["ledger"].iloc[:0]}
    tables |= product_cost(tables, model(), Parts())
    made = finance(tables, model(opening_cash_value=50.0), Parts())
    sheet = made["balance_sheet"]
    signed = sheet["amount_value"].where(sheet["side"] == "asset", -sheet["amount_value"])
    assert signed.groupby(sheet["period"]).sum().abs().max() < 1e-9
    assert by_line(sheet, "equity_not_explained")[0] != 0
    direct = made["cash_flow"][made["cash_flow"]["method"] == "direct"]
    assert by_line(direct, "opening_cash")[0] == 50


def test_unused_fixed_hours_are_a_production_variance_and_are_paid(company, model):
    rates = company["cost_rate"].assign(is_variable=False)
    free = company["supply_plan"]
    free = free.assign(cost_value=free["cost_value"].where(free["option"] != "make", 0.0))
    tables = company | {"cost_rate": rates, "supply_plan": free}
    tables |= product_cost(tables, model(), Parts())
    made = finance(tables, model(normal_utilisation_rate=1.0), Parts())
    expected = [(160 - hours) * 5 for hours in (110, 115, 95)]
    profit = made["profit_and_loss"]
    assert by_line(profit, "production_variance", version="forecast") == pytest.approx(expected)
    standard = finance(tables, model(normal_utilisation_rate=1.0, production_at="standard"), Parts())
    assert by_line(standard["profit_and_loss"], "production_variance", version="forecast") == [0, 0, 0]


def test_lines_nobody_plans_go_on_at_the_rate_of_the_closed_months(company, model):
    extra = company["account"].iloc[:1].assign(account="5000", account_type="expense", plan_line="marketing")
    booked = company["ledger"].iloc[:1].assign(account="5000", amount_value=36.0)
    tables = company | {
        "account": pd.concat([company["account"], extra], ignore_index=True),
        "ledger": pd.concat([company["ledger"], booked], ignore_index=True),
    }
    tables |= product_cost(tables, model(), Parts())
    with_rate = finance(tables, model(), Parts())["profit_and_loss"]
    without = finance(tables, model(run_rate_months=0), Parts())["profit_and_loss"]
    assert by_line(with_rate, "marketing", version="forecast") == [36, 36, 36]
    assert by_line(without, "marketing", version="forecast") == [0, 0, 0]


def test_what_is_not_shipped_is_in_the_unconstrained_version_only(company, model):
    shipped = company["shipment_plan"].assign(shipped_qty=[100.0, 100.0, 90.0], lost_qty=[0.0, 20.0, 0.0])
    tables = company | {"shipment_plan": shipped}
    tables |= product_cost(tables, model(), Parts())
    profit = finance(tables, model(), Parts())["profit_and_loss"]
    assert by_line(profit, "revenue", version="forecast") == [2000, 2000, 1800]
    assert by_line(profit, "revenue", version="unconstrained") == [2000, 2400, 1800]
