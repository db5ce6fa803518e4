"""What the calendar does to the buckets ahead: measured on the history, tested, put into the forecast.

Easter moves between March and April, a month has a working day more than a year ago, the end of a month
falls into another week. The baseline is forecast on a history freed of that, and each bucket ahead gets what
its own calendar brings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sopwb.config.demand import ForecastSettings
from sopwb.demand.backtest import after_origins, horizon_of_backtest, origins_of
from sopwb.demand.calendar_effect import (
    CalendarMarks,
    against_usual_marks,
    calendar_groups,
    calendar_regression,
)
from sopwb.demand.calendar_test import calendar_test
from sopwb.demand.cleaning import known_median
from sopwb.demand.combine import Forecaster
from sopwb.demand.common import group_mean
from sopwb.demand.drivers import local_mean
from sopwb.demand.lift import Lift
from sopwb.demand.panel import Array, Panel, is_weekly

__all__ = ["CalendarAhead", "calendar_ahead", "measured_causes"]

Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
WEEKS_AROUND, MONTHS_AROUND = 6, 3
MEDIAN_TO_DEVIATION = 1.4826
LEAST_DEVIATION = 0.03
FAR = 3
LEAST_KNOWN = 6
TESTED_BY = "theta"


@dataclass(frozen=True)
class CalendarAhead:
    """What each calendar cause does to the buckets of the history and ahead, on the log scale.

    Parameters
    ----------
    marks
        Causes, and how much of each falls on each bucket of the history and ahead.
    moved
        The same against what is usual for that bucket of the season, calendar by bucket by cause.
    group, keeps
        Group of each series, a family in the markets of one calendar, and the calendar of each group.
    coefficient, sd
        Effect of one unit of a cause and its standard deviation, group by cause; 0 where nothing is clear.
    share
        Share of the effects that later sales bore out, by group.
    first
        Coefficients as known at the first origin of the backtest.
    then
        Effects as known and used at each origin, origin by group by bucket ahead of it.
    length
        Buckets of the history.
    """

    marks: CalendarMarks
    moved: Array
    group: Integers
    keeps: Integers
    coefficient: Array
    sd: Array
    share: Array
    first: Array
    then: Array
    length: int

    @property
    def effect(self) -> Array:
        """Log effect of each cause in the forecast: group by bucket ahead by cause."""
        return np.asarray(self._used[:, None, :] * self.moved[self.keeps, self.length :])

    @property
    def _used(self) -> Array:
        return np.asarray(self.share[:, None] * self.coefficient)

    def freed(self, panel: Panel, carries: Flags) -> Panel:
        """Histories without the effects of the calendar."""
        past = self._in_history(self._used)
        return Panel(panel.history / _factor(past, self.group, carries), panel.group)

    def _in_history(self, coefficient: Array) -> Array:
        """Log effect of coefficients on each bucket of the history, group by bucket."""
        return _summed(coefficient, self.moved[self.keeps, : self.length])

    def lift(self, panel: Panel, carries: Flags) -> Lift:
        """The effects for the forecast and its backtest.

        The backtest is made on one history for all origins, freed by what was known at the first; each
        origin puts back what it knew itself.

        Parameters
        ----------
        panel
            Histories with the calendar in them.
        carries
            Series that have the effects.
        """
        past = _factor(self._in_history(self.share[:, None] * self.first), self.group, carries)
        ahead, then = (
            _factor(effect, self.group, carries) for effect in (self.effect.sum(axis=2), self.then)
        )
        return Lift(Panel(panel.history / past, panel.group), past, ahead, then, of_benchmarks=False)


def _factor(log_effect: Array, group: Integers, carries: Flags) -> Array:
    """Effects of the groups as multipliers of their series."""
    return np.asarray(np.exp(np.where(carries[:, None], log_effect[..., group, :], 0.0)))


def _summed(coefficient: Array, moved: Array) -> Array:
    """Log effect of all causes: group by cause times group by bucket by cause, group by bucket."""
    return np.asarray((moved @ coefficient[..., None])[..., 0])


def _around(season: int) -> int:
    """Buckets of the centred mean that is the slow level."""
    return 2 * (WEEKS_AROUND if is_weekly(season) else MONTHS_AROUND) + 1


def measured_causes(
    panel: Panel, ordinary: Flags, marks: CalendarMarks, season: int, keeps: Integers | None = None
) -> tuple[Array, Array]:
    """Log effect of one unit of each calendar cause on each group, and its standard deviation.

    Each series is held against the mean of the buckets around it, on the log scale, and so is the calendar;
    what is left of both is held against the same bucket of other years.

    Parameters
    ----------
    panel
        Histories with the calendar in them, without activities.
    ordinary
        Buckets that say something: no activity, no gap.
    marks
        Causes, of at least the buckets of the history.
    keeps
        Calendar of each group; None: all keep the first.

    Returns
    -------
    tuple of numpy.ndarray
        Group by cause; zero where an effect is not clear
        (:func:`sopwb.demand.calendar_effect.calendar_regression`).
    """
    window = _around(season)
    says = ordinary & (np.nan_to_num(panel.history) > 0)
    logs = np.where(says, np.log(np.where(says, panel.history, 1.0)), np.nan)
    away = np.where(says, logs - local_mean(logs, window), np.nan)
    enough = says.sum(axis=1) >= max(LEAST_KNOWN, season // 2)
    middle = np.where(enough, np.nan_to_num(known_median(np.abs(away))), 1.0)
    deviation = np.maximum(middle * MEDIAN_TO_DEVIATION, LEAST_DEVIATION)[:, None]
    weight = np.broadcast_to(np.where(enough[:, None], deviation**-2, 0.0), away.shape)
    held = np.clip(away, -FAR * deviation, FAR * deviation)
    each = [own[: panel.history.shape[1]] for own in marks.marks]
    known = np.stack([own - local_mean(own.T, window).T for own in each])
    moving = CalendarMarks(marks.kinds, marks.names, known)
    found = calendar_regression(*group_mean(held, weight, panel.group), moving, season, keeps)
    return found.coefficient, found.sd


def calendar_ahead(
    panel: Panel,
    ordinary: Flags,
    carries: Flags,
    known: Mapping[str, Forecaster],
    settings: ForecastSettings,
    marks: CalendarMarks,
    *,
    season: int,
    calendar: Integers | None = None,
) -> CalendarAhead | None:
    """What the calendar does to the buckets ahead; None where nothing is clear or can be tested.

    The effects are measured at each origin of the backtest from what was known then, and the total of each
    group is forecast from there with and without them. Only what made these forecasts better is used.

    Parameters
    ----------
    panel
        Baseline histories, the calendar in them, grouped by family.
    ordinary
        Buckets without an activity.
    carries
        Series that sell regularly: effects are measured on them and put into their forecasts.
    known
        Forecasters by name.
    marks
        Causes of the buckets of the history and ahead.
    calendar
        Number of the calendar that each series' market keeps; None: all keep the first.
    """
    length = panel.history.shape[1]
    origins = origins_of(length, season, settings)
    if len(origins) == 0 or not carries.any():
        return None
    same = np.zeros(len(panel.history), dtype=np.int64)
    group, keeps = calendar_groups(panel.group, same if calendar is None else calendar)
    moved = np.stack([against_usual_marks(own, length, season) for own in marks.marks])
    shown = Panel(np.where(carries[:, None], panel.history, np.nan), group)
    coefficient, sd = measured_causes(shown, ordinary, marks, season, keeps)
    if not coefficient.any():
        return None
    causes = [
        measured_causes(shown.upto(int(origin)), ordinary[:, : int(origin)], marks, season, keeps)[0]
        for origin in origins
    ]
    reach = min(horizon_of_backtest(settings, season), marks.marks.shape[1] - length)
    effect = np.stack([_summed(own, moved[keeps, :length]) for own in causes])
    groups = np.arange(len(keeps))
    member = (group[None, :] == groups[:, None]).astype(float)
    test = calendar_test(
        Panel(member @ np.nan_to_num(shown.history), groups),
        effect,
        known[settings.family_benchmark or TESTED_BY],
        season=season,
        origins=origins,
        reach=reach,
        window=_around(season),
    )
    # an origin at which the forecast is judged has no say in how much of the effects it uses
    then = [
        test.share(without=place)[:, None] * after_origins(own, origins[place : place + 1], reach)[0]
        for place, own in enumerate(effect)
    ]
    return CalendarAhead(
        marks, moved, group, keeps, coefficient, sd, test.share(), causes[0], np.stack(then), length
    )
