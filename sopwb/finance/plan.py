"""The financial plan of a run: from volumes and settings to profit and loss, cash and balance sheet."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables
from sopwb.finance.activity_cost import activity_cost
from sopwb.finance.balance_sheet import balance_sheet, opening_position
from sopwb.finance.cash import cash_flow, direct_cash_flow
from sopwb.finance.cost_roll_up import usage_per_unit, valid_on
from sopwb.finance.investments import investment_lines
from sopwb.finance.ledger import ledger_balances, ledger_lines, opening_balances
from sopwb.finance.party import (
    days_of_offers,
    days_of_products,
    old_payables,
    open_purchases,
    past_purchases,
    receivables,
    stand_in_payables,
)
from sopwb.finance.production import Production, production, split_scheduled
from sopwb.finance.profit_and_loss import cost_line_months, operating_lines, run_rate, taxed
from sopwb.finance.sales_plan import fiscal, margin_plan, pallets, unconstrained_plan
from sopwb.finance.working_capital import payment_days
from sopwb.measure.line import SIGN, with_subtotals

__all__ = ["FinancialPlan", "cash_items", "financial_plan", "tax_rates"]


@dataclass(frozen=True)
class FinancialPlan:
    """Everything the financial plan is made of, before targets and bridges.

    Parameters
    ----------
    profit_and_loss, margin_plan, cash_flow, balance_sheet
        The tables of these names.
    months
        Flows and balances by fiscal month, one row each.
    production
        Account of stock and production variance.
    balances
        Actual balances of the ledger by month and line.
    """

    profit_and_loss: pd.DataFrame
    margin_plan: pd.DataFrame
    cash_flow: pd.DataFrame
    balance_sheet: pd.DataFrame
    months: pd.DataFrame
    production: Production
    balances: pd.DataFrame


def financial_plan(tables: Tables, model: Model) -> FinancialPlan:
    """Profit and loss, cash and balance sheet of the plan, with actual and budget beside them."""
    period = tables["period"]
    index = pd.Index(sorted(period["fiscal_period"].unique()), name="period")
    made = _production(tables, model)
    booked = ledger_lines(tables["ledger"], tables["account"])
    actual = booked[(booked["version"] == "actual") & (booked["period"] < index[0])]
    balances = ledger_balances(tables["ledger"], tables["account"])
    opening = opening_balances(balances, index[0])
    volume = margin_plan(tables["shipment_plan"], tables["demand_plan"], tables["product_cost"], period)
    wanted = unconstrained_plan(tables["demand_plan"], tables["product_cost"], period)
    loans = opening.get("loans", 0.0)
    lines, other = (_cost_lines(tables, model, units, actual, loans, index) for units in (volume, wanted))
    forecast = _profit(tables, model, volume, lines, made, index)
    unconstrained = _profit(tables, model, wanted, other, made, index)
    versions = [
        actual,
        booked[booked["version"] == "budget"],
        forecast.assign(version="forecast"),
        unconstrained.assign(version="unconstrained"),
    ]
    months = _months(tables, model, volume, made, lines, forecast, index)
    sheet = _opening(model, months, made, balances, opening)
    before = _levels(sheet)
    return FinancialPlan(
        profit_and_loss=with_subtotals(pd.concat(versions, ignore_index=True)),
        margin_plan=volume,
        cash_flow=cash_flow(months, before),
        balance_sheet=balance_sheet(sheet, months, direct_cash_flow(months, before)["closing_cash"]),
        months=months,
        production=made,
        balances=balances,
    )


def _levels(sheet: pd.DataFrame) -> pd.Series[float]:
    """Balances before the plan that its cash flow starts from."""
    position = sheet.set_index("line")["amount_value"]
    names = {
        "cash": "cash",
        "receivable_value": "receivables",
        "payable_value": "payables",
        "stock_value": "stock",
    }
    return pd.Series({level: float(position[line]) for level, line in names.items()})


def _production(tables: Tables, model: Model) -> Production:
    first = tables["period"]["period"].min()
    return production(
        stock_movement=tables["stock_movement"],
        supply_plan=tables["supply_plan"],
        supply_decision=tables["supply_decision"],
        capacity_use=tables["capacity_use"],
        projected_inventory=tables["projected_inventory"],
        scheduled_receipt=tables["scheduled_receipt"],
        product_cost=tables["product_cost"],
        usage=usage_per_unit(tables["bill_of_material"], tables["routing"], first),
        routing=tables["routing"],
        cost_rate=tables["cost_rate"],
        resource=tables["resource"],
        period=tables["period"],
        settings=model.finance,
    )


def _freight(tables: Tables, index: pd.Index[pd.Timestamp]) -> pd.Series[float]:
    moved = tables["supply_plan"][tables["supply_plan"]["option"] == "move"]
    cost = fiscal(moved, tables["period"]).groupby("period")["cost_value"].sum()
    return cost.reindex(index, fill_value=0.0).astype(float)


def _cost_lines(
    tables: Tables,
    model: Model,
    volume: pd.DataFrame,
    actual: pd.DataFrame,
    loans: float,
    index: pd.Index[pd.Timestamp],
) -> pd.DataFrame:
    """Planned lines below gross margin: cost lines, activities, interest, run rate, investments."""
    settings = model.finance
    revenue = volume.groupby("period")["revenue_value"].sum().astype(float)
    declared = cost_line_months(
        tables["cost_line"], index, revenue, pallets(volume, tables["unit_conversion"])
    )
    activities = activity_cost(tables["activity"], tables["activity_effect"], index)
    balance = loans + cash_items(tables["cash_item"], index)["loan"].cumsum()
    interest = pd.DataFrame(
        {
            "period": index,
            "line": "interest",
            "amount_value": balance.clip(lower=0).to_numpy() * settings.loan_interest_rate / 12,
            "is_cash": True,
        }
    )
    planned = set(declared["line"])
    if settings.loan_interest_rate:
        planned.add("interest")
    if (_freight(tables, index) > 0).any():
        planned.add("distribution")
    rest = run_rate(actual, planned, index, settings.run_rate_months)
    invested = investment_lines(tables)
    parts = [part for part in (declared, activities, interest, rest, invested) if len(part)]
    return pd.concat(parts, ignore_index=True)


def _profit(
    tables: Tables,
    model: Model,
    volume: pd.DataFrame,
    lines: pd.DataFrame,
    made: Production,
    index: pd.Index[pd.Timestamp],
) -> pd.DataFrame:
    """Lines of one version of the plan, taxed."""
    variance = made.variance.groupby("period")["amount_value"].sum().reindex(index, fill_value=0.0)
    before = operating_lines(volume, variance.astype(float), _freight(tables, index), lines)
    return taxed(
        before, tax_rates(tables["tax_rule"], model, index), model.finance.loss_carried_forward_value
    )


def tax_rates(tax_rule: pd.DataFrame, model: Model, index: pd.Index[pd.Timestamp]) -> pd.Series[float]:
    """Rate of income tax in each month."""
    rules = tax_rule[tax_rule["tax"] == "income"].sort_values("valid_from")
    held = [valid_on(rules, month)["tax_rate"] for month in index]
    rates = [float(rule.iloc[-1]) if len(rule) else model.finance.income_tax_rate for rule in held]
    return pd.Series(rates, index=index, dtype=float)


def cash_items(cash_item: pd.DataFrame, index: pd.Index[pd.Timestamp]) -> pd.DataFrame:
    """Capital items, loans, dividends and equity of each month, cash in positive; a column a kind."""
    wide = cash_item.pivot_table(
        index="period", columns="kind", values="amount_value", aggfunc="sum", fill_value=0.0
    )
    return wide.reindex(index, fill_value=0.0).reindex(
        columns=["capex", "loan", "dividend", "equity"], fill_value=0.0
    )


def _months(
    tables: Tables,
    model: Model,
    volume: pd.DataFrame,
    made: Production,
    lines: pd.DataFrame,
    forecast: pd.DataFrame,
    index: pd.Index[pd.Timestamp],
) -> pd.DataFrame:
    """Flows and closing balances of every month, one column each."""
    settings = model.finance
    profit = with_subtotals(forecast.assign(version="forecast"))
    wide = profit.pivot_table(index="period", columns="line", values="amount_value", aggfunc="sum")
    account = made.account[made.account["movement"] == "closing"].set_index("period")["amount_value"]
    paid = made.months.set_index("period")
    signed = lines["amount_value"] * -lines["line"].map(SIGN).astype(float)
    below = lines["line"].isin(["interest", "income_tax"])
    cash = signed[lines["is_cash"] & ~below].groupby(lines["period"]).sum()
    non_cash = signed[~lines["is_cash"]].groupby(lines["period"]).sum()
    months = pd.DataFrame(
        {
            "revenue": volume.groupby("period")["revenue_value"].sum(),
            "cost_of_sales": wide["cost_of_sales"],
            "purchases": paid["purchases"],
            "conversion": paid["conversion"],
            "expenses": cash.reindex(index, fill_value=0.0) + _freight(tables, index),
            "non_cash": non_cash.reindex(index, fill_value=0.0),
            "interest": wide["interest"],
            "income_tax": wide["income_tax"],
            "net_income": wide["net_income"],
            "stock_value": account,
            "receivable_value": receivables(
                volume,
                tables["sales_history"],
                tables["payment_term"],
                settings.customer_days,
                settings.days_per_month,
            ),
            "payable_value": _payables(tables, model, paid["purchases"].reindex(index, fill_value=0.0)),
        },
        index=index,
    ).fillna(0.0)
    return months.join(cash_items(tables["cash_item"], index)).reset_index()


def _payables(tables: Tables, model: Model, purchases: pd.Series[float]) -> pd.Series[float]:
    """What suppliers are owed at each month end: for what came before the plan, and for what comes in it."""
    settings, terms = model.finance, tables["payment_term"]
    bought = days_of_products(tables["supply_plan"], terms, settings.supplier_days)
    offered = days_of_offers(tables["purchase_term"], terms, settings.supplier_days)
    moved = split_scheduled(fiscal(tables["stock_movement"], tables["period"]), tables["scheduled_receipt"])
    moved = moved[moved["movement"].isin(["bought", "scheduled"])]
    standard = tables["product_cost"].set_index("product")["standard_cost_per_unit"]
    usual = float(payment_days(terms, "supplier", pd.Series(["*"]), settings.supplier_days).iloc[0])
    days = moved["product"].map(bought).where(moved["movement"] == "bought", moved["product"].map(offered))
    coming = moved.assign(days=days.fillna(usual), value=moved["moved_qty"] * moved["product"].map(standard))
    receipt, length = tables["purchase_receipt"], settings.days_per_month
    if past_purchases(receipt, tables["product_cost"]).sum() > 0:
        old = old_payables(
            receipt, tables["product_cost"], terms, settings.supplier_days, length, purchases.index
        )
    else:
        whole = float(coming["value"].sum())
        mean = float((coming["value"] * coming["days"]).sum()) / whole if whole > 0 else usual
        old = stand_in_payables(purchases, mean, length)
    return old + open_purchases(coming, purchases, usual, length)


def _opening(
    model: Model,
    months: pd.DataFrame,
    made: Production,
    balances: pd.DataFrame,
    opening: dict[str, float],
) -> pd.DataFrame:
    """Balance sheet before the plan, from the ledger and, where it is silent, from operations."""
    account = made.account[made.account["movement"] == "opening"].sort_values("period")
    own = {
        "stock": float(account["amount_value"].iloc[0]),
        "cash": model.finance.opening_cash_value,
        "receivables": float(months["receivable_value"].iloc[0]),
        "payables": float(months["payable_value"].iloc[0]),
    }
    sides = dict(zip(balances["line"], balances["side"], strict=True))
    return opening_position(opening, sides, own)
