"""Whole decisions: set-ups, orders, lots and heads are found first, then the plan around them as ever."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sopwb.config.supply import STOPPED, SupplySettings
from sopwb.supply.buckets import Floats, Ints
from sopwb.supply.elastic import Elastic, highs_of
from sopwb.supply.program import Program

if TYPE_CHECKING:
    import highspy

__all__ = ["Whole", "whole_decisions"]


@dataclass(frozen=True)
class Whole:
    """What the search for whole decisions found.

    Parameters
    ----------
    elastic
        The programme with the whole decisions fixed; unchanged where none were found.
    status
        ``optimal`` within the gap, ``time limit``, or ``relaxed`` where nothing whole was found.
    objective
        Objective of the plan found, scaled as the costs.
    gap
        Distance from the best bound.
    """

    elastic: Elastic
    status: str
    objective: float
    gap: float


def _solver(elastic: Elastic, cost: Floats, settings: SupplySettings, gap: float) -> highspy.Highs:
    solver = highs_of(elastic, cost)
    for name, value in (
        ("mip_rel_gap", gap),
        ("mip_abs_gap", 0.0),
        ("mip_feasibility_tolerance", 1e-7),
        ("time_limit", settings.mip_seconds),
    ):
        solver.setOptionValue(name, value)
    return solver


def _searched(solver: highspy.Highs, whole: Ints, columns: int) -> tuple[Floats, float, float, bool] | None:
    """Values, objective, gap and whether the search ended by itself; None where it found no plan."""
    import highspy

    kinds = np.zeros(columns, dtype=np.uint8)
    kinds[whole] = 1
    solver.changeColsIntegrality(columns, np.arange(columns, dtype=np.int32), kinds)
    solver.run()
    info = solver.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    done = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    gap = float(info.mip_gap) if len(whole) else 0.0
    values = np.asarray(solver.getSolution().col_value, float)
    return values, float(info.objective_function_value), gap, done


def _fixed(elastic: Elastic, columns: Ints, values: Floats) -> Elastic:
    lower, upper = elastic.lower.copy(), elastic.upper.copy()
    lower[columns] = upper[columns] = np.round(values[columns])
    return replace(elastic, lower=lower, upper=upper)


def whole_decisions(
    program: Program, elastic: Elastic, cost: Floats, settings: SupplySettings
) -> Whole | None:
    """The whole decisions of the best plan for a cost of the columns; None where there are none.

    With a window (``mip_window_buckets``) the decisions of its buckets are made whole and kept,
    while those of later buckets are relaxed; then the next window follows (relax and fix). The
    gap told is then that of the plan against the relaxed programme.
    """
    bucket = program.whole_bucket
    if not (bucket >= 0).any():
        return None
    last = int(bucket.max()) + 1
    window = settings.mip_window_buckets or last
    found = None
    ended, worst = True, 0.0
    bound = None
    current = elastic
    for start in range(0, last, window):
        chosen = np.flatnonzero((bucket >= start) & (bucket < start + window))
        solver = _solver(current, cost, settings, settings.mip_gap_rate)
        found = _searched(solver, chosen, len(cost))
        if found is None:
            return Whole(elastic, "relaxed", float("nan"), float("inf"))
        values, objective, gap, done = found
        if start == 0 and window < last:
            bound = float(_relaxed(elastic, cost, settings))
        current = _fixed(current, chosen, values)
        ended, worst = ended and done, gap
    if bound is not None:
        worst = abs(objective - bound) / max(abs(objective), 1e-12)
    return Whole(current, "optimal" if ended else STOPPED, objective, worst)


def _relaxed(elastic: Elastic, cost: Floats, settings: SupplySettings) -> float:
    """Objective of the programme with nothing whole: a bound for every whole plan."""
    solver = _solver(elastic, cost, settings, 0.0)
    solver.run()
    return float(solver.getInfo().objective_function_value)
