"""Collect forecasts from people: a workbook for each author, and what comes back as rows of their table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sopwb.config.model import BASELINE
from sopwb.cycle.inputs import Inputs, Request, load_inputs
from sopwb.cycle.memory import run_stages
from sopwb.cycle.stages import flow
from sopwb.demand.collection import asked_scopes, collection_form
from sopwb.demand.entries import collected_statements, still_new
from sopwb.demand.statement import standing_statements
from sopwb.errors import Fault, InputError
from sopwb.exchange.append import append_rows, known_codes, next_codes
from sopwb.exchange.files import is_ignored
from sopwb.exchange.form import Entries, Form
from sopwb.exchange.form_read import read_form
from sopwb.exchange.form_write import write_form
from sopwb.runs.publish import latest_run
from sopwb.runs.store import read_table
from sopwb.schema.statement import statement_faults
from sopwb.schema.validate import table_faults

__all__ = [
    "Collected",
    "author_form",
    "authors",
    "collect_forms",
    "enter",
    "planned",
    "read_folder",
    "unapproved",
]

TABLE = "manual_forecast"
NEEDED = ("product_cost", "demand_history", "statistical_forecast", "demand_record", "demand_plan")
CODE = "MF"
SAVE_AS = "save it as .xlsx if it is a filled-in workbook, or take it out of the folder"


@dataclass(frozen=True)
class Collected:
    """What came back: rows that were added to the customer's table, by author.

    Parameters
    ----------
    path
        File to which the rows were added; None when there were none.
    rows
        The added rows of ``manual_forecast``.
    workbooks
        How many rows each workbook brought, by its name.
    """

    path: Path | None
    rows: pd.DataFrame
    workbooks: Mapping[str, int]


def authors(inputs: Inputs) -> list[str]:
    """Everybody who is asked for a forecast."""
    tables = inputs.tables
    scopes = asked_scopes(tables["author_scope"], tables[TABLE], inputs.model.as_of)
    return sorted(scopes["author"].unique())


def planned(request: Request, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """The customer's tables with a demand plan: of the latest run of this cycle, else made in memory."""
    run = None
    if request.runs is not None and request.source is None and not request.parameters:
        run = latest_run(request.runs, request.folder.name, BASELINE)
    if run is not None and run.manifest["as_of"] == str(inputs.model.as_of.date()):
        path = run.folder / "tables" / "demand_plan.parquet"
        if path.exists():
            made = {"demand_plan": read_table(path, inputs.schema["demand_plan"])}
            return dict(inputs.tables) | made
    stages = [stage for stage in flow(inputs.parts) if stage.name in NEEDED]
    return run_stages(inputs.tables, inputs.model, inputs.parts, inputs.schema, stages)


def author_form(author: str, tables: Mapping[str, pd.DataFrame], inputs: Inputs, customer: str) -> Form:
    """What one author is asked in this cycle."""
    model = inputs.model
    return collection_form(
        author,
        tables,
        customer=customer,
        title=model.name,
        as_of=model.as_of,
        settings=model.demand.manual,
    )


def collect_forms(request: Request, folder: Path, only: str | None = None) -> list[Path]:
    """Write one workbook for each author who is asked for a forecast.

    Parameters
    ----------
    request
        Whose forecast is collected, as of when.
    folder
        Where the workbooks are put; those of the same name are replaced.
    only
        The one author wanted.

    Raises
    ------
    InputError
        Nobody is asked for a forecast, or the data is wrong.
    """
    inputs = load_inputs(request)
    asked = authors(inputs) if only is None else [only]
    if not asked:
        remedy = "say in data/author_scope.csv who is asked about what"
        raise InputError([Fault("author_scope", "nobody is asked for a forecast", remedy=remedy)])
    tables = planned(request, inputs)
    forms = [author_form(author, tables, inputs, request.folder.name) for author in asked]
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for form in forms:
        path = folder / _file_name(form, {path.name for path in paths})
        write_form(path, form)
        paths.append(path)
    return paths


def _file_name(form: Form, taken: Collection[str]) -> str:
    """Name of an author's workbook that no folder minds, whatever the author is called."""
    kept = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in form.author)
    name = kept.strip("._") or "author"
    numbers = ["", *(f" {number}" for number in range(2, len(taken) + 2))]
    found = (f"{name}{number} {form.as_of.date()}.xlsx" for number in numbers)
    return next(file for file in found if file not in taken)


