"""The one array of the room: histories side by side, series by time, all ending in the same bucket."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = [
    "SERIES",
    "Array",
    "Panel",
    "bucket_frame",
    "buckets_after",
    "buckets_between",
    "buckets_on",
    "days_in",
    "is_weekly",
    "panel_of",
    "season_of",
]

Array = npt.NDArray[np.float64]
SERIES = ["product", "market"]
WEEKS, MONTHS = 52, 12


@dataclass(frozen=True)
class Panel:
    """Histories of many series in one array.

    Parameters
    ----------
    history
        Series by time in base units; all series end in the last column, a series that starts
        later has NaN before its first bucket.
    group
        Number of the group (family) of each series; seasons are shrunk towards it.
    """

    history: Array
    group: npt.NDArray[np.int64]

    def upto(self, length: int) -> Panel:
        """Panel as it looked when only the first ``length`` buckets were known."""
        return replace(self, history=self.history[:, :length])

    def rows(self, chosen: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Panel:
        """Panel of some of the series."""
        return Panel(self.history[chosen], self.group[chosen])

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Known buckets of each series."""
        return np.asarray(np.isfinite(self.history).sum(axis=1), dtype=np.int64)


def season_of(bucket: str) -> int:
    """Buckets in a year: 52 weeks or 12 months."""
    return WEEKS if bucket == "week" else MONTHS


def is_weekly(season: int) -> bool:
    """Whether a season of so many buckets is one of weeks, which are noisier than months."""
    return season > MONTHS


def buckets_between(first: pd.Timestamp, last: pd.Timestamp, bucket: str) -> pd.DatetimeIndex:
    """First days of the whole weeks or months from the first to the last, both included."""
    step = pd.Timedelta(weeks=1) if bucket == "week" else pd.offsets.MonthBegin(1)
    return pd.date_range(first, last, freq=step)


def buckets_after(last: pd.Timestamp, end: pd.Timestamp, bucket: str) -> pd.DatetimeIndex:
    """First days of the buckets after the last one until the bucket that holds the end day."""
    step = pd.Timedelta(weeks=1) if bucket == "week" else pd.offsets.MonthBegin(1)
    return pd.date_range(last + step, end, freq=step)


def buckets_on(dates: pd.DatetimeIndex, count: int, bucket: str) -> pd.DatetimeIndex:
    """First days of some buckets and of so many more after them."""
    step = pd.Timedelta(weeks=1) if bucket == "week" else pd.offsets.MonthBegin(1)
    return dates.union(pd.date_range(dates[-1] + step, periods=count, freq=step))


def panel_of(frame: pd.DataFrame, column: str, series: pd.DataFrame, dates: pd.DatetimeIndex) -> Array:
    """Series by time of one column; NaN where the frame has no row.

    Parameters
    ----------
    frame
        One row per product, market and ``date``.
    series
        Series wanted, one row each, in the order of the rows of the result.
    dates
        Buckets wanted, in the order of the columns of the result.
    """
    values = np.full((len(series), len(dates)), np.nan)
    if frame.empty or series.empty:
        return values
    row = pd.MultiIndex.from_frame(series[SERIES]).get_indexer(pd.MultiIndex.from_frame(frame[SERIES]))
    place = dates.get_indexer(pd.DatetimeIndex(frame["date"]))
    known = (row >= 0) & (place >= 0)
    values[row[known], place[known]] = frame[column].to_numpy(dtype=float)[known]
    return values


def bucket_frame(dates: pd.DatetimeIndex, bucket: str) -> pd.DataFrame:
    """First and last day of whole weeks or months."""
    last = dates + (pd.Timedelta(days=6) if bucket == "week" else pd.offsets.MonthEnd(0))
    return pd.DataFrame({"begin_date": dates, "end_date": last})


def days_in(dates: pd.DatetimeIndex, bucket: str) -> Array:
    """Calendar days of whole weeks or months."""
    frame = bucket_frame(dates, bucket)
    return np.asarray((frame["end_date"] - frame["begin_date"]).dt.days + 1, dtype=float)
