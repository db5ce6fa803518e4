"""One forecast from several forecasters, by the nature of each series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sopwb.config.demand import ForecastSettings
from sopwb.demand.panel import Array, Panel
from sopwb.errors import Fault, InputError

__all__ = [
    "INTERMITTENT",
    "IN_SEASON",
    "REGULAR",
    "Forecaster",
    "Route",
    "check_forecasters",
    "combined",
    "forecasters_by_route",
    "held_to_family",
    "routed",
    "routes",
    "without_ramp",
]

Forecaster = Callable[[Panel, int, int], Array]
Route = npt.NDArray[np.int64]
REGULAR, INTERMITTENT, IN_SEASON = 0, 1, 2
RAMP_SHARE = 6
FAMILY_REACH = 0.25
"""Share by which the sum of a family may differ from its own forecast and still be believed."""


def routes(panel: Panel, settings: ForecastSettings, season: int) -> Route:
    """Nature of each series: regular, intermittent, or sold only in its season.

    Intermittent has many empty buckets and long waits between sales. Where the empty buckets
    come back every year (autocorrelation at one season over two known seasons or more), the series is
    not intermittent but sold in season.
    """
    known = np.isfinite(panel.history)
    sales = (np.nan_to_num(panel.history) > 0).sum(axis=1)
    length = known.sum(axis=1)
    empty = 1 - sales / np.maximum(length, 1)
    interval = length / np.maximum(sales, 1)
    sparse = (empty >= settings.intermittent_zero_rate) & (interval >= settings.intermittent_interval)
    yearly = _yearly_likeness(panel.history, season) >= settings.in_season_likeness
    return np.where(sparse, np.where(yearly, IN_SEASON, INTERMITTENT), REGULAR)


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


def combined(
    panel: Panel, names: Sequence[str], known: Mapping[str, Forecaster], season: int, horizon: int
) -> Array:
    """Mean of the named forecasters, never negative.

    References
    ----------
    Clemen (1989): the simple mean is hard to beat; Makridakis and Hibon (2000) confirm it on M3.
    """
    paths = [known[name](panel, season, horizon) for name in names]
    return np.asarray(np.maximum(np.nan_to_num(np.mean(paths, axis=0)), 0.0))


def routed(
    panel: Panel,
    route: Route,
    known: Mapping[str, Forecaster],
    settings: ForecastSettings,
    season: int,
    horizon: int,
) -> Array:
    """Forecast of every series by the combination of its nature."""
    panel = without_ramp(panel, season)
    result = np.zeros((len(panel.history), horizon))
    for nature, names in forecasters_by_route(settings).items():
        chosen = route == nature
        if chosen.any():
            result[chosen] = combined(panel.rows(chosen), names, known, season, horizon)
    return result


def without_ramp(panel: Panel, season: int) -> Panel:
    """Panel without the ramp of young series, which says nothing about their level or slope.

    The ramp is what lies, in the first two months of a series younger than two years, below half of
    the median of what followed.
    """
    known = np.isfinite(panel.history)
    age = np.cumsum(known, axis=1)
    length, ramp = known.sum(axis=1), max(1, season // RAMP_SHARE)
    later = known & (age > ramp)
    usual = np.full(len(panel.history), np.nan)
    for row in np.flatnonzero((length < 2 * season) & later.any(axis=1)):
        usual[row] = np.median(panel.history[row, later[row]])
    with np.errstate(invalid="ignore"):
        low = known & (age <= ramp) & (panel.history < 0.5 * usual[:, None])
    leading = np.logical_and.accumulate(low | ~known, axis=1)
    return Panel(np.where(leading, np.nan, panel.history), panel.group)


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
