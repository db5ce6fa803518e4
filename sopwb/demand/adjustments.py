"""The adjustment layer over sales: one row for each adjustment, and the clean history they add up to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sopwb.demand.panel import SERIES, Array
from sopwb.demand.past import Past

__all__ = ["activity_contribution", "calendar_contribution", "demand_adjustment", "demand_history_clean"]

CLEAN = (
    "sold_qty",
    "return_adjustment_qty",
    "gap_adjustment_qty",
    "stock_out_adjustment_qty",
    "outlier_adjustment_qty",
    "demand_qty",
    "activity_qty",
    "baseline_qty",
    "calendar_qty",
    "normal_qty",
)
ADJUSTMENT = [*SERIES, "date", "kind", "cause", "adjustment_qty"]
PARTS = ("activity", "after_activity", "sister_activity")
SMALL = 1e-6
NOTHING_QTY = 1e-9


def log_mean(smaller: Array, log_ratio: Array) -> Array:
    """Logarithmic mean of a quantity and the same times exp(log ratio).

    L(a, b) = (b - a) / (ln b - ln a). A change b - a is L times the log of each factor, summed: so a
    product of factors becomes a sum of quantities without a rest.

    References
    ----------
    Ang and Liu (2001), A new energy decomposition method: perfect in decomposition (LMDI I).

    Examples
    --------
    >>> float(log_mean(np.array([100.0]), np.log(np.array([2.0])))[0].round(3))
    144.27
    """
    small = np.abs(log_ratio) < SMALL
    safe = np.where(small, 1.0, log_ratio)
    return np.asarray(smaller * np.where(small, 1 + log_ratio / 2, np.expm1(safe) / safe))


def activity_contribution(past: Past) -> pd.DataFrame:
    """Quantity that each activity added to each cell; the parts of a cell sum up to demand less baseline.

    Returns
    -------
    pandas.DataFrame
        Columns activity, ``row``, ``column``, kind (activity, after_activity, sister_activity), qty.
    """
    mean = log_mean(past.baseline, past.log_factor)
    touched = past.touched
    frames = []
    for kind, cells, logs in zip(PARTS, (touched.own, touched.after, touched.cross), past.logs, strict=True):
        place = (cells["row"].to_numpy(dtype=int), cells["column"].to_numpy(dtype=int))
        frames.append(cells[["activity", "row", "column"]].assign(kind=kind, qty=mean[place] * logs))
    return pd.concat(frames, ignore_index=True)


def calendar_contribution(past: Past) -> dict[tuple[str, str], Array]:
    """Quantity of each calendar cause by kind and name, series by time; the sum is baseline less normal."""
    mean = log_mean(past.normal, past.log_calendar)
    marks, group = past.calendar.marks, past.group
    return {
        (kind, name): mean * past.calendar.effect[group, :, place]
        for place, (kind, name) in enumerate(zip(marks.kinds, marks.names, strict=True))
        if past.calendar.coefficient[:, place].any()
    }


def demand_history_clean(past: Past | None) -> pd.DataFrame:
    """Sales made whole: every kind of adjustment in its column.

    sold + return + gap + stock-out + outlier adjustment = demand = baseline + activity;
    baseline = normal + calendar.

    Returns
    -------
    pandas.DataFrame
        Table ``demand_history_clean``; a series has a row for every bucket from its first sale on.
    """
    if past is None:
        return pd.DataFrame({name: [] for name in [*SERIES, "date", *CLEAN]})
    demand, baseline, normal = past.demand, past.baseline, past.normal
    books = past.books
    arrays = (
        books.net,
        books.moved,
        past.gap,
        past.missing,
        past.outlier,
        demand,
        demand - baseline,
        baseline,
        baseline - normal,
        normal,
    )
    row, column = np.nonzero(books.known)
    keys = books.series[SERIES].iloc[row].reset_index(drop=True).assign(date=books.dates[column])
    return keys.assign(**{name: values[row, column] for name, values in zip(CLEAN, arrays, strict=True)})


def demand_adjustment(past: Past | None) -> pd.DataFrame:
    """Every adjustment between gross sales and the normal level, one row each.

    The adjustments of a series and bucket sum up to normal quantity less sales before returns.

    Returns
    -------
    pandas.DataFrame
        Table ``demand_adjustment``.
    """
    if past is None:
        return pd.DataFrame({name: [] for name in ADJUSTMENT})
    books = past.books
    layers: dict[tuple[str, str], Array] = {
        ("return", "came back"): -books.returned,
        ("return", "moved to the sales it belongs to"): books.moved,
        ("gap", "no sale of the market delivered"): past.gap,
        ("stock_out", "days without stock"): past.missing,
        ("outlier", "far from what was expected"): past.outlier,
    }
    layers |= {pair: -values for pair, values in calendar_contribution(past).items()}
    frames = [_layer(past, kind, cause, values) for (kind, cause), values in layers.items()]
    parts = activity_contribution(past)
    parts = parts.assign(adjustment_qty=-parts["qty"], cause=parts["activity"])
    known = books.known[parts["row"].to_numpy(dtype=int), parts["column"].to_numpy(dtype=int)]
    frames.append(_keyed(past, parts[known & (parts["qty"].abs() > NOTHING_QTY)]))
    return pd.concat(frames, ignore_index=True)[ADJUSTMENT]


def _layer(past: Past, kind: str, cause: str, values: Array) -> pd.DataFrame:
    row, column = np.nonzero(past.books.known & (np.abs(np.nan_to_num(values)) > NOTHING_QTY))
    cells = pd.DataFrame({"row": row, "column": column, "adjustment_qty": values[row, column]})
    return _keyed(past, cells.assign(kind=kind, cause=cause))


def _keyed(past: Past, cells: pd.DataFrame) -> pd.DataFrame:
    keys = past.books.series[SERIES].iloc[cells["row"].to_numpy(dtype=int)].reset_index(drop=True)
    dates = past.books.dates[cells["column"].to_numpy(dtype=int)]
    return keys.assign(date=dates, **{name: cells[name].to_numpy() for name in ADJUSTMENT[3:]})
