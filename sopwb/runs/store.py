"""The one writer of tables: parquet with the declared columns, order and types, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sopwb.errors import Fault, InputError
from sopwb.schema import Schema, Table

__all__ = ["arrow_bytes", "read_table", "read_tables", "write_table", "write_tables"]

ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "date": pa.timestamp("ns"),
    "timestamp": pa.timestamp("ns"),
}


def _arrow(frame: pd.DataFrame, table: Table) -> pa.Table:
    fields = [pa.field(name, ARROW[column.type]) for name, column in table.columns.items()]
    return pa.Table.from_pandas(
        frame, schema=pa.schema(fields), preserve_index=False
    ).replace_schema_metadata()


def _write(data: pa.Table, where: Path | pa.BufferOutputStream) -> None:
    pq.write_table(data, where, compression="zstd", version="2.6", store_schema=False)


def write_table(path: Path, frame: pd.DataFrame, table: Table) -> None:
    """Write one table, shaped as declared, to a parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(_arrow(table.shape(frame), table), path)


def arrow_bytes(frame: pd.DataFrame, table: Table) -> bytes:
    """The bytes `write_table` would write."""
    stream = pa.BufferOutputStream()
    _write(_arrow(table.shape(frame), table), stream)
    return bytes(stream.getvalue())


def write_tables(folder: Path, frames: Mapping[str, pd.DataFrame], schema: Schema) -> None:
    """Write tables as ``NAME.parquet`` into a folder."""
    for name, frame in frames.items():
        write_table(folder / f"{name}.parquet", frame, schema[name])


def read_table(path: Path, table: Table) -> pd.DataFrame:
    """One table as it was written.

    A run of an older version may lack columns that are optional or have a default; they come back so.

    Raises
    ------
    InputError
        The file does not exist or is no table of this name.
    """
    if not path.exists():
        raise InputError([Fault(table.name, "has not been made yet", remedy="run the steps before this one")])
    frame = pq.read_table(path).to_pandas()
    for name, column in table.columns.items():
        if name not in frame.columns and (column.optional or column.default is not None):
            frame[name] = column.default
    return table.shape(frame)


def read_tables(folders: Iterable[Path], names: Iterable[str], schema: Schema) -> dict[str, pd.DataFrame]:
    """Tables by name, each from the first folder that has it."""
    places = list(folders)
    found = {}
    for name in names:
        paths = [place / f"{name}.parquet" for place in places]
        path = next((path for path in paths if path.exists()), paths[-1])
        found[name] = read_table(path, schema[name])
    return found
