"""Ways to start a solve: from a corner, from the plan without limits, or from nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sopwb.config.supply import STOPPED, SupplySettings
from sopwb.errors import SopwbError

if TYPE_CHECKING:
    import highspy

__all__ = [
    "BASIC", "LOWER", "PRIMAL", "UPPER", "Statuses", "begin_without_limits", "corner_of",
    "is_nearly_possible", "optimise", "statuses_of",
]  # fmt: skip

Statuses = npt.NDArray[np.int8]

LOWER, BASIC, UPPER = 0, 1, 2
DUAL, PRIMAL = 1, 4
MOST_PIVOTS = 1000
"""Pivots from a known corner, and one more for every eight rows, beyond which a fresh start is quicker."""


def statuses_of(solver: highspy.Highs) -> tuple[Statuses, Statuses]:
    """Status of each column and row in the corner the solver stands in.

    The solver tells which are in the corner; of the others the value tells the end they stand at. That
    takes a tenth of asking for each status, which is left for a corner that no solve has looked at.
    """
    many: Any = solver  # whose stubs leave out what tells all of the corner at once
    told, inside = many.getBasicVariables()
    lp, found = solver.getLp(), solver.getSolution()
    if "Ok" not in str(told) or not found.value_valid:
        basis = solver.getBasis()
        return _numbers(basis.col_status), _numbers(basis.row_status)
    column = _ends(found.col_value, lp.col_lower_, lp.col_upper_)
    row = _ends(found.row_value, lp.row_lower_, lp.row_upper_)
    names = np.asarray(inside)
    column[names[names >= 0]] = BASIC
    row[-1 - names[names < 0]] = BASIC
    return column, row


def _numbers(statuses: list[highspy.HighsBasisStatus]) -> Statuses:
    return np.fromiter((int(status) for status in statuses), np.int8, len(statuses))


def _ends(value: list[float], lower: list[float], upper: list[float]) -> Statuses:
    """The end that each value is nearer to."""
    values = np.asarray(value, float)
    below, above = np.abs(values - np.asarray(lower, float)), np.abs(values - np.asarray(upper, float))
    return np.where(above < below, UPPER, LOWER).astype(np.int8)


def corner_of(column: Statuses, row: Statuses) -> highspy.HighsBasis:
    """The corner with these statuses of columns and rows."""
    from highspy import HighsBasis
    from highspy import HighsBasisStatus as Status

    known = np.array(
        [Status.kLower, Status.kBasic, Status.kUpper, Status.kZero, Status.kNonbasic], dtype=object
    )
    corner = HighsBasis()
    corner.col_status, corner.row_status = list(known[column]), list(known[row])
    corner.valid, corner.alien = True, True
    return corner


def is_nearly_possible(solver: highspy.Highs) -> bool:
    """Whether the corner the solver stands in breaks fewer rows and bounds than prices.

    So does the plan of a company that now may do more, say on another line: costs lead on from there.
    """
    if not solver.getBasis().valid:
        return False
    solver.setOptionValue("solver", "simplex")
    solver.setOptionValue("simplex_iteration_limit", 0)
    solver.run()
    info = solver.getInfo()
    return bool(0 <= info.num_primal_infeasibilities < info.num_dual_infeasibilities)


def begin_without_limits(solver: highspy.Highs) -> None:
    """Let the next solve go on from the best plan without the limits that bind several decisions.

    Without capacities and budgets a plan falls apart into short chains, which simplex finds quickly; its
    prices stay right when the limits come back, so that only what they break is left to mend. Where
    something is worth having without end there is no such plan, and the next solve begins from nothing.
    """
    import highspy

    lp = solver.getLp()
    lower, upper = np.asarray(lp.row_lower_, float), np.asarray(lp.row_upper_, float)
    limits = np.flatnonzero(lower < upper).astype(np.int32)
    endless = np.full(len(limits), np.inf)
    many: Any = solver  # whose stubs leave out what changes many rows at once
    many.changeRowsBounds(len(limits), limits, -endless, endless)
    solver.setOptionValue("solver", "simplex")
    solver.setOptionValue("simplex_strategy", DUAL)
    solver.setOptionValue("simplex_iteration_limit", int(highspy.kHighsIInf))
    solver.run()
    found = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    many.changeRowsBounds(len(limits), limits, lower[limits], upper[limits])
    if not found:
        solver.clearSolver()


def optimise(solver: highspy.Highs, settings: SupplySettings, *, is_possible: bool) -> str:
    """Run the solver: from a corner by simplex, else as settings say; after a failure afresh otherwise.

    Simplex from nothing goes on from the best plan without limits.

    Returns
    -------
    str
        ``optimal``, or that the time limit ended it.

    Raises
    ------
    SopwbError
        None of the methods finds the optimum.
    """
    import highspy

    crossover = "on" if settings.crossover else "off"
    endless = int(highspy.kHighsIInf)
    ways = [(settings.solver, crossover, endless), ("ipx", "off", endless), ("simplex", "off", endless)]
    if solver.getBasis().valid:
        worth = MOST_PIVOTS + solver.getNumRow() // 8
        # simplex from nothing takes less than interior point, so that less is worth trying before it;
        # where only prices are wrong a pivot takes half of what it takes where rows are broken
        if settings.solver == "simplex" and not is_possible:
            worth //= 2
        ways.insert(0, ("simplex", crossover, worth))
    status = highspy.HighsModelStatus.kNotset
    for place, (method, crossing, pivots) in enumerate(ways):
        if place:
            solver.clearSolver()
        is_known = bool(solver.getBasis().valid)
        if method == "simplex" and not is_known:
            begin_without_limits(solver)
        solver.setOptionValue("solver", method)
        solver.setOptionValue("run_crossover", crossing)
        solver.setOptionValue("simplex_iteration_limit", pivots)
        solver.setOptionValue("simplex_strategy", PRIMAL if is_possible and is_known else DUAL)
        solver.run()
        status = solver.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return "optimal"
        if status == highspy.HighsModelStatus.kTimeLimit:
            return STOPPED
    raise SopwbError(f"the solver found no plan: {solver.modelStatusToString(status)}")
