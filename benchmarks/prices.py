"""Rounds of prices: products answer them with plans, and what all plans use on average makes the next ones.

What products use of hours and components on average of all rounds is planned at least cost, and what one
unit more of each costs there moves the prices, of which the average counts as well. So play two who each
answer what the other did on average (Brown, 1951; Robinson, 1951: both averages go to the best plan and
its prices). The price of what is not there is low at first, so that prices stay near the right ones, and
rises from round to round. In the end a master plan takes the best share of each proposal (Dantzig and
Wolfe, 1960).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from benchmarks.components import SHORT_TIMES_COST, Components, Supplied
from benchmarks.products import Desks, Proposed, highs, solved
from benchmarks.whole import Flags, Whole
from sopwb.supply.buckets import Floats, Ints

__all__ = ["Rounds", "Volume", "price_rounds"]

FIRST_PRICE = 20.0
"""Price of an hour in the first round."""
HOUR_PRICE = 60.0
"""Most price of an hour while prices are sought; the plan itself is charged in full."""
LEAST_STEP = 0.1
"""Least weight of the newest round in an average; that of round n is 1/n before."""
FIRST_TIMES, RISES_AFTER, DOUBLES_IN = 2.0, 8, 5
"""Price of what is not there as a multiple of its cost, until which round, and rounds in which it doubles."""
FEW_ROWS = 500
"""Rows of a master plan below which it ends in a corner; a larger one ends within, which is quicker."""
MOST_ROWS = 6000
"""Shared rows that the master plan holds all of; of more it holds hours, and components where scarce."""
SCARCE = 1.3
"""Price of a component, as a multiple of its cost, from which it counts as scarce."""
FIRST_PART = 0.6
"""Part of the seconds allowed in which prices are sought by averages."""
RECENT = 12
"""Rounds whose proposals are mixed where the master plan does not hold all rows; those before are poorer."""
PASSES = 3
"""How often the master plan is made, each time with the components that were missing before."""
AROUND = 2
"""How far from a component that is missing the next master plan looks for more of it."""
LEAST = 1e-7


@dataclass(frozen=True)
class Rounds:
    """When to stop: after so many rounds, seconds by the clock, or within a distance of the bound."""

    most: int = 8
    seconds: float = np.inf
    gap: float = 0.0

    @property
    def first_seconds(self) -> float:
        """Seconds of rounds of averages; the rest is for mixes."""
        return FIRST_PART * self.seconds

    def over(self, number: int, seconds: float, total: float, bound: float) -> str:
        """What ends them: ``gap``, ``seconds`` or ``rounds``; nothing yet where it is empty."""
        if total - bound <= self.gap * abs(bound):
            return "gap"
        return "seconds" if seconds > self.first_seconds else "rounds" if number >= self.most else ""


@dataclass(frozen=True)
class Volume:
    """What rounds of prices end in.

    Parameters
    ----------
    plan, supplied
        Value of each column of products, and components and hours for them.
    components
        Their programme, ready for another use of them.
    price
        Average prices of all rows.
    bound
        What no plan costs less than.
    rounds, rows, stopped_by
        How many rounds there were, rows of the last master plan, and what ended the rounds.
    """

    plan: Floats
    supplied: Supplied
    components: Components
    price: Floats
    bound: float
    rounds: int
    rows: int
    stopped_by: str


def bound_at(whole: Whole, some: Proposed, price: Floats) -> float:
    """What no plan of the instance can cost less than, by products' best answers to any prices."""
    elastic, other = whole.elastic, whole.product < 0
    # an amount of any column beyond which no best plan goes: all limits and wants together
    enough = float(np.abs(whole.limit[np.isfinite(whole.limit)]).sum())
    rest = (whole.cost + whole.matrix.T @ price)[other]
    below, above = elastic.lower[other], np.minimum(elastic.upper[other], enough)
    least = np.where(rest > 0, rest * below, rest * above)
    limits = price[price != 0] @ elastic.row_upper[price != 0]
    return float(some.worth.sum() + least.sum() - limits) + whole.constant


def best_mix(whole: Whole, some: Proposed, kept: Ints, relaxed: Floats,
             seconds: float = np.inf) -> tuple[Floats, Floats] | None:  # fmt: skip
    """Share of each proposal at least cost: value of every column of products, and prices of all rows.

    There is none where it is not found in so many seconds.

    Parameters
    ----------
    some
        All proposals.
    kept
        Rows that the mix may use no more of than there is.
    relaxed
        Prices of all others that products share; 0 for those that are kept.
    """
    elastic, part = whole.elastic, sp.csc_array(whole.matrix[kept])
    columns = np.flatnonzero((whole.product < 0) & (np.diff(part.indptr) > 0))
    balance = np.flatnonzero(whole.rule[kept] == "stock_balance")
    short, many = len(balance), len(some.product)
    missing = sp.csc_array((-np.ones(short), (balance, np.arange(short))), shape=(len(kept), short))
    shares = sp.csc_array((np.ones(many), (some.product, np.arange(many))), shape=(whole.products, many))
    one, free, upper = np.ones(whole.products), np.zeros(short + many), np.full(short + many, np.inf)
    solver = highs(
        np.concatenate([(whole.cost + whole.matrix.T @ relaxed)[columns],
                        SHORT_TIMES_COST * whole.cost_price[kept][balance],
                        some.cost + some.uses.T @ relaxed]),
        sp.block_array([[part[:, columns], missing, some.uses[kept]], [None, None, shares]]),
        (np.concatenate([elastic.row_lower[kept], one]), np.concatenate([elastic.row_upper[kept], one])),
        (np.concatenate([elastic.lower[columns], free]), np.concatenate([elastic.upper[columns], upper])),
        "simplex" if len(kept) < FEW_ROWS else "ipx",
    )  # fmt: skip
    solver.setOptionValue("run_crossover", "off")
    solver.setOptionValue("time_limit", float(max(seconds, 0.0)))
    try:
        values, dual = solved(solver)
    except TimeoutError:
        return None
    share: Floats = np.maximum(values[len(columns) + short :], 0.0)
    share = share / np.bincount(some.product, share, whole.products)[some.product]
    price = relaxed.copy()
    # what is left over of a component is worth nothing to the products
    price[kept] = np.maximum(-dual[: len(kept)], 0.0)
    return np.asarray(some.values @ share), price


