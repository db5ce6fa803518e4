"""What is known ahead and moves demand — price, promotion, display — read out of the history and put back.

The logarithm of demand is regressed on the drivers, as deviations from each series' own slow level, so that
neither its size nor its trend is taken for an effect. The slopes of a series are pulled to those of its
groups, and these to the common ones, by how much they differ beyond noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sopwb.demand.panel import Array

__all__ = [
    "Drivers",
    "driver_effects",
    "local_mean",
    "mean_of_others",
    "rivals_of",
    "shrunk_slopes",
    "transformed",
]

Groups = Sequence[npt.NDArray[np.int64]]
SWEEPS = 12
FIRST_VARIANCE = 0.5
LEAST_VARIANCE = 1e-8
RIDGE = 1e-6
COUNT_LIKE = 5.0
MOST_EFFECT = 3.0
"""Largest effect on the logarithm: twenty times the usual demand, or a twentieth."""
EARLY_SHARE = 2 / 3
LEAST_TOLD = 0.005
"""Least share of what own drivers leave that drivers of others must tell to be believed."""


@dataclass(frozen=True)
class Drivers:
    """Multiplier of demand in each bucket, one where the drivers have their usual values.

    Parameters
    ----------
    past, ahead
        Series by bucket of the history, and by bucket ahead.
    slopes
        Series by driver, in the order of ``names``: for a price the elasticity, else the change of the
        logarithm for one unit (one unit of log(1 + x) for a driver that counts).
    names
        Drivers.
    """

    past: Array
    ahead: Array
    slopes: Array
    names: tuple[str, ...]


def transformed(values: Array) -> Array:
    """Logarithm of what is always positive, such as a price; log(1 + x) of what counts; else as it is."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return np.zeros_like(values)
    if known.min() > 0:
        return np.asarray(np.log(values))
    if known.max() > COUNT_LIKE and known.min() >= 0:
        return np.asarray(np.log1p(values))
    return values


def local_mean(values: Array, window: int) -> Array:
    """Mean of the known values within half a window on either side, shorter at the ends."""
    known = np.isfinite(values)
    half = window // 2
    sums = []
    for part in (np.where(known, values, 0.0), known.astype(float)):
        total = np.pad(np.cumsum(part, axis=1), ((0, 0), (1, 0)))
        column = np.arange(values.shape[1])
        after = np.minimum(column + half + 1, values.shape[1])
        sums.append(total[:, after] - total[:, np.maximum(column - half, 0)])
    return np.asarray(np.divide(sums[0], sums[1], out=np.zeros_like(values), where=sums[1] > 0))


def shrunk_slopes(cross: Array, product: Array, square: Array, count: int, groups: Groups) -> Array:
    """Slopes of each series: common slopes, plus deviations of its groups and of its own, each shrunk.

    The deviations are random with a variance per driver that is estimated together with them (EM);
    the levels are taken in turn until they settle.

    Parameters
    ----------
    cross
        Sums of products of the drivers, series by driver by driver.
    product
        Sums of products of the drivers with the logarithm of demand, series by driver.
    square
        Sum of squares of the logarithm of demand, by series.
    count
        Number of observations.
    groups
        Number of the group of each series at each level, the series themselves last.

    References
    ----------
    Laird and Ware (1982), random effects by EM; Blattberg and George (1991) for price and promotion.
    """
    drivers = product.shape[1]
    ridge = RIDGE * np.eye(drivers) * max(float(np.trace(cross.sum(axis=0))) / drivers, RIDGE)
    common = np.linalg.solve(cross.sum(axis=0) + ridge, product.sum(axis=0))
    deviations = [np.zeros((int(group.max()) + 1, drivers)) for group in groups]
    variances = [np.full(drivers, FIRST_VARIANCE) for _ in groups]
    slopes = np.repeat(common[None], len(product), axis=0)
    for _ in range(SWEEPS):
        fitted = 2 * (product * slopes).sum() - np.einsum("sk,skj,sj->", slopes, cross, slopes)
        noise = max(float(square.sum() - fitted) / max(count, 1), LEAST_VARIANCE)
        for level, group in enumerate(groups):
            without = slopes - deviations[level][group]
            rest = product - np.einsum("skj,sj->sk", cross, without)
            own, left = np.zeros((len(deviations[level]), drivers, drivers)), np.zeros_like(deviations[level])
            np.add.at(own, group, cross)
            np.add.at(left, group, rest)
            prior = np.diag(1 / np.maximum(variances[level], LEAST_VARIANCE))
            spread = np.linalg.inv(own / noise + prior)
            deviations[level] = np.einsum("gkj,gj->gk", spread, left / noise)
            variances[level] = (deviations[level] ** 2 + np.einsum("gkk->gk", spread)).mean(axis=0)
            slopes = without + deviations[level][group]
        rest = product - np.einsum("skj,sj->sk", cross, slopes)
        slopes = slopes + np.linalg.solve(cross.sum(axis=0) + ridge, rest.sum(axis=0))
    return slopes


def _logarithm(history: Array) -> Array:
    """Logarithm of demand; zero counts as half the smallest sale of the series."""
    smallest = np.where(history > 0, history, np.inf).min(axis=1, keepdims=True)
    floor = np.where(np.isfinite(smallest), smallest / 2, 1.0)
    return np.asarray(np.log(np.maximum(history, floor)))


