"""Rules about terms of suppliers that depend on how much is bought."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from sopwb.extend import constraint
from sopwb.supply.contracts import Breaks
from sopwb.supply.data import PlanData
from sopwb.supply.variables import Variables

if TYPE_CHECKING:
    import cvxpy as cp

    Rules = Iterator[cp.Constraint]

__all__ = ["discount", "price_break", "take_or_pay"]


def _bought(breaks: Breaks, data: PlanData, v: Variables) -> cp.Expression:
    """What is bought at the term of each level, by level and bucket."""
    import cvxpy as cp

    count = data.buckets.count
    place = (breaks.term[:, None] * count + np.arange(count)).ravel()
    size = (len(place), data.options["buy"].count * count)
    pick = sp.csr_array((np.ones(len(place)), (np.arange(len(place)), place)), shape=size)
    bought: cp.Expression = cp.Constant(pick) @ v.decisions["buy"]
    return bought


@constraint("price_break", mode="hard", always_met=True, unit="base unit")
def price_break(data: PlanData, v: Variables) -> Rules:
    """What is bought beyond a level in a bucket has the dearer price of the level."""
    breaks = data.contracts.rising
    if "price_break" in v.decided:
        most = np.repeat(breaks.from_qty, data.buckets.count)
        yield _bought(breaks, data, v) - v.decided["price_break"] <= most


@constraint("discount", mode="off", always_met=True, unit="base unit")
def discount(data: PlanData, v: Variables) -> Rules:
    """An order has the cheaper price of a level only where it reaches the level."""
    import cvxpy as cp

    breaks = data.contracts.falling
    if "discount" not in v.decided:
        return
    count = data.buckets.count
    cheap, reached, bought = v.decided["discount"], v.decided["discount_reached"], _bought(breaks, data, v)
    level = np.repeat(breaks.from_qty, count)
    useful = data.most["buy"].reshape(-1, count)[breaks.term].ravel()
    limit = data.options["buy"].limit.reshape(-1, count)[breaks.term].ravel()
    most = np.minimum(np.maximum(useful, level), limit)
    yield cheap - cp.multiply(cp.Constant(most), reached) <= 0
    beyond = np.flatnonzero(np.repeat(breaks.is_beyond, count))
    if len(beyond):
        yield cheap[beyond] + cp.multiply(cp.Constant(level[beyond]), reached[beyond]) - bought[beyond] <= 0
    whole = np.flatnonzero(~np.repeat(breaks.is_beyond, count))
    if len(whole):
        yield cp.multiply(cp.Constant(level[whole]), reached[whole]) - cheap[whole] <= 0
        # an order has one price: its levels share what is bought
        own = np.flatnonzero(~breaks.is_beyond)
        terms, group = np.unique(breaks.term[own], return_inverse=True)
        adds = sp.csr_array((np.ones(len(own)), (group, own)), shape=(len(terms), len(breaks.term)))
        first = sp.csr_array(
            (np.ones(len(terms)), (np.arange(len(terms)), own[np.unique(group, return_index=True)[1]])),
            shape=(len(terms), len(breaks.term)),
        )
        each = sp.eye_array(count, format="csr")
        shared = cp.Constant(sp.csr_array(sp.kron(adds, each))) @ cheap
        yield shared - cp.Constant(sp.csr_array(sp.kron(first, each))) @ bought <= 0


@constraint("take_or_pay", mode="hard", always_met=True, unit="base unit")
def take_or_pay(data: PlanData, v: Variables) -> Rules:
    """What a supplier was promised in a month is bought, or paid and not taken."""
    import cvxpy as cp

    if "take_or_pay" not in v.decided:
        return
    promises, count = data.contracts.promises, data.buckets.count
    place = (promises.term[:, None] * count + np.arange(count)).ravel()
    taken = v.decisions["buy"][place] + v.decided["take_or_pay"]
    yield -(cp.Constant(promises.sums) @ taken) <= -promises.least
