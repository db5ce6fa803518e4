"""One meeting of the cycle, as its notebook sees it: run its stages once, then look at what they made."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from sopwb.config.load import model_from_yaml
from sopwb.config.model import BASELINE, Model
from sopwb.cycle.claims import take_made
from sopwb.cycle.inputs import Request, load_inputs, schema_of
from sopwb.cycle.memory import find_customer, run_stages, runs_folder
from sopwb.cycle.parts import collect_parts
from sopwb.cycle.resources import peak_memory_mb
from sopwb.cycle.reuse import Reuse, reuse_from, table_digests
from sopwb.cycle.stages import EVERYTHING, Stage, flow, run_stage, seen, stages_of
from sopwb.errors import Fault, InputError
from sopwb.extend import Parts, mark_of
from sopwb.report.pack import show_section, shows
from sopwb.runs.publish import latest_run, unwritable
from sopwb.runs.store import read_table, write_tables
from sopwb.schema import Schema

__all__ = ["INPUTS", "ORDER", "TABLES", "TIMINGS", "Step", "noted", "open_step"]

ORDER = "order.json"
TIMINGS = "timings.jsonl"
INPUTS = "inputs"
TABLES = "tables"


@dataclass
class Step:
    """One meeting: its stages, the tables it can see, and the sections it can show.

    In a run it reads from and writes to the run's folder; in a notebook opened by hand it
    reads the latest run, or plans in memory, and writes nothing.
    """

    notebook: str
    model: Model
    parts: Parts
    schema: Schema
    stages: tuple[Stage, ...]
    folder: Path | None
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    reuse: Reuse | None = None

    def run(self) -> None:
        """Run the stages of this meeting, once; what an earlier run made of the same is taken from it."""
        for stage in stages_of(self.notebook, self.stages):
            if self.folder is None:
                self.tables |= self._made(stage)
            elif self.reuse is None:
                _note(self.folder, self._made_ahead_or_here(stage, self.folder))
            else:
                self._taken_or_written(stage, self.folder, self.reuse)

    def _made(self, stage: Stage) -> dict[str, pd.DataFrame]:
        return run_stage(stage, self._given(stage), self.model, self.parts, self.schema)

    def _made_ahead_or_here(self, stage: Stage, folder: Path) -> dict[str, Any]:
        """Have the tables of a stage in the folder of the run; what they cost."""
        note = take_made(folder, stage.name, stage.writes, folder / TABLES)
        return note or self.make_in(stage, folder / TABLES)

    def make_in(self, stage: Stage, place: Path) -> dict[str, Any]:
        """Make the tables of a stage and write them into a folder; what it cost."""
        begun, cpu = time.perf_counter(), time.process_time()
        made = self._made(stage)
        self.tables |= made
        _write(place, made, self.schema)
        return {
            "stage": stage.name,
            "notebook": stage.notebook,
            "seconds": round(time.perf_counter() - begun, 3),
            "cpu_seconds": round(time.process_time() - cpu, 3),
            "peak_memory_mb": peak_memory_mb(),
        }

    def _taken_or_written(self, stage: Stage, folder: Path, reuse: Reuse) -> None:
        digests = seen(stage, table_digests(folder / INPUTS, folder / TABLES), self.stages)
        key = reuse.fingerprint.stage_key(stage, digests, self.model)
        notes = reuse.cache.take(key, folder)
        if notes is not None:
            _note(folder, {**notes, "from_cache": True})
            return
        notes = self._made_ahead_or_here(stage, folder)
        _note(folder, {**notes, "from_cache": False})
        reuse.keep(key, folder, [f"{TABLES}/{name}.parquet" for name in stage.writes], notes)

    def table(self, name: str) -> pd.DataFrame:
        """One table, input or result.

        Raises
        ------
        InputError
            There is no such table, or it has not been made yet.
        """
        if name not in self.tables:
            if name not in self.schema:
                raise InputError([_unknown("table", name, self.schema)])
            if self.folder is None:
                remedy = "run the steps before this one"
                raise InputError([Fault(name, "has not been made yet", remedy=remedy)])
            self.tables[name] = read_table(self._place(name), self.schema[name])
        return self.tables[name]

    def show(self, name: str) -> Any:
        """One section of the report: its message, picture and table, or the name of the table it misses.

        Nothing where the mark of the section says ``if_any`` and it has no more to show than a sentence.

        Raises
        ------
        InputError
            There is no such section.
        """
        if name not in self.parts.report_sections:
            raise InputError([_unknown("section", name, self.parts.report_sections)])
        function = self.parts.report_sections[name]
        section = show_section(function, self._everything(), self.model)
        mark = mark_of(function)
        is_silent = mark is not None and mark.options.get("if_any") and not shows(section)
        return None if is_silent else section

    def _given(self, stage: Stage) -> Mapping[str, pd.DataFrame]:
        names = self._names() if EVERYTHING in stage.reads else list(stage.reads)
        return {name: self.table(name) for name in seen(stage, dict.fromkeys(names), self.stages)}

    def _everything(self) -> dict[str, pd.DataFrame]:
        """Every table that has been made up to now, none of a later meeting."""
        return {name: self.table(name) for name in self._names()}

    def _names(self) -> list[str]:
        if self.folder is None:
            return list(self.tables)
        return [name for name in self.schema if name in self.tables or self._place(name).exists()]

    def _place(self, name: str) -> Path:
        folder = self.folder or Path()
        result = folder / TABLES / f"{name}.parquet"
        given = folder / INPUTS / f"{name}.parquet"
        return given if given.exists() else result


def noted(folder: Path) -> list[dict[str, Any]]:
    """What each stage of a run cost that has been made or taken over up to now."""
    path = folder / TIMINGS
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _note(folder: Path, note: Mapping[str, Any]) -> None:
    with (folder / TIMINGS).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(dict(note), sort_keys=True) + "\n")


def _write(folder: Path, made: Mapping[str, pd.DataFrame], schema: Schema) -> None:
    try:
        write_tables(folder, made, schema, is_shaped=True)
    except OSError as error:
        raise unwritable(error) from None


def open_step(notebook: str, customer: str, scenario: str = BASELINE, run_folder: str = "") -> Step:
    """A meeting of the cycle, ready to run.

    Parameters
    ----------
    notebook
        Name of the notebook, such as ``40_supply_review``.
    customer
        Name or folder of the customer.
    scenario
        Name of the scenario.
    run_folder
        Folder of the run that is being made; empty when the notebook is opened by hand, which
        then starts from the latest run of the customer and scenario, or plans in memory.

    Raises
    ------
    InputError
        There is no such customer or scenario, or its data is wrong.
    """
    if run_folder:
        return _step_of_run(notebook, Path(run_folder))
    return _step_by_hand(notebook, find_customer(customer), scenario)


def _step_of_run(notebook: str, folder: Path) -> Step:
    order = json.loads((folder / ORDER).read_text(encoding="utf-8"))
    model = model_from_yaml(folder / "model.yaml")
    customer = Path(order["customer_folder"])
    schema = schema_of(customer)
    parts = collect_parts(model, schema, customer if order["use_extensions"] else None)
    reuse = reuse_from(order, customer) if "cache" in order else None
    return Step(notebook, model, parts, schema, flow(parts), folder, reuse=reuse)


def _step_by_hand(notebook: str, customer: Path, scenario: str) -> Step:
    runs = runs_folder()
    run = latest_run(runs, customer.name, scenario)
    if run is not None:
        model = model_from_yaml(run.folder / "model.yaml")
        schema = schema_of(customer)
        parts = collect_parts(model, schema, customer)
        places = {path.stem: path for path in sorted(run.folder.glob(f"{TABLES}/*.parquet"))}
        places |= {path.stem: path for path in sorted(run.folder.glob(f"{INPUTS}/*.parquet"))}
        tables = {name: read_table(path, schema[name]) for name, path in places.items() if name in schema}
        return Step(notebook, model, parts, schema, flow(parts), None, tables)
    inputs = load_inputs(Request(customer, scenario, runs=runs))
    parts = inputs.parts
    stages = flow(parts)
    first = next((place for place, stage in enumerate(stages) if stage.notebook == notebook), len(stages))
    made = run_stages(inputs.tables, inputs.model, parts, inputs.schema, stages[:first])
    return Step(notebook, inputs.model, parts, inputs.schema, stages, None, made)


def _unknown(kind: str, name: str, known: Mapping[str, Any]) -> Fault:
    near = get_close_matches(name, list(known), n=1)
    remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return Fault(kind, f"there is no {kind} {name!r}", remedy=remedy)
