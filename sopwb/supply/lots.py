"""Lots that expire: what of a product may still be in stock, and what has to be scrapped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.extend import Tables
from sopwb.supply.buckets import Buckets, Floats, Ints, day_numbers
from sopwb.supply.limits import Rows, each_bucket, incidence
from sopwb.supply.network import Network
from sopwb.supply.options import Option

__all__ = ["ShelfLife", "lots_of", "shelf_life_of"]

NEVER = 10**6


@dataclass(frozen=True)
class ShelfLife:
    """Rows *stock of a product at all locations ≤ what came in within its life + what is fresh of the start*.

    Parameters
    ----------
    stock
        Sums the stock of a product over its locations; rows by (node, bucket).
    recent
        Sums what each option brought within the life; rows by the option's decisions.
    fresh
        Opening stock and scheduled receipts that have not expired.
    scrap_node, scrap_bucket
        Where and when a lot of the start may be scrapped.
    """

    stock: sp.csr_array
    recent: Mapping[str, sp.csr_array]
    fresh: Floats
    rows: Rows
    scrap_node: Ints
    scrap_bucket: Ints


def lots_of(tables: Tables, buckets: Buckets) -> pd.DataFrame:
    """Opening stock and scheduled receipts as lots, with the day number after which they are of no use.

    Where stock states no expiry, its life is counted from the start of the horizon.
    """
    life = tables["product"].set_index("product")["shelf_life_days"].astype(float)
    stock, due = tables["stock_on_hand"], tables["scheduled_receipt"]
    arrival = np.maximum(day_numbers(due["due_date"]), buckets.starts[0])
    whole = NEVER + pd.Series(0.0, index=life.index)
    days = life.fillna(whole)
    opening = pd.DataFrame(
        {
            "product": stock["product"],
            "location": stock["location"],
            "lot_qty": stock["on_hand_qty"],
            "arrival": buckets.starts[0],
            "expiry": np.minimum(
                day_numbers(stock["expiry_date"]), buckets.starts[0] + stock["product"].map(days).to_numpy()
            ),
        }
    )
    coming = pd.DataFrame(
        {
            "product": due["product"],
            "location": due["location"],
            "lot_qty": due["receipt_qty"],
            "arrival": arrival,
            "expiry": arrival + due["product"].map(days).to_numpy(),
        }
    )
    lots = pd.concat([frame for frame in (opening, coming) if len(frame)] or [opening])
    return lots[lots["lot_qty"] > 0].reset_index(drop=True)


def _needed(life: Floats, first_expiry: Floats, buckets: Buckets) -> np.ndarray:
    """Products by buckets in which something can have expired."""
    aged = (buckets.ends - buckets.ends[0])[None, :] >= life[:, None]
    return np.asarray(aged | (first_expiry[:, None] < buckets.ends[None, :]))


def _windows(life: Floats, product: Ints, bucket: Ints, buckets: Buckets) -> sp.csr_array:
    """Arrivals that may still be in stock at the end of some products' buckets; rows by (product, bucket)."""
    age = (buckets.ends[:, None] - buckets.ends[None, :])[bucket]
    row, column = np.nonzero((age >= 0) & (age < life[product][:, None]))
    place = product[row] * buckets.count + column
    return sp.csr_array((np.ones(len(row)), (row, place)), shape=(len(product), len(life) * buckets.count))


def _fresh(lots: pd.DataFrame, products: pd.Index, buckets: Buckets) -> Floats:
    good = (lots["arrival"].to_numpy()[:, None] < buckets.ends) & (
        lots["expiry"].to_numpy()[:, None] >= buckets.ends
    )
    fresh = np.zeros((len(products), buckets.count))
    np.add.at(
        fresh, products.get_indexer(pd.Index(lots["product"])), good * lots["lot_qty"].to_numpy()[:, None]
    )
    return fresh


def shelf_life_of(tables: Tables, network: Network, options: Mapping[str, Option]) -> ShelfLife:
    """Rows and scrap decisions of every product that can expire within the horizon.

    The bound is that of first in, first out over all locations of a product together; goods on
    the road are not counted. It is exact for one location and generous for several.
    """
    buckets, nodes = network.buckets, network.nodes
    lots = lots_of(tables, buckets)
    life = tables["product"].set_index("product")["shelf_life_days"].astype(float).fillna(NEVER)
    soonest = lots.groupby("product")["expiry"].min()
    products = pd.Index(nodes["product"].unique())
    days = np.asarray(life.reindex(products), dtype=np.float64)
    needed = _needed(days, soonest.reindex(products).fillna(NEVER).to_numpy(float), buckets)
    row_product, row_bucket = np.nonzero(needed)
    keep = row_product * buckets.count + row_bucket
    member = incidence(products.get_indexer(pd.Index(nodes["product"])).astype(np.int64), len(products))
    all_nodes = each_bucket(member, buckets)
    window = _windows(days, row_product, row_bucket, buckets) @ all_nodes
    brings = {name: option for name, option in options.items() if name != "move"}
    expiring = lots[(lots["expiry"] < buckets.ends[-1]) & (lots["arrival"] < buckets.ends[-1])]
    late = np.maximum(expiring["expiry"], expiring["arrival"]).to_numpy(np.int64)
    scrap = pd.DataFrame(
        {
            "node": network.node(expiring["product"], expiring["location"]),
            "bucket": np.searchsorted(buckets.ends, late, side="right"),
        }
    )
    scrap = scrap.drop_duplicates().sort_values(["node", "bucket"])
    return ShelfLife(
        stock=sp.csr_array(all_nodes[keep]),
        recent={name: sp.csr_array(window @ option.arrivals) for name, option in brings.items()},
        fresh=_fresh(lots, products, buckets).ravel()[keep],
        rows=Rows(
            products.to_numpy(object)[row_product], row_bucket.astype(np.int64),
            np.zeros(len(keep)), np.zeros(len(keep), dtype=bool),
        ),
        scrap_node=scrap["node"].to_numpy(np.int64),
        scrap_bucket=scrap["bucket"].to_numpy(np.int64),
    )  # fmt: skip
