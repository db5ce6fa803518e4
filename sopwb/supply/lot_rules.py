"""Rules about decisions that are yes or no: set-ups, changeovers, orders, runs and multiples.

Like the other rules these are plain cvxpy constraints; that a decision is whole is no rule but a
property of the decision, so that a plan without whole decisions is the same programme relaxed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from sopwb.extend import constraint
from sopwb.supply.buckets import Ints
from sopwb.supply.data import PlanData
from sopwb.supply.limits import each_bucket
from sopwb.supply.variables import Variables

if TYPE_CHECKING:
    import cvxpy as cp

    Rules = Iterator[cp.Constraint]

__all__ = [
    "changeover",
    "lot_multiple",
    "minimum_order",
    "minimum_run",
    "one_setup",
    "order",
    "setup",
    "setup_cover",
    "yes_or_no",
]

YES_OR_NO = ("setup", "order", "run")


def _places(things: Ints, buckets: int) -> Ints:
    """Positions of things in a flat array over (thing, bucket)."""
    return np.asarray((things[:, None] * buckets + np.arange(buckets)).ravel(), dtype=np.int64)


@constraint("yes_or_no", mode="law", always_met=True)
def yes_or_no(data: PlanData, v: Variables) -> Rules:
    """A set-up, an order or a run takes place at most once in a bucket."""
    for name in YES_OR_NO:
        if name in v.decided:
            yield v.decided[name] <= 1


@constraint("setup", mode="hard", always_met=True, unit="base unit")
def setup(data: PlanData, v: Variables) -> Rules:
    """Nothing is made in a bucket in which its resource is not set up for it."""
    import cvxpy as cp

    if "setup" in v.decided:
        recipe, group = (
            _places(side, data.buckets.count) for side in (data.setups.recipe, data.setups.group)
        )
        most = cp.Constant(data.most["make"][recipe])
        yield v.decisions["make"][recipe] - cp.multiply(most, v.decided["setup"][group]) <= 0


@constraint("one_setup", mode="hard", always_met=True)
def one_setup(data: PlanData, v: Variables) -> Rules:
    """A resource whose set-ups follow one another holds one of them at a time."""
    import cvxpy as cp

    if data.setups.lines.shape[0]:
        yield cp.Constant(each_bucket(data.setups.lines, data.buckets)) @ v.decided["setup"] == 1


@constraint("changeover", mode="law", always_met=True)
def changeover(data: PlanData, v: Variables) -> Rules:
    """A changeover leads from the set-up of the bucket before to that of the bucket; the first is free."""
    import cvxpy as cp

    if "changeover" not in v.decided:
        return
    changes, groups, count = data.setups.changes, data.setups.count, data.buckets.count
    later = sp.eye_array(count, format="csr")[1:]
    before = sp.eye_array(count, k=-1, format="csr")[1:]
    each = np.arange(len(changes))
    in_line = np.unique(changes["group_after"].to_numpy(np.int64))
    for side, of in (("group_before", before), ("group_after", later)):
        at = changes[side].to_numpy(np.int64)
        member = sp.csr_array((np.ones(len(at)), (at, each)), shape=(groups, len(at)))[in_line]
        pick = sp.eye_array(groups, format="csr")[in_line]
        changed = cp.Constant(sp.csr_array(sp.kron(member, later))) @ v.decided["changeover"]
        yield changed == cp.Constant(sp.csr_array(sp.kron(pick, of))) @ v.decided["setup"]


@constraint("order", mode="hard", always_met=True, unit="base unit")
def order(data: PlanData, v: Variables) -> Rules:
    """What is bought is bought with an order."""
    import cvxpy as cp

    if "order" in v.decided:
        place = _places(data.lots.ordered, data.buckets.count)
        least = np.repeat(data.lots.least_order, data.buckets.count)
        limit = data.options["buy"].limit[place]
        most = cp.Constant(np.minimum(np.maximum(data.most["buy"][place], least), limit))
        yield v.decisions["buy"][place] - cp.multiply(most, v.decided["order"]) <= 0


@constraint("minimum_order", mode="off", always_met=True, unit="base unit")
def minimum_order(data: PlanData, v: Variables) -> Rules:
    """An order is no smaller than the supplier's least order."""
    import cvxpy as cp

    if "order" in v.decided and data.lots.least_order.any():
        place = _places(data.lots.ordered, data.buckets.count)
        least = cp.Constant(np.repeat(data.lots.least_order, data.buckets.count))
        yield cp.multiply(least, v.decided["order"]) - v.decisions["buy"][place] <= 0


@constraint("minimum_run", mode="off", always_met=True, unit="base unit")
def minimum_run(data: PlanData, v: Variables) -> Rules:
    """What is started of a recipe in a bucket is nothing or at least its least run."""
    import cvxpy as cp

    if "run" in v.decided:
        place = _places(data.lots.run, data.buckets.count)
        least = np.repeat(data.lots.least_run, data.buckets.count)
        most = np.maximum(data.most["make"][place], least)
        made = v.decisions["make"][place]
        yield cp.multiply(cp.Constant(least), v.decided["run"]) - made <= 0
        yield made - cp.multiply(cp.Constant(most), v.decided["run"]) <= 0


