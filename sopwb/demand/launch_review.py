"""Launches and phase-outs month by month against the curve planned for them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sopwb.demand.portfolio import sold_by_month, stock_value

__all__ = ["changes", "launch_review"]

MONTHS_SHOWN = 12
MONTHS_BACK = 18
MONTHS_AHEAD = 12
RUN_OUT_MONTHS = 6
COLUMNS = [
    "product",
    "change",
    "counterpart",
    "period",
    "month_number",
    "planned_qty",
    "actual_qty",
    "attainment_rate",
    "counterpart_stock_value",
]


def changes(product: pd.DataFrame, product_successor: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Launches and phase-outs that are recent or near, each with the product it replaces or is replaced by.

    Returns
    -------
    pandas.DataFrame
        One row per product and change: change_date, end_date (last day of sale, may be missing),
        counterpart, old_product, factor_rate.
    """
    finished = product[product["product_type"] == "finished"]
    first = product_successor.sort_values(["start_date", "product", "successor"])
    launched = finished[finished["launch_date"].notna()].merge(
        first.drop_duplicates("successor").rename(columns={"product": "counterpart", "successor": "product"}),
        on="product",
        how="left",
        validate="one_to_one",
    )
    launched = launched.assign(
        change="launch", change_date=launched["launch_date"], old_product=launched["counterpart"]
    )
    ending = finished[finished["phase_out_date"].notna()].merge(
        first.drop_duplicates("product").rename(columns={"successor": "counterpart"}),
        on="product",
        how="left",
        validate="one_to_one",
    )
    ending = ending.assign(
        change="phase_out",
        change_date=ending["start_date"].fillna(
            ending["phase_out_date"] - pd.DateOffset(months=RUN_OUT_MONTHS)
        ),
        old_product=ending["product"],
        factor_rate=1.0,
    )
    names = [
        "product",
        "change",
        "change_date",
        "phase_out_date",
        "counterpart",
        "old_product",
        "factor_rate",
    ]
    both = pd.concat([launched[names], ending[names]], ignore_index=True)
    near = (both["change_date"] > as_of - pd.DateOffset(months=MONTHS_BACK)) & (
        both["change_date"] <= as_of + pd.DateOffset(months=MONTHS_AHEAD)
    )
    return both[near].sort_values(["product", "change"]).reset_index(drop=True)


def _curve_months(change: pd.DataFrame) -> pd.DataFrame:
    """Every change with its first twelve months; a product that begins and ends keeps its launch."""
    once = change.drop_duplicates("product", keep="first")
    numbers = pd.DataFrame({"month_number": np.arange(1, MONTHS_SHOWN + 1)})
    rows = once.merge(numbers, how="cross")
    start = rows["change_date"].dt.to_period("M")
    months = [first + number - 1 for first, number in zip(start, rows["month_number"], strict=True)]
    return rows.assign(period=pd.PeriodIndex(months, freq="M").to_timestamp())


def _fading(rows: pd.DataFrame) -> pd.Series[float]:
    """Share of its demand that a product on its way out still has in mid-month; 1 in a launch."""
    whole = (rows["phase_out_date"] - rows["change_date"]).dt.days.clip(lower=1)
    middle = rows["period"] + pd.Timedelta(days=14)
    left = (rows["phase_out_date"] - middle.where(middle > rows["change_date"], rows["change_date"])).dt.days
    return (left / whole).clip(0.0, 1.0).where(rows["change"] == "phase_out", 1.0)


def _open_rate(rows: pd.DataFrame) -> pd.Series[float]:
    """Share of each month's days after a launch, or before the last day of a product that ends."""
    month_end = rows["period"] + pd.offsets.MonthEnd(0)
    launch = rows["change"] == "launch"
    begin = rows["period"].where(~launch | (rows["period"] > rows["change_date"]), rows["change_date"])
    last = rows["phase_out_date"].fillna(month_end)
    end = last.where(last < month_end, month_end)
    return ((end - begin).dt.days + 1).clip(lower=0) / month_end.dt.day


def launch_review(
    product: pd.DataFrame,
    product_successor: pd.DataFrame,
    sales: pd.DataFrame,
    product_cost: pd.DataFrame,
    stock_on_hand: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """First twelve months of each launch and phase-out: planned, sold, and what is left of the old product.

    The planned curve of a launch is the predecessor's sales in the same month a year before times the
    factor of the take-over; that of a phase-out its own of the year before, fading evenly from the
    change to its last day.
    Attainment is actual over planned, cumulated over closed months.

    Returns
    -------
    pandas.DataFrame
        Table ``launch_review``.
    """
    months = sold_by_month(sales, as_of)
    rows = _curve_months(changes(product, product_successor, as_of))
    if rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    year_before = months[["product", "period", "sold_qty"]].assign(
        period=months["period"] + pd.DateOffset(months=12)
    )
    curve = year_before.rename(columns={"product": "old_product", "sold_qty": "year_before_qty"})
    rows = rows.merge(curve, on=["old_product", "period"], how="left", validate="many_to_one")
    sold = months[["product", "period", "sold_qty"]].rename(columns={"sold_qty": "actual_qty"})
    rows = rows.merge(sold, on=["product", "period"], how="left", validate="many_to_one")
    rows = rows[(rows["change"] == "launch") | (rows["period"] <= rows["phase_out_date"])]
    closed = rows["period"] + pd.offsets.MonthEnd(0) <= as_of
    rows = rows.assign(
        planned_qty=rows["year_before_qty"]
        * rows["factor_rate"].fillna(1.0)
        * _open_rate(rows)
        * _fading(rows),
        actual_qty=rows["actual_qty"].fillna(0.0).where(closed),
    )
    value = stock_value(stock_on_hand, product_cost).set_index("product")["stock_value"]
    rows = rows.assign(
        counterpart_stock_value=rows["old_product"].map(value), attainment_rate=_attainment(rows)
    )
    return rows.sort_values(["product", "period"]).reset_index(drop=True)[COLUMNS]


def _attainment(rows: pd.DataFrame) -> pd.Series[float]:
    """Actual over planned, both cumulated over the closed months of each product."""
    both = rows["planned_qty"].notna() & rows["actual_qty"].notna()
    planned = rows["planned_qty"].where(both, 0.0).groupby(rows["product"]).cumsum()
    actual = rows["actual_qty"].where(both, 0.0).groupby(rows["product"]).cumsum()
    return (actual / planned.where(planned > 0)).where(both)
