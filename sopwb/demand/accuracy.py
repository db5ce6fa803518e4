"""How good the forecasts were: rolling origins of this run, and earlier cycles against what was sold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from sopwb.demand.backtest import Backtest
from sopwb.demand.band_accuracy import BANDED, band_accuracy
from sopwb.demand.combine import Route
from sopwb.demand.error_measure import (
    MEASURES,
    Record,
    added_up,
    measures_by,
    pinball_loss,
    record_of,
    tracking_signal,
)
from sopwb.demand.interval import LOWER, UPPER, band, error_model, summed_error
from sopwb.demand.panel import SERIES, Array
from sopwb.demand.scope import ALL

__all__ = ["ahead_of", "archive_accuracy", "backtest_accuracy", "forecast_error", "level_accuracy"]

BACKTEST_STREAMS = ("naive", "seasonal_naive", "statistical", "automatic")
ARCHIVE_STREAMS = ("seasonal_naive", "statistical", "automatic", "manual", "consensus")
PRIOR_ORIGINS = 3.0
KEYS = ["stream", "family", "lag"]
BAND = ("banded", "inside", "banded_qty", "pinball_qty")
LEVELS = {
    "series": [*SERIES, "family"],
    "product": ["product"],
    "family_market": ["family", "market"],
    "family": ["family"],
    "market": ["market"],
    "company": [],
}
"""Levels to which archived forecasts and sales are added up before they are compared."""


def _rates(sums: pd.DataFrame, measures: pd.DataFrame, source: str, streams: tuple[str, ...]) -> pd.DataFrame:
    """Rates from summed quantities, what each stream adds to the one before it, and its other measures."""
    total = pd.concat([sums, sums.assign(family=ALL)], ignore_index=True)
    names = [name for name in total.columns if name not in KEYS]
    table = total.groupby(KEYS, as_index=False)[names].sum()
    actual = table["actual_qty"].where(table["actual_qty"] > 0)
    table = table.assign(
        source=source,
        wmape_rate=table["absolute_error_qty"] / actual,
        bias_rate=(table["forecast_qty"] - table["actual_qty"]) / actual,
        coverage_rate=table["inside"] / table["banded"].where(table["banded"] > 0),
        pinball_rate=table["pinball_qty"] / table["banded_qty"].where(table["banded_qty"] > 0),
        order=table["stream"].map({name: place for place, name in enumerate(streams)}),
    )
    table = table.sort_values(["family", "lag", "order"])
    before = table.groupby(["family", "lag"])["wmape_rate"].shift()
    table = table.assign(value_added_rate=before - table["wmape_rate"])
    columns = ["source", *KEYS, "actual_qty", "forecast_qty", "absolute_error_qty"]
    rates = ["wmape_rate", "bias_rate", "coverage_rate", "pinball_rate", "value_added_rate"]
    table = table[[*columns, *rates]].merge(measures, on=KEYS, how="left", validate="one_to_one")
    return table.assign(judged=table["judged"].fillna(0))


def _held_out_band(backtest: Backtest, level: Array, route: Route) -> dict[str, Array]:
    """How the later origins lie in the band made from what was known then.

    Whether they were judged and lie inside, what came where they were, and the loss of both ends of the band.
    """
    half = len(backtest.origins) // 2
    error, forecast = backtest.error, backtest.forecast
    found = {name: np.zeros(error.shape) for name in BAND}
    if half == 0:
        return found
    for origin in range(half, len(backtest.origins)):
        # an error of an earlier origin counts only if it was known at this one
        reach = backtest.origins[origin] - backtest.origins[:origin]
        seen = np.arange(error.shape[2])[None, :] < reach[:, None]
        past = np.where(seen[:, None, :], error[:origin], np.nan)
        model = error_model(past, forecast[:origin], level, route, backtest.origins[:origin])
        down, up = band(np.nan_to_num(forecast[origin]), level, route, model)
        banded = np.isfinite(error[origin])
        inside = banded & (error[origin] >= -down - 1e-9) & (error[origin] <= up + 1e-9)
        loss = pinball_loss(error[origin], -down, LOWER) + pinball_loss(error[origin], up, UPPER)
        found["banded"][origin], found["inside"][origin] = banded, inside
        found["banded_qty"][origin] = np.where(banded, np.abs(backtest.actual[origin]), 0.0)
        found["pinball_qty"][origin] = np.where(banded, loss, 0.0)
    return found


def ahead_of(values: Array, backtest: Backtest) -> Array:
    """Values of the buckets after each origin, origin by series by bucket ahead; NaN beyond the end."""
    horizon = backtest.forecast.shape[2]
    padded = np.pad(values, ((0, 0), (0, horizon)), constant_values=np.nan)
    return np.stack([padded[:, origin : origin + horizon] for origin in backtest.origins])


def backtest_accuracy(
    backtest: Backtest,
    demand: Array,
    activity: Array,
    families: pd.Series[str],
    level: Array,
    route: Route,
    season: int,
) -> pd.DataFrame:
    """Error of each stream from rolling origins, by family and bucket ahead.

    All streams are held against the same demand, stock-outs filled and outliers left in:
    naive → seasonal naive → statistical (the baseline) → automatic (with the activities that took
    place). The share inside the interval and the loss of its ends are measured on the later half of the
    origins, each with the band made from what was known then.

    Parameters
    ----------
    demand, activity
        Series by time: demand to be forecast and the part of it that activities caused.
    families
        Family of each series.
    season
        Buckets in a year.

    Returns
    -------
    pandas.DataFrame
        Table ``backtest_accuracy``.
    """
    if len(backtest.origins) == 0 or demand.size == 0:
        return _rates(_no_sums(), _no_measures(), "backtest", BACKTEST_STREAMS)
    actual = ahead_of(demand, backtest)
    automatic = backtest.forecast + np.nan_to_num(ahead_of(activity, backtest))
    banded = _held_out_band(backtest, level, route)
    naive, year = backtest.naive, backtest.seasonal_naive
    paths = dict(zip(BACKTEST_STREAMS, (naive, year, backtest.forecast, automatic), strict=True))
    valid = np.isfinite(actual) & np.isfinite(backtest.forecast)
    parts = [
        _family_sums(name, path, actual, valid, families, banded if name == "statistical" else {})
        for name, path in paths.items()
    ]
    record = Record(
        pd.DataFrame({"family": families.to_numpy()}),
        np.where(valid, actual, np.nan),
        {name: np.where(valid, path, np.nan) for name, path in paths.items()},
        demand,
        backtest.origins,
        season,
    )
    sums = pd.concat(parts, ignore_index=True)
    return _rates(sums, measures_by(record, "family"), "backtest", BACKTEST_STREAMS)


def _no_measures() -> pd.DataFrame:
    return pd.DataFrame(columns=[*KEYS, *MEASURES]).astype({"lag": "int64"})


def _no_sums() -> pd.DataFrame:
    numbers = ["actual_qty", "forecast_qty", "absolute_error_qty", *BAND]
    frame = pd.DataFrame({name: pd.Series(dtype=float) for name in numbers})
    return frame.assign(
        stream=pd.Series(dtype=object), family=pd.Series(dtype=object), lag=pd.Series(dtype="int64")
    )


def _family_sums(
    stream: str,
    path: Array,
    actual: Array,
    valid: Array,
    families: pd.Series[str],
    banded: Mapping[str, Array],
) -> pd.DataFrame:
    """Sums over origins and the series of each family, one row per family and bucket ahead."""
    quantities: Mapping[str, Array] = {
        "actual_qty": np.where(valid, actual, 0.0),
        "forecast_qty": np.where(valid, path, 0.0),
        "absolute_error_qty": np.where(valid, np.abs(path - actual), 0.0),
        **{name: banded.get(name, np.zeros_like(actual)) for name in BAND},
    }
    frames = []
    for family in sorted(families.unique()):
        members = (families == family).to_numpy()
        sums = {name: values[:, members].sum(axis=(0, 1)) for name, values in quantities.items()}
        lags = np.arange(1, path.shape[2] + 1)
        frames.append(pd.DataFrame({"stream": stream, "family": family, "lag": lags, **sums}))
    return pd.concat(frames, ignore_index=True)


def archive_accuracy(steps: pd.DataFrame, sales: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """Error of each stream of earlier cycles against closed months of sales, by family and months ahead.

    Parameters
    ----------
    steps
        Result of `sopwb.demand.value_added.archived_steps`: a statement nobody made counts as agreement,
        so that every stream is judged on the same cells.
    sales
        Table ``sales_history``.

    Returns
    -------
    pandas.DataFrame
        Rows of ``forecast_accuracy`` with the source ``archive``.
    """
    if steps.empty:
        return _rates(_no_sums(), _no_measures(), "archive", ARCHIVE_STREAMS)
    record = record_of(steps, {name: name for name in ARCHIVE_STREAMS}, sales, as_of)
    return _rates(_stream_sums(steps), measures_by(record, "family"), "archive", ARCHIVE_STREAMS)


def level_accuracy(
    steps: pd.DataFrame,
    sales: pd.DataFrame,
    past_demand_range: pd.DataFrame,
    limit: float,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Error of each stream of earlier cycles after adding up to each level, by months ahead.

    What products and markets err by against one another is gone at the levels above them.

    Parameters
    ----------
    steps
        Result of `sopwb.demand.value_added.archived_steps`.
    sales
        Table ``sales_history``.
    past_demand_range
        Table of that name: the bands that earlier cycles gave.
    limit
        Tracking signal beyond which a forecast errs to one side.

    Returns
    -------
    pandas.DataFrame
        Table ``level_accuracy``.
    """
    columns = ["level", "stream", "lag", "nodes", "judged", "actual_qty", "absolute_error_qty", "wmape_rate"]
    columns += ["beyond_signal_rate", "mase", "rmsse", "coverage_rate", "pinball_rate"]
    if steps.empty:
        return pd.DataFrame(columns=columns)
    record = record_of(steps, {name: name for name in ARCHIVE_STREAMS}, sales, as_of)
    parts = [_of_level(added_up(record, keys), limit).assign(level=name) for name, keys in LEVELS.items()]
    band = band_accuracy(steps, past_demand_range).assign(stream=BANDED)
    table = pd.concat(parts, ignore_index=True)
    return table.merge(band, on=["level", "stream", "lag"], how="left", validate="one_to_one")[columns]


