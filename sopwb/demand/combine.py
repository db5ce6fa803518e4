"""One forecast from several forecasters, by the nature of each series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import erfc, sqrt

import numpy as np
import numpy.typing as npt

from sopwb.config.demand import ForecastSettings
from sopwb.demand.cleaning import known_median
from sopwb.demand.panel import Array, Panel
from sopwb.errors import Fault, InputError
from sopwb.extend import mark_of

__all__ = [
    "INTERMITTENT",
    "IN_SEASON",
    "REGULAR",
    "Candidates",
    "Forecaster",
    "Route",
    "Weights",
    "candidates",
    "check_forecasters",
    "earned_weights",
    "equal_weights",
    "forecasters_by_route",
    "held_to_family",
    "mixed",
    "paths_at",
    "routes",
    "weights_without",
    "without_ramp",
]

Forecaster = Callable[[Panel, int, int], Array]
Route = npt.NDArray[np.int64]
Candidates = Mapping[int, tuple[npt.NDArray[np.int64], Array]]
"""By nature: numbers of the series, and the paths, forecaster by origin by series by bucket ahead."""
Weights = Mapping[int, Array]
"""By nature: weight of each forecaster for each series, or by origin, forecaster and series."""
REGULAR, INTERMITTENT, IN_SEASON = 0, 1, 2
RAMP_SHARE = 6
CHANCE_LIKENESS = 2.6
FALSE_SHARE = 0.05
LEAST_RECENT = 12
PRIOR_ORIGINS = 3.0
LEAST_RELATIVE = 0.2
FALLBACK = "simple_smoothing"
FAMILY_REACH = 0.25
"""Share by which the sum of a family may differ from its own forecast and still be believed."""


def routes(panel: Panel, settings: ForecastSettings, season: int) -> Route:
    """Nature of each series: regular, intermittent, or sold only in its season.

    Intermittent has many empty buckets and long waits between sales. Where the empty buckets come back every
    year (autocorrelation at one season over two known seasons or more), the series is not intermittent but
    sold in season; of many series, only so many as are more than chance has it. What was regular and has
    become sparse in the last season is intermittent too, unless that comes back every year.
    """
    recent = panel.history[:, -max(season, LEAST_RECENT) :]
    sparse, dying = _sparse(panel.history, settings), _sparse(recent, settings)
    likeness = _yearly_likeness(panel.history, season)
    # few pairs of years look alike by chance
    score = likeness * np.sqrt(np.maximum(panel.lengths - season, 1))
    yearly = (likeness >= settings.in_season_likeness) & (score >= CHANCE_LIKENESS)
    intermittent = np.where(sparse, ~(yearly & _more_than_chance(score, sparse)), dying & ~yearly)
    return np.where(intermittent, INTERMITTENT, np.where(sparse, IN_SEASON, REGULAR))


def _sparse(history: Array, settings: ForecastSettings) -> npt.NDArray[np.bool_]:
    """Whether many buckets are empty and sales far apart."""
    length = np.isfinite(history).sum(axis=1)
    sales = (np.nan_to_num(history) > 0).sum(axis=1)
    empty, interval = 1 - sales / np.maximum(length, 1), length / np.maximum(sales, 1)
    return np.asarray(
        (empty >= settings.intermittent_zero_rate) & (interval >= settings.intermittent_interval)
    )


def _more_than_chance(score: Array, asked: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Whether a score of so many standard deviations is more than chance among all that are asked.

    References
    ----------
    Benjamini and Hochberg (1995): of those found, the share found by chance is held down.
    """
    by_chance = np.array([0.5 * erfc(value / sqrt(2)) for value in score[asked]])
    allowed = FALSE_SHARE * np.arange(1, len(by_chance) + 1) / max(len(by_chance), 1)
    passed = np.flatnonzero(np.sort(by_chance) <= allowed)
    limit = np.sort(by_chance)[passed[-1]] if len(passed) else -1.0
    found = np.zeros(len(score), dtype=bool)
    found[asked] = by_chance <= limit
    return found


def _yearly_likeness(history: Array, season: int) -> Array:
    """Correlation of each series with itself one season before; zero where two seasons are not known."""
    likeness = np.zeros(len(history))
    if history.shape[1] < 2 * season:
        return likeness
    now, before = history[:, season:], history[:, :-season]
    both = np.isfinite(now) & np.isfinite(before)
    count = np.maximum(both.sum(axis=1, keepdims=True), 1)
    now, before = (np.where(both, values, 0.0) for values in (now, before))
    now, before = (
        np.where(both, values - values.sum(axis=1, keepdims=True) / count, 0) for values in (now, before)
    )
    norm = np.sqrt((now**2).sum(axis=1) * (before**2).sum(axis=1))
    enough = (both.sum(axis=1) >= season) & (norm > 0)
    return np.asarray(np.divide((now * before).sum(axis=1), norm, out=likeness, where=enough))


