"""Walk the flow in memory: the same stages and the same tables as the notebooks, without a kernel."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sopwb.config.model import BASELINE, Model
from sopwb.cycle.inputs import Request, load_inputs
from sopwb.cycle.stages import STAGES, Stage, flow, run_stage
from sopwb.errors import Fault, InputError
from sopwb.extend import Parts
from sopwb.schema import Schema

__all__ = ["find_customer", "run_cycle", "run_stages", "runs_folder"]

CUSTOMERS = "SOPWB_CUSTOMERS"
RUNS = "SOPWB_RUNS"


def find_customer(name: str | Path) -> Path:
    """Folder of a customer: a path, or a name looked up on the search path.

    The search path is ``SOPWB_CUSTOMERS`` (folders of customers, separated as PATH is), then
    ``customers/`` here and in the clone sopwb is installed from.

    Raises
    ------
    InputError
        There is no such customer.
    """
    direct = Path(name)
    if (direct / "model.yaml").is_file():
        return direct.resolve()
    searched = [Path(place) for place in os.environ.get(CUSTOMERS, "").split(os.pathsep) if place]
    searched += [Path.cwd() / "customers", Path(__file__).resolve().parents[2] / "customers"]
    if direct.name == str(name):
        for place in searched:
            if (place / name / "model.yaml").is_file():
                return (place / name).resolve()
    found = sorted({path.parent.name for place in searched for path in place.glob("*/model.yaml")})
    remedy = f"known are {', '.join(found)}; or give a path to a folder with a model.yaml"
    raise InputError([Fault("customer", f"there is no customer {str(name)!r}", remedy=remedy)])


def runs_folder() -> Path:
    """Folder in which runs are kept: ``SOPWB_RUNS``, else ``runs/`` here."""
    return Path(os.environ.get(RUNS) or Path.cwd() / "runs").resolve()


def run_stages(
    tables: Mapping[str, pd.DataFrame],
    model: Model,
    parts: Parts,
    schema: Schema,
    stages: Sequence[Stage] = STAGES,
) -> dict[str, pd.DataFrame]:
    """The given tables and those that the stages make of them, one after the other.

    Parameters
    ----------
    tables
        Input tables, and results of the stages that are left out.
    model, parts, schema
        The customer's settings, marked functions and declarations.
    stages
        Stages to run, in order.
    """
    made = dict(tables)
    for stage in stages:
        made |= run_stage(stage, made, model, parts, schema)
    return made


def run_cycle(
    customer: str | Path,
    scenario: str = BASELINE,
    *,
    as_of: str | None = None,
    source: Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    runs: Path | None = None,
    builds_on: str | None = None,
    choose: Callable[[Stage], bool] = lambda _stage: True,
) -> dict[str, pd.DataFrame]:
    """Every table of one pass, inputs and results, made in memory and written nowhere.

    Parameters
    ----------
    customer
        Name or folder of the customer.
    scenario
        Name of the scenario.
    as_of
        Last day of history as ``2026-02-28``; None leaves it to the model and the data.
    source
        Folder of the source data.
    parameters
        Settings of this run by dotted key.
    runs, builds_on
        Where earlier runs are kept, and the one to build on.
    choose
        Stages to run; those left out must not be needed by the others.

    Raises
    ------
    InputError
        Settings or data are wrong.
    """
    day = pd.Timestamp(as_of) if as_of else None
    request = Request(find_customer(customer), scenario, parameters, day, source, runs, builds_on)
    inputs = load_inputs(request)
    stages = [stage for stage in flow(inputs.parts) if choose(stage)]
    return run_stages(inputs.tables, inputs.model, inputs.parts, inputs.schema, stages)
