"""The one way in which each product comes to each location when a plan is made by rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from sopwb.supply.buckets import Floats, Ints
from sopwb.supply.data import PlanData

__all__ = ["Ways", "ways_of"]

DEEPEST = 60
CHEAPER = 1e-12


@dataclass(frozen=True)
class Ways:
    """The cheapest way to each node, over all levels; nodes by buckets where not told otherwise.

    Parameters
    ----------
    option
        Name of the supply option of each node; empty where nothing brings it.
    level
        Nodes by level: what is only wanted first, what goes into it after it.
    good
        Good units of one unit started; one a node.
    start, arrives
        Last bucket to start for a need in a bucket, and bucket of arrival of what is started in one.
    unit_cost, limit
        Variable cost of a unit started, and most that may be started.
    uses
        Quantity of each node that a unit of each other takes, for each bucket.
    hours
        Hours of each resource for a unit started; resources by nodes.
    """

    option: np.ndarray
    level: tuple[Ints, ...]
    good: Floats
    start: Ints
    arrives: Ints
    unit_cost: Floats
    limit: Floats
    uses: tuple[sp.csc_array, ...]
    hours: Floats

    @property
    def is_brought(self) -> np.ndarray:
        """Nodes that anything brings."""
        return np.asarray(self.option != "", dtype=bool)


@dataclass
class _Choice:
    """Cheapest decision of each node found so far."""

    cost: Floats
    option: np.ndarray
    thing: Ints


def _mean_flow(matrix: sp.csr_array, nodes: int, things: int, count: int) -> sp.csr_array:
    """Mean over buckets of what a unit of each thing brings or takes; nodes by things."""
    whole = sp.coo_array(matrix)
    row, column = whole.coords
    flow = sp.csr_array((whole.data, (row // count, column // count)), shape=(nodes, things))
    started = np.zeros(things)
    np.add.at(started, np.unique(column) // count, 1.0)
    return sp.csr_array(flow @ sp.diags_array(1.0 / np.maximum(started, 1.0)))


def _cheapest(data: PlanData) -> _Choice:
    """The cheapest decision of each node by variable cost over all levels; of equals the first."""
    nodes, count = len(data.network.nodes), data.buckets.count
    found = _Choice(
        np.full(nodes, np.inf), np.full(nodes, "", dtype=object), np.full(nodes, -1, dtype=np.int64)
    )
    flows = {
        name: (
            sp.coo_array(_mean_flow(option.arrivals, nodes, option.count, count)),
            _mean_flow(option.uses, nodes, option.count, count),
            option.unit_cost.reshape(option.count, count).mean(axis=1),
            option.limit.reshape(option.count, count).max(axis=1, initial=0.0) > 0,
        )
        for name, option in data.options.items()
        if option.count
    }
    for _ in range(DEEPEST):
        before = found.cost.copy()
        for name, (brings, takes, own, is_open) in flows.items():
            known = np.isfinite(before)
            lacks = (abs(takes).T @ (~known).astype(float)) > 0
            through = own + takes.T @ np.where(known, before, 0.0)
            node, thing = brings.coords
            each = np.where(lacks | ~is_open, np.inf, through)[thing] / np.maximum(brings.data, CHEAPER)
            order = np.lexsort((thing, each, node))
            first = order[np.unique(node[order], return_index=True)[1]]
            better = first[each[first] < found.cost[node[first]] * (1 - CHEAPER) - CHEAPER]
            better = better[np.isfinite(each[better])]
            found.cost[node[better]] = each[better]
            found.option[node[better]], found.thing[node[better]] = name, thing[better]
        if np.array_equal(before, found.cost):
            break
    return found


def _levels(uses: sp.csr_array) -> tuple[Ints, ...]:
    """Nodes by level, so that whatever takes a node stands before it; nodes of a loop come last."""
    left = np.ones(uses.shape[0], dtype=bool)
    levels = []
    for _ in range(DEEPEST):
        taken = (uses[:, left] @ np.ones(int(left.sum()))) > 0
        free = np.flatnonzero(left & ~taken)
        if not len(free):
            break
        levels.append(free)
        left[free] = False
    if left.any():
        levels.append(np.flatnonzero(left))
    return tuple(levels)


def ways_of(data: PlanData) -> Ways:
    """The cheapest way to each node, with its lead time, components, hours and limits."""
    nodes, count, resources = len(data.network.nodes), data.buckets.count, len(data.network.resources)
    choice = _cheapest(data)
    good, hours = np.ones(nodes), np.zeros((resources, nodes))
    arrives = np.full((nodes, count), count, dtype=np.int64)
    cost, limit = np.zeros((nodes, count)), np.zeros((nodes, count))
    taken: list[tuple[np.ndarray, ...]] = []
    for name, option in data.options.items():
        node = np.flatnonzero(choice.option == name)
        if not len(node):
            continue
        thing = choice.thing[node]
        columns = (thing[:, None] * count + np.arange(count)[None, :]).ravel()
        own = sp.coo_array(sp.csc_array(option.arrivals)[:, columns])
        row, column = own.coords
        mine = row // count == node[column // count]
        at, into = node[column[mine] // count], column[mine] % count
        arrives[at, into], good[at] = row[mine] % count, own.data[mine]
        cost[node] = option.unit_cost.reshape(-1, count)[thing]
        limit[node] = option.limit.reshape(-1, count)[thing]
        used = sp.coo_array(sp.csc_array(option.uses)[:, columns])
        row, column = used.coords
        taken.append((row // count, node[column // count], column % count, used.data))
        first = sp.coo_array(sp.csc_array(option.hours)[:, thing * count])
        np.add.at(hours, (first.coords[0] // count, node[first.coords[1]]), first.data)
    part, by, bucket, quantity = (
        (np.concatenate(parts) for parts in zip(*taken, strict=True))
        if taken
        else (np.zeros(0, np.int64),) * 4
    )
    uses = tuple(
        sp.csc_array(
            (quantity[bucket == now], (part[bucket == now], by[bucket == now])), shape=(nodes, nodes)
        )
        for now in range(count)
    )
    every = sp.csr_array((np.ones(len(part)), (part, by)), shape=(nodes, nodes))
    start = np.array([np.searchsorted(row, np.arange(count), side="right") - 1 for row in arrives])
    start = np.maximum(start.reshape(nodes, count), 0).astype(np.int64)
    return Ways(choice.option, _levels(every), good, start, arrives, cost, limit, uses, hours)
