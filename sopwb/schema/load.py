"""Read the declarations of tables: the core's, and what a customer adds in the same grammar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sopwb.document import Document, read_document
from sopwb.errors import Fault, InputError
from sopwb.schema.table import DTYPES, Column, Table

__all__ = ["Schema", "load_schema"]

TABLES = Path(__file__).parent / "tables"
KINDS = ("context", "master", "fact", "people", "archive", "result")
TABLE_KEYS = {"table", "kind", "grain", "key", "required", "dated_by", "columns"}
COLUMN_KEYS = {
    *(
        "type",
        "holds",
        "optional",
        "default",
        "minimum",
        "maximum",
        "one_of",
        "is_open",
        "references",
        "unit",
    ),
    "dated_by",
}
MORE_WORDS = "also_one_of"
"""With which a customer allows more words in a column of the core whose list is open."""


class Schema(Mapping[str, Table]):
    """Every declared table by name."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = MappingProxyType(dict(sorted(tables.items())))

    def __getitem__(self, name: str) -> Table:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def inputs(self) -> list[Table]:
        """Tables that a customer provides, in order of name."""
        return [table for table in self._tables.values() if table.is_input]


def load_schema(customer_files: Iterable[Path] = ()) -> Schema:
    """Declarations of the core with those of a customer laid over them.

    A customer's file may declare a new table, or add columns to a table of the core by
    naming the table and only the new columns. Where a column of the core has an open list of
    words, ``also_one_of`` adds to it.

    Raises
    ------
    InputError
        A declaration has an unknown or missing word, or contradicts the core's.
    """
    core = _core()
    tables = dict(core)
    faults: list[Fault] = []
    for path in customer_files:
        document = read_document(path)
        table, found = _declared(document, tables)
        faults += found
        if table is not None:
            tables[table.name] = table
    if faults:
        raise InputError(faults)
    return Schema(tables)


@cache
def _core() -> Mapping[str, Table]:
    tables: dict[str, Table] = {}
    for path in sorted(TABLES.glob("*.yaml")):
        table, faults = _declared(read_document(path), {})
        if table is None or faults:
            raise InputError(faults)
        tables[table.name] = table
    return MappingProxyType(tables)


def _declared(document: Document, known: Mapping[str, Table]) -> tuple[Table | None, list[Fault]]:
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("table"), str):
        return None, [Fault(document.path.name, "declares no table", remedy="begin with `table: NAME`")]
    base = known.get(data["table"])
    faults = _unknown(document, (), data, TABLE_KEYS)
    declared = dict(data.get("columns") or {})
    if base is not None:
        wider, found = _wider(document, base, declared)
        new = {name: words for name, words in declared.items() if name not in wider}
        columns, column_faults = _columns(document, new)
        return _added(
            document,
            replace(base, columns={**base.columns, **wider}),
            columns,
            [*faults, *found, *column_faults],
        )
    columns, column_faults = _columns(document, declared)
    faults += column_faults
    faults += _incomplete(document, data, columns) + _dating_faults(document, columns, columns)
    if faults:
        return None, faults
    return (
        Table(
            name=data["table"],
            kind=data["kind"],
            grain=str(data["grain"]),
            key=tuple(data["key"]),
            columns=columns,
            required=bool(data.get("required", False)),
            dated_by=data.get("dated_by", "entered_at" if data["kind"] == "people" else None),
        ),
        [],
    )


def _added(
    document: Document, base: Table, columns: dict[str, Column], faults: list[Fault]
) -> tuple[Table | None, list[Fault]]:
    for name, column in columns.items():
        if name in base.columns:
            where = document.place(("columns", name))
            faults.append(
                Fault(where, f"{base.name}.{name} is a column of the core", remedy="use another name")
            )
        elif not column.optional and column.default is None:
            where = document.place(("columns", name))
            faults.append(
                Fault(where, f"{name} is added without a default", remedy="add optional or default")
            )
    table = replace(base, columns={**base.columns, **columns})
    faults += _dating_faults(document, columns, table.columns)
    return (None if faults else table), faults


