"""Turn raw cells into typed columns, strictly: a cell is what it should be or a fault, never a guess."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from sopwb.errors import Fault
from sopwb.schema.table import Column, Table

__all__ = ["FIRST_ROW", "parse", "row_labels"]

FIRST_ROW = 2
"""Row number of the first record, as a spreadsheet counts: the header is row 1."""

WORDS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
REMEDIES = {
    "text": "write text",
    "integer": "write a whole number without leading zeros, such as 12",
    "number": "write a number with a decimal point, such as 1234.5",
    "flag": "write true or false",
    "date": "write a date as 2026-02-28",
    "timestamp": "write a moment as 2026-02-28 14:30",
}

Values = pd.Series
Result = tuple["pd.Series[Any]", "pd.Series[bool]"]


def parse(raw: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, list[Fault]]:
    """The rows of a raw table with the declared columns and types, and every fault of its cells.

    A cell that is a fault comes back as missing, so that later checks can go on.

    Parameters
    ----------
    raw
        Cells as they were found: text from CSV, typed from parquet, SQL and Excel.
    table
        The declaration.

    Returns
    -------
    tuple
        Typed rows in the order of the source, and the faults.
    """
    faults = _column_faults(raw, table)
    columns: dict[str, pd.Series[Any]] = {}
    for name, column in table.columns.items():
        known = name in raw.columns or column.optional or column.default is not None
        columns[name], found = _column(_cells(raw, name), column, table)
        faults += found if known else []
    return pd.DataFrame(columns, index=pd.RangeIndex(len(raw))), faults


def row_labels(raw: pd.DataFrame, table: Table, rows: pd.Series[bool] | np.ndarray[Any, Any]) -> list[str]:
    """How rows are named to the user: their number and their key."""
    places = np.flatnonzero(np.asarray(rows))
    keys = [name for name in table.key if name in raw.columns]
    labels = []
    for place in places:
        named = ", ".join(f"{name}={_shown(raw[name].iloc[place])}" for name in keys)
        labels.append(f"row {place + FIRST_ROW}" + (f" ({named})" if named else ""))
    return labels


def _shown(value: Any) -> str:
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return str(value.date())
    return str(value)


def _column_faults(raw: pd.DataFrame, table: Table) -> list[Fault]:
    faults = []
    for name, column in table.columns.items():
        if name not in raw.columns and not column.optional and column.default is None:
            problem = f"the column {name} is missing"
            faults.append(Fault(table.name, problem, remedy=f"add it: {column.holds}"))
    for name in raw.columns:
        if name not in table.columns:
            near = get_close_matches(str(name), list(table.columns), n=1)
            hint = (
                f"did you mean {near[0]}?" if near else "remove it, or declare it in the customer's schema/"
            )
            faults.append(Fault(table.name, f"the column {name!r} is not declared", remedy=hint))
    doubled = sorted({str(name) for name in raw.columns[raw.columns.duplicated()]})
    faults += [Fault(table.name, f"the column {name} stands twice", remedy="keep one") for name in doubled]
    return faults


def _cells(raw: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Cells of a column; of one that stands twice the first, of one that is missing none."""
    places = np.flatnonzero(raw.columns == name)
    if len(places) == 0:
        return pd.Series([None] * len(raw), dtype="object")
    return raw.iloc[:, int(places[0])].reset_index(drop=True)


def _column(cells: pd.Series[Any], column: Column, table: Table) -> tuple[pd.Series[Any], list[Fault]]:
    kinds, place = _distinct(cells)
    missing = _is_missing(kinds)
    faults: list[Fault] = []
    if missing.any() and not column.optional:
        if column.default is None:
            faults.append(_fault(cells, missing.take(place), column, table, "is empty"))
        else:
            kinds = kinds.astype("object").where(~missing, column.default)
            missing = pd.Series(np.zeros(len(kinds), dtype=bool))
    values, bad = READERS[column.type](kinds, missing)
    bad &= ~missing
    if bad.any():
        faults.append(_fault(cells, bad.take(place), column, table, f"is not {_article(column.type)}"))
        values = values.mask(bad)
    if (column.optional or not faults) and column.type != "text":
        values = values.astype(column.dtype)  # type: ignore[call-overload]
    return values.take(place).reset_index(drop=True), faults


def _distinct(cells: pd.Series[Any]) -> tuple[pd.Series[Any], np.ndarray[Any, Any]]:
    """Each different cell once, and of every cell the place of its like; a column of text repeats itself."""
    if cells.dtype != object or pd.api.types.infer_dtype(cells, skipna=True) != "string":
        return cells, np.arange(len(cells))
    place, kinds = pd.factorize(cells, use_na_sentinel=False)
    return pd.Series(kinds, dtype="object"), place


