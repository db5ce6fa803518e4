"""Solving: HiGHS on the elastic programme, with what it decided and what every limit is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sopwb.errors import SopwbError
from sopwb.supply.buckets import Floats
from sopwb.supply.elastic import Elastic

if TYPE_CHECKING:
    import highspy

__all__ = ["Solved", "minimise"]

ROW_STEP = 1e-6


@dataclass(frozen=True)
class Solved:
    """One solve.

    Parameters
    ----------
    column
        Scaled value of each column of the elastic programme.
    row_dual, column_dual
        Change of the goal for one unit more on the right-hand side of a row, or of a column's bound;
        in money for a scaled unit.
    objective
        Goal that was reached, in money.
    status
        What the solver said.
    gap_rate
        Distance between primal and dual objective.
    """

    column: Floats
    row_dual: Floats
    column_dual: Floats
    objective: float
    status: str
    gap_rate: float


def _programme(elastic: Elastic, cost: Floats) -> highspy.HighsLp:
    import highspy

    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = elastic.matrix.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, elastic.lower, elastic.upper
    lp.row_lower_, lp.row_upper_ = elastic.row_lower, elastic.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = elastic.matrix.indptr
    lp.a_matrix_.index_ = elastic.matrix.indices
    lp.a_matrix_.value_ = elastic.matrix.data
    return lp


def _highs(solver: str) -> highspy.Highs:
    import highspy

    highs = highspy.Highs()
    settings: dict[str, Any] = {
        "output_flag": False,
        "threads": 1,
        "random_seed": 0,
        "solver": solver,
        "run_crossover": "off",
    }
    for name, value in settings.items():
        highs.setOptionValue(name, value)
    return highs


def minimise(
    elastic: Elastic, charge: Floats, solver: str, held: tuple[Floats, float] | None = None
) -> Solved:
    """Least charge within every rule.

    Parameters
    ----------
    charge
        Charge for a scaled unit of each column.
    solver
        Method of HiGHS: simplex or ipx.
    held
        Another charge, and the most it may come to.

    Raises
    ------
    SopwbError
        When the solver ends without a solution; the programme always has one.
    """
    used = np.abs(charge[charge != 0])
    size = float(np.median(used)) if used.size else 1.0
    highs = _highs(solver)
    highs.passModel(_programme(elastic, charge / size))
    if held is not None:
        at = np.flatnonzero(held[0]).astype(np.int32)
        scale = 1.0 / max(float(np.median(np.abs(held[0][at]))), 1e-12)
        highs.addRow(-np.inf, held[1] * scale, len(at), at, held[0][at] * scale)
    highs.run()
    if highs.modelStatusToString(highs.getModelStatus()) != "Optimal" and solver != "simplex":
        highs.setOptionValue("solver", "simplex")
        highs.run()
    status = highs.modelStatusToString(highs.getModelStatus())
    if status != "Optimal":
        raise SopwbError(f"the supply plan was not solved: HiGHS says {status}")
    found, info = highs.getSolution(), highs.getInfo()
    column = np.clip(np.asarray(found.col_value), elastic.lower, elastic.upper)
    return Solved(
        column=column,
        row_dual=np.asarray(found.row_dual)[: len(elastic.row)] * size,
        column_dual=np.asarray(found.col_dual) * size,
        objective=float(charge @ column),
        status=status,
        gap_rate=float(info.primal_dual_objective_error),
    )
