"""The grammar of ``sources/*.yaml``: how tables of a source system become declared tables.

::

    source: adventureworks              # what the source is called
    kind: folder                        # who reads it: a part marked @source
    path_from: SOPWB_ADVENTUREWORKS     # environment variable that holds the folder
    path: [../exports, data_source]     # where it is looked for otherwise, from the customer's folder
    options: {}                         # what a reader of another kind wants to know; secrets stand here only
    views:                              # queries that the others may use by name
      sold_item: select distinct item_id from sales
    tables:
      product:                          # a declared table, by a query over the source's files ...
        sql: |
          select item_no as product, name as description from items
      price:                            # ... or by one of its files
        file: prices.csv
        columns: {product: item_no, market: region}   # declared column: column of the file
        constants: {valid_from: "2024-01-01"}         # declared column: one value for all rows
    defaults:                           # what stands in for data the source does not have
      - table: price
        column: valid_from
        text: "Prices hold from {first:%Y-%m-%d} on; the source has no dates."
        figures: select min(date) as first from sales  # one row of figures for the text

A folder given on the command line (``--source``) goes before the environment variable,
and that before ``path``. In SQL each file of the folder is a view of its name without the
ending. Files in the customer's ``data/`` are read beside the mapped tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from sopwb.config.base import Settings
from sopwb.document import Document, read_document
from sopwb.errors import Fault, InputError
from sopwb.exchange.secret import resolved, secret_faults
from sopwb.schema import Schema

__all__ = ["DefaultMapping", "Source", "SourceMapping", "TableMapping", "nearest", "read_sources"]


class TableMapping(Settings):
    """How one declared table is made from the source: by a query, or from one file."""

    sql: str | None = None
    """Query over the source's files."""
    file: str | None = None
    """One file of the source."""
    sheet: str | None = None
    """Sheet of a workbook; unset: the sheet named as the table, else the first."""
    columns: Mapping[str, str] = Field(default_factory=dict)
    """Column of the file for each declared column; unset: the file has the declared names."""
    constants: Mapping[str, Any] = Field(default_factory=dict)
    """One value for all rows of a declared column."""


class DefaultMapping(Settings):
    """One labelled default."""

    table: str
    """Table that is filled."""
    column: str | None = None
    """Column that is filled; unset: the whole table."""
    text: str
    """What is assumed; names in braces are filled from ``figures``."""
    figures: str | None = None
    """Query that yields one row of figures for the text."""


class SourceMapping(Settings):
    """One source system and the declared tables that come from it."""

    source: str = Field(min_length=1)
    """What the source is called."""
    kind: str = "folder"
    """Reader of the source: a part marked with ``@source``."""
    path_from: str | None = None
    """Environment variable that holds the folder."""
    path: str | tuple[str, ...] = ()
    """Folders to look in otherwise, from the customer's folder."""
    options: Mapping[str, Any] = Field(default_factory=dict)
    """Further words for a reader of another kind, with secrets as they are named, not as they are."""
    views: Mapping[str, str] = Field(default_factory=dict)
    """Queries that the others may use by name; each may use those before it."""
    tables: Mapping[str, TableMapping] = Field(default_factory=dict)
    """How each declared table is made."""
    defaults: tuple[DefaultMapping, ...] = ()
    """Values that stand in for data the source does not have."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Folders to look in, in order."""
        return (self.path,) if isinstance(self.path, str) else self.path


@dataclass(frozen=True)
class Source:
    """One mapping as it was read, with the file it stands in and the customer it belongs to."""

    mapping: SourceMapping
    document: Document
    customer_folder: Path

    @property
    def options(self) -> Mapping[str, Any]:
        """Options with each ``${SOPWB_SECRET_...}`` resolved; made anew each time, kept nowhere."""
        found: Mapping[str, Any] = resolved(self.mapping.options)
        return found

    def place(self, *keys: str | int) -> str:
        """Where a word of the mapping stands, as ``sources/acme.yaml line 12``."""
        return f"sources/{self.document.place(keys)}"


