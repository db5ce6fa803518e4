"""The books: actuals of 36 months that follow from operations, and the budgets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from generator.numbers import day, stream

REVENUE = {"grocery": "3000", "horeca": "3010", "online": "3020"}
COST_OF_SALES = {"grocery": "4000", "horeca": "4010", "online": "4020"}
LINES = {
    "outbound freight": "5000",
    "warehousing": "5010",
    "brand marketing": "5100",
    "sales force": "5120",
    "product development": "5200",
    "administration": "5300",
    "information technology": "5310",
    "depreciation": "5400",
    "interest on loans": "6000",
}
DEVELOPMENT = "product development"
INTERNAL_FREIGHT, ACTIVITY_COST, TAX, MANUAL = "5020", "5110", "6100", "3090"


def account() -> pd.DataFrame:
    """The chart of accounts."""
    rows = [
        ("3000", "Net sales grocery", "revenue", "revenue"),
        ("3010", "Net sales restaurants", "revenue", "revenue"),
        ("3020", "Net sales online", "revenue", "revenue"),
        ("3090", "Manual accruals of sales", "revenue", "revenue"),
        ("4000", "Cost of sales grocery", "cost_of_sales", "cost_of_sales"),
        ("4010", "Cost of sales restaurants", "cost_of_sales", "cost_of_sales"),
        ("4020", "Cost of sales online", "cost_of_sales", "cost_of_sales"),
        ("5000", "Outbound freight", "expense", "distribution"),
        ("5010", "Warehousing", "expense", "distribution"),
        ("5020", "Freight between locations", "expense", "distribution"),
        ("5100", "Brand marketing", "expense", "marketing"),
        ("5110", "Promotions and campaigns", "expense", "marketing"),
        ("5120", "Sales force", "expense", "marketing"),
        ("5200", "Product development", "expense", "development"),
        ("5300", "Administration", "expense", "administration"),
        ("5310", "Information technology", "expense", "administration"),
        ("5400", "Depreciation", "expense", "depreciation"),
        ("6000", "Interest on loans", "expense", "interest"),
        ("6100", "Income tax", "expense", "income_tax"),
        ("1000", "Cash at bank", "asset", "cash"),
        ("1100", "Trade receivables", "asset", "receivables"),
        ("1200", "Finished products", "asset", "stock"),
        ("1210", "Semi-finished products", "asset", "stock"),
        ("1220", "Materials", "asset", "stock"),
        ("1500", "Plant and equipment", "asset", "fixed_assets"),
        ("2000", "Trade payables", "liability", "payables"),
        ("2100", "Bank loans", "liability", "loans"),
        ("2200", "Income tax payable", "liability", "tax_payable"),
        ("2500", "Share capital", "equity", "equity"),
        ("2600", "Retained earnings", "equity", "retained_earnings"),
    ]
    table = pd.DataFrame(rows, columns=["account", "description", "account_type", "plan_line"])
    pieces = pd.DataFrame(
        [{"account": "9000", "description": "Headcount", "account_type": "statistical", "plan_line": None}]
    )
    return pd.concat([table, pieces], ignore_index=True).assign(operator=1)


def cost_line(numbers: dict[str, Any]) -> pd.DataFrame:
    """The lines of operating cost with one row a calendar year."""
    return pd.DataFrame(
        [
            {
                "cost_line": name,
                "valid_from": pd.Timestamp(year, 1, 1),
                "valid_to": pd.Timestamp(year, 12, 31),
                "plan_line": f["plan_line"],
                "behaviour": f["behaviour"],
                "is_cash": f["cash"],
                "amount": _amount(f, year),
            }
            for name, f in numbers["cost_lines"].items()
            for year in range(2023, 2028)
        ]
    )


def with_projects(lines: pd.DataFrame, numbers: dict[str, Any]) -> pd.DataFrame:
    """The cost lines with the months of development projects apart, each with its product; sums as before."""
    kept, name = [lines[lines["cost_line"] != DEVELOPMENT].assign(product=None)], DEVELOPMENT
    for year in lines[lines["cost_line"] == DEVELOPMENT].to_dict("records"):
        months = pd.date_range(year["valid_from"], year["valid_to"], freq="MS")
        for month in months:
            running = {
                p: f["amount"]
                for p, f in numbers["development"].items()
                if f["from"] <= month.date() <= f["to"]
            }
            last = month + pd.offsets.MonthEnd(0)
            rest = year["amount"] - sum(running.values())
            rows = [(name, None, rest), *((f"{name} {p}", p, amount) for p, amount in running.items())]
            kept.append(
                pd.DataFrame(
                    [
                        {
                            **year,
                            "cost_line": line,
                            "valid_from": month,
                            "valid_to": last,
                            "product": p,
                            "amount": a,
                        }
                        for line, p, a in rows
                    ]
                )
            )
    return _in_spans(pd.concat(kept, ignore_index=True))


def _in_spans(lines: pd.DataFrame) -> pd.DataFrame:
    """Rows of a line that follow on one another with the same amount, as one row."""
    ordered = lines.sort_values(["cost_line", "valid_from"], ignore_index=True)
    before = ordered.groupby("cost_line")
    follows = before["valid_to"].shift() + pd.Timedelta(days=1) == ordered["valid_from"]
    same = (before["amount"].shift() == ordered["amount"]) & (
        ordered["cost_line"].str.startswith(DEVELOPMENT)
    )
    span = (~(follows & same)).cumsum()
    last = ordered.groupby(span)["valid_to"].transform("last")
    return ordered.assign(valid_to=last)[~span.duplicated()].reset_index(drop=True)


def _amount(facts: dict[str, Any], year: int) -> float:
    amount = facts["amount"] * (1 + facts["growth"]) ** (year - 2024)
    return round(
        amount,
        4 if facts["behaviour"] == "rate_of_revenue" else 2 if facts["behaviour"] == "per_pallet" else -2,
    )


def cash_item(numbers: dict[str, Any]) -> pd.DataFrame:
    """Capital spending, loan instalments and dividends from the start of the ledger to the horizon's end."""
    months = pd.date_range(day(numbers["dates"]["ledger_from"]), "2027-12-01", freq="MS")
    capex, loan, dividend = numbers["capex"], numbers["loan_instalment"], numbers["dividend"]
    rows = [
        {
            "cash_item": "replacement investments",
            "period": m,
            "kind": "capex",
            "amount_value": -capex["monthly"],
        }
        for m in months
    ]
    rows += [
        {"cash_item": "palletiser Lahti", "period": day(f"{m}-01"), "kind": "capex", "amount_value": -v}
        for m, v in capex["growth_project"].items()
    ]
    rows += [
        {"cash_item": "bank loan", "period": m, "kind": "loan", "amount_value": -loan["value"]}
        for m in months
        if m.month in loan["months"]
    ]
    rows += [
        {"cash_item": "dividend", "period": m, "kind": "dividend", "amount_value": -dividend["value"]}
        for m in months
        if m.month == dividend["month"]
    ]
    return pd.DataFrame(rows)


