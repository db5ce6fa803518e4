"""What customers owe and what is owed to suppliers at each month end."""

from __future__ import annotations

import pandas as pd

from sopwb.calendar import fiscal_month
from sopwb.finance.working_capital import countback, payment_days

__all__ = [
    "days_of_offers",
    "days_of_products",
    "old_payables",
    "open_purchases",
    "past_purchases",
    "receivables",
    "stand_in_payables",
]

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


def days_of_offers(
    purchase_term: pd.DataFrame, payment_term: pd.DataFrame, default_days: int
) -> pd.Series[float]:
    """Days until an open order is paid, by product: the mean of all who offer it, since it names nobody."""
    offers = purchase_term[["product", "supplier"]].drop_duplicates()
    days = payment_days(payment_term, "supplier", offers["supplier"], default_days)
    return offers.assign(days=days).groupby("product")["days"].mean().astype(float)


def days_of_products(
    supply_plan: pd.DataFrame, payment_term: pd.DataFrame, default_days: int
) -> pd.Series[float]:
    """Days until what the plan buys is paid, by product: of its suppliers, weighed by what each is paid."""
    bought = supply_plan[(supply_plan["option"] == "buy") & (supply_plan["cost_value"] > 0)]
    days = payment_days(payment_term, "supplier", bought["source"], default_days)
    weighed = bought.assign(days=days * bought["cost_value"]).groupby("product")[["days", "cost_value"]].sum()
    return (weighed["days"] / weighed["cost_value"]).astype(float)


def open_purchases(
    coming: pd.DataFrame, purchases: pd.Series[float], usual_days: float, days_per_month: float
) -> pd.Series[float]:
    """What is owed at the end of every month of the plan for what comes in it.

    Parameters
    ----------
    coming
        period, days, value at standard: purchases of the plan by month and days until they are paid.
    purchases
        What they cost by month; a month's difference to standard is spread over its purchases.
    usual_days
        Days until what has no standard is paid.
    days_per_month
        Days of a month.
    """
    wide = coming.pivot_table(index="period", columns="days", values="value", aggfunc="sum", fill_value=0.0)
    wide = wide.reindex(purchases.index, fill_value=0.0)
    standard = wide.sum(axis=1)
    paid = wide.mul((purchases / standard).where(standard > 0, 0.0), axis=0)
    unpriced = countback(purchases.where(standard <= 0, 0.0), usual_days, days_per_month)
    owed = [countback(paid[days], float(days), days_per_month) for days in paid.columns]
    return sum(owed, unpriced)


def old_payables(
    purchase_receipt: pd.DataFrame,
    product_cost: pd.DataFrame,
    payment_term: pd.DataFrame,
    default_days: int,
    days_per_month: float,
    index: pd.Index[pd.Timestamp],
) -> pd.Series[float]:
    """What is still owed at each month end for what came before the plan, by each supplier's days."""
    names = pd.Series(sorted(purchase_receipt["supplier"].dropna().unique()), dtype=object)
    days = payment_days(payment_term, "supplier", names, default_days)
    before = pd.date_range(index[0] - pd.DateOffset(months=MOST_MONTHS_BACK), index[-1], freq="MS")
    owed = pd.Series(0.0, index=index)
    for name, own in zip(names, days, strict=True):
        past = past_purchases(purchase_receipt[purchase_receipt["supplier"] == name], product_cost)
        known = past[past.index < index[0]].reindex(before, fill_value=0.0)
        owed = owed + countback(known, float(own), days_per_month).reindex(index)
    return owed


def past_purchases(purchase_receipt: pd.DataFrame, product_cost: pd.DataFrame) -> pd.Series[float]:
    """Purchases before the plan by fiscal month, at standard cost."""
    standard = product_cost.set_index("product")["standard_cost_per_unit"]
    value = purchase_receipt["received_qty"] * purchase_receipt["product"].map(standard)
    return value.groupby(fiscal_month(purchase_receipt["received_date"])).sum().astype(float)


def stand_in_payables(purchases: pd.Series[float], days: float, days_per_month: float) -> pd.Series[float]:
    """What is owed for months before the plan when none is known: as if each were the mean of the plan."""
    before = pd.date_range(
        purchases.index[0] - pd.DateOffset(months=MOST_MONTHS_BACK), purchases.index[-1], freq="MS"
    )
    usual = pd.Series(float(purchases.mean()), index=before).where(before < purchases.index[0], 0.0)
    return countback(usual, days, days_per_month).reindex(purchases.index)
