"""From bare frames to declared tables: what a frame leaves out is its default, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sopwb.schema import Schema
from sopwb.schema.table import Column, Table

__all__ = ["START", "declared", "months"]

START = pd.Timestamp("2026-01-01")
EMPTY = {"number": 0.0, "integer": 0, "text": "none", "flag": False, "date": START, "timestamp": START}


def _usual(column: Column) -> Any:
    if column.default is not None:
        is_day = column.type in {"date", "timestamp"}
        return pd.Timestamp(column.default) if is_day else column.default
    return None if column.optional else EMPTY[column.type]


def _shaped(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    unknown = set(frame.columns) - set(table.columns)
    if unknown:
        raise KeyError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    left_out = {name: _usual(column) for name, column in table.columns.items() if name not in frame}
    return table.shape(frame.assign(**left_out))


def declared(frames: Mapping[str, pd.DataFrame], schema: Schema) -> dict[str, pd.DataFrame]:
    """Every declared table, with the rows of the frames."""
    given = {name: _shaped(frame, schema[name]) for name, frame in frames.items() if len(frame)}
    return {name: given[name] if name in given else schema[name].empty() for name in schema}


def months(count: int, days: int = 30, working_days: int | None = None) -> pd.DataFrame:
    """Rows of the table ``period``: buckets of so many days each, one after the other."""
    starts = pd.Series(START + pd.to_timedelta(range(0, count * days, days), unit="D"))
    return pd.DataFrame(
        {
            "period": starts,
            "end_date": starts + pd.Timedelta(days=days - 1),
            "bucket": "month",
            "days": days,
            "working_days": days if working_days is None else working_days,
            "fiscal_period": starts,
            "fiscal_year": START.year,
        }
    )
