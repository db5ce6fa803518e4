"""History as it was booked: sales in whole buckets, series by time, and the days without stock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.calendar import history_bucket
from sopwb.demand.gaps import returns_moved
from sopwb.demand.panel import (
    SERIES,
    Array,
    bucket_frame,
    buckets_between,
    days_in,
    panel_of,
    season_of,
)
from sopwb.demand.scope import series_with_family

__all__ = ["Books", "books_of", "closed_buckets", "known_buckets", "out_of_stock_rate", "sold_by_bucket"]


@dataclass(frozen=True)
class Books:
    """What was booked, series by time, NaN where a series is not sold.

    Parameters
    ----------
    series
        Product, market and family of each row.
    dates
        First days of the buckets.
    net, returned, value
        Sales less returns, returns, net sales value.
    out_rate
        Share of days without stock.
    moved
        Returns moved to the sales they belong to.
    family, market
        Number of each series' family and market.
    season
        Buckets in a year.
    """

    series: pd.DataFrame
    dates: pd.DatetimeIndex
    net: Array
    returned: Array
    value: Array
    out_rate: Array
    moved: Array
    family: npt.NDArray[np.int64]
    market: npt.NDArray[np.int64]
    season: int

    @property
    def base(self) -> Array:
        """Sales with every return in its place, never negative."""
        return self.net + self.moved

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Where the series is sold."""
        return np.isfinite(self.net)


def sold_by_bucket(sales: pd.DataFrame, bucket: str, week_start: str = "monday") -> pd.DataFrame:
    """Sales less returns, and returns, by product, market and whole week or month (``date``)."""
    frame = sales[SERIES].assign(
        date=history_bucket(sales["date"], bucket, week_start),
        sold_qty=sales["sold_qty"] - sales["returned_qty"],
        returned_qty=sales["returned_qty"],
        net_sales_value=sales["net_sales_value"],
    )
    columns = ["sold_qty", "returned_qty", "net_sales_value"]
    return frame.groupby([*SERIES, "date"], as_index=False, sort=True)[columns].sum()


def closed_buckets(sold: pd.DataFrame, as_of: pd.Timestamp, bucket: str) -> pd.DatetimeIndex:
    """First days of the whole buckets from the first sale to the last that ends on or before as-of."""
    if sold.empty:
        return pd.DatetimeIndex([])
    dates = buckets_between(sold["date"].min(), sold["date"].max(), bucket)
    ends = bucket_frame(dates, bucket)["end_date"].to_numpy()
    return dates[ends <= as_of.to_datetime64()]


def known_buckets(sold: Array, series: pd.DataFrame, dates: pd.DatetimeIndex, product: pd.DataFrame) -> Array:
    """Sales as series by time, zero where nothing was booked; NaN before the first sale, after the last day.

    Parameters
    ----------
    sold
        Sales less returns, NaN where nothing was booked.
    """
    begun = np.maximum.accumulate(np.nan_to_num(sold) > 0, axis=1)
    ends = series.merge(
        product[["product", "phase_out_date"]], on="product", how="left", validate="many_to_one"
    )
    last = ends["phase_out_date"].fillna(pd.Timestamp.max).to_numpy()
    open_ = dates.to_numpy()[None, :] <= last[:, None]
    return np.where(begun & open_, np.nan_to_num(sold), np.nan)


def out_of_stock_rate(
    stock_out: pd.DataFrame,
    market: pd.DataFrame,
    series: pd.DataFrame,
    dates: pd.DatetimeIndex,
    bucket: str,
    week_start: str = "monday",
) -> Array:
    """Share of each bucket's days on which the location that serves the market had no stock."""
    if stock_out.empty or series.empty:
        return np.zeros((len(series), len(dates)))
    days = stock_out[["product", "location"]].assign(
        date=history_bucket(stock_out["date"], bucket, week_start), days=stock_out["out_of_stock_days"]
    )
    days = days.groupby(["product", "location", "date"], as_index=False)[["days"]].sum()
    serves = market[["market", "location"]]
    by_market = days.merge(serves, on="location", how="inner", validate="many_to_many")
    out_days = np.nan_to_num(panel_of(by_market, "days", series, dates))
    return np.clip(out_days / days_in(dates, bucket)[None, :], 0.0, 1.0)


def books_of(
    sales: pd.DataFrame,
    stock_out: pd.DataFrame,
    product: pd.DataFrame,
    market: pd.DataFrame,
    as_of: pd.Timestamp,
    bucket: str,
    week_start: str,
) -> Books:
    """The books of every series that sold, in whole buckets up to as-of.

    Parameters
    ----------
    sales, stock_out, product, market
        Tables of that name.
    as_of
        Last day of history.
    bucket, week_start
        ``week`` or ``month``, and the first day of a week.
    """
    booked = sold_by_bucket(sales, bucket, week_start)
    dates = closed_buckets(booked, as_of, bucket)
    pairs = booked.loc[booked["date"].isin(dates) & (booked["sold_qty"] > 0), SERIES]
    series = series_with_family(pairs.drop_duplicates().reset_index(drop=True), product)
    net = known_buckets(panel_of(booked, "sold_qty", series, dates), series, dates, product)
    known = np.isfinite(net)
    returned, value = (
        np.where(known, np.nan_to_num(panel_of(booked, column, series, dates)), np.nan)
        for column in ("returned_qty", "net_sales_value")
    )
    family, sold_to = (
        np.asarray(pd.factorize(series[name], sort=True)[0], dtype=np.int64) for name in ("family", "market")
    )
    out_rate = out_of_stock_rate(stock_out, market, series, dates, bucket, week_start)
    moved = np.where(known, returns_moved(net), np.nan)
    return Books(series, dates, net, returned, value, out_rate, moved, family, sold_to, season_of(bucket))