def _wider(
    document: Document, base: Table, declared: Mapping[str, Any]
) -> tuple[dict[str, Column], list[Fault]]:
    """Columns of the core in which a customer allows more words, and what is wrong with these."""
    columns: dict[str, Column] = {}
    faults: list[Fault] = []
    for name, words in declared.items():
        if name in base.columns and isinstance(words, dict) and MORE_WORDS in words:
            column = base.columns[name]
            place = ("columns", name)
            faults += _word_faults(document.place((*place, MORE_WORDS)), base, column, words)
            more = words[MORE_WORDS] if isinstance(words[MORE_WORDS], list) else []
            columns[name] = replace(column, one_of=(*column.one_of, *more))
    return columns, faults


def _word_faults(where: str, base: Table, column: Column, words: Mapping[str, Any]) -> Iterator[Fault]:
    label = f"{base.name}.{column.name}"
    more = words[MORE_WORDS]
    if not column.is_open:
        listed = ", ".join(f"{base.name}.{one.name}" for one in base.columns.values() if one.is_open)
        remedy = f"open lists of this table: {listed}" if listed else "no list of this table is open"
        yield Fault(where, f"the words of {label} are fixed", remedy=remedy)
    elif not isinstance(more, list) or not all(isinstance(word, str) and word for word in more):
        yield Fault(where, f"{MORE_WORDS} is no list of words", remedy=f"{MORE_WORDS}: [word, ...]")
    else:
        known = [word for word in more if word in column.one_of or more.count(word) > 1]
        if known:
            yield Fault(where, f"{label} allows {known[0]} already", remedy="leave the word out")
    others = [word for word in words if word != MORE_WORDS]
    if others:
        yield Fault(where, f"{others[0]} of {label} is the core's", remedy=f"write only {MORE_WORDS}")


def _columns(document: Document, declared: Mapping[str, Any]) -> tuple[dict[str, Column], list[Fault]]:
    columns: dict[str, Column] = {}
    faults: list[Fault] = []
    for name, words in declared.items():
        place = ("columns", name)
        if not isinstance(words, dict):
            faults.append(
                Fault(document.place(place), f"{name} has no description", remedy="add type and holds")
            )
            continue
        found = _unknown(document, place, words, COLUMN_KEYS)
        if words.get("type") not in DTYPES:
            problem = f"{name} has the type {words.get('type')!r}"
            found.append(Fault(document.place(place), problem, remedy=f"one of {', '.join(DTYPES)}"))
        if not words.get("holds"):
            found.append(
                Fault(document.place(place), f"{name} does not say what it holds", remedy="add holds")
            )
        faults += found
        if not found:
            columns[name] = Column(name=name, **{**words, "one_of": tuple(words.get("one_of") or ())})
    return columns, faults


def _dating_faults(
    document: Document, columns: Mapping[str, Column], known: Mapping[str, Column]
) -> list[Fault]:
    """Faults of columns whose cells become known on a day of their own."""
    faults = []
    for name, column in columns.items():
        day = known.get(column.dated_by or "")
        if column.dated_by is not None and (day is None or day.type not in {"date", "timestamp"}):
            remedy = "name a column of days of this table"
            problem = f"{name} is dated by {column.dated_by!r}"
            faults.append(Fault(document.place(("columns", name)), problem, remedy=remedy))
        elif column.dated_by is not None and not column.optional:
            problem = f"{name} is dated by {column.dated_by}, so it may be missing before"
            faults.append(Fault(document.place(("columns", name)), problem, remedy="add optional: true"))
    return faults


def _incomplete(document: Document, data: Mapping[str, Any], columns: Mapping[str, Column]) -> list[Fault]:
    faults: list[Fault] = []
    if data.get("kind") not in KINDS:
        faults.append(
            Fault(document.place(("kind",)), "has no known kind", remedy=f"one of {', '.join(KINDS)}")
        )
    if not data.get("grain"):
        faults.append(Fault(document.path.name, "has no grain", remedy="say what one row is"))
    key = data.get("key")
    if not isinstance(key, list) or not key or any(name not in columns for name in key):
        faults.append(
            Fault(document.place(("key",)), "has no key of its columns", remedy="key: [column, ...]")
        )
    return faults


def _unknown(
    document: Document, place: tuple[str, ...], words: Mapping[str, Any], known: set[str]
) -> list[Fault]:
    faults = []
    for word in words:
        if word not in known:
            near = get_close_matches(str(word), sorted(known), n=1)
            remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
            faults.append(Fault(document.place((*place, word)), f"{word!r} is not known here", remedy=remedy))
    return faults
