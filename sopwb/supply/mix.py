"""Volume and mix: what a family makes, shared so that all its products last to the same day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sopwb.extend import Tables
from sopwb.supply.buckets import Floats, Ints

__all__ = ["equal_run_out", "mix_plan"]

ROUNDS = 100
"""Halvings of the time until a common run-out is found."""
YEAR = 12
DAYS = 365.25 / 12
COLUMNS = ["product", "family", "period", "planned_qty", "run_out_qty", "planned_value", "run_out_value",
           "gap_value", "run_out_date"]  # fmt: skip


def equal_run_out(volume: float, worth: Floats, stock: Floats, ahead: Floats) -> tuple[Floats, float]:
    """Quantities of a family's volume with which all its products last equally long.

    The time T solves Σ worth · max(0, demand until T − stock) = volume; the left side grows with T, so
    that halving finds it. Where the volume does not even fill what is missing at once, it is shared in
    proportion to that.

    Parameters
    ----------
    volume
        What the family makes, as worth.
    worth
        Of a unit of each product.
    stock
        Units there are of each product beyond its safety stock; below zero where some is missing.
    ahead
        Demand of each product from now on, by month; products by months. After the last month it goes on
        as on the mean of all months.

    Returns
    -------
    tuple
        Units of each product, and months until they run out; nothing, and no number, where nothing is
        made or wanted.

    Examples
    --------
    10 and 20 a month, of which 10 and 0 are there; 20 more last a month for both:

    >>> quantity, months = equal_run_out(20.0, np.ones(2), np.array([10.0, 0.0]), np.array([[10.0], [20.0]]))
    >>> [round(float(units), 6) for units in quantity], round(months, 6)
    ([0.0, 20.0], 1.0)
    """
    until = np.concatenate([np.zeros((len(ahead), 1)), ahead.cumsum(axis=1)], axis=1)
    mean = ahead.mean(axis=1)

    def missing(months: float) -> Floats:
        whole = min(int(months), ahead.shape[1])
        pace = ahead[:, whole] if whole < ahead.shape[1] else mean
        return np.asarray(np.maximum(until[:, whole] + (months - whole) * pace - stock, 0.0))

    def filled(months: float) -> float:
        return float(worth @ missing(months))

    if volume <= 0 or float(worth @ mean) <= 0:
        return np.zeros(len(worth)), np.nan
    low, high = 0.0, float(ahead.shape[1])
    while filled(high) < volume:
        low, high = high, 2.0 * high
    for _ in range(ROUNDS if filled(low) < volume else 0):
        middle = (low + high) / 2.0
        low, high = (middle, high) if filled(middle) < volume else (low, middle)
    months = high if filled(low) < volume else low
    quantity = missing(months)
    return quantity * volume / float(worth @ quantity), months


def _by_month(rows: pd.DataFrame, column: str, products: pd.Index, months: pd.Index) -> Floats:
    """Sums of a column by product and fiscal month."""
    sums = rows.groupby(["product", "fiscal_period"])[column].sum().unstack(fill_value=0)
    return sums.reindex(index=products, columns=months, fill_value=0.0).to_numpy(float)


def _safety(target: pd.DataFrame, products: pd.Index, months: pd.Index) -> Floats:
    """Safety stock of each product in all places, at the end of each month."""
    key = ["product", "location", "fiscal_period"]
    last = target.sort_values("period").drop_duplicates(key, keep="last")
    return _by_month(last, "safety_stock_qty", products, months)


def _further(use: Floats) -> Floats:
    """Use by month, with a year after the horizon that is as the last year of it."""
    return np.concatenate([use, use[:, -YEAR:]], axis=1)


def _lasts_to(months: pd.Index, lasts: Floats) -> pd.DatetimeIndex:
    """Days that lie some months after the start of each month, at most 50 years after the last one.

    Parameters
    ----------
    lasts
        Months, counted from each month; products by months.
    """
    end = np.minimum(np.arange(len(months)) + lasts, len(months) + 600.0)
    whole = np.minimum(np.nan_to_num(end), len(months) - 1).astype(np.int64)
    days = pd.to_timedelta(np.floor((end - whole) * DAYS).ravel(), unit="D")
    return pd.DatetimeIndex(months.to_numpy()[whole.ravel()] + days)


def _shared(
    groups: list[Ints], worth: Floats, stock: Floats, flows: tuple[Floats, Floats, Floats, Floats]
) -> tuple[Floats, Floats]:
    """Part of each product month by month, and months until the group it shares with runs out.

    Parameters
    ----------
    groups
        Products that share what they make.
    stock
        Units there are of each product.
    flows
        What is made, what comes otherwise, what is used, and safety stock; products by months.
    """
    planned, comes, use, safety = flows
    part, lasts = np.zeros(planned.shape), np.full(planned.shape, np.nan)
    ahead = _further(use)
    for rows in groups:
        there = stock[rows]
        for month in range(planned.shape[1]):
            there = there + comes[rows, month]
            volume = float(worth[rows] @ planned[rows, month])
            free = there - safety[rows, month]
            units, lasts[rows, month] = equal_run_out(volume, worth[rows], free, ahead[rows, month:])
            # where nothing is wanted of the whole group there is no run-out to share by
            part[rows, month] = units if units.any() else planned[rows, month]
            there = there + part[rows, month] - use[rows, month]
    return part, lasts


def mix_plan(tables: Tables) -> pd.DataFrame:
    """Table ``mix_plan``: the volume of each family and month, shared by equal run-out, beside the plan.

    A family's volume is what the plan makes of it, at standard cost, so that packs of all sizes add up;
    products without cost are shared among each other, by units. Each product starts from its stock in
    all places, gets its part month by month, and gives what is wanted of it and used by other products.
    What the plan makes otherwise is the mix gap: lots, hours, lead times, seasons and places are why.
    """
    period = tables["period"][["period", "fiscal_period"]]
    moved = tables["stock_movement"].merge(period, on="period", how="left", validate="many_to_one")
    made = moved[moved["movement"] == "made"]
    products = pd.Index(sorted(made.loc[made["moved_qty"] > 0, "product"].unique()), name="product")
    if len(products) == 0:
        return pd.DataFrame(columns=COLUMNS)
    months = pd.Index(sorted(period["fiscal_period"].unique()))
    planned = _by_month(made, "moved_qty", products, months)
    other = moved[moved["movement"].isin(["bought", "scheduled", "scrapped"])]
    comes = _by_month(other, "moved_qty", products, months)
    wanted = tables["demand_plan"].merge(period, on="period", how="inner", validate="many_to_one")
    use = _by_month(wanted, "consensus_qty", products, months)
    use = use - _by_month(moved[moved["movement"] == "consumed"], "moved_qty", products, months)
    target = tables["inventory_target"].merge(period, on="period", how="inner", validate="many_to_one")
    safety = _safety(target, products, months)
    stock = tables["stock_on_hand"].groupby("product")["on_hand_qty"].sum().reindex(products, fill_value=0.0)
    cost = tables["product_cost"].set_index("product")["standard_cost_per_unit"].reindex(products)
    worth = cost.where(cost > 0, 1.0).to_numpy(float)
    family = tables["product"].set_index("product")["family"].reindex(products)
    group = family.groupby([family, cost.gt(0)]).ngroup().to_numpy()
    groups = [np.flatnonzero(group == number) for number in range(int(group.max()) + 1)]
    flows = (planned, comes, use, safety)
    shared, lasts = _shared(groups, worth, stock.to_numpy(float), flows)
    count = len(months)
    value = cost.fillna(0.0).to_numpy(float)[:, None]
    told = pd.DataFrame(
        {
            "product": np.repeat(products.to_numpy(object), count),
            "family": np.repeat(family.to_numpy(object), count),
            "period": np.tile(months.to_numpy(), len(products)),
            "planned_qty": planned.ravel(),
            "run_out_qty": shared.ravel(),
            "planned_value": (planned * value).ravel(),
            "run_out_value": (shared * value).ravel(),
            "gap_value": ((planned - shared) * value).ravel(),
            "run_out_date": _lasts_to(months, lasts),
        }
    )
    return told[COLUMNS]
