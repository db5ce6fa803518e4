"""Any long table of histories made into a panel; what is wrong with a series is said, not dropped.

A run reads its histories from sales; a study, a benchmark or a customer's stage has a table of
series, dates and values. Both are forecast by the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.demand.panel import Array, Panel
from sopwb.errors import Fault, InputError

__all__ = [
    "KEYS",
    "Intake",
    "days_of",
    "intake",
    "remark",
    "series_side_by_side",
    "steps_between",
    "with_known_names",
]

KEYS = ["unique_id", "ds"]
WEEK_DAYS = 7
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
MOST_STEPS = 20_000
ZONE = r"(\d\d:\d\d\S*?)\s*(?:Z|[+-]\d\d:?\d\d)$"
"""Time zone at the end of a moment in text."""
BEYOND_NUMBERS = 1e100
"""A quantity from which its square is no number any more."""
LEAST_SILENCE = 24
MOST_ASTRAY_RATE = 0.05


@dataclass(frozen=True)
class Intake:
    """Series fit to be forecast, those that are not, and what was mended.

    Parameters
    ----------
    series
        One row per series: ``unique_id``, ``last`` (its last bucket) and one column per hierarchy column.
    history
        Series by time; each series ends in the last column. NaN before its first bucket.
    drivers
        Columns known ahead, each series by time like the history.
    excluded
        ``unique_id`` and ``reason`` of the series that cannot be forecast.
    remarks
        ``unique_id`` and ``remark``: what was mended before forecasting.
    levels
        Names of the hierarchy columns.
    """

    series: pd.DataFrame
    history: Array
    drivers: Mapping[str, Array]
    excluded: pd.DataFrame
    remarks: pd.DataFrame
    levels: tuple[str, ...] = ()

    def panel(self, season: int, levels: Sequence[str] = ()) -> Panel:
        """Panel whose groups share hierarchy levels and the place in the season at which they end."""
        keys = [self.series[name] for name in levels]
        place = self.series["step"] % max(season, 1)
        group = pd.MultiIndex.from_arrays([*keys, place]) if len(self.series) else pd.Index([])
        return Panel(self.history, np.asarray(pd.factorize(group)[0], dtype=np.int64))


def steps_between(dates: pd.Series, freq: str) -> npt.NDArray[np.int64]:
    """Number of each date's bucket on the calendar of a frequency; neighbouring buckets differ by one.

    Parameters
    ----------
    dates
        Any moments; each belongs to the hour, day, week, month, quarter or year that holds it.
    freq
        pandas frequency such as ``MS``, ``QS``, ``W-SUN``, ``YS``, ``D`` or ``h``.

    Raises
    ------
    InputError
        The frequency is none of these.
    """
    days = pd.DatetimeIndex(dates)
    month = days.year.to_numpy() * 12 + days.month.to_numpy() - 1
    kind = freq.split("-", maxsplit=1)[0].upper()
    if kind in {"MS", "M", "ME"}:
        return np.asarray(month, dtype=np.int64)
    if kind in {"QS", "Q", "QE"}:
        return np.asarray(month // 3, dtype=np.int64)
    if kind in {"YS", "Y", "YE", "AS", "A"}:
        return np.asarray(days.year, dtype=np.int64)
    if kind == "H":
        return np.asarray(days.to_numpy().astype("datetime64[h]").astype(np.int64), dtype=np.int64)
    number = days.to_numpy().astype("datetime64[D]").astype(np.int64)
    if kind == "D":
        return np.asarray(number, dtype=np.int64)
    if kind == "W" and freq.upper().partition("-")[2] in {"", *WEEKDAYS}:
        anchor = WEEKDAYS.index(freq.upper().partition("-")[2] or "SUN")
        # day 0 of the count is a Thursday; a week is the seven days up to its anchor
        return np.asarray((number + 3 + (WEEK_DAYS - 1 - anchor)) // WEEK_DAYS, dtype=np.int64)
    remedy = "one of MS, QS, YS, D, h, or W- and a weekday such as W-SUN"
    raise InputError([Fault("freq", f"unknown frequency {freq!r}", remedy=remedy)])


def with_known_names(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its key columns named as they are called here, whatever their case (``Unique_ID``)."""
    wanted = [name for name in [*KEYS, "y"] if name not in table]
    spelt = {str(name): str(name).strip().lower() for name in table}
    found = {name: low for name, low in spelt.items() if low in wanted and [*spelt.values()].count(low) == 1}
    return table.rename(columns=found).reset_index(drop=True)


