"""What of a run is for reading: a page for each meeting, the pack, and the index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sopwb.config.model import Model
from sopwb.cycle.manifest import report_context
from sopwb.cycle.workbooks import EXPORT
from sopwb.extend import Parts
from sopwb.lean import skip_address_grammar
from sopwb.report.context import Link, ReportContext, moment
from sopwb.report.index import render_run_index
from sopwb.report.pack import pack_sheets, render_pack
from sopwb.report.page import page_title, render_page
from sopwb.report.svg import drawings_in

__all__ = ["PAGES", "name_pages", "write_pages"]

PAGES = ("html/*.html", "index.html", "pack.html")
UNNAMED = {"run": "sopwb-name-of-this-run", "made_at": "sopwb-moment-of-this-run"}
"""What stands in pages for what differs between two runs of the same; so they can be kept, and named last."""


def write_pages(
    folder: Path,
    manifest: Mapping[str, Any],
    notebooks: list[Path],
    tables: Mapping[str, pd.DataFrame],
    model: Model,
    parts: Parts,
    books: Sequence[str] = (),
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
    books
        Names of the workbooks of the run.
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
    _write(folder / "index.html", _index(unnamed, titles, books))
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


def _top(manifest: Mapping[str, Any], pages: tuple[Link, ...] = ()) -> ReportContext:
    """Facts for a page that lies beside the tables' folder."""
    return report_context(manifest, pages, tables="tables")


def _index(manifest: Mapping[str, Any], titles: Mapping[str, str], books: Sequence[str]) -> str:
    ways = (
        Link("Executive pack", "pack.html", "what the board reads"),
        *(Link(title, f"html/{name}.html") for name, title in titles.items()),
        Link("Manifest", "manifest.json", "versions, digests, timings"),
    )
    tables = [Link(titles.get(name, name.capitalize()), f"{EXPORT}/{name}.xlsx") for name in books]
    return render_run_index(_top(manifest), ways, manifest["headline"], books=tables)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
