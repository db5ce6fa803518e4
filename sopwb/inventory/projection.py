"""Projected inventory: today's stock and the movements of the plan, bucket by bucket."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["cover_days", "projected_inventory"]

Floats = npt.NDArray[np.float64]
NODE = ["product", "location"]
NOISE = 1e-6


def _grid(frame: pd.DataFrame, column: str, nodes: pd.MultiIndex, periods: pd.Index) -> Floats:
    grid = np.zeros((len(nodes), len(periods)))
    row = nodes.get_indexer(pd.MultiIndex.from_frame(frame[NODE]))
    bucket = periods.get_indexer(pd.Index(frame["period"]))
    known = (row >= 0) & (bucket >= 0)
    np.add.at(grid, (row[known], bucket[known]), frame[column].to_numpy(float)[known])
    return grid


def cover_days(closing: Floats, issue: Floats, days: Floats) -> Floats:
    """Days each closing stock lasts on the outflow after it; NaN where nothing flows out.

    What outlasts the horizon lasts on at the mean outflow of the rest of the horizon, and at that
    of the last buckets of a year where no rest is left.

    Parameters
    ----------
    closing, issue
        Stock at the end and outflow, never negative; nodes by buckets.
    days
        Days in each bucket.

    Examples
    --------
    >>> cover_days(np.array([[15.0, 5.0]]), np.array([[10.0, 10.0]]), np.array([7.0, 7.0]))
    array([[10.5,  3.5]])
    """
    nodes, count = closing.shape
    cover = np.full((nodes, count), np.nan)
    usual = issue.sum(axis=1) / days.sum()
    for bucket in range(count):
        left, lasted = closing[:, bucket].copy(), np.zeros(nodes)
        for later in range(bucket + 1, count):
            if not left.any():
                break
            out = issue[:, later]
            share = np.where(left >= out, 1.0, np.divide(left, out, out=np.zeros(nodes), where=out > 0))
            lasted += share * days[later]
            left = np.maximum(left - out, 0.0)
        rest = issue[:, bucket + 1 :].sum(axis=1) / max(days[bucket + 1 :].sum(), 1.0)
        rate = rest if bucket + 1 < count else usual
        lasted += np.divide(left, rate, out=np.zeros(nodes), where=rate > 0)
        cover[:, bucket] = np.where((rate > 0) | (closing[:, bucket] <= 0), lasted, np.nan)
        cover[usual <= 0, bucket] = np.nan
    return cover


def projected_inventory(
    stock_movement: pd.DataFrame,
    stock_on_hand: pd.DataFrame,
    inventory_target: pd.DataFrame,
    product_cost: pd.DataFrame,
    period: pd.DataFrame,
) -> pd.DataFrame:
    """Stock of a product at a location over a planning bucket, in quantity and money.

    Opening stock plus receipts less issues is the closing stock, in every row to the last digit;
    what the solver left below zero by less than its tolerance is booked with the issues.
    """
    ordered = period.sort_values("period")
    frames = [frame[NODE] for frame in (stock_on_hand, stock_movement, inventory_target) if len(frame)]
    keys = pd.concat(frames or [stock_on_hand[NODE]]).drop_duplicates().sort_values(NODE)
    nodes, periods = pd.MultiIndex.from_frame(keys), pd.Index(ordered["period"])
    moved = stock_movement["moved_qty"]
    receipt = _grid(stock_movement[moved > 0], "moved_qty", nodes, periods)
    issue = -_grid(stock_movement[moved < 0], "moved_qty", nodes, periods)
    start = np.zeros(len(nodes))
    row = nodes.get_indexer(pd.MultiIndex.from_frame(stock_on_hand[NODE]))
    np.add.at(start, row, stock_on_hand["on_hand_qty"].to_numpy(float))
    closing = start[:, None] + np.cumsum(receipt - issue, axis=1)
    size = NOISE * np.maximum(np.maximum(receipt, issue).max(axis=1, initial=0.0), start)[:, None]
    closing = np.where(np.abs(closing) <= np.maximum(size, NOISE), 0.0, closing)
    opening = np.hstack([start[:, None], closing[:, :-1]])
    issue = np.where(issue + receipt > 0, opening + receipt - closing, issue)
    cost = keys["product"].map(product_cost.set_index("product")["standard_cost_per_unit"]).fillna(0.0)
    days = ordered["days"].to_numpy(float)
    return pd.DataFrame(
        {
            "product": np.repeat(keys["product"].to_numpy(object), len(periods)),
            "location": np.repeat(keys["location"].to_numpy(object), len(periods)),
            "period": np.tile(periods.to_numpy(), len(nodes)),
            "opening_qty": opening.ravel(),
            "receipt_qty": receipt.ravel(),
            "issue_qty": issue.ravel(),
            "closing_qty": closing.ravel(),
            "target_qty": _grid(inventory_target, "target_qty", nodes, periods).ravel(),
            "safety_stock_qty": _grid(inventory_target, "safety_stock_qty", nodes, periods).ravel(),
            "closing_value": (closing * cost.to_numpy(float)[:, None]).ravel(),
            "cover_days": cover_days(np.maximum(closing, 0.0), np.maximum(issue, 0.0), days).ravel(),
        }
    )
