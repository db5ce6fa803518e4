"""Past cycles of a customer, made by running the workbench itself as of each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from sopwb.cycle.inputs import Request, load_inputs
from sopwb.cycle.memory import run_stages
from sopwb.cycle.stages import flow
from sopwb.runs.archive import ARCHIVE_TABLES, remembered
from sopwb.runs.store import write_table
from sopwb.schema import Schema

__all__ = ["make_history", "past_cycles"]

CYCLES = 6
KEPT_MONTHS = {"past_demand_plan": 12, "past_demand_range": 12, "past_supply_plan": 3}
KEPT_DIGITS = 1
LOOKS_ONLY = {"data_review", "portfolio", "demand_review", "scenarios", "check", "executive"}
"""Stages whose tables no later cycle reads."""


def make_history(folder: Path, cycles: int = CYCLES) -> Iterator[str]:
    """Plan a customer as of each of its past month ends, each on the ones before, and keep what they planned.

    The archive tables (``past_...``) are written into the customer's ``data/``.

    Parameters
    ----------
    folder
        The customer's folder.
    cycles
        How many month ends before the current as-of date.

    Yields
    ------
    str
        A line for each cycle as it is done.
    """
    now = load_inputs(Request(folder))
    schema = now.schema
    kept: dict[str, list[pd.DataFrame]] = {name: [] for name in ARCHIVE_TABLES}
    for cycle in past_cycles(now.model.as_of, cycles):
        inputs = load_inputs(replace(Request(folder), as_of=cycle))
        tables = dict(inputs.tables) | _joined(kept, schema)
        stages = [stage for stage in flow(inputs.parts) if stage.name not in LOOKS_ONLY]
        made = run_stages(tables, inputs.model, inputs.parts, schema, stages)
        for name, frame in remembered(made, cycle).items():
            kept[name].append(frame)
        yield f"cycle of {cycle.date()}: {len(made['demand_plan']):,} rows of demand plan"
    for name, frame in _joined(kept, schema).items():
        write_table(folder / "data" / f"{name}.parquet", _trimmed(frame, name), schema[name])
    yield f"{', '.join(ARCHIVE_TABLES)} are in {folder / 'data'}"


def _trimmed(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """What is worth keeping in files: near months only, and no digits nobody reads."""
    if name in KEPT_MONTHS:
        last = frame["cycle"] + pd.DateOffset(months=KEPT_MONTHS[name])
        frame = frame[frame["period"] <= last]
    kept = {"past_kpi": 6}.get(name, KEPT_DIGITS)
    numbers = frame.select_dtypes("float64")
    return frame.assign(**numbers.round(kept)).reset_index(drop=True)


def past_cycles(as_of: pd.Timestamp, count: int) -> list[pd.Timestamp]:
    """Month ends before a date, oldest first."""
    return [as_of - pd.offsets.MonthEnd(back) for back in range(count, 0, -1)]


def _joined(
    kept: dict[str, Sequence[pd.DataFrame]] | dict[str, list[pd.DataFrame]], schema: Schema
) -> dict[str, pd.DataFrame]:
    return {
        name: schema[name].shape(pd.concat(frames)) if frames else schema[name].empty()
        for name, frames in kept.items()
    }