# ---------------------------------------------------------------- profit and loss
def market_rows(values: pd.DataFrame, channel: pd.Series) -> pd.DataFrame:
    """Revenue and cost of sales rows by market from values: market, period, revenue, cost."""
    kind = values["market"].map(channel)
    revenue = pd.DataFrame(
        {
            "period": values["period"],
            "account": kind.map(REVENUE),
            "cost_centre": values["market"],
            "amount_value": values["revenue"],
        }
    )
    cost = pd.DataFrame(
        {
            "period": values["period"],
            "account": kind.map(COST_OF_SALES),
            "cost_centre": values["market"],
            "amount_value": values["cost"],
        }
    )
    return pd.concat([revenue, cost], ignore_index=True)


def expense_rows(
    numbers: dict[str, Any],
    months: pd.DatetimeIndex,
    revenue: np.ndarray,
    pallets: np.ndarray,
    activity_cost: np.ndarray,
    internal_freight: np.ndarray,
    scatter: np.ndarray,
) -> pd.DataFrame:
    """Operating costs of each month: cost lines by their driver, activities, freight between locations.

    scatter: factor on the fixed lines, lines by months.
    """
    lines = cost_line(numbers).set_index(["cost_line", "valid_from"])["amount"]
    rows = []
    for n, (name, facts) in enumerate(numbers["cost_lines"].items()):
        amount = np.array([lines[(name, pd.Timestamp(m.year, 1, 1))] for m in months])
        driver = {"fixed": scatter[n], "rate_of_revenue": revenue, "per_pallet": pallets}[facts["behaviour"]]
        exact = np.ones(len(months)) if name in ("depreciation", "interest on loans") else driver
        rows.append(_centre(months, LINES[name], facts["plan_line"], amount * exact))
    rows.append(_centre(months, ACTIVITY_COST, "marketing", activity_cost))
    rows.append(_centre(months, INTERNAL_FREIGHT, "distribution", internal_freight))
    return pd.concat(rows, ignore_index=True)


CENTRES = {
    "distribution": "logistics",
    "marketing": "marketing",
    "development": "laboratory",
    "administration": "head_office",
    "depreciation": "plants",
    "interest": "head_office",
}


def _centre(months: pd.DatetimeIndex, code: str, line: str, amount: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {"period": months, "account": code, "cost_centre": CENTRES[line], "amount_value": amount}
    )


def with_tax(numbers: dict[str, Any], rows: pd.DataFrame) -> pd.DataFrame:
    """The rows in cents and with income tax at the rate on each month's profit."""
    rows = rows.assign(amount_value=rows["amount_value"].round(2))
    profit = profit_before_tax(rows)
    tax = pd.DataFrame(
        {
            "period": profit.index,
            "account": TAX,
            "cost_centre": "head_office",
            "amount_value": (profit * numbers["tax_rate"]).round(2).to_numpy(),
        }
    )
    return pd.concat([rows, tax], ignore_index=True)


