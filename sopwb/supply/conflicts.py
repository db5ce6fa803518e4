"""Limits that no plan keeps together: the smallest set of each conflict, found by deletion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopwb.config.supply import SupplySettings
from sopwb.supply.buckets import Ints
from sopwb.supply.data import PlanData
from sopwb.supply.program import Program
from sopwb.supply.session import UNAVOIDABLE, Session

__all__ = ["limit_conflict"]

MOST_CONFLICTS = 3
BROKEN = 1e-6
"""Scaled sum of broken hard limits below which all are kept."""
LIFTED = 10.0
"""How many times its own size a limit is raised by when it is lifted."""
KEY = ["constraint", "subject"]
COLUMNS = ["conflict", *KEY, "first_period", "last_period", "unit"]


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


class _Trial:
    """A solver that says whether the limits that stand can be kept together."""

    def __init__(self, program: Program, settings: SupplySettings) -> None:
        self.session = Session(program, settings)
        self._most = np.abs(program.most)

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
    of it gives way. Another conflict is sought with the first limit of the last one lifted.

    Parameters
    ----------
    broken
        Table ``broken_limit``; without hard limits in it nothing is sought.
    """
    if not broken["is_hard"].any():
        return pd.DataFrame(columns=COLUMNS)
    trial, groups, rows = _Trial(program, settings), _groups(program), []
    for conflict in range(1, MOST_CONFLICTS + 1):
        is_impossible, says = trial.is_impossible()
        standing = [group for group in groups if says[group.rows].any()]
        if not is_impossible:
            break
        members = _smallest(trial, standing, [group for group in groups if group not in standing])
        for group in members:
            when = group.bucket[says[group.rows]]
            first, last = data.buckets.period[[when.min(), when.max()]]
            rows.append((conflict, group.constraint, group.subject, first, last, group.unit))
        if not members:
            break
        groups.remove(members[0])
        trial.lift(members[0], is_lifted=True)
    return pd.DataFrame(rows, columns=COLUMNS)
