"""Holt-Winters smoothing of a whole panel at once: level, damped trend and a season that moves.

One pass over time updates every series under every parameter set of a grid. The states at any
bucket on the way give the forecast from that origin, so a backtest costs hardly more than a forecast.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sopwb.demand.panel import Array
from sopwb.demand.season import centred_trend

__all__ = ["Parameters", "States", "first_states", "holt_winters_paths", "parameter_grid", "states_over_time"]

ALPHAS = (0.04, 0.1, 0.2, 0.35, 0.55, 0.85)
TRENDS = ((0.9, 0.0), (0.9, 0.2), (0.98, 0.0), (0.98, 0.05), (0.98, 0.2))
"""Damping, and share of a change of the level by which the trend moves."""
GAMMAS = (0.0, 0.05, 0.15, 0.35)
FIRST_SEASONS = 5
LINE_SEASONS = 2
SHRINK_BUCKETS = 6.0
LEAST_INDEX = 0.02
LEAST_BASE = 1e-3
BLOCK = 128
"""Series worked on together: their states stay in the processor's cache."""
PRECISION = np.float32
"""Of the states of a grid: rounding is far below what one parameter set differs from the next."""


@dataclass(frozen=True)
class Parameters:
    """Smoothing constants, each one row with a column per parameter set.

    Parameters
    ----------
    alpha, beta, gamma
        Share of the one-step error that moves level, trend and season (error-correction form).
    phi
        Damping of the trend per bucket.
    """

    alpha: Array
    beta: Array
    phi: Array
    gamma: Array


@dataclass
class States:
    """Level and trend (series by parameter set), season (position by series by parameter set), errors.

    Position 0 of the season belongs to the bucket after the last column of the panel.
    """

    level: Array
    trend: Array
    season: Array
    squares: Array


def parameter_grid() -> Parameters:
    """Every combination of the smoothing constants tried; those of one damping stand together."""
    grid = np.array([(*trend, *others) for trend, *others in itertools.product(TRENDS, ALPHAS, GAMMAS)])
    phi, ratio, alpha, share = grid.T[:, None]
    sets = (alpha, alpha * ratio, phi, share * (1 - alpha))
    return Parameters(*(constant.astype(PRECISION) for constant in sets))


