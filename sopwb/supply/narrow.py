"""A plan that changes a little, found first among the decisions that are near to being taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from sopwb.supply.buckets import Floats, Ints
from sopwb.supply.elastic import silent_highs
from sopwb.supply.starts import BASIC, DUAL, LOWER, PRIMAL, UPPER, Statuses, corner_of, statuses_of

if TYPE_CHECKING:
    import highspy

__all__ = ["begin_near", "is_worth_narrowing"]

LEAST_ROWS = 5_000
"""Rows below which a pivot takes so little that narrowing the programme takes longer."""
LEAST_BROKEN = 0.004
"""Share of rows that break, below which few pivots mend them."""
NEAR = 0.01
"""Share of the decisions not taken, the nearest to being taken, that may be taken at first: by each order."""
MORE = 0.012
"""Most decisions let in at a time, as a share of the rows."""
FEW = 0.001
"""Decisions that are still worth taking, as a share of the rows, with which the whole programme can end."""
MOST_TURNS = 12
WORTH = 1e-7
"""Reduced cost, scaled, from which a decision is worth taking."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Whole:
    """The programme as the solver holds it."""

    matrix: sp.csc_array
    cost: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats

    @property
    def is_free(self) -> Flags:
        """Columns that can move."""
        return self.upper > self.lower


@dataclass(frozen=True)
class _Wave:
    """Equalities that have one open column each, which settles them.

    Parameters
    ----------
    row, column, own
        Each row, its last open column, and the factor of it there.
    rows, of, factor
        All entries of these columns: row, place among the columns, and factor.
    """

    row: Ints
    column: Ints
    own: Floats
    rows: Ints
    of: Ints
    factor: Floats

    def chosen(self, fits: Flags) -> _Wave:
        """Some of the rows."""
        if fits.all():
            return self
        place, kept = np.cumsum(fits) - 1, fits[self.of]
        entries = self.rows[kept], place[self.of[kept]], self.factor[kept]
        return _Wave(self.row[fits], self.column[fits], self.own[fits], *entries)


@dataclass(frozen=True)
class _Part:
    """Columns and rows that are still open once all others are settled.

    Parameters
    ----------
    settled
        What the settled columns put into each row of the whole programme.
    waves
        What was settled one after the other.
    """

    columns: Ints
    rows: Ints
    settled: Floats
    waves: list[_Wave]

    def prices(self, whole: _Whole, known: Floats) -> Floats:
        """Price of each row of the whole programme, from those of the rows of the part.

        A settled row has the price at which its last column just breaks even.
        """
        price = np.zeros(len(self.settled))
        price[self.rows] = known
        for wave in reversed(self.waves):
            others = np.bincount(wave.of, wave.factor * price[wave.rows], len(wave.row))
            price[wave.row] = (whole.cost[wave.column] - others) / wave.own
        return price


@dataclass(frozen=True)
class _Best:
    """The best plan of a part: its corner, and the prices of its rows."""

    column: Statuses
    row: Statuses
    price: Floats


def is_worth_narrowing(solver: highspy.Highs) -> bool:
    """Whether the corner looked at has the right prices, but breaks many rows of a large programme."""
    info, rows = solver.getInfo(), solver.getNumRow()
    broken = info.num_primal_infeasibilities
    return bool(rows >= LEAST_ROWS and broken > LEAST_BROKEN * rows and info.num_dual_infeasibilities == 0)


def begin_near(solver: highspy.Highs) -> bool:
    """Let the next solve go on from the best plan of a narrow programme, widened until little is missing.

    A decision that is far from being taken stays where it is. Most rows then have one column left to
    meet them, which settles it, and both are out; what remains is a part of the programme in which a pivot
    takes a fraction of the time. Its prices tell which decisions are worth taking after all; they
    are let in, the most wanted first, until there are few. The corner is then one of the whole
    programme that keeps all rows (sifting; Bixby et al., 1992, with the rows narrowed as well).

    Returns
    -------
    bool
        Whether there is such a corner; otherwise the solver stands where it was.
    """
    whole, (column, row) = _whole(solver), statuses_of(solver)
    alone = np.diff(whole.matrix.indptr) == 1
    price = np.abs(np.asarray(solver.getSolution().col_dual, float))
    is_open = _near(whole, alone, column, (price, _nearness(solver, whole, price)))
    for turn in range(MOST_TURNS):
        part = _part(whole, is_open, column, row)
        found = _solved(whole, part, (column, row), PRIMAL if turn else DUAL)
        if found is None and turn == 0:  # what is lost or bought beside the plan stands in a row alone
            is_open |= alone & whole.is_free
            part = _part(whole, is_open, column, row)
            found = _solved(whole, part, (column, row), DUAL)
        if found is None:
            return False
        column[part.columns], row[part.rows] = found.column, found.row
        wanted = _wanted(whole, column, part.prices(whole, found.price))
        missing = np.flatnonzero(wanted > WORTH)
        if len(missing) <= FEW * len(row):
            break
        most = max(int(MORE * len(row)), 1)
        is_open[missing[np.argsort(-wanted[missing], kind="stable")[:most]]] = True
    solver.setBasis(corner_of(column, row))
    return True


def _whole(solver: highspy.Highs) -> _Whole:
    lp = solver.getLp()
    cells = lp.a_matrix_
    matrix = sp.csc_array((cells.value_, cells.index_, cells.start_), shape=(lp.num_row_, lp.num_col_))
    ends = (lp.col_cost_, lp.col_lower_, lp.col_upper_, lp.row_lower_, lp.row_upper_)
    return _Whole(matrix, *(np.array(end, float) for end in ends))