def days_of(dates: pd.Series, where: str) -> pd.Series:
    """Moments as the clock on the wall shows them; missing where text is no ISO date.

    Raises
    ------
    InputError
        They are numbers, which say no date.
    """
    if pd.api.types.is_numeric_dtype(dates) and dates.notna().any():
        remedy = "dates, or text such as 2026-02-28"
        raise InputError([Fault(f"{where}.ds", "has numbers, which say no date", remedy=remedy)])
    if isinstance(dates.dtype, pd.PeriodDtype):
        dates = dates.dt.start_time
    if isinstance(dates.dtype, pd.DatetimeTZDtype):
        dates = dates.dt.tz_localize(None)
    if pd.api.types.is_datetime64_any_dtype(dates):
        return dates
    text = dates.astype(str).str.replace(ZONE, r"\1", regex=True)
    return pd.to_datetime(text, errors="coerce", format="ISO8601")


def _checked(train: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in [*KEYS, "y"] if name not in train]
    if missing:
        raise InputError(
            [Fault("train", f"column {name} is missing", remedy="unique_id, ds, y") for name in missing]
        )
    value = pd.to_numeric(train["y"], errors="coerce").astype(float)
    return train.assign(unique_id=train["unique_id"].astype(str), ds=days_of(train["ds"], "train"), y=value)


def remark(rows: pd.DataFrame, text: str) -> pd.DataFrame:
    """A remark on every series of some rows, with their number in the place of ``{n}``."""
    count = rows.groupby("unique_id").size()
    return pd.DataFrame({"unique_id": count.index, "remark": [text.format(n=n) for n in count]})


def _cells(frame: pd.DataFrame, as_of: pd.Timestamp | None) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """One row per series and bucket with a known value, and what was left out or mended."""
    remarks = []
    undated = frame["ds"].isna()
    remarks.append(remark(frame[undated], "{n} rows without a date left out"))
    frame = frame[~undated]
    if as_of is not None:
        future = frame["ds"] > as_of
        remarks.append(remark(frame[future], f"{{n}} rows after {as_of:%Y-%m-%d} left out"))
        frame = frame[~future]
    astray = _astray(frame)
    remarks.append(remark(frame[astray], "{n} rows dated far from all others left out"))
    frame = frame[~astray]
    unknown = ~(frame["y"].abs() < BEYOND_NUMBERS)
    remarks.append(remark(frame[unknown], "{n} values that are not numbers taken as unknown"))
    frame = frame[~unknown]
    doubled = frame.duplicated(["unique_id", "step"])
    remarks.append(remark(frame[doubled], "{n} doubled rows averaged with their twins"))
    if doubled.any():
        numbers = frame.select_dtypes("number").columns.difference(["step"])
        means = frame.groupby(["unique_id", "step"])[list(numbers)].transform("mean")
        frame = frame.assign(**{name: means[name] for name in numbers})[~doubled]
    negative = frame["y"] < 0
    remarks.append(remark(frame[negative], "{n} negative values taken as zero"))
    return frame.assign(y=frame["y"].clip(lower=0)), remarks


