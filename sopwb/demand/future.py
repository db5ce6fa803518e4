"""What a table of the future says about the buckets ahead: drivers known there, and how far it reaches."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.demand.intake import KEYS, Intake, days_of, remark, steps_between
from sopwb.demand.panel import Array
from sopwb.errors import Fault, InputError

__all__ = ["future_drivers"]

Integers = npt.NDArray[np.int64]
NO_REMARKS = pd.DataFrame({"unique_id": [], "remark": []}, dtype=object)


def future_drivers(
    given: Intake, future: pd.DataFrame | None, *, freq: str, horizon: int
) -> tuple[Mapping[str, Array], Integers, pd.DataFrame]:
    """Drivers of the buckets ahead, series by bucket, the buckets wanted of each series, and remarks.

    A bucket of which nothing is said has the driver's usual value of the series, its median. A series
    that ends before the others is forecast as far as the future reaches, until the last horizon of all.

    Raises
    ------
    InputError
        The future does not name series and dates.
    """
    wanted = np.full(len(given.series), horizon, dtype=np.int64)
    if future is None:
        return {}, wanted, NO_REMARKS
    frame, rows, step, remarks = _rows_ahead(given, future, freq, horizon)
    np.maximum.at(wanted, rows, step)
    most = int(wanted.max(initial=horizon))
    values = {}
    for name, past in given.drivers.items():
        ahead = np.repeat(_usual(past)[:, None], most, axis=1)
        number = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float)
        told = np.isfinite(number)
        ahead[rows[told], step[told] - 1] = number[told]
        values[name] = ahead
        remarks.append(_silent(given, name, rows[told], step[told], wanted))
    return values, wanted, pd.concat(remarks, ignore_index=True)


def _rows_ahead(
    given: Intake, future: pd.DataFrame, freq: str, horizon: int
) -> tuple[pd.DataFrame, Integers, Integers, list[pd.DataFrame]]:
    """Rows within the horizon, the series and the bucket ahead of each, and what was left out."""
    missing = [name for name in KEYS if name not in future]
    if missing:
        faults = [Fault("future", f"column {name} is missing", remedy="unique_id, ds") for name in missing]
        raise InputError(faults)
    named = future[future["unique_id"].notna()]
    frame = named.assign(unique_id=named["unique_id"].astype(str), ds=days_of(named["ds"], "future"))
    undated = frame["ds"].isna()
    remarks = [NO_REMARKS, remark(frame[undated], "{n} rows of the future without a date left out")]
    frame = frame[~undated]
    rows = pd.Index(given.series["unique_id"]).get_indexer(frame["unique_id"])
    remarks.append(
        remark(frame[rows < 0], "{n} rows of the future left out: no series of that name is forecast")
    )
    frame, rows = frame[rows >= 0], rows[rows >= 0]
    last, moment = given.series["step"].to_numpy(), steps_between(frame["ds"], freq)
    step = moment - last[rows]
    inside = (step >= 1) & (step <= 2 * horizon) & (moment <= last.max(initial=0) + horizon)
    remarks.append(remark(frame[~inside], "{n} rows of the future outside the horizon left out"))
    frame, rows, step = frame[inside], rows[inside], step[inside]
    doubled = pd.DataFrame({"row": rows, "step": step}).duplicated().to_numpy()
    remarks.append(remark(frame[doubled], "{n} doubled rows of the future: the last of a bucket counts"))
    return frame, np.asarray(rows, dtype=np.int64), np.asarray(step, dtype=np.int64), remarks


def _silent(given: Intake, name: str, rows: Integers, step: Integers, wanted: Integers) -> pd.DataFrame:
    """Remarks on series for whose buckets ahead a driver is not told."""
    said = np.zeros((len(wanted), int(wanted.max(initial=1))), dtype=bool)
    said[rows, step - 1] = True
    silent = wanted - said.sum(axis=1)
    text = [f"{name} is not told for {n} buckets ahead, its usual value taken" for n in silent[silent > 0]]
    return pd.DataFrame({"unique_id": given.series["unique_id"][silent > 0], "remark": text}, dtype=object)


def _usual(values: Array) -> Array:
    """Median of the known values of each series; NaN where none is."""
    known = np.isfinite(values).any(axis=1)
    usual = np.full(len(values), np.nan)
    usual[known] = np.nanmedian(values[known], axis=1)
    return usual
