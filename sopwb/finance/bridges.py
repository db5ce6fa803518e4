"""Bridges of the plan: EBIT from budget to outlook, revenue and margin from the year before to the last."""

from __future__ import annotations

import pandas as pd

from sopwb.calendar import fiscal_month, fiscal_year
from sopwb.finance.price_volume_mix import price_volume_mix
from sopwb.measure.bridge import bridge
from sopwb.measure.line import SIGN, SUBTOTALS

__all__ = ["ebit_bridge", "fiscal_year_outlook", "sales_span", "year_on_year_bridges"]

GRAIN = ["product", "currency"]
EFFECT = {
    "volume": "Volume",
    "mix": "Mix",
    "price": "Price",
    "fx": "Currency",
    "cost": "Unit cost",
    "new": "New products",
    "lost": "Lost products",
}


def fiscal_year_outlook(profit_and_loss: pd.DataFrame, year: int, start_month: int) -> pd.DataFrame:
    """Budget and outlook (actual to date and forecast) of every line of a fiscal year.

    Returns
    -------
    pandas.DataFrame
        Columns budget and outlook, index line. Budget is missing when it does not cover the year.
    """
    rows = profit_and_loss[fiscal_year(profit_and_loss["period"], start_month) == year]
    forecast = rows[rows["version"] == "forecast"]
    actual = rows[(rows["version"] == "actual") & ~rows["period"].isin(forecast["period"])]
    budget = rows[rows["version"] == "budget"]
    both = pd.concat([actual, forecast])
    found = pd.DataFrame({"outlook": both.groupby("line")["amount_value"].sum()})
    total = budget.groupby("line")["amount_value"].sum()
    covers = set(both["period"]) <= set(budget["period"])
    return found.assign(budget=total if covers and len(budget) else float("nan"))


def ebit_bridge(profit_and_loss: pd.DataFrame, year: int, start_month: int) -> pd.DataFrame | None:
    """EBIT of a fiscal year from budget to outlook by line; None where there is no budget for it."""
    sums = fiscal_year_outlook(profit_and_loss, year, start_month)
    if sums.empty or sums["budget"].isna().any():
        return None
    change = sums["outlook"] - sums["budget"]
    steps = {line: float(change[line]) * SIGN[line] for line in SUBTOTALS["ebit"] if change[line] != 0}
    return bridge(
        f"ebit_{year}_budget_to_outlook",
        (f"Budget {year}", float(sums["budget"]["ebit"])),
        steps,
        (f"Outlook {year}", float(sums["outlook"]["ebit"])),
        "line of the profit and loss",
    )


def sales_span(
    sales_history: pd.DataFrame,
    market: pd.DataFrame,
    currency_rate: pd.DataFrame,
    cost: pd.Series[float],
    span: tuple[pd.Timestamp, pd.Timestamp],
    currency: str,
) -> pd.DataFrame:
    """Quantity, price, rate and unit cost of what was sold in a span, by product and currency of sale.

    The price is the net sales over the quantity, at the mean actual rate of the span.
    """
    inside = sales_history[sales_history["date"].between(*span)]
    rows = inside.assign(
        qty=inside["sold_qty"] - inside["returned_qty"],
        currency=inside["market"].map(market.set_index("market")["currency"]),
    )
    sums = rows.groupby(GRAIN, sort=True)[["qty", "net_sales_value"]].sum().reset_index()
    sums["fx_rate"] = sums["currency"].map(_mean_rates(currency_rate, span)).astype(float)
    sums.loc[sums["currency"] == currency, "fx_rate"] = 1.0
    sums["fx_rate"] = sums["fx_rate"].fillna(1.0)
    sums["price_per_unit"] = (sums["net_sales_value"] / sums["qty"] / sums["fx_rate"]).where(sums["qty"] > 0)
    sums["cost_per_unit"] = sums["product"].map(cost).astype(float).fillna(0.0)
    return sums


def _mean_rates(currency_rate: pd.DataFrame, span: tuple[pd.Timestamp, pd.Timestamp]) -> pd.Series[float]:
    inside = currency_rate["period"].between(*span) & (currency_rate["rate_type"] == "actual")
    return currency_rate[inside].groupby("currency")["rate"].mean().astype(float)


def year_on_year_bridges(
    sales_history: pd.DataFrame,
    market: pd.DataFrame,
    currency_rate: pd.DataFrame,
    product_cost: pd.DataFrame,
    *,
    currency: str,
    as_of: pd.Timestamp,
    months: int,
) -> list[pd.DataFrame]:
    """Price-volume-mix of revenue and of standard margin, the last closed months against those before.

    Margin is at today's standard cost on both sides, so that its cost step is zero until the source
    keeps old standards. What only came back in a span counts as new or lost. Without sales in both
    spans there are no bridges.
    """
    first = fiscal_month(pd.Series([as_of])).iloc[0] - pd.DateOffset(months=months - 1)
    before = first - pd.DateOffset(months=months)
    cost = product_cost.set_index("product")["standard_cost_per_unit"]
    spans = ((before, first - pd.Timedelta(days=1)), (first, as_of))
    old, new = (sales_span(sales_history, market, currency_rate, cost, span, currency) for span in spans)
    if not ((old["qty"] > 0).any() and (new["qty"] > 0).any()):
        return []
    labels = [f"{start:%Y-%m} to {end:%Y-%m}" for start, end in spans]
    return [
        _pvm(name, old, new, labels, margin=margin)
        for name, margin in (("revenue_price_volume_mix", False), ("margin_price_volume_mix", True))
    ]


def _pvm(name: str, old: pd.DataFrame, new: pd.DataFrame, labels: list[str], *, margin: bool) -> pd.DataFrame:
    effects = price_volume_mix(old[old["qty"] > 0], new[new["qty"] > 0], GRAIN, margin=margin)
    effects["new"] += _value(new[new["qty"] <= 0], margin=margin)
    effects["lost"] -= _value(old[old["qty"] <= 0], margin=margin)
    shown = effects if margin else effects.drop("cost")
    steps = {EFFECT[str(step)]: float(value) for step, value in shown.items()}
    ends = [_value(span, margin=margin) for span in (old, new)]
    return bridge(name, (labels[0], ends[0]), steps, (labels[1], ends[1]), "product and currency of sale")


def _value(span: pd.DataFrame, *, margin: bool) -> float:
    revenue = float(span["net_sales_value"].sum())
    return revenue - float((span["qty"] * span["cost_per_unit"]).sum()) if margin else revenue
