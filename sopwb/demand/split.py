"""Split a quantity down so that the parts are its total again, to the last unit."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from sopwb.demand.panel import SERIES, Array

__all__ = ["SPLITS", "split_change", "split_quantity", "split_weights"]

SPLITS = ("proportion", "profile", "even", "last_year")
PROFILE_YEARS = 3
NEARLY_WHOLE = 1e-9


def split_quantity(total: float, weight: Array, unit: float = 1.0) -> Array:
    """A quantity in parts by weight, in whole units (largest remainder; Hamilton's method, 1792).

    Where the total itself is no multiple of the unit, its fraction lies on the largest part. Equal
    remainders go to the first part. A negative quantity is split like a positive one.

    Parameters
    ----------
    total
        What is split, in base units.
    weight
        Weights of at least zero; all zero means all equal.
    unit
        Smallest quantity of a part; 0 splits without rounding.

    Returns
    -------
    numpy.ndarray
        The parts; ``math.fsum`` of them is the total.

    Examples
    --------
    >>> split_quantity(10.0, np.array([1.0, 1.0, 1.0])).tolist()
    [4.0, 3.0, 3.0]
    >>> split_quantity(10.5, np.array([2.0, 1.0])).tolist()
    [7.5, 3.0]
    """
    if len(weight) == 0:
        return np.zeros(0)
    if total < 0:
        return -split_quantity(-total, weight, unit)
    even = np.full(len(weight), 1 / len(weight))
    largest = weight.max()
    scaled = weight / largest if largest > 0 else even
    exact = total * (scaled / scaled.sum())
    parts = exact
    if unit > 0 and math.isfinite(total / unit):
        whole = np.floor(exact / unit + NEARLY_WHOLE)
        missing = max(0, math.floor(total / unit + NEARLY_WHOLE) - int(whole.sum()))
        order = np.argsort(-(exact / unit - whole), kind="stable")
        whole[order[:missing]] += 1
        parts = whole * unit
    return _closed(parts, total, int(np.argmax(exact)))


def _closed(parts: Array, total: float, place: int) -> Array:
    """The parts with what is missing from their total put on one of them."""
    closed = parts.copy()
    closed[place] = max(0.0, total - math.fsum(np.delete(parts, place)))
    return closed


def split_change(base: Array, change: float, weight: Array, unit: float = 1.0) -> Array:
    """A base with a change split over it, nothing below zero.

    A part that would fall below zero is zero, and what it cannot take off, the others take off. A
    change that takes off more than there is leaves nothing.

    Returns
    -------
    numpy.ndarray
        Parts that sum to ``max(0, sum of base + change)``.

    Examples
    --------
    >>> split_change(np.array([10.0, 2.0]), -6.0, np.array([1.0, 1.0])).tolist()
    [6.0, 0.0]
    """
    if change <= -math.fsum(base):
        return np.zeros_like(base)
    free = np.ones(len(base), dtype=bool)
    weights, left = weight.astype(float), change
    while True:
        if weights[free].sum() <= 0:
            weights = base.copy()
        parts = base.copy()
        parts[free] += split_quantity(left, weights[free], unit)
        low = free & (parts < 0)
        if not low.any():
            return np.where(free, parts, 0.0)
        left += math.fsum(base[low])
        free &= ~low


def split_weights(cells: pd.DataFrame, sales: pd.DataFrame, *, as_of: pd.Timestamp) -> dict[str, Array]:
    """Weights by which a total may be split over the cells of the plan, by name of the split.

    Parameters
    ----------
    cells
        Rows with product, market, ``fiscal_period``, automatic_qty and open_days.
    sales
        Table ``sales_history`` up to as-of.

    Returns
    -------
    dict
        ``proportion`` (automatic forecast), ``even`` (days on sale), ``last_year`` (net sales of the
        same month of the last year that is known) and ``profile`` (their mean over up to three
        years), each by row of the cells; a month's sales are spread over its days on sale.
    """
    automatic = cells["automatic_qty"].to_numpy(dtype=float)
    days = cells["open_days"].to_numpy(dtype=float)
    month = cells["fiscal_period"].dt.to_period("M").astype("int64").to_numpy()
    last = int(as_of.to_period("M").ordinal)
    year = month - 12 * np.maximum(1, -(-(month - last) // 12))
    sold = monthly_sales(sales)
    years = [_sold_in(sold, cells, year - 12 * back) for back in range(PROFILE_YEARS)]
    first = int(sold["month"].min()) if len(sold) else last + 1
    known = np.stack([year - 12 * back >= first for back in range(PROFILE_YEARS)])
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, np.stack(years), 0.0).sum(axis=0) / count
    keys = [*SERIES, "fiscal_period"]
    whole = cells.assign(days=days).groupby(keys)["days"].transform("sum").to_numpy()
    share = np.divide(days, whole, out=np.zeros_like(days), where=whole > 0)
    return {"proportion": automatic, "even": days, "last_year": years[0] * share, "profile": mean * share}


def monthly_sales(sales: pd.DataFrame) -> pd.DataFrame:
    """Net quantity sold of each product and market by month (``month`` counts months from 1970)."""
    month = sales["date"].dt.to_period("M").astype("int64") if len(sales) else pd.Series(dtype="int64")
    net = sales[SERIES].assign(month=month, qty=sales["sold_qty"] - sales["returned_qty"])
    return net.groupby([*SERIES, "month"], as_index=False)[["qty"]].sum()


def _sold_in(sold: pd.DataFrame, cells: pd.DataFrame, month: Array) -> Array:
    wanted = cells[SERIES].assign(month=month)
    found = wanted.merge(sold, on=[*SERIES, "month"], how="left", validate="many_to_one")["qty"]
    return np.asarray(found.fillna(0.0).clip(lower=0.0), dtype=float)
