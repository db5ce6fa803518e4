"""What customers owe and what is owed to suppliers at each month end."""

from __future__ import annotations

import pandas as pd

from sopwb.calendar import fiscal_month
from sopwb.finance.working_capital import countback, payment_days

__all__ = ["payables", "receivables", "supplier_days"]

MOST_MONTHS_BACK = 13


def receivables(
    revenue: pd.DataFrame,
    sales_history: pd.DataFrame,
    payment_term: pd.DataFrame,
    default_days: int,
    days_per_month: float,
) -> pd.Series[float]:
    """Receivables at the end of every month of the plan, counted back market by market.

    Parameters
    ----------
    revenue
        market, period (fiscal month), revenue_value of the plan.
    sales_history
        Table ``sales_history``; its last year is what is still open when the plan begins.
    payment_term
        Table ``payment_term``.
    default_days
        Days where no term says.
    days_per_month
        Days of a month.
    """
    months = pd.Index(sorted(revenue["period"].unique()), name="period")
    since = months[0] - pd.DateOffset(months=MOST_MONTHS_BACK)
    past = sales_history[sales_history["date"].between(since, months[0] - pd.Timedelta(days=1))]
    past = past.assign(period=fiscal_month(past["date"]))
    past = past.groupby(["market", "period"])["net_sales_value"].sum().rename("revenue_value").reset_index()
    flow = pd.concat([past, revenue[["market", "period", "revenue_value"]]])
    wide = flow.pivot_table(
        index="period", columns="market", values="revenue_value", aggfunc="sum", fill_value=0.0
    )
    wide = wide.reindex(pd.date_range(since, months[-1], freq="MS", name="period"), fill_value=0.0)
    names = pd.Series(wide.columns)
    days = payment_days(payment_term, "customer", names, default_days).to_numpy()
    open_value = pd.DataFrame(
        {
            name: countback(wide[name], float(own), days_per_month)
            for name, own in zip(names, days, strict=True)
        }
    )
    return open_value.sum(axis=1).reindex(months).astype(float)


def supplier_days(supply_plan: pd.DataFrame, payment_term: pd.DataFrame, default_days: int) -> float:
    """Days until suppliers are paid: each supplier's term, weighted by what the plan buys."""
    bought = supply_plan[supply_plan["option"] == "buy"].groupby("source", sort=True)["cost_value"].sum()
    names = pd.Series([*bought.index, "*"])
    days = payment_days(payment_term, "supplier", names, default_days).to_numpy()
    if bought.sum() <= 0:
        return float(days[-1])
    return float((bought.to_numpy() * days[:-1]).sum() / bought.sum())


def payables(
    purchases: pd.Series[float], past_purchases: pd.Series[float], days: float, days_per_month: float
) -> pd.Series[float]:
    """Payables at the end of every month of the plan, counted back through purchases.

    Where no earlier purchases are known the mean of the plan stands in for them.

    Parameters
    ----------
    purchases
        Purchases by month of the plan.
    past_purchases
        Purchases by month before it, at standard cost.
    days, days_per_month
        Days until suppliers are paid, and of a month.
    """
    first = purchases.index[0]
    before = pd.date_range(
        first - pd.DateOffset(months=MOST_MONTHS_BACK), periods=MOST_MONTHS_BACK, freq="MS"
    )
    stand_in = float(purchases.mean())
    known = past_purchases.reindex(before, fill_value=0.0)
    earlier = known if known.sum() > 0 else known * 0.0 + stand_in
    whole = pd.concat([earlier, purchases]).astype(float)
    return countback(whole, days, days_per_month).reindex(purchases.index)
