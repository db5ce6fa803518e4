"""Changes that a scenario makes to input tables: set, scale, add or remove rows, never a copy of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from sopwb.config.base import Settings
from sopwb.errors import Fault, InputError
from sopwb.schema import Table
from sopwb.schema.parse import parse
from sopwb.schema.validate import relation_faults, table_faults

__all__ = ["TableChange", "apply_changes"]

Rows = npt.NDArray[np.bool_]


class TableChange(Settings):
    """One change of one input table."""

    table: str
    """Table that is changed."""
    where: Mapping[str, Any] = Field(default_factory=dict)
    """Rows that are changed: a value, or a list of values, for each column named; unset: all rows."""
    set: Mapping[str, Any] = Field(default_factory=dict)
    """New value of columns."""
    scale: Mapping[str, float] = Field(default_factory=dict)
    """Factor on columns that hold numbers."""
    add: tuple[Mapping[str, Any], ...] = ()
    """New rows."""
    remove: bool = False
    """Whether the rows are taken out."""


def apply_changes(
    tables: Mapping[str, pd.DataFrame], changes: Sequence[TableChange], schema: Mapping[str, Table]
) -> dict[str, pd.DataFrame]:
    """Input tables with the changes of a scenario laid over them.

    Raises
    ------
    InputError
        A change names an unknown table or column, matches no row, breaks a declaration, or
        touches a cell that another change of the scenario touches.
    """
    changed = dict(tables)
    faults: list[Fault] = []
    touched: dict[tuple[str, str], Rows] = {}
    for place, change in enumerate(changes, start=1):
        label = f"scenario change {place} ({change.table})"
        found = _shape_faults(change, schema, label)
        if not found:
            found = _collisions(changed[change.table], change, touched, label)
        if not found:
            frame, found = _changed(changed[change.table], change, schema[change.table], label)
            changed[change.table] = frame
        faults += found
    if not faults:
        names = {change.table for change in changes}
        faults = [_named(fault, "scenario") for fault in relation_faults(changed, schema, names)]
    if faults:
        raise InputError(faults)
    return changed


def _shape_faults(change: TableChange, schema: Mapping[str, Table], label: str) -> list[Fault]:
    if change.table not in schema or not schema[change.table].is_input:
        known = ", ".join(table.name for table in schema.values() if table.is_input)
        return [Fault(label, "is no input table", remedy=f"known are {known}")]
    columns = schema[change.table].columns
    named = [*change.where, *change.set, *change.scale, *(name for row in change.add for name in row)]
    faults = [
        Fault(label, f"{name} is not a column", remedy=f"known are {', '.join(columns)}")
        for name in sorted(set(named) - set(columns))
    ]
    wrong = [
        name for name in change.scale if name in columns and columns[name].type not in {"number", "integer"}
    ]
    faults += [Fault(label, f"{name} cannot be scaled", remedy="scale columns of numbers") for name in wrong]
    kinds = [bool(change.set or change.scale), bool(change.add), change.remove]
    if sum(kinds) != 1:
        faults.append(Fault(label, "must do one thing", remedy="use set and scale, or add, or remove"))
    return faults


def _rows(frame: pd.DataFrame, where: Mapping[str, Any]) -> Rows:
    rows = np.ones(len(frame), dtype=bool)
    for name, wanted in where.items():
        values = list(wanted) if isinstance(wanted, (list, tuple)) else [wanted]
        if pd.api.types.is_datetime64_any_dtype(frame[name].dtype):
            values = list(pd.to_datetime(values))
        rows &= frame[name].isin(values).to_numpy(dtype=bool)
    return rows


def _collisions(
    frame: pd.DataFrame, change: TableChange, touched: dict[tuple[str, str], Rows], label: str
) -> list[Fault]:
    faults = []
    rows = _rows(frame, change.where)
    if not change.add and not rows.any():
        return [Fault(label, f"matches no row: {dict(change.where)}", remedy="correct `where`")]
    for name in [*change.set, *change.scale]:
        before = touched.get((change.table, name), np.zeros(len(frame), dtype=bool))
        before = np.pad(before, (0, max(0, len(rows) - len(before))))[: len(rows)]
        if (before & rows).any():
            problem = f"{name} of {int((before & rows).sum())} row(s) is already changed by this scenario"
            faults.append(Fault(label, problem, remedy="keep one of the two changes"))
        touched[(change.table, name)] = before | rows
    return faults


def _changed(
    frame: pd.DataFrame, change: TableChange, table: Table, label: str
) -> tuple[pd.DataFrame, list[Fault]]:
    rows = _rows(frame, change.where)
    if change.remove:
        return frame[~rows].reset_index(drop=True), []
    if change.add:
        return _added(frame, change, table, label)
    return _rewritten(frame, rows, change, table, label)


def _added(
    frame: pd.DataFrame, change: TableChange, table: Table, label: str
) -> tuple[pd.DataFrame, list[Fault]]:
    raw = pd.DataFrame([dict(row) for row in change.add], dtype="object")
    new, faults = parse(raw, table)
    if not faults:
        whole = pd.concat([frame, new.astype(frame.dtypes.to_dict())], ignore_index=True)
        faults = table_faults(whole, table)
        frame = whole
    return frame, [_named(fault, label) for fault in faults]


def _rewritten(
    frame: pd.DataFrame, rows: Rows, change: TableChange, table: Table, label: str
) -> tuple[pd.DataFrame, list[Fault]]:
    cells = pd.DataFrame(
        {name: [value] * int(rows.sum()) for name, value in change.set.items()}, dtype="object"
    )
    for name, factor in change.scale.items():
        cells[name] = (frame.loc[rows, name].astype("float64") * factor).to_numpy()
    names = [*change.set, *change.scale]
    part = Table(table.name, table.kind, table.grain, (), {name: table.columns[name] for name in names})
    typed, faults = parse(cells, part)
    if not faults:
        columns = {name: frame[name].copy() for name in names}
        for name, column in columns.items():
            column[rows] = typed[name].to_numpy()
        frame = frame.assign(**columns)
        faults = table_faults(frame, table)
    return frame, [_named(fault, label) for fault in faults]


def _named(fault: Fault, label: str) -> Fault:
    return Fault(f"{label}: {fault.where}", fault.problem, fault.rows, fault.remedy)
