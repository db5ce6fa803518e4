"""The rules of the supply plan, one function each; every one yields plain cvxpy constraints.

A rule reads arrays and variables and knows nothing of modes and prices: ``off``, ``soft`` and
``hard`` are settings. What the mark says of a rule:

``unit``
    Unit of the limit, for its price.
``mode``
    Mode without a setting; ``law`` is not up to anybody.
``always_met``
    Doing nothing meets the rule, so that it may be hard without making a plan impossible.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.extend import constraint
from sopwb.supply.buckets import day_numbers, overlap_days
from sopwb.supply.data import PlanData
from sopwb.supply.investments import BLOCK
from sopwb.supply.limits import Fixed
from sopwb.supply.variables import Variables

if TYPE_CHECKING:
    import cvxpy as cp

    Rules = Iterator[cp.Constraint]

__all__ = [
    "blend_quality",
    "capacity",
    "crew_balance",
    "crew_limit",
    "days_in_stock",
    "demand_balance",
    "end_stock",
    "fixed_decisions",
    "frozen_fence",
    "lane_capacity",
    "lateness",
    "overload",
    "overtime",
    "prepaid_hours",
    "recipe_validity",
    "safety_stock",
    "shelf_life",
    "slushy_fence",
    "stock_balance",
    "stock_maximum",
    "stock_value_cap",
    "storage",
    "supplier_limit",
]


def _before(things: int, buckets: int) -> sp.csr_array:
    """Takes the value of the bucket before; nothing is before the first."""
    return sp.csr_array(sp.kron(sp.eye_array(things), sp.eye_array(buckets, k=-1), format="csr"))


@constraint("stock_balance", mode="law", always_met=True)
def stock_balance(data: PlanData, v: Variables) -> Rules:
    """Stock = stock before + what comes in anyway + arrivals − uses − shipped − scrapped."""
    import cvxpy as cp

    things, buckets = len(data.network.nodes), data.buckets.count
    change = sp.eye_array(things * buckets, format="csr") - _before(things, buckets)
    place = data.shelf_life.scrap_node * buckets + data.shelf_life.scrap_bucket
    scraps = sp.csr_array(
        (np.ones(len(place)), (place, np.arange(len(place)))), shape=(things * buckets, len(place))
    )
    supplied = [
        cp.Constant(option.arrivals - option.uses) @ v.decisions[name]
        for name, option in data.options.items()
        if option.count
    ]
    issued = cp.Constant(data.demand.served_from) @ v.shipped + cp.Constant(scraps) @ v.scrapped
    yield cp.Constant(sp.csr_array(change)) @ v.stock + issued - sum(supplied) == data.stock.inflow


@constraint("demand_balance", mode="law", always_met=True)
def demand_balance(data: PlanData, v: Variables) -> Rules:
    """What was waiting and is wanted now is shipped, waits on or is lost."""
    import cvxpy as cp

    buckets = data.buckets.count
    before = _before(len(data.network.streams), buckets)
    lost = cp.Constant(data.demand.of_class) @ v.lost
    yield v.shipped + lost + v.late - cp.Constant(before) @ v.late == data.demand.demand
    yield v.lost <= data.demand.class_demand


@constraint("lateness", mode="hard", always_met=True, unit="base unit")
def lateness(data: PlanData, v: Variables) -> Rules:
    """No demand waits longer than allowed: what waits is from the last days."""
    yield v.late <= data.demand.late_limit


def _hours_needed(data: PlanData, v: Variables) -> list[cp.Expression]:
    """Hours that supply options and other decisions take, each of every resource and bucket."""
    import cvxpy as cp

    matrices = [(option.hours, v.decisions[name]) for name, option in data.options.items()]
    matrices += [(block.hours, v.decided[name]) for name, block in data.blocks.items()]
    return [cp.Constant(matrix) @ variable for matrix, variable in matrices if matrix.nnz]


@constraint("capacity", mode="hard", always_met=True, unit="hour")
def capacity(data: PlanData, v: Variables) -> Rules:
    """Hours needed stay within regular hours, overtime and declared overload."""
    import cvxpy as cp

    needed = _hours_needed(data, v)
    needed += [-cp.Constant(b.regular) @ v.decided[name] for name, b in data.blocks.items() if b.regular.nnz]
    if needed:
        yield sum(needed) - v.overtime - v.overload <= data.hours.regular


@constraint("overtime", mode="hard", always_met=True, unit="hour")
def overtime(data: PlanData, v: Variables) -> Rules:
    """Overtime stays within what a resource and its crews may add."""
    import cvxpy as cp

    added = [cp.Constant(b.overtime) @ v.decided[name] for name, b in data.blocks.items() if b.overtime.nnz]
    yield v.overtime - sum(added) <= data.hours.overtime


@constraint("overload", mode="law", always_met=True, unit="hour")
def overload(data: PlanData, v: Variables) -> Rules:
    """Without a price for it there is no work beyond all capacity."""
    if data.settings.overload_cost_per_hour is None:
        yield v.overload <= 0


@constraint("prepaid_hours", mode="law", always_met=True)
def prepaid_hours(data: PlanData, v: Variables) -> Rules:
    """Hours that are paid whether used or not are free up to what is used of them."""
    import cvxpy as cp

    yield v.prepaid <= data.hours.paid
    paid = np.flatnonzero(data.hours.paid)
    needed = [
        cp.Constant(option.hours[paid]) @ v.decisions[name]
        for name, option in data.options.items()
        if option.hours[paid].nnz
    ]
    if needed:
        yield v.prepaid[paid] <= sum(needed)


@constraint("recipe_validity", mode="hard", always_met=True, unit="base unit")
def recipe_validity(data: PlanData, v: Variables) -> Rules:
    """A recipe is not started in a bucket in which it holds on no day."""
    recipes, buckets = data.network.recipes, data.buckets
    starts = day_numbers(recipes["valid_from"])
    until = recipes["valid_to"].fillna(pd.Timestamp("2199-12-30"))
    closed = np.flatnonzero(overlap_days(buckets, starts, day_numbers(until) + 1).ravel() <= 0)
    if len(closed) and "make" in v.decisions:
        yield v.decisions["make"][closed] <= 0


@constraint("supplier_limit", mode="hard", always_met=True, unit="base unit")
def supplier_limit(data: PlanData, v: Variables) -> Rules:
    """A supplier delivers no more than its capacity on the days of delivery."""
    limit = data.options["buy"].limit
    limited = np.flatnonzero(np.isfinite(limit))
    if len(limited):
        yield v.decisions["buy"][limited] <= limit[limited]


@constraint("lane_capacity", mode="hard", always_met=True, unit="pallet")
def lane_capacity(data: PlanData, v: Variables) -> Rules:
    """A lane carries no more pallets than it can."""
    import cvxpy as cp

    if len(data.lanes.most):
        yield cp.Constant(data.lanes.matrix) @ v.decisions["move"] <= data.lanes.most


@constraint("safety_stock", mode="soft", unit="base unit")
def safety_stock(data: PlanData, v: Variables) -> Rules:
    """Stock at the end of a bucket covers the safety stock."""
    wanted = np.flatnonzero(data.stock.safety > 0)
    if len(wanted):
        yield v.stock[wanted] >= data.stock.safety[wanted]


@constraint("storage", mode="soft", unit="pallet", per_day=True)
def storage(data: PlanData, v: Variables) -> Rules:
    """Stock at a location finds a pallet place."""
    import cvxpy as cp

    if len(data.storage.most):
        taken = cp.Constant(data.storage.matrix) @ v.stock
        if BLOCK in v.decided and data.investments.places.nnz:
            taken = taken - cp.Constant(data.investments.places) @ v.decided[BLOCK]
        yield taken <= data.storage.most


@constraint("stock_value_cap", mode="soft", unit="currency")
def stock_value_cap(data: PlanData, v: Variables) -> Rules:
    """The value of stock stays below the caps of the financial plan."""
    import cvxpy as cp

    if len(data.stock_value.most):
        yield cp.Constant(data.stock_value.matrix) @ v.stock <= data.stock_value.most


@constraint("stock_maximum", mode="off", always_met=True, unit="base unit")
def stock_maximum(data: PlanData, v: Variables) -> Rules:
    """Stock at the end of a bucket stays below the most that its target allows."""
    limited = np.flatnonzero(np.isfinite(data.stock.maximum))
    if len(limited):
        yield v.stock[limited] <= data.stock.maximum[limited]


@constraint("blend_quality", mode="hard", always_met=True)
def blend_quality(data: PlanData, v: Variables) -> Rules:
    """What is mixed at a location in a bucket keeps the limits of its properties."""
    import cvxpy as cp

    if data.blends.beyond.shape[0]:
        yield cp.Constant(data.blends.beyond) @ v.decisions["make"] <= 0


@constraint("crew_balance", mode="law", always_met=True)
def crew_balance(data: PlanData, v: Variables) -> Rules:
    """Heads = heads before + hired − laid off."""
    import cvxpy as cp

    if "heads" in v.decided:
        things, buckets = data.crews.count, data.buckets.count
        change = cp.Constant(sp.csr_array(sp.eye_array(things * buckets) - _before(things, buckets)))
        opening = np.zeros((things, buckets))
        opening[:, 0] = data.crews.opening
        moved = v.decided["hired"] - v.decided["laid_off"]
        yield change @ v.decided["heads"] - moved == opening.ravel()


@constraint("crew_limit", mode="hard", always_met=True, unit="head")
def crew_limit(data: PlanData, v: Variables) -> Rules:
    """There are no fewer and no more heads than allowed."""
    if "heads" in v.decided:
        heads = v.decided["heads"]
        yield -heads <= -data.crews.least
        most = np.flatnonzero(np.isfinite(data.crews.most))
        if len(most):
            yield heads[most] <= data.crews.most[most]


@constraint("shelf_life", mode="hard", always_met=True, unit="base unit")
def shelf_life(data: PlanData, v: Variables) -> Rules:
    """What is in stock came in within its shelf life or is still fresh from the start.

    First in, first out over all locations of a product; what expires of the opening stock is
    scrapped, what is made anew is made so that it need not be.
    """
    import cvxpy as cp

    life = data.shelf_life
    if len(life.fresh):
        recent = [
            cp.Constant(matrix) @ v.decisions[name] for name, matrix in life.recent.items() if matrix.nnz
        ]
        yield cp.Constant(life.stock) @ v.stock - sum(recent) <= life.fresh


@constraint("days_in_stock", mode="hard", unit="base unit")
def days_in_stock(data: PlanData, v: Variables) -> Rules:
    """Stock leaves a location within the days it may stay there, first in, first out."""
    import cvxpy as cp

    stays = data.stays
    if len(stays.place):
        arrived = [cp.Constant(m) @ v.decisions[name] for name, m in stays.recent.items() if m.nnz]
        yield v.stock[stays.place] - sum(arrived) <= stays.fresh


def _as_planned(fixed: Mapping[str, Fixed], v: Variables) -> Rules:
    for name, some in fixed.items():
        yield v.decisions[name][some.place] <= some.quantity
        yield -v.decisions[name][some.place] <= -some.quantity


@constraint("fixed_decisions", mode="hard", unit="base unit")
def fixed_decisions(data: PlanData, v: Variables) -> Rules:
    """What stands already is planned as it stands."""
    yield from _as_planned(data.fixed, v)


@constraint("frozen_fence", mode="hard", unit="base unit")
def frozen_fence(data: PlanData, v: Variables) -> Rules:
    """Within the frozen days everything is started as the last cycle planned it."""
    yield from _as_planned(data.fence.frozen, v)


@constraint("slushy_fence", mode="soft", unit="base unit")
def slushy_fence(data: PlanData, v: Variables) -> Rules:
    """Within the slushy days every unit more or less than the last cycle planned has its price."""
    yield from _as_planned(data.fence.slushy, v)


@constraint("end_stock", mode="law", always_met=True)
def end_stock(data: PlanData, v: Variables) -> Rules:
    """Stock at the end of the horizon has a worth up to its target, and none beyond."""
    buckets = data.buckets.count
    last = np.arange(buckets - 1, len(data.stock.target), buckets)
    yield v.end_stock <= data.stock.target[last]
    yield v.end_stock <= v.stock[last]
