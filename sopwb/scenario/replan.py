"""Plan a scenario again in memory, running only the stages that its changes reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from sopwb.config.load import with_settings
from sopwb.config.model import Model
from sopwb.config.overlay import apply_changes
from sopwb.cycle.stages import EVERYTHING, Stage, run_stage
from sopwb.extend import Parts, Tables

__all__ = ["replan"]


def replan(
    tables: Tables, model: Model, parts: Parts, stages: Sequence[Stage], scenario: str
) -> dict[str, pd.DataFrame]:
    """Tables of a scenario, made from those of the base and the scenario's changes.

    A stage is run when its tables are not there yet, and again when it reads a table that has
    changed; a table that comes out as it was has not changed. One that looks back is run again only
    where an input has changed in what had begun by the as-of date. Settings may reach any stage, so
    a scenario that sets one runs all.

    Parameters
    ----------
    tables
        Inputs and results of the base.
    model
        The base's resolved model, which holds the scenario.
    parts
        Marked functions and declarations.
    stages
        Stages to consider, in order.
    scenario
        Name of the scenario.
    """
    plan, schema = model.scenarios[scenario], parts.schema
    changed_model = with_settings(model, plan.settings, scenario)
    inputs = {name: frame for name, frame in tables.items() if schema[name].is_input}
    overlaid = apply_changes(inputs, plan.tables, schema)
    dirty = {name for name, frame in overlaid.items() if frame is not inputs[name]}
    made = {**tables, **{name: schema[name].shape(overlaid[name]) for name in sorted(dirty)}}
    for stage in stages:
        changed = {name for name in dirty & set(stage.reads) if _matters(stage, name, made, tables, model)}
        is_missing = not made.keys() >= set(stage.writes)
        if plan.settings or EVERYTHING in stage.reads or changed or is_missing:
            again = run_stage(stage, made, changed_model, parts, schema)
            dirty |= {name for name, frame in again.items() if _differs(frame, tables, name)}
            made |= again
    return made


def _matters(stage: Stage, name: str, made: Tables, base: Tables, model: Model) -> bool:
    """Whether the change of a table can reach a stage."""
    if not stage.looks_back:
        return True
    return name in stage.looks_back and not _begun(made[name], model).equals(_begun(base[name], model))


def _begun(frame: pd.DataFrame, model: Model) -> pd.DataFrame:
    if "start_date" not in frame:
        return frame
    return frame[frame["start_date"] <= model.as_of].reset_index(drop=True)


def _differs(frame: pd.DataFrame, tables: Mapping[str, pd.DataFrame], name: str) -> bool:
    return name not in tables or not frame.equals(tables[name])
