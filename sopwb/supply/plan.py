"""The plan: service first, then contribution, on one programme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Parts
from sopwb.supply.buckets import Floats
from sopwb.supply.data import PlanData
from sopwb.supply.elastic import Elastic, elastic_of
from sopwb.supply.goals import Goal, contribution_goal, service_goal
from sopwb.supply.program import Program, program_of
from sopwb.supply.solver import Solved, minimise
from sopwb.supply.variables import variables_of

__all__ = ["Plan", "Problem", "plan_of", "problem_of"]

NOTHING = 1e-7
NOISE = 1e-9


@dataclass(frozen=True)
class Problem:
    """Everything that is solved, before it is: rules as a programme, and the two goals."""

    data: PlanData
    program: Program
    elastic: Elastic
    service: Goal
    contribution: Goal

    def service_charge(self) -> Floats:
        """Charge for service, and for rules without choice, of each column."""
        program, elastic = self.program, self.elastic
        own = elastic.pick.T @ (program.spread(self.service.charge) * program.unit)
        top = float(np.max(own, initial=1.0))
        return np.asarray(own + elastic.elastic_columns * top)

    def contribution_charge(self) -> Floats:
        """Cost less revenue, with what steers, of each column."""
        own = self.program.spread(self.contribution.charge) * self.program.unit
        return np.asarray(self.elastic.pick.T @ own + self.elastic.slack_charge)


@dataclass(frozen=True)
class Plan:
    """What was decided.

    Parameters
    ----------
    value
        Value of each variable, by block.
    row_price
        What one unit more of each row of the programme is worth at held service, in money.
    service_price
        What one unit more of each row saves of the service charge.
    log
        Table ``solver_log``.
    """

    problem: Problem
    value: Mapping[str, Floats]
    row_price: Floats
    service_price: Floats
    log: pd.DataFrame


def problem_of(data: PlanData, model: Model, parts: Parts) -> Problem:
    """The programme of a plan and its goals, ready to be solved."""
    program = program_of(data, variables_of(data), parts, model.parts.constraints)
    return Problem(data, program, elastic_of(program), service_goal(data), contribution_goal(data))


def _row_prices(problem: Problem, solved: Solved) -> Floats:
    """Worth of one unit more of each row, kept or folded into a bound; zero for equalities."""
    program, elastic = problem.program, problem.elastic
    price = np.zeros(len(program.most))
    price[elastic.row] = -solved.row_dual * elastic.row_scale
    at_bound = np.abs(
        solved.column[elastic.bound_column] * program.unit[elastic.bound_column] - elastic.bound_value
    )
    tight = at_bound <= 1e-6 * program.unit[elastic.bound_column]
    dual = solved.column_dual[elastic.bound_column] / program.unit[elastic.bound_column]
    price[elastic.bound_row] = np.where(tight, -dual / elastic.bound_factor, 0.0)
    return np.where(program.is_equal, 0.0, np.maximum(price, 0.0))


def _log(solves: list[tuple[str, Solved]], elastic: Elastic) -> pd.DataFrame:
    rows, columns = elastic.matrix.shape
    return pd.DataFrame(
        [
            {
                "solve": number,
                "goal": goal,
                "status": solved.status,
                "objective": solved.objective,
                "row_count": rows,
                "column_count": columns,
                "nonzero_count": elastic.matrix.nnz,
                "gap_rate": solved.gap_rate,
            }
            for number, (goal, solved) in enumerate(solves, start=1)
        ]
    )


def plan_of(problem: Problem, solver: str, slack_rate: float) -> Plan:
    """The plan with the best service, and of those the one with the best contribution.

    Both goals are first weighed in one solve. Where it charges nothing for service it is the
    plan, as no plan has less. Otherwise service is solved alone, and contribution again with
    service held at its best.

    Parameters
    ----------
    solver
        Method of HiGHS: simplex or ipx.
    slack_rate
        Share of the best service charge that may be given away for contribution.
    """
    elastic, service, money = problem.elastic, problem.service_charge(), problem.contribution_charge()
    both = minimise(elastic, service + money, solver)
    solves, best, first = [("service and contribution", both)], both, None
    size = float(np.max(service, initial=1.0))
    if service @ both.column > NOTHING * size * 100:
        first = minimise(elastic, service, solver)
        most = first.objective * (1 + slack_rate) + NOTHING * size
        best = minimise(elastic, money, solver, held=(service, most))
        solves = [("service", first), ("contribution at held service", best)]
    program = problem.program
    scaled = elastic.pick @ best.column
    scaled[scaled < NOISE] = 0.0
    whole = scaled * program.unit
    value = {name: whole[part] for name, part in program.blocks.items()}
    return Plan(
        problem=problem,
        value=value,
        row_price=_row_prices(problem, best),
        service_price=_row_prices(problem, first) if first is not None else np.zeros(len(program.most)),
        log=_log(solves, elastic),
    )