def _around(whole: Whole, rows: Flags) -> Flags:
    """Rows of components from which some come, or to which they go."""
    other = sp.csr_array(whole.matrix)[:, np.flatnonzero(whole.product < 0)]
    there = sp.csr_array((np.ones(other.nnz), other.indices, other.indptr), shape=other.shape)
    balance, near = whole.is_component & (whole.rule == "stock_balance"), rows
    for _ in range(AROUND):
        near = balance & (there @ (there.T @ near.astype(float)) > 0)
    return np.asarray(near)


class _Average:
    """Averages of all rounds: plans of products, what they use, and prices."""

    def __init__(self, price: Floats) -> None:
        self.price, self.turn = price, 0
        self.values, self.use, self.cost = np.zeros(0), np.zeros(0), 0.0

    def take(self, some: Proposed) -> float:
        """Proposals of a new round; their weight."""
        self.turn += 1
        step = max(1.0 / self.turn, LEAST_STEP)
        values, use = (np.asarray(many.sum(axis=1), float) for many in (some.values, some.uses))
        if self.turn == 1:
            self.values, self.use, self.cost = values, use, float(some.cost.sum())
        self.values += step * (values - self.values)
        self.use += step * (use - self.use)
        self.cost += step * (float(some.cost.sum()) - self.cost)
        return step


def _scarce(whole: Whole, supplied: Supplied) -> Flags:
    """Rows of components that are scarce."""
    dear = supplied.price > SCARCE * whole.cost_price + LEAST
    scarce = whole.is_component & (whole.rule == "stock_balance") & dear
    return np.asarray(scarce | (supplied.missing > LEAST))


Tell = Callable[[int, float, float], None]


@dataclass
class _Found:
    """What has been found so far: averages, all proposals, rows that were scarce, the best bound."""

    average: _Average
    proposals: list[Proposed]
    scarce: Flags
    bound: float = -np.inf

    def take(self, whole: Whole, some: Proposed, price: Floats) -> None:
        """Proposals at prices, and the bound that they mean."""
        self.proposals.append(some)
        self.bound = max(self.bound, bound_at(whole, some, price))


def _averaged(whole: Whole, desks: Desks, components: Components, rounds: Rounds,
              tell: Tell) -> tuple[_Found, str]:  # fmt: skip
    """Rounds in which all answer averages, and what ended them."""
    begun = time.perf_counter()
    hours = (whole.rule == "capacity") & ~whole.is_component
    hour = np.where(hours, 1.0 / whole.elastic.row_scale, 0.0)
    most = np.where(hours, HOUR_PRICE * hour, np.inf)
    average = _Average(whole.cost_price + FIRST_PRICE * hour)
    found = _Found(average, [], np.zeros(len(hour), dtype=bool))
    while True:
        some = desks.propose(average.price)
        found.take(whole, some, average.price)
        step = average.take(some)
        times = FIRST_TIMES * 2.0 ** (max(average.turn - RISES_AFTER, 0) / DOUBLES_IN)
        supplied = components.plan(average.use, min(times, SHORT_TIMES_COST))
        if average.turn > RISES_AFTER:
            found.scarce = found.scarce | _scarce(whole, supplied)
        total = average.cost + supplied.cost + whole.constant
        tell(average.turn, total, found.bound)
        if ended := rounds.over(average.turn, time.perf_counter() - begun, total, found.bound):
            return found, ended
        average.price = average.price + step * (np.minimum(supplied.price, most) - average.price)


def price_rounds(whole: Whole, desks: Desks, rounds: Rounds, tell: Tell = lambda *_: None) -> Volume:
    """Rounds of prices until one of the limits of ``rounds``, and the best mix of their proposals."""
    begun = time.perf_counter()
    components = Components(whole)
    found, ended = _averaged(whole, desks, components, rounds, tell)
    average = found.average
    plan, supplied = average.values, components.plan(average.use)
    cost = average.cost + supplied.cost
    complete = bool(whole.is_shared.sum() <= MOST_ROWS)
    kept = found.scarce | _scarce(whole, supplied) | (whole.rule == "capacity")
    if complete:
        kept = whole.is_shared
    else:
        found.proposals = found.proposals[-RECENT:]
    for turn in range(rounds.most if complete else PASSES):
        left = rounds.seconds - (time.perf_counter() - begun)
        relaxed = np.where(kept, 0.0, average.price)
        mixed = best_mix(whole, Proposed.joined(found.proposals), np.flatnonzero(kept), relaxed, left)
        if mixed is None:
            break
        mix, price = mixed
        here = components.plan(whole.matrix @ mix)
        if (charged := float(whole.cost @ mix) + here.cost) < cost:
            plan, supplied, cost = mix, here, charged
        tell(average.turn + turn + 1, cost + whole.constant, found.bound)
        if complete and rounds.over(turn + 1, 0.0, cost + whole.constant, found.bound):
            break
        found.take(whole, desks.propose(price), price)
        kept = kept | _around(whole, here.missing > LEAST)
    held = int(kept.sum()) + whole.products
    return Volume(plan, supplied, components, average.price, found.bound, average.turn, held, ended)