def _of_level(record: Record, limit: float) -> pd.DataFrame:
    """Measures of every stream by bucket ahead, over all nodes of one level."""
    every = replace(record, series=record.series.assign(all=ALL))
    measures = measures_by(every, "all")
    parts = []
    for stream, path in record.paths.items():
        error = path - record.actual
        known = np.isfinite(error)
        signal = tracking_signal(error)
        nodes = known.any(axis=0).sum(axis=0)
        sums = pd.DataFrame(
            {
                "stream": stream,
                "lag": np.arange(1, path.shape[2] + 1),
                "nodes": nodes,
                "actual_qty": np.where(known, record.actual, 0.0).sum(axis=(0, 1)),
                "absolute_error_qty": np.where(known, np.abs(error), 0.0).sum(axis=(0, 1)),
                # a signal never exceeds the number of its origins
                "beyond_signal_rate": np.where(
                    known.any(axis=1).sum(axis=0) > limit,
                    (np.abs(signal) > limit).sum(axis=0) / np.maximum(nodes, 1),
                    np.nan,
                ),
            }
        )
        parts.append(sums)
    table = pd.concat(parts, ignore_index=True).merge(measures, on=["stream", "lag"], validate="one_to_one")
    return table.assign(
        wmape_rate=table["absolute_error_qty"] / table["actual_qty"].where(table["actual_qty"] > 0)
    )


