"""Draw what may come, for all series and buckets together, as errors came together before."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from sopwb.demand.panel import Array

__all__ = ["error_fields", "normal", "origin_weights", "paths_in_band", "stratified"]

LOWER, UPPER = 0.1, 0.9
LEAST = 1e-9
STEEPEST = 4
"""Power with which paths are at most drawn to the short end of a lopsided interval."""


def origin_weights(number: int, origins: int, draw: np.random.Generator) -> Array:
    """Weight of each origin's errors in each path, path by origin.

    Standard normal, moved and turned so that over the paths they have exactly mean zero, variance one and no
    correlation: the sum of any products and buckets then errs as much as it did in the backtest.

    References
    ----------
    Wild bootstrap (Wu 1986, Liu 1988), weights common to all series; second-order exact draws (Pham 2001).
    """
    raw = draw.standard_normal((number, origins))
    if number <= origins:
        return raw
    left, _, right = np.linalg.svd(raw - raw.mean(axis=0), full_matrices=False)
    return np.asarray(left @ right * np.sqrt(number))


def stratified(number: int, draw: np.random.Generator) -> Array:
    """One number between 0 and 1 for each path, evenly spread over it and in random order."""
    return np.asarray(draw.permutation((np.arange(number) + 0.5) / number))


def normal(rate: Array) -> Array:
    """Standard normal number below which lies each share of all."""
    inverse = NormalDist().inv_cdf
    return np.array([inverse(each) for each in rate])


def error_fields(error: Array, horizon: int, draw: np.random.Generator) -> Array:
    """Errors of each origin for the whole horizon, origin by series by bucket ahead.

    What an origin has not seen goes on at a measured rate of its series' mean error so far; the rest of it is
    that of another origin, all series together. A series that was never judged errs by itself, and
    all the time in the same direction.

    Parameters
    ----------
    error
        Origin by series by bucket ahead; NaN where unknown.
    horizon
        Buckets wanted.
    draw
        Which other origin, and the errors of series that were never judged.
    """
    origins, series, _ = error.shape
    known = np.isfinite(error)
    fields = np.nan_to_num(error)
    seen = np.asarray(known.any(axis=1).sum(axis=1), dtype=np.int64)
    reach = int(seen.max()) if origins else 0
    if reach:
        fields = _seen_by_all(fields[:, :, :reach], seen, draw)
        fields = _continued(fields, horizon, draw)
    else:
        fields = np.zeros((origins, series, horizon))
    never = np.asarray(np.abs(fields).max(axis=(0, 2)) <= LEAST)
    lasting = draw.standard_normal((origins, series, 1))
    return np.where(never[None, :, None], lasting, fields)


def _seen_by_all(fields: Array, seen: npt.NDArray[np.int64], draw: np.random.Generator) -> Array:
    """Errors up to the reach of the backtest, with what later origins have not seen yet."""
    reach = fields.shape[2]
    whole = np.flatnonzero(seen == reach)
    donors = draw.choice(whole, size=len(fields))
    filled = fields.copy()
    for origin in np.flatnonzero((seen < reach) & (seen > 0)):
        cut, donor = int(seen[origin]), donors[origin]
        near = fields[:, :, :cut].mean(axis=2)
        rate = _lasting_rate(near[whole], fields[whole][:, :, cut:].mean(axis=2))
        rest = fields[donor][:, cut:] - rate * near[donor][:, None]
        filled[origin][:, cut:] = rate * near[origin][:, None] + rest
    return filled


def _continued(fields: Array, horizon: int, draw: np.random.Generator) -> Array:
    """Errors beyond the reach of the backtest, by blocks of half of it."""
    reach = fields.shape[2]
    block = max(1, reach // 2)
    early, late = fields[:, :, -2 * block : -block], fields[:, :, -block:]
    before = early.mean(axis=2) if early.shape[2] else np.zeros(fields.shape[:2])
    rate = _lasting_rate(before, late.mean(axis=2))
    rest = late - rate * before[:, :, None]
    blocks, length = [fields], reach
    while length < horizon:
        other = np.roll(rest, int(draw.integers(1, max(2, len(fields)))), axis=0)
        blocks.append(rate * blocks[-1][:, :, -block:].mean(axis=2)[:, :, None] + other)
        length += block
    return np.concatenate(blocks, axis=2)[:, :, :horizon]


def _lasting_rate(before: Array, after: Array) -> float:
    """Share of a mean error that is still there later, over all series in units of their usual error."""
    scale = np.sqrt((before**2 + after**2).mean(axis=0))
    x, y = (np.divide(side, scale, out=np.zeros_like(side), where=scale > LEAST) for side in (before, after))
    square = float((x**2).sum())
    return float(np.clip((x * y).sum() / square, 0.0, 1.0)) if square > 0 else 0.0


def paths_in_band(deviation: Array, centre: Array, down: Array, up: Array) -> Array:
    """Paths with the order of the deviations, the mean of the plan and the quantiles of its interval.

    Deviations above their median are stretched by one factor and those below by another, so that
    the 10 and 90 percent quantiles of the paths are ``centre - down`` and ``centre + up``; the median is put
    where the mean of the paths is the centre. Nothing is below zero.

    Parameters
    ----------
    deviation
        Path by cell.
    centre, down, up
        Of each cell: the plan, and the distance of its 10 and 90 percent quantile.

    Returns
    -------
    numpy.ndarray
        Path by cell. Where an interval is so lopsided that its mean would miss the centre, the paths inside
        its long side are drawn to the median as far as that goes: demand mostly little, now and then much.
    """
    low, middle, high = np.quantile(deviation, [LOWER, 0.5, UPPER], axis=0)
    about = deviation - middle
    over, under = _on_the_way(about, high - middle), _on_the_way(-about, middle - low)
    above, below = over.mean(axis=0), under.mean(axis=0)
    shift = (below * down - above * up) / np.maximum(1.0 - above - below, LEAST)
    shift = np.clip(shift, -down, up)
    excess = shift + above * (up - shift) - below * (down + shift)
    over = _drawn_in(over, excess / np.maximum(up - shift, LEAST))
    under = _drawn_in(under, -excess / np.maximum(down + shift, LEAST))
    path = centre + shift + over * (up - shift) - under * (down + shift)
    return np.asarray(np.maximum(path, 0.0))


def _on_the_way(about: Array, distance: Array) -> Array:
    """How far each path is on the way from the median to a quantile; zero on the other side of the median."""
    way = np.divide(about, distance, out=np.zeros_like(about), where=distance > LEAST)
    return np.asarray(np.maximum(way, 0.0))


def _drawn_in(way: Array, excess: Array) -> Array:
    """The way, shortened for paths before the quantile until the mean is less by the excess."""
    if not (excess > LEAST).any():
        return way
    # the last path before the quantile stays too, for the quantile lies between it and the next
    edge = np.where(way < 1.0, way, 0.0).max(axis=0)
    safe = np.where(edge > 0, edge, 1.0)
    shortened = np.where(way < edge, edge * (way / safe) ** STEEPEST, way)
    most = (way - shortened).mean(axis=0)
    rate = np.clip(np.divide(excess, most, out=np.zeros_like(most), where=most > 0), 0.0, 1.0)
    return np.asarray(way - rate * (way - shortened))
