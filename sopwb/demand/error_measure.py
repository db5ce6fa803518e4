"""Measures of forecast error that can be compared: to one side, against naive, and of the band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.demand.panel import SERIES, Array, season_of
from sopwb.demand.scope import ALL
from sopwb.demand.split import monthly_sales

__all__ = [
    "MEASURES",
    "Record",
    "added_up",
    "measures_by",
    "naive_scale",
    "pinball_loss",
    "record_of",
    "scaled_errors",
    "tracking_signal",
]

MEASURES = ["judged", "tracking_signal", "mase", "rmsse"]


def tracking_signal(error: Array) -> Array:
    """Sum of the errors in units of their mean size: how much a forecast errs to one side.

    TS = Σ e ÷ (Σ |e| ÷ n), with e = forecast − actual of the n origins, so that positive is too high, as
    with bias. It lies between −n and n; beyond ±4 the forecast is no longer under control.

    Parameters
    ----------
    error
        Origins first, in units; NaN where there was nothing to judge.

    Returns
    -------
    numpy.ndarray
        Without the first axis; NaN without an origin, 0 where no forecast ever missed.

    References
    ----------
    Brown (1959). The example is that of Heizer and Render (2014), chapter 4, Carlson's Bakery: demand 90, 95,
    115, 100, 125 and 140 against 100, 100, 100, 110, 110 and 110; they count actual less forecast, +2.5.

    >>> error = np.array([100.0, 100, 100, 110, 110, 110]) - np.array([90.0, 95, 115, 100, 125, 140])
    >>> round(float(tracking_signal(error)), 1)
    -2.5
    """
    known = np.isfinite(error)
    number = known.sum(axis=0)
    total, size = (np.where(known, values, 0.0).sum(axis=0) for values in (error, np.abs(error)))
    signal = np.divide(total * number, size, out=np.zeros(number.shape), where=size > 0)
    return np.asarray(np.where(number > 0, signal, np.nan))


def naive_scale(history: Array, known: npt.NDArray[np.int64], season: int) -> tuple[Array, Array]:
    """Errors of naive forecasts in what was known at each origin, origin by series.

    The first is the mean absolute error of the same bucket a year before, of the bucket before where no
    year was known; the second the mean squared error of the bucket before.

    Parameters
    ----------
    history
        Series by time, NaN before a series begins.
    known
        Number of buckets known at each origin.
    season
        Buckets in a year.

    Returns
    -------
    tuple of arrays
        NaN where there was nothing to compare with, or nothing ever changed.

    >>> mean, square = naive_scale(np.array([[2.0, 4.0, 3.0, 8.0]]), np.array([3, 4]), 2)
    >>> mean.tolist(), square.tolist()
    ([[1.0], [2.5]], [[2.5], [10.0]])
    """
    before = _mean_until(np.abs(_change(history, 1)), known)
    year = _mean_until(np.abs(_change(history, season)), known)
    absolute = np.where(np.isfinite(year), year, before)
    square = _mean_until(_change(history, 1) ** 2, known)
    return tuple(np.where(scale > 0, scale, np.nan) for scale in (absolute, square))  # type: ignore[return-value]


def _change(history: Array, back: int) -> Array:
    """Change on some buckets before, NaN where either is not known; as wide as the history."""
    changed = np.full(history.shape, np.nan)
    changed[:, back:] = history[:, back:] - history[:, :-back]
    return changed


def _mean_until(values: Array, known: npt.NDArray[np.int64]) -> Array:
    """Mean of the first so many values that are known, for each number of them."""
    pad = ((0, 0), (1, 0))
    total = np.pad(np.nan_to_num(values).cumsum(axis=1), pad)[:, known]
    number = np.pad(np.isfinite(values).cumsum(axis=1), pad)[:, known]
    return np.asarray(np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0).T)


def scaled_errors(error: Array, absolute: Array, square: Array) -> tuple[Array, Array]:
    """MASE and RMSSE of each series and bucket ahead, over the origins.

    MASE = mean of |e| ÷ a and RMSSE = √ mean of e² ÷ s, with the scales a and s of `naive_scale` at each
    origin. Below 1 the forecast is better than the naive ones were in history.

    Parameters
    ----------
    error
        Origin by series by bucket ahead; NaN where there was nothing to judge.
    absolute, square
        Result of `naive_scale`.

    References
    ----------
    Hyndman and Koehler (2006) for MASE; Makridakis, Spiliotis and Assimakopoulos (2022), the M5 competition,
    for RMSSE.

    >>> error = np.array([[[3.0]], [[-1.0]]])
    >>> mase, rmsse = scaled_errors(error, np.array([[1.0], [2.0]]), np.array([[9.0], [1.0]]))
    >>> mase.item(), rmsse.item()
    (1.75, 1.0)
    """
    mase = _mean(np.abs(error) / absolute[:, :, None])
    return mase, np.sqrt(_mean(error**2 / square[:, :, None]))


def _mean(values: Array, axis: int = 0) -> Array:
    """Mean of what is known, NaN where nothing is."""
    number = np.isfinite(values).sum(axis=axis)
    total = np.nan_to_num(values).sum(axis=axis)
    return np.asarray(np.divide(total, number, out=np.full(number.shape, np.nan), where=number > 0))


def pinball_loss(actual: Array, quantile: Array, rate: float) -> Array:
    """Loss of a quantile, in units: rate x what it was too low by, (1 − rate) x what it was too high by.

    Summed and doubled over what came, it is the weighted quantile loss; that of the median is WMAPE.

    References
    ----------
    Koenker and Bassett (1978), equation 2; Gneiting and Raftery (2007).

    >>> pinball_loss(np.array([10.0, 10.0]), np.array([8.0, 15.0]), 0.9).round(2).tolist()
    [1.8, 0.5]
    """
    short = actual - quantile
    return np.asarray(np.maximum(rate * short, (rate - 1) * short))


@dataclass(frozen=True)
class Record:
    """What each stream forecast at earlier origins, beside what came.

    Parameters
    ----------
    series
        One row per series, with what it belongs to.
    actual
        Origin by series by bucket ahead; NaN where nothing is judged.
    paths
        Forecast of each stream, of the same shape; NaN where it was silent.
    history
        Series by time, NaN before a series begins.
    known
        Number of buckets of the history known at each origin.
    season
        Buckets in a year.
    """

    series: pd.DataFrame
    actual: Array
    paths: Mapping[str, Array]
    history: Array
    known: npt.NDArray[np.int64]
    season: int

    @cached_property
    def scale(self) -> tuple[Array, Array]:
        """Result of `naive_scale`."""
        return naive_scale(self.history, self.known, self.season)


def measures_by(record: Record, node: str) -> pd.DataFrame:
    """Measures of each stream, node and bucket ahead, and of all nodes together.

    The tracking signal is that of the node's total; MASE and RMSSE are means over its series, each
    counting the same.

    Parameters
    ----------
    node
        Column of the series to which each belongs, such as family.

    Returns
    -------
    pandas.DataFrame
        Columns stream, the node (``*`` for all), lag, judged (origins) and the measures.
    """
    names = record.series[node].to_numpy()
    members = {ALL: np.ones(len(names), dtype=bool)} | {name: names == name for name in sorted(set(names))}
    parts = []
    for stream, path in record.paths.items():
        error = path - record.actual
        mase, rmsse = scaled_errors(error, *record.scale)
        for name, chosen in members.items():
            own = error[:, chosen]
            known = np.isfinite(own)
            total = np.where(known.any(axis=1), np.where(known, own, 0.0).sum(axis=1), np.nan)
            table = pd.DataFrame(
                {
                    "stream": stream,
                    node: name,
                    "lag": np.arange(1, path.shape[2] + 1),
                    "judged": np.isfinite(total).sum(axis=0),
                    "tracking_signal": tracking_signal(total),
                    "mase": _mean(mase[chosen]),
                    "rmsse": _mean(rmsse[chosen]),
                }
            )
            parts.append(table[table["judged"] > 0])
    columns = ["stream", node, "lag", *MEASURES]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def record_of(
    cells: pd.DataFrame, streams: Mapping[str, str], sales: pd.DataFrame, as_of: pd.Timestamp
) -> Record:
    """The record of archived cycles, months ahead.

    Parameters
    ----------
    cells
        One row per cycle, product, market and ``period``, with family, lag and actual_qty.
    streams
        Name of each stream and its column in the cells.
    sales
        Table ``sales_history``.
    as_of
        Last day of the sales.
    """
    series = cells[[*SERIES, "family"]].drop_duplicates(SERIES).sort_values(SERIES, ignore_index=True)
    row = pd.MultiIndex.from_frame(series[SERIES]).get_indexer(pd.MultiIndex.from_frame(cells[SERIES]))
    cycles = np.sort(cells["cycle"].unique())
    origin, ahead = np.searchsorted(cycles, cells["cycle"].to_numpy()), cells["lag"].to_numpy(dtype=int) - 1
    shape = (len(cycles), len(series), int(ahead.max()) + 1 if len(cells) else 0)

    def cube(column: str) -> Array:
        values = np.full(shape, np.nan)
        values[origin, row, ahead] = cells[column].to_numpy(dtype=float)
        return values

    history, first = _monthly_history(series, sales, as_of)
    known = pd.DatetimeIndex(cycles).to_period("M").astype("int64").to_numpy() - first + 1
    return Record(
        series,
        cube("actual_qty"),
        {name: cube(column) for name, column in streams.items()},
        history,
        np.clip(known, 0, history.shape[1]),
        season_of("month"),
    )


def _monthly_history(series: pd.DataFrame, sales: pd.DataFrame, as_of: pd.Timestamp) -> tuple[Array, int]:
    """Net sales of each series by month from its first sale on, and the first month."""
    sold = monthly_sales(sales)
    sold = sold[sold["month"] <= as_of.to_period("M").ordinal]
    row = pd.MultiIndex.from_frame(series[SERIES]).get_indexer(pd.MultiIndex.from_frame(sold[SERIES]))
    sold, row = sold[row >= 0], row[row >= 0]
    if sold.empty:
        return np.full((len(series), 0), np.nan), 0
    first = int(sold["month"].min())
    values = np.zeros((len(series), as_of.to_period("M").ordinal - first + 1))
    values[row, sold["month"].to_numpy(dtype=int) - first] = sold["qty"].to_numpy(dtype=float)
    begun = np.maximum.accumulate(values > 0, axis=1)
    return np.where(begun, values, np.nan), first


def added_up(record: Record, keys: Sequence[str]) -> Record:
    """The record of sums over the series that agree in some columns; no columns, and all are one.

    What no stream or month judged counts in no sum.
    """
    if not keys:
        nodes, code = pd.DataFrame({ALL: [ALL]}), np.zeros(len(record.series), dtype=int)
    else:
        grouped = record.series.groupby(list(keys), sort=True)
        nodes, code = grouped.size().reset_index()[list(keys)], grouped.ngroup().to_numpy()
    member = (code[None, :] == np.arange(len(nodes))[:, None]).astype(float)

    def total(values: Array, valid: npt.NDArray[np.bool_]) -> Array:
        some = member @ valid.astype(float) > 0
        return np.where(some, member @ np.where(valid, values, 0.0), np.nan)

    judged = {name: np.isfinite(record.actual) & np.isfinite(path) for name, path in record.paths.items()}
    every = np.logical_and.reduce(list(judged.values()))
    return replace(
        record,
        series=nodes,
        actual=total(record.actual, every),
        paths={name: total(path, every) for name, path in record.paths.items()},
        history=total(record.history, np.isfinite(record.history)),
    )