def read_folder(request: Request, folder: Path, entered_at: pd.Timestamp | None = None) -> Collected:
    """Read filled-in workbooks back into the customer's table ``manual_forecast``.

    Parameters
    ----------
    request
        Whose forecast is collected, as of when.
    folder
        Folder with the workbooks.
    entered_at
        Moment that the rows bear; None takes the end of the as-of date, so that this cycle sees them.

    Raises
    ------
    InputError
        Anything is wrong with any workbook; all faults at once, and nothing is added.
    """
    if not folder.is_dir():
        raise InputError(
            [Fault("--read", f"{folder} is no folder", remedy="name the folder with the workbooks")]
        )
    files = sorted(path for path in folder.iterdir() if path.is_file() and not is_ignored(path))
    paths = [path for path in files if path.suffix.lower() == ".xlsx"]
    other = [Fault(path.name, "is no .xlsx workbook", remedy=SAVE_AS) for path in files if path not in paths]
    if not paths and not other:
        raise InputError(
            [Fault("--read", f"{folder} holds no .xlsx workbook", remedy="put the workbooks there")]
        )
    inputs = load_inputs(request)
    as_of = inputs.model.as_of
    if entered_at is not None and entered_at > _end_of(as_of):
        problem = f"{entered_at.date()} is after the as-of date, so this cycle would not see the rows"
        raise InputError([Fault("--entered-at", problem, remedy=f"write a day not after {as_of.date()}")])
    faults = other
    read: dict[str, Entries] = {}
    for path in paths:
        entries, found = read_form(path, request.folder.name, as_of)
        faults += found
        if entries is not None:
            read[path.name] = entries
    faults += _twice(read)
    return _enter(request.folder, inputs, read, faults, entered_at)


def enter(
    customer_folder: Path, inputs: Inputs, entries: Entries, entered_at: pd.Timestamp | None = None
) -> Collected:
    """Add what one author filled in to the customer's table, by the same checks as a workbook."""
    return _enter(customer_folder, inputs, {entries.author: entries}, [], entered_at)


def unapproved(inputs: Inputs, entries: Entries, entered_at: pd.Timestamp | None = None) -> list[Fault]:
    """Every fault of what one author filled in; nothing is written."""
    _, faults = collected_statements(
        entries, inputs.model.demand.manual, entered_at or _end_of(inputs.model.as_of)
    )
    return faults


def _end_of(day: pd.Timestamp) -> pd.Timestamp:
    return day.normalize() + pd.Timedelta(hours=23, minutes=59)


def _twice(read: Mapping[str, Entries]) -> list[Fault]:
    first: dict[str, str] = {}
    faults = []
    for name, entries in read.items():
        other = first.setdefault(entries.author, name)
        if other != name:
            problem = f"is of {entries.author}, and so is {other}"
            faults.append(Fault(name, problem, remedy="keep the one that counts"))
    return faults


def _enter(
    customer_folder: Path,
    inputs: Inputs,
    read: Mapping[str, Entries],
    faults: list[Fault],
    entered_at: pd.Timestamp | None,
) -> Collected:
    moment = entered_at or _end_of(inputs.model.as_of)
    standing = standing_statements(inputs.tables[TABLE], inputs.model.as_of)
    parts, counts = [], {}
    for name, entries in read.items():
        rows, found = collected_statements(entries, inputs.model.demand.manual, moment)
        faults += found
        fresh = still_new(rows, standing)
        parts.append(fresh)
        counts[name] = len(fresh)
    if faults:
        raise InputError(list(dict.fromkeys(faults)))
    table = inputs.schema[TABLE]
    rows = pd.concat(parts, ignore_index=True)
    if rows.empty:
        return Collected(None, table.empty(), counts)
    rows = rows.assign(manual_forecast=next_codes(known_codes(customer_folder, table), len(rows), CODE))
    extra = {name: column.default for name, column in table.columns.items() if name not in rows}
    typed = table.shape(rows.assign(**extra))
    wrong = table_faults(typed, table)
    wrong += statement_faults({**inputs.tables, TABLE: typed}, inputs.schema)
    if wrong:
        raise InputError(wrong)
    return Collected(append_rows(customer_folder, table, typed, inputs.schema), typed, counts)
