"""What must tie in the financial plan: each check gives the rows that do not."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, plan_check
from sopwb.finance.plan_charges import ELSEWHERE, variable_rate
from sopwb.finance.production import conversion_spent
from sopwb.finance.sales_plan import fiscal, net_price
from sopwb.measure.bridge import open_bridges

__all__ = [
    "balance_sheet_balances",
    "bridges_close",
    "cash_flows_agree",
    "cash_moves_as_it_flows",
    "investments_are_in_the_books",
    "plan_money_is_in_the_profit_and_loss",
    "revenue_is_quantity_at_net_price",
    "stock_value_rolls_forward",
]

TOLERANCE = 1e-7


def _off(difference: pd.Series[float], scale: pd.Series[float]) -> pd.Series[bool]:
    """Where a difference is more than rounding, measured by the size of what is compared."""
    return ~(difference.abs() <= TOLERANCE * max(float(scale.abs().max()), 1.0))


@plan_check("balance_sheet_balances", area="finance")
def balance_sheet_balances(tables: Tables, model: Model) -> pd.DataFrame:
    """Months in which assets are not liabilities and equity."""
    sheet = tables["balance_sheet"]
    signed = sheet["amount_value"].where(sheet["side"] == "asset", -sheet["amount_value"])
    difference = signed.groupby(sheet["period"]).sum()
    wrong = difference[_off(difference, sheet["amount_value"])]
    return wrong.rename("difference_value").reset_index()


def _flow_line(tables: Tables, method: str, line: str) -> pd.Series[float]:
    flow = tables["cash_flow"]
    rows = flow[(flow["method"] == method) & (flow["line"] == line)]
    return rows.set_index("period")["amount_value"].sort_index().astype(float)


@plan_check("cash_flows_agree", area="finance")
def cash_flows_agree(tables: Tables, model: Model) -> pd.DataFrame:
    """Months in which the direct and the indirect cash flow differ."""
    direct, indirect = (
        _flow_line(tables, method, "operating_cash_flow") for method in ("direct", "indirect")
    )
    both = pd.DataFrame({"direct_value": direct, "indirect_value": indirect}).fillna(0.0)
    return both[_off(both["direct_value"] - both["indirect_value"], both["direct_value"])].reset_index()


@plan_check("cash_moves_as_it_flows", area="finance")
def cash_moves_as_it_flows(tables: Tables, model: Model) -> pd.DataFrame:
    """Months in which cash of the balance sheet is not opening cash and the net cash flow."""
    sheet = tables["balance_sheet"]
    cash = sheet[sheet["line"] == "cash"].set_index("period")["amount_value"]
    moved = _flow_line(tables, "indirect", "opening_cash") + _flow_line(tables, "indirect", "net_cash_flow")
    both = pd.DataFrame({"cash_value": cash, "moved_value": moved})
    return both[_off(both["cash_value"] - both["moved_value"], both["cash_value"])].reset_index()


@plan_check("stock_value_rolls_forward", area="finance")
def stock_value_rolls_forward(tables: Tables, model: Model) -> pd.DataFrame:
    """Months in which stock in money is not its movements, or not the stock of the inventory plan."""
    account = tables["stock_account"].pivot_table(index="period", columns="movement", values="amount_value")
    flows = ["opening", "purchases", "conversion", "usage", "shipped", "scrapped"]
    last = tables["period"].groupby("fiscal_period")["period"].max()
    stock = tables["projected_inventory"]
    ends = fiscal(stock[stock["period"].isin(last)], tables["period"])
    planned = ends.groupby("period")["closing_value"].sum().reindex(account.index, fill_value=0.0)
    found = pd.DataFrame(
        {
            "not_rolled_value": account["closing"] - account[flows].sum(axis=1),
            "not_in_inventory_value": account["on_hand"] - planned,
        }
    )
    wrong = _off(found["not_rolled_value"], account["closing"])
    wrong |= _off(found["not_in_inventory_value"], account["closing"])
    return found[wrong].reset_index()


@plan_check("revenue_is_quantity_at_net_price", area="finance")
def revenue_is_quantity_at_net_price(tables: Tables, model: Model) -> pd.DataFrame:
    """Months in which forecast revenue is not shipped quantity at net price."""
    key = ["product", "market", "period"]
    price = net_price(tables["demand_plan"])
    rows = tables["shipment_plan"].merge(price, on=key, how="left", validate="1:1")
    rows = fiscal(rows.assign(value=rows["shipped_qty"] * rows["net_price_per_unit"]), tables["period"])
    worth = rows.groupby("period")["value"].sum()
    profit = tables["profit_and_loss"]
    revenue = profit[(profit["version"] == "forecast") & (profit["line"] == "revenue")]
    both = pd.DataFrame({"revenue_value": revenue.set_index("period")["amount_value"], "worth": worth})
    return both[_off(both["revenue_value"] - both["worth"].fillna(0.0), both["revenue_value"])].reset_index()


@plan_check("plan_money_is_in_the_profit_and_loss", area="finance")
def plan_money_is_in_the_profit_and_loss(tables: Tables, model: Model) -> pd.DataFrame:
    """Months in which production costs other money than the supply plan says.

    The plan says what is made at its cost, its set-ups, orders and crews, and the hours: overtime,
    those that are paid anyway and those promised and not used. What only steers is in no cost.
    Where production is booked at standard the plan's own cost is not asked for.
    """
    period, settings = tables["period"], model.finance
    if settings.production_at == "standard":
        return pd.DataFrame()
    plan = tables["supply_plan"]
    made = fiscal(plan[~plan["option"].isin(ELSEWHERE)], period).groupby("period")["cost_value"].sum()
    decided = fiscal(tables["supply_decision"], period).groupby("period")["cost_value"].sum()
    resource, use = tables["resource"], tables["capacity_use"]
    spent = conversion_spent(use, tables["cost_rate"], resource, period, settings.normal_utilisation_rate)
    used = use.assign(value=use["required_hours"] * use["resource"].map(variable_rate(tables["cost_rate"])))
    by_rate = fiscal(used, period).groupby("period")["value"].sum()
    beside = spent.sum(axis=1).sub(by_rate, fill_value=0.0)
    months = pd.Index(sorted(period["fiscal_period"].unique()), name="period")
    told = sum(part.reindex(months, fill_value=0.0).astype(float) for part in (made, decided, beside))
    paid = -_flow_line(tables, "direct", "production").reindex(months, fill_value=0.0)
    both = pd.DataFrame({"planned_value": told, "paid_value": paid})
    return both[_off(both["planned_value"] - both["paid_value"], both["paid_value"])].reset_index()


@plan_check("bridges_close", area="finance")
def bridges_close(tables: Tables, model: Model) -> pd.DataFrame:
    """Bridges whose steps are not the change between their two values."""
    return open_bridges(tables["bridge"])


@plan_check("investments_are_in_the_books", area="finance")
def investments_are_in_the_books(tables: Tables, model: Model) -> pd.DataFrame:
    """Months in which capital spending of the cash flow is not what is given and what the plan builds."""
    months = pd.Index(sorted(tables["period"]["fiscal_period"].unique()), name="period")
    given = tables["cash_item"][tables["cash_item"]["kind"] == "capex"]
    amounts = (-given.groupby("period")["amount_value"].sum(), _spent(tables))
    told = sum(part.reindex(months, fill_value=0.0).astype(float) for part in amounts)
    paid = -_flow_line(tables, "direct", "capex").reindex(months, fill_value=0.0)
    both = pd.DataFrame({"planned_value": told, "paid_value": paid})
    return both[_off(both["planned_value"] - both["paid_value"], both["paid_value"])].reset_index()


def _spent(tables: Tables) -> pd.Series[float]:
    return tables["investment_spend"].groupby("period")["capex_value"].sum().astype(float)
