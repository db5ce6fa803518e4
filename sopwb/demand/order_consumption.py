"""Open orders eat the forecast they were forecast by: what is left of it and the orders are the demand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from sopwb.config.demand import OrderSettings
from sopwb.demand.panel import SERIES, Array

__all__ = ["consumed", "order_consumption", "ordered_qty"]

KEYS = [*SERIES, "period"]
COLUMNS = [*KEYS, "forecast_qty", "order_qty", "consumed_qty", "remaining_qty", "beyond_qty", "demand_qty"]


def ordered_qty(
    open_order: pd.DataFrame, period: pd.DataFrame, settings: OrderSettings, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Open orders by product, market and planning bucket of their due day.

    What was due by as-of is due in the first bucket, unless the settings leave it out; what is due after the
    horizon is in no bucket.

    Parameters
    ----------
    open_order
        Table of that name, as known on the as-of date.
    period
        Table ``period``.

    Returns
    -------
    pandas.DataFrame
        Columns product, market, ``period``, order_qty; one row per key.
    """
    orders = open_order[(open_order["due_date"] <= period["end_date"].max()) & (open_order["open_qty"] > 0)]
    if settings.overdue == "leave_out":
        orders = orders[orders["due_date"] > as_of]
    starts = period["period"].sort_values().to_numpy()
    place = np.searchsorted(starts, orders["due_date"].to_numpy(), side="right") - 1
    dated = orders[SERIES].assign(period=starts[np.maximum(place, 0)], order_qty=orders["open_qty"])
    sums: pd.DataFrame = dated.groupby(KEYS, as_index=False)[["order_qty"]].sum()
    return sums


def _eaten_by(order: int, begin: Array, back_days: int, forward_days: int) -> Iterator[int]:
    """Buckets whose forecast the orders of a bucket eat: back from the nearest, then forward."""
    away = begin - begin[order]
    yield from (int(i) for i in np.flatnonzero((away < 0) & (away >= -back_days))[::-1])
    yield from (int(i) for i in np.flatnonzero((away > 0) & (away <= forward_days)))


def consumed(
    forecast: Array, orders: Array, begin: Array, *, back_days: int, forward_days: int
) -> tuple[Array, Array]:
    """Forecast that orders have eaten, and orders that found no forecast: both series by bucket.

    All orders first eat the forecast of their own bucket; then, the earliest first, that of the buckets that
    begin up to ``back_days`` before theirs, the nearest first, then of those up to ``forward_days`` after.

    Nothing is negative, eaten <= forecast, without forecast <= orders, and
    sum of eaten + sum without forecast = sum of orders. So demand = forecast - eaten + orders is, summed over
    the buckets, max(sum of forecast, sum of orders) where the window spans them all, and the sum of
    max(forecast, orders) where it spans none but its own.

    Parameters
    ----------
    forecast, orders
        Series by bucket.
    begin
        Day on which each bucket begins, as a number of days.

    References
    ----------
    Vollmann, Berry, Whybark and Jacobs (2005), Manufacturing Planning and Control, consuming the forecast.

    Examples
    --------
    >>> weeks = np.array([0.0, 7.0, 14.0])
    >>> eaten, beyond = consumed(
    ...     np.array([[10.0, 10.0, 10.0]]), np.array([[4.0, 25.0, 0.0]]), weeks, back_days=7, forward_days=7
    ... )
    >>> eaten.tolist(), beyond.tolist()
    ([[10.0, 10.0, 9.0]], [[0.0, 0.0, 0.0]])
    """
    eaten = np.minimum(forecast, orders)
    left, hungry = forecast - eaten, orders - eaten
    for order in np.flatnonzero((hungry > 0).any(axis=0)):
        for bucket in _eaten_by(int(order), begin, back_days, forward_days):
            bite = np.minimum(left[:, bucket], hungry[:, order])
            left[:, bucket] -= bite
            hungry[:, order] -= bite
            eaten[:, bucket] += bite
    return eaten, hungry


def order_consumption(
    plan: pd.DataFrame, orders: pd.DataFrame, period: pd.DataFrame, settings: OrderSettings
) -> pd.DataFrame:
    """Open orders against the agreed forecast, wherever there are orders or they have eaten of it.

    Parameters
    ----------
    plan
        Every series and bucket of the plan, with ``forecast_qty``.
    orders
        Result of :func:`ordered_qty`; its series are in the plan.
    period
        Table ``period``.

    Returns
    -------
    pandas.DataFrame
        Table ``order_consumption``: demand = remaining forecast + orders.
    """
    cells = plan[[*KEYS, "forecast_qty"]].merge(orders, on=KEYS, how="left", validate="one_to_one")
    cells = cells.sort_values(KEYS, ignore_index=True)
    shape = (-1, period["period"].nunique())
    begin = np.sort(period["period"].unique()).astype("datetime64[D]").astype(float)
    forecast = cells["forecast_qty"].to_numpy(dtype=float).reshape(shape)
    ordered = cells["order_qty"].fillna(0.0).to_numpy(dtype=float).reshape(shape)
    eaten, beyond = consumed(
        forecast, ordered, begin, back_days=settings.back_days, forward_days=settings.forward_days
    )
    touched = ((ordered > 0) | (eaten > 0)).ravel()
    remaining = forecast - eaten
    return cells.assign(
        order_qty=ordered.ravel(),
        consumed_qty=eaten.ravel(),
        remaining_qty=remaining.ravel(),
        beyond_qty=beyond.ravel(),
        demand_qty=(remaining + ordered).ravel(),
    ).loc[touched, COLUMNS]
