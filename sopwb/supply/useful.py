"""The most of each recipe and purchase that can be of use: tight limits for decisions that are yes or no."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.supply.buckets import Floats
from sopwb.supply.network import Network
from sopwb.supply.options import Option

__all__ = ["requirement_left", "useful_most"]

DEEPEST = 60


def _per_product(values: Floats, product: pd.Series, products: pd.Index) -> Floats:
    """Sums over rows (things by buckets) of each product."""
    total = np.zeros((len(products), values.shape[1]))
    np.add.at(total, products.get_indexer(pd.Index(product)), values)
    return total


def _above(network: Network, products: pd.Index) -> sp.csr_array:
    """Most that one unit of each product needs of its components; products by products."""
    recipes, parts, beside = network.recipes, network.components, network.co_products
    good = recipes["yield_rate"].to_numpy(float)
    row = parts["recipe_row"].to_numpy(np.int64)
    gross = (parts["qty_per_unit"] / (1.0 - parts["scrap_rate"])).to_numpy(float) / good[row]
    at = beside["recipe_row"].to_numpy(np.int64)
    rate = beside["qty_per_unit"].to_numpy(float)
    # what is made for the sake of a co-product counts as needed by it
    pairs = pd.DataFrame(
        {
            "needed": np.concatenate([parts["component"].to_numpy(object), recipes["product"].iloc[at]]),
            "by": np.concatenate([recipes["product"].iloc[row], beside["co_product"].to_numpy(object)]),
            "rate": np.concatenate([gross, good[at] / np.maximum(rate, 1e-9)]),
        }
    )
    most = pairs.groupby(["needed", "by"], as_index=False, sort=True)["rate"].max()
    where = (products.get_indexer(pd.Index(most["needed"])), products.get_indexer(pd.Index(most["by"])))
    return sp.csr_array((most["rate"].to_numpy(float), where), shape=(len(products), len(products)))


def requirement_left(network: Network, demand: Floats, late: Floats, wanted_stock: Floats) -> Floats:
    """Most of each product that can still be of use from each bucket on; products by buckets.

    Demand from the bucket on, what may still wait from before, the highest stock that is wanted
    later, and what all products above need of it.

    Parameters
    ----------
    demand, late
        Demand, and the most that may wait at the end of the bucket; streams by buckets.
    wanted_stock
        Stock that is wanted at the end of the bucket; nodes by buckets.
    """
    products = pd.Index(network.nodes["product"].unique())
    ahead = demand[:, ::-1].cumsum(axis=1)[:, ::-1]
    waits = np.hstack([np.zeros((len(late), 1)), late[:, :-1]])
    own = _per_product(ahead + waits, network.streams["product"], products)
    later = np.maximum.accumulate(wanted_stock[:, ::-1], axis=1)[:, ::-1]
    own += _per_product(later, network.nodes["product"], products)
    above = _above(network, products)
    level, total = own, own.copy()
    for _ in range(DEEPEST):
        level = above @ level
        if not level.any():
            break
        total += level
    return total


def useful_most(
    option: Option, left: Floats, good: Floats, network: Network, capacity: Floats | None
) -> Floats:
    """Most of each decision of an option that can be of use; decisions by buckets.

    Parameters
    ----------
    left
        Requirement left of each product; products by buckets.
    good
        Good units of one unit of each decision.
    capacity
        All hours there can be of each resource and bucket; None where there is no most.
    """
    products, buckets = pd.Index(network.nodes["product"].unique()), network.buckets.count
    most = left[products.get_indexer(pd.Index(option.keys["product"]))] / good[:, None]
    most = np.minimum(most, option.limit.reshape(option.count, buckets))
    if capacity is not None and option.hours.nnz:
        taken = option.hours.tocoo()
        row, column = taken.coords
        there = np.full(option.count * buckets, np.inf)
        np.minimum.at(there, column, capacity[row] / np.maximum(taken.data, 1e-12))
        most = np.minimum(most, there.reshape(option.count, buckets))
    return np.asarray(most)
