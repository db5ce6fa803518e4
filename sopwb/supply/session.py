"""The programme in a HiGHS object of its own, which goes on from solve to solve where it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sopwb.config.supply import STOPPED, SupplySettings
from sopwb.errors import Fault, InputError, SopwbError
from sopwb.supply.buckets import Floats, Ints
from sopwb.supply.elastic import Elastic, elastic_of, highs_of
from sopwb.supply.goals import Goal
from sopwb.supply.mixed import whole_decisions
from sopwb.supply.narrow import begin_near, is_worth_narrowing
from sopwb.supply.program import Program
from sopwb.supply.starts import (
    BASIC,
    LOWER,
    Statuses,
    corner_of,
    is_nearly_possible,
    optimise,
    statuses_of,
)

if TYPE_CHECKING:
    import highspy

__all__ = ["MONEY", "UNAVOIDABLE", "Basis", "Found", "Session", "Solved", "UnfinishedError"]

MONEY = 2.0**-10
"""Scale of the objective, so that the solver's tolerances fit."""
UNAVOIDABLE = 2.0**20
WHOLE = 1e-6
"""Distance from a whole number below which a decision is whole."""


@dataclass(frozen=True)
class Basis:
    """The corner a solve ended in: a status of HiGHS for each column and row of the programme.

    Parameters
    ----------
    column, beyond
        Of each variable, and of its part beyond a soft limit where it has one.
    row, slack
        Of each row, and of what it is broken by where it may be.
    """

    column: Statuses
    beyond: Statuses
    row: Statuses
    slack: Statuses

    def fits(self, program: Program) -> bool:
        """Whether it speaks of this programme's columns and rows."""
        rows, columns = program.matrix.shape
        return len(self.column) == columns and len(self.row) == rows


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


class UnfinishedError(InputError):
    """The time allowed for a plan is over before there is one."""

    def __init__(self, seconds: float | None) -> None:
        problem = f"no plan was found in {seconds:g} seconds"
        remedy = "Allow more seconds, or leave the setting out so that the solve ends by itself."
        super().__init__([Fault("supply.solve_seconds", problem, (), remedy)])


@dataclass(frozen=True)
class Found:
    """What the solver answers, in scaled units.

    Parameters
    ----------
    is_best
        Whether no plan is better; false where the time limit ended the search.
    """

    values: Floats
    row_dual: Floats
    column_dual: Floats
    is_best: bool = True


