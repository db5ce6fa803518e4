"""Families propose plans at prices of what they share; a master plan mixes them and finds the prices.

This is the decomposition of Dantzig and Wolfe (1960): each family answers prices with its best plan, of
which each product is a proposal; the master plan takes a share of each proposal so that hours and
components suffice at least cost, and its prices of hours and components are those of the next round.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
import scipy.sparse as sp

from benchmarks.whole import Whole
from sopwb.supply.buckets import Floats, Ints
from sopwb.supply.session import MONEY

__all__ = ["Family", "Master", "Mixed", "Proposed", "highs"]

DUAL, PRIMAL = 1, 4
SMALL = 1e-9
OVERLOAD_PRICE = 400.0
"""Most price of an hour while prices are sought; the plan itself is charged in full."""
SHORT_TIMES_COST = 30.0
"""Price of a component that is not there, as a multiple of its cost, while prices are sought."""


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
    RuntimeError
        There is none.
    """
    held.run()
    status = held.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"the solver found no plan: {held.modelStatusToString(status)}")
    found = held.getSolution()
    return np.asarray(found.col_value), np.asarray(found.row_dual) / MONEY


@dataclass(frozen=True)
class Proposed:
    """Proposals of a family, one for each of its products: a column of each of these."""

    columns: Ints
    product: Ints
    values: sp.csc_array
    uses: sp.csc_array
    cost: Floats
    worth: Floats


class Family:
    """Rows of a family, or of one of its products, solved again from where it stands at each new price.

    Parameters
    ----------
    columns
        Columns of the whole that are its own.
    by_column
        The whole's matrix by column.
    """

    def __init__(self, whole: Whole, columns: Ints, by_column: sp.csc_array) -> None:
        self.whole, self.columns = whole, columns
        self.part = sp.csr_array(by_column[:, self.columns])
        self.transposed = sp.csr_array(self.part.T)
        own = (np.diff(self.part.indptr) > 0) & ~whole.is_shared
        elastic = whole.elastic
        self.rows = np.flatnonzero(own)
        self.solver = highs(
            whole.cost[self.columns], self.part[self.rows],
            (elastic.row_lower[self.rows], elastic.row_upper[self.rows]),
            (elastic.lower[self.columns], elastic.upper[self.columns]),
        )  # fmt: skip
        self._method = DUAL

    def answer(self, price: Floats) -> tuple[Floats, Floats, Floats]:
        """Best plan at prices of all rows, its charges with them, and its own charges."""
        own = self.whole.cost[self.columns]
        charge = own + self.transposed @ price
        every = np.arange(len(charge), dtype=np.int32)
        self.solver.changeColsCost(len(charge), every, charge * MONEY)
        self.solver.setOptionValue("simplex_strategy", self._method)
        self._method = PRIMAL
        values, _ = solved(self.solver)
        values[np.abs(values) < SMALL] = 0.0
        return values, charge, own

    def propose(self, price: Floats, relaxed: Floats, kept: Ints) -> Proposed:
        """Proposals at prices; ``relaxed`` of them stay as charges, ``kept`` rows are the master's."""
        values, charge, own = self.answer(price)
        number = self.whole.product[self.columns]
        product, place = np.unique(number, return_inverse=True)
        some = np.flatnonzero(values)
        shape = (len(values), len(product))
        split = sp.csc_array((values[some], (some, place[some])), shape=shape)
        fixed = own + self.transposed @ relaxed
        worth = np.bincount(place, charge * values, len(product))
        uses = sp.csc_array(self.part[kept] @ split)
        return Proposed(
            self.columns, product, split, uses, np.asarray(split.T @ fixed), np.asarray(worth, float)
        )

    def within(self, price: Floats, most: Floats, accounts: tuple[Ints, Floats]) -> Floats:
        """Best plan with no more of each shared row than ``most``, and with accounts of components.

        Parameters
        ----------
        most
            Most of every row; infinite where the family is free.
        accounts
            Rows of components, and what comes to the family in each; it may keep it for later.
        """
        self.answer(price)
        whole, solver = self.whole, self.solver
        rows, comes = accounts
        many = solver.getNumCol()
        if len(rows):
            solver.addCols(len(rows), np.zeros(len(rows)), np.zeros(len(rows)), np.full(len(rows), np.inf), 0,
                           np.zeros(len(rows), np.int32), np.zeros(0, np.int32), np.zeros(0))  # fmt: skip
        limited = np.flatnonzero(np.isfinite(most) & (np.diff(self.part.indptr) > 0))
        at = np.arange(len(rows))
        same = np.zeros(len(rows), dtype=bool)
        same[1:] = whole.node[rows[1:]] == whole.node[rows[:-1]]
        # scaled rows of one component may differ by a power of two
        carried = np.ones(len(rows))
        scale = whole.elastic.row_scale[rows]
        carried[1:] = scale[1:] / scale[:-1]
        before = np.flatnonzero(same)
        keeps = sp.csr_array(
            (np.concatenate([np.ones(len(rows)), -carried[before]]),
             (np.concatenate([at, before]), np.concatenate([at, before - 1]))), shape=(len(rows), len(rows)),
        )  # fmt: skip
        added = sp.csr_array(
            sp.vstack(
                [sp.hstack([self.part[limited], sp.csr_array((len(limited), len(rows)))]),
                 sp.hstack([self.part[rows], keeps])]
            )
        )  # fmt: skip
        least = np.concatenate([np.full(len(limited), -np.inf), comes])
        solver.addRows(len(least), least, np.concatenate([most[limited], comes]), added.nnz,
                       added.indptr[:-1].astype(np.int32), added.indices.astype(np.int32),
                       added.data)  # fmt: skip
        solver.setOptionValue("simplex_strategy", DUAL)
        values, _ = solved(solver)
        return values[:many]


