"""Seasonal profile of each series, shrunk towards its group and the group towards flat."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sopwb.demand.panel import Array, Panel

__all__ = ["MEMORY", "centred_trend", "group_rest", "season_ahead", "season_of_past", "seasonal_profile"]

LEAST_INDEX = 0.02
DOUBT_SHARE = 2
BELIEF_SHARE = 3
MEMORY = 0.7
"""Share of its weight that a year keeps for the season ahead when another one has come."""


def centred_trend(values: Array, season: int) -> Array:
    """Level of each bucket without season: centred mean over one season, NaN within half a season of an end.

    The window has ``season + 1`` buckets, the outer two at half weight when the season is even
    (classical decomposition).
    """
    half = season // 2
    weights = np.ones(2 * half + 1)
    if season % 2 == 0:
        weights[[0, -1]] = 0.5
    weights /= weights.sum()
    trend = np.full(values.shape, np.nan)
    length = values.shape[1] - 2 * half
    if length > 0:
        windows = np.lib.stride_tricks.sliding_window_view(values, 2 * half + 1, axis=1)
        trend[:, half : half + length] = windows @ weights
    return trend


def _ratios_by_position(values: Array, season: int) -> Array:
    """Ratios to the trend as series by year by position; position 0 is the bucket after the end."""
    trend = centred_trend(values, season)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(trend > 0, values / trend, np.nan)
    years = -(-values.shape[1] // season)
    padded = np.full((len(values), years * season), np.nan)
    padded[:, years * season - values.shape[1] :] = ratio
    return padded.reshape(len(values), years, season)


def _mean_and_noise(ratios: Array, memory: float) -> tuple[Array, Array, Array]:
    """Mean over the years (second axis), the variance of that mean, and the count.

    Each year counts as much as the one after it, times the memory.
    """
    known = np.isfinite(ratios)
    count = known.sum(axis=1)
    age = np.arange(ratios.shape[1])[::-1, None]
    weight = np.where(known, memory**age, 0.0)
    whole = weight.sum(axis=1)
    total = (weight * np.where(known, ratios, 0.0)).sum(axis=1)
    mean = np.divide(total, whole, out=np.ones_like(total), where=whole > 0)
    centred = np.where(known, ratios - mean[:, None, :], 0.0)
    spread = (centred**2).sum(axis=1) / np.maximum(count - 1, 1)
    return mean, spread / np.maximum(count, 1), count.astype(float)


def _mean_known(ratios: Array) -> Array:
    """Mean over the series of what is known; NaN where nothing is."""
    count = np.isfinite(ratios).sum(axis=0)
    total = np.nan_to_num(ratios).sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _shrink(index: Array, prior: Array, noise: Array) -> Array:
    """James–Stein: move each row to its prior by the share of its distance that is noise."""
    distance = ((index - prior) ** 2).mean(axis=1)
    signal = np.where(distance > 0, 1 - noise / np.maximum(distance, 1e-12), 0.0)
    weight = np.clip(signal, 0.0, 1.0)[:, None]
    return prior + weight * (index - prior)


def _group_profile(panel: Panel, ratios: Array, memory: float) -> Array:
    """Profile of each series' group: mean of its members' ratios, shrunk towards flat."""
    profile = np.ones((len(panel.history), ratios.shape[2]))
    for number in np.unique(panel.group):
        members = panel.group == number
        # a year of the group is the mean over its members: what they share, their noise averaged out
        mean, noise, count = _mean_and_noise(_mean_known(ratios[members])[None], memory)
        if count.max() < 1:
            continue
        profile[members] = _shrink(mean, np.ones_like(mean), _noise_of(mean, noise, count))
    return profile


def _noise_of(mean: Array, noise: Array, count: Array) -> Array:
    """Mean noise of a profile, from how much its positions vary from year to year.

    Until a whole season has come again, little is known of that; the shape itself, taken as noise,
    then counts as much as half of the repetitions that are missing.
    """
    freedom = np.maximum(count - 1, 0)
    varied = (noise * count * freedom).sum(axis=1)
    shape = np.where(count > 0, (mean - 1) ** 2, 0.0).sum(axis=1) / np.maximum((count > 0).sum(axis=1), 1)
    seen = freedom.sum(axis=1)
    belief = np.maximum(mean.shape[1] - seen, 0) / DOUBT_SHARE
    single = (varied + belief * shape) / np.maximum(seen + belief, 1e-9)
    return np.asarray(single * (1 / np.maximum(count, 1)).mean(axis=1))


def _believed(history: Array, group: Array, young: npt.NDArray[np.bool_]) -> Array:
    """Group profile of each young series with the amplitude that its few buckets bear out.

    The series is regressed on the group's deviations g from one; slope over intercept-level is
    its own amplitude b. b is averaged with one, by the sum of squares of g about its mean against a
    third of a season of belief.
    """
    swing = season_of_past(group, history.shape[1]) - 1
    known = np.isfinite(history) & young[:, None]
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    mean = np.where(known, history, 0.0).sum(axis=1, keepdims=True) / count
    middle = np.where(known, swing, 0.0).sum(axis=1, keepdims=True) / count
    about = np.where(known, swing - middle, 0.0)
    square = (about**2).sum(axis=1)
    slope = np.divide(
        (np.where(known, history - mean, 0.0) * about).sum(axis=1),
        square,
        out=np.zeros(len(group)),
        where=square > 0,
    )
    level = mean[:, 0] - slope * middle[:, 0]
    own = np.clip(np.divide(slope, level, out=np.ones(len(group)), where=level > 0), 0.0, 1.0)
    belief = ((group - 1) ** 2).mean(axis=1) * group.shape[1] / BELIEF_SHARE
    whole = square + belief
    amplitude = np.divide(own * square + belief, whole, out=np.ones(len(group)), where=whole > 0)
    return np.asarray(1 + np.where(young, amplitude, 1.0)[:, None] * (group - 1))


def seasonal_profile(panel: Panel, season: int, memory: float = 1.0) -> Array:
    """Seasonal index of each series, mean one; element ``[:, 0]`` belongs to the first bucket ahead.

    Ratios to a centred trend are averaged by position; a series' own profile is pulled to the
    profile of its group, and that to flat, by the share of its shape that is noise
    (positive-part James–Stein over positions). A series too young for ratios has its group's, as far
    as what it has sold so far follows it.
    Neighbouring positions are not smoothed into each other: a week before a holiday stays sharp,
    and the shrinking alone was better on all weekly data tried.

    Parameters
    ----------
    panel
        Histories, not negative.
    season
        Buckets in a season; 1 gives ones.
    memory
        Weight of a year's ratios in those of the year after it: 1 for the season of all of the past, less
        for the season ahead, which is more like the last ones.

    References
    ----------
    Makridakis, Wheelwright, Hyndman (1998), Forecasting, section 3/4; James and Stein (1961).
    Miller and Williams (2003) show the gain from shrinking seasonal factors.
    """
    if season <= 1 or panel.history.shape[1] < season + 1:
        return np.ones((len(panel.history), max(season, 1)))
    ratios = _ratios_by_position(panel.history, season)
    group = _group_profile(panel, ratios, memory)
    mean, noise, count = _mean_and_noise(ratios, memory)
    group = _believed(panel.history, group, young=np.asarray(count.max(axis=1) == 0))
    shrunk = _shrink(np.where(count > 0, mean, group), group, _noise_of(mean, noise, count))
    shrunk = np.maximum(shrunk, LEAST_INDEX)
    return np.asarray(shrunk / shrunk.mean(axis=1, keepdims=True))


def season_of_past(profile: Array, length: int) -> Array:
    """Index of each of the last ``length`` buckets."""
    season = profile.shape[1]
    return profile[:, (np.arange(length) - length) % season]


def season_ahead(profile: Array, horizon: int) -> Array:
    """Index of each of the next ``horizon`` buckets."""
    return profile[:, np.arange(horizon) % profile.shape[1]]


def group_rest(values: Array, weight: Array, season: int) -> Array:
    """What the season of a whole group was shrunk by too much: its mean log deviation by place in the season.

    A profile is shrunk to be a good forecast; where all series of a group are promoted at once, what it
    lacks would look like an effect. The mean over the years is shrunk by the share of it that is chance.

    Parameters
    ----------
    values, weight
        Mean log deviation of untouched series from their usual level, group by time, and its weight.
    season
        Buckets in a year.

    Returns
    -------
    numpy.ndarray
        Group by time; the same in every year.
    """
    position = (np.arange(values.shape[1]) - values.shape[1]) % season
    rest = np.zeros(values.shape)
    for row in range(len(values)):
        known = weight[row] > 0
        count = np.bincount(position[known], minlength=season)
        total = np.bincount(position[known], weights=values[row, known], minlength=season)
        mean = np.divide(total, count, out=np.zeros(season), where=count > 0)
        away = np.where(known, values[row] - mean[position], 0.0)
        freedom = max(int(known.sum() - (count > 0).sum()), 1)
        chance = np.divide((away**2).sum() / freedom, count, out=np.zeros(season), where=count > 0)
        square = (mean**2)[count > 0].sum()
        share = max(0.0, 1 - chance.sum() / square) if square > 0 else 0.0
        rest[row] = share * mean[position]
    return rest
