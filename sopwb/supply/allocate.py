"""From streams back to markets: who gets what of a short supply, and who waits."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sopwb.extend import Tables
from sopwb.supply.buckets import Floats, Ints, day_numbers
from sopwb.supply.data import PlanData
from sopwb.supply.network import CLASS, positions, segments

__all__ = ["shipment_plan"]


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _sums(values: Floats, group: Ints, size: int) -> Floats:
    return np.bincount(group, weights=values, minlength=size).astype(np.float64)


def _late_of_classes(data: PlanData, late: Floats, lost: Floats) -> Floats:
    """What waits of each class at the end of each bucket: the last classes wait first."""
    stream = data.network.classes["stream"].to_numpy(np.int64)
    rank = data.network.classes.groupby("stream").cumcount(ascending=False).to_numpy()
    demand = data.demand.class_demand.reshape(lost.shape)
    waiting = np.zeros_like(lost)
    before = np.zeros(len(stream))
    for bucket in range(data.buckets.count):
        open_qty = np.maximum(before + demand[:, bucket] - lost[:, bucket], 0.0)
        left = late[:, bucket].copy()
        for place in range(int(rank.max(initial=-1)) + 1):
            chosen = np.flatnonzero(rank == place)
            taken = np.minimum(open_qty[chosen], left[stream[chosen]])
            waiting[chosen, bucket] = taken
            left[stream[chosen]] -= taken
        before = waiting[:, bucket]
    return waiting


def shipment_plan(tables: Tables, data: PlanData, late: Floats, lost: Floats) -> pd.DataFrame:
    """Demand of each product and market in each bucket, and what is shipped, late and lost of it.

    In a shortage the better priority class is served first; markets of one class share by what
    they have open (fair share), so that the sums are those of the plan.

    Parameters
    ----------
    tables
        Tables ``demand_plan`` and ``market``.
    data
        Numbers of the plan.
    late, lost
        What waits of each stream, and what is lost of each class; by bucket.
    """
    market = tables["market"][["market", "location", "priority"]]
    rows = tables["demand_plan"][["product", "market"]].drop_duplicates()
    rows = rows.merge(market, on="market", how="inner", validate="many_to_one")
    rows = rows.sort_values(["product", "market"], ignore_index=True)
    demand = _demand_grid(tables["demand_plan"], rows, data)
    rows = rows.assign(segment=segments(rows, tables))
    group = positions(data.network.classes[CLASS], rows[CLASS])
    waiting = _late_of_classes(data, late, lost)
    shipped, backlog, gone = _by_market(demand, group, waiting, lost)
    count = data.buckets.count
    return pd.DataFrame(
        {
            **{
                name: np.repeat(rows[name].to_numpy(object), count)
                for name in ("product", "market", "location")
            },
            "period": np.tile(data.buckets.period, len(rows)),
            "demand_qty": demand.ravel(),
            "shipped_qty": shipped.ravel(),
            "backlog_qty": backlog.ravel(),
            "lost_qty": gone.ravel(),
        }
    )


def _demand_grid(plan: pd.DataFrame, rows: pd.DataFrame, data: PlanData) -> Floats:
    row = positions(rows[["product", "market"]], plan[["product", "market"]])
    bucket = data.buckets.holding(day_numbers(plan["period"]))
    grid = np.zeros((len(rows), data.buckets.count))
    grid[row, bucket] = plan["consensus_qty"].to_numpy(float)
    return grid


def _by_market(demand: Floats, group: Ints, waiting: Floats, lost: Floats) -> tuple[Floats, Floats, Floats]:
    """Shipped, waiting and lost of each market; rows without a class have no demand."""
    size = len(waiting) + 1
    group = np.where(group < 0, size - 1, group)
    pad = np.zeros((1, demand.shape[1]))
    waiting, lost = np.vstack([waiting, pad]), np.vstack([lost, pad])
    shipped, backlog, gone = (np.zeros_like(demand) for _ in range(3))
    before = np.zeros(len(demand))
    for bucket in range(demand.shape[1]):
        wanted = demand[:, bucket]
        gone[:, bucket] = _share(wanted, _sums(wanted, group, size)[group]) * lost[group, bucket]
        open_qty = np.maximum(before + wanted - gone[:, bucket], 0.0)
        part = _share(open_qty, _sums(open_qty, group, size)[group])
        backlog[:, bucket] = np.minimum(part * waiting[group, bucket], open_qty)
        shipped[:, bucket] = open_qty - backlog[:, bucket]
        before = backlog[:, bucket]
    return shipped, backlog, gone
