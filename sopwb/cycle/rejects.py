"""Rows of the sales history that a customer allows to be left out or taken for returns, each named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sopwb.config.data import DataSettings
from sopwb.errors import Fault
from sopwb.schema import Column, Schema, Table
from sopwb.schema.parse import row_labels

__all__ = ["allowed", "later_sales", "used_sales", "with_way_out"]

SALES = "sales_history"
SOLD, RETURNED = "sold_qty", "returned_qty"
SHOWN = 5

Reject = dict[str, Any]


def allowed(schema: Schema, settings: DataSettings) -> Schema:
    """The declarations against which a customer's tables are read: the sales history as loose as is set."""
    table = schema[SALES]
    columns = {
        name: _loosened(column, settings) if name in _needed(table) or name == SOLD else column
        for name, column in table.columns.items()
    }
    return Schema({**schema, SALES: replace(table, columns=columns)})


def _needed(table: Table) -> list[str]:
    """Columns of which no cell may be empty."""
    return [name for name, column in table.columns.items() if not column.optional and column.default is None]


def _loosened(column: Column, settings: DataSettings) -> Column:
    if settings.empty_sales == "leave_out":
        column = replace(column, optional=True)
    if settings.negative_sales == "as_return" and column.name == SOLD:
        column = replace(column, minimum=None)
    return column


def used_sales(
    frame: pd.DataFrame, table: Table, settings: DataSettings
) -> tuple[pd.DataFrame, list[Reject]]:
    """The rows of the parsed sales history that are used, and what was left out or taken for a return.

    Parameters
    ----------
    frame
        Parsed rows in the order of the source, checked against `allowed`.
    table
        The declaration as it is.
    """
    rejects: list[Reject] = []
    kept = np.ones(len(frame), dtype=bool)
    if settings.empty_sales == "leave_out":
        for name in _needed(table):
            empty = frame[name].isna().to_numpy() & kept
            kept &= ~empty
            remedy = "fill the cell, or remove the row at its source"
            rejects += _named(frame, table, name, "is empty", empty, "left out", remedy)
    negative = (frame[SOLD] < 0).to_numpy() & kept
    if settings.negative_sales == "as_return" and negative.any():
        remedy = f"book what comes back in {RETURNED}"
        rejects += _named(frame, table, SOLD, "is negative", negative, "taken for a return", remedy)
        frame = frame.assign(
            **{
                RETURNED: frame[RETURNED] - frame[SOLD].where(negative, 0.0),
                SOLD: frame[SOLD].mask(negative, 0.0),
            }
        )
    return frame[kept].reset_index(drop=True), rejects


def _named(
    frame: pd.DataFrame,
    table: Table,
    column: str,
    problem: str,
    rows: np.ndarray[Any, np.dtype[np.bool_]],
    done: str,
    remedy: str,
) -> list[Reject]:
    if not rows.any():
        return []
    return [_reject(table, column, problem, row_labels(frame, table, rows), done, remedy)]


def _reject(
    table: Table,
    column: str,
    problem: str,
    labels: Sequence[str],
    done: str,
    remedy: str,
    *,
    is_expected: bool = False,
) -> Reject:
    more = f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else ""
    return {
        "table": table.name,
        "column": column,
        "problem": problem,
        "row_count": len(labels),
        "first_rows": "; ".join(labels[:SHOWN]) + more,
        "done": done,
        "remedy": remedy,
        "is_expected": is_expected,
    }


def later_sales(frame: pd.DataFrame, table: Table, as_of: pd.Timestamp) -> list[Reject]:
    """Sales after the as-of date, which no run sees."""
    later = frame[frame["date"] >= as_of + pd.Timedelta(days=1)]
    if later.empty:
        return []
    texts = later[list(table.key)].assign(date=later["date"].dt.strftime("%Y-%m-%d")).to_dict("records")
    labels = [", ".join(f"{name}={value}" for name, value in row.items()) for row in texts]
    problem = f"is after the as-of date {as_of.date()}"
    remedy = "none where a past cycle is planned again or a month is still open; else correct the dates"
    return [_reject(table, "date", problem, labels, "not used", remedy, is_expected=True)]


def with_way_out(fault: Fault) -> Fault:
    """The fault with the setting that would let a run go on without its rows, where there is one."""
    if not fault.where.startswith(f"{SALES}."):
        return fault
    ways = {
        "is empty": "or leave such rows out with data.empty_sales: leave_out",
        "is below 0": "or book them as returns with data.negative_sales: as_return",
    }
    column = fault.where.removeprefix(f"{SALES}.")
    for problem, way in ways.items():
        if fault.problem.endswith(problem) and (problem == "is empty" or column == SOLD):
            return replace(fault, remedy=f"{fault.remedy}; {way}")
    return fault
