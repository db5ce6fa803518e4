"""Money of the months that the supply plan does not decide: what happened, and what is fixed elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables
from sopwb.finance.activity_cost import activity_cost
from sopwb.finance.ledger import ledger_balances, ledger_lines, opening_balances
from sopwb.finance.party import days_of_offers, old_payables, receivables
from sopwb.finance.plan import cash_items, tax_rates
from sopwb.finance.profit_and_loss import cost_line_months, run_rate
from sopwb.finance.target_values import actual_values
from sopwb.measure.line import with_subtotals
from sopwb.measure.scope import in_scope

__all__ = ["outside_plan"]

COMPANY = "*"
Months = pd.Index


def outside_plan(tables: Tables, model: Model) -> pd.DataFrame:
    """What the limits of the financial plan need to know beside the supply plan; table ``outside_plan``.

    Where no target limits the supply plan there are no rows.
    """
    target = tables["target"]
    asked = target[target["strength"].isin(["hard", "soft"])]
    columns = ["item", "subject", "period", "amount"]
    has_investments = len(tables["investment_option"]) > 0
    if asked["measure"].isin(["stock_value"] if has_investments else ["stock_value", "capex"]).all():
        return pd.DataFrame(columns=columns)
    index: pd.Index[pd.Timestamp] = pd.Index(
        sorted(tables["period"]["fiscal_period"].unique()), name="period"
    )
    booked = ledger_lines(tables["ledger"], tables["account"])
    actual = booked[(booked["version"] == "actual") & (booked["period"] < index[0])]
    parts = [
        _of_targets(asked, actual_values(tables, with_subtotals(actual), index[0]), index[0]),
        _costs(tables, model, actual, index),
        _levels(tables, model, index),
        _order_days(tables, model, index[0]),
    ]
    if has_investments:
        parts.append(_tall("capex", -cash_items(tables["cash_item"], index)["capex"]))
    return pd.concat([part for part in parts if len(part)], ignore_index=True)[columns]


def _of_targets(asked: pd.DataFrame, values: Mapping[str, pd.DataFrame], first: pd.Timestamp) -> pd.DataFrame:
    """The part of each target's span that has happened: its amount, and its base where it is a rate."""
    rows = []
    for row in asked.itertuples():
        known = values.get(str(row.measure))
        if known is None:
            continue
        inside = known[(known["period"] >= row.start_date) & (known["period"] <= row.end_date)]
        inside = in_scope(inside, str(row.scope))
        rows.append(("actual", str(row.target), first, float(inside["amount_value"].sum())))
        if "base_value" in inside:
            rows.append(("actual_base", str(row.target), first, float(inside["base_value"].sum())))
    return pd.DataFrame(rows, columns=["item", "subject", "period", "amount"])


def _tall(item: str, amounts: pd.Series[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {"item": item, "subject": COMPANY, "period": amounts.index, "amount": amounts.to_numpy(float)}
    )


def _costs(tables: Tables, model: Model, actual: pd.DataFrame, index: pd.Index[pd.Timestamp]) -> pd.DataFrame:
    """Cost lines, activities, run rate, interest and tax rate of the months of the plan."""
    lines, settings = tables["cost_line"], model.finance
    one = pd.Series(1.0, index=index)
    behaviour = lines["behaviour"]
    fixed, rate, pallet = (
        cost_line_months(lines[behaviour == name], index, one, one)
        for name in ("fixed", "rate_of_revenue", "per_pallet")
    )
    activities = activity_cost(tables["activity"], tables["activity_effect"], index)
    planned = {*fixed["line"], *rate["line"], *pallet["line"]}
    if settings.loan_interest_rate:
        planned.add("interest")
    if (tables["lane"]["cost_per_pallet"] > 0).any():
        planned.add("distribution")
    rest = run_rate(actual, planned, index, settings.run_rate_months)
    known = pd.concat([part for part in (fixed, activities, rest) if len(part)] or [fixed])
    interest = known[known["line"] == "interest"]
    known = known[~known["line"].isin(["interest", "income_tax"])]

    def by_month(rows: pd.DataFrame) -> pd.Series[float]:
        total: pd.Series[float] = rows.groupby("period")["amount_value"].sum()
        return total.reindex(index, fill_value=0.0).astype(float)

    is_cash = known["is_cash"].astype(bool)
    return pd.concat(
        [
            _tall("cost", by_month(known)),
            _tall("cost_without_cash", by_month(known[~is_cash])),
            _tall("cost_per_revenue", by_month(rate)),
            _tall("cost_per_pallet", by_month(pallet)),
            _tall("interest", by_month(interest) + _loan_interest(tables, model, index)),
            _tall("tax_rate", tax_rates(tables["tax_rule"], model, index)),
        ]
    )


def _loan_interest(tables: Tables, model: Model, index: pd.Index[pd.Timestamp]) -> pd.Series[float]:
    opening = opening_balances(ledger_balances(tables["ledger"], tables["account"]), index[0])
    loans = opening.get("loans", 0.0) + cash_items(tables["cash_item"], index)["loan"].cumsum()
    return (loans.clip(lower=0.0) * model.finance.loan_interest_rate / 12).astype(float)


def _order_days(tables: Tables, model: Model, first: pd.Timestamp) -> pd.DataFrame:
    """Days until an open order of a product is paid."""
    days = days_of_offers(
        tables["purchase_term"], tables["payment_term"], model.finance.supplier_days
    ).reset_index(name="amount")
    days = days.rename(columns={"product": "subject"})
    return days.assign(item="order_days", period=first)


def _levels(tables: Tables, model: Model, index: pd.Index[pd.Timestamp]) -> pd.DataFrame:
    """Balances before the plan, cash outside operations, and old invoices that are still open."""
    settings, balances = model.finance, ledger_balances(tables["ledger"], tables["account"])
    opening = opening_balances(balances, index[0])
    items = cash_items(tables["cash_item"], index)
    market = tables["market"]["market"]
    nothing = pd.DataFrame(
        [(name, month, 0.0) for name in market for month in index],
        columns=["market", "period", "revenue_value"],
    )
    old = (
        receivables(
            nothing,
            tables["sales_history"],
            tables["payment_term"],
            settings.customer_days,
            settings.days_per_month,
        )
        if len(nothing)
        else pd.Series(0.0, index=index)
    )
    owed = old_payables(
        tables["purchase_receipt"],
        tables["product_cost"],
        tables["payment_term"],
        settings.supplier_days,
        settings.days_per_month,
        index,
    )
    first = index[:1]
    # where the ledger knows no receivables or payables, finance takes those of the first month
    before = [
        _tall(f"opening_{name}", pd.Series(opening[name], index=first))
        for name in ("receivables", "payables")
        if name in opening
    ]
    cash = pd.Series(opening.get("cash", settings.opening_cash_value), index=first)
    return pd.concat(
        [
            *before,
            _tall("opening_cash", cash),
            _tall("cash_items", items.sum(axis=1)),
            _tall("old_receivables", old),
            _tall("old_payables", owed),
        ]
    )
