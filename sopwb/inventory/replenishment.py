"""How long it takes to get more of a product to a location, and how much comes at once."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["replenishment"]

NODE = ["product", "location"]


def _own_sources(routing: pd.DataFrame, purchase_term: pd.DataFrame) -> pd.DataFrame:
    """Quickest way of making or buying each product at each location where that can be done."""
    made = routing.groupby([*NODE, "recipe"], as_index=False, sort=True).agg(
        lead_time_days=("lead_time_days", "sum"), lot_qty=("lot_qty", "max")
    )
    bought = purchase_term[[*NODE, "lead_time_days", "lead_time_std_days", "minimum_order_qty"]]
    bought = bought.rename(columns={"minimum_order_qty": "lot_qty"})
    ways = [frame for frame in (made.assign(lead_time_std_days=0.0), bought) if len(frame)]
    columns = [*NODE, "lead_time_days", "lead_time_std_days", "lot_qty"]
    every = pd.concat([frame[columns] for frame in ways] or [bought[columns]])
    return every.sort_values(columns).drop_duplicates(NODE).reset_index(drop=True)


def replenishment(
    nodes: pd.DataFrame, routing: pd.DataFrame, purchase_term: pd.DataFrame, lane: pd.DataFrame
) -> pd.DataFrame:
    """Replenishment lead time of each product at each location, its spread, and the usual lot.

    Where a product is neither made nor bought, it is the shortest way over lanes from where it is.
    A product nobody can supply has lead time 0.

    Parameters
    ----------
    nodes
        ``product`` and ``location``, one row each.

    Returns
    -------
    pandas.DataFrame
        ``product``, ``location``, ``lead_time_days``, ``lead_time_std_days``, ``lot_qty``; as ``nodes``.
    """
    own = _own_sources(routing, purchase_term)
    products = pd.Index(sorted({*nodes["product"], *own["product"]}))
    places = pd.Index(
        sorted({*nodes["location"], *own["location"], *lane["from_location"], *lane["to_location"]})
    )
    days = np.full((len(products), len(places)), np.inf)
    spread, lot = np.zeros_like(days), np.zeros_like(days)
    at = (products.get_indexer(own["product"]), places.get_indexer(own["location"]))
    days[at], spread[at], lot[at] = own["lead_time_days"], own["lead_time_std_days"], own["lot_qty"]
    leave, arrive = places.get_indexer(lane["from_location"]), places.get_indexer(lane["to_location"])
    road = lane["lead_time_days"].to_numpy(float)
    for _ in range(len(places)):
        before = days.copy()
        for start, end, extra in zip(leave, arrive, road, strict=True):
            shorter = days[:, start] + extra < days[:, end]
            days[shorter, end] = days[shorter, start] + extra
            spread[shorter, end] = spread[shorter, start]
        if np.array_equal(before, days):
            break
    row = (products.get_indexer(nodes["product"]), places.get_indexer(nodes["location"]))
    return nodes[NODE].assign(
        lead_time_days=np.where(np.isfinite(days[row]), days[row], 0.0),
        lead_time_std_days=spread[row],
        lot_qty=lot[row],
    )
