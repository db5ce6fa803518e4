"""Sample paths of the demand plan: possible futures of the company, each whole over products and buckets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.calendar import overlap_weights
from sopwb.config.demand import PathSettings
from sopwb.demand.answers import NORMAL_80
from sopwb.demand.panel import SERIES, Array, buckets_after
from sopwb.demand.sample import error_fields, normal, origin_weights, paths_in_band, stratified

__all__ = ["backtest_error", "bucket_shares", "paths_of_series", "sample_path"]

COLUMNS = ["product", "period", "path", "demand_qty", "demand_value"]
BLOCK = 500
"""Series drawn at a time; with many series it saves memory."""
UNJUDGED_ORIGINS = 24
"""Origins that stand for what is not known where there is no backtest."""


@dataclass(frozen=True)
class _Draws:
    """What is drawn once for the whole company.

    Parameters
    ----------
    fields
        Standardised error of each origin, by series and planning bucket.
    weight
        Weight of each origin, by path.
    effect
        Rows of ``activity_effect`` with ``row`` and ``column`` of their cell and ``number`` of the activity.
    happens, ratio
        Whether an activity takes place, and how far its effect is off; activity by path.
    """

    fields: Array
    weight: Array
    effect: pd.DataFrame
    happens: Array
    ratio: Array


def backtest_error(
    error: Array, origins: npt.NDArray[np.int64], series: pd.DataFrame, dates: pd.DatetimeIndex
) -> pd.DataFrame:
    """What came less what was forecast, of every series, origin and bucket ahead that is known.

    Parameters
    ----------
    error
        Origin by series by bucket ahead; NaN where unknown.
    origins
        Number of buckets known at each origin.
    series
        Product and market of each series.
    dates
        First days of the buckets of the history.

    Returns
    -------
    pandas.DataFrame
        Table ``backtest_error``.
    """
    place, row, ahead = np.nonzero(np.isfinite(error))
    return pd.DataFrame(
        {
            "product": series["product"].to_numpy()[row],
            "market": series["market"].to_numpy()[row],
            "origin": dates[origins].to_numpy()[place],
            "ahead": ahead + 1,
            "error_qty": error[place, row, ahead],
        }
    )


def bucket_shares(
    last: pd.Timestamp, period: pd.DataFrame, bucket: str, holidays: tuple[np.datetime64, ...] = ()
) -> Array:
    """Share of each whole bucket after the last known one that lies in each planning bucket.

    Parameters
    ----------
    last
        First day of the last whole bucket of the history.
    period
        Table ``period``.
    bucket
        ``week`` or ``month``.

    Returns
    -------
    numpy.ndarray
        Bucket ahead by planning bucket.
    """
    dates = buckets_after(last, period["end_date"].max(), bucket)
    cells = overlap_weights(pd.Series(dates), period, bucket=bucket, holidays=holidays)
    starts = pd.DatetimeIndex(period["period"].sort_values())
    share = np.zeros((len(dates), len(starts)))
    share[dates.get_indexer(pd.Index(cells["date"])), starts.get_indexer(pd.Index(cells["period"]))] = cells[
        "share_rate"
    ]
    return share


def sample_path(
    plan: pd.DataFrame,
    errors: pd.DataFrame,
    activity_effect: pd.DataFrame,
    share: Array,
    settings: PathSettings,
) -> pd.DataFrame:
    """Demand of every product and planning bucket in each possible future, in units and at net prices.

    Parameters
    ----------
    plan
        Table ``demand_plan``.
    errors
        Table ``backtest_error``.
    activity_effect
        Table of that name.
    share
        Result of :func:`bucket_shares`.
    settings
        How many paths, and their seed; zero draws none.

    Returns
    -------
    pandas.DataFrame
        Table ``sample_path``.
    """
    if settings.number == 0 or plan.empty:
        return pd.DataFrame({name: [] for name in COLUMNS})
    plan = plan.sort_values([*SERIES, "period"], kind="stable", ignore_index=True)
    names = plan["product"].drop_duplicates().to_numpy()
    dates = np.sort(plan["period"].unique())
    price = plan["net_price_per_unit"].to_numpy().reshape(-1, len(dates))
    shape = (len(names), settings.number, len(dates))
    quantity, value = np.zeros(shape), np.zeros(shape)
    for rows, series, drawn in paths_of_series(plan, errors, activity_effect, share, settings):
        place = np.searchsorted(names, series["product"].to_numpy())
        np.add.at(quantity, place, drawn)
        np.add.at(value, place, drawn * np.nan_to_num(price[rows])[:, None])
    product, path, date = (index.ravel() for index in np.indices(shape))
    return pd.DataFrame(
        {
            "product": names[product],
            "period": dates[date],
            "path": path + 1,
            # single precision takes half the room on disk
            "demand_qty": quantity.ravel().astype(np.float32).astype(float),
            "demand_value": value.ravel().astype(np.float32).astype(float),
        }
    )


def paths_of_series(
    plan: pd.DataFrame,
    errors: pd.DataFrame,
    activity_effect: pd.DataFrame,
    share: Array,
    settings: PathSettings,
) -> Iterator[tuple[slice, pd.DataFrame, Array]]:
    """Demand of each product and market in every path, some series at a time.

    The mean of the paths of a cell is its consensus, and their 10 and 90 percent quantiles are the
    interval the plan publishes. How cells go together is what the backtest has shown: the same origins are
    weighed alike for all products, markets and buckets. An activity is off by one ratio wherever it acts,
    and one that is planned by its probability takes place in that share of the paths.

    Parameters are those of :func:`sample_path`, the plan sorted by its key.

    Yields
    ------
    tuple
        Which series, their product and market, and series by path by planning bucket.
    """
    buckets = plan["period"].nunique()
    series = plan.loc[::buckets, SERIES].reset_index(drop=True)
    centre, lower, upper = (
        plan[name].to_numpy(dtype=float).reshape(len(series), buckets)
        for name in ("consensus_qty", "lower_qty", "upper_qty")
    )
    draws = _draws(series, plan["period"].iloc[:buckets], errors, activity_effect, share, settings)
    for start in range(0, len(series), BLOCK):
        rows = slice(start, start + BLOCK)
        middle, down, up = centre[rows], (centre - lower)[rows], (upper - centre)[rows]
        moved, variance = _activities(draws, start, middle.shape)
        width = np.sqrt(np.maximum(((down + up) / 2) ** 2 - variance * NORMAL_80**2, 0.0)) / NORMAL_80
        deviation = np.einsum("po,osb->psb", draws.weight, draws.fields[:, rows], optimize=True) * width
        drawn = paths_in_band(deviation + moved, middle, down, up)
        yield rows, series[rows].reset_index(drop=True), np.moveaxis(drawn, 0, 1)


def _draws(
    series: pd.DataFrame,
    period: pd.Series[pd.Timestamp],
    errors: pd.DataFrame,
    activity_effect: pd.DataFrame,
    share: Array,
    settings: PathSettings,
) -> _Draws:
    draw = np.random.default_rng(settings.seed)
    error = _error_array(errors, series)
    fields = error_fields(error, len(share), draw) @ share
    weight = origin_weights(settings.number, len(fields), draw)
    # where a bucket has never erred but has an interval, its series errs as it usually does
    quiet = ~(fields != 0).any(axis=0)
    fields = _of_size_one(np.where(quiet, _of_size_one(fields).mean(axis=2, keepdims=True), fields))
    taken = activity_effect[activity_effect["inclusion_rate"] > 0]
    number, names = pd.factorize(taken["activity"], sort=True)
    effect = taken.assign(
        number=number,
        row=pd.MultiIndex.from_frame(series).get_indexer(pd.MultiIndex.from_frame(taken[SERIES])),
        column=pd.Index(period).get_indexer(pd.Index(taken["period"])),
    )
    chance = taken.groupby(number)["inclusion_rate"].max().to_numpy()
    happens = np.array([stratified(settings.number, draw) < rate for rate in chance])
    ratio = np.array([normal(stratified(settings.number, draw)) for _ in names])
    shape = (len(names), settings.number)
    return _Draws(fields, weight, effect, happens.reshape(shape).astype(float), ratio.reshape(shape))


def _of_size_one(fields: Array) -> Array:
    size = np.sqrt((fields**2).sum(axis=0))
    return np.asarray(np.divide(fields, size, out=np.zeros_like(fields), where=size > 0))


def _error_array(errors: pd.DataFrame, series: pd.DataFrame) -> Array:
    """Origin by series by bucket ahead; without any backtest, origins at which nothing is known."""
    if errors.empty:
        return np.full((UNJUDGED_ORIGINS, len(series), 0), np.nan)
    place, origins = pd.factorize(errors["origin"], sort=True)
    row = pd.MultiIndex.from_frame(series).get_indexer(pd.MultiIndex.from_frame(errors[SERIES]))
    known = row >= 0
    array = np.full((len(origins), len(series), int(errors["ahead"].max())), np.nan)
    ahead = errors["ahead"].to_numpy()[known] - 1
    array[place[known], row[known], ahead] = errors["error_qty"].to_numpy()[known]
    return array


def _activities(draws: _Draws, start: int, shape: tuple[int, int]) -> tuple[Array, Array]:
    """What activities add or miss against the plan, path by series by bucket, and its variance."""
    effect = draws.effect[draws.effect["row"].between(start, start + shape[0] - 1)]
    effect = effect[effect["column"] >= 0]
    full, rate = effect["full_qty"].to_numpy(), effect["inclusion_rate"].to_numpy()
    ratio, happens = draws.ratio[effect["number"]], draws.happens[effect["number"]]
    up, down = effect["full_upper_qty"].to_numpy() - full, full - effect["full_lower_qty"].to_numpy()
    off = np.where(ratio > 0, ratio * up[:, None], ratio * down[:, None]) / NORMAL_80
    change = happens * (full[:, None] + off) - (rate * full)[:, None]
    moved = np.zeros((draws.weight.shape[0], *shape))
    cell = (effect["row"].to_numpy() - start, effect["column"].to_numpy())
    np.add.at(np.moveaxis(moved, 0, 2), cell, change)
    return moved, moved.var(axis=0)
