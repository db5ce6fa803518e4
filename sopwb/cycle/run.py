"""One run from data to published report: inputs, notebooks, pages, workbook, manifest."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sopwb.cycle.inputs import Inputs, Request, load_inputs
from sopwb.cycle.manifest import manifest_of, report_context, run_summary
from sopwb.cycle.notebooks import Progress, chain, execute_chain
from sopwb.cycle.stages import flow
from sopwb.cycle.step import INPUTS, ORDER, TABLES
from sopwb.document import dump_yaml
from sopwb.errors import InputError, SourceError
from sopwb.exchange.write import write_workbook
from sopwb.extend import Parts
from sopwb.lean import skip_address_grammar
from sopwb.report.context import Link
from sopwb.report.index import render_run_index, render_runs_index
from sopwb.report.pack import pack_sheets, render_pack
from sopwb.report.page import page_title, render_page
from sopwb.runs.publish import Published, RunFolder, begin_run, list_runs, new_run_id
from sopwb.runs.store import read_tables, write_tables
from sopwb.schema import Schema

__all__ = ["publish_run", "write_runs_index"]

EXPORTED_ROWS = 30_000
"""Longer tables stay in parquet only; a workbook of them would take longer than the plan."""


def publish_run(
    request: Request,
    root: Path,
    *,
    progress: Progress = lambda _name, _place, _count: None,
    isolated: bool = False,
    now: dt.datetime | None = None,
) -> Published:
    """Plan a customer and publish the run, whole or not at all.

    Parameters
    ----------
    request
        Which customer, which scenario, as of which day.
    root
        Folder in which runs are kept.
    progress
        Told of each meeting as it begins.
    isolated
        A kernel of its own for each notebook.
    now
        Moment of the run; None takes the clock's.

    Raises
    ------
    InputError
        Settings or data are wrong; nothing is left behind.
    SourceError
        A source system could not be read; nothing is left behind.
    """
    made_at = (now or dt.datetime.now(dt.UTC)).strftime("%Y%m%dT%H%M%SZ")
    inputs = load_inputs(request)
    notebooks = chain(request.folder)
    run = begin_run(root, inputs.model.customer, new_run_id(made_at, inputs.model.scenario))
    try:
        _write_start(run.building, request, inputs)
        parameters = {"customer": inputs.model.customer, "scenario": inputs.model.scenario, "run_folder": "."}
        executed = execute_chain(notebooks, run.building, parameters, progress=progress, isolated=isolated)
        published = _publish(run, request, inputs, made_at, executed)
    except (InputError, SourceError, KeyboardInterrupt):
        run.discard()
        raise
    write_runs_index(root)
    return published


def write_runs_index(root: Path) -> None:
    """Write the page that lists every published run."""
    runs = [run_summary(run, root) for run in list_runs(root)]
    aside = root / ".index.html"
    aside.write_text(render_runs_index(runs), encoding="utf-8")
    aside.replace(root / "index.html")


def _write_start(folder: Path, request: Request, inputs: Inputs) -> None:
    write_tables(folder / INPUTS, inputs.tables, inputs.schema)
    settings = inputs.model.model_dump(mode="json")
    (folder / "model.yaml").write_text(dump_yaml(settings), encoding="utf-8")
    order = {"customer_folder": str(request.folder), "use_extensions": request.use_extensions}
    (folder / ORDER).write_text(json.dumps(order), encoding="utf-8")


def _publish(
    run: RunFolder, request: Request, inputs: Inputs, made_at: str, executed: list[Path]
) -> Published:
    folder = run.building
    results = [name for stage in flow(inputs.parts) for name in stage.writes]
    made = read_tables([folder / TABLES], results, inputs.schema)
    manifest = manifest_of(request, inputs, run.run_id, made_at, folder, made)
    tables = {**inputs.tables, **made}
    _write_pages(folder, manifest, executed)
    _write_pack(folder, manifest, tables, inputs, inputs.parts)
    _export(folder / "export" / "results.xlsx", made, inputs.schema)
    _export(folder / "export" / "inputs.xlsx", inputs.tables, inputs.schema)
    (folder / ORDER).unlink()
    return run.publish(manifest)


def _write_pages(folder: Path, manifest: Mapping[str, Any], executed: list[Path]) -> None:
    skip_address_grammar()
    import nbformat

    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in executed}
    titles = {name: page_title(notebook) for name, notebook in notebooks.items()}
    pages: tuple[Link, ...] = (Link("Run", "../index.html"), Link("Pack", "../pack.html"))
    pages += tuple(Link(title, f"{name}.html") for name, title in titles.items())
    context = report_context(manifest, pages)
    (folder / "html").mkdir()
    for name, notebook in notebooks.items():
        (folder / "html" / f"{name}.html").write_text(render_page(notebook, context), encoding="utf-8")
    ways = (
        Link("Executive pack", "pack.html", "what the board reads"),
        *(Link(title, f"html/{name}.html") for name, title in titles.items()),
        Link("Results as a workbook", "export/results.xlsx"),
        Link("Inputs as a workbook", "export/inputs.xlsx"),
        Link("Manifest", "manifest.json", "versions, digests, timings"),
    )
    index = render_run_index(report_context(manifest, tables="tables"), ways, manifest["headline"])
    (folder / "index.html").write_text(index, encoding="utf-8")


def _write_pack(
    folder: Path,
    manifest: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    inputs: Inputs,
    parts: Parts,
) -> None:
    sheets = pack_sheets(parts.report_sections, tables, inputs.model)
    pages = (Link("Run", "index.html"),)
    context = report_context(manifest, pages, tables="tables")
    (folder / "pack.html").write_text(render_pack(sheets, context), encoding="utf-8")


def _export(path: Path, tables: Mapping[str, pd.DataFrame], schema: Schema) -> None:
    """A workbook with a sheet per table, and first a sheet that says what each holds and what is left out."""
    path.parent.mkdir(exist_ok=True)
    short = {name: frame for name, frame in sorted(tables.items()) if 0 < len(frame) <= EXPORTED_ROWS}
    listed = [
        {
            "table": name,
            "rows": len(frame),
            "sheet": "yes" if name in short else ("empty" if frame.empty else f"see {name}.parquet"),
            "grain": schema[name].grain,
        }
        for name, frame in sorted(tables.items())
    ]
    described = {
        name: {column.name: column.holds for column in schema[name].columns.values()} for name in short
    }
    write_workbook(path, {"contents": pd.DataFrame(listed), **short}, described)
