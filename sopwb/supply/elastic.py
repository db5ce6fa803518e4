"""The programme as the solver gets it: single-variable rows as bounds, soft rows with slack, all scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from sopwb.supply.buckets import Floats, Ints
from sopwb.supply.program import Program

if TYPE_CHECKING:
    import highspy

__all__ = ["Elastic", "elastic_of", "highs_of", "silent_highs"]

TOP_CHARGE = 10.0


@dataclass(frozen=True)
class Elastic:
    """Scaled columns and rows; ``x = unit * (pick @ y)`` are the variables of the programme.

    Parameters
    ----------
    matrix, row_lower, row_upper, lower, upper
        The programme in scaled units.
    pick
        Which columns add up to each variable of the programme, before scaling.
    row
        Row of the programme of each kept row.
    row_scale
        Factor by which each kept row was multiplied.
    slack_charge, elastic_columns
        Charge for a scaled unit of each column: in money where it breaks a soft row, and as a
        multiple of what cannot be paid where it breaks a row without choice.
    twin
        Variable of the programme of each column that is the part beyond a soft limit.
    loose
        Kept row of each slack column; they come last.
    bound_row, bound_column, bound_factor
        Rows that became bounds, the column each bounds, and the column's factor in the row.
    """

    matrix: sp.csc_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats
    pick: sp.csr_array
    unit: Floats
    row: Ints
    row_scale: Floats
    slack_charge: Floats
    elastic_columns: Floats
    twin: Ints
    loose: Ints
    bound_row: Ints
    bound_column: Ints
    bound_factor: Floats


@dataclass(frozen=True)
class _Singles:
    """Rows with one variable: its column, and the bound that the row means for it."""

    row: Ints
    column: Ints
    factor: Floats
    bound: Floats


def _flags(program: Program) -> tuple[np.ndarray, np.ndarray, Floats]:
    """Which rows are soft, which elastic, and the price of each."""
    size = len(program.most)
    soft, elastic, price = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool), np.zeros(size)
    for rule in program.rules:
        part = slice(rule.first, rule.last)
        soft[part], elastic[part], price[part] = rule.is_soft, rule.is_elastic, rule.price
    return soft, elastic, price


def _singles(program: Program) -> _Singles:
    matrix = program.matrix
    row = np.flatnonzero((np.diff(matrix.indptr) == 1) & ~program.is_equal)
    at = matrix.indptr[row]
    factor, column = matrix.data[at], matrix.indices[at].astype(np.int64)
    return _Singles(row, column, factor, program.most[row] / factor)


def _split(singles: _Singles, soft: np.ndarray) -> np.ndarray:
    """Soft single-variable rows that can be met by splitting their column: the first of each column."""
    chosen = np.flatnonzero(soft[singles.row] & (singles.bound > 0))
    _, first = np.unique(singles.column[chosen], return_index=True)
    return chosen[first]


@dataclass(frozen=True)
class _Twins:
    """Variables that soft rows split in two: up to the limit, and beyond it.

    Parameters
    ----------
    column
        Variable of each twin.
    beyond
        Most of the part beyond the limit.
    charge, charge_beyond
        Charge for one unit of the first part, and of the part beyond.
    """

    column: Ints
    beyond: Floats
    charge: Floats
    charge_beyond: Floats


def _bounds(singles: _Singles, firm: Ints, columns: int) -> tuple[Floats, Floats]:
    """Least and most of each variable by the hard rows that speak of it alone."""
    lower, upper = np.zeros(columns), np.full(columns, np.inf)
    most, least = firm[singles.factor[firm] > 0], firm[singles.factor[firm] < 0]
    np.minimum.at(upper, singles.column[most], singles.bound[most])
    np.maximum.at(lower, singles.column[least], singles.bound[least])
    return lower, np.maximum(upper, lower)


def _twins(singles: _Singles, split: Ints, price: Floats, upper: Floats) -> tuple[_Twins, Floats]:
    """Split variables, and the bounds of all once the first parts end at their limits."""
    column, bound = singles.column[split], singles.bound[split]
    gap = price[singles.row[split]] * np.abs(singles.factor[split])
    at_most = singles.factor[split] > 0
    beyond = np.maximum(upper[column] - bound, 0.0)
    cut = upper.copy()
    cut[column] = np.minimum(upper[column], bound)
    return _Twins(column, beyond, np.where(at_most, 0.0, -gap), np.where(at_most, gap, 0.0)), cut


def _scaled(program: Program, kept: Ints) -> tuple[sp.csc_array, Floats]:
    """Kept rows in typical units of their variables, each brought near one, and the factors for that."""
    rows = sp.csr_array(program.matrix[kept] @ sp.diags_array(program.unit))
    largest = np.asarray(abs(rows).max(axis=1).todense()).ravel()
    factor = 2.0 ** -np.round(np.log2(np.where(largest > 0, largest, 1.0)))
    return sp.csc_array(sp.diags_array(factor) @ rows), factor


def elastic_of(program: Program) -> Elastic:
    """Programme for the solver, the same plan in fewer rows.

    A hard row with one variable becomes a bound. A soft one splits its variable: the part up to
    the limit and the part beyond, of which one has the price, so that no row is needed. Every
    other soft or elastic row gets a slack column.
    """
    soft, elastic, price = _flags(program)
    rows, columns = program.matrix.shape
    singles = _singles(program)
    firm = np.flatnonzero(~soft[singles.row] & ~elastic[singles.row])
    split = _split(singles, soft)
    gone = np.zeros(rows, dtype=bool)
    gone[singles.row[firm]] = True
    gone[singles.row[split]] = True
    kept = np.flatnonzero(~gone)
    lower, whole = _bounds(singles, firm, columns)
    twins, upper = _twins(singles, split, price, whole)
    scaled, row_scale = _scaled(program, kept)
    loose = np.flatnonzero((soft | elastic)[kept])
    is_soft = soft[kept[loose]]
    slack = sp.csc_array(
        (-np.ones(len(loose)), (loose, np.arange(len(loose)))), shape=(len(kept), len(loose))
    )
    unit, none = program.unit[twins.column], np.zeros(columns + len(twins.column))
    own = np.zeros(columns)
    own[twins.column] = twins.charge * unit
    broken = np.where(is_soft, price[kept[loose]] / row_scale[loose], 0.0)
    identity = sp.eye_array(columns, format="csr")
    limit = program.most[kept] * row_scale
    return Elastic(
        matrix=sp.csc_array(sp.hstack([scaled, scaled[:, twins.column], slack], format="csc")),
        row_lower=np.where(program.is_equal[kept], limit, -np.inf),
        row_upper=limit,
        lower=np.concatenate([lower / program.unit, np.zeros(len(unit) + len(loose))]),
        upper=np.concatenate([upper / program.unit, twins.beyond / unit, np.full(len(loose), np.inf)]),
        pick=sp.csr_array(
            sp.hstack(
                [identity, identity[:, twins.column], sp.csr_array((columns, len(loose)))], format="csr"
            )
        ),
        unit=program.unit,
        row=kept,
        row_scale=row_scale,
        slack_charge=np.concatenate([own, twins.charge_beyond * unit, broken]),
        elastic_columns=np.concatenate([none, np.where(is_soft, 0.0, TOP_CHARGE)]),
        twin=twins.column,
        loose=loose,
        bound_row=singles.row[firm],
        bound_column=singles.column[firm],
        bound_factor=singles.factor[firm],
    )


def silent_highs() -> highspy.Highs:
    """A HiGHS object without a programme: silent, on one thread, the same every time."""
    import highspy

    solver = highspy.Highs()
    for name, value in (("output_flag", False), ("threads", 1), ("random_seed", 0)):
        solver.setOptionValue(name, value)
    return solver


def highs_of(elastic: Elastic, cost: Floats | None = None) -> highspy.Highs:
    """A HiGHS object that holds the programme: silent, on one thread, the same every time.

    Parameters
    ----------
    elastic
        The programme.
    cost
        Charge for a scaled unit of each column; None leaves all free.
    """
    import highspy

    solver = silent_highs()
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = elastic.matrix.shape
    lp.col_cost_ = np.zeros(elastic.matrix.shape[1]) if cost is None else cost
    lp.col_lower_, lp.col_upper_ = elastic.lower, elastic.upper
    lp.row_lower_, lp.row_upper_ = elastic.row_lower, elastic.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = elastic.matrix.indptr
    lp.a_matrix_.index_ = elastic.matrix.indices
    lp.a_matrix_.value_ = elastic.matrix.data
    solver.passModel(lp)
    return solver
