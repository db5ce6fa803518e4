"""Limits that no plan keeps together: the smallest set of each conflict, and what each of it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sopwb.config.supply import SupplySettings
from sopwb.supply.buckets import Ints
from sopwb.supply.data import PlanData
from sopwb.supply.goals import Goal, goals_of
from sopwb.supply.program import Program, RuleRows
from sopwb.supply.session import MONEY, UNAVOIDABLE, Session, UnfinishedError

__all__ = ["limit_conflict"]

MOST_CONFLICTS = 3
BROKEN = 1e-6
"""Scaled sum of broken hard limits below which all are kept."""
LIFTED = 10.0
"""How many times its own size a limit is raised by when it is lifted."""
GIVES_WAY = 1e-3
"""Charge for breaking the one limit that gives way, as a share of that for breaking any other."""
KEY = ["constraint", "subject"]
COLUMNS = ["conflict", *KEY, "first_period", "last_period", "unit", "give_way_qty", "cost_value", "lost_qty"]


@dataclass(frozen=True, eq=False)
class _Group:
    """All rows of one rule that speak of one subject."""

    constraint: str
    subject: str
    unit: str
    rows: Ints
    bucket: Ints


def _groups(program: Program) -> list[_Group]:
    """Business limits by rule and subject; soft rows give way anyway and are in no conflict."""
    groups = []
    for rule in program.rules:
        if rule.rows is None:
            continue
        subjects = pd.Series(rule.rows.subject).astype(str)
        for subject in sorted(subjects.unique()):
            firm = np.flatnonzero(subjects.eq(subject).to_numpy() & ~rule.is_soft)
            if len(firm):
                rows, bucket = (rule.first + firm).astype(np.int64), rule.rows.bucket[firm]
                groups.append(_Group(rule.name, str(subject), rule.unit, rows, bucket))
    return groups


def _breakable(rule: RuleRows) -> RuleRows:
    """The rule with every limit breakable, also those that doing nothing would keep."""
    return replace(rule, is_elastic=~rule.is_soft)


class _Trial:
    """A solver that says whether the limits that stand can be kept together."""

    def __init__(self, program: Program, goals: tuple[Goal, Goal], settings: SupplySettings) -> None:
        rules = tuple(rule if rule.rows is None else _breakable(rule) for rule in program.rules)
        self.session = session = Session(replace(program, rules=rules), settings, is_proof=True)
        self._most = np.abs(program.most)
        served, earned = (session.charge(goal) for goal in goals)
        self._charge = earned + MONEY * session.elastic.slack_charge
        self._cost = settings.service_weight * served + earned + session.steering

    def lift(self, group: _Group, *, is_lifted: bool) -> None:
        """Lift the limits of a group, or let them stand again."""
        step = LIFTED * max(float(self._most[group.rows].max(initial=0.0)), 1.0) * is_lifted
        for row in group.rows:
            self.session.loosen(int(row), step)

    def is_impossible(self) -> tuple[bool, np.ndarray]:
        """Whether some limit must be broken, and the rows that say so."""
        session = self.session
        found = session.best("conflicting limits", session.impossible)
        broken = float(session.impossible @ found.values) / UNAVOIDABLE  # noqa: PD011 - no frame
        price = session.prices(found)
        return broken > BROKEN, price > BROKEN * price.max(initial=0.0)

    def way_out(self, group: _Group, members: list[_Group]) -> tuple[float, float, float]:
        """Most by which a limit gives way so that the others of its conflict stand, and what that costs.

        The plan in which it alone gives way, and as little as can be, is held against one in which no
        limit of the conflict counts: the contribution it loses, and the demand.
        """
        elastic, cost = self.session.elastic, self._cost.copy()
        slack = np.flatnonzero(np.isin(elastic.row[elastic.loose], group.rows))
        column = len(cost) - len(elastic.loose) + slack
        cost[column] *= GIVES_WAY
        found = self.session.best("a limit gives way", cost)
        for member in members:
            self.lift(member, is_lifted=True)
        free = self.session.best("none of the limits", self._cost)
        for member in members:
            self.lift(member, is_lifted=False)
        broken = found.values[column] / elastic.row_scale[elastic.loose[slack]]  # noqa: PD011 - no frame
        charge = self._charge @ (found.values - free.values)  # noqa: PD011 - no frame
        lost = self.session.program.blocks["lost"]
        more = (self.session.plan(found) - self.session.plan(free))[lost].sum()
        return float(broken.max(initial=0.0)), float(charge) / MONEY, float(more)


def _smallest(trial: _Trial, standing: list[_Group], others: list[_Group]) -> list[_Group]:
    """Groups of a conflict of which none can be left out; all stand again afterwards."""
    for group in others:
        trial.lift(group, is_lifted=True)
    members = []
    for group in standing:
        trial.lift(group, is_lifted=True)
        if not trial.is_impossible()[0]:
            trial.lift(group, is_lifted=False)
            members.append(group)
    for group in [*others, *standing]:
        trial.lift(group, is_lifted=False)
    return members


def limit_conflict(
    broken: pd.DataFrame, data: PlanData, program: Program, settings: SupplySettings
) -> pd.DataFrame:
    """Table ``limit_conflict``: of limits that cannot be kept together, smallest sets found by deletion.

    One limit of the set after the other is lifted; where the rest can still not be kept together it is
    no part of the conflict and stays lifted. What is left conflicts, and no longer does when any one
    of it gives way. Another conflict is sought with the first limit of the last one lifted. Of each
    member it is told by how much it has to give way when the others stand, and what the plan then
    loses in contribution and demand. What the time allowed does not reach is left out.

    Parameters
    ----------
    broken
        Table ``broken_limit``; without hard limits in it nothing is sought.
    """
    if not broken["is_hard"].any():
        return pd.DataFrame(columns=COLUMNS)
    told: list[pd.DataFrame] = []
    try:
        for found in _conflicts(data, program, settings):
            told.append(found)  # noqa: PERF402 - what was found before time is over counts
    except UnfinishedError:
        pass
    return pd.concat(told, ignore_index=True)[COLUMNS] if told else pd.DataFrame(columns=COLUMNS)


def _conflicts(data: PlanData, program: Program, settings: SupplySettings) -> Iterator[pd.DataFrame]:
    """One conflict after the other."""
    trial, groups = _Trial(program, goals_of(data), settings), _groups(program)
    for conflict in range(1, MOST_CONFLICTS + 1):
        is_impossible, says = trial.is_impossible()
        standing = [group for group in groups if says[group.rows].any()]
        if not is_impossible:
            break
        members = _smallest(trial, standing, [group for group in groups if group not in standing])
        if not members:
            break
        rows = []
        for group in members:
            when = group.bucket[says[group.rows]]
            first, last = data.buckets.period[[when.min(), when.max()]]
            way_out = trial.way_out(group, members)
            rows.append((conflict, group.constraint, group.subject, first, last, group.unit, *way_out))
        yield pd.DataFrame(rows, columns=COLUMNS)
        groups.remove(members[0])
        trial.lift(members[0], is_lifted=True)
