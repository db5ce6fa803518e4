"""What no plan of an instance can cost less than, found offline by prices of what families share.

``python -m benchmarks.bound INSTANCE`` relaxes hours, components and storage at prices: families' best
answers to any prices, and what the rest is worth at them, bound the objective of the detailed linear
programme from below (Lagrange), to the tolerance of the solver, 1e-7. One JSON line tells the best bound
of some rounds; with ``--objective`` also how far a plan is from it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import scipy.sparse as sp

from benchmarks.instance import model_of, read_instance, workbench_tables
from benchmarks.prices import Rounds, price_rounds
from benchmarks.products import Desks
from benchmarks.whole import Whole, whole_of
from sopwb.cycle.parts import collect_parts
from sopwb.schema import load_schema
from sopwb.supply.data import plan_data
from sopwb.supply.program import program_of
from sopwb.supply.variables import variables_of

__all__ = ["bound_of", "main", "whole_instance"]


def whole_instance(folder: Path) -> Whole:
    """The detailed programme of an instance's tables."""
    instance = read_instance(folder)
    tables, model = workbench_tables(instance), model_of(instance)
    parts = collect_parts(model, load_schema())
    data = plan_data(tables, model, parts)
    return whole_of(data, program_of(data, variables_of(data), parts, model.parts.constraints), tables)


def bound_of(whole: Whole, rounds: Rounds) -> tuple[float, int]:
    """The best bound of some rounds of prices, and how many rounds there were."""
    with Desks(whole, sp.csc_array(whole.matrix)) as desks:
        volume = price_rounds(whole, desks, rounds)
    return volume.bound, volume.rounds


def main(arguments: list[str] | None = None) -> int:
    """Find the bound and tell it in one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("instance", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--objective", type=float, help="objective of a plan, to tell its distance")
    given = parser.parse_args(arguments)
    bound, number = bound_of(whole_instance(given.instance), Rounds(most=max(given.rounds, 1), gap=1e-6))
    told = {"bound": bound, "rounds": number, "cpu_s": round(time.process_time(), 1)}
    if given.objective is not None:
        told["gap"] = (given.objective - bound) / abs(bound)
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