class Session:
    """One programme and the solver that holds it.

    Parameters
    ----------
    program
        Rows and columns of the plan.
    settings
        How it is solved.
    start
        Corner from which the first solve goes on; None solves from nothing.
    is_proof
        Whether a plan that may not be the best is of no use.
    """

    def __init__(
        self,
        program: Program,
        settings: SupplySettings,
        start: Basis | None = None,
        *,
        is_proof: bool = False,
    ) -> None:
        self.program = program
        self.elastic = elastic_of(program)
        self._settings = settings
        self._solver = highs_of(self.elastic)
        self.log: list[Solved] = []
        self._is_told = False
        self._is_proof = is_proof
        self.allow(1.0)
        if start is not None:
            self.begin_at(start)

    @property
    def solver(self) -> highspy.Highs:
        """The solver that holds the programme."""
        return self._solver

    @property
    def settings(self) -> SupplySettings:
        """How it is solved."""
        return self._settings

    def afresh(self, settings: SupplySettings, share: float) -> Session:
        """A solver without a corner for the same programme and whole decisions; its log goes on.

        Parameters
        ----------
        settings
            How it is solved.
        share
            Share of the seconds of a plan that it may take.
        """
        other = Session(self.program, settings)
        other._bound(self.elastic)
        other.log = self.log
        other.allow(share)
        return other

    def allow(self, share: float) -> None:
        """Let all solves together take a share of the seconds that a plan may take."""
        seconds = self._settings.solve_seconds
        self._solver.setOptionValue("time_limit", float("inf") if seconds is None else share * seconds)

    @property
    def seconds_left(self) -> float:
        """Seconds of solving that are still allowed; infinite without a limit."""
        seconds = self._settings.solve_seconds
        return float("inf") if seconds is None else max(seconds - float(self._solver.getRunTime()), 0.0)

    def charge(self, goal: Goal) -> Floats:
        """Charge of a goal for a scaled unit of each column of the solver."""
        program = self.program
        return np.asarray(MONEY * (self.elastic.pick.T @ (program.unit * program.spread(goal.charge))))

    @property
    def steering(self) -> Floats:
        """Charge for broken soft rows, and for what is broken only where nothing else is possible."""
        return MONEY * self.elastic.slack_charge + UNAVOIDABLE * self.elastic.elastic_columns

    @property
    def impossible(self) -> Floats:
        """Charge for what is broken only where nothing else is possible."""
        return UNAVOIDABLE * self.elastic.elastic_columns

    def best(self, goal: str, cost: Floats, *, is_possible: bool = False) -> Found:
        """Values that make a cost of the columns least, with the prices of rows and bounds.

        Parameters
        ----------
        goal
            What it is called in the log.
        cost
            Charge for a scaled unit of each column.
        is_possible
            Whether the corner it goes on from keeps all rows, so that only the cost is new.

        Raises
        ------
        UnfinishedError
            The time limit ended the solve before there was a plan of use.
        SopwbError
            No method finds the optimum; the programme is built so that there always is one.
        """
        solver = self._solver
        solver.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), cost)
        if self._is_told and not is_possible:
            is_possible = is_nearly_possible(solver)
            if not is_possible and self._settings.solve_seconds is None and is_worth_narrowing(solver):
                is_possible = begin_near(solver)
        self._is_told = False
        status = optimise(solver, self._settings, is_possible=is_possible)
        found, lp = solver.getSolution(), solver.getLp()
        values, row_dual, column_dual = (
            np.asarray(part, float) for part in (found.col_value, found.row_dual, found.col_dual)
        )
        is_best = status != STOPPED
        is_plan = is_best or (not self._is_proof and _has_plan(solver))
        objective = solver.getObjectiveValue() / MONEY if is_plan else float("nan")
        size = lp.num_row_, lp.num_col_, len(lp.a_matrix_.value_)
        self.log.append(Solved(goal, status, objective, *size, 0.0 if is_best else float("nan")))
        if not is_plan:
            raise UnfinishedError(self._settings.solve_seconds)
        return Found(values, row_dual, column_dual, is_best)

    def hold(self, charge: Floats, limit: float) -> int:
        """Keep a charge at no more than a limit in every solve that follows; the solver's row for it."""
        columns = np.flatnonzero(charge)
        size = _size(charge)
        chosen = columns.astype(np.int32)
        self._solver.addRow(-np.inf, limit * size, len(columns), chosen, charge[columns] * size)
        return int(self._solver.getNumRow()) - 1

    def hold_at(self, row: int, charge: Floats, limit: float) -> None:
        """Keep a charge that is already held at another limit; an infinite one lets it go."""
        self._solver.changeRowBounds(row, -np.inf, limit * _size(charge))

    def loosen(self, row: int, step: float) -> bool:
        """Move the limit of a row of the programme by a step from where it is, in the row's unit.

        Returns
        -------
        bool
            Whether the solver has a limit for the row; one that only splits a decision has none.
        """
        elastic, solver = self.elastic, self._solver
        kept = int(np.searchsorted(elastic.row, row))
        if kept < len(elastic.row) and elastic.row[kept] == row:
            moved = step * elastic.row_scale[kept]
            solver.changeRowBounds(kept, elastic.row_lower[kept] + moved, elastic.row_upper[kept] + moved)
            return True
        found = np.flatnonzero(elastic.bound_row == row)
        for place in found[:1]:
            column, factor = int(elastic.bound_column[place]), elastic.bound_factor[place]
            lower, upper = elastic.lower[column], elastic.upper[column]
            moved = step / (factor * self.program.unit[column])
            lower, upper = (
                (lower, max(upper + moved, lower)) if factor > 0 else (max(lower + moved, 0), upper)
            )
            solver.changeColBounds(column, lower, upper)
        return bool(len(found))

    def ranges(self, rows: Ints) -> tuple[Floats, Floats]:
        """Least and most limit of rows of the programme between which the prices of the last solve hold.

        Infinite where there is no end, and where the solve ended in no corner or the solver has no
        limit for the row not a number.
        """
        elastic, unit = self.elastic, self.program.unit
        ends = np.full((2, len(rows)), np.nan)
        status, told = self._solver.getRanging()
        if "Ok" not in str(status) or not told.valid:
            return ends[0], ends[1]
        kept = {int(row): place for place, row in enumerate(elastic.row)}
        bound = {int(row): place for place, row in enumerate(elastic.bound_row)}
        of_rows, of_columns = ((told.row_bound_dn, told.row_bound_up), (told.col_bound_dn, told.col_bound_up))
        limits = [[np.asarray(end.value_, float) for end in pair] for pair in (of_rows, of_columns)]
        for place, row in enumerate(rows):
            if int(row) in kept:
                at = kept[int(row)]
                ends[:, place] = [limit[at] / elastic.row_scale[at] for limit in limits[0]]
            elif int(row) in bound:
                at = bound[int(row)]
                column = elastic.bound_column[at]
                factor = elastic.bound_factor[at] * unit[column]
                ends[:, place] = sorted(limit[column] * factor for limit in limits[1])
        return ends[0], ends[1]

    def move_to(self, program: Program) -> None:
        """Take other limits of the same rules, and go on from the corner of the last solve.

        Raises
        ------
        SopwbError
            The other programme has other rows or columns.
        """
        elastic = elastic_of(program)
        old, solver = self.elastic, self._solver
        if elastic.matrix.shape != old.matrix.shape or abs(elastic.matrix - old.matrix).max() > 0:
            raise SopwbError("the plan has other rows or columns than the one that was solved")
        rows = np.flatnonzero((elastic.row_upper != old.row_upper) | (elastic.row_lower != old.row_lower))
        for row in rows:
            solver.changeRowBounds(int(row), elastic.row_lower[row], elastic.row_upper[row])
        self._bound(elastic)
        self.program = program

    def fix_whole(self, cost: Floats) -> None:
        """Find the whole decisions of the best plan for a cost, and keep them in every solve that follows."""
        whole = whole_decisions(self.program, self.elastic, cost, self._settings)
        if whole is not None:
            size = (*whole.elastic.matrix.shape, whole.elastic.matrix.nnz)
            objective = whole.objective / MONEY
            self.log.append(Solved("whole decisions", whole.status, objective, *size, whole.gap))
            self._bound(whole.elastic)

    def keep_whole(self, values: Floats) -> None:
        """Keep the whole decisions of a known plan in every solve that follows; without any keep none.

        Parameters
        ----------
        values
            Value of each variable of the programme.
        """
        whole = np.flatnonzero(self.program.whole_bucket >= 0)
        counted = values[whole] / self.program.unit[whole]
        if len(whole) and np.abs(counted - np.round(counted)).max() <= WHOLE:
            lower, upper = self.elastic.lower.copy(), self.elastic.upper.copy()
            lower[whole] = upper[whole] = np.round(counted)
            self._bound(replace(self.elastic, lower=lower, upper=upper))

    def _bound(self, elastic: Elastic) -> None:
        """Take the bounds of columns of a programme of the same columns."""
        old = self.elastic
        for column in np.flatnonzero((elastic.lower != old.lower) | (elastic.upper != old.upper)):
            self._solver.changeColBounds(int(column), elastic.lower[column], elastic.upper[column])
        self.elastic = elastic

    def begin_at(self, basis: Basis) -> None:
        """Let the next solve go on from a corner; one of other rows and columns is passed over."""
        if not basis.fits(self.program):
            return
        elastic = self.elastic
        beyond, slack = basis.beyond[elastic.twin], basis.slack[elastic.row[elastic.loose]]
        extra = self._solver.getNumRow() - len(elastic.row)
        row = np.concatenate([basis.row[elastic.row], np.full(extra, BASIC, np.int8)])
        self._solver.setBasis(corner_of(np.concatenate([basis.column, beyond, slack]), row))
        self._is_told = True

    def basis(self) -> Basis | None:
        """Corner of the last solve; None where it ended in no corner."""
        elastic = self.elastic
        if not self._solver.getBasis().valid:
            return None
        rows, columns = self.program.matrix.shape
        column, kept = statuses_of(self._solver)
        row, slack = np.full(rows, BASIC, np.int8), np.full(rows, LOWER, np.int8)
        beyond = np.full(columns, LOWER, np.int8)
        ends = columns + len(elastic.twin)
        beyond[elastic.twin] = column[columns:ends]
        slack[elastic.row[elastic.loose]] = column[ends:]
        row[elastic.row] = kept[: len(elastic.row)]
        return Basis(column[:columns], beyond, row, slack)

    def plan(self, found: Found) -> Floats:
        """Value of each variable of the programme."""
        values = self.program.unit * (self.elastic.pick @ found.values)
        return np.asarray(np.maximum(values, 0.0), dtype=np.float64)

    def prices(self, found: Found) -> Floats:
        """What one more unit of the limit of each row of the programme is worth, in money; never negative."""
        program, elastic = self.program, self.elastic
        price: Floats = np.zeros(len(program.most))
        price[elastic.row] = -found.row_dual[: len(elastic.row)] * elastic.row_scale
        column, factor = elastic.bound_column, elastic.bound_factor
        price[elastic.bound_row] = -found.column_dual[column] / (program.unit[column] * factor)
        return np.asarray(np.maximum(price, 0.0) / MONEY, dtype=np.float64)


def _size(charge: Floats) -> float:
    """Power of two that brings a charge of columns near one."""
    return float(2.0 ** -np.round(np.log2(max(np.abs(charge).max(initial=0.0), 1e-12))))


def _has_plan(solver: highspy.Highs) -> bool:
    """Whether what a stopped solve stands at keeps all rows and bounds."""
    import highspy

    info = solver.getInfo()
    return bool(info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible)
