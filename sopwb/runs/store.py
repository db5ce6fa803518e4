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


SHAPED = b"sopwb.shaped"
"""Word in a file that says what its rows were shaped to; they need no second look when they are read."""


def _arrow(frame: pd.DataFrame, table: Table) -> pa.Table:
    fields = [pa.field(name, ARROW[column.type]) for name, column in table.columns.items()]
    return pa.Table.from_pandas(
        frame, schema=pa.schema(fields), preserve_index=False
    ).replace_schema_metadata()


def _write(frame: pd.DataFrame, table: Table, where: Path | pa.BufferOutputStream) -> None:
    data = _arrow(frame, table)
    with pq.ParquetWriter(
        where, data.schema, compression="zstd", version="2.6", store_schema=False
    ) as writer:
        writer.write_table(data)
        writer.add_key_value_metadata({SHAPED: table.shape_digest})


def write_table(path: Path, frame: pd.DataFrame, table: Table, *, is_shaped: bool = False) -> None:
    """Write one table to a parquet file, shaped as declared; `is_shaped` says that it is already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(frame if is_shaped else table.shape(frame), table, path)


def arrow_bytes(frame: pd.DataFrame, table: Table) -> bytes:
    """The bytes `write_table` would write."""
    stream = pa.BufferOutputStream()
    _write(table.shape(frame), table, stream)
    return bytes(stream.getvalue())


def write_tables(
    folder: Path, frames: Mapping[str, pd.DataFrame], schema: Schema, *, is_shaped: bool = False
) -> None:
    """Write tables as ``NAME.parquet`` into a folder; `is_shaped` says that they are shaped as declared."""
    for name, frame in frames.items():
        write_table(folder / f"{name}.parquet", frame, schema[name], is_shaped=is_shaped)


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
    with pq.ParquetFile(path) as file:
        frame = file.read(use_threads=False).to_pandas(use_threads=False)
        shape = (file.metadata.metadata or {}).get(SHAPED)
    if shape == table.shape_digest.encode():
        return table.cast(frame)
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