def profit_before_tax(rows: pd.DataFrame) -> pd.Series:
    """Profit before tax by month."""
    sign = np.where(rows["account"].str.startswith("3"), 1.0, np.where(rows["account"] == TAX, 0.0, -1.0))
    return (rows["amount_value"] * sign).groupby(rows["period"]).sum().round(2)


# ---------------------------------------------------------------- balance sheet
def receivables(values: pd.DataFrame, days: pd.Series, months: pd.DatetimeIndex) -> np.ndarray:
    """Receivables at month ends by countback: the last days / 30 months of revenue of each market."""
    wide = values.pivot_table(
        index="market", columns="period", values="revenue", aggfunc="sum", fill_value=0.0
    )
    return _countback(wide, days, months)


def payables(bought: pd.DataFrame, days: pd.Series, months: pd.DatetimeIndex) -> np.ndarray:
    """Payables at month ends by countback of purchases by supplier (columns are months)."""
    return _countback(bought, days, months)


def _countback(wide: pd.DataFrame, days: pd.Series, months: pd.DatetimeIndex) -> np.ndarray:
    left = days.reindex(wide.index).to_numpy() / 30
    total = np.zeros(len(months))
    for back in range(4):
        at = np.maximum(wide.columns.get_indexer((months.to_period("M") - back).to_timestamp()), 0)
        total += np.clip(left - back, 0.0, 1.0) @ wide.to_numpy()[:, at]
    return total


def balance_rows(
    numbers: dict[str, Any],
    months: pd.DatetimeIndex,
    profit_rows: pd.DataFrame,
    owed: np.ndarray,
    owing: np.ndarray,
    stocks: dict[str, np.ndarray],
    opening: dict[str, float],
) -> pd.DataFrame:
    """Closing balances by month; cash is what balances, retained earnings roll with net income.

    opening: receivables, payables and stock at the opening of the first month.
    """
    begin = numbers["opening"]
    items = cash_item(numbers).pivot_table(
        index="period", columns="kind", values="amount_value", aggfunc="sum", fill_value=0.0
    )
    items = items.reindex(months, fill_value=0.0)
    profit = profit_before_tax(profit_rows).reindex(months)
    tax = profit_rows[profit_rows["account"] == TAX].set_index("period")["amount_value"].reindex(months)
    depreciation = (
        profit_rows[profit_rows["account"] == "5400"].set_index("period")["amount_value"].reindex(months)
    )
    fixed = begin["fixed_assets"] - items["capex"].cumsum() - depreciation.cumsum()
    loans = begin["loans"] + items["loan"].cumsum()
    due = begin["tax_payable"] + (tax - _tax_paid(numbers, tax)).cumsum()
    equity = pd.Series(begin["equity"], index=months)
    at_start = (
        begin["cash"]
        + opening["receivables"]
        + opening["stock"]
        + begin["fixed_assets"]
        - opening["payables"]
        - begin["loans"]
        - begin["tax_payable"]
        - begin["equity"]
    )
    retained = round(at_start, 2) + (profit - tax + items["dividend"]).cumsum()
    parts = {
        "1100": owed,
        "1200": stocks["finished"],
        "1210": stocks["semi_finished"],
        "1220": stocks["component"],
        "1500": fixed,
        "2000": owing,
        "2100": loans,
        "2200": due,
        "2500": equity,
        "2600": retained,
    }
    table = pd.DataFrame({k: np.round(np.asarray(v, dtype=float), 2) for k, v in parts.items()}, index=months)
    table["1000"] = (
        table[["2000", "2100", "2200", "2500", "2600"]].sum(axis=1)
        - table[["1100", "1200", "1210", "1220", "1500"]].sum(axis=1)
    ).round(2)
    long = (
        table.rename_axis("period")
        .reset_index()
        .melt("period", var_name="account", value_name="amount_value")
    )
    return long.assign(cost_centre="all")


def _tax_paid(numbers: dict[str, Any], tax: pd.Series) -> pd.Series:
    paid = pd.Series(float(numbers["tax_prepayment"]), index=tax.index)
    for year in sorted({m.year for m in tax.index})[1:]:
        settle = pd.Timestamp(year, 5, 1)
        last = tax[tax.index.year == year - 1]
        if settle in paid.index:
            paid[settle] += round(float((last - numbers["tax_prepayment"]).sum()), 2)
    return paid


def manual_posting(numbers: dict[str, Any]) -> pd.DataFrame:
    """The one documented posting that has no sales behind it."""
    facts = numbers["manual_posting"]
    return pd.DataFrame(
        [
            {
                "period": day(facts["period"]),
                "account": facts["account"],
                "cost_centre": "head_office",
                "amount_value": facts["value"],
            }
        ]
    )


# ---------------------------------------------------------------- budget
def budget_scatter(months: pd.DatetimeIndex, count: int) -> np.ndarray:
    """Ones: a budget has no chance in its fixed lines."""
    return np.ones((count, len(months)))


def actual_scatter(months: pd.DatetimeIndex, count: int, seed: int) -> np.ndarray:
    """The small chance of spending by line and month."""
    return stream(seed, "ledger").normal(1.0, 0.015, (count, len(months)))
