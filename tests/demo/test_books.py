"""The demo customer's ledger ties to its operations, and its balance sheet balances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

Read = Callable[..., pd.DataFrame]
MANUAL = {pd.Timestamp("2025-11-01"): 48250.00}
MONTHS = pd.date_range("2023-03-01", "2026-02-01", freq="MS")


def _actual(ledger: pd.DataFrame, line: str) -> pd.Series:
    rows = ledger[(ledger["version"] == "actual") & (ledger["plan_line"] == line)]
    return rows.groupby("period")["amount_value"].sum()


def test_revenue_ties_to_sales_to_the_cent_but_for_the_manual_posting(
    ledger: pd.DataFrame, sales: pd.DataFrame, read: Read
) -> None:
    booked = _actual(ledger, "revenue")
    sold = sales.groupby("period")["net_sales_value"].sum().reindex(booked.index)
    difference = (booked - sold).round(2)
    assert list(booked.index) == list(MONTHS)
    assert difference[difference != 0].to_dict() == MANUAL
    assert read("assumption")["text"].str.contains("48,250.00").sum() == 1


def test_cost_of_sales_is_net_quantity_at_standard(
    ledger: pd.DataFrame, sales: pd.DataFrame, standard: pd.Series
) -> None:
    booked = _actual(ledger, "cost_of_sales")
    value = sales["net_qty"] * sales["product"].map(standard)
    expected = value.groupby(sales["period"]).sum().reindex(booked.index)
    assert (booked - expected).abs().max() < 0.1  # nine markets, each in cents


def test_the_balance_sheet_balances_every_month(ledger: pd.DataFrame) -> None:
    rows = ledger[ledger["version"] == "actual"]
    sides = rows.pivot_table(index="period", columns="account_type", values="amount_value", aggfunc="sum")
    gap = (sides["asset"] - sides["liability"] - sides["equity"]).round(2)
    assert len(gap) == len(MONTHS)
    assert (gap == 0).all()


def test_retained_earnings_roll_with_net_income_and_dividends(ledger: pd.DataFrame, read: Read) -> None:
    rows = ledger[
        (ledger["version"] == "actual") & ledger["account_type"].isin(["revenue", "cost_of_sales", "expense"])
    ]
    sign = np.where(rows["account_type"] == "revenue", 1, -1)
    income = (rows["amount_value"] * sign).groupby(rows["period"]).sum()
    paid = (
        read("cash_item")
        .query("kind == 'dividend'")
        .groupby("period")["amount_value"]
        .sum()
        .reindex(income.index, fill_value=0)
    )
    kept = _actual(ledger, "retained_earnings").diff().iloc[1:]
    assert (kept - (income + paid).iloc[1:]).abs().max() < 0.02


def test_stock_in_the_books_is_stock_on_hand_at_standard(
    ledger: pd.DataFrame, read: Read, standard: pd.Series
) -> None:
    stock = read("stock_on_hand")
    value = (stock["on_hand_qty"] * stock["product"].map(standard)).groupby(stock["snapshot_date"]).sum()
    value.index = value.index.to_period("M").to_timestamp()
    assert len(value) == 7
    assert (_actual(ledger, "stock").reindex(value.index) - value).abs().max() < 0.05


def test_finished_stock_rolls_with_making_and_selling(sales: pd.DataFrame, read: Read) -> None:
    products = read("product")
    finished = products["product"][products["product_type"] == "finished"]
    stock = read("stock_on_hand")
    stock = stock[stock["product"].isin(finished)]
    kept = stock.groupby(["product", "snapshot_date"])["on_hand_qty"].sum().unstack(fill_value=0)
    made = read("production_history")
    made = (
        made[made["product"].isin(finished) & (made["period"] >= "2025-09-01")]
        .groupby("product")["made_qty"]
        .sum()
    )
    sold = sales[sales["period"] >= "2025-09-01"].groupby("product")["net_qty"].sum()
    first, last = kept.iloc[:, 0], kept.iloc[:, -1]
    gap = first.add(made, fill_value=0).sub(sold, fill_value=0).sub(last, fill_value=0)
    assert gap.abs().max() == 0


def test_the_company_earns_what_such_a_company_earns(ledger: pd.DataFrame) -> None:
    rows = ledger[(ledger["version"] == "actual") & (ledger["period"].dt.year == 2025)]
    line = rows.groupby("plan_line")["amount_value"].sum()
    costs = ["distribution", "marketing", "development", "administration", "depreciation"]
    margin = line["revenue"] - line["cost_of_sales"]
    assert 80e6 < line["revenue"] < 120e6
    assert 0.35 < margin / line["revenue"] < 0.45
    assert 0.06 < (margin - line[costs].sum()) / line["revenue"] < 0.10
    assert (_actual(ledger, "cash") > 0).all()
    assert (_actual(ledger, "tax_payable") >= 0).all()


def test_budgets_cover_three_years(ledger: pd.DataFrame) -> None:
    budget = ledger[ledger["version"] == "budget"]
    assert sorted(budget["period"].dt.year.unique()) == [2025, 2026, 2027]
    assert (budget.groupby("period")["account"].nunique() >= 16).all()


def test_past_months_were_made_within_the_lines(world: Any, read: Read) -> None:
    hours = read("resource_history").groupby("resource")["booked_hours"].sum()
    lines = read("resource").set_index("resource")
    days = np.busday_count("2024-03-01", "2026-03-01")
    used = hours / (lines["hours_per_day"] * days)
    assert used.between(0.4, 0.95).all()
