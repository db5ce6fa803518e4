"""Solve every published planning case of a folder with the workbench, and compare with its known answer.

``python -m benchmarks.cases FOLDER`` reads one JSON a case. The kind of a case says how its data
become tables and settings of the workbench; the plan is that of the stage ``supply``, and the
figure that is compared is counted from the plan's tables.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.kinds import Case, CaseError, NotYetError, kind_of
from sopwb.errors import SopwbError

__all__ = ["Result", "compared", "main", "solved"]

TOLERANCE = {"lp": 1e-6, "milp": 1e-4, "bound": 1e-6}
"""Relative distance from the known answer at which a case counts as solved."""


@dataclass(frozen=True)
class Result:
    """One figure of one case.

    Parameters
    ----------
    expected, computed
        Known answer, and that of the workbench; missing where the kind is not there yet or the
        case has no answer.
    tolerance
        Relative distance allowed.
    is_bound
        Whether the known answer is a bound: a smaller figure is as good.
    fault
        Why there is no answer, where a case cannot be read or planned.
    """

    name: str
    figure: str
    expected: float | None
    computed: float | None
    tolerance: float = 0.0
    is_bound: bool = False
    seconds: float = 0.0
    fault: str = ""

    @property
    def gap(self) -> float:
        """Relative distance from the known answer; for a bound only what is beyond it."""
        if self.expected is None or self.computed is None:
            return 0.0
        beyond = self.computed - self.expected
        distance = max(beyond, 0.0) if self.is_bound else abs(beyond)
        return distance / max(abs(self.expected), 1e-12)

    @property
    def is_solved(self) -> bool:
        """Whether the figure is as near as it has to be."""
        return not self.fault and self.gap <= self.tolerance


def _figure(name: str, wanted: Case) -> Result:
    """One figure of a case, or why there is none."""
    begun = time.perf_counter()
    computed, fault = None, ""
    try:
        computed = wanted.computed()
    except (CaseError, SopwbError) as error:
        fault = str(error)
    seconds = time.perf_counter() - begun
    tolerance, is_bound = TOLERANCE[wanted.solver], wanted.solver == "bound"
    return Result(name, wanted.figure, wanted.known, computed, tolerance, is_bound, seconds, fault)


def solved(name: str, case: dict[str, Any]) -> list[Result]:
    """Every figure of a case that has a known answer; one with a fault where the case cannot be read."""
    try:
        adapter: Callable[[dict[str, Any]], list[Case]] = kind_of(case)
        wanted = adapter(case)
    except NotYetError as kind:
        return [Result(name, str(kind), None, None)]
    except CaseError as error:
        return [Result(name, "case", None, None, fault=str(error))]
    except KeyError as missing:
        return [Result(name, "case", None, None, fault=f"the field {missing} is missing")]
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        return [Result(name, "case", None, None, fault=f"a field is not as it should be: {error}")]
    return [_figure(name, each) for each in wanted]


def _read(path: Path) -> list[Result]:
    """Every figure of the case in a file."""
    try:
        case = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        return [Result(path.stem, "case", None, None, fault=f"the file cannot be read: {error}")]
    return solved(path.stem, case)


def compared(folder: Path) -> list[Result]:
    """Every case of a folder, in the order of the files' names.

    Raises
    ------
    FileNotFoundError
        There is no case in the folder, or no folder.
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        raise FileNotFoundError(f"{folder}: there is no case (*.json) in it")
    return [result for path in files for result in _read(path)]


def _line(result: Result) -> str:
    name = f"{result.name:<32}{result.figure[:34]:<36}"
    if result.fault:
        return f"{name}NO ANSWER: {' '.join(result.fault.split())}"
    if result.computed is None or result.expected is None:
        return f"{name}not yet"
    verdict = "ok" if result.is_solved else "BEYOND TOLERANCE"
    relation = "<=" if result.is_bound else ""
    return (
        f"{name}{relation:>2}{result.expected:>16.6f}{result.computed:>16.6f}"
        f"{result.gap:>11.2e}  {verdict} ({result.seconds:.1f} s)"
    )


def main(arguments: list[str] | None = None) -> int:
    """Print a line for each figure; 1 where one is beyond its tolerance or has no answer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    given = parser.parse_args(arguments)
    try:
        results = compared(given.folder)
    except FileNotFoundError as fault:
        print(fault, file=sys.stderr)
        return 2
    print(f"{'case':<32}{'figure':<36}  {'expected':>16}{'computed':>16}{'gap':>11}")
    for result in results:
        print(_line(result), flush=True)
    return int(any(not result.is_solved for result in results))


if __name__ == "__main__":
    sys.exit(main())