@constraint("lot_multiple", mode="off", always_met=True, unit="base unit")
def lot_multiple(data: PlanData, v: Variables) -> Rules:
    """What is started of a recipe in a bucket is a whole number of lots."""
    import cvxpy as cp

    if "lot" in v.decided:
        place = _places(data.lots.multiple, data.buckets.count)
        size = cp.Constant(np.repeat(data.lots.multiple_qty, data.buckets.count))
        lots = cp.multiply(size, v.decided["lot"])
        yield v.decisions["make"][place] - lots <= 0
        yield lots - v.decisions["make"][place] <= 0


def _gates(data: PlanData) -> tuple[dict[str, sp.csr_array], np.ndarray]:
    """Set-ups and orders without which nothing arrives at a node, and the nodes of which that is all.

    Returns
    -------
    tuple
        By block: (node, bucket) by (thing, bucket), one where the decision lets something arrive.
        Flags of nodes that get nothing otherwise.
    """
    count, nodes = data.buckets.count, len(data.network.nodes)
    gates: dict[str, sp.csr_array] = {}
    is_gated = np.ones(nodes, dtype=bool)
    # a recipe that needs several set-ups cannot be without the first of them either
    recipe, first = np.unique(data.setups.recipe, return_index=True)
    known = {
        "make": ("setup", recipe, data.setups.group[first]),
        "buy": ("order", data.lots.ordered, np.arange(len(data.lots.ordered))),
    }
    for name, option in data.options.items():
        arrives = sp.csr_array((option.arrivals > 0).astype(float))
        block, things, gate = known.get(name, ("", np.zeros(0, np.int64), np.zeros(0, np.int64)))
        free = np.ones(option.count, dtype=bool)
        if block in data.blocks:
            free[things] = False
            size = (option.count, len(data.blocks[block].keys))
            of_gate = sp.csr_array((np.ones(len(things)), (things, gate)), shape=size)
            gates[block] = sp.csr_array(((arrives @ each_bucket(of_gate, data.buckets)) > 0).astype(float))
        reached = arrives[:, np.repeat(free, count)].sum(axis=1).reshape(nodes, count).any(axis=1)
        is_gated &= ~reached
    return gates, is_gated


def _windows(wanted: np.ndarray, is_gated: np.ndarray, most: int) -> tuple[Ints, Ints, Ints]:
    """Node, first and last bucket of every window that ends with demand; of nodes whose supply is gated."""
    node, last = np.nonzero((wanted > 0) & is_gated[:, None])
    back = np.arange(min(most, wanted.shape[1]))
    first = last[:, None] - back[None, :]
    inside = first >= 0
    row = np.broadcast_to(np.arange(len(node))[:, None], first.shape)[inside]
    return node[row].astype(np.int64), first[inside].astype(np.int64), last[row].astype(np.int64)


@constraint("setup_cover", mode="hard", always_met=True, unit="base unit")
def setup_cover(data: PlanData, v: Variables) -> Rules:
    """Stock before covers what is wanted until the next set-up or order, as every whole plan does.

    It forbids no whole plan; it keeps the relaxed plan near the whole ones, so that these are
    found sooner (Pochet and Wolsey, Production Planning by Mixed Integer Programming, 2006,
    section 7.5). What is late or lost may be missing.
    """
    import cvxpy as cp

    count, demand = data.buckets.count, data.demand
    gates, is_gated = _gates(data)
    if not gates or not data.settings.setup_cover_buckets:
        return
    wanted = demand.served_from @ demand.demand
    grid = wanted.reshape(-1, count)
    node, first, last = _windows(grid, is_gated, data.settings.setup_cover_buckets)
    if not len(node):
        return
    length = last - first + 1
    row = np.repeat(np.arange(len(node)), length)
    bucket = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length) + first[row]
    place = node[row] * count + bucket
    until = np.hstack([np.zeros((len(grid), 1)), grid.cumsum(axis=1)])
    still = until[node[row], last[row] + 1] - until[node[row], bucket]
    shape = (len(node), len(grid) * count)
    span = sp.csr_array((np.ones(len(row)), (row, place)), shape=shape)
    reach = sp.csr_array((still, (row, place)), shape=shape)
    opens = np.flatnonzero(first > 0)
    stock = sp.csr_array((np.ones(len(opens)), (opens, (node * count + first - 1)[opens])), shape=shape)
    missing = span @ demand.served_from
    covered = cp.Constant(stock) @ v.stock + cp.Constant(missing) @ v.late
    covered += cp.Constant(sp.csr_array(missing @ demand.of_class)) @ v.lost
    for name, gate in gates.items():
        covered += cp.Constant(sp.csr_array(reach @ gate)) @ v.decided[name]
    yield -covered <= -(span @ (wanted - data.stock.inflow))
