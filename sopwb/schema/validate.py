"""Check parsed tables: bounds, allowed words and keys of each, references and cycles between them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sopwb.errors import Fault
from sopwb.schema.investment import INVESTMENT_TABLES, investment_faults
from sopwb.schema.load import Schema
from sopwb.schema.parse import row_labels
from sopwb.schema.statement import statement_faults
from sopwb.schema.table import Column, Table

if TYPE_CHECKING:
    from pandera.pandas import DataFrameSchema

__all__ = ["bill_of_material_cycles", "lanes_to_themselves", "relation_faults", "table_faults", "validate"]

SHOWN_WORDS = 3


def validate(tables: Mapping[str, pd.DataFrame], schema: Schema) -> list[Fault]:
    """Every fault of parsed input tables: missing tables, rows out of bounds, references to nothing, cycles.

    Parameters
    ----------
    tables
        Parsed tables by name; a table that is absent counts as empty.
    schema
        The declarations.
    """
    faults: list[Fault] = []
    for table in schema.inputs():
        frame = tables.get(table.name)
        if frame is None or frame.empty:
            if table.required:
                problem = "has no rows" if frame is not None else "is missing"
                faults.append(Fault(table.name, problem, remedy=f"provide it: {table.grain}"))
            continue
        faults += table_faults(frame, table)
        faults += _reference_faults(frame, table, tables, schema)
    faults += bill_of_material_cycles(tables.get("bill_of_material"))
    faults += lanes_to_themselves(tables.get("lane"), schema)
    return faults + statement_faults(tables, schema) + investment_faults(tables, schema)


def relation_faults(
    tables: Mapping[str, pd.DataFrame], schema: Mapping[str, Table], changed: Collection[str]
) -> list[Fault]:
    """Faults between tables that are sound by themselves, as far as tables that were changed are touched."""
    faults: list[Fault] = []
    for name in sorted(tables):
        touched = {column.references for column in schema[name].columns.values()} | {name}
        if schema[name].is_input and touched & set(changed):
            faults += _reference_faults(tables[name], schema[name], tables, schema)
    if set(INVESTMENT_TABLES) & set(changed):
        faults += investment_faults(tables, schema)
    if "lane" in changed:
        faults += lanes_to_themselves(tables.get("lane"), schema)
    return faults + (bill_of_material_cycles(tables.get("bill_of_material")) if changed else [])


def table_faults(frame: pd.DataFrame, table: Table) -> list[Fault]:
    """Faults of one parsed table by itself: bounds, allowed words, repeated keys."""
    from pandera.errors import SchemaErrors

    faults = _duplicate_faults(frame, table) + _undated_faults(frame, table)
    try:
        _pandera(table).validate(frame, lazy=True)
    except SchemaErrors as errors:
        faults += _bound_faults(frame, table, errors.failure_cases)
    return faults


def _pandera(table: Table) -> DataFrameSchema:
    import pandera.pandas as pa

    columns = {
        name: pa.Column(checks=_checks(column), nullable=True) for name, column in table.columns.items()
    }
    return pa.DataFrameSchema(columns)


def _checks(column: Column) -> list[Any]:
    import pandera.pandas as pa

    checks = []
    if column.minimum is not None:
        checks.append(pa.Check.ge(column.minimum, error=f"is below {column.minimum:g}"))
    if column.maximum is not None:
        checks.append(pa.Check.le(column.maximum, error=f"is above {column.maximum:g}"))
    if column.one_of:
        allowed = ", ".join(map(str, column.one_of))
        checks.append(pa.Check.isin(list(column.one_of), error=f"is none of {allowed}"))
    return checks


def _bound_faults(frame: pd.DataFrame, table: Table, cases: pd.DataFrame) -> list[Fault]:
    faults = []
    for (found, check), rows in cases.groupby(["column", "check"], sort=True):
        name = str(found)
        marked = np.zeros(len(frame), dtype=bool)
        marked[rows["index"].dropna().astype(int)] = True
        labels = row_labels(frame, table, marked)
        values = frame[name][marked].tolist()
        texts = [f"{label}: {value!r}" for label, value in zip(labels, values, strict=True)]
        column = table.columns[name]
        problem = f"{len(texts)} cell(s): {check}"
        faults.append(Fault(f"{table.name}.{name}", problem, texts, f"it should hold: {column.holds}"))
    return faults


def _duplicate_faults(frame: pd.DataFrame, table: Table) -> list[Fault]:
    key = list(table.key)
    double = frame.duplicated(key, keep=False) & frame[key].notna().all(axis=1)
    if not double.any():
        return []
    problem = f"{int(double.sum())} rows share a key ({', '.join(key)})"
    return [Fault(table.name, problem, row_labels(frame, table, double), "keep one row per key, or sum them")]


def _undated_faults(frame: pd.DataFrame, table: Table) -> list[Fault]:
    """Faults of cells that do not say when they became known."""
    faults = []
    for name, column in table.columns.items():
        if column.dated_by is not None and {name, column.dated_by} <= set(frame.columns):
            undated = frame[name].notna() & frame[column.dated_by].isna()
            if undated.any():
                problem = f"{int(undated.sum())} cell(s) do not say since when they are known"
                remedy = f"fill {column.dated_by}: a run never sees what was known only after its as-of date"
                label = f"{table.name}.{name}"
                faults.append(Fault(label, problem, row_labels(frame, table, undated), remedy))
    return faults


def _reference_faults(
    frame: pd.DataFrame, table: Table, tables: Mapping[str, pd.DataFrame], schema: Mapping[str, Table]
) -> list[Fault]:
    faults = []
    for name, column in table.columns.items():
        if column.references is None:
            continue
        target = schema[column.references]
        key = target.key[0]
        known = tables.get(target.name)
        names = set() if known is None else set(known[key].dropna())
        strange = frame[name].notna() & ~frame[name].isin(names)
        if column.default is not None:
            strange &= frame[name] != column.default
        if strange.any():
            faults.append(_unknown(frame, table, name, strange, target))
    return faults


def _unknown(frame: pd.DataFrame, table: Table, name: str, rows: pd.Series[bool], target: Table) -> Fault:
    words = sorted(set(frame.loc[rows, name]))
    hidden = len(words) - SHOWN_WORDS
    shown = ", ".join(map(str, words[:SHOWN_WORDS])) + (f" and {hidden} more" if hidden > 0 else "")
    problem = f"{int(rows.sum())} row(s) name a {target.name} that does not exist: {shown}"
    remedy = f"add it to {target.name}, or correct the code"
    return Fault(f"{table.name}.{name}", problem, row_labels(frame, table, rows), remedy)


def lanes_to_themselves(lane: pd.DataFrame | None, schema: Mapping[str, Table]) -> list[Fault]:
    """A fault for lanes that end where they begin."""
    if lane is None or lane.empty:
        return []
    loop = lane["from_location"].eq(lane["to_location"]).fillna(value=False)
    if not loop.any():
        return []
    rows = row_labels(lane, schema["lane"], loop)
    problem = f"{len(rows)} lane(s) end where they begin"
    return [Fault("lane", problem, rows, "remove them, or correct an end")]


def bill_of_material_cycles(bill_of_material: pd.DataFrame | None) -> list[Fault]:
    """A fault for the products that, through their components, contain themselves."""
    if bill_of_material is None or bill_of_material.empty:
        return []
    edges = bill_of_material[["product", "component"]].dropna().drop_duplicates()
    while True:
        inner = edges[edges["component"].isin(set(edges["product"]))]
        inner = inner[inner["product"].isin(set(inner["component"]))]
        if len(inner) == len(edges):
            break
        edges = inner
    if edges.empty:
        return []
    path = _one_cycle(dict(edges.sort_values(["product", "component"]).itertuples(index=False)))
    problem = f"{edges['product'].nunique()} product(s) contain themselves"
    return [Fault("bill_of_material", problem, [" → ".join(path)], "remove one of these rows")]


def _one_cycle(follows: Mapping[str, str]) -> list[str]:
    path = [min(follows)]
    while follows[path[-1]] not in path:
        path.append(follows[path[-1]])
    start = path.index(follows[path[-1]])
    return [*path[start:], path[start]]
