"""Mixed products: what share of their components their properties allow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.extend import Tables
from sopwb.supply.buckets import Floats
from sopwb.supply.limits import Rows
from sopwb.supply.network import Network
from sopwb.supply.options import needed_per_unit

__all__ = ["Blends", "blends_of"]

COLUMNS = ("product", "property", "minimum_amount", "maximum_amount")


@dataclass(frozen=True)
class Blends:
    """Rows *property beyond the limit, summed over the recipes of a product ≤ 0*; rows by make decisions."""

    beyond: sp.csr_array
    rows: Rows


def _amounts(network: Network, properties: pd.DataFrame, wanted: str) -> Floats:
    """How much of a property one unit of each recipe takes in; recipes by buckets."""
    value = properties[properties["property"] == wanted].set_index("product")["measured_amount"]
    parts = network.components
    held = parts["component"].map(value).fillna(0.0).to_numpy(float)
    amounts = np.zeros((len(network.recipes), network.buckets.count))
    flow = needed_per_unit(parts, network.buckets) * held[:, None]
    np.add.at(amounts, parts["recipe_row"].to_numpy(np.int64), flow)
    return amounts


def blends_of(tables: Tables, network: Network) -> Blends:
    """Limits of mixed products, one for each place where they are made, property, side and bucket.

    A property mixes by quantity: what the components bring in, over what comes out. Components
    without a measurement bring nothing of it.
    """
    count, recipes = network.buckets.count, network.recipes
    good = recipes["yield_rate"].to_numpy(float)[:, None]
    parts, names = [], []
    limits = tables["blend_limit"].sort_values(["product", "property"])
    told = zip(*(limits[name] for name in COLUMNS), strict=True)
    for product, wanted, minimum, maximum in told:
        amounts = _amounts(network, tables["product_property"], wanted)
        own = recipes["product"].eq(product).to_numpy()
        for place in sorted(recipes.loc[own, "location"].unique()):
            here = own & recipes["location"].eq(place).to_numpy()
            for bound, sign in ((minimum, -1.0), (maximum, 1.0)):
                if not np.isnan(bound):
                    over = sign * (amounts - bound * good) * here[:, None]
                    parts.append(sp.hstack([sp.diags_array(row) for row in over], format="csr"))
                    names.append(f"{product} at {place}: {wanted}")
    shape = (0, len(recipes) * count)
    beyond = sp.csr_array(sp.vstack(parts, format="csr")) if parts else sp.csr_array(shape)
    return Blends(beyond, Rows.of(pd.Series(names, dtype=object), np.zeros(1), network.buckets))