def _nearness(solver: highspy.Highs, whole: _Whole, price: Floats) -> Floats:
    """How far prices must move to mend all broken rows at once before each column is worth taking."""
    found = solver.getSolution()
    value, row_value = np.asarray(found.col_value, float), np.asarray(found.row_value, float)
    broken = value - np.clip(value, whole.lower, whole.upper)
    row_broken = row_value - np.clip(row_value, whole.row_lower, whole.row_upper)
    many: Any = solver  # whose stubs leave out what speaks of the columns in the corner
    _, inside = many.getBasicVariables()
    names = np.asarray(inside)
    amount = np.concatenate([broken, row_broken])[np.where(names >= 0, names, len(broken) - 1 - names)]
    _, moved = many.getBasisTransposeSolve(amount)
    pull = np.abs(whole.matrix.T @ np.asarray(moved, float))
    return np.asarray(price / np.maximum(pull, WORTH))


def _near(whole: _Whole, alone: Flags, column: Statuses, orders: tuple[Floats, ...]) -> Flags:
    """Columns in the corner, those nearest to it, and those that stand for what a limit is exceeded by.

    Parameters
    ----------
    alone
        Columns that stand in one row only.
    orders
        Distances of columns; the nearest by each of them are taken.
    """
    matrix = whole.matrix
    is_open: Flags = column == BASIC
    others = np.flatnonzero(~is_open & whole.is_free)
    single = others[alone[others]]
    limit = matrix.indices[matrix.indptr[single]]
    for order in orders:
        is_open[others[np.argsort(order[others], kind="stable")[: int(NEAR * len(others))]]] = True
    is_open[single[whole.row_lower[limit] < whole.row_upper[limit]]] = True
    return is_open


def _part(whole: _Whole, is_open: Flags, column: Statuses, row: Statuses) -> _Part:
    """What is left when every equality with one open column has settled it, over and over."""
    matrix, is_open = whole.matrix, is_open.copy()
    settled = matrix @ np.where(is_open, 0.0, np.where(column == UPPER, whole.upper, whole.lower))
    entry = np.repeat(np.arange(len(column)), np.diff(matrix.indptr))
    rows, names = matrix.indices[is_open[entry]].astype(np.int64), entry[is_open[entry]]
    count = np.bincount(rows, minlength=len(row))
    sum_of_names = np.bincount(rows, names.astype(float), minlength=len(row))
    is_able = (whole.row_lower == whole.row_upper) & (row != BASIC)
    waves: list[_Wave] = []
    ready = np.flatnonzero(is_able & (count == 1))
    while len(ready):
        wave = _wave(matrix, ready, sum_of_names[ready].astype(np.int64))
        value = (whole.row_upper[ready] - settled[ready]) / wave.own
        inside = (value >= whole.lower[wave.column] - WORTH) & (value <= whole.upper[wave.column] + WORTH)
        fits = inside & (column[wave.column] == BASIC)
        is_able[ready] = False
        wave, value = wave.chosen(fits), value[fits]
        waves.append(wave)
        is_open[wave.column] = False
        settled += np.bincount(wave.rows, wave.factor * value[wave.of], len(row))
        count -= np.bincount(wave.rows, minlength=len(row))
        sum_of_names -= np.bincount(wave.rows, wave.column[wave.of].astype(float), len(row))
        ready = np.unique(wave.rows)
        ready = ready[(count[ready] == 1) & is_able[ready]]
    is_out = (count == 0) & (row == BASIC)
    for wave in waves:
        is_out[wave.row] = True
    return _Part(np.flatnonzero(is_open), np.flatnonzero(~is_out), settled, waves)


def _wave(matrix: sp.csc_array, ready: Ints, last: Ints) -> _Wave:
    rows, of, factor = _entries(matrix, last)
    is_own = rows == ready[of]
    own = np.ones(len(last))
    own[of[is_own]] = factor[is_own]
    return _Wave(ready, last, own, rows, of, factor)


def _entries(matrix: sp.csc_array, columns: Ints) -> tuple[Ints, Ints, Floats]:
    """Row, place among the columns, and factor of every entry of some columns."""
    start, size = matrix.indptr[columns], np.diff(matrix.indptr)[columns]
    of = np.repeat(np.arange(len(columns)), size)
    entry = np.repeat(start - (np.cumsum(size) - size), size) + np.arange(int(size.sum()))
    return matrix.indices[entry].astype(np.int64), of, matrix.data[entry]


def _solved(whole: _Whole, part: _Part, corner: tuple[Statuses, Statuses], strategy: int) -> _Best | None:
    """The part's best plan; None where it has none."""
    import highspy

    columns, rows = part.columns, part.rows
    matrix = sp.csc_array(sp.csr_array(whole.matrix[:, columns])[rows])
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_, lp.col_lower_ = whole.cost[columns], whole.lower[columns]
    lp.col_upper_ = whole.upper[columns]
    lp.row_lower_ = whole.row_lower[rows] - part.settled[rows]
    lp.row_upper_ = whole.row_upper[rows] - part.settled[rows]
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
    lp.a_matrix_.value_ = matrix.data
    solver = silent_highs()
    solver.passModel(lp)
    solver.setBasis(corner_of(corner[0][columns], corner[1][rows]))
    solver.setOptionValue("solver", "simplex")
    solver.setOptionValue("simplex_strategy", strategy)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return _Best(*statuses_of(solver), np.asarray(solver.getSolution().row_dual, float))


def _wanted(whole: _Whole, column: Statuses, price: Floats) -> Floats:
    """How much the plan gains by each unit of a decision that is not taken, at prices of the rows."""
    loss = whole.cost - whole.matrix.T @ price
    gain = np.where(column == LOWER, -loss, np.where(column == UPPER, loss, 0.0))
    return np.where(whole.is_free, gain, 0.0)
