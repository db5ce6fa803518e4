"""The scenario meeting's stage: every scenario planned again and compared with the base."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pandas as pd

from sopwb.config.model import BASELINE, Model
from sopwb.cycle.parts import collect_parts
from sopwb.cycle.stages import Stage, flow
from sopwb.extend import KINDS, Parts, Tables
from sopwb.scenario.compare import compare_kpi, scenario_kpi
from sopwb.scenario.replan import replan
from sopwb.schema import Schema

__all__ = ["scenario_plans", "scenarios"]

AGAIN = ("20_", "30_", "40_", "50_")
"""Meetings whose stages a scenario may change; data and portfolio reviews look at what is."""
TELLS = ("sample_paths", "demand_review", "supply_review")
"""Stages that tell of the plan and of earlier cycles, and on which no key figure stands."""


def scenario_plans(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """Key figures of every scenario of the customer, planned again from the base's plan.

    A run of a scenario plans no others: its base is another run (`sopwb compare`). Scenarios are
    planned beside each other on every core; a customer with functions of its own
    has them planned one after the other, as other processes do not know those functions.
    """
    if model.scenario != BASELINE:
        return {"scenario_kpi": scenario_kpi({})}
    names = sorted(model.scenarios, key=lambda name: (not _changes_supply(model, parts, name), name))
    workers = min(len(names), os.cpu_count() or 1)
    if workers > 1 and _is_all_built_in(parts):
        figures = _beside(tables, model, parts, names, workers)
    else:
        figures = [_figures(tables, model, parts, name) for name in names]
    return {"scenario_kpi": scenario_kpi(dict(zip(names, figures, strict=True)))}


def scenarios(tables: Tables, _model: Model, _parts: Parts) -> dict[str, pd.DataFrame]:
    """Key figures of every scenario beside those of the base."""
    return {"scenario_comparison": compare_kpi(tables["kpi"], tables["scenario_kpi"])}


def _changes_supply(model: Model, parts: Parts, name: str) -> bool:
    """Whether a scenario changes what supply can do, which takes longest to plan again and so comes first."""
    stages = flow(parts)
    wanted = {read for stage in stages if stage.notebook.startswith("20_") for read in stage.reads}
    able = {read for stage in stages if stage.name == "supply" for read in stage.reads} - wanted
    return any(change.table in able for change in model.scenarios[name].tables)


def _figures(tables: Tables, model: Model, parts: Parts, name: str) -> pd.DataFrame:
    stages = [stage for stage in flow(parts) if _is_planned_again(stage)]
    plain = model.model_copy(update={"supply": model.supply.model_copy(update={"confirmed_limits": 0})})
    return replan(tables, plain, parts, stages, name)["kpi"]


def _is_planned_again(stage: Stage) -> bool:
    named = stage.notebook.startswith(AGAIN) and stage.name not in TELLS
    return named or stage.name == "product_cost"


def _functions(parts: Parts) -> list[Callable[..., Any]]:
    return [function for kind in KINDS for function in getattr(parts, f"{kind}s").values()]


def _is_all_built_in(parts: Parts) -> bool:
    return all(function.__module__.startswith("sopwb.") for function in _functions(parts))


def _beside(
    tables: Tables, model: Model, parts: Parts, names: Sequence[str], workers: int
) -> list[pd.DataFrame]:
    """Key figures of scenarios, planned by this process and fresh ones, each taking the next that waits."""
    given = (dict(tables), model, dict(parts.schema))
    context = get_context("spawn")
    # a notebook's kernel that was reset has lost what a new process asks its main module for
    vars(sys.modules["__main__"]).setdefault("__spec__", None)
    waiting, figures = deque(names), dict[str, pd.DataFrame]()

    def plan(by: Callable[[str], pd.DataFrame]) -> None:
        while waiting:
            try:
                name = waiting.popleft()
            except IndexError:  # another was quicker
                return
            figures[name] = by(name)

    others = workers - 1
    with (
        ProcessPoolExecutor(others, mp_context=context, initializer=_begin, initargs=given) as pool,
        ThreadPoolExecutor(others) as hands,
    ):
        try:
            away = [
                hands.submit(plan, lambda name: pool.submit(_planned, name).result()) for _ in range(others)
            ]
            plan(lambda name: _figures(tables, model, parts, name))
        finally:
            waiting.clear()
        for hand in away:
            hand.result()
    return [figures[name] for name in names]


_given: tuple[Tables, Model, Parts] | None = None
"""What a worker process plans with; set once when it begins."""


def _begin(tables: Tables, model: Model, schema: dict[str, Any]) -> None:
    global _given  # noqa: PLW0603 - a worker has no other place for what it was given
    _given = (tables, model, collect_parts(model, Schema(schema)))


def _planned(name: str) -> pd.DataFrame:
    if _given is None:
        raise RuntimeError("the worker was given nothing to plan with")
    return _figures(*_given, name)