def check_forecasters(names: Sequence[str], known: Mapping[str, Forecaster]) -> None:
    """Refuse names of forecasters that nobody has marked.

    Raises
    ------
    InputError
        A name is unknown; the message lists those that are known.
    """
    unknown = [name for name in names if name not in known]
    if unknown:
        remedy = f"one of: {', '.join(sorted(known))}"
        raise InputError(
            [
                Fault("model.yaml: demand.forecast", f"unknown forecaster {name!r}", remedy=remedy)
                for name in unknown
            ]
        )


def paths_at(
    panel: Panel, function: Forecaster, season: int, horizon: int, origins: npt.NDArray[np.int64]
) -> Array:
    """Paths of one forecaster from several origins: origin by series by bucket ahead, never negative.

    NaN where the forecaster is silent.

    A forecaster whose mark names a way ``at_origins`` makes them in one pass; any other is called once per
    origin with what was known then.
    """
    mark = mark_of(function)
    together = mark.options.get("at_origins") if mark else None
    if together is not None:
        paths = together(without_ramp(panel, season), season, horizon, origins)
    else:
        pasts = (without_ramp(panel.upto(int(origin)), season) for origin in origins)
        paths = np.stack([function(past, season, horizon) for past in pasts])
    return np.asarray(np.maximum(paths, 0.0))


def candidates(
    panel: Panel,
    route: Route,
    known: Mapping[str, Forecaster],
    settings: ForecastSettings,
    season: int,
    horizon: int,
    origins: npt.NDArray[np.int64],
) -> Candidates:
    """Paths of every forecaster for the series of its nature, from each origin.

    Where all of them are silent, simple smoothing speaks in the place of the first.
    """
    found = {}
    for nature, names in forecasters_by_route(settings).items():
        chosen = np.flatnonzero(route == nature)
        if len(chosen):
            rows = panel.rows(chosen)
            paths = np.stack([paths_at(rows, known[name], season, horizon, origins) for name in names])
            silent = ~np.isfinite(paths).any(axis=0)
            if silent.any():
                paths[0][silent] = paths_at(rows, known[FALLBACK], season, horizon, origins)[silent]
            found[nature] = (chosen, paths)
    return found


def earned_weights(paths: Array, actual: Array, power: float) -> Array:
    """Weight of each forecaster for each series, by its error in the backtest: forecaster by series.

    weight = error ** -power, where the mean absolute error of each forecaster, relative to the mean of all,
    is first averaged with what it is over all series, which counts as much as a few origins.

    Parameters
    ----------
    paths
        Forecaster by origin by series by bucket ahead.
    actual
        What came, origin by series by bucket ahead; NaN where it is not known.

    References
    ----------
    Bates and Granger (1969), weights by inverse error; Stock and Watson (2004) on shrinking them to equal.
    """
    if len(paths) == 1 or power == 0:
        return np.full((len(paths), paths.shape[2]), 1 / len(paths))
    return _weights_of(*_absolute_errors(paths, actual), power)


def weights_without(paths: Array, actual: Array, power: float) -> Array:
    """Weights as they would be without each origin in turn: origin by forecaster by series.

    An origin at which a forecast is judged has no say in how that forecast is mixed; errors would
    otherwise look smaller than the next ones will be.
    """
    origins = paths.shape[1]
    if len(paths) == 1 or power == 0 or origins == 1:
        return np.repeat(earned_weights(paths, actual, power)[None], origins, axis=0)
    total, count = _absolute_errors(paths, actual)
    return np.stack(
        [
            _weights_of(np.delete(total, place, axis=1), np.delete(count, place, axis=1), power)
            for place in range(origins)
        ]
    )


def _absolute_errors(paths: Array, actual: Array) -> tuple[Array, Array]:
    """Sum of the absolute errors over the buckets ahead, and their number: forecaster by origin by series."""
    total, count = np.zeros(paths.shape[:3]), np.zeros(paths.shape[:3])
    for place, own in enumerate(paths):
        away = np.abs(own - actual)
        known = np.isfinite(away)
        total[place] = np.where(known, away, 0.0).sum(axis=2)
        count[place] = known.sum(axis=2)
    return total, count


def _weights_of(total: Array, count: Array, power: float) -> Array:
    """Weights from sums of absolute errors and their numbers, both forecaster by origin by series."""
    seen = (count.max(axis=0) > 0).sum(axis=0)
    number = count.sum(axis=1)
    absolute = np.divide(total.sum(axis=1), number, out=np.full(number.shape, np.nan), where=number > 0)
    mean = np.nan_to_num(_mean_known(absolute, axis=0))
    relative = np.divide(absolute, mean, out=np.full_like(absolute, np.nan), where=mean > 0)
    usual = np.array(
        [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else 1.0 for row in relative]
    )
    relative = np.where(np.isfinite(relative), relative, usual[:, None])
    shrunk = (seen * relative + PRIOR_ORIGINS * usual[:, None]) / (seen + PRIOR_ORIGINS)
    weight = np.maximum(shrunk, LEAST_RELATIVE) ** -power
    return np.asarray(weight / weight.sum(axis=0))


