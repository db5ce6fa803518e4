"""Solve the programme with HiGHS: service first, then contribution at held service, with prices of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np


from sopwb.config.supply import SupplySettings
from sopwb.errors import SopwbError
from sopwb.supply.buckets import Floats
from sopwb.supply.elastic import Elastic, elastic_of
from sopwb.supply.goals import Goal
from sopwb.supply.program import Program

if TYPE_CHECKING:
    import highspy

__all__ = ["Solution", "Solved", "solve"]

MONEY = 2.0**-10
"""Scale of the objective, so that the solver's tolerances fit."""
LEAST_SLACK = 1e-3
"""Charge by which service may fall short of the best in the second stage, where the best is zero."""
UNAVOIDABLE = 2.0**20


@dataclass(frozen=True)
class Solved:
    """One solve as the log tells it."""

    goal: str
    status: str
    objective: float
    rows: int
    columns: int
    nonzeros: int


@dataclass(frozen=True)
class Solution:
    """The plan as variables of the programme, and what its rows are worth.

    Parameters
    ----------
    values
        Value of each column of the programme.
    service_price, price
        What one more unit of each row's limit takes off the service charge, and off the cost at held
        service; never negative.
    log
        The solves, in order.
    """

    values: Floats
    service_price: Floats
    price: Floats
    log: tuple[Solved, ...]


def solve(program: Program, service: Goal, contribution: Goal, settings: SupplySettings) -> Solution:
    """The best plan: least charge for poor service, and at that service the best contribution.

    Raises
    ------
    SopwbError
        The solver finds no plan; the programme is built so that there always is one.
    """
    elastic = elastic_of(program)
    scale = elastic.pick.T
    served = MONEY * (scale @ (program.unit * program.spread(service.charge)))
    earned = MONEY * (scale @ (program.unit * program.spread(contribution.charge)) + elastic.slack_charge)
    forced = UNAVOIDABLE * elastic.elastic_columns
    solver = _loaded(elastic, settings)
    first, dual, reduced, log = _run(solver, served + forced, service.name)
    service_price = _row_prices(program, elastic, dual, reduced)
    best = float(served @ first)
    limit = best * (1 + settings.service_slack_rate) + MONEY * LEAST_SLACK
    _hold(solver, served, limit)
    values, dual, reduced, last = _run(solver, earned + forced, contribution.name)
    price = _row_prices(program, elastic, dual[:-1], reduced)
    plan = program.unit * (elastic.pick @ values)
    return Solution(np.maximum(plan, 0.0), service_price, price, (log, last))


def _loaded(elastic: Elastic, settings: SupplySettings) -> highspy.Highs:
    import highspy

    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", 0)
    solver.setOptionValue("solver", settings.solver)
    lp = highspy.HighsLp()
    rows, columns = elastic.matrix.shape
    lp.num_row_, lp.num_col_ = rows, columns
    lp.col_cost_ = np.zeros(columns)
    lp.col_lower_, lp.col_upper_ = elastic.lower, elastic.upper
    lp.row_lower_, lp.row_upper_ = elastic.row_lower, elastic.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = elastic.matrix.indptr
    lp.a_matrix_.index_ = elastic.matrix.indices
    lp.a_matrix_.value_ = elastic.matrix.data
    solver.passModel(lp)
    return solver


def _hold(solver: highspy.Highs, charge: Floats, limit: float) -> None:
    """Keep the charge for service at its best; from the plan already found the simplex method goes on."""
    columns = np.flatnonzero(charge)
    size = 2.0 ** -np.round(np.log2(max(np.abs(charge).max(initial=0.0), 1e-12)))
    solver.setOptionValue("solver", "simplex")
    solver.addRow(-np.inf, limit * size, len(columns), columns.astype(np.int32), charge[columns] * size)


def _run(
    solver: highspy.Highs, cost: Floats, goal: str
) -> tuple[Floats, Floats, Floats, Solved]:
    """Values, prices of rows and of bounds, and the log line of one solve."""
    import highspy

    solver.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), cost)
    solver.run()
    status = solver.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise SopwbError(f"the solver found no plan for {goal}: {solver.modelStatusToString(status)}")
    found, lp = solver.getSolution(), solver.getLp()
    line = Solved(
        goal=goal,
        status="optimal",
        objective=solver.getObjectiveValue() / MONEY,
        rows=lp.num_row_,
        columns=lp.num_col_,
        nonzeros=len(lp.a_matrix_.value_),
    )
    arrays = (np.asarray(part, float) for part in (found.col_value, found.row_dual, found.col_dual))
    values, dual, reduced = arrays
    return values, dual, reduced, line


def _row_prices(program: Program, elastic: Elastic, dual: Floats, reduced: Floats) -> Floats:
    """What one more unit of the limit of each row of the programme is worth, in money."""
    price = np.zeros(len(program.most))
    price[elastic.row] = -dual * elastic.row_scale
    column, factor = elastic.bound_column, elastic.bound_factor
    price[elastic.bound_row] = -reduced[column] / (program.unit[column] * factor)
    return np.maximum(price, 0.0) / MONEY