def read_sources(customer_folder: Path, schema: Schema) -> tuple[list[Source], list[Fault]]:
    """Every mapping of a customer, checked against the grammar and the declared tables, and its faults."""
    sources: list[Source] = []
    faults: list[Fault] = []
    for path in sorted((customer_folder / "sources").glob("*.yaml")):
        try:
            source = _read(path, customer_folder)
        except InputError as error:
            faults += error.faults
            continue
        faults += _table_faults(source, schema)
        unusable = secret_faults(source.document.data, lambda keys, source=source: source.place(*keys))
        faults += unusable
        sources += [] if unusable else [source]
    return sources, faults + _shared_tables(sources)


def nearest(word: str, known: Iterable[str]) -> str:
    """The remedy for a word nobody knows: the nearest known one, else all of them."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"


def _read(path: Path, customer_folder: Path) -> Source:
    document = read_document(path)
    try:
        mapping = SourceMapping.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as error:
        raise InputError(_grammar_faults(error, document)) from None
    return Source(mapping, document, customer_folder)


def _grammar_faults(error: ValidationError, document: Document) -> list[Fault]:
    faults = []
    for item in error.errors():
        keys = tuple(key for key in item["loc"] if key not in {"str", "tuple[str, ...]"})
        where = f"sources/{document.place(keys)}"
        dotted = ".".join(map(str, keys)) or "the file"
        if item["type"] == "extra_forbidden":
            known = _model_at(keys[:-1]).model_fields
            faults.append(Fault(where, f"{dotted} is not known here", remedy=nearest(str(keys[-1]), known)))
        elif item["type"] == "missing":
            faults.append(Fault(where, f"{dotted} is missing", remedy=f"add `{keys[-1]}: ...`"))
        else:
            given = json.dumps(item["input"], default=str)[:60]
            faults.append(Fault(where, f"{dotted} is {given}", remedy=item["msg"]))
    return faults


def _model_at(keys: tuple[str | int, ...]) -> type[BaseModel]:
    if keys[:1] == ("tables",) and len(keys) > 1:
        return TableMapping
    return DefaultMapping if keys[:1] == ("defaults",) else SourceMapping


def _table_faults(source: Source, schema: Schema) -> list[Fault]:
    inputs = {table.name for table in schema.inputs()}
    faults: list[Fault] = []
    for name, table in source.mapping.tables.items():
        where = source.place("tables", name)
        if name not in inputs:
            faults.append(Fault(where, f"{name} is no input table", remedy=nearest(name, inputs)))
            continue
        if (table.sql is None) == (table.file is None):
            problem = f"{name} needs one of sql and file"
            faults.append(Fault(where, problem, remedy="write the one that is meant"))
        faults += _column_faults(source, name, table, schema)
    for place, default in enumerate(source.mapping.defaults):
        where = source.place("defaults", place)
        if default.table not in inputs:
            remedy = nearest(default.table, inputs)
            faults.append(Fault(where, f"{default.table} is no input table", remedy=remedy))
        elif default.column is not None and default.column not in schema[default.table].columns:
            remedy = nearest(default.column, schema[default.table].columns)
            faults.append(Fault(where, f"{default.table} has no column {default.column}", remedy=remedy))
    return faults


def _column_faults(source: Source, name: str, table: TableMapping, schema: Schema) -> list[Fault]:
    declared = schema[name].columns
    faults = []
    for word, named in (("columns", table.columns), ("constants", table.constants)):
        for column in named:
            if column not in declared:
                where = source.place("tables", name, word, column)
                problem = f"{name} has no column {column}"
                faults.append(Fault(where, problem, remedy=nearest(column, declared)))
    if table.columns and table.sql is not None:
        where = source.place("tables", name, "columns")
        problem = f"{name} has columns beside sql"
        faults.append(Fault(where, problem, remedy="name the columns in the query: a as b"))
    return faults


def _shared_tables(sources: list[Source]) -> list[Fault]:
    faults = []
    first: dict[str, Source] = {}
    for source in sources:
        for name in source.mapping.tables:
            if name in first:
                problem = f"{name} is made by {first[name].document.path.name} too"
                faults.append(Fault(source.place("tables", name), problem, remedy="keep one of them"))
            first.setdefault(name, source)
    return faults
