"""Tables to files: declared columns in order, sorted by key, small, and the same bytes every time."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

TABLES = Path(__file__).resolve().parents[3] / "sopwb" / "schema" / "tables"
LARGEST_CSV = 3000
MIDNIGHT = "%Y-%m-%d"


@cache
def declaration(name: str) -> dict[str, Any]:
    """The declaration of a table of the workbench."""
    return yaml.load((TABLES / f"{name}.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def shaped(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The columns it has and those of the key, in declared order, defaults filled in, sorted by key."""
    declared = declaration(name)
    given, frame = set(frame), frame.copy()
    for column, facts in declared["columns"].items():
        if column not in frame:
            if not facts.get("optional") and "default" not in facts:
                raise KeyError(f"{name} lacks {column}")
            frame[column] = facts.get("default")
        elif "default" in facts:
            frame[column] = frame[column].where(frame[column].notna(), facts["default"])
        if facts["type"] in ("date", "timestamp"):
            frame[column] = pd.to_datetime(frame[column])
    if frame.duplicated(declared["key"]).any():
        raise ValueError(
            f"{name} has a doubled key: {frame[frame.duplicated(declared['key'], keep=False)].head()}"
        )
    kept = [name for name in declared["columns"] if name in given or name in declared["key"]]
    return frame[kept].sort_values(declared["key"], ignore_index=True)


def write_table(folder: Path, name: str, frame: pd.DataFrame) -> Path:
    """Write a declared table, as CSV when people can still read it, else as parquet."""
    table = shaped(name, frame)
    types = {c: f["type"] for c, f in declaration(name)["columns"].items()}
    if len(table) <= LARGEST_CSV:
        return _csv(folder / f"{name}.csv", table, types)
    return write_parquet(folder / f"{name}.parquet", table, types)


def write_truth(folder: Path, name: str, frame: pd.DataFrame, types: dict[str, str] | None = None) -> Path:
    """Write a table of the truth; it has no declaration, because nothing of the workbench reads it."""
    known = types or {}
    if len(frame) <= LARGEST_CSV:
        return _csv(folder / f"{name}.csv", frame, known)
    return write_parquet(folder / f"{name}.parquet", frame, known)


def _csv(path: Path, table: pd.DataFrame, types: dict[str, str]) -> Path:
    text = pd.DataFrame({c: _as_text(table[c], types.get(c)) for c in table})
    text.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
    return path


def _as_text(column: pd.Series, kind: str | None) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column):
        pattern = "%Y-%m-%d %H:%M" if kind == "timestamp" else MIDNIGHT
        return column.dt.strftime(pattern)
    if kind == "flag":
        return column.astype(bool).map({True: "true", False: "false"})
    if pd.api.types.is_numeric_dtype(column) or kind in ("number", "integer"):
        return column.map(_number, na_action="ignore")
    return column


def _number(value: float) -> str:
    return f"{float(value):.9f}".rstrip("0").rstrip(".")


def write_parquet(path: Path, table: pd.DataFrame, types: dict[str, str]) -> Path:
    """Write parquet with the smallest type that holds every value; whole numbers are stored as integers."""
    arrays = {c: _as_arrow(table[c], types.get(c)) for c in table}
    whole = pa.table(arrays)
    split = [c for c in whole.column_names if _is_scattered(whole.schema.field(c).type, table[c])]
    others = [c for c in whole.column_names if c not in split]
    pq.write_table(
        whole,
        path,
        compression="zstd",
        compression_level=12,
        use_dictionary=others,
        use_byte_stream_split=split or False,
        write_statistics=False,
        store_schema=False,
    )
    return path


def _is_scattered(kind: pa.DataType, column: pd.Series) -> bool:
    return pa.types.is_floating(kind) and column.nunique() > 0.5 * len(column)


def _as_arrow(column: pd.Series, kind: str | None) -> pa.Array:
    if pd.api.types.is_datetime64_any_dtype(column):
        return pa.array(column, from_pandas=True).cast(
            pa.timestamp("ms") if kind == "timestamp" else pa.date32()
        )
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        if column.notna().all() and (column == column.round()).all():
            return pa.array(column.astype("int64")).cast(pa.int32())
        return pa.array(column.astype("float64"), from_pandas=True)
    return pa.array(column, from_pandas=True)
