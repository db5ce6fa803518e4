"""Inventory health: what today's stock is for, when it is used up, and what expires before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["inventory_health"]

Floats = npt.NDArray[np.float64]
NODE = ["product", "location"]


def _cumulative_issue(projected: pd.DataFrame, period: pd.DataFrame) -> tuple[pd.DataFrame, Floats, Floats]:
    """Nodes, outflow from the start to the end of each bucket, and the day numbers of those ends."""
    nodes = projected[NODE].drop_duplicates().reset_index(drop=True)
    issue = np.maximum(projected["issue_qty"].to_numpy(float).reshape(len(nodes), len(period)), 0.0)
    ends = period.sort_values("period")["end_date"].to_numpy(dtype="datetime64[D]").astype(np.int64) + 1
    start = period["period"].min().to_datetime64().astype("datetime64[D]").astype(np.int64)
    total = np.hstack([np.zeros((len(nodes), 1)), np.cumsum(issue, axis=1)])
    return nodes, total, np.concatenate([[start], ends]).astype(float)


def _used_by(total: Floats, ends: Floats, row: npt.NDArray[np.int64], day: Floats) -> Floats:
    """Outflow of a node from the start to a day, spread evenly over each bucket."""
    at = np.clip(np.searchsorted(ends, day, side="right") - 1, 0, len(ends) - 2)
    share = np.clip((day - ends[at]) / (ends[at + 1] - ends[at]), 0.0, 1.0)
    return np.asarray(total[row, at] + share * (total[row, at + 1] - total[row, at]))


def _run_out(total: Floats, ends: Floats, on_hand: Floats) -> npt.NDArray[np.datetime64]:
    """Day on which the stock on hand is used up; missing where it outlasts the horizon."""
    lasts = total[:, -1] + 1e-9 < on_hand
    at = np.minimum((total < on_hand[:, None]).sum(axis=1), total.shape[1] - 1)
    rows = np.arange(len(on_hand))
    low, high = total[rows, np.maximum(at - 1, 0)], total[rows, at]
    share = np.divide(on_hand - low, high - low, out=np.ones(len(on_hand)), where=high > low)
    start = ends[np.maximum(at - 1, 0)]
    day = np.ceil(start + np.clip(share, 0.0, 1.0) * (ends[at] - start)) - 1
    found = np.maximum(day, ends[0]).astype(np.int64).astype("datetime64[D]").astype("datetime64[ns]")
    found[lasts | (on_hand <= 0)] = np.datetime64("NaT")
    return np.asarray(found)


def _expiring(stock: pd.DataFrame, keys: pd.MultiIndex, total: Floats, ends: Floats) -> Floats:
    """Quantity that expires before it is used, first expired first out."""
    lots = stock.sort_values([*NODE, "expiry_date"]).reset_index(drop=True)
    row = keys.get_indexer(pd.MultiIndex.from_frame(lots[NODE]))
    need = lots.groupby(NODE)["on_hand_qty"].cumsum().to_numpy(float)
    day = lots["expiry_date"].to_numpy(dtype="datetime64[D]").astype(np.int64) + 1.0
    used = _used_by(total, ends, row, day.astype(np.float64))
    # beyond the horizon nothing is known, so that nothing is called expiring there
    late = np.where(day <= ends[-1], np.maximum(need - used, 0.0), 0.0)
    frame = pd.DataFrame({"row": row, "late": late, "lot": lots["on_hand_qty"].to_numpy(float)})
    most = frame.groupby("row")["late"].cummax()
    before = most.groupby(frame["row"]).shift(fill_value=0.0)
    expiring = np.zeros(len(keys))
    np.add.at(expiring, row, np.minimum((most - before).to_numpy(), frame["lot"].to_numpy()))
    return expiring


def inventory_health(
    projected: pd.DataFrame,
    stock_on_hand: pd.DataFrame,
    inventory_target: pd.DataFrame,
    product_cost: pd.DataFrame,
    period: pd.DataFrame,
) -> pd.DataFrame:
    """Stock on hand of a product at a location split by what it is for, at standard cost.

    First the safety and cycle stock of the first bucket, then what planned outflow uses within
    the horizon; the rest is excess. Parts add up to the whole.
    """
    stock = stock_on_hand[stock_on_hand["on_hand_qty"] > 0]
    nodes, total, ends = _cumulative_issue(projected, period)
    keys = pd.MultiIndex.from_frame(nodes)
    on_hand = np.zeros(len(nodes))
    np.add.at(
        on_hand, keys.get_indexer(pd.MultiIndex.from_frame(stock[NODE])), stock["on_hand_qty"].to_numpy(float)
    )
    first = inventory_target[inventory_target["period"] == period["period"].min()].set_index(NODE)
    wanted = first[["safety_stock_qty", "cycle_stock_qty"]].reindex(keys).fillna(0.0).to_numpy(float)
    safety = np.minimum(on_hand, wanted[:, 0])
    cycle = np.minimum(on_hand - safety, wanted[:, 1])
    rest = on_hand - safety - cycle
    anticipation = np.minimum(rest, np.maximum(total[:, -1] - safety - cycle, 0.0))
    cost = (
        nodes["product"]
        .map(product_cost.set_index("product")["standard_cost_per_unit"])
        .fillna(0.0)
        .to_numpy(float)
    )
    table = nodes.assign(
        on_hand_value=on_hand * cost,
        safety_value=safety * cost,
        cycle_value=cycle * cost,
        anticipation_value=anticipation * cost,
        excess_value=(rest - anticipation) * cost,
        run_out_date=_run_out(total, ends, on_hand),
        expiring_value=_expiring(stock, keys, total, ends) * cost,
    )
    return table[on_hand > 0].reset_index(drop=True)
