"""Add rows to a table of people in a customer's data: all of them or none, and nothing else is touched."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd

from sopwb.errors import Fault, InputError
from sopwb.exchange.files import SUFFIXES, read_file
from sopwb.exchange.mapping import read_sources
from sopwb.exchange.write import guarded, write_workbook
from sopwb.schema import Schema, Table

__all__ = ["append_rows", "known_codes", "next_codes"]


def next_codes(known: pd.Series[Any], count: int, prefix: str) -> list[str]:
    """Codes that go on where the numbered ones end: after MF00012 come MF00013, MF00014.

    Parameters
    ----------
    known
        Codes in use.
    count
        How many are wanted.
    prefix
        Beginning of a code where none in use ends with a number.
    """
    found = [match for match in (re.fullmatch(r"(.*?)(\d+)", str(code)) for code in known) if match]
    last = max(found, key=lambda match: int(match[2]), default=None)
    begin, digits, number = (last[1], len(last[2]), int(last[2])) if last else (prefix, 5, 0)
    return [f"{begin}{number + step:0{digits}d}" for step in range(1, count + 1)]


def known_codes(customer_folder: Path, table: Table) -> pd.Series[Any]:
    """Codes in the file of a table, of rows that no run sees yet as well; none when there is no file."""
    path = _path(customer_folder, table)
    return read_file(path, table.name)[table.key[0]] if path.exists() else pd.Series(dtype="object")


def _path(customer_folder: Path, table: Table) -> Path:
    paths = [customer_folder / "data" / f"{table.name}{suffix}" for suffix in SUFFIXES]
    return next((path for path in paths if path.is_file()), paths[0])


def append_rows(customer_folder: Path, table: Table, rows: pd.DataFrame, schema: Schema) -> Path:
    """Add rows to ``data/<table>`` of a customer, in the kind of file it has; a new table becomes CSV.

    The file is written beside the old one and takes its place in one step. Rows of a CSV file stay
    byte for byte, unless a column must be added for the new ones.

    Parameters
    ----------
    customer_folder
        The customer's folder.
    table
        Declaration of the table.
    rows
        New rows with the declared columns.
    schema
        All declarations.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        The table is made by a mapping in ``sources/``, or its file cannot be read.
    """
    mapped, _ = read_sources(customer_folder, schema)
    made = [one.document.path.name for one in mapped if table.name in one.mapping.tables]
    if made:
        problem = f"is made by sources/{made[0]}, so nothing can be added to it here"
        remedy = f"enter the rows in the source system, or keep them in data/{table.name}.csv"
        raise InputError([Fault(table.name, problem, remedy=remedy)])
    data, path = customer_folder / "data", _path(customer_folder, table)
    writers: dict[str, Callable[[Path, Path, Table, pd.DataFrame], None]] = {
        ".csv": _to_csv,
        ".parquet": _to_parquet,
        ".xlsx": _to_workbook,
    }
    data.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(dir=data, prefix=".", suffix=path.suffix)
    os.close(handle)
    beside = Path(name)
    try:
        writers[path.suffix](path, beside, table, rows)
        beside.chmod(path.stat().st_mode if path.exists() else 0o644)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def _needed(table: Table, rows: pd.DataFrame, known: list[str]) -> list[str]:
    """Columns of the file: those it has, and those in which a new row says other than the default."""
    if not known:
        return list(table.columns)
    says = [
        name
        for name, column in table.columns.items()
        if name not in known and not (rows[name].isna() | (rows[name] == column.default)).all()
    ]
    return [*known, *says]


def _to_csv(path: Path, beside: Path, table: Table, rows: pd.DataFrame) -> None:
    if not path.exists():
        beside.write_text(_lines(rows, list(table.columns), header=True), encoding="utf-8", newline="")
        return
    before = read_file(path)
    known = [str(name) for name in before.columns]
    columns = _needed(table, rows, known)
    content = path.read_bytes()
    end = "\r\n" if b"\r\n" in content else "\n"
    if columns != known:
        wide = before.reindex(columns=columns)
        text = wide.to_csv(index=False, lineterminator=end) + _lines(rows, columns, end=end)
        beside.write_bytes(text.encode("utf-8"))
        return
    joint = b"" if content.endswith((b"\n", b"\r")) else end.encode()
    beside.write_bytes(content + joint + _lines(rows, columns, end=end).encode("utf-8"))


def _lines(rows: pd.DataFrame, columns: list[str], *, header: bool = False, end: str = "\n") -> str:
    texts = pd.DataFrame({name: rows[name].map(_text) if name in rows else None for name in columns})
    numbers = [name for name in columns if name in rows and pd.api.types.is_numeric_dtype(rows[name])]
    safe = guarded(texts.drop(columns=numbers)).join(texts[numbers])[columns]
    stream = StringIO()
    safe.to_csv(stream, index=False, header=header, lineterminator=end)
    return stream.getvalue()


def _text(value: Any) -> str | None:
    """A cell as our own reader takes it back."""
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}" if value == value.normalize() else f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return str(value)


def _to_parquet(path: Path, beside: Path, table: Table, rows: pd.DataFrame) -> None:
    _joined(path, table, rows).to_parquet(beside, index=False)


def _to_workbook(path: Path, beside: Path, table: Table, rows: pd.DataFrame) -> None:
    write_workbook(beside, {table.name: _joined(path, table, rows)})


def _joined(path: Path, table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    before = read_file(path, table.name)
    columns = _needed(table, rows, [str(name) for name in before.columns])
    dated = [
        name
        for name in columns
        if name in table.columns and table.columns[name].type in {"date", "timestamp"}
    ]
    old = before.reindex(columns=columns)
    old = old.assign(**{name: pd.to_datetime(old[name]) for name in dated})
    return pd.concat(
        [old, rows[columns].astype({name: old[name].dtype for name in dated})], ignore_index=True
    )