def driver_effects(
    history: Array,
    past: Mapping[str, Array],
    ahead: Mapping[str, Array],
    groups: Groups,
    *,
    window: int,
    rivals: npt.NDArray[np.int64] | None = None,
) -> Drivers:
    """Effect of the drivers on every series, in the past and ahead.

    demand = baseline x multiplier. The baseline is demand over the multiplier; its mean is taken in units,
    so that the mean of the exponential of the residuals is in it (smearing; Duan 1983) and the forecast
    is not too low as it would be from the mean of logarithms.

    Parameters
    ----------
    history
        Series by time.
    past, ahead
        Drivers by name, series by bucket of the history and by bucket ahead.
    groups
        Number of the group of each series at each hierarchy level; may be empty.
    window
        Buckets of the centred mean that is the slow level.
    rivals
        Number of the group within which series take demand from each other; None for none. What the
        others of the group do is then a driver as well.
    """
    length = history.shape[1]
    moved = _moved(history, past, ahead)
    names = tuple(past)
    if rivals is not None:
        moved = np.concatenate([moved, mean_of_others(moved, rivals)], axis=2)
        names += tuple(f"{name} of rivals" for name in past)
    value = np.nan_to_num(moved)
    change, demand, known = _deviations(history, moved, window, len(past))
    slopes = _slopes(change, demand, known, groups)
    effect = np.clip(np.einsum("stk,sk->st", value, slopes), -MOST_EFFECT, MOST_EFFECT)
    multiplier = np.exp(effect)
    return Drivers(multiplier[:, :length], multiplier[:, length:], slopes, names)


def _moved(history: Array, past: Mapping[str, Array], ahead: Mapping[str, Array]) -> Array:
    """Drivers as far as they are from what is usual for the series, series by bucket by driver."""
    length = history.shape[1]
    value = np.stack([transformed(np.concatenate([past[n], ahead[n]], axis=1)) for n in past], axis=2)
    known = np.isfinite(history) & np.isfinite(value[:, :length]).all(axis=2)
    seen = np.where(known[:, :, None], value[:, :length], 0.0)
    usual = seen.sum(axis=1) / np.maximum(known.sum(axis=1), 1)[:, None]
    return np.asarray(value - usual[:, None, :])


def mean_of_others(moved: Array, group: npt.NDArray[np.int64]) -> Array:
    """Mean of the drivers of the others of a group; zero where none is known. Series by bucket by driver."""
    known = np.isfinite(moved)
    values = np.where(known, moved, 0.0)
    total, count = np.zeros((2, int(group.max(initial=-1)) + 1, *moved.shape[1:]))
    np.add.at(total, group, values)
    np.add.at(count, group, known)
    others = count[group] - known
    result = np.zeros_like(values)
    return np.asarray(np.divide(total[group] - values, others, out=result, where=others > 0))


def _deviations(
    history: Array, moved: Array, window: int, own: int
) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Drivers and logarithm of demand as deviations from their slow level, zero where one is not known."""
    logarithm = _logarithm(history)
    moved = moved[:, : history.shape[1]]
    known = np.isfinite(logarithm) & np.isfinite(moved[:, :, :own]).all(axis=2)

    def deviation(values: Array) -> Array:
        masked = np.where(known, values, np.nan)
        return np.where(known, masked - local_mean(masked, window), 0.0)

    change = np.stack([deviation(moved[:, :, place]) for place in range(moved.shape[2])], axis=2)
    return change, deviation(logarithm), known


def _slopes(change: Array, demand: Array, known: npt.NDArray[np.bool_], groups: Groups) -> Array:
    return shrunk_slopes(
        np.einsum("stk,stj->skj", change, change),
        np.einsum("stk,st->sk", change, demand),
        (demand**2).sum(axis=1),
        int(known.sum()),
        [*groups, np.arange(len(demand))],
    )


def rivals_of(
    history: Array, past: Mapping[str, Array], groups: Groups, *, window: int
) -> npt.NDArray[np.int64] | None:
    """Level of the hierarchy within which series take demand from each other; None where none does.

    It is the one whose drivers of others tell most of what own drivers leave: slopes common to all series
    are read from the earlier part of history and tried on the later part.

    Parameters
    ----------
    history
        Series by time.
    past
        Drivers by name, series by bucket of the history.
    groups
        Number of the group of each series at each hierarchy level.
    window
        Buckets of the centred mean that is the slow level.
    """
    moved = _moved(history, past, {name: values[:, :0] for name, values in past.items()})
    change, demand, known = _deviations(history, moved, window, len(past))
    left = demand - np.einsum("stk,sk->st", change, _slopes(change, demand, known, groups))
    split = round(EARLY_SHARE * history.shape[1])
    unexplained = float((left[:, split:] ** 2).sum())
    best, most = None, LEAST_TOLD * unexplained
    for group in groups:
        both = np.concatenate([moved, mean_of_others(moved, group)], axis=2)
        others = _deviations(history, both, window, len(past))[0][:, :, len(past) :]
        early, late = others[:, :split], others[:, split:]
        square = np.einsum("stk,stj->kj", early, early)
        ridge = RIDGE * np.eye(len(square)) * max(float(np.trace(square)) / len(square), RIDGE)
        slope = np.linalg.solve(square + ridge, np.einsum("stk,st->k", early, left[:, :split]))
        told = unexplained - float(((left[:, split:] - late @ slope) ** 2).sum())
        if told > most:
            best, most = group, told
    return best
