"""Seasonal profile of each series, shrunk towards its group and the group towards flat."""

from __future__ import annotations

import numpy as np

from sopwb.demand.panel import Array, Panel

__all__ = ["centred_trend", "season_ahead", "season_of_past", "seasonal_profile"]

LEAST_INDEX = 0.02


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


def _mean_and_noise(ratios: Array, axis: int) -> tuple[Array, Array, Array]:
    """Mean over an axis without NaN, the variance of that mean, and the count."""
    known = np.isfinite(ratios)
    count = known.sum(axis=axis)
    total = np.where(known, ratios, 0.0).sum(axis=axis)
    mean = np.divide(total, count, out=np.ones_like(total), where=count > 0)
    centred = np.where(known, ratios - np.expand_dims(mean, axis), 0.0)
    spread = (centred**2).sum(axis=axis) / np.maximum(count - 1, 1)
    return mean, spread / np.maximum(count, 1), count.astype(float)


def _smooth(index: Array, width: int) -> Array:
    """Circular moving mean with triangular weights over ``2 * width + 1`` positions."""
    if width == 0:
        return index
    steps = np.arange(-width, width + 1)
    weights = (width + 1 - np.abs(steps)) / (width + 1) ** 2
    return np.asarray(sum(w * np.roll(index, s, axis=-1) for w, s in zip(weights, steps, strict=True)))


def _shrink(index: Array, prior: Array, noise: Array) -> Array:
    """James–Stein: move each row to its prior by the share of its distance that is noise."""
    distance = ((index - prior) ** 2).mean(axis=1)
    signal = np.where(distance > 0, 1 - noise / np.maximum(distance, 1e-12), 0.0)
    weight = np.clip(signal, 0.0, 1.0)[:, None]
    return prior + weight * (index - prior)


def _group_profile(panel: Panel, ratios: Array, smoothing: int) -> Array:
    """Profile of each series' group: mean of its members' ratios, shrunk towards flat."""
    profile = np.ones((len(panel.values), ratios.shape[2]))
    for number in np.unique(panel.group):
        members = panel.group == number
        # a year of the group is the mean over its members: what they share, their noise averaged out
        by_year = _mean_and_noise(ratios[members], axis=0)[0]
        seen = np.isfinite(ratios[members]).any(axis=0)
        mean, noise, count = _mean_and_noise(np.where(seen, by_year, np.nan)[None], axis=1)
        if count.max() < 1:
            continue
        index = _smooth(mean, smoothing)
        profile[members] = _shrink(index, np.ones_like(index), _noise_of(noise, count, smoothing))
    return profile


def _noise_of(noise: Array, count: Array, smoothing: int) -> Array:
    """Mean noise of a profile; positions seen once borrow the noise of those seen often."""
    often = count >= 2
    total = np.where(often, noise, 0.0).sum(axis=1)
    mean = np.divide(total, often.sum(axis=1), out=np.full(len(noise), 1.0), where=often.any(axis=1))
    triangular = (2 * (smoothing + 1) ** 2 + 1) / (3 * (smoothing + 1) ** 3)
    return mean * triangular


def seasonal_profile(panel: Panel, season: int, smoothing: int = 0) -> Array:
    """Seasonal index of each series, mean one; element ``[:, 0]`` belongs to the first bucket ahead.

    Ratios to a centred trend are averaged by position; a series' own profile is pulled to the
    profile of its group, and that to flat, by the share of its shape that is noise
    (positive-part James–Stein over positions). A series with less than a season has its group's.

    Parameters
    ----------
    panel
        Histories, not negative.
    season
        Buckets in a season; 1 gives ones.
    smoothing
        Half width, in buckets, of the circular triangular mean over neighbouring positions.

    References
    ----------
    Makridakis, Wheelwright, Hyndman (1998), Forecasting, section 3/4; James and Stein (1961).
    Miller and Williams (2003) show the gain from shrinking seasonal factors.
    """
    if season <= 1 or panel.values.shape[1] < season + 1:
        return np.ones((len(panel.values), max(season, 1)))
    ratios = _ratios_by_position(panel.values, season)
    group = _group_profile(panel, ratios, smoothing)
    mean, noise, count = _mean_and_noise(ratios, axis=1)
    own = _smooth(np.where(count > 0, mean, group), smoothing)
    shrunk = _shrink(own, group, _noise_of(noise, count, smoothing))
    shrunk = np.maximum(shrunk, LEAST_INDEX)
    return shrunk / shrunk.mean(axis=1, keepdims=True)


def season_of_past(profile: Array, length: int) -> Array:
    """Index of each of the last ``length`` buckets."""
    season = profile.shape[1]
    return profile[:, (np.arange(length) - length) % season]


def season_ahead(profile: Array, horizon: int) -> Array:
    """Index of each of the next ``horizon`` buckets."""
    return profile[:, np.arange(horizon) % profile.shape[1]]
