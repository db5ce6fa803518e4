"""What past activities brought: declared against measured, with intervals, cost, margin and return."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from sopwb.demand.adjustments import NOTHING_QTY
from sopwb.demand.answers import NORMAL_80
from sopwb.demand.panel import Array
from sopwb.demand.past import Past
from sopwb.demand.response import Response, ratio_directions, uplift

__all__ = ["activity_result"]

COLUMNS = [
    "activity",
    "baseline_qty",
    "declared_qty",
    "measured_qty",
    "lower_qty",
    "upper_qty",
    "declared_rate",
    "measured_rate",
    "lower_rate",
    "upper_rate",
    "after_qty",
    "cross_qty",
    "net_qty",
    "cost_value",
    "declared_margin_value",
    "margin_value",
    "declared_return_rate",
    "return_rate",
    "is_measured",
]
LEAST_RATE = -0.95


def _usual_on_days(cells: pd.DataFrame) -> Array:
    return np.asarray(cells["usual_qty"] * cells["overlap_rate"], dtype=float)


def _deviation(response: Response, own: pd.DataFrame) -> pd.Series[Any]:
    """Standard deviation of the extra quantity of each activity, by the delta method.

    The extra of an activity moves with every parameter it is made of; what is not known of an
    activity that could not be measured itself is the spread of such activities.
    """
    _, slope, by_share = uplift(response, own)
    usual = _usual_on_days(own)
    codes, names = pd.factorize(own["activity"], sort=True)
    member = (codes[None, :] == np.arange(len(names))[:, None]).astype(float)
    weighed = sparse.diags(usual * slope) @ ratio_directions(response, own)
    gradient = np.asarray(weighed.T @ member.T).T
    additive = response.places("additive", pd.Series("all", index=own.index))
    if len(additive) and additive[0] >= 0:
        gradient[:, additive[0]] += member @ (usual * by_share)
    variance = ((gradient @ response.covariance) * gradient).sum(axis=1)
    missing = response.places("activity", own["activity"]) < 0
    spread = own["group"].map(_spread_by_group(response)).fillna(0.0).to_numpy(dtype=float)
    variance = variance + (member @ (usual * slope * spread * missing)) ** 2
    return pd.Series(np.sqrt(np.maximum(variance, 0.0)), index=pd.Index(names, name="activity"))


def _spread_by_group(response: Response) -> dict[str, float]:
    pools = response.parameters[response.parameters["pool"].str.startswith("activity|")]
    return {
        str(pool).removeprefix("activity|"): float(sd)
        for pool, sd in pools.groupby("pool")["prior_sd"].max().items()
    }


def _regular_price(past: Past) -> Array:
    """What a unit brought in untouched buckets of the same year, series by time; NaN where nobody knows."""
    books = past.books
    untouched = books.known & (np.abs(past.log_factor) < NOTHING_QTY) & (np.nan_to_num(books.net) > 0)
    qty, value = (np.where(untouched, np.nan_to_num(x), 0.0) for x in (books.net, books.value))
    price = np.full(books.net.shape, np.nan)
    years = books.dates.year.to_numpy()
    whole = _divided(value.sum(axis=1), qty.sum(axis=1))
    for year in np.unique(years):
        chosen = years == year
        own = _divided(value[:, chosen].sum(axis=1), qty[:, chosen].sum(axis=1))
        price[:, chosen] = np.where(np.isfinite(own), own, whole)[:, None]
    return price


def _divided(value: Array, qty: Array) -> Array:
    known = (qty > 0) & (value > 0)
    return np.asarray(np.divide(value, qty, out=np.full(qty.shape, np.nan), where=known))


def _with_money(past: Past, cells: pd.DataFrame, price: Array, unit_cost: pd.Series[float]) -> pd.DataFrame:
    """Cells with the regular price and the variable cost of a unit; zero where they are unknown."""
    place = (cells["row"].to_numpy(dtype=int), cells["column"].to_numpy(dtype=int))
    product = past.books.series["product"].to_numpy()[place[0]]
    known = np.isfinite(price[place])
    cost = pd.Series(product).map(unit_cost).fillna(0.0).to_numpy(dtype=float)
    return cells.assign(price=np.nan_to_num(price[place]), unit_cost=np.where(known, cost, 0.0))


def _own_cells(past: Past, price: Array, unit_cost: pd.Series[float]) -> pd.DataFrame:
    """Cells of the spans with extra quantity and margin, declared and measured.

    margin = extra x (price x (1 + change) - cost) + baseline x price x change, the change being that of
    the price, which all units are sold at, and zero for other activities.
    """
    own = _with_money(past, past.touched.own, price, unit_cost)
    usual = _usual_on_days(own)
    change = own["effect"].where(own["way"] == "price", 0.0)
    unit = own["price"] * (1 + change) - own["unit_cost"]
    given = usual * own["price"] * change
    measured = usual * uplift(past.response, own)[0]
    dip = own["after_effect_rate"] * own["declared_qty"] * (own["price"] - own["unit_cost"])
    return own.assign(
        baseline_qty=usual,
        measured_qty=measured,
        margin_value=measured * unit + given,
        declared_margin_value=own["declared_qty"] * unit + given - dip,
    )


def _other_cells(
    past: Past, name: str, cells: pd.DataFrame, logs: Array, money: tuple[Array, pd.Series[float]]
) -> pd.DataFrame:
    """Quantity and margin lost afterwards, or by sisters, by activity."""
    priced = _with_money(past, cells, *money)
    qty = priced["usual_qty"] * np.expm1(logs)
    lost = priced.assign(**{name: qty, "margin_value": qty * (priced["price"] - priced["unit_cost"])})
    return lost.groupby("activity")[[name, "margin_value"]].sum()


def activity_result(past: Past | None, product_cost: pd.DataFrame) -> pd.DataFrame:
    """What every past activity brought against what was declared, and its return on investment.

    The interval of 80 percent is that of the extra quantity in the span of the activity. The return
    counts the dip after it and what sister products lost: (margin - cost) / cost, the margin at what a unit
    brought in untouched buckets, less variable cost, less the discount given on the baseline.

    Parameters
    ----------
    past
        The past, or None where nothing was sold.
    product_cost
        Table of that name.

    Returns
    -------
    pandas.DataFrame
        Table ``activity_result``.
    """
    if past is None or past.touched.own.empty:
        return pd.DataFrame({name: [] for name in COLUMNS})
    money = (_regular_price(past), product_cost.set_index("product")["variable_cost_per_unit"])
    own = _own_cells(past, *money)
    columns = ["baseline_qty", "declared_qty", "measured_qty", "margin_value", "declared_margin_value"]
    table = own.groupby("activity")[columns].sum()
    touched = past.touched
    for name, cells, logs in (
        ("after_qty", touched.after, past.logs[1]),
        ("cross_qty", touched.cross, past.logs[2]),
    ):
        part = _other_cells(past, name, cells, logs, money).reindex(table.index).fillna(0.0)
        table[name] = part[name]
        table["margin_value"] += part["margin_value"]
    table = _with_interval(past, table)
    cost = past.activity.set_index("activity")["cost_value"].reindex(table.index)
    spent = cost.where(cost > 0)
    known = past.response.places("activity", table.index.to_series()) >= 0
    return table.assign(
        net_qty=table["measured_qty"] + table["after_qty"] + table["cross_qty"],
        cost_value=cost,
        return_rate=(table["margin_value"] - cost) / spent,
        declared_return_rate=(table["declared_margin_value"] - cost) / spent,
        is_measured=known,
    ).reset_index()[COLUMNS]


def _with_interval(past: Past, table: pd.DataFrame) -> pd.DataFrame:
    """Table with rates of the baseline and the ends of the interval, which is symmetric in logs."""
    rate = table["measured_qty"] / table["baseline_qty"]
    growth = (1 + rate).clip(lower=1 + LEAST_RATE)
    own = past.touched.own
    log_sd = _deviation(past.response, own).reindex(table.index) / (table["baseline_qty"] * growth)
    lower, upper = (growth * np.exp(sign * NORMAL_80 * log_sd) - 1 for sign in (-1, 1))
    return table.assign(
        declared_rate=table["declared_qty"] / table["baseline_qty"],
        measured_rate=rate,
        lower_rate=lower,
        upper_rate=upper,
        lower_qty=lower * table["baseline_qty"],
        upper_qty=upper * table["baseline_qty"],
    )
