"""The doors of the room: cost of products, what lies outside the supply plan, and the financial plan."""

from __future__ import annotations

import pandas as pd

from sopwb.calendar import fiscal_year
from sopwb.config.model import Model
from sopwb.extend import Parts, Tables
from sopwb.finance import outside_plan as outside
from sopwb.finance import product_cost as costing
from sopwb.finance.bridges import ebit_bridge, year_on_year_bridges
from sopwb.finance.investments import with_capex
from sopwb.finance.plan import financial_plan
from sopwb.finance.target_gap import target_gap
from sopwb.finance.target_values import target_values
from sopwb.finance.working_capital import working_capital
from sopwb.schema import load_schema

MONEY_RULES = (
    "revenue_goal",
    "margin_goal",
    "ebit_goal",
    "purchase_budget",
    "service_floor",
    "cash_floor",
    "working_capital_limit",
    "stock_value_cap",
    "capex_limit",
)
"""Rules of the supply plan that speak of targets."""

__all__ = ["finance", "outside_plan", "product_cost"]


def product_cost(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """Cost of one unit of every product on the first day of the plan."""
    cost = costing.product_cost(
        tables["product"],
        tables["bill_of_material"],
        tables["routing"],
        tables["cost_rate"],
        tables["purchase_term"],
        tables["standard_cost"],
        tables["currency_rate"],
        currency=model.currency,
        date=tables["period"]["period"].min(),
        settings=model.finance,
    )
    return {"product_cost": cost}


def outside_plan(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """Money that the supply plan does not decide, where the financial plan limits it."""
    return {"outside_plan": outside.outside_plan(tables, model)}


def finance(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """The plan in money: profit and loss, working capital, cash, balance sheet, targets and bridges."""
    tables = {**tables, "cash_item": with_capex(tables["cash_item"], tables["investment_spend"])}
    plan = financial_plan(tables, model)
    return {
        "profit_and_loss": plan.profit_and_loss,
        "margin_plan": plan.margin_plan,
        "working_capital": working_capital(plan.months, model.finance.days_per_month),
        "cash_flow": plan.cash_flow,
        "balance_sheet": plan.balance_sheet,
        "stock_account": plan.production.account,
        "production_variance": plan.production.variance,
        "target_gap": target_gap(
            tables["target"], target_values(plan, tables), _prices_of_targets(tables["constraint_price"])
        ),
        "bridge": _bridges(plan.profit_and_loss, tables, model),
    }


def _prices_of_targets(constraint_price: pd.DataFrame) -> pd.DataFrame:
    """Prices of the limits of the financial plan alone."""
    return constraint_price[constraint_price["constraint"].isin(MONEY_RULES)]


def _bridges(profit_and_loss: pd.DataFrame, tables: Tables, model: Model) -> pd.DataFrame:
    start_month = model.calendar.fiscal_year_start_month
    plan_months = profit_and_loss.loc[profit_and_loss["version"] == "forecast", "period"]
    years = sorted(fiscal_year(plan_months, start_month).unique())[:2]
    ebit = [ebit_bridge(profit_and_loss, int(year), start_month) for year in years]
    year_on_year = year_on_year_bridges(
        tables["sales_history"],
        tables["market"],
        tables["currency_rate"],
        tables["product_cost"],
        currency=model.currency,
        as_of=model.as_of,
        months=model.finance.bridge_months,
    )
    rows = [part for part in (*ebit, *year_on_year) if part is not None]
    return pd.concat(rows or [load_schema()["bridge"].empty()], ignore_index=True)
