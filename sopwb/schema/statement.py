"""What no single column of ``manual_forecast`` can say: whether a statement is about something, and sound."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from sopwb.errors import Fault
from sopwb.schema.parse import row_labels
from sopwb.schema.table import Table

__all__ = ["ALL", "node_conditions", "node_owner", "statement_faults"]

ALL = "*"
SHOWN_WORDS = 5

Owner = tuple[str, str]


def node_conditions(node: str) -> dict[str, str]:
    """Conditions of a node by attribute: ``region=Sweden, channel=grocery``; none of ``*``.

    Raises
    ------
    ValueError
        A part is no condition, or an attribute stands twice.

    Examples
    --------
    >>> node_conditions("region=Sweden, channel=grocery")
    {'region': 'Sweden', 'channel': 'grocery'}
    >>> node_conditions("*")
    {}
    """
    if node.strip() in {"", ALL}:
        return {}
    found: dict[str, str] = {}
    for part in node.split(","):
        name, sign, value = (word.strip() for word in part.partition("="))
        if not (name and sign and value):
            raise ValueError(f"{part.strip()!r} is no condition; write region=Sweden")
        if name in found:
            raise ValueError(f"{name} stands twice")
        found[name] = value
    return found


def node_owner(name: str, product: pd.DataFrame, market: pd.DataFrame) -> Owner | None:
    """Table and column of an attribute: of product before market, unless written ``market.description``."""
    table, dot, column = name.partition(".")
    frames = {"product": product, "market": market}
    if dot:
        return (table, column) if table in frames and column in frames[table].columns else None
    return next(((owner, name) for owner, frame in frames.items() if name in frame.columns), None)


def statement_faults(tables: Mapping[str, pd.DataFrame], schema: Mapping[str, Table]) -> list[Fault]:
    """Faults of manual forecasts that reach beyond one cell, each with its rows.

    Looked at are families and nodes that do not exist, scopes that hold nothing, first days that
    begin no month, and amounts that would make a forecast negative.
    """
    frame = tables.get("manual_forecast")
    product, market = tables.get("product"), tables.get("market")
    if frame is None or frame.empty or product is None or market is None:
        return []
    table = schema["manual_forecast"]
    rules = (
        ("family", *_unknown_family(frame, product)),
        ("product", *_other_family(frame, product)),
        ("period", *_no_first_day(frame)),
        ("amount", *_negative(frame)),
    )
    faults = [_fault(frame, table, column, rows, *words) for column, rows, words in rules if rows.any()]
    return faults + _node_faults(frame, table, product, market)


def _fault(
    frame: pd.DataFrame, table: Table, column: str, rows: np.ndarray[Any, Any], problem: str, remedy: str
) -> Fault:
    values = frame.loc[rows, column].tolist()
    labels = row_labels(frame, table, rows)
    shown = [f"{label}: {_plain(value)}" for label, value in zip(labels, values, strict=True)]
    return Fault(f"{table.name}.{column}", f"{len(shown)} row(s) {problem}", shown, remedy)


def _plain(value: Any) -> str:
    return str(value.date()) if isinstance(value, pd.Timestamp) else repr(value)


def _unknown_family(
    frame: pd.DataFrame, product: pd.DataFrame
) -> tuple[np.ndarray[Any, Any], tuple[str, str]]:
    known = sorted({str(name) for name in product["family"].dropna()})
    strange = frame["family"].notna() & (frame["family"] != ALL) & ~frame["family"].isin(known)
    near = get_close_matches(str(frame.loc[strange, "family"].iloc[0]), known, n=1) if strange.any() else []
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known[:SHOWN_WORDS])}"
    return strange.to_numpy(dtype=bool), ("name a family that no product has", hint)


def _other_family(frame: pd.DataFrame, product: pd.DataFrame) -> tuple[np.ndarray[Any, Any], tuple[str, str]]:
    own = frame["product"].map(product.drop_duplicates("product").set_index("product")["family"])
    named = own.notna() & frame["family"].notna() & (frame["family"] != ALL)
    words = ("name a product of another family", "correct one of the two, or write * as the family")
    return (named & (own != frame["family"])).to_numpy(dtype=bool), words


def _no_first_day(frame: pd.DataFrame) -> tuple[np.ndarray[Any, Any], tuple[str, str]]:
    rows = frame["period"].notna() & (frame["span"] != "week") & (frame["period"].dt.day != 1)
    return rows.to_numpy(dtype=bool), ("do not begin with a month", "write its first day, as 2026-03-01")


def _negative(frame: pd.DataFrame) -> tuple[np.ndarray[Any, Any], tuple[str, str]]:
    below = (frame["mode"] == "absolute") & (frame["amount"] < 0)
    below |= (frame["mode"] == "percent") & (frame["amount"] < -1)
    remedy = "a total is at least 0, and no more than 100 percent can be taken away (-1)"
    return below.to_numpy(dtype=bool), ("make the forecast negative", remedy)


def _node_faults(
    frame: pd.DataFrame, table: Table, product: pd.DataFrame, market: pd.DataFrame
) -> list[Fault]:
    faults = []
    for node in sorted({str(node) for node in frame["node"].dropna()}):
        problem, remedy = _node_problem(node, product, market)
        if problem:
            labels = row_labels(frame, table, frame["node"] == node)
            faults.append(Fault(f"{table.name}.node", f"{node!r}: {problem}", labels, remedy))
    return faults


def _node_problem(node: str, product: pd.DataFrame, market: pd.DataFrame) -> tuple[str, str]:
    frames = {"product": product, "market": market}
    try:
        conditions = node_conditions(node)
    except ValueError as error:
        return str(error), "separate conditions by commas, as region=Sweden, channel=grocery"
    left = dict(frames)
    for name, value in conditions.items():
        owner = node_owner(name, product, market)
        if owner is None:
            columns = [str(column) for table in frames.values() for column in table.columns]
            near = get_close_matches(name, columns, n=1)
            hint = f"did you mean {near[0]}?" if near else "use a column of product or market"
            return f"neither product nor market has a column {name}", hint
        table, column = owner
        known = sorted({str(word) for word in frames[table][column].dropna()})
        if value not in known:
            near = get_close_matches(value, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known[:SHOWN_WORDS])}"
            return f"no {table} has the {column} {value}", hint
        left[table] = left[table][left[table][column].astype(str) == value]
    empty = [name for name, rows in left.items() if rows.empty]
    return (f"holds no {empty[0]}", "correct one of its conditions") if empty else ("", "")