def _astray(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Rows dated far from all others by a slip: a few of the table and of their series, beyond a silence.

    The silence is longer than all the time that the other rows span, so that no gap of a history is meant.
    """
    step = frame["step"].to_numpy(dtype=np.int64)
    known = np.unique(step)
    if not known.size:
        return np.zeros(len(frame), dtype=bool)
    silence, place = np.diff(known), np.arange(1, len(known))
    late = known[place][silence > known[place - 1] - known[0] + LEAST_SILENCE]
    early = known[place - 1][silence > known[-1] - known[place] + LEAST_SILENCE]
    found = np.zeros(len(frame), dtype=bool)
    for beyond in [*(step >= day for day in late), *(step <= day for day in early)]:
        if beyond.mean() <= MOST_ASTRAY_RATE:
            found |= beyond
    if not found.any():
        return found
    own = pd.Series(found, index=frame.index).groupby(frame["unique_id"]).transform("mean")
    return np.asarray(found & (own <= MOST_ASTRAY_RATE))


def _constant_within(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Columns that never change within a series."""
    if not names:
        return []
    changes = frame.groupby("unique_id")[list(names)].nunique()
    return [name for name in names if changes[name].max() <= 1]


def _filled(values: Array) -> Array:
    """Inner gaps filled on a straight line between their neighbours."""
    rows = np.flatnonzero((~np.isfinite(values[:, 1:]) & np.isfinite(values[:, :-1])).any(axis=1))
    filled = values.copy()
    for row in rows:
        known = np.flatnonzero(np.isfinite(values[row]))
        inside = np.arange(known[0], known[-1] + 1)
        filled[row, inside] = np.interp(inside, known, values[row, known])
    return filled


def intake(
    train: pd.DataFrame,
    *,
    freq: str,
    ahead: Sequence[str] = (),
    as_of: pd.Timestamp | None = None,
) -> Intake:
    """Panel of a long table, with what was mended and what cannot be forecast.

    A bucket without a row is unknown, not zero; inner gaps are filled on a straight line. Doubled rows of a
    bucket count as their mean, values that are no numbers as unknown, negative ones as zero. Rows that name
    no series are left out.

    Parameters
    ----------
    train
        Rows with unique_id, ds and y; further columns are drivers where they are in ``ahead`` and change
        within a series, and hierarchy where they are text or whole numbers that never do.
    freq
        Frequency of the buckets.
    ahead
        Columns whose future is known.
    as_of
        Rows after this day are left out; None takes all.

    Raises
    ------
    InputError
        A column is missing or the frequency unknown.
    """
    unnamed = train["unique_id"].isna() if "unique_id" in train else pd.Series(dtype=bool)
    frame = _checked(train[~unnamed] if unnamed.any() else train)
    everyone = pd.Index(frame["unique_id"].drop_duplicates().sort_values())
    dated = frame["ds"].notna()
    frame.loc[dated, "step"] = steps_between(frame.loc[dated, "ds"], freq)
    frame, remarks = _cells(frame, as_of)
    nameless = pd.DataFrame({"unique_id": [""] * int(unnamed.sum())})
    remarks.append(remark(nameless, "{n} rows without a unique_id left out"))
    frame = frame.astype({"step": "int64"}).sort_values(["unique_id", "step"], ignore_index=True)
    span = frame.groupby("unique_id", sort=True)["step"].agg(["min", "max"])
    too_long = span.index[span["max"] - span["min"] >= MOST_STEPS]
    excluded = pd.concat(
        [
            _excluded(everyone.difference(span.index), "no known value"),
            _excluded(too_long, f"its dates span more than {MOST_STEPS} buckets"),
        ],
        ignore_index=True,
    )
    frame, span = frame[~frame["unique_id"].isin(too_long)], span.drop(too_long)
    levels, drivers = _kinds_of_columns(frame, ahead)
    history, *moved = _placed(frame, span, ["y", *drivers])
    gaps = (span["max"] - span["min"] + 1).to_numpy() - np.isfinite(history).sum(axis=1)
    remarks.append(_gap_remarks(span.index, gaps))
    last = frame.groupby("unique_id", sort=True).last()
    return Intake(
        last[["ds", "step", *levels]].rename(columns={"ds": "last"}).reset_index(),
        _filled(history),
        {name: _filled(values) for name, values in zip(drivers, moved, strict=True)},
        excluded,
        pd.concat(remarks, ignore_index=True),
        tuple(levels),
    )


def _kinds_of_columns(frame: pd.DataFrame, ahead: Sequence[str]) -> tuple[list[str], list[str]]:
    """Hierarchy columns (never change within a series, no fractions) and drivers (known ahead, change)."""
    others = [str(name) for name in frame if name not in {*KEYS, "y", "step"}]
    still = _constant_within(frame, others)
    levels = [name for name in still if not pd.api.types.is_float_dtype(frame[name])]
    numeric = [name for name in others if pd.api.types.is_numeric_dtype(frame[name])]
    return levels, [name for name in ahead if name in numeric and name not in still]


def _placed(frame: pd.DataFrame, span: pd.DataFrame, names: Sequence[str]) -> list[Array]:
    """Each column as series by time, every series ending in the last column."""
    rows = span.index.get_indexer(pd.Index(frame["unique_id"]))
    length = int((span["max"] - span["min"]).max() + 1) if len(span) else 0
    column = length - 1 - (span["max"].to_numpy()[rows] - frame["step"].to_numpy())
    placed = []
    for name in names:
        values = np.full((len(span), length), np.nan)
        values[rows, column] = frame[name].to_numpy(dtype=float)
        placed.append(values)
    return placed


def _gap_remarks(names: pd.Index[str], gaps: npt.NDArray[np.int64]) -> pd.DataFrame:
    text = [f"{gap} buckets without a row filled on a straight line" for gap in gaps[gaps > 0]]
    return pd.DataFrame({"unique_id": names[gaps > 0], "remark": text})


def _excluded(names: pd.Index[str], reason: str) -> pd.DataFrame:
    return pd.DataFrame({"unique_id": names.astype(str), "reason": reason})


def series_side_by_side(values: Sequence[Array]) -> Array:
    """Arrays of any lengths as one, series by time, all ending in the last column; NaN before they begin."""
    history = np.full((len(values), max(map(len, values), default=0)), np.nan)
    for row, own in enumerate(values):
        history[row, history.shape[1] - len(own) :] = own
    return _filled(history)
