"""What each product is worth: rank by margin, stage of life, and the tail."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sopwb.calendar import fiscal_month
from sopwb.config.demand import PortfolioSettings

__all__ = ["abc_class", "closed_months", "life_stage", "portfolio_value", "sold_by_month", "stock_value"]

TAIL_STAGES = ("mature", "decline")


def closed_months(sales: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Sales of fiscal months that end on or before as-of, with the month as ``period``."""
    dated = sales.assign(period=fiscal_month(sales["date"]))
    return dated.loc[dated["period"] + pd.offsets.MonthEnd(0) <= as_of]


def sold_by_month(sales: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Net quantity and net sales by product and closed fiscal month."""
    closed = closed_months(sales, as_of)
    frame = closed[["product", "period"]].assign(
        sold_qty=closed["sold_qty"] - closed["returned_qty"], revenue_value=closed["net_sales_value"]
    )
    return frame.groupby(["product", "period"], as_index=False)[["sold_qty", "revenue_value"]].sum()


def stock_value(stock_on_hand: pd.DataFrame, product_cost: pd.DataFrame) -> pd.DataFrame:
    """Stock of each product at standard cost, over all locations and expiry dates."""
    stock = stock_on_hand.groupby("product", as_index=False)["on_hand_qty"].sum()
    cost = product_cost[["product", "standard_cost_per_unit"]]
    priced = stock.merge(cost, on="product", how="left", validate="one_to_one")
    value = priced["on_hand_qty"] * priced["standard_cost_per_unit"].fillna(0.0)
    valued: pd.DataFrame = priced[["product"]].assign(stock_value=value)
    return valued


def abc_class(
    cumulative_share: pd.Series[float], margin: pd.Series[float], settings: PortfolioSettings
) -> pd.Series[str]:
    """A until the better products earn the share of A, B until that of A and B, then C; losses are C.

    Parameters
    ----------
    cumulative_share
        Share of the total margin earned by this and all better products, best first.
    margin
        Margin of each product, in the same order.
    """
    before = cumulative_share.shift(fill_value=0.0)
    letters = np.select([before < settings.class_a_rate, before < settings.class_b_rate], ["A", "B"], "C")
    return pd.Series(letters, index=margin.index).mask(margin <= 0, "C")


def life_stage(
    product: pd.DataFrame,
    this_year: pd.Series[float],
    last_year: pd.Series[float],
    first_sale: pd.Series[pd.Timestamp],
    as_of: pd.Timestamp,
    settings: PortfolioSettings,
) -> pd.Series[str]:
    """Where each product stands: launch, growth, mature, decline, phase-out or ended.

    Dates come first, then the change of quantity over the twelve months before.

    Parameters
    ----------
    product
        Products with launch_date and phase_out_date.
    this_year, last_year
        Quantity of the last twelve months and of the twelve before, for the same rows.
    first_sale
        First month with a sale; stands in for a missing launch date.
    """
    launch = product["launch_date"].fillna(first_sale)
    young = launch.isna() | (launch > as_of - pd.DateOffset(months=settings.launch_months))
    leaving = product["phase_out_date"] <= as_of + pd.DateOffset(months=settings.phase_out_months)
    gone = product["phase_out_date"] <= as_of
    change = this_year / last_year.where(last_year > 0) - 1
    silent = (this_year <= 0) & (last_year <= 0) & first_sale.notna()
    stage = np.select(
        [
            gone | silent,
            leaving,
            young,
            change.isna() | (change > settings.growth_rate),
            change < -settings.growth_rate,
        ],
        ["ended", "phase_out", "launch", "growth", "decline"],
        "mature",
    )
    return pd.Series(stage, index=product.index)


def _year_sums(months: pd.DataFrame, as_of: pd.Timestamp, years_back: int) -> pd.DataFrame:
    """Quantity and revenue by product over twelve closed months."""
    last = as_of + pd.Timedelta(days=1) - pd.DateOffset(months=12 * years_back)
    end = last.to_period("M").to_timestamp()
    chosen = months[(months["period"] < end) & (months["period"] >= end - pd.DateOffset(months=12))]
    return chosen.groupby("product")[["sold_qty", "revenue_value"]].sum()


def portfolio_value(
    product: pd.DataFrame,
    sales: pd.DataFrame,
    product_cost: pd.DataFrame,
    stock_on_hand: pd.DataFrame,
    settings: PortfolioSettings,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Worth of each finished product over the last twelve closed months, best first.

    Margin is net sales less quantity at standard cost. The tail is what is in class C and neither
    new nor leaving nor growing.

    Returns
    -------
    pandas.DataFrame
        Table ``portfolio_value``.
    """
    months = sold_by_month(sales, as_of)
    finished = product[product["product_type"] == "finished"].sort_values("product").reset_index(drop=True)
    codes = finished["product"]
    now, before = (_year_sums(months, as_of, years).reindex(codes).fillna(0.0) for years in (0, 1))
    cost = codes.map(product_cost.set_index("product")["standard_cost_per_unit"]).fillna(0.0)
    first = codes.map(months[months["sold_qty"] > 0].groupby("product")["period"].min())
    quantity = now["sold_qty"].reset_index(drop=True)
    stage = life_stage(
        finished, quantity, before["sold_qty"].reset_index(drop=True), pd.to_datetime(first), as_of, settings
    )
    stock = codes.map(stock_value(stock_on_hand, product_cost).set_index("product")["stock_value"])
    table = finished[["product", "family"]].assign(
        revenue_value=now["revenue_value"].to_numpy(),
        sold_qty=quantity,
        margin_value=now["revenue_value"].to_numpy() - quantity * cost,
        life_stage=stage,
        stock_value=stock.fillna(0.0),
    )
    return _ranked(table, settings)


def _ranked(table: pd.DataFrame, settings: PortfolioSettings) -> pd.DataFrame:
    """Products by margin, best first, with rank, cumulative share, class and tail."""
    ranked = table.sort_values(["margin_value", "product"], ascending=[False, True]).reset_index(drop=True)
    total = ranked["margin_value"].sum()
    share = ranked["margin_value"].cumsum() / total if total > 0 else pd.Series(1.0, index=ranked.index)
    letter = abc_class(share, ranked["margin_value"], settings)
    return ranked.assign(
        margin_rank=np.arange(1, len(ranked) + 1),
        cumulative_share_rate=share,
        abc_class=letter,
        is_tail=(letter == "C") & ranked["life_stage"].isin(TAIL_STAGES),
    )
