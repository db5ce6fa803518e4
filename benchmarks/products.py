"""Each product answers prices of what products share with its best plan, in two processes if wished.

At prices of hours and components a family's products speak of each other no more, so that each is a
programme of its own, which is solved again from where it stands at every new price.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from typing import Any, Self

import highspy
import numpy as np
import scipy.sparse as sp

from benchmarks.whole import Whole
from sopwb.supply.buckets import Floats, Ints
from sopwb.supply.session import MONEY

__all__ = ["DUAL", "Account", "Desks", "Product", "Proposed", "highs", "solved"]

DUAL, PRIMAL = 1, 4
SMALL = 1e-9
TOLERANCE = 1e-9
"""Scaled units that a balance may be off; its own units can be a thousand times as many."""


def highs(cost: Floats, matrix: sp.sparray, rows: tuple[Floats, Floats], bounds: tuple[Floats, Floats],
          solver: str = "simplex") -> highspy.Highs:  # fmt: skip
    """A silent HiGHS object that holds a programme in money."""
    held = highspy.Highs()
    for name, value in (("output_flag", False), ("threads", 1), ("random_seed", 0), ("solver", solver)):
        held.setOptionValue(name, value)
    columns = sp.csc_array(matrix)
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = columns.shape
    lp.col_cost_, (lp.col_lower_, lp.col_upper_) = cost * MONEY, bounds
    lp.row_lower_, lp.row_upper_ = rows
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = columns.indptr, columns.indices
    lp.a_matrix_.value_ = columns.data
    held.passModel(lp)
    return held


def solved(held: highspy.Highs) -> tuple[Floats, Floats]:
    """Values of the columns and duals of the rows of the best plan.

    Raises
    ------
    TimeoutError
        The time allowed is over before there is one.
    RuntimeError
        There is none.
    """
    held.run()
    if held.getModelStatus() == highspy.HighsModelStatus.kTimeLimit:
        raise TimeoutError("the time allowed is over before the solver found a plan")
    if held.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        # from a corner it may lose its way; from nothing it does not
        held.clearSolver()
        held.run()
    status = held.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"the solver found no plan: {held.modelStatusToString(status)}")
    found = held.getSolution()
    return np.asarray(found.col_value), np.asarray(found.row_dual) / MONEY


def _stacked(parts: list[tuple[Ints, Floats]], rows: int) -> sp.csc_array:
    """A matrix of sparse columns, each its places and values."""
    ends = np.cumsum([0, *(len(places) for places, _ in parts)])
    none = (np.zeros(0, np.int64), np.zeros(0))
    places, values = (np.concatenate(many) for many in zip(none, *parts, strict=True))
    return sp.csc_array((values, places, ends), shape=(rows, len(parts)))


@dataclass(frozen=True)
class Proposed:
    """One proposal of each product, a column of each of these.

    Parameters
    ----------
    product
        Number of the product.
    values, uses
        Value of every column of the whole, and what it uses of every row.
    cost, worth
        Its charges without prices, and with the prices it answers.
    """

    product: Ints
    values: sp.csc_array
    uses: sp.csc_array
    cost: Floats
    worth: Floats

    @staticmethod
    def joined(parts: Iterable[Proposed]) -> Proposed:
        """Proposals of many, one after the other."""
        product, values, uses, cost, worth = zip(
            *((one.product, one.values, one.uses, one.cost, one.worth) for one in parts), strict=True
        )
        found, used = (sp.csc_array(sp.hstack(many, format="csc")) for many in (values, uses))
        return Proposed(np.concatenate(product), found, used, np.concatenate(cost), np.concatenate(worth))

    @property
    def by_product(self) -> Proposed:
        """The same proposals in the order of products."""
        order = np.argsort(self.product, kind="stable")
        return Proposed(self.product[order], self.values[:, order], self.uses[:, order], self.cost[order],
                        self.worth[order])  # fmt: skip


@dataclass(frozen=True)
class Account:
    """What a product may have: the most of hours, and what comes of components, which it may keep.

    Parameters
    ----------
    hours, most
        Rows of hours, and the most of each.
    rows, comes
        Rows of components, by node and bucket, and what comes to the product in each.
    """

    hours: Ints
    most: Floats
    rows: Ints
    comes: Floats


class Product:
    """The programme of one product, solved again from where it stands at each new price.

    Parameters
    ----------
    number
        Which product it is.
    by_column
        The whole's matrix by column.
    """

    def __init__(self, whole: Whole, number: int, columns: Ints, by_column: sp.csc_array) -> None:
        self.whole, self.number, self.columns = whole, number, columns
        part, elastic = by_column[:, columns], whole.elastic
        rows, place = np.unique(part.indices, return_inverse=True)
        all_rows = sp.csr_array(
            sp.csc_array((part.data, place, part.indptr), shape=(len(rows), len(columns)))
        )
        shared = whole.is_shared[rows]
        own = rows[~shared]
        self.rows, self.part = rows[shared], all_rows[np.flatnonzero(shared)]
        self.transposed = sp.csr_array(self.part.T)
        self.cost = whole.cost[columns]
        self.solver = highs(
            self.cost, all_rows[np.flatnonzero(~shared)], (elastic.row_lower[own], elastic.row_upper[own]),
            (elastic.lower[columns], elastic.upper[columns]),
        )  # fmt: skip
        self.solver.setOptionValue("primal_feasibility_tolerance", TOLERANCE)
        self._method = DUAL

    def answer(self, price: Floats) -> tuple[Floats, float]:
        """Best plan at prices of all rows, and its charges with them."""
        charge = self.cost + self.transposed @ price[self.rows]
        self.solver.changeColsCost(len(charge), np.arange(len(charge), dtype=np.int32), charge * MONEY)
        self.solver.setOptionValue("simplex_strategy", self._method)
        self._method = PRIMAL
        values, _ = solved(self.solver)
        values[np.abs(values) < SMALL] = 0.0
        return values, float(charge @ values)

    def within(self, price: Floats, account: Account) -> Floats:
        """Best plan at prices with no more hours and components than an account holds."""
        self.answer(price)
        whole, solver, rows = self.whole, self.solver, account.rows
        many, count = solver.getNumCol(), len(rows)
        none, at = np.zeros(count), np.arange(count)
        solver.addCols(count, none, none, np.full(count, np.inf), 0, np.zeros(count, np.int32),
                       np.zeros(0, np.int32), np.zeros(0))  # fmt: skip
        before = np.flatnonzero(whole.node[rows[1:]] == whole.node[rows[:-1]]) + 1
        # scaled rows of one component may differ by a power of two
        scale = whole.elastic.row_scale[rows]
        keeps = sp.csr_array(
            (np.concatenate([np.ones(count), -scale[before] / scale[before - 1]]),
             (np.concatenate([at, before]), np.concatenate([at, before - 1]))), shape=(count, count),
        )  # fmt: skip
        hours, components = (np.searchsorted(self.rows, some) for some in (account.hours, rows))
        added = sp.csr_array(
            sp.block_array([[self.part[hours], sp.csr_array((len(hours), count))],
                            [self.part[components], keeps]])
        )  # fmt: skip
        least = np.concatenate([np.full(len(hours), -np.inf), account.comes])
        most = np.concatenate([account.most, account.comes])
        solver.addRows(len(least), least, most, added.nnz, added.indptr[:-1].astype(np.int32),
                       added.indices.astype(np.int32), added.data)  # fmt: skip
        solver.setOptionValue("simplex_strategy", DUAL)
        return solved(solver)[0][:many]


class _Desk:
    """Some products, each asked in turn."""

    def __init__(self, whole: Whole, by_column: sp.csc_array, columns: dict[int, Ints]) -> None:
        self.whole = whole
        self.products = {number: Product(whole, number, own, by_column) for number, own in columns.items()}

    def propose(self, price: Floats) -> Proposed:
        """Proposals at prices of all rows."""
        values, uses, cost, worth = [], [], [], []
        for one in self.products.values():
            found, charged = one.answer(price)
            some, use = np.flatnonzero(found), one.part @ found
            there = np.flatnonzero(use)
            values.append((one.columns[some], found[some]))
            uses.append((one.rows[there], use[there]))
            cost.append(float(one.cost @ found))
            worth.append(charged)
        rows, columns = self.whole.matrix.shape
        return Proposed(np.array(list(self.products), dtype=np.int64), _stacked(values, columns),
                        _stacked(uses, rows), np.array(cost), np.array(worth))  # fmt: skip

    def within(self, price: Floats, accounts: dict[int, Account]) -> dict[int, Floats]:
        """Plans of some products within their accounts."""
        return {
            number: one.within(price, accounts[number])
            for number, one in self.products.items()
            if number in accounts
        }

    def cpu_s(self) -> float:
        """CPU seconds of this process."""
        return time.process_time()


def _serve(door: Connection, others: list[Connection], whole: Whole, by_column: sp.csc_array,
           columns: dict[int, Ints]) -> None:  # fmt: skip
    """Answer what another process asks until it closes the door, of which it alone has the other side."""
    for other in others:
        other.close()
    desk = _Desk(whole, by_column, columns)
    while True:
        try:
            wanted, given = door.recv()
        except EOFError:
            return
        try:
            door.send(getattr(desk, wanted)(*given))
        except RuntimeError as fault:
            door.send(fault)


class Desks:
    """All products, shared out by size to this process and others, which each hold theirs ready.

    Answers do not depend on how many processes there are. Where a process cannot be split in two,
    as on Windows, there is one.
    """

    def __init__(self, whole: Whole, by_column: sp.csc_array, processes: int = 2) -> None:
        many = processes if "fork" in get_all_start_methods() else 1
        order = np.argsort(whole.product, kind="stable")
        ends = np.searchsorted(whole.product[order], np.arange(whole.products + 1))
        columns = [np.sort(order[ends[one] : ends[one + 1]]) for one in range(whole.products)]
        largest = np.argsort([-len(own) for own in columns], kind="stable")
        self.columns = columns
        self._doors: list[Any] = []
        self._others: list[Any] = []
        for desk in range(1, many):
            mine = {int(one): columns[one] for one in np.sort(largest[desk::many])}
            context = get_context("fork")
            door, other = context.Pipe()
            self._doors.append(door)
            given = (other, self._doors, whole, by_column, mine)
            process = context.Process(target=_serve, args=given, daemon=True)
            process.start()
            other.close()
            self._others.append(process)
        own = {int(one): columns[one] for one in np.sort(largest[::many])}
        self._own = _Desk(whole, by_column, own)

    def __enter__(self) -> Self:
        """All desks are open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all desks."""
        for door in self._doors:
            door.close()
        for process in self._others:
            process.join()

    def _ask(self, wanted: str, *given: Any) -> list[Any]:
        for door in self._doors:
            door.send((wanted, given))
        answers = [getattr(self._own, wanted)(*given), *(door.recv() for door in self._doors)]
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    def propose(self, price: Floats) -> Proposed:
        """A proposal of each product at prices of all rows."""
        return Proposed.joined(self._ask("propose", price)).by_product

    @property
    def processes(self) -> int:
        """How many processes there are."""
        return 1 + len(self._doors)

    def cpu_s(self) -> float:
        """CPU seconds of all processes."""
        return float(sum(self._ask("cpu_s")))

    def within(self, price: Floats, accounts: dict[int, Account]) -> dict[int, Floats]:
        """Plans of some products within their accounts."""
        plans: dict[int, Floats] = {}
        for answer in self._ask("within", price, accounts):
            plans |= answer
        return plans
