"""Actual and planned months of every measure a target may be set on."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from sopwb.calendar import fiscal_month
from sopwb.extend import Tables
from sopwb.finance.plan import FinancialPlan
from sopwb.finance.sales_plan import fiscal
from sopwb.finance.target_gap import MonthValue
from sopwb.measure.scope import with_dimensions
from sopwb.measure.service import on_time

__all__ = ["actual_values", "target_values"]


def target_values(plan: FinancialPlan, tables: Tables) -> Mapping[str, MonthValue]:
    """Months of each measure: actual from sales and ledger, planned from the financial plan.

    Revenue is that of operations in every scope (the ledger knows no families); margin and EBIT of
    the whole company are those of the profit and loss.
    """
    first = plan.months["period"].min()
    actual = actual_values(tables, plan.profit_and_loss, first)
    margin = _scoped(tables, plan.margin_plan, "margin_value")
    planned = {
        "revenue": _scoped(tables, plan.margin_plan, "revenue_value"),
        "gross_margin": _with_rest(margin, _line(plan.profit_and_loss, "gross_margin", "forecast")),
        "ebit": _line(plan.profit_and_loss, "ebit", "forecast"),
        "service": _planned_service(tables),
        "capex": _capex(tables["cash_item"], first, is_past=False),
        "purchase_value": _months(plan, "purchases"),
    }
    flows = {measure: MonthValue(actual.get(measure, _nothing()), rows) for measure, rows in planned.items()}
    return {
        **flows,
        "cash": _level(plan, "cash"),
        "stock_value": _stock(plan, tables),
        "working_capital": _level(plan, "working_capital"),
    }


def actual_values(
    tables: Tables, profit_and_loss: pd.DataFrame, first: pd.Timestamp
) -> dict[str, pd.DataFrame]:
    """Months before the plan of each measure that is added up or is a rate, with its dimensions.

    Parameters
    ----------
    profit_and_loss
        version, period, line, amount_value with subtotals.
    first
        First month of the plan.
    """
    sold = _sold(tables, first)
    margin = _scoped(tables, sold, "margin_value")
    return {
        "revenue": _scoped(tables, sold, "revenue_value"),
        "gross_margin": _with_rest(margin, _line(profit_and_loss, "gross_margin", "actual")),
        "ebit": _line(profit_and_loss, "ebit", "actual"),
        "service": _past_service(tables, first),
        "capex": _capex(tables["cash_item"], first, is_past=True),
    }


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({"period": pd.Series(dtype="datetime64[ns]"), "amount_value": pd.Series(dtype=float)})


def _months(plan: FinancialPlan, column: str) -> pd.DataFrame:
    return plan.months[["period", column]].rename(columns={column: "amount_value"})


def _sold(tables: Tables, first: pd.Timestamp) -> pd.DataFrame:
    """Sales before the plan by product, market and month, with margin at today's standard cost."""
    sales = tables["sales_history"][tables["sales_history"]["date"] < first]
    cost = sales["product"].map(tables["product_cost"].set_index("product")["standard_cost_per_unit"])
    return pd.DataFrame(
        {
            "product": sales["product"],
            "market": sales["market"],
            "period": fiscal_month(sales["date"]),
            "revenue_value": sales["net_sales_value"],
            "margin_value": sales["net_sales_value"]
            - (sales["sold_qty"] - sales["returned_qty"]) * cost.fillna(0.0),
        }
    )


def _scoped(tables: Tables, rows: pd.DataFrame, column: str) -> pd.DataFrame:
    dimensions = with_dimensions(rows, tables["product"], tables["market"])
    return dimensions.rename(columns={column: "amount_value"})


def _with_rest(rows: pd.DataFrame, total: pd.DataFrame) -> pd.DataFrame:
    """Rows, and a row without dimensions that brings each month of the total up to it.

    So gross margin is by family or market at standard, and of the whole company with variances as
    booked: what the profit and loss has beyond products is left out by every scope.
    """
    known = rows.groupby("period")["amount_value"].sum()
    rest = total.assign(amount_value=total["amount_value"] - total["period"].map(known).fillna(0.0))
    kept = rows[rows["period"].isin(total["period"])] if len(total) else rows
    return pd.concat([part for part in (kept, rest) if len(part)] or [rows], ignore_index=True)


