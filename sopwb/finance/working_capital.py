"""Receivables, payables and stock, in money and in days."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["countback", "days_outstanding", "payment_days", "working_capital"]


def countback(flow: pd.Series[float], days: float, days_per_month: float = 30) -> pd.Series[float]:
    """Money still open at the end of each month when every invoice is paid after the same number of days.

    With d days and months of m days, the open amount is the whole of this month for the first m
    days, the whole of the month before for the next, and a share of the oldest month. Months before
    the first count as nothing.

    Parameters
    ----------
    flow
        Invoiced money by month, in order of time.
    days
        Days until payment.
    days_per_month
        Days of a month.

    Examples
    --------
    >>> countback(pd.Series([2000.0, 2000, 2400, 1800]), 45).to_list()
    [2000.0, 3000.0, 3400.0, 3000.0]
    """
    months = days / days_per_month
    value = flow.to_numpy(float)
    open_value = np.zeros(len(value))
    for back in range(int(np.ceil(months))):
        open_value[back:] += min(1.0, months - back) * value[: len(value) - back]
    return pd.Series(open_value, index=flow.index)


def payment_days(
    payment_term: pd.DataFrame, party_type: str, parties: pd.Series[str], default: int
) -> pd.Series[float]:
    """Days of payment of each party: its own term, else that of all others (*), else the default."""
    terms = payment_term[payment_term["party_type"] == party_type].set_index("party")["days"]
    other = float(terms.get("*", default))
    return parties.map(terms).astype(float).fillna(other)


def days_outstanding(
    balance: pd.Series[float], flow: pd.Series[float], days_per_month: float = 30
) -> pd.Series[float]:
    """Balance in days of the month's flow; missing when nothing flows.

    Examples
    --------
    >>> days_outstanding(pd.Series([840.0]), pd.Series([1080.0])).round(2).to_list()
    [23.33]
    """
    return (balance / flow * days_per_month).where(flow > 0)


def working_capital(months: pd.DataFrame, days_per_month: float = 30) -> pd.DataFrame:
    """Stock, receivables and payables with their days at the end of each month; table ``working_capital``.

    Receivables and payables in days are counted back through the flows; stock is in days of the
    month's cost of sales.

    Parameters
    ----------
    months
        period, stock_value (on hand, on the way and in process), receivable_value, payable_value and
        the flows revenue, cost_of_sales, purchases; one row per month.
    """
    stock, receivable, payable = (
        months[name] for name in ("stock_value", "receivable_value", "payable_value")
    )
    return pd.DataFrame(
        {
            "period": months["period"],
            "stock_value": stock,
            "receivable_value": receivable,
            "payable_value": payable,
            "working_capital_value": stock + receivable - payable,
            "days_sales_outstanding": days_outstanding(receivable, months["revenue"], days_per_month),
            "days_inventory": days_outstanding(stock, months["cost_of_sales"], days_per_month),
            "days_payable": days_outstanding(payable, months["purchases"], days_per_month),
        }
    )
