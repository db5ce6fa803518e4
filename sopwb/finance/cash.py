"""Cash from the plan, direct and indirect, income tax, and the balance sheet that follows."""

from __future__ import annotations

import pandas as pd

__all__ = ["cash_flow", "direct_cash_flow", "income_tax", "indirect_cash_flow"]

OUTSIDE = {"capex": "capex", "loans": "loan", "dividends": "dividend", "equity": "equity"}
TAIL = ("operating_cash_flow", *OUTSIDE, "net_cash_flow", "opening_cash", "closing_cash")


def income_tax(
    profit: pd.Series[float], rate: pd.Series[float], loss_carried_forward: float = 0.0
) -> pd.Series[float]:
    """Income tax of each month; losses are carried forward and set off against later profit.

    Parameters
    ----------
    profit
        Profit before tax by month, in order of time.
    rate
        Tax rate of each month.
    loss_carried_forward
        Losses of earlier years that are not yet set off.

    Examples
    --------
    >>> income_tax(pd.Series([220.0, -100, 140]), pd.Series([0.2, 0.2, 0.2])).to_list()
    [44.0, 0.0, 8.0]
    """
    before = profit.cumsum() - loss_carried_forward
    highest = before.cummax().clip(lower=0.0)
    return (highest - highest.shift(1).fillna(0.0)) * rate


def direct_cash_flow(months: pd.DataFrame, opening: pd.Series[float]) -> pd.DataFrame:
    """Cash by where it comes from and goes to, one row per month, its lines as columns.

    Parameters
    ----------
    months
        period; flows revenue, purchases, conversion, expenses, interest, income_tax; closing
        receivable_value, payable_value, stock_value; depreciation and other costs without cash as
        non_cash; net_income; capex, loan, dividend, equity as cash in (positive) or out.
    opening
        cash, receivable_value, payable_value, stock_value before the first month.
    """
    lines = {
        "from_customers": months["revenue"] - _change(months, opening, "receivable_value"),
        "to_suppliers": -(months["purchases"] - _change(months, opening, "payable_value")),
        "production": 0.0 - months["conversion"],
        "operating_expenses": 0.0 - months["expenses"],
        "interest": 0.0 - months["interest"],
        "income_tax": 0.0 - months["income_tax"],
    }
    return _closed(months, lines, opening)


def indirect_cash_flow(months: pd.DataFrame, opening: pd.Series[float]) -> pd.DataFrame:
    """Cash from net income: costs without cash added back, less what working capital takes up.

    Parameters are those of `direct_cash_flow`, which it must equal in operating cash flow.

    Examples
    --------
    >>> months = pd.DataFrame(
    ...     {
    ...         "period": pd.date_range("2026-01-01", periods=1, freq="MS"),
    ...         "net_income": [176.0],
    ...         "non_cash": [80.0],
    ...         "stock_value": [840.0],
    ...         "receivable_value": [3000.0],
    ...         "payable_value": [770.0],
    ...         "capex": 0.0,
    ...         "loan": 0.0,
    ...         "dividend": 0.0,
    ...         "equity": 0.0,
    ...     }
    ... )
    >>> opening = pd.Series(
    ...     {"cash": 1000.0, "stock_value": 720.0, "receivable_value": 3000.0, "payable_value": 700.0}
    ... )
    >>> indirect_cash_flow(months, opening)["operating_cash_flow"].to_list()
    [206.0]
    """
    lines = {
        "net_income": months["net_income"],
        "costs_without_cash": months["non_cash"],
        "change_of_stock": -_change(months, opening, "stock_value"),
        "change_of_receivables": -_change(months, opening, "receivable_value"),
        "change_of_payables": _change(months, opening, "payable_value"),
    }
    return _closed(months, lines, opening)


def cash_flow(months: pd.DataFrame, opening: pd.Series[float]) -> pd.DataFrame:
    """Both cash flows line by line; table ``cash_flow``."""
    parts = [
        frame.melt("period", var_name="line", value_name="amount_value").assign(method=method)
        for method, frame in (
            ("direct", direct_cash_flow(months, opening)),
            ("indirect", indirect_cash_flow(months, opening)),
        )
    ]
    return pd.concat(parts, ignore_index=True)


def _change(months: pd.DataFrame, opening: pd.Series[float], balance: str) -> pd.Series[float]:
    value = months[balance]
    return value - value.shift(1).fillna(float(opening[balance]))


def _closed(
    months: pd.DataFrame, lines: dict[str, pd.Series[float]], opening: pd.Series[float]
) -> pd.DataFrame:
    """Operating lines, their sum, what is paid outside operations, and the corkscrew of cash."""
    flow = pd.DataFrame(lines)
    flow["operating_cash_flow"] = flow[list(lines)].sum(axis=1)
    for line, column in OUTSIDE.items():
        flow[line] = months[column]
    flow["net_cash_flow"] = flow[["operating_cash_flow", *OUTSIDE]].sum(axis=1)
    flow["closing_cash"] = float(opening["cash"]) + flow["net_cash_flow"].cumsum()
    flow["opening_cash"] = flow["closing_cash"].shift(1).fillna(float(opening["cash"]))
    return flow[[*lines, *TAIL]].assign(period=months["period"])
