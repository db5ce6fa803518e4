"""Whether the effects of the calendar come true: forecasts from earlier dates with and without them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sopwb.demand.combine import Forecaster
from sopwb.demand.drivers import local_mean
from sopwb.demand.panel import Array, Panel

__all__ = ["CalendarTest", "borne_out_rate", "calendar_test"]

Integers = npt.NDArray[np.int64]
LEAST_EVIDENCE = 2.0
LEAST_NOISE = 1e-12
GROUP_SPREAD = 0.5
"""Standard deviation of the share that one group's sales bear out, about that of all groups."""


def borne_out_rate(missed: Array, expected: Array) -> Array:
    """Share of the expected effects that later sales bore out, by group: 0 nothing, 1 all of it.

    It is the slope of what was missed without the effects on what they would have added. The slope of a
    group is pulled to that of all groups. Nothing is used where the slope of all is not clearly above zero,
    nor in a group whose error the effects would not have made smaller.

    Parameters
    ----------
    missed
        Log of what came over what was forecast without the effects, group by bucket; NaN unknown.
    expected
        Log of the forecast with the effects over that without, group by bucket.

    References
    ----------
    Granger and Ramanathan (1984), weights of forecasts by regression.

    Examples
    --------
    >>> missed = np.array([[0.10, -0.05, 0.02, -0.08, 0.01]])
    >>> borne_out_rate(missed, 2 * missed).round(3).tolist()
    [0.5]
    >>> borne_out_rate(missed, -missed).tolist()
    [0.0]
    """
    known = np.isfinite(missed) & np.isfinite(expected)
    x, y = np.where(known, expected, 0.0), np.where(known, missed, 0.0)
    square = (x**2).sum(axis=1)
    own = np.divide((x * y).sum(axis=1), square, out=np.zeros_like(square), where=square > 0)
    rest = np.where(known, (y - own[:, None] * x) ** 2, 0.0).sum(axis=1)
    noise = np.maximum(rest / np.maximum(known.sum(axis=1) - 1, 1), LEAST_NOISE)
    certain = square / noise
    whole = certain.sum()
    if whole <= 0:
        return np.zeros(len(missed))
    common = float((certain * own).sum() / whole)
    belief = GROUP_SPREAD**-2
    share = np.clip((certain * own + belief * common) / (certain + belief), 0.0, 1.0)
    better = np.abs(y - share[:, None] * x).sum(axis=1) < np.abs(y).sum(axis=1)
    clear = common * whole**0.5 >= LEAST_EVIDENCE
    return np.where(better & clear, share, 0.0)


@dataclass(frozen=True)
class CalendarTest:
    """Totals of groups forecast from earlier dates without and with the effects.

    Parameters
    ----------
    missed, expected
        See :func:`borne_out_rate`; origin by group by bucket of the history, NaN where an origin does not
        look.
    window
        Buckets of the centred mean that is the slow part, which is taken off: what is missed for months is no
        work of the calendar.
    """

    missed: Array
    expected: Array
    window: int

    def share(self, without: int | None = None) -> Array:
        """Share of the effects that is borne out, by group: by all origins, or by all but one."""
        missed, expected = (
            self._means(values if without is None else np.delete(values, without, axis=0))
            for values in (self.missed, self.expected)
        )
        return borne_out_rate(missed, expected)

    def _means(self, by_origin: Array) -> Array:
        """Mean over the origins that look at a bucket, less its slow part: group by bucket."""
        known = np.isfinite(by_origin)
        count = known.sum(axis=0)
        total = np.where(known, by_origin, 0.0).sum(axis=0)
        mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
        mean = mean[:, (count > 0).any(axis=0)]
        return np.asarray(mean - local_mean(mean, self.window))


def calendar_test(
    totals: Panel,
    effect: Array,
    forecast: Forecaster,
    *,
    season: int,
    origins: Integers,
    reach: int,
    window: int,
) -> CalendarTest:
    """Forecast the totals of the groups from each origin, with and without the effects known there.

    Parameters
    ----------
    totals
        History of each group.
    effect
        Log effects as measured at each origin, origin by group by bucket of the history.
    forecast
        Forecaster of the totals.
    origins, reach
        Buckets known at each origin, and how many ahead are looked at.
    window
        Buckets of the centred mean that is the slow part.
    """
    length = totals.history.shape[1]
    missed, expected = np.full((2, len(origins), len(totals.history), length), np.nan)
    for place, (own, origin) in enumerate(zip(effect, origins, strict=True)):
        known = totals.upto(int(origin))
        later = slice(int(origin), min(int(origin) + reach, length))
        steps, actual = later.stop - later.start, totals.history[:, later]
        freed_history = Panel(known.history / np.exp(own[:, :origin]), known.group)
        plain, freed = (forecast(past, season, reach)[:, :steps] for past in (known, freed_history))
        says = (plain > 0) & (freed > 0) & (actual > 0)
        plain, freed, actual = (np.where(says, values, 1.0) for values in (plain, freed, actual))
        missed[place][:, later] = np.where(says, np.log(actual / plain), np.nan)
        expected[place][:, later] = np.where(says, np.log(freed / plain) + own[:, later], np.nan)
    return CalendarTest(missed, expected, window)
