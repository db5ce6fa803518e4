"""Volume and mix: prices of hours and components find the volume of each family, and its plan is the mix.

1. *Volume.* Families plan their products at prices; a master plan mixes their proposals so that hours
   and early components suffice, which gives the prices of the next round, and in the end the volume of
   each family: what it makes with which hours.
2. *Components.* They are planned for what the families use, some buckets at a time with a look ahead.
3. *Mix again.* Where a component cannot be there in time, the families that use it are planned once
   more within their hours and with their part of what there is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from benchmarks.prices import SHORT_TIMES_COST, Family, Master, Mixed, highs, solved
from benchmarks.whole import Whole
from sopwb.supply.buckets import Floats, Ints

__all__ = ["Mix", "Rounds", "components_for", "mix_of", "price_rounds"]

FIRST_PRICES = (30.0, 10.0, 50.0, 150.0)
"""Prices of an hour at which families propose before there is a master plan."""
MOST_ROWS = 6000
"""Rows of components the master plan holds; of more it holds the first buckets, where they are scarce."""
LEAST_BUCKETS = 4
SCARCE_AFTER, MISSING_BEFORE = 2, 2
"""Round after which the master plan takes up what is scarce; rounds before the last, what is missing."""
WINDOW, STEP = 10, 7
SCARCE = 1.5
"""Price of a component, as a multiple of its cost, from which it counts as scarce."""
LEAST, SMALL = 1e-7, 1e-9
MARGIN = 1e-5
MISSING = 30.0
"""How many times dearer than in the search for prices a missing component is in its plan."""


@dataclass(frozen=True)
class Rounds:
    """When to stop: after so many rounds, seconds of CPU, or within a distance of the bound."""

    most: int = 8
    seconds: float = np.inf
    gap: float = 0.0


@dataclass(frozen=True)
class Mix:
    """A plan of every column, the best bound met on the way, and what there was of each step."""

    values: Floats
    bound: float
    told: dict[str, float]


def _window(whole: Whole, use: Floats, plan: Floats, first: int, last: int,
            missing: float) -> tuple[Floats, Floats, Floats, Ints]:  # fmt: skip
    """Components of some buckets for what is used of them: plan, missing by row, price by row, rows."""
    inside = (whole.row_bucket >= first) & (whole.row_bucket < last)
    rows = np.flatnonzero(whole.is_component & inside & np.isin(whole.rule, ["stock_balance", "capacity"]))
    later = np.where(whole.is_component & (whole.row_bucket >= last), whole.cost_price, 0.0)
    part = sp.csc_array(whole.matrix[rows])
    columns = np.flatnonzero((whole.product < 0) & (np.diff(part.indptr) > 0) & (whole.bucket >= first))
    balance = np.flatnonzero(whole.rule[rows] == "stock_balance")
    ones = np.ones(len(balance))
    short = sp.csc_array((-ones, (balance, np.arange(len(balance)))), shape=(len(rows), len(balance)))
    fixed, elastic = whole.matrix[rows] @ plan + use[rows], whole.elastic
    charge = (whole.cost + whole.matrix.T @ later)[columns]
    most = missing * np.maximum(whole.cost_price[rows][balance], LEAST)
    held = highs(
        np.concatenate([charge, most]), sp.hstack([part[:, columns], short]),
        (elastic.row_lower[rows] - fixed, elastic.row_upper[rows] - fixed),
        (np.concatenate([elastic.lower[columns], 0 * ones]),
         np.concatenate([elastic.upper[columns], np.maximum(use[rows][balance], 0.0)])),
    )  # fmt: skip
    values, dual = solved(held)
    found, gone = np.zeros(whole.matrix.shape[1]), np.zeros(len(rows))
    found[columns] = values[: len(columns)]
    gone[balance] = values[len(columns) :]
    return found, gone, -dual, rows


def components_for(whole: Whole, use: Floats) -> tuple[Floats, Floats]:
    """Plan of the components for what families use of each row, and what of it is not there."""
    plan, missing = np.zeros(whole.matrix.shape[1]), np.zeros(whole.matrix.shape[0])
    for first in range(0, whole.buckets, STEP):
        last = min(first + WINDOW, whole.buckets)
        until = whole.buckets if last == whole.buckets else first + STEP
        supplied = use - missing
        found, gone, _, rows = _window(whole, supplied, plan, first, last, SHORT_TIMES_COST * MISSING)
        stays = whole.bucket < until
        plan = np.where(stays, plan + found, plan)
        sure = rows[whole.row_bucket[rows] < until]
        missing[sure] += gone[np.searchsorted(rows, sure)]
        if until == whole.buckets:
            break
    return plan, missing


def _buckets_held(whole: Whole) -> int:
    """How many first buckets of the components the master plan may hold."""
    nodes = len(np.unique(whole.node[whole.is_component & (whole.rule == "stock_balance")]))
    return min(max(LEAST_BUCKETS, MOST_ROWS // max(nodes, 1)), whole.buckets)


def _scarce(whole: Whole, use: Floats) -> Ints:
    """Rows of the components in the first buckets that are scarce for a use of them, and hours for them."""
    last = _buckets_held(whole)
    _, _, found, rows = _window(whole, use, np.zeros(whole.matrix.shape[1]), 0, last, SHORT_TIMES_COST)
    dear = rows[found > SCARCE * whole.cost_price[rows] + LEAST]
    nodes = np.unique(whole.node[dear[whole.rule[dear] == "stock_balance"]])
    there = (whole.rule == "stock_balance") & np.isin(whole.node, nodes)
    hours = whole.rule == "capacity"
    return np.flatnonzero(whole.is_component & (whole.row_bucket < last) & (there | hours))


def _kept(whole: Whole, families: list[Family], price: Floats) -> Ints:
    """Rows of the first master plan: hours of what is sold, and components where they are scarce."""
    if _buckets_held(whole) == whole.buckets:
        return np.flatnonzero(whole.is_shared)
    use = np.zeros(whole.matrix.shape[0])
    for family in families:
        use += family.part @ family.answer(price)[0]
    hours = np.flatnonzero((whole.rule == "capacity") & ~whole.is_component & whole.is_shared)
    return np.union1d(hours, _scarce(whole, use))


def _missing(whole: Whole, use: Floats) -> Ints:
    """Rows of the components that are not there in time for a use of them, from the start on."""
    _, missing = components_for(whole, use)
    short = np.flatnonzero(missing > LEAST)
    last = max(_buckets_held(whole), int(whole.row_bucket[short].max(initial=0)) + 1)
    there = (whole.rule == "stock_balance") & np.isin(whole.node, np.unique(whole.node[short]))
    hours = whole.rule == "capacity"
    return np.flatnonzero(whole.is_component & (whole.row_bucket < last) & (there | hours))


def _wider(whole: Whole, master: Master, more: Ints, by_column: sp.csc_array) -> Master:
    """The master plan with more rows, and all its proposals."""
    kept = np.union1d(master.kept, more)
    relaxed = whole.cost_price.copy()
    relaxed[kept] = 0.0
    wider = Master(whole, kept, relaxed)
    charge = whole.cost + whole.matrix.T @ relaxed
    for some in master.proposals:
        uses = sp.csc_array(sp.csr_array(by_column[:, some.columns])[kept] @ some.values)
        cost = some.values.T @ charge[some.columns]
        wider.add(replace(some, uses=uses, cost=cost))
    return wider


def price_rounds(
    whole: Whole, families: list[Family], by_column: sp.csc_array, rounds: Rounds,
    tell: Callable[[int, float, float], None],
) -> tuple[Master, Mixed, float, int]:  # fmt: skip
    """Rounds of prices and proposals: the master plan, its last mix, the best bound, and how many rounds."""
    hours = np.where((whole.rule == "capacity") & ~whole.is_component, 1.0 / whole.elastic.row_scale, 0.0)
    begun = time.process_time()
    kept = _kept(whole, families, whole.cost_price + FIRST_PRICES[0] * hours)
    relaxed = whole.cost_price.copy()
    relaxed[kept] = 0.0
    master = Master(whole, kept, relaxed)
    for price in FIRST_PRICES:
        for family in families:
            master.add(family.propose(whole.cost_price + price * hours, relaxed, kept))
    bound, number = -np.inf, 0
    best_price = whole.cost_price + FIRST_PRICES[0] * hours
    while True:
        mixed = master.best()
        number += 1
        fixed = master.relaxed
        total = mixed.cost + whole.constant - float(fixed @ np.where(fixed != 0, whole.limit, 0.0))
        proposals = [family.propose(mixed.price, fixed, master.kept) for family in families]
        here = master.bound(proposals, mixed.price)
        if here > bound:
            bound, best_price = here, mixed.price
        tell(number, total, bound)
        late = time.process_time() - begun > rounds.seconds
        if number >= rounds.most or late or total - bound <= rounds.gap * abs(bound):
            break
        use = whole.matrix @ np.where(whole.product >= 0, master.mixed(mixed), 0.0)
        for some in proposals:
            master.add(some)
        if len(kept) < whole.is_shared.sum() and number in (SCARCE_AFTER, rounds.most - MISSING_BEFORE):
            more = _scarce(whole, use) if number == SCARCE_AFTER else _missing(whole, use)
            master = _wider(whole, master, more, by_column)
    return master, replace(mixed, price=best_price), bound, number


def _again(whole: Whole, by_column: sp.csc_array, plan: Floats, missing: Floats,
           price: Floats) -> tuple[Floats, int]:  # fmt: skip
    """Plans anew of the products that use what is missing, within their hours and their part of the rest.

    Returns
    -------
    tuple
        The plan, and how many products were planned again.
    """
    changed, many = plan.copy(), 0
    balance = whole.is_component & (whole.rule == "stock_balance")
    hours = (whole.rule == "capacity") & ~whole.is_component
    use = whole.matrix @ plan
    there = np.where(use > 0, 1.0 - missing / np.where(use > 0, use, 1.0), 1.0).clip(0.0, 1.0)
    order = np.argsort(whole.product, kind="stable")
    ends = np.searchsorted(whole.product[order], np.arange(whole.products + 1))
    short = np.flatnonzero(missing > LEAST)
    for number in range(whole.products):
        columns = np.sort(order[ends[number] : ends[number + 1]])
        part = by_column[:, columns]
        own = part @ plan[columns]
        if not (own[short] > SMALL).any():
            continue
        many += 1
        # a hair less than there is, so that what is planned with it can be had
        comes = np.maximum(own * there * (1 - MARGIN), 0.0)
        spoken = np.zeros(whole.matrix.shape[0], dtype=bool)
        spoken[np.unique(part.indices)] = True
        rows = np.flatnonzero(balance & spoken)
        rows = rows[np.lexsort((whole.row_bucket[rows], whole.node[rows]))]
        most = np.where(hours & spoken, np.maximum(own, 0.0), np.inf)
        again = Family(whole, columns, by_column)
        changed[columns] = again.within(price, most, (rows, comes[rows]))
    return changed, many


def mix_of(whole: Whole, rounds: Rounds, tell: Callable[[int, float, float], None] = lambda *_: None) -> Mix:
    """The plan of volume and mix, and how it came about."""
    marks = [time.process_time()]
    by_column = sp.csc_array(whole.matrix)
    names = sorted(set(whole.family) - {""})
    families = [Family(whole, np.flatnonzero(whole.family == name), by_column) for name in names]
    master, mixed, bound, number = price_rounds(whole, families, by_column, rounds, tell)
    plan = master.mixed(mixed)
    marks.append(time.process_time())
    sold = whole.product >= 0
    complete = len(master.kept) == int(whole.is_shared.sum())
    again, plan_of_components = 0, plan
    of_families = np.where(sold, plan, 0.0)
    if not complete:
        use = whole.matrix @ of_families
        plan_of_components, missing = components_for(whole, use)
        if missing.max(initial=0.0) > LEAST:
            of_families, again = _again(whole, by_column, of_families, missing, mixed.price)
            left = use - missing - whole.matrix @ of_families
            plan_of_components = whole.with_left_over(plan_of_components, left)
    marks.append(time.process_time())
    told = {
        "families": len(families), "rounds": number, "products_planned_again": again,
        "master_rows": len(master.kept) + whole.products,
        "volume_cpu_s": round(marks[1] - marks[0], 3), "mix_cpu_s": round(marks[2] - marks[1], 3),
    }  # fmt: skip
    return Mix(whole.completed(np.where(sold, of_families, plan_of_components)), bound, told)
