"""What of a run is for reading: a page for each meeting, the pack, the index, and workbooks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sopwb.config.model import Model
from sopwb.cycle.manifest import report_context
from sopwb.exchange.write import write_workbook
from sopwb.extend import Parts
from sopwb.lean import skip_address_grammar
from sopwb.report.context import Link, ReportContext, moment
from sopwb.report.index import render_run_index
from sopwb.report.pack import pack_sheets, render_pack
from sopwb.report.page import page_title, render_page
from sopwb.report.svg import drawings_in
from sopwb.schema import Schema

__all__ = ["PAGES", "WORKBOOKS", "name_pages", "write_pages", "write_workbooks"]

EXPORTED_ROWS = 20_000
"""Longer tables stay in parquet only; a workbook of them would take longer than the plan."""
PAGES = ("html/*.html", "index.html", "pack.html")
WORKBOOKS = ("export/*.xlsx",)
UNNAMED = {"run": "sopwb-name-of-this-run", "made_at": "sopwb-moment-of-this-run"}
"""What stands in pages for what differs between two runs of the same; so they can be kept, and named last."""


def write_pages(
    folder: Path,
    manifest: Mapping[str, Any],
    notebooks: list[Path],
    tables: Mapping[str, pd.DataFrame],
    model: Model,
    parts: Parts,
) -> None:
    """Write the pages of a run, without its name and moment; `name_pages` puts them in.

    Parameters
    ----------
    folder
        Folder of the run.
    manifest
        Its manifest.
    notebooks
        The executed notebooks.
    tables, model, parts
        All tables, the resolved model and the marked functions.
    """
    skip_address_grammar()
    import nbformat

    unnamed = {**manifest, **UNNAMED}
    read = {path.stem: nbformat.read(path, as_version=4) for path in notebooks}
    titles = {name: page_title(notebook) for name, notebook in read.items()}
    around: tuple[Link, ...] = (Link("Run", "../index.html"), Link("Pack", "../pack.html"))
    around += tuple(Link(title, f"{name}.html") for name, title in titles.items())
    context = report_context(unnamed, around)
    pages = {name: render_page(notebook, context) for name, notebook in read.items()}
    for name, page in pages.items():
        _write(folder / "html" / f"{name}.html", page)
    _write(folder / "index.html", _index(unnamed, titles))
    top = _top(unnamed, (Link("Run", "index.html"),))
    sheets = pack_sheets(parts.report_sections, tables, model)
    _write(folder / "pack.html", render_pack(sheets, top, drawings_in(pages.values())))


def name_pages(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Put the name and the moment of a run into its pages."""
    for path in (path for pattern in PAGES for path in folder.glob(pattern)):
        text = path.read_text(encoding="utf-8")
        for key, word in UNNAMED.items():
            text = text.replace(word, moment(str(manifest[key])))
        _write(path, text)


def write_workbooks(
    folder: Path, made: Mapping[str, pd.DataFrame], given: Mapping[str, pd.DataFrame], schema: Schema
) -> None:
    """Write results and inputs of a run as workbooks."""
    _export(folder / "export" / "results.xlsx", made, schema)
    _export(folder / "export" / "inputs.xlsx", given, schema)


def _top(manifest: Mapping[str, Any], pages: tuple[Link, ...] = ()) -> ReportContext:
    """Facts for a page that lies beside the tables' folder."""
    return report_context(manifest, pages, tables="tables")


def _index(manifest: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    ways = (
        Link("Executive pack", "pack.html", "what the board reads"),
        *(Link(title, f"html/{name}.html") for name, title in titles.items()),
        Link("Results as a workbook", "export/results.xlsx"),
        Link("Inputs as a workbook", "export/inputs.xlsx"),
        Link("Manifest", "manifest.json", "versions, digests, timings"),
    )
    return render_run_index(_top(manifest), ways, manifest["headline"])


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


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