@dataclass(frozen=True)
class Mixed:
    """What the master plan finds: its cost, prices of all rows, the worth of each product, its columns."""

    cost: float
    price: Floats
    worth: Floats
    values: Floats


class Master:
    """Shares of proposals, and components of the rows it keeps, at least cost.

    Parameters
    ----------
    kept
        Rows that it holds; others that families share have a price that stays.
    relaxed
        That price of each row.
    """

    def __init__(self, whole: Whole, kept: Ints, relaxed: Floats) -> None:
        self.whole, self.kept, self.relaxed = whole, kept, relaxed
        elastic, part = whole.elastic, sp.csc_array(whole.matrix[kept])
        self.columns = np.flatnonzero((whole.product < 0) & (np.diff(part.indptr) > 0))
        self.charge = whole.cost + whole.matrix.T @ relaxed
        charge = self.charge[self.columns].copy()
        over = whole.overload[self.columns]
        charge[over] = np.minimum(charge[over], OVERLOAD_PRICE)
        balance = np.flatnonzero(whole.rule[kept] == "stock_balance")
        ones, count = np.ones(len(balance)), whole.products
        short = sp.csc_array(
            (-ones, (balance, np.arange(len(balance)))), shape=(len(kept) + count, len(balance))
        )
        none = sp.csc_array((count, len(self.columns)))
        matrix = sp.hstack([sp.vstack([part[:, self.columns], none]), short])
        self.components = len(self.columns) + len(balance)
        one = np.ones(count)
        self._solver = highs(
            np.concatenate([charge, SHORT_TIMES_COST * whole.cost_price[kept][balance]]), matrix,
            (np.concatenate([elastic.row_lower[kept], one]), np.concatenate([elastic.row_upper[kept], one])),
            (np.concatenate([elastic.lower[self.columns], 0 * ones]),
             np.concatenate([elastic.upper[self.columns], np.inf * ones])),
        )  # fmt: skip
        self._solver.setOptionValue("simplex_strategy", PRIMAL)
        self.proposals: list[Proposed] = []

    def add(self, some: Proposed) -> None:
        """Take a family's proposals."""
        many = len(some.product)
        chosen = sp.csc_array(
            (np.ones(many), (some.product, np.arange(many))), shape=(self.whole.products, many)
        )
        column = sp.csc_array(sp.vstack([some.uses, chosen]))
        self._solver.addCols(
            many, some.cost * MONEY, np.zeros(many), np.full(many, np.inf), column.nnz,
            column.indptr[:-1].astype(np.int32), column.indices.astype(np.int32), column.data,
        )  # fmt: skip
        self.proposals.append(some)

    def best(self) -> Mixed:
        """The best mix of all proposals so far."""
        values, dual = solved(self._solver)
        price = self.relaxed.copy()
        # what is left over of a component is worth nothing to the families
        price[self.kept] = np.maximum(-dual[: len(self.kept)], 0.0)
        cost = self._solver.getObjectiveValue() / MONEY
        return Mixed(cost, price, dual[len(self.kept) :], values)

    def bound(self, proposals: list[Proposed], price: Floats) -> float:
        """What no plan of the instance can cost less than, by families' best answers to any prices."""
        whole, elastic = self.whole, self.whole.elastic
        answers = sum(float(some.worth.sum()) for some in proposals)
        other = whole.product < 0
        rest = (whole.cost + whole.matrix.T @ price)[other]
        below, above = elastic.lower[other], np.minimum(elastic.upper[other], self._enough()[other])
        least = np.where(rest > 0, rest * below, rest * above)
        limits = price[price != 0] @ elastic.row_upper[price != 0]
        return answers + float(least.sum()) - float(limits) + whole.constant

    def _enough(self) -> Floats:
        """An amount of each column beyond which no best plan goes: all limits and wants together."""
        finite = np.abs(self.whole.limit[np.isfinite(self.whole.limit)])
        return np.full(self.whole.matrix.shape[1], float(finite.sum()))

    def mixed(self, found: Mixed) -> Floats:
        """Value of each column of the families, and of the components that it holds."""
        plan = np.zeros(self.whole.matrix.shape[1])
        plan[self.columns] = found.values[: len(self.columns)]
        at = self.components
        for some in self.proposals:
            share = found.values[at : at + len(some.product)]
            at += len(some.product)
            plan[some.columns] += some.values @ share
        return plan
