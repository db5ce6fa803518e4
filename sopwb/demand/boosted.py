"""One gradient-boosted model for all weekly series together: what one has never shown, others have.

Each row is one bucket of one series: its change from the bucket before, against the changes of the last
weeks and of the same weeks a year ago and against the height of a few of these weeks, all in units of the
series' usual change. The forecast is made step by step, each step's result being the next one's past.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sopwb.demand.panel import Array

__all__ = ["boosted_paths", "change_scale", "lag_features"]

RECENT_LAGS = 13
RECENT_PLACES = (4, 8, 13)
MOST_ROWS = 200_000
MOST_SEASONS = 5
"""Seasons that are learned from: how demand changed long ago says little of how it changes now."""
ROUNDS = 100
LEARNING_RATE = 0.1
LEAST_IN_LEAF = 50
FEATURE_RATE = 0.8
LARGEST_CHANGE = 15.0
LEAST_TRAINING = 500


def change_scale(values: Array, season: int) -> Array:
    """Usual change of each series between buckets over the last five seasons; one where none is known."""
    change = np.abs(np.diff(values[:, -MOST_SEASONS * season :], axis=1))
    known = np.isfinite(change)
    mean = np.where(known, change, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(mean > 0, mean, 1.0)


def lag_features(values: Array, column: int, season: int) -> Array:
    """Past of one bucket, seen from the bucket before: series by feature.

    The changes that came in the last buckets, half a year ago, and a year ago about now; and how far off
    the last bucket is from some earlier ones.
    """
    lags = np.array([*range(1, RECENT_LAGS + 1), season // 2, season - 1, season, season + 1])
    changes = values[:, column - lags] - values[:, column - lags - 1]
    away = values[:, column - np.array([*RECENT_PLACES, season // 2, season])] - values[:, column - 1, None]
    return np.concatenate([changes, away], axis=1)


def _training(values: Array, season: int) -> tuple[Array, Array]:
    """Rows of features and the change that came, thinned when there are too many."""
    first = max(season + 2, values.shape[1] - MOST_SEASONS * season)
    columns = np.arange(first, values.shape[1])
    usable = np.isfinite(values[:, columns - season - 2]) & np.isfinite(values[:, columns])
    every = max(1, -(-int(usable.sum()) // MOST_ROWS))
    features, change = [], []
    for place, column in enumerate(columns):
        rows = np.flatnonzero(usable[:, place])
        # every n-th series, another one in each bucket, so that all are seen
        rows = rows[(rows + column) % every == 0]
        features.append(lag_features(values[rows], int(column), season))
        change.append(values[rows, column] - values[rows, column - 1])
    if not features:
        return np.zeros((0, 1)), np.zeros(0)
    return np.concatenate(features), np.clip(np.concatenate(change), -LARGEST_CHANGE, LARGEST_CHANGE)


def _fitted(values: Array, season: int) -> Any:
    """Model of the next change, or None where there is too little to learn from."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    features, change = _training(values, season)
    if len(change) < LEAST_TRAINING:
        return None
    model = HistGradientBoostingRegressor(
        max_iter=ROUNDS,
        learning_rate=LEARNING_RATE,
        min_samples_leaf=LEAST_IN_LEAF,
        max_features=FEATURE_RATE,
        early_stopping=False,
        random_state=1,
    )
    return model.fit(features, change)


def _continued(model: Any, past: Array, season: int, horizon: int) -> Array:
    """Past continued step by step; series by bucket ahead."""
    memory = season + 2
    values = np.concatenate([past[:, -memory:], np.zeros((len(past), horizon))], axis=1)
    for column in range(memory, memory + horizon):
        values[:, column] = values[:, column - 1] + model.predict(lag_features(values, column, season))
    return np.asarray(values[:, memory:])


def boosted_paths(
    values: Array, season: int, horizon: int, origins: npt.NDArray[np.int64]
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Forecasts from each origin by a model that has seen nothing after the first of them.

    Parameters
    ----------
    values
        Series by time, NaN before the first bucket of a series.
    origins
        Number of buckets known at each origin, ascending.

    Returns
    -------
    tuple of arrays
        Origin by series by bucket ahead, and for which of them there is a forecast: a series needs a season
        and two buckets of history, all series together enough to learn from.
    """
    first = int(origins[0])
    shape = (len(origins), len(values), horizon)
    paths, made = np.zeros(shape), np.zeros(shape[:2], dtype=bool)
    if first < season + 3:
        return paths, made
    scale = change_scale(values[:, :first], season)
    # a series that has not begun at the first origin is scaled by what is known at the last
    young = ~np.isfinite(values[:, :first]).any(axis=1)
    scale[young] = change_scale(values[young, : int(origins[-1])], season)
    scaled = values / scale[:, None]
    model = _fitted(scaled[:, :first], season)
    if model is None:
        return paths, made
    made = np.stack([np.isfinite(scaled[:, o - season - 2 : o]).all(axis=1) for o in origins])
    place, row = np.nonzero(made)
    if len(row):
        columns = origins[place][:, None] + np.arange(-season - 2, 0)[None, :]
        past = scaled[row[:, None], columns]
        paths[place, row] = _continued(model, past, season, horizon) * scale[row][:, None]
    return paths, made
