"""The reader of folders of files: each table by a query over the files, or from one of them."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from sopwb.errors import Fault, InputError
from sopwb.exchange.files import SUFFIXES, read_file
from sopwb.exchange.mapping import DefaultMapping, Source, TableMapping, nearest
from sopwb.exchange.raw import Default, RawInputs, RawTable
from sopwb.exchange.sql import Database, QueryError, open_files
from sopwb.extend import source

__all__ = ["folder", "source_folder"]


@source("folder")
def folder(mapped: Source, location: Path | None, only: Collection[str] | None) -> RawInputs:
    """Raw tables and labelled defaults of a folder of CSV, parquet and Excel files.

    Parameters
    ----------
    mapped
        The mapping.
    location
        Folder given for this run; it goes before what the mapping says.
    only
        Names of the tables wanted; None means all.

    Raises
    ------
    InputError
        The folder, a file or a column is missing, or a query cannot be run; all faults at once.
    """
    path = source_folder(mapped, location)
    mapping = mapped.mapping
    wanted = {name: table for name, table in mapping.tables.items() if only is None or name in only}
    defaults = [default for default in mapping.defaults if only is None or default.table in only]
    queries = [table.sql for table in wanted.values()] + [default.figures for default in defaults]
    queries += mapping.views.values()
    faults: list[Fault] = []
    tables: dict[str, RawTable] = {}
    labels: list[Default] = []
    with open_files(path, [query for query in queries if query]) as database:
        _add_views(mapped, database)
        for name, table in wanted.items():
            try:
                tables[name] = _table(mapped, name, table, path, database)
            except InputError as error:
                faults += error.faults
        for place, default in enumerate(defaults):
            try:
                labels.append(_default(mapped, place, default, database))
            except InputError as error:
                faults += error.faults
    if faults:
        raise InputError(faults)
    return RawInputs(tables, tuple(labels))


def source_folder(mapped: Source, location: Path | None) -> Path:
    """The folder that holds the source's files: as given, else by environment variable, else by path.

    Raises
    ------
    InputError
        There is no such folder; the message names the variable and ``--source``.
    """
    mapping = mapped.mapping
    variable = mapping.path_from
    named = [("--source", location)] if location is not None else []
    if not named and variable and os.environ.get(variable):
        named = [(f"the environment variable {variable}", Path(os.environ[variable]))]
    for origin, path in named:
        if not path.is_dir():
            raise _missing(mapped, f"{origin} names {path}, which is no folder")
        return path
    for relative in mapping.paths:
        if (mapped.customer_folder / relative).is_dir():
            return (mapped.customer_folder / relative).resolve()
    unset = [f"the environment variable {variable} is not set"] if variable else []
    unset += [f"{' and '.join(mapping.paths)} do not exist"] if mapping.paths else []
    raise _missing(mapped, " and ".join(unset) or "it is not said where its files are")


def _missing(mapped: Source, problem: str) -> InputError:
    variable = mapped.mapping.path_from
    by_variable = f", or set {variable} to it" if variable else ""
    remedy = f"give the folder with its files by --source FOLDER{by_variable}"
    return InputError([Fault(f"source {mapped.mapping.source}", problem, remedy=remedy)])


def _table(mapped: Source, name: str, table: TableMapping, path: Path, database: Database) -> RawTable:
    if table.sql is not None:
        frame = _queried(mapped, ("tables", name, "sql"), f"{name}: its query", table.sql, database)
        origin = f"SQL over {mapped.mapping.source}"
    else:
        frame = _from_file(mapped, name, table, path)
        origin = f"{mapped.mapping.source}/{table.file}"
    return RawTable(frame.assign(**table.constants), origin)


def _add_views(mapped: Source, database: Database) -> None:
    faults: list[Fault] = []
    for name, query in mapped.mapping.views.items():
        try:
            database.add_view(name, query)
        except QueryError as error:
            faults += _query_fault(mapped, ("views", name), f"the view {name}", query, error).faults
    if faults:
        raise InputError(faults)


def _queried(
    mapped: Source, keys: tuple[str | int, ...], what: str, query: str, database: Database
) -> pd.DataFrame:
    try:
        return database.frame(query)
    except QueryError as error:
        raise _query_fault(mapped, keys, what, query, error) from None


def _query_fault(
    mapped: Source, keys: tuple[str | int, ...], what: str, query: str, error: QueryError
) -> InputError:
    where = mapped.place(*keys)
    if error.line and "\n" in query:
        start = mapped.document.lines.get(keys, 0)
        where = f"sources/{mapped.document.path.name} line {start + error.line}"
    problem = f"{what} cannot be run: {error.problem}"
    return InputError([Fault(where, problem, remedy=error.remedy)])


def _from_file(mapped: Source, name: str, table: TableMapping, path: Path) -> pd.DataFrame:
    file = path / str(table.file)
    if not file.resolve().is_relative_to(path.resolve()) or file.suffix.lower() not in SUFFIXES:
        problem = f"{name} is read from {table.file}"
        remedy = f"name a {', '.join(SUFFIXES)} file inside the source's folder"
        raise InputError([Fault(mapped.place("tables", name, "file"), problem, remedy=remedy)])
    frame = read_file(file, table.sheet or name)
    missing = [column for column in table.columns.values() if column not in frame.columns]
    if missing:
        raise InputError(
            Fault(
                mapped.place("tables", name, "columns"),
                f"{table.file} has no column {column}",
                remedy=nearest(column, map(str, frame.columns)),
            )
            for column in missing
        )
    if not table.columns:
        return frame
    return pd.DataFrame({ours: frame[theirs] for ours, theirs in table.columns.items()})


def _default(mapped: Source, place: int, default: DefaultMapping, database: Database) -> Default:
    figures: dict[str, Any] = {}
    keys = ("defaults", place, "figures")
    if default.figures:
        what = f"{default.table}: the query of its default"
        rows = _queried(mapped, keys, what, default.figures, database)
        figures = {str(name): rows[name].iloc[0] for name in rows.columns} if len(rows) == 1 else {}
    try:
        text = default.text.format_map(figures)
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        problem = f"the text cannot be filled: {error}"
        remedy = "name columns of the one row that `figures` yields, as {share:.0%}"
        raise InputError([Fault(mapped.place("defaults", place), problem, remedy=remedy)]) from None
    return Default(default.table, default.column, " ".join(text.split()))