def _line(profit_and_loss: pd.DataFrame, line: str, version: str) -> pd.DataFrame:
    rows = profit_and_loss[profit_and_loss["line"] == line]
    return rows.loc[rows["version"] == version, ["period", "amount_value"]]


def _level(plan: FinancialPlan, measure: str) -> MonthValue:
    """Month-end balance of the ledger before the plan, and of the plan's balance sheet."""
    first = plan.months["period"].min()
    lines = {"cash": ["cash"], "working_capital": ["receivables", "stock", "payables"]}[measure]
    parts = []
    for sheet in (plan.balances[plan.balances["period"] < first], plan.balance_sheet):
        rows = sheet[sheet["line"].isin(lines)]
        signed = rows["amount_value"].where(rows["side"] == "asset", -rows["amount_value"])
        ends = rows.assign(amount_value=signed).groupby("period")["amount_value"].sum().reset_index()
        parts.append(ends)
    return MonthValue(*parts)


def _stock(plan: FinancialPlan, tables: Tables) -> MonthValue:
    """Stock on hand at standard: the ledger before the plan, by product in the plan."""
    first = plan.months["period"].min()
    booked = plan.balances[(plan.balances["line"] == "stock") & (plan.balances["period"] < first)]
    last = tables["period"].groupby("fiscal_period")["period"].max()
    stock = tables["projected_inventory"]
    ends = fiscal(stock[stock["period"].isin(last)], tables["period"])
    ends = ends[["product", "period", "closing_value"]].rename(columns={"closing_value": "amount_value"})
    scoped = ends.merge(tables["product"][["product", "family"]], on="product", how="left", validate="m:1")
    return MonthValue(booked[["period", "amount_value"]], scoped)


def _past_service(tables: Tables, first: pd.Timestamp) -> pd.DataFrame:
    """Quantity delivered by its day over quantity ordered, before the plan.

    A month weighs what was sold in it: the lines that are known may be a sample of all.
    """
    lines = tables["delivery"][tables["delivery"]["requested_date"] < first]
    in_time = lines["delivered_date"] <= lines["requested_date"]
    period = fiscal_month(lines["requested_date"])
    weight = period.map(_sold_by_month(tables) / lines["ordered_qty"].groupby(period).sum()).fillna(1.0)
    actual = pd.DataFrame(
        {
            "product": lines["product"],
            "market": lines["market"],
            "period": period,
            "amount_value": lines[["delivered_qty", "ordered_qty"]].min(axis=1).where(in_time, 0.0) * weight,
            "base_value": lines["ordered_qty"] * weight,
        }
    )
    return with_dimensions(actual, tables["product"], tables["market"])


def _sold_by_month(tables: Tables) -> pd.Series[float]:
    sold = tables["sales_history"]
    quantity = sold["sold_qty"].groupby(fiscal_month(sold["date"])).sum()
    return quantity.where(quantity > 0)


def _planned_service(tables: Tables) -> pd.DataFrame:
    """Quantity shipped in its own bucket over demand."""
    served = on_time(tables["shipment_plan"]).rename(
        columns={"on_time_qty": "amount_value", "demand_qty": "base_value"}
    )
    planned = fiscal(served[["product", "market", "period", "amount_value", "base_value"]], tables["period"])
    return with_dimensions(planned, tables["product"], tables["market"])


def _capex(cash_item: pd.DataFrame, first: pd.Timestamp, *, is_past: bool) -> pd.DataFrame:
    spent = cash_item[cash_item["kind"] == "capex"]
    rows = spent.assign(amount_value=-spent["amount_value"])[["period", "amount_value"]]
    return rows[(rows["period"] < first) == is_past]
