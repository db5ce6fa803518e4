"""A plan that changes a little, found first among the decisions that are near to being taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from sopwb.supply.buckets import Floats, Ints
from sopwb.supply.elastic import silent_highs
from sopwb.supply.starts import BASIC, DUAL, LOWER, PRIMAL, UPPER, known_statuses

if TYPE_CHECKING:
    import highspy

__all__ = ["begin_near", "is_worth_narrowing"]

LEAST_ROWS = 40_000
"""Rows below which a pivot takes so little that narrowing the programme takes longer."""
LEAST_BROKEN = 0.004
"""Share of rows that break, below which few pivots mend them."""
NEAR = 0.01
"""Share of the decisions not taken, the nearest to being taken, that may be taken at first."""
MORE = 0.012
"""Most decisions let in at a time, as a share of the rows."""
FEW = 0.001
"""Decisions that are still worth taking, as a share of the rows, with which the whole programme can end."""
MOST_TURNS = 12
WORTH = 1e-7
"""Reduced cost, scaled, from which a decision is worth taking."""

Flags = npt.NDArray[np.bool_]
Statuses = npt.NDArray[np.int8]


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
class _Part:
    """Columns and rows that are still open once all others are settled.

    Parameters
    ----------
    settled
        What the settled columns put into each row of the whole programme.
    """

    columns: Ints
    rows: Ints
    settled: Floats


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
    whole, first = _whole(solver), solver.getBasis()
    column, row = _numbers(first.col_status), _numbers(first.row_status)
    alone = np.diff(whole.matrix.indptr) == 1
    is_open = _near(whole, alone, column, np.abs(np.asarray(solver.getSolution().col_dual, float)))
    for turn in range(MOST_TURNS):
        part = _part(whole, is_open, column, row)
        found = _solved(whole, part, (column, row), PRIMAL if turn else DUAL)
        if found is None and turn == 0:  # what is lost or bought beside the plan stands in a row alone
            is_open |= alone & whole.is_free
            part = _part(whole, is_open, column, row)
            found = _solved(whole, part, (column, row), DUAL)
        if found is None:
            solver.setBasis(first)
            return False
        column[part.columns], row[part.rows] = found
        wanted = _wanted(solver, whole, (column, row))
        missing = np.flatnonzero(wanted > WORTH)
        if len(missing) <= FEW * len(row):
            break
        most = max(int(MORE * len(row)), 1)
        is_open[missing[np.argsort(-wanted[missing], kind="stable")[:most]]] = True
    return True


def _whole(solver: highspy.Highs) -> _Whole:
    lp = solver.getLp()
    cells = lp.a_matrix_
    matrix = sp.csc_array((cells.value_, cells.index_, cells.start_), shape=(lp.num_row_, lp.num_col_))
    ends = (lp.col_cost_, lp.col_lower_, lp.col_upper_, lp.row_lower_, lp.row_upper_)
    return _Whole(matrix, *(np.array(end, float) for end in ends))


def _numbers(statuses: list[highspy.HighsBasisStatus]) -> Statuses:
    return np.fromiter((int(status) for status in statuses), np.int8, len(statuses))


def _corner(column: Statuses, row: Statuses) -> highspy.HighsBasis:
    import highspy

    known, corner = np.array(known_statuses(), dtype=object), highspy.HighsBasis()
    corner.col_status, corner.row_status = list(known[column]), list(known[row])
    corner.valid, corner.alien = True, True
    return corner


def _near(whole: _Whole, alone: Flags, column: Statuses, price: Floats) -> Flags:
    """Columns in the corner, those nearest to it, and those that stand for what a limit is exceeded by.

    Parameters
    ----------
    alone
        Columns that stand in one row only.
    """
    matrix = whole.matrix
    is_open: Flags = column == BASIC
    others = np.flatnonzero(~is_open & whole.is_free)
    near = others[np.argsort(price[others], kind="stable")[: int(NEAR * len(others))]]
    single = others[alone[others]]
    limit = matrix.indices[matrix.indptr[single]]
    is_open[near] = True
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
    is_out = np.zeros(len(row), dtype=bool)
    ready = np.flatnonzero(is_able & (count == 1))
    while len(ready):
        last = sum_of_names[ready].astype(np.int64)
        value = _settling(whole, ready, last, settled)
        fits = np.isfinite(value) & (column[last] == BASIC)
        is_able[ready[~fits]] = False
        ready, last, value = ready[fits], last[fits], value[fits]
        is_out[ready], is_open[last] = True, False
        rows, of, factor = _entries(matrix, last)
        np.add.at(settled, rows, factor * value[of])
        np.subtract.at(count, rows, 1)
        np.subtract.at(sum_of_names, rows, last[of])
        rows = np.unique(rows)
        ready = rows[(count[rows] == 1) & is_able[rows] & ~is_out[rows]]
    is_out |= (count == 0) & (row == BASIC)
    return _Part(np.flatnonzero(is_open), np.flatnonzero(~is_out), settled)


def _settling(whole: _Whole, ready: Ints, last: Ints, settled: Floats) -> Floats:
    """Value with which the last open column meets its row; not a number where its bounds do not allow it."""
    rows, of, factor = _entries(whole.matrix, last)
    is_own = rows == ready[of]
    own = np.ones(len(last))
    own[of[is_own]] = factor[is_own]
    value = (whole.row_upper[ready] - settled[ready]) / own
    inside = (value >= whole.lower[last] - WORTH) & (value <= whole.upper[last] + WORTH)
    return np.where(inside, value, np.nan)


def _entries(matrix: sp.csc_array, columns: Ints) -> tuple[Ints, Ints, Floats]:
    """Row, place among the columns, and factor of every entry of some columns."""
    start, size = matrix.indptr[columns], np.diff(matrix.indptr)[columns]
    of = np.repeat(np.arange(len(columns)), size)
    entry = np.repeat(start - (np.cumsum(size) - size), size) + np.arange(int(size.sum()))
    return matrix.indices[entry].astype(np.int64), of, matrix.data[entry]


def _solved(
    whole: _Whole, part: _Part, corner: tuple[Statuses, Statuses], strategy: int
) -> tuple[Statuses, Statuses] | None:
    """Corner of the part's best plan; None where it has none."""
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
    solver.setBasis(_corner(corner[0][columns], corner[1][rows]))
    solver.setOptionValue("solver", "simplex")
    solver.setOptionValue("simplex_strategy", strategy)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    found = solver.getBasis()
    return _numbers(found.col_status), _numbers(found.row_status)


def _wanted(solver: highspy.Highs, whole: _Whole, corner: tuple[Statuses, Statuses]) -> Floats:
    """How much the plan gains by each unit of a decision that is not taken, at the prices of a corner."""
    solver.setBasis(_corner(*corner))
    solver.setOptionValue("simplex_strategy", PRIMAL)
    solver.setOptionValue("simplex_iteration_limit", 0)
    solver.run()
    price = np.asarray(solver.getSolution().col_dual, float)
    gain = np.where(corner[0] == LOWER, -price, np.where(corner[0] == UPPER, price, 0.0))
    return np.where(whole.is_free, gain, 0.0)
