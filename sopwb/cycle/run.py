"""One run from data to published report: inputs, notebooks, pages, workbook, manifest."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sopwb.cycle.begin import Beginning, begin, look
from sopwb.cycle.crew import Crew
from sopwb.cycle.inputs import Request
from sopwb.cycle.manifest import manifest_of, page_facts, run_summary
from sopwb.cycle.notebooks import Progress, chain, check_notebooks
from sopwb.cycle.pages import PAGES, name_pages, write_pages
from sopwb.cycle.reuse import Reuse, begin_reuse, table_digests
from sopwb.cycle.step import INPUTS, ORDER, TABLES, TIMINGS, noted
from sopwb.cycle.workbooks import Workbooks
from sopwb.errors import InputError, SourceError
from sopwb.report.index import render_runs_index
from sopwb.runs.digest import file_digest
from sopwb.runs.publish import (
    Published,
    RunFolder,
    begin_run,
    clear_dead_runs,
    list_runs,
    new_run_id,
    unwritable,
)
from sopwb.runs.store import read_table

__all__ = ["publish_run", "write_runs_index"]


def publish_run(
    request: Request,
    root: Path,
    *,
    progress: Progress = lambda _name, _place, _count: None,
    isolated: bool = False,
    fresh: bool = False,
    now: dt.datetime | None = None,
) -> Published:
    """Plan a customer and publish the run, whole or not at all.

    What an earlier run, published or killed, made of the same tables, settings and code is taken over.

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
    fresh
        Whether everything is made again, whatever earlier runs have made.
    now
        Moment of the run; None takes the clock's.

    Raises
    ------
    InputError
        Settings or data are wrong, or the folder of runs cannot be written; nothing is left behind.
    SourceError
        A source system could not be read; nothing is left behind.
    """
    made_at = (now or dt.datetime.now(dt.UTC)).strftime("%Y%m%dT%H%M%SZ")
    reuse = begin_reuse(root, request.folder, is_fresh=fresh)
    try:
        clear_dead_runs(root, request.folder.name)
        run = begin_run(root, request.folder.name, new_run_id(made_at, request.scenario))
        try:
            with Crew(run.building, isolated=isolated) as crew:
                found = look(request, reuse, before_reading=crew.prepare)
                beginning = begin(run.building, request, reuse, found)
                with Workbooks(run.building, request.folder, reuse, beginning.model) as workbooks:
                    steps = _hold_meetings(run.building, beginning, reuse, workbooks, progress, crew)
                    crew.dismiss()
                    published = _publish(run, beginning, reuse, workbooks, made_at, steps)
        except (InputError, SourceError, OSError, KeyboardInterrupt):
            run.discard()
            raise
        except BaseException:
            if not (run.building / ORDER).exists():  # no meeting was held: there is nothing to look at
                run.discard()
            raise
        finally:
            run.lock.release()
        write_runs_index(root)
        reuse.cache.trim()
    except OSError as error:
        raise unwritable(error) from error
    return published


def write_runs_index(root: Path) -> None:
    """Write the page that lists every published run; two processes may do so at once."""
    runs = [run_summary(run, root) for run in list_runs(root)]
    aside = root / f".index.html.{os.getpid()}"
    aside.write_text(render_runs_index(runs), encoding="utf-8")
    aside.replace(root / "index.html")


@dataclass(frozen=True)
class Held:
    """One step of a run: what it is called, what it left to be read, and whether it was taken over."""

    step: str
    from_cache: bool


def _hold_meetings(
    folder: Path,
    beginning: Beginning,
    reuse: Reuse,
    workbooks: Workbooks,
    progress: Progress,
    crew: Crew,
) -> list[Held]:
    """Execute the notebooks in order, but for those an earlier run has executed on the same."""
    model, request = beginning.model, beginning.request
    order = {"customer_folder": str(request.folder), "use_extensions": request.use_extensions}
    (folder / ORDER).write_text(json.dumps(order | reuse.order()), encoding="utf-8")
    parameters = {"customer": model.customer, "scenario": model.scenario, "run_folder": "."}
    notebooks = chain(request.folder)
    held = [Held("inputs", beginning.from_cache)]
    workbooks.begin(INPUTS, INPUTS, table_digests(folder / INPUTS))
    is_checked = False
    for place, notebook in enumerate(notebooks, start=1):
        before = table_digests(folder / TABLES)
        key = reuse.fingerprint.key(
            "meeting",
            model,
            notebook=(notebook.stem, file_digest(notebook)),
            tables=table_digests(folder / INPUTS) | before,
            use_extensions=request.use_extensions,
        )
        is_taken = _taken(key, folder, reuse)
        held.append(Held(notebook.stem, is_taken))
        if not is_taken:
            if not is_checked:
                check_notebooks(notebooks)
                is_checked = True
            progress(notebook.stem, place, len(notebooks))
            _keep(folder, reuse, key, partial(crew.hold, notebook, parameters))
        after = table_digests(folder / TABLES)
        workbooks.begin(notebook.stem, TABLES, {name: after[name] for name in sorted(after.keys() - before)})
    return held


def _taken(key: str, folder: Path, reuse: Reuse) -> bool:
    notes = reuse.cache.take(key, folder)
    for note in notes["timings"] if notes else ():
        _add_timing(folder, {**note, "from_cache": True})
    return notes is not None


def _keep(folder: Path, reuse: Reuse, key: str, execute: Callable[[], Path]) -> None:
    before, timed = set(_names(folder, ["tables/*.parquet"])), len(noted(folder))
    executed = execute()
    made = set(_names(folder, ["tables/*.parquet"])) - before
    names = [f"notebooks/{executed.name}", *made]
    reuse.keep(key, folder, names, {"timings": noted(folder)[timed:]})


def _names(folder: Path, patterns: Iterable[str]) -> list[str]:
    return [path.relative_to(folder).as_posix() for pattern in patterns for path in folder.glob(pattern)]


def _add_timing(folder: Path, note: Mapping[str, Any]) -> None:
    with (folder / TIMINGS).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(dict(note), sort_keys=True) + "\n")


def _publish(
    run: RunFolder,
    beginning: Beginning,
    reuse: Reuse,
    workbooks: Workbooks,
    made_at: str,
    held: list[Held],
) -> Published:
    folder, schema = run.building, beginning.schema
    manifest = manifest_of(beginning, reuse.fingerprint, run, made_at, noted(folder))
    given, made = table_digests(folder / INPUTS), table_digests(folder / TABLES)

    def frames(names: Iterable[str], place: str) -> dict[str, Any]:
        return {name: read_table(folder / place / f"{name}.parquet", schema[name]) for name in names}

    def pages() -> None:
        tables = {**frames(given, INPUTS), **frames(made, TABLES)}
        executed = sorted((folder / "notebooks").glob("*.ipynb"))
        write_pages(folder, manifest, executed, tables, beginning.model, beginning.parts, workbooks.names)

    model, print_ = beginning.model, reuse.fingerprint
    tables = {"tables": made, "inputs": given}
    notebooks = {path.name: file_digest(path) for path in sorted((folder / "notebooks").glob("*.ipynb"))}
    key = print_.key("pages", model, notebooks=notebooks, facts=page_facts(manifest), **tables)
    held.append(Held("pages", _take_or_make(key, folder, PAGES, pages, reuse)))
    held.append(Held("workbooks", workbooks.finish()))
    name_pages(folder, manifest)
    (folder / ORDER).unlink()
    return run.publish({**manifest, "steps": [asdict(step) for step in held]})


def _take_or_make(
    key: str, folder: Path, patterns: Iterable[str], make: Callable[[], None], reuse: Reuse
) -> bool:
    """Whether files were taken over; else they are made and kept."""
    if reuse.cache.take(key, folder) is not None:
        return True
    make()
    reuse.keep(key, folder, _names(folder, patterns), {})
    return False
