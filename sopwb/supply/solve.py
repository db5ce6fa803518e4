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
from sopwb.supply.mixed import whole_decisions
from sopwb.supply.program import Program

if TYPE_CHECKING:
    import highspy

__all__ = ["Solution", "Solved", "solve"]

MONEY = 2.0**-10
"""Scale of the objective, so that the solver's tolerances fit."""
LEAST_CHARGE = 1.0
"""Charge for poor service, in money, below which service counts as perfect."""
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
    gap: float = 0.0


@dataclass(frozen=True)
class Solution:
    """The plan as variables of the programme, and what its rows are worth.

    Parameters
    ----------
    values
        Value of each column of the programme.
    service_price, price
        What one more unit of each row's limit is worth with service weighted, and at held service;
        never negative.
    log
        The solves, in order.
    """

    values: Floats
    service_price: Floats
    price: Floats
    log: tuple[Solved, ...]


def solve(program: Program, service: Goal, contribution: Goal, settings: SupplySettings) -> Solution:
    """The best plan: least charge for poor service, and at that service the best contribution.

    The charge for service, weighted far above money, and the contribution are made best in one
    solve. Where service is not perfect a second solve starts from that plan, holds its service
    and looks at contribution alone, so that prices of limits are those at held service.

    Raises
    ------
    SopwbError
        The solver finds no plan; the programme is built so that there always is one.
    """
    elastic = elastic_of(program)
    scale = elastic.pick.T
    served = MONEY * (scale @ (program.unit * program.spread(service.charge)))
    earned = MONEY * (scale @ (program.unit * program.spread(contribution.charge)) + elastic.slack_charge)
    earned = earned + UNAVOIDABLE * elastic.elastic_columns
    whole = whole_decisions(program, elastic, settings.service_weight * served + earned, settings)
    log = []
    if whole is not None:
        elastic = whole.elastic
        size = (*elastic.matrix.shape, elastic.matrix.nnz)
        log.append(Solved("whole decisions", whole.status, whole.objective / MONEY, *size, whole.gap))
    solver = _loaded(elastic, settings)
    found = _run(solver, settings.service_weight * served + earned)
    service_price = price = _row_prices(program, elastic, found)
    missing = float(served @ found.values)
    log.append(_line(solver, f"{service.name} before {contribution.name}", found))
    if missing > MONEY * LEAST_CHARGE:
        _hold(solver, served, missing * (1 + settings.service_slack_rate))
        found = _run(solver, earned)
        price = _row_prices(program, elastic, found)
        log.append(_line(solver, f"{contribution.name} at held {service.name}", found))
    plan = program.unit * (elastic.pick @ found.values)
    return Solution(np.maximum(plan, 0.0), service_price, price, tuple(log))


@dataclass(frozen=True)
class _Found:
    """What the solver answers, in scaled units."""

    values: Floats
    row_dual: Floats
    column_dual: Floats
    objective: float


def _loaded(elastic: Elastic, settings: SupplySettings) -> highspy.Highs:
    import highspy

    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", 0)
    solver.setOptionValue("solver", settings.solver)
    solver.setOptionValue("run_crossover", "on" if settings.crossover else "off")
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


def _run(solver: highspy.Highs, cost: Floats) -> _Found:
    """The best values for a cost of the columns, with the prices of rows and bounds."""
    solver.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), cost)
    _optimise(solver)
    found = solver.getSolution()
    values, row_dual, column_dual = (
        np.asarray(part, float) for part in (found.col_value, found.row_dual, found.col_dual)
    )
    return _Found(values, row_dual, column_dual, solver.getObjectiveValue() / MONEY)


def _optimise(solver: highspy.Highs) -> None:
    """Run the solver; where a method ends without a plan, the next one begins afresh.

    Raises
    ------
    SopwbError
        None of the methods finds the optimum.
    """
    import highspy

    status = highspy.HighsModelStatus.kNotset
    for options in ({}, {"solver": "ipx", "run_crossover": "off"}, {"solver": "simplex"}):
        for name, value in options.items():
            solver.setOptionValue(name, value)
        if options:
            solver.clearSolver()
        solver.run()
        status = solver.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return
    raise SopwbError(f"the solver found no plan: {solver.modelStatusToString(status)}")


def _line(solver: highspy.Highs, goal: str, found: _Found) -> Solved:
    lp = solver.getLp()
    return Solved(goal, "optimal", found.objective, lp.num_row_, lp.num_col_, len(lp.a_matrix_.value_))


def _row_prices(program: Program, elastic: Elastic, found: _Found) -> Floats:
    """What one more unit of the limit of each row of the programme is worth, in money."""
    price = np.zeros(len(program.most))
    price[elastic.row] = -found.row_dual[: len(elastic.row)] * elastic.row_scale
    column, factor = elastic.bound_column, elastic.bound_factor
    price[elastic.bound_row] = -found.column_dual[column] / (program.unit[column] * factor)
    return np.maximum(price, 0.0) / MONEY
