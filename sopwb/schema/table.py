"""The declaration of a table: its grain, its key, and what each column holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from sopwb.errors import SopwbError

__all__ = ["INPUT_KINDS", "Column", "Table"]

INPUT_KINDS = ("master", "fact", "people", "archive")

DTYPES = {
    "text": "object",
    "integer": "int64",
    "number": "float64",
    "flag": "bool",
    "date": "datetime64[ns]",
    "timestamp": "datetime64[ns]",
}


@dataclass(frozen=True)
class Column:
    """One column of a table as it is declared."""

    name: str
    type: str
    holds: str
    optional: bool = False
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    one_of: tuple[Any, ...] = ()
    is_open: bool = False
    """Whether a customer may allow more words than those of ``one_of``."""
    references: str | None = None
    unit: str | None = None
    dated_by: str | None = None
    """Column that says when the cell became known, when that is later than the row."""

    @property
    def dtype(self) -> str:
        """Pandas type of the column; an optional integer is nullable, an optional flag too."""
        if self.optional and self.type == "integer":
            return "Int64"
        if self.optional and self.type == "flag":
            return "boolean"
        return DTYPES[self.type]


@dataclass(frozen=True)
class Table:
    """One table as it is declared.

    Parameters
    ----------
    name, kind, grain
        What it is called, what kind it is, and what one row of it is.
    key
        Columns that name a row.
    columns
        Every column, in order.
    required
        Whether a customer's model cannot do without it.
    dated_by
        Column that says when a row became known; a run never sees a row after its as-of date.
    """

    name: str
    kind: str
    grain: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    required: bool = False
    dated_by: str | None = None

    @property
    def is_input(self) -> bool:
        """Whether the customer provides it."""
        return self.kind in INPUT_KINDS

    @cached_property
    def dtypes(self) -> dict[str, str]:
        """Pandas type of each column."""
        return {name: column.dtype for name, column in self.columns.items()}

    @cached_property
    def _blank(self) -> pd.DataFrame:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in self.dtypes.items()})

    def empty(self) -> pd.DataFrame:
        """The table without a row, its columns typed."""
        return self._blank.copy()

    def shape(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with the declared columns, order and types, sorted by key.

        Raises
        ------
        SopwbError
            A column is missing, cannot hold its type, or two rows share a key: our fault, not the user's.
        """
        missing = [name for name in self.columns if name not in frame.columns]
        if missing:
            raise SopwbError(f"{self.name}: the columns {', '.join(missing)} were not made")
        if frame.empty:
            return self.empty()
        try:
            shaped = self._typed(frame[list(self.columns)])
        except (TypeError, ValueError) as error:
            raise SopwbError(f"{self.name}: {error}") from error
        shaped = shaped.sort_values(list(self.key), kind="stable", ignore_index=True)
        double = shaped.duplicated(list(self.key))
        if double.any():
            first = shaped.loc[double, list(self.key)].iloc[0].to_dict()
            raise SopwbError(f"{self.name}: {int(double.sum())} rows repeat a key, the first is {first}")
        return shaped

    @cached_property
    def shape_digest(self) -> str:
        """Digest of what `shape` sees to: names, types and order of the columns, and the key."""
        return hashlib.sha256(repr((list(self.dtypes.items()), self.key)).encode()).hexdigest()

    def cast(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with every declared column that is no text in its type; nothing else is looked at."""
        found = frame.dtypes.to_dict()
        other = {name: to for name, to in self.dtypes.items() if to not in {"object", str(found[name])}}
        return frame.astype(other) if other else frame

    def _typed(self, frame: pd.DataFrame) -> pd.DataFrame:
        typed = self.cast(frame)
        texts = [name for name, column in self.columns.items() if column.type == "text"]
        return typed.assign(**{name: _text(typed[name]) for name in texts})


def _text(values: pd.Series[Any]) -> pd.Series[Any]:
    as_object: Any = values.astype("object")
    missing = as_object.isna()
    texts: pd.Series[Any] = as_object.where(~missing, None) if missing.any() else as_object
    return texts
