"""What can go wrong, in words for the person who has to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Fault", "InputError", "PlanCheckError", "SopwbError", "SourceError"]

SHOWN_ROWS = 5


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with the input, where it is, and what would be right.

    Parameters
    ----------
    where
        Table, file or setting, as the user knows it: ``sales_history.sold_qty``.
    problem
        What is wrong, in one clause.
    rows
        The offending rows or lines; only the first few are shown, the count is of all.
    remedy
        What would be right.
    """

    where: str
    problem: str
    rows: Sequence[str] = ()
    remedy: str = ""

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.problem}"]
        lines += [f"    {row}" for row in self.rows[:SHOWN_ROWS]]
        hidden = len(self.rows) - SHOWN_ROWS
        if hidden > 0:
            lines.append(f"    and {hidden} more")
        if self.remedy:
            lines.append(f"  → {self.remedy}")
        return "\n".join(lines)


class SopwbError(Exception):
    """Our own fault, or one nobody has given a better name."""

    exit_code = 70


class InputError(SopwbError):
    """The user's data or settings are wrong; holds every fault that was found.

    Parameters
    ----------
    faults
        All faults, in the order in which they should be read.
    """

    exit_code = 2

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class SourceError(SopwbError):
    """A source system could not be read; nothing is wrong with what the user wrote."""

    exit_code = 3


class PlanCheckError(SopwbError):
    """The plan was made and published, but fails its own checks, or is no longer what was published."""

    exit_code = 1