def _article(kind: str) -> str:
    return {
        "text": "text",
        "integer": "a whole number",
        "number": "a finite number",
        "flag": "true or false",
    }.get(kind, f"a {kind}")


def _fault(cells: pd.Series[Any], rows: pd.Series[bool], column: Column, table: Table, problem: str) -> Fault:
    frame = cells.to_frame()
    labels = row_labels(frame, table, rows)
    shown = cells[rows.to_numpy()].tolist()
    texts = [f"{label.split(' (')[0]}: {value!r}" for label, value in zip(labels, shown, strict=True)]
    remedy = column.holds if problem == "is empty" else REMEDIES[column.type]
    return Fault(f"{table.name}.{column.name}", f"{len(texts)} cell(s): {problem}", texts, remedy)


def _is_missing(cells: pd.Series[Any]) -> pd.Series[bool]:
    missing = cells.isna()
    if cells.dtype == object:
        missing |= cells.map(lambda cell: isinstance(cell, str) and not cell.strip()).astype(bool)
    return missing


def _strings(cells: pd.Series[Any]) -> tuple[pd.Series[Any], pd.Series[bool]]:
    is_text = cells.map(lambda cell: isinstance(cell, str)).astype(bool)
    return cells.where(is_text, "").astype(str).str.strip(), is_text


def _text(cells: pd.Series[Any], missing: pd.Series[bool]) -> Result:
    values: Any = cells.astype("object").map(_as_text, na_action="ignore")
    bad = values.isna() & ~missing
    return values.where(~missing & ~bad, None), bad


def _as_text(cell: Any) -> str | None:
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, (bool, np.bool_)):
        return None
    if isinstance(cell, (int, np.integer)):
        return str(int(cell))
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer() and abs(float(cell)) < 2**53:
        return str(int(cell))
    return None


def _number(cells: pd.Series[Any], missing: pd.Series[bool]) -> Result:
    if pd.api.types.is_bool_dtype(cells.dtype):
        return pd.Series(np.nan, index=cells.index), ~missing
    if pd.api.types.is_numeric_dtype(cells.dtype):
        values = cells.astype("float64")
        return values, ~_is_finite(values) & ~missing
    texts, is_text = _strings(cells)
    plain = texts.str.fullmatch(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?") & ~texts.str.match(r"[-+]?0\d")
    from_text = texts.where(plain, "nan").map(float)  # pandas' own reading of text may lose the last digit
    typed = pd.to_numeric(cells.where(~is_text & ~cells.map(_is_bool)), errors="coerce")
    values = from_text.where(is_text, typed).astype("float64")
    return values, ~_is_finite(values) & ~missing


def _is_finite(values: pd.Series[float]) -> pd.Series[bool]:
    return pd.Series(np.isfinite(values.to_numpy()), index=values.index)


def _integer(cells: pd.Series[Any], missing: pd.Series[bool]) -> Result:
    values, bad = _number(cells, missing)
    texts, is_text = _strings(cells)
    bad |= is_text & ~texts.str.fullmatch(r"[-+]?\d+") & ~missing
    bad |= (values != np.floor(values)) & ~missing | (values.abs() >= 2**53)
    return values.mask(bad).astype("Int64"), bad


def _is_bool(cell: Any) -> bool:
    return isinstance(cell, (bool, np.bool_))


def _flag(cells: pd.Series[Any], missing: pd.Series[bool]) -> Result:
    lowered = cells.astype("object").map(lambda cell: str(cell).strip().lower(), na_action="ignore")
    values = lowered.map(WORDS)
    return values.astype("boolean"), values.isna() & ~missing


def _moment(cells: pd.Series[Any], missing: pd.Series[bool], pattern: str) -> Result:
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return cells.dt.tz_localize(None).astype("datetime64[ns]"), ~missing & False
    texts, is_text = _strings(cells)
    shaped = texts.where(texts.str.fullmatch(pattern))
    values = pd.to_datetime(shaped, errors="coerce", format="ISO8601")
    is_moment = cells.map(lambda cell: hasattr(cell, "year") and hasattr(cell, "day")).astype(bool)
    typed = pd.to_datetime(cells.where(is_moment & ~is_text), errors="coerce")
    values = values.where(is_text, typed)
    return values.astype("datetime64[ns]"), values.isna() & ~missing


def _date(cells: pd.Series[Any], missing: pd.Series[bool]) -> Result:
    values, bad = _moment(cells, missing, r"\d{4}-\d{2}-\d{2}")
    return values, bad | ((values != values.dt.normalize()) & values.notna())


def _timestamp(cells: pd.Series[Any], missing: pd.Series[bool]) -> Result:
    return _moment(cells, missing, r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2})?)?")


READERS: dict[str, Callable[[pd.Series[Any], pd.Series[bool]], Result]] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "flag": _flag,
    "date": _date,
    "timestamp": _timestamp,
}
