"""Orders and runs that have a least size, a multiple or a fixed cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopwb.extend import Tables
from sopwb.supply.blocks import Block
from sopwb.supply.buckets import Floats, Ints, day_numbers
from sopwb.supply.network import Network, positions

__all__ = ["Lots", "lot_blocks", "lots_in_plan"]

TERM = ["product", "supplier", "location"]


@dataclass(frozen=True)
class Lots:
    """What is made and bought in lots, as far as the rules about them are on.

    Parameters
    ----------
    ordered
        Purchase terms whose orders are counted: they have a fixed cost or a least size.
    order_cost
        Fixed cost of an order of each of them, by bucket.
    least_order
        Least order of each of them.
    run, least_run
        Recipes that have a least run, and its size.
    multiple, multiple_qty
        Recipes that are made in multiples, and the multiple.
    """

    ordered: Ints
    order_cost: Floats
    least_order: Floats
    run: Ints
    least_run: Floats
    multiple: Ints
    multiple_qty: Floats


def _order_cost(tables: Tables, network: Network) -> Floats:
    """Fixed cost of an order of each term in each bucket, by the day from which it holds."""
    rows = tables["purchase_term"].sort_values([*TERM, "valid_from", "from_qty"])
    rows = rows.drop_duplicates([*TERM, "valid_from"], keep="first")
    term = positions(network.terms[TERM], rows[TERM])
    since = day_numbers(rows["valid_from"])
    cost = np.zeros((len(network.terms), network.buckets.count))
    for place, start, value in zip(term, since, rows["order_cost_value"].to_numpy(float), strict=True):
        cost[place, network.buckets.starts >= start] = value
    return cost


def lots_in_plan(tables: Tables, network: Network, modes: dict[str, str]) -> Lots:
    """Lots of the rules that are on.

    Parameters
    ----------
    modes
        Mode of each of the rules ``minimum_order``, ``minimum_run`` and ``lot_multiple``.
    """
    recipes, terms = network.recipes, network.terms
    cost = _order_cost(tables, network) if len(terms) else np.zeros((0, network.buckets.count))
    least = terms["minimum_order_qty"].to_numpy(float) * (modes["minimum_order"] != "off")
    ordered = np.flatnonzero((cost.max(axis=1, initial=0.0) > 0) | (least > 0))
    run = recipes["minimum_run_qty"].to_numpy(float) * (modes["minimum_run"] != "off")
    multiple = recipes["lot_multiple_qty"].to_numpy(float) * (modes["lot_multiple"] != "off")
    return Lots(
        ordered=ordered,
        order_cost=cost[ordered].ravel(),
        least_order=least[ordered],
        run=np.flatnonzero(run > 0),
        least_run=run[run > 0],
        multiple=np.flatnonzero(multiple > 0),
        multiple_qty=multiple[multiple > 0],
    )


def lot_blocks(lots: Lots, network: Network) -> dict[str, Block]:
    """Whether something is ordered or run in a bucket, and how many multiples are made."""
    count, rows = network.buckets.count, len(network.resources) * network.buckets.count
    blocks: dict[str, Block] = {}
    if len(lots.ordered):
        terms = network.terms.iloc[lots.ordered]
        told = terms["product"] + " at " + terms["location"]
        keys = pd.DataFrame({"subject": terms["supplier"], "detail": told})
        blocks["order"] = Block.of(keys, lots.order_cost, rows)
    for name, chosen in (("run", lots.run), ("lot", lots.multiple)):
        if len(chosen):
            recipes = network.recipes.iloc[chosen]
            told = recipes["product"] + " " + recipes["recipe"]
            keys = pd.DataFrame({"subject": recipes["location"], "detail": told})
            blocks[name] = Block.of(keys, np.zeros(len(chosen) * count), rows, is_told=False)
    return blocks