def _position_means(values: Array, position: npt.NDArray[np.int64], season: int) -> tuple[Array, Array]:
    """Mean by position of the season and how often each position was seen; columns follow each other."""
    years = -(-values.shape[1] // season)
    padded = np.full((len(values), years * season), np.nan)
    padded[:, : values.shape[1]] = values
    by_year = padded.reshape(len(values), years, season)
    known = np.isfinite(by_year)
    count = known.sum(axis=1).astype(float)
    mean = np.where(known, by_year, 0.0).sum(axis=1) / np.maximum(count, 1)
    # the first column is not the first position
    turned = (np.arange(season)[None, :] - position[:, :1]) % season
    return np.take_along_axis(mean, turned, axis=1), np.take_along_axis(count, turned, axis=1)


def _first_season(ratio: Array, position: npt.NDArray[np.int64], season: int, neutral: float) -> Array:
    """Seasonal index by position, pulled to none by the share of its shape that is noise (James-Stein)."""
    mean, count = _position_means(ratio, position, season)
    mean = np.where(count > 0, mean, neutral)
    about = ratio - np.take_along_axis(mean, position, axis=1)
    spread, _ = _position_means(about**2, position, season)
    often = count > 1
    noise = np.where(often, spread / np.maximum(count - 1, 1), 0.0).sum(axis=1)
    noise = noise / np.maximum(often.sum(axis=1), 1)
    distance = ((mean - neutral) ** 2).mean(axis=1)
    signal = 1 - np.divide(noise, distance, out=np.zeros_like(noise), where=distance > 0)
    return np.asarray(neutral + np.clip(signal, 0.0, 1.0)[:, None] * (mean - neutral))


def _window(values: Array, width: int) -> tuple[Array, npt.NDArray[np.int64]]:
    """First known buckets of each series, and their columns."""
    start = np.argmax(np.isfinite(values), axis=1)
    column = start[:, None] + np.arange(width)[None, :]
    inside = column < values.shape[1]
    early = np.take_along_axis(values, np.minimum(column, values.shape[1] - 1), axis=1)
    return np.where(inside, early, np.nan), column


def first_states(
    values: Array, season: int, *, multiplicative: bool, length: int
) -> tuple[Array, Array, Array]:
    """Level, trend and season before the first bucket of each series.

    The season is read from the first five seasons (classical decomposition), level and trend from
    a line through the first two without it.

    Parameters
    ----------
    values
        Series by time; only what may be known at the earliest origin.
    length
        Buckets of the whole panel, from whose end positions of the season are counted.

    Returns
    -------
    tuple of arrays
        Level by series, trend by series, season by series by position.
    """
    width = min(values.shape[1], FIRST_SEASONS * season)
    early, column = _window(values, width)
    position = (column - length) % season
    trend = centred_trend(early, season)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(trend > 0, early / trend, np.nan) if multiplicative else early - trend
    index = _first_season(ratio, position, season, 1.0 if multiplicative else 0.0)
    if multiplicative:
        index = np.maximum(index, LEAST_INDEX)
        index /= index.mean(axis=1, keepdims=True)
        without = early / np.take_along_axis(index, position, axis=1)
    else:
        index -= index.mean(axis=1, keepdims=True)
        without = early - np.take_along_axis(index, position, axis=1)
    level, slope = _first_line(without[:, : max(LINE_SEASONS * season, 4)])
    return level, slope, index


def _first_line(values: Array) -> tuple[Array, Array]:
    """Level just before, and shrunk slope of, the least-squares line through the known values."""
    known = np.isfinite(values)
    time = np.arange(values.shape[1], dtype=float)[None, :]
    count = known.sum(axis=1)
    safe = np.maximum(count, 1)
    middle = np.where(known, time, 0.0).sum(axis=1) / safe
    mean = np.where(known, values, 0.0).sum(axis=1) / safe
    centred = np.where(known, time - middle[:, None], 0.0)
    square = (centred**2).sum(axis=1)
    cross = (centred * np.where(known, values, 0.0)).sum(axis=1)
    slope = np.divide(cross, square, out=np.zeros(len(values)), where=square > 0)
    slope *= count / (count + SHRINK_BUCKETS)
    level = mean - slope * (middle + 1)
    return np.where(level > 0.1 * np.abs(mean), level, mean), np.where(level > 0.1 * np.abs(mean), slope, 0.0)


def states_over_time(
    values: Array,
    first: tuple[Array, Array, Array],
    parameters: Parameters,
    *,
    multiplicative: bool,
) -> Iterator[States]:
    """States after each bucket; the same arrays are changed in place and given again.

    error = y - (l + φb)s or y - (l + φb) - s, l' = l + φb + α error/s, b' = φb + β error/s,
    s' = s + γ error/(l + φb); without the divisions when additive. A bucket that is not known
    leaves the season alone and moves the level along its trend.

    Parameters
    ----------
    values
        Series by time, the longest history first; NaN before the first bucket of a series.

    References
    ----------
    Hyndman, Koehler, Ord and Snyder (2008), table 2.1: ETS(A,Ad,A) and ETS(·,Ad,M).
    """
    level, trend, index = first
    sets, kind = parameters.alpha.shape[1], parameters.alpha.dtype
    shape, season = (len(values), sets), index.shape[1]
    now = States(
        np.repeat(level[:, None].astype(kind), sets, axis=1),
        np.repeat(trend[:, None].astype(kind), sets, axis=1),
        np.repeat(index.T[:, :, None].astype(kind), sets, axis=2),
        np.zeros(shape, dtype=kind),
    )
    room = _Room.of(parameters, shape, multiplicative)
    known = np.isfinite(values)
    actual = np.where(known, values, 0.0).T.astype(kind)
    begins = np.where(known.any(axis=1), known.argmax(axis=1), values.shape[1])
    active = np.searchsorted(begins, np.arange(values.shape[1]), side="right")
    for column, many in enumerate(active):
        if many:
            blind = ~known[:many, column]
            place = (column - values.shape[1]) % season
            _step(now, room, actual[column, :many], blind if blind.any() else None, place)
        yield now


@dataclass(frozen=True)
class _Room:
    """What every step works with, once for each series and parameter set.

    Whole arrays are multiplied several times faster than an array with a row, and new ones at every step
    would cost more than the arithmetic.
    """

    alpha: Array
    beta: Array
    phi: Array
    gamma: Array
    least: tuple[Array, Array] | None
    error: Array
    change: Array

    @classmethod
    def of(cls, parameters: Parameters, shape: tuple[int, int], multiplicative: bool) -> _Room:
        constants = (parameters.alpha, parameters.beta, parameters.phi, parameters.gamma)
        alpha, beta, phi, gamma = (np.repeat(own, shape[0], axis=0) for own in constants)
        least = (np.full_like(alpha, LEAST_BASE), np.full_like(alpha, LEAST_INDEX))
        error, change = np.empty_like(alpha), np.empty_like(alpha)
        return cls(alpha, beta, phi, gamma, least if multiplicative else None, error, change)


def _step(now: States, room: _Room, actual: Array, blind: npt.NDArray[np.bool_] | None, place: int) -> None:
    """Move the states of the active series, the first ``len(actual)``, by one bucket."""
    active = len(actual)
    level, trend, squares = now.level[:active], now.trend[:active], now.squares[:active]
    index = now.season[place, :active]
    error, change = room.error[:active], room.change[:active]
    trend *= room.phi[:active]
    level += trend
    if room.least:
        np.maximum(level, room.least[0][:active], out=level)
        np.multiply(level, index, out=error)
    else:
        np.add(level, index, out=error)
    np.subtract(actual[:, None], error, out=error)
    if blind is not None:
        error[blind] = 0.0
    np.multiply(error, error, out=change)
    squares += change
    np.multiply(error, room.gamma[:active], out=change)
    if room.least:
        change /= level
        error /= index
        index += change
        np.maximum(index, room.least[1][:active], out=index)
    else:
        index += change
    np.multiply(error, room.alpha[:active], out=change)
    level += change
    error *= room.beta[:active]
    trend += error


def _weights(squares: Array, count: Array) -> Array:
    """Akaike weights of the parameter sets (columns) for each series (rows)."""
    count = count[:, None].astype(squares.dtype)
    mean = np.maximum(squares / np.maximum(count, 1), 1e-12)
    distance = 0.5 * np.maximum(count - 4, 1) * np.log(mean / mean.min(axis=1, keepdims=True))
    weight = np.exp(-np.minimum(distance, 60.0))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _ahead(
    now: States, parameters: Parameters, count: Array, first: int, horizon: int, *, multiplicative: bool
) -> Array:
    """Forecast averaged over the parameter sets; ``first`` is the place in the season it begins at."""
    weight = _weights(now.squares, count)
    dampings = np.unique(parameters.phi)
    steps = np.cumsum(dampings[:, None] ** np.arange(1, horizon + 1), axis=1)
    parts = [
        weight * now.level,
        *(np.where(parameters.phi == phi, weight * now.trend, 0) for phi in dampings),
    ]
    # what differs from the first set is weighted: what does not differ stays as it is to the last digit
    level = now.level[:, :1] + (weight * (now.level - now.level[:, :1])).sum(axis=1, keepdims=True)
    sums = np.concatenate([level, *(own.sum(axis=1, keepdims=True) for own in parts[1:])], axis=1)
    again = (first + np.arange(horizon)) % len(now.season)
    season = now.season
    if horizon < len(season):
        season, again = season[again], np.arange(horizon)
    index, rest = season[:, :, 0].T, (season - season[:, :, :1]).transpose(1, 2, 0)
    if not multiplicative:
        base = index + (weight[:, None, :] @ rest)[:, 0]
        return np.asarray(level + base[:, again] + sums[:, 1:] @ steps)
    # products with the index of every place in the season, summed over the sets: series by part by place
    turned = sums[:, :, None] * index[:, None, :] + np.stack(parts, axis=1) @ rest
    path = turned[:, 0, again]
    for place, step in enumerate(steps, start=1):
        path += turned[:, place, again] * step
    return np.asarray(path)


def holt_winters_paths(
    values: Array,
    season: int,
    horizon: int,
    origins: npt.NDArray[np.int64],
    *,
    multiplicative: bool,
) -> Array:
    """Forecasts from each origin, averaged over the grid by Akaike weights; origin by series by bucket ahead.

    Nothing after the first origin enters the first states, and nothing after an origin its forecast.

    Parameters
    ----------
    values
        Series by time, NaN before the first known bucket of a series.
    origins
        Number of buckets known at each origin, ascending.
    """
    length, reach = values.shape[1], int(origins[-1])
    result = np.zeros((len(origins), len(values), horizon))
    known = np.isfinite(values)
    order = np.argsort(known.argmax(axis=1) + length * ~known.any(axis=1), kind="stable")
    parameters = parameter_grid()
    wanted = {int(origin) - 1: place for place, origin in enumerate(origins)}
    counts = np.cumsum(known, axis=1).astype(float)
    for begin in range(0, len(values), BLOCK):
        rows = order[begin : begin + BLOCK]
        early = values[rows, : int(origins[0])]
        mean = np.nan_to_num(np.where(known[rows, : early.shape[1]], early, 0.0)).sum(axis=1)
        scale = mean / np.maximum(counts[rows, early.shape[1] - 1], 1)
        scale = np.where(scale > 0, scale, 1.0)[:, None]
        part = values[rows, :reach] / scale
        # positions of the season are counted from the end of what is given
        level, *rest = first_states(
            part[:, : early.shape[1]], season, multiplicative=multiplicative, length=reach
        )
        # about their mean, which is one, small differences keep all of their digits
        middle = 0.0 if multiplicative else 1.0
        first = (level - middle, rest[0], rest[1])
        passing = states_over_time(part - middle, first, parameters, multiplicative=multiplicative)
        for column, now in enumerate(passing):
            if column in wanted:
                path = _ahead(
                    now,
                    parameters,
                    counts[rows, column],
                    (column + 1 - reach) % season,
                    horizon,
                    multiplicative=multiplicative,
                )
                sold = np.nan_to_num(part[:, : column + 1]).any(axis=1)
                result[wanted[column], rows] = np.where(sold[:, None], (path + middle) * scale, 0.0)
    return result