def _stream_sums(cells: pd.DataFrame) -> pd.DataFrame:
    """Sums of each archived stream by family and lag."""
    frames = [
        cells[["family", "lag", "actual_qty"]].assign(
            stream=name,
            forecast_qty=cells[name],
            absolute_error_qty=(cells[name] - cells["actual_qty"]).abs(),
        )
        for name in ARCHIVE_STREAMS
    ]
    numbers = ["actual_qty", "forecast_qty", "absolute_error_qty"]
    sums = pd.concat(frames).groupby(KEYS, as_index=False)[numbers].sum()
    return sums.assign(**dict.fromkeys(BAND, 0.0))


def forecast_error(
    backtest: Backtest, series: pd.DataFrame, market: pd.DataFrame, forecast: Array, most: int
) -> pd.DataFrame:
    """Spread of the forecast error of each product at each location, summed over 1 … n buckets.

    Errors of the markets a location serves are added up before they are squared, so what one market
    lacks another makes up. The root mean square over the origins is shrunk to the usual relative
    error, which also serves products too young for the backtest.

    Parameters
    ----------
    series
        Series of the backtest, in order.
    forecast
        Forecast of this run, series by bucket; the level of young products is read from it.
    most
        Most buckets.

    Returns
    -------
    pandas.DataFrame
        Table ``forecast_error``.
    """
    keys = series[SERIES].merge(
        market[["market", "location"]], on="market", how="left", validate="many_to_one"
    )
    item = keys.groupby(["product", "location"], sort=True).ngroup().to_numpy()
    items = keys[["product", "location"]].drop_duplicates().sort_values(["product", "location"])
    member = (item[None, :] == np.arange(len(items))[:, None]).astype(float)
    most = min(most, forecast.shape[1])
    error, actual = (_by_item(values, member) for values in (backtest.error, backtest.actual))
    spread, mean, origins = summed_error(error, actual, min(most, backtest.error.shape[2]))
    spread, mean, origins = (_widened(values, most) for values in (spread, mean, origins.astype(float)))
    expected = (member @ forecast[:, :most]).cumsum(axis=1)
    mean = np.where(np.isfinite(mean) & (mean > 0), mean, expected)
    usual = _usual_relative(spread, mean)
    square = np.where(origins > 0, np.nan_to_num(spread) ** 2, 0.0)
    shrunk = (origins * square + PRIOR_ORIGINS * (usual * mean) ** 2) / (origins + PRIOR_ORIGINS)
    row, column = np.indices(mean.shape).reshape(2, -1)
    return (
        items.iloc[row]
        .reset_index(drop=True)
        .assign(buckets=column + 1, error_qty=np.sqrt(shrunk).ravel(), mean_qty=mean.ravel())
    )


def _by_item(values: Array, member: Array) -> Array:
    """Sum over the series of each item; NaN where none of them was known."""
    known = np.isfinite(values)
    total = np.einsum("ij,ojh->oih", member, np.nan_to_num(values))
    count = np.einsum("ij,ojh->oih", member, known.astype(float))
    return np.where(count > 0, total, np.nan)


def _widened(values: Array, most: int) -> Array:
    return np.pad(values, ((0, 0), (0, most - values.shape[1])), constant_values=np.nan)[:, :most]


def _usual_relative(spread: Array, mean: Array) -> Array:
    """Median relative error over all items, by number of buckets."""
    relative = np.divide(spread, mean, out=np.full(spread.shape, np.nan), where=mean > 0)
    known = np.isfinite(relative).any(axis=0)
    usual = np.array([0.5 / np.sqrt(n) for n in range(1, spread.shape[1] + 1)])
    usual[known] = np.nanmedian(relative[:, known], axis=0)
    return usual
