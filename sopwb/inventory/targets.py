"""Stock targets of every product at every location: safety, cycle and most, bucket by bucket."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopwb.config.inventory import InventorySettings
from sopwb.inventory.replenishment import replenishment
from sopwb.inventory.requirement import NODE, Floats, Requirement
from sopwb.inventory.safety_stock import error_over_days, safety_stock

__all__ = ["Policy", "forecast_error_over", "inventory_target", "policy"]

MOST_SWELL = 3.0


@dataclass(frozen=True)
class Policy:
    """What is wanted of each node, in the order of the nodes; days, rates and lots.

    Parameters
    ----------
    product_type
        finished, semi_finished or component.
    service_level
        Cycle service wanted.
    lead_days, late_days, review_days
        Replenishment lead time, its deviation, and days between two decisions.
    lot_qty
        Usual lot, or least order.
    least_days, most_days
        Least and most cover in days; the most is infinite where there is none.
    cap_days
        Most cover a safety stock may have, shelf life considered.
    """

    product_type: np.ndarray
    service_level: Floats
    lead_days: Floats
    late_days: Floats
    review_days: Floats
    lot_qty: Floats
    least_days: Floats
    most_days: Floats
    cap_days: Floats


def policy(
    need: Requirement,
    product: pd.DataFrame,
    product_location: pd.DataFrame,
    classes: pd.DataFrame,
    sources: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    settings: InventorySettings,
) -> Policy:
    """What is wanted of each node: rows of ``product_location`` before classes and defaults.

    Parameters
    ----------
    classes
        Table ``product_class``.
    sources
        Tables ``routing``, ``purchase_term`` and ``lane``.
    """
    own = need.nodes.merge(product_location, on=NODE, how="left", validate="one_to_one")
    master = need.nodes[["product"]].merge(product, on="product", how="left", validate="many_to_one")
    kind = master["product_type"].to_numpy(object)
    by_class = need.nodes["product"].map(classes.set_index("product")["service_level"]).to_numpy(float)
    usual = np.where(kind == "finished", by_class, settings.component_service_level)
    supply = replenishment(need.nodes, *sources)
    life = master["shelf_life_days"].astype(float).fillna(np.inf).to_numpy()
    return Policy(
        product_type=kind,
        service_level=own["service_level"].fillna(pd.Series(usual)).to_numpy(float),
        lead_days=supply["lead_time_days"].to_numpy(float),
        late_days=supply["lead_time_std_days"].to_numpy(float),
        review_days=np.asarray(own["review_days"].astype(float).fillna(settings.review_days), dtype=float),
        lot_qty=supply["lot_qty"].to_numpy(float),
        least_days=own["minimum_cover_days"].fillna(0.0).to_numpy(float),
        most_days=own["maximum_cover_days"].fillna(np.inf).to_numpy(float),
        cap_days=np.minimum(settings.safety_cover_days_maximum, life * settings.shelf_life_cover_rate),
    )


def _error_grid(forecast_error: pd.DataFrame) -> tuple[pd.DataFrame, Floats, Floats]:
    """Keys, errors by 1, 2, … buckets, and mean of one bucket; gaps grow with the root of time."""
    wide = forecast_error.pivot_table(index=NODE, columns="buckets", values="error_qty", aggfunc="first")
    wide = wide.reindex(columns=range(1, int(forecast_error["buckets"].max()) + 1))
    root = np.sqrt(wide.columns.to_numpy(float))
    scaled = (wide / root).ffill(axis=1).bfill(axis=1) * root
    rate = forecast_error.assign(rate=forecast_error["mean_qty"] / forecast_error["buckets"])
    mean = rate.groupby(NODE, sort=True)["rate"].mean().reindex(wide.index)
    return wide.index.to_frame(index=False), scaled.to_numpy(float), mean.to_numpy(float)


def forecast_error_over(
    nodes: pd.DataFrame,
    days: Floats,
    daily: Floats,
    forecast_error: pd.DataFrame,
    bucket_days: float,
    rate: float,
) -> tuple[Floats, Floats, np.ndarray]:
    """Error of the forecast over the days of each node, its daily mean, and whether it is known.

    Where no error was measured it is a rate of the demand of one bucket, growing with the root of time.

    Parameters
    ----------
    nodes, days, daily
        Product at location, days wanted, and planned daily demand.
    rate
        Error of one bucket as a share of its demand, where none is known.
    """
    error = rate * daily * bucket_days * np.sqrt(np.maximum(days, 1.0) / bucket_days)
    mean, known = daily.copy(), np.zeros(len(nodes), dtype=bool)
    if len(forecast_error):
        keys, grid, level = _error_grid(forecast_error)
        row = pd.MultiIndex.from_frame(keys).get_indexer(pd.MultiIndex.from_frame(nodes[NODE]))
        known = (row >= 0) & (level[row] > 0) & np.isfinite(grid[row]).all(axis=1)
        error[known] = error_over_days(grid[row[known]], bucket_days, days[known])
        mean[known] = level[row[known]] / bucket_days
    return error, mean, known


def _dependent_error(
    need: Requirement, days: Floats, forecast_error: pd.DataFrame, bucket_days: float, rate: float
) -> Floats:
    """Error of the need of each node that comes from the errors of all products above it."""
    sold = need.per_unit.tocoo()
    _, parent = sold.coords
    parents = np.unique(parent)
    error = np.zeros(len(need.nodes))
    own = pd.DataFrame({"product": need.products[parents]})
    where = need.nodes.assign(row=np.arange(len(need.nodes))).merge(own, on="product")
    daily = need.daily[where["row"]].mean(axis=1)
    for length in np.unique(days):
        asked = np.full(len(where), length)
        one, _, _ = forecast_error_over(where, asked, daily, forecast_error, bucket_days, rate)
        demand_error = where.assign(variance=one**2).groupby("product")["variance"].sum()
        variance = pd.Series(demand_error).reindex(need.products).fillna(0.0).to_numpy(float)
        rows = np.flatnonzero(days == length)
        error[rows] = np.sqrt((need.per_unit[rows].power(2)) @ variance)
    return error


def _errors(
    need: Requirement, wanted: Policy, forecast_error: pd.DataFrame, bucket_days: float, rate: float
) -> tuple[Floats, np.ndarray]:
    """Error of each node by bucket, which swells and shrinks with demand, and where it comes from."""
    days = np.maximum(wanted.lead_days + wanted.review_days, 1.0)
    daily = need.daily.mean(axis=1)
    error, mean, known = forecast_error_over(need.nodes, days, daily, forecast_error, bucket_days, rate)
    depends = np.diff(need.per_unit.indptr) > 0
    above = _dependent_error(need, days, forecast_error, bucket_days, rate)
    error = np.where(depends, above, error)
    mean = np.where(depends, daily, mean)
    swell = need.forward(days) / np.where(mean > 0, mean, 1.0)[:, None]
    basis = np.select([depends, known], ["dependent forecast error", "forecast error"], "default error rate")
    return error[:, None] * np.clip(swell, 0.0, MOST_SWELL), basis


def inventory_target(
    need: Requirement,
    wanted: Policy,
    forecast_error: pd.DataFrame,
    product_cost: pd.DataFrame,
    period: pd.DataFrame,
    bucket_days: float,
    settings: InventorySettings,
) -> pd.DataFrame:
    """Stock target of a product at a location in a planning bucket, and how it was found.

    Safety stock covers the error over lead time and review at the service wanted, with the spread
    of the lead time; what is made for own use keeps a few days of cover. It follows forward
    demand, lies between least and most cover, and ends with demand.

    Parameters
    ----------
    bucket_days
        Days in a history bucket, which ``forecast_error`` counts.
    """
    error, basis = _errors(need, wanted, forecast_error, bucket_days, settings.default_error_rate)
    daily = need.forward(np.maximum(wanted.lead_days + wanted.review_days, 1.0))
    column = (slice(None), None)
    statistical = safety_stock(wanted.service_level[column], error, daily, wanted.late_days[column])
    own_use = wanted.product_type == "semi_finished"
    cover = np.where(own_use[column], settings.semi_finished_cover_days * daily, statistical)
    least = wanted.least_days[column] * daily
    with np.errstate(invalid="ignore"):
        most = np.where(daily > 0, wanted.most_days[column] * daily, 0.0)
    safety = np.minimum(np.minimum(np.maximum(cover, least), wanted.cap_days[column] * daily), most)
    lot = np.maximum(wanted.lot_qty[column], wanted.review_days[column] * daily)
    cycle = np.minimum(lot / 2, settings.safety_cover_days_maximum * daily)
    target = np.minimum(safety + cycle, most)
    reason = np.where(own_use, "cover", basis)[column] * np.ones(daily.shape, dtype=object)
    reason = np.where(least > cover, "least cover", reason)
    count = len(period)
    cost = need.nodes["product"].map(product_cost.set_index("product")["standard_cost_per_unit"]).fillna(0.0)
    return pd.DataFrame(
        {
            "product": np.repeat(need.nodes["product"].to_numpy(object), count),
            "location": np.repeat(need.nodes["location"].to_numpy(object), count),
            "period": np.tile(period.sort_values("period")["period"].to_numpy(), len(need.nodes)),
            "safety_stock_qty": safety.ravel(),
            "cycle_stock_qty": (target - safety).ravel(),
            "target_qty": target.ravel(),
            "maximum_qty": np.where(np.isinf(wanted.most_days)[column], np.nan, most).ravel(),
            "service_level": np.repeat(wanted.service_level, count),
            "lead_time_days": np.repeat(wanted.lead_days, count),
            "error_qty": error.ravel(),
            "basis": reason.ravel(),
            "target_value": (target * cost.to_numpy(float)[column]).ravel(),
        }
    )
