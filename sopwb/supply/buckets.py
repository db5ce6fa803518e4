"""Planning buckets as arrays: lengths, overlaps with spans of days, and where lead times end in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

__all__ = [
    "Buckets",
    "Floats",
    "Ints",
    "arrival_bucket",
    "buckets_of",
    "day_numbers",
    "expand",
    "open_share",
    "overlap_days",
    "working_overlap",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Buckets:
    """The buckets of the horizon, in order, without gap or overlap.

    Parameters
    ----------
    period
        First day of each bucket.
    starts, ends
        First day and the day after the last one, as day numbers.
    working_days
        Days on which is worked.
    """

    period: npt.NDArray[np.datetime64]
    starts: Ints
    ends: Ints
    working_days: Floats

    @property
    def count(self) -> int:
        """Number of buckets."""
        return len(self.starts)

    @property
    def days(self) -> Floats:
        """Calendar days in each bucket."""
        return (self.ends - self.starts).astype(float)

    def holding(self, days: Ints) -> Ints:
        """Bucket in which each day lies; -1 before the horizon, ``count`` after it."""
        found = np.searchsorted(self.starts, days, side="right") - 1
        return np.where(days >= self.ends[-1], self.count, found).astype(np.int64)


def day_numbers(dates: pd.Series | npt.NDArray[np.datetime64]) -> Ints:
    """Days as whole numbers, counted from 1970-01-01."""
    return np.asarray(dates, dtype="datetime64[D]").astype(np.int64)


def buckets_of(period: pd.DataFrame) -> Buckets:
    """Buckets of the table ``period``."""
    ordered = period.sort_values("period")
    return Buckets(
        period=ordered["period"].to_numpy(dtype="datetime64[ns]"),
        starts=day_numbers(ordered["period"]),
        ends=day_numbers(ordered["end_date"]) + 1,
        working_days=ordered["working_days"].to_numpy(dtype=float),
    )


def overlap_days(buckets: Buckets, starts: Ints, ends: Ints) -> Floats:
    """Calendar days that each span (end excluded) shares with each bucket; spans by buckets."""
    first = np.maximum(starts[:, None], buckets.starts[None, :])
    last = np.minimum(ends[:, None], buckets.ends[None, :])
    return np.asarray(np.maximum(last - first, 0), dtype=float)


def working_overlap(buckets: Buckets, starts: Ints, ends: Ints) -> Floats:
    """Working days that each span (end excluded) shares with each bucket; spans by buckets.

    Weekdays of the shared days, in the proportion in which the weekdays of the bucket are worked.
    """
    first = np.maximum(starts[:, None], buckets.starts[None, :])
    last = np.maximum(np.minimum(ends[:, None], buckets.ends[None, :]), first)
    as_days = "datetime64[D]"
    weekdays = np.busday_count(buckets.starts.astype(as_days), buckets.ends.astype(as_days))
    shared = np.busday_count(first.astype(as_days), last.astype(as_days))
    return np.asarray(shared * (buckets.working_days / np.maximum(weekdays, 1))[None, :])


def arrival_bucket(buckets: Buckets, lead_days: int) -> Ints:
    """Bucket in which what starts in each bucket arrives; ``count`` where that is after the horizon.

    What starts evenly over the days of a bucket arrives over the days that lie the lead time later;
    all of it counts in the bucket that gets most of it, of two the earlier one. Shares of several
    buckets would be nearer to the calendar, but what starts then follows from stock by recursions
    that grow from bucket to bucket, and plan and prices hang on rounding errors.
    """
    shared = overlap_days(buckets, buckets.starts + lead_days, buckets.ends + lead_days)
    after = buckets.days - shared.sum(axis=1)
    return np.where(after > shared.max(axis=1), buckets.count, shared.argmax(axis=1)).astype(np.int64)


def expand(
    rows: Ints, columns: Ints, lead_days: Ints, values: Floats, buckets: Buckets, shape: tuple[int, int]
) -> sp.csr_array:
    """Flow matrix of decisions that arrive after their lead time.

    Parameters
    ----------
    rows, columns, lead_days
        Node that is fed, decision that feeds it and its lead time in days, one of each per flow.
    values
        Units that arrive for one unit of the decision; flows by start bucket.
    shape
        Number of nodes and of decisions; the matrix has so many rows and columns times the buckets.
    """
    count = buckets.count
    parts: list[tuple[Ints, Ints, Floats]] = []
    for days in np.unique(lead_days):
        to = arrival_bucket(buckets, int(days))
        start = np.flatnonzero(to < count)
        to = to[start]
        chosen = np.flatnonzero(lead_days == days)
        parts.append(
            (
                (rows[chosen, None] * count + to[None, :]).ravel(),
                (columns[chosen, None] * count + start[None, :]).ravel(),
                values[chosen][:, start].ravel(),
            )
        )
    size = (shape[0] * count, shape[1] * count)
    if not parts:
        return sp.csr_array(size)
    row, column, value = (np.concatenate(part) for part in zip(*parts, strict=True))
    matrix = sp.csr_array((value, (row, column)), shape=size)
    matrix.eliminate_zeros()
    return matrix


def open_share(
    buckets: Buckets,
    starts: Ints,
    ends: Ints,
    rates: Floats,
    lead_days: int,
    supplier: Ints | None = None,
    suppliers: int = 1,
) -> Floats:
    """Share of its usual capacity each supplier has for what is ordered in each bucket.

    The days on which the order would be delivered count; spans of one supplier with another rate
    may not overlap.

    Parameters
    ----------
    starts, ends, rates
        Spans with another rate: first day, day after the last one, and the rate.
    supplier, suppliers
        Supplier of each span by number, and how many there are; unset: all are of one.

    Returns
    -------
    Floats
        Suppliers by buckets.
    """
    shifted = Buckets(
        buckets.period, buckets.starts + lead_days, buckets.ends + lead_days, buckets.working_days
    )
    lost = np.zeros((suppliers, buckets.count))
    of = np.zeros(len(starts), dtype=np.int64) if supplier is None else supplier
    np.add.at(lost, of, overlap_days(shifted, starts, ends) * (1.0 - rates)[:, None])
    return np.asarray(np.maximum(1.0 - lost / buckets.days, 0.0))
