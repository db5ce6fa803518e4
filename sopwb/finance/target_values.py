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

__all__ = ["target_values"]


def target_values(plan: FinancialPlan, tables: Tables) -> Mapping[str, MonthValue]:
    """Months of each measure: actual from sales and ledger, planned from the financial plan.

    Revenue is that of operations in every scope (the ledger knows no families); margin and EBIT of
    the whole company are those of the profit and loss.
    """
    first = plan.months["period"].min()
    return {
        "revenue": _revenue(plan, tables, first),
        "gross_margin": _margin(plan, tables, first),
        "ebit": _line(plan, "ebit"),
        "cash": _level(plan, "cash"),
        "stock_value": _stock(plan, tables),
        "working_capital": _level(plan, "working_capital"),
        "service": _service(tables, first),
        "purchase_value": MonthValue(_nothing(), _months(plan, "purchases")),
        "capex": _capex(tables["cash_item"], first),
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


def _revenue(plan: FinancialPlan, tables: Tables, first: pd.Timestamp) -> MonthValue:
    actual = _scoped(tables, _sold(tables, first), "revenue_value")
    return MonthValue(actual, _scoped(tables, plan.margin_plan, "revenue_value"))


def _margin(plan: FinancialPlan, tables: Tables, first: pd.Timestamp) -> MonthValue:
    """Gross margin: by family or market at standard, of the whole company with variances as booked.

    What the profit and loss has beyond products is a row without dimensions, so that scopes leave it out.
    """
    sold = _scoped(tables, _sold(tables, first), "margin_value")
    planned = _scoped(tables, plan.margin_plan, "margin_value")
    booked = _line(plan, "gross_margin")
    return MonthValue(_with_rest(sold, booked.actual), _with_rest(planned, booked.planned))


def _with_rest(rows: pd.DataFrame, total: pd.DataFrame) -> pd.DataFrame:
    """Rows, and a row without dimensions that brings each month of the total up to it."""
    known = rows.groupby("period")["amount_value"].sum()
    rest = total.assign(amount_value=total["amount_value"] - total["period"].map(known).fillna(0.0))
    kept = rows[rows["period"].isin(total["period"])] if len(total) else rows
    return pd.concat([part for part in (kept, rest) if len(part)] or [rows], ignore_index=True)


def _line(plan: FinancialPlan, line: str) -> MonthValue:
    rows = plan.profit_and_loss[plan.profit_and_loss["line"] == line]
    actual, planned = (
        rows.loc[rows["version"] == version, ["period", "amount_value"]] for version in ("actual", "forecast")
    )
    return MonthValue(actual, planned)


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


def _service(tables: Tables, first: pd.Timestamp) -> MonthValue:
    """Quantity shipped in its own bucket over demand; before the plan, quantity delivered by its day."""
    lines = tables["delivery"][tables["delivery"]["requested_date"] < first]
    in_time = lines["delivered_date"] <= lines["requested_date"]
    actual = pd.DataFrame(
        {
            "product": lines["product"],
            "market": lines["market"],
            "period": fiscal_month(lines["requested_date"]),
            "amount_value": lines[["delivered_qty", "ordered_qty"]].min(axis=1).where(in_time, 0.0),
            "base_value": lines["ordered_qty"],
        }
    )
    served = on_time(tables["shipment_plan"]).rename(
        columns={"on_time_qty": "amount_value", "demand_qty": "base_value"}
    )
    planned = fiscal(served[["product", "market", "period", "amount_value", "base_value"]], tables["period"])
    both = (with_dimensions(part, tables["product"], tables["market"]) for part in (actual, planned))
    return MonthValue(*both)


def _capex(cash_item: pd.DataFrame, first: pd.Timestamp) -> MonthValue:
    spent = cash_item[cash_item["kind"] == "capex"]
    rows = spent.assign(amount_value=-spent["amount_value"])[["period", "amount_value"]]
    return MonthValue(rows[rows["period"] < first], rows[rows["period"] >= first])
