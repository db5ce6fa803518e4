"""The data dictionary: every declared table in words, as one page of Markdown.

``python -m sopwb.schema.dictionary`` prints it; ``docs/dictionary.md`` is what it printed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from sopwb.schema.load import Schema, load_schema
from sopwb.schema.table import Column, Table

__all__ = ["dictionary"]

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "context": "Context: made by the run itself",
        "master": "Master data: what there is",
        "fact": "Facts: what happened and what is there",
        "people": "Inputs of people: what somebody says",
        "archive": "Archive: what earlier cycles planned",
        "result": "Results: what the stages of a run write",
    }
)
"""Kinds of tables in the order in which they are listed."""

INTRODUCTION = """\
# Data dictionary

Made from the declarations in `sopwb/schema/tables` by `python -m sopwb.schema.dictionary`; do not edit.
The tables under *Master data*, *Facts*, *Inputs of people* and *Archive* are what a customer provides, as
`data/<table>.csv`, `.parquet` or `.xlsx` or by a mapping ([sources](tailoring/sources.md)). A run needs
those marked *required*; of the others, what is not provided is empty.

**Bold** columns are the key: together they name a row. Every column holds a value in every row unless it
says *may be missing* or has a default. `qty` is in the product's base unit, `currency` in the reporting
currency, `rate` is a share (0.05 is 5 percent). A `period` is the first day of its bucket. Columns that a
customer adds in its own `schema/` are not listed here; `sopwb schema --dictionary FILE` in its folder does.
"""
OWN_INTRODUCTION = """\
# Data dictionary of {name}

Made by `sopwb schema --dictionary FILE` from the declarations of the workbench and those in `schema/`. A
table comes from `data/<table>.csv`, `.parquet` or `.xlsx`, or from a mapping in `sources/`. A run needs
those marked *required*; of the others, what is not provided is empty.

**Bold** columns are the key: together they name a row. Every column holds a value in every row unless it
says *may be missing* or has a default. `qty` is in the product's base unit, `currency` in the reporting
currency, `rate` is a share (0.05 is 5 percent). A `period` is the first day of its bucket.
"""


def dictionary(schema: Schema, name: str = "") -> str:
    """Every table with its grain, key and columns, as Markdown in order of kind and name.

    Parameters
    ----------
    schema
        The declared tables.
    name
        Name of the customer whose declarations are among them; empty for those of the core.
    """
    pages = [OWN_INTRODUCTION.format(name=name) if name else INTRODUCTION, _contents(schema)]
    for kind, title in TITLES.items():
        tables = _of_kind(schema, kind)
        if tables:
            pages += [f"## {title}\n", *(_page(table) for table in tables)]
    return "\n".join(pages)


def _of_kind(schema: Schema, kind: str) -> list[Table]:
    return [table for table in schema.values() if table.kind == kind]


def _contents(schema: Schema) -> str:
    lines = ["| kind | tables |", "|---|---|"]
    for kind in TITLES:
        names = [f"[{table.name}](#{table.name})" for table in _of_kind(schema, kind)]
        if names:
            lines.append(f"| {kind} | {', '.join(names)} |")
    return "\n".join(lines) + "\n"


def _page(table: Table) -> str:
    marks = ["Required."] if table.required else []
    if table.dated_by is not None and table.is_input:
        marks.append(f"A run never sees a row whose `{table.dated_by}` lies after its as-of date.")
    lines = [f"### {table.name}\n", " ".join([table.grain, *marks]) + "\n"]
    lines += ["| column | type | holds | rules |", "|---|---|---|---|"]
    lines += [_row(column, is_key=column.name in table.key) for column in table.columns.values()]
    return "\n".join(lines) + "\n"


def _row(column: Column, *, is_key: bool) -> str:
    name = f"**{column.name}**" if is_key else column.name
    kind = f"{column.type}, {column.unit}" if column.unit else column.type
    cells = [name, kind, column.holds, "; ".join(_rules(column))]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _rules(column: Column) -> Iterable[str]:
    if column.one_of:
        more = ", or a word a customer adds" if column.is_open else ""
        yield "one of " + ", ".join(f"`{word}`" for word in column.one_of) + more
    if column.dated_by is not None:
        yield f"seen from `{column.dated_by}` on"
    if column.references is not None:
        yield f"refers to [{column.references}](#{column.references.partition('.')[0]})"
    if column.minimum is not None:
        yield f"at least {column.minimum:g}"
    if column.maximum is not None:
        yield f"at most {column.maximum:g}"
    if column.default is not None:
        yield f"default `{_written(column.default)}`"
    elif column.optional:
        yield "may be missing"


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    sys.stdout.write(dictionary(load_schema()))