def equal_weights(route: Route, settings: ForecastSettings) -> Weights:
    """The same weight for every forecaster, where there is no backtest to earn one in."""
    return {
        nature: np.full((len(names), int((route == nature).sum())), 1 / max(len(names), 1))
        for nature, names in forecasters_by_route(settings).items()
    }


def mixed(found: Candidates, weights: Weights, shape: tuple[int, int, int]) -> Array:
    """Weighted mean of the candidates that speak: origin by series by bucket ahead.

    References
    ----------
    Clemen (1989): the simple mean is hard to beat; Makridakis and Hibon (2000) confirm it on M3.
    """
    result = np.zeros(shape)
    for nature, (chosen, paths) in found.items():
        # weights that differ by origin have it as their first axis
        given = weights[nature]
        by_origin = np.broadcast_to(given, (paths.shape[1], *given.shape[-2:]))
        total, whole = np.zeros(paths.shape[1:]), np.zeros(paths.shape[1:])
        for place, own in enumerate(paths):
            speaks = np.isfinite(own)
            weight = np.where(speaks, by_origin[:, place, :, None], 0.0)
            total += weight * np.where(speaks, own, 0.0)
            whole += weight
        result[:, chosen] = np.divide(total, whole, out=np.zeros_like(total), where=whole > 0)
    return result


def _mean_known(values: Array, axis: int | tuple[int, ...]) -> Array:
    """Mean of the known values; NaN where none is."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def without_ramp(panel: Panel, season: int) -> Panel:
    """Panel without the ramp of young series, which says nothing about their level or slope.

    The ramp is what lies, in the first two months of a series younger than two years, below half of
    the median of what followed.
    """
    young = np.flatnonzero(panel.lengths < 2 * season)
    if len(young) == 0:
        return panel
    history, ramp = panel.history[young], max(1, season // RAMP_SHARE)
    known = np.isfinite(history)
    age = np.cumsum(known, axis=1)
    usual = known_median(np.where(age > ramp, history, np.nan))
    with np.errstate(invalid="ignore"):
        low = known & (age <= ramp) & (history < 0.5 * usual[:, None])
    leading = np.logical_and.accumulate(low | ~known, axis=1)
    whole = panel.history.copy()
    whole[young] = np.where(leading, np.nan, history)
    return Panel(whole, panel.group)


def forecasters_by_route(settings: ForecastSettings) -> Mapping[int, tuple[str, ...]]:
    """Names of the forecasters that are averaged for each nature of series."""
    return {REGULAR: settings.regular, INTERMITTENT: settings.intermittent, IN_SEASON: settings.in_season}


def held_to_family(
    path: Array,
    panel: Panel,
    known: Mapping[str, Forecaster],
    settings: ForecastSettings,
    season: int,
) -> Array:
    """Forecasts scaled so that each family's sum moves part of the way to a forecast of its total.

    A total is less noisy than its parts, so its trend and season are read better; the parts keep
    their shares. Where part of last year's volume is of series younger than two years, the total
    is not like for like and counts by the share of the rest.

    Parameters
    ----------
    path
        Forecast of every series.
    panel
        Histories; the group of a series is its family.
    """
    weight = settings.family_weight
    if not settings.family_benchmark or weight == 0:
        return path
    families = np.unique(panel.group)
    member = (panel.group[None, :] == families[:, None]).astype(float)
    total = Panel(member @ np.nan_to_num(panel.history), families)
    goal = known[settings.family_benchmark](total, season, path.shape[1])
    bottom_up = member @ path
    ratio = np.divide(goal, bottom_up, out=np.ones_like(goal), where=bottom_up > 0)
    reach = weight * _old_rate(panel.history, member, season)[:, None]
    moved = 1 + reach * (np.clip(ratio, 1 - FAMILY_REACH, 1 + FAMILY_REACH) - 1)
    return np.asarray(path * (member.T @ moved))


def _old_rate(history: Array, member: Array, season: int) -> Array:
    """Share of each family's volume of the last year that is of series at least two years old."""
    recent = np.nan_to_num(history[:, -season:]).sum(axis=1)
    old = recent * (np.isfinite(history).sum(axis=1) >= 2 * season)
    whole = member @ recent
    return np.asarray(np.divide(member @ old, whole, out=np.zeros(len(member)), where=whole > 0))
