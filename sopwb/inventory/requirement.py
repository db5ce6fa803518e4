"""What is needed of each product at each location a day: own demand and that of the products above."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

__all__ = ["Requirement", "requirement"]

Floats = npt.NDArray[np.float64]
NODE = ["product", "location"]
DEEPEST = 60
DAYS_PER_YEAR = 365


@dataclass(frozen=True)
class Requirement:
    """Daily need of each node over the horizon and, as last year's pattern, the year after it.

    Parameters
    ----------
    nodes
        ``product`` and ``location``, sorted.
    daily
        Base units a day; nodes by days from the first day of the horizon.
    bucket_end
        Days from the first day of the horizon to the end of each bucket.
    per_unit
        Need of each node for one unit of each product that is sold; nodes by products.
    products
        Products, in the order of the columns of ``per_unit``.
    """

    nodes: pd.DataFrame
    daily: Floats
    bucket_end: npt.NDArray[np.int64]
    per_unit: sp.csr_array
    products: pd.Index

    def forward(self, days: Floats) -> Floats:
        """Mean daily need in the days after each bucket; nodes by buckets, one number of days a node."""
        total = np.hstack([np.zeros((len(self.daily), 1)), np.cumsum(self.daily, axis=1)])
        ahead = np.maximum(np.round(days), 1).astype(np.int64)
        last = total.shape[1] - 1
        until = np.minimum(self.bucket_end[None, :] + ahead[:, None], last)
        rows = np.arange(len(self.nodes))[:, None]
        return np.asarray(
            (total[rows, until] - total[rows, self.bucket_end[None, :]]) / (until - self.bucket_end)
        )


def _usage(routing: pd.DataFrame, bill_of_material: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Component need at each location for one good unit of a product; its ways of making share equally."""
    ways = routing.groupby([*NODE, "recipe"], as_index=False, sort=True)["yield_rate"].prod()
    ways["share"] = 1 / ways.groupby("product")["product"].transform("size")
    valid = bill_of_material["valid_from"].le(day) & ~bill_of_material["valid_to"].lt(day)
    rows = ways.merge(bill_of_material[valid], on=["product", "recipe"], validate="many_to_many")
    gross = rows["qty_per_unit"] / (1 - rows["scrap_rate"]) / rows["yield_rate"]
    needed: pd.DataFrame = rows.assign(need=gross * rows["share"])
    return needed[["product", "component", "location", "need"]]


def _explosion(usage: pd.DataFrame, products: pd.Index) -> sp.csr_array:
    """Total need of each product for one unit of each product, itself included."""
    size = len(products)
    place = tuple(products.get_indexer(pd.Index(usage[side])) for side in ("component", "product"))
    one_level = sp.csr_array((usage["need"].to_numpy(float), place), shape=(size, size))
    level = total = sp.eye_array(size, format="csr")
    for _ in range(DEEPEST):
        level = sp.csr_array(one_level @ level)
        if level.nnz == 0:
            break
        total = sp.csr_array(total + level)
    return total


def _by_day(table: pd.DataFrame, row: npt.NDArray[np.int64], size: int, period: pd.DataFrame) -> Floats:
    bucket = pd.Index(period["period"]).get_indexer(pd.Index(table["period"]))
    grid = np.zeros((size, len(period)))
    np.add.at(grid, (row, bucket), table["consensus_qty"].to_numpy(float))
    days = period["days"].to_numpy(np.int64)
    daily = np.repeat(grid / days, days, axis=1)
    year = daily[:, -DAYS_PER_YEAR:]
    return np.hstack([daily, year])


def requirement(
    demand_plan: pd.DataFrame,
    market: pd.DataFrame,
    routing: pd.DataFrame,
    bill_of_material: pd.DataFrame,
    product_location: pd.DataFrame,
    period: pd.DataFrame,
) -> Requirement:
    """Daily need of every product at every location where it is sold, used or kept.

    Need of a component falls on the day of the demand above it; ways of making a product share
    equally. After the horizon the last year repeats itself.
    """
    period = period.sort_values("period")
    sold = demand_plan.merge(market[["market", "location"]], on="market", validate="many_to_one")
    usage = _usage(routing, bill_of_material, period["period"].iloc[0])
    used = usage[["component", "location"]].rename(columns={"component": "product"})
    frames = [frame[NODE] for frame in (sold, used, product_location) if len(frame)]
    nodes = pd.concat(frames or [sold[NODE]]).drop_duplicates().sort_values(NODE).reset_index(drop=True)
    products = pd.Index(sorted({*nodes["product"], *usage["product"], *usage["component"]}))
    keys = pd.MultiIndex.from_frame(nodes)
    at = keys.get_indexer(pd.MultiIndex.from_frame(usage[["component", "location"]]))
    shape = (len(nodes), len(products))
    step = sp.csr_array(
        (usage["need"].to_numpy(float), (at, products.get_indexer(usage["product"]))), shape=shape
    )
    per_unit = sp.csr_array(step @ _explosion(usage, products))
    own = _by_day(sold, keys.get_indexer(pd.MultiIndex.from_frame(sold[NODE])), len(nodes), period)
    whole = _by_day(sold, products.get_indexer(sold["product"]), len(products), period)
    return Requirement(
        nodes=nodes,
        daily=own + per_unit @ whole,
        bucket_end=np.cumsum(period["days"].to_numpy(np.int64)),
        per_unit=per_unit,
        products=products,
    )
