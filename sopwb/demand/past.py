"""The past taken apart: usual level, calendar, activities, stock-outs and outliers of every series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.config.demand import DemandSettings
from sopwb.demand.calendar_effect import (
    CalendarEffect,
    CalendarMarks,
    calendar_groups,
    calendar_marks,
    calendar_regression,
)
from sopwb.demand.cleaning import filled_stock_outs, known_median, noise_rate, outlier_adjustment, usual_level
from sopwb.demand.common import common_deviation, group_mean
from sopwb.demand.gaps import missing_buckets
from sopwb.demand.history import Books, books_of
from sopwb.demand.market_calendar import ONE_CALENDAR, MarketCalendars
from sopwb.demand.measurement import SHARED_BY, measured_response
from sopwb.demand.panel import Array
from sopwb.demand.response import Response, Touched, log_factors
from sopwb.demand.season import group_rest
from sopwb.demand.touched import past_activities, past_cells, touched_cells

__all__ = ["Past", "past_of"]

Flags = npt.NDArray[np.bool_]

ROUNDS = 3
YOUNG_SHARE = 6
"""Parts of a year: in the first of them, two months, no bucket of a new series is an outlier."""
LEAST_DEVIATION, MOST_LOG = 0.03, 3.0
LEAST_USUAL_QTY = 1.0
LEAST_KNOWN = 6
MEDIAN_TO_DEVIATION = 1.4826
MEDIAN_VARIANCE = 1.57
"""Variance of a median against that of a mean: the noise that the usual level itself carries."""
SEASON_VARIANCE = 0.55
"""Variance of a seasonal index, which is shrunk to the family's, against that of a mean over years."""
MOST_CENSORED = 0.6


@dataclass(frozen=True)
class Past:
    """What was found out about the past; arrays are series by time.

    Parameters
    ----------
    books
        What was booked.
    activity
        Activities that took place and passed.
    gap, missing, outlier
        Quantity added for buckets not delivered, days without stock, and outliers.
    usual
        Usual level without activities, calendar included.
    calendar
        Effect of the calendar on each family in the markets of one calendar.
    group
        Which of these groups each series is in.
    touched, response, logs
        Cells of activities, what was measured on them, and their log factors (own, after, cross).
    """

    books: Books
    activity: pd.DataFrame
    gap: Array
    missing: Array
    outlier: Array
    usual: Array
    calendar: CalendarEffect
    group: npt.NDArray[np.int64]
    touched: Touched
    response: Response
    logs: tuple[Array, Array, Array]

    @property
    def demand(self) -> Array:
        """Unconstrained demand."""
        return self.books.base + self.gap + self.missing + self.outlier

    @property
    def log_factor(self) -> Array:
        """Log of the joint factor of all activities."""
        return _summed(self.touched, self.logs, self.usual.shape)

    @property
    def baseline(self) -> Array:
        """Demand without activities: demand / joint factor."""
        return np.asarray(self.demand / np.exp(self.log_factor))

    @property
    def log_calendar(self) -> Array:
        """Log effect of the calendar."""
        return np.asarray(self.calendar.total[self.group])

    @property
    def normal(self) -> Array:
        """Baseline as it would be in a bucket with the usual holidays and working days."""
        return np.asarray(self.baseline / np.exp(self.log_calendar))


def past_of(
    sales: pd.DataFrame,
    stock_out: pd.DataFrame,
    activity: pd.DataFrame,
    product: pd.DataFrame,
    market: pd.DataFrame,
    kinds: Mapping[str, Any],
    settings: DemandSettings,
    *,
    as_of: pd.Timestamp,
    bucket: str,
    week_start: str = "monday",
    calendars: MarketCalendars = ONE_CALENDAR,
) -> Past | None:
    """The past of every series that sold, taken apart; None where nothing was ever sold.

    Level, calendar and effects are each read from what the others leave, three times in turn.

    Parameters
    ----------
    sales, stock_out, activity, product, market
        Tables of that name, as seen on the as-of date.
    kinds
        Marked activity kinds.
    as_of
        Last day of history; only buckets that end on or before it count.
    bucket
        ``week`` or ``month``.
    calendars
        Holidays of each calendar that a market keeps.
    """
    books = books_of(sales, stock_out, product, market, as_of, bucket, week_start)
    if books.series.empty:
        return None
    took_place = past_activities(activity, as_of, settings)
    work = _Work(
        books,
        past_cells(took_place, books.series, books.dates, bucket),
        calendar_marks(books.dates, bucket, calendars.days),
        *calendar_groups(books.family, calendars.of(books.series["market"])),
        kinds,
        settings,
    )
    view = work.first()
    for _ in range(ROUNDS):
        view = work.again(view)
    return work.past(view, took_place)


# ---------------------------------------------------------------- the rounds
@dataclass(frozen=True)
class _View:
    """What is believed after a round."""

    gap: Flags
    usual: Array
    calendar: CalendarEffect
    touched: Touched
    response: Response
    logs: tuple[Array, Array, Array]

    def log_of(self, *, own: bool = False, lasting: bool = False, rest: bool = False) -> Array:
        """Log factors of some of the cells, summed into series by time."""
        is_lasting = self.touched.own["is_lasting"].to_numpy(dtype=bool)
        own_logs, after, cross = self.logs
        chosen = (
            np.where(is_lasting, own_logs * lasting, own_logs * own),
            after * own,
            cross * rest,
        )
        return _summed(self.touched, chosen, self.usual.shape)


@dataclass(frozen=True)
class _Work:
    """What stays the same from round to round."""

    books: Books
    cells: pd.DataFrame
    marks: CalendarMarks
    group: npt.NDArray[np.int64]
    keeps: npt.NDArray[np.int64]
    kinds: Mapping[str, Any]
    settings: DemandSettings

    @property
    def regular(self) -> Flags:
        """Series that sell regularly."""
        empty = (self.books.base <= 0).sum(axis=1) / np.maximum(self.books.known.sum(axis=1), 1)
        return np.asarray(empty < self.settings.forecast.intermittent_zero_rate / 2)

    @property
    def young(self) -> Flags:
        """First buckets of series that began within the history, which are still finding their level."""
        age = np.cumsum(self.books.known, axis=1)
        began = ~self.books.known[:, :1]
        return np.asarray(began & (age <= self.books.season // YOUNG_SHARE))

    def ordinary(self, gap: Flags) -> Flags:
        """Buckets without an activity (but for lasting ones), a day without stock, or a gap."""
        short = self.cells[~self.cells["is_lasting"]]
        touches = np.zeros(gap.shape, dtype=bool)
        touches[short["row"].to_numpy(dtype=int), short["column"].to_numpy(dtype=int)] = True
        free = ~touches & (self.books.out_rate == 0) & ~gap
        return np.asarray(self.books.known & free)

    def level(self, values: Array, gap: Flags, guess: Array | None = None) -> Array:
        """Usual level of values without effects."""
        half = self.settings.cleaning.neighbour_buckets
        return usual_level(values, self.ordinary(gap), self.books.family, self.books.season, half, guess)

    def touched(self, usual: Array, shocks: Mapping[str, Array]) -> Touched:
        """Cells with the facts that the usual level gives them."""
        return touched_cells(
            self.cells, self.books.series, usual, self.regular, shocks, self.kinds, self.settings
        )

    def first(self) -> _View:
        """Nothing measured yet: level of sales as they are, effects as declared."""
        nothing = np.zeros(self.books.net.shape)
        usual = self.level(self.books.base, nothing > 0)
        gap = missing_buckets(self.books.base, usual, self.books.market, self.books.season)
        usual = self.level(self.books.base, gap, usual)
        none = np.zeros((len(self.keeps), usual.shape[1]))
        empty = calendar_regression(none, none, self.marks, self.books.season, self.keeps)
        touched = self.touched(usual, dict.fromkeys(SHARED_BY, nothing))
        declared = _declared(self.settings)
        return _View(gap, usual, empty, touched, declared, log_factors(declared, touched))

    def again(self, view: _View) -> _View:
        """One round: fill, level, calendar, response."""
        books = self.books
        filled = self.filled(view)
        calendar = view.calendar.total[self.group]
        others = view.log_of(lasting=True, rest=True)
        plain = np.exp(calendar)
        usual = self.level(filled / np.exp(others) / plain, view.gap, view.usual / plain) * plain
        logs = self.log_deviation(usual, view.gap)
        ordinary = np.where(self.ordinary(view.gap), logs - others, np.nan)
        centre = _row_centre(ordinary)
        ordinary, logs = ordinary - centre, logs - centre
        variance = _row_variance(ordinary)
        weight = np.broadcast_to((1 / variance)[:, None], logs.shape)
        rest = group_rest(*group_mean(ordinary, weight, books.family), books.season)[books.family]
        usual, ordinary, logs = usual * np.exp(rest), ordinary - rest, logs - rest
        moved = calendar_regression(
            *group_mean(ordinary + calendar, weight, self.group), self.marks, books.season, self.keeps
        )
        common = common_deviation(ordinary, variance, books.family, books.market)
        variance = _row_variance(ordinary - common.deviation)
        touched = self.touched(usual, common.left)
        short = replace(touched, own=touched.own[~touched.own["is_lasting"]].reset_index(drop=True))
        response = measured_response(
            short,
            logs - common.deviation - view.log_of(lasting=True),
            self.variance(short, variance),
            self.settings.activities,
        )
        return _View(view.gap, usual, moved, touched, response, log_factors(response, touched))

    def filled(self, view: _View) -> Array:
        """Demand with gaps and days without stock filled up."""
        expected = view.usual * np.exp(view.log_of(own=True, lasting=True, rest=True))
        base = np.where(view.gap, expected, self.books.base)
        return base + filled_stock_outs(base, np.where(view.gap, 0.0, self.books.out_rate), expected)

    def log_deviation(self, usual: Array, gap: Flags) -> Array:
        """Log of sales on days with stock over the usual level; NaN where it says nothing."""
        says = self.regular[:, None] & self.books.known & ~gap & (self.books.out_rate <= MOST_CENSORED)
        says &= np.nan_to_num(usual) >= LEAST_USUAL_QTY
        says &= ~self.young
        safe = np.where(says, usual, 1.0)
        ratio = (
            np.where(says, self.books.base / (1 - np.minimum(self.books.out_rate, MOST_CENSORED)), 1.0) / safe
        )
        return np.where(says, np.log(np.clip(ratio, np.exp(-MOST_LOG), np.exp(MOST_LOG))), np.nan)

    def variance(self, touched: Touched, by_series: Array) -> Array:
        """Variance of each cell: chance, few days with stock, and the error of the level it is held against.

        The cells of one activity in one series share the error of the level, so it weighs as many times as
        there are such cells. The season of a touched bucket is read from the other years only, while
        chance was measured on buckets that helped to make their own season.
        """
        count = touched.own.groupby(["activity", "row"])["column"].transform("size")
        cells = touched.own.assign(count=count).groupby(["row", "column"], as_index=False)["count"].max()
        shared = np.ones(self.books.net.shape)
        shared[cells["row"].to_numpy(dtype=int), cells["column"].to_numpy(dtype=int)] = cells["count"]
        level = MEDIAN_VARIANCE / (2 * self.settings.cleaning.neighbour_buckets)
        days = np.maximum(1 - self.books.out_rate, 1 - MOST_CENSORED)
        years = max(len(self.books.dates) / self.books.season, 2.0)
        season = SEASON_VARIANCE / (years - 1)
        return np.asarray(by_series[:, None] * (1 + season) * (1 / days + shared * level + season))

    def past(self, view: _View, activity: pd.DataFrame) -> Past:
        """The last view, with what it says about stock-outs and outliers."""
        books = self.books
        expected = np.maximum(view.usual * np.exp(view.log_of(own=True, lasting=True, rest=True)), 0.0)
        gap = np.where(view.gap, expected - books.base, 0.0)
        out_rate = np.where(view.gap, 0.0, books.out_rate)
        missing = filled_stock_outs(books.base, out_rate, expected)
        demand = books.base + gap + missing
        noise = noise_rate(demand, expected, self.ordinary(view.gap))
        outlier = outlier_adjustment(
            demand,
            expected,
            noise,
            self.regular,
            self.settings.cleaning.outlier_threshold,
            young=books.season // YOUNG_SHARE,
        )
        return Past(
            books,
            activity,
            gap,
            missing,
            outlier,
            view.usual,
            view.calendar,
            self.group,
            view.touched,
            view.response,
            view.logs,
        )


def _declared(settings: DemandSettings) -> Response:
    """The response before anything is measured: every effect as declared."""
    columns = ["level", "name", "prior_mean", "prior_sd", "pool", "mean", "sd"]
    cross = ["cross", "all", settings.activities.cannibalisation_rate, 0.0, "", 0.0, 0.0]
    parameters = pd.DataFrame([cross], columns=columns)
    return Response(parameters.assign(mean=parameters["prior_mean"]), np.zeros((1, 1)))


def _summed(touched: Touched, logs: tuple[Array, Array, Array], shape: tuple[int, ...]) -> Array:
    """Log factors of cells summed into series by time."""
    total = np.zeros(shape)
    for cells, values in zip((touched.own, touched.after, touched.cross), logs, strict=True):
        np.add.at(total, (cells["row"].to_numpy(dtype=int), cells["column"].to_numpy(dtype=int)), values)
    return total


def _row_centre(values: Array) -> Array:
    """Mean of the known values of each series, far ones held to three deviations; zero without any."""
    spread = 3 * np.sqrt(_row_variance(values))[:, None]
    known = np.isfinite(values)
    held = np.where(known, np.clip(np.nan_to_num(values), -spread, spread), 0.0)
    return np.asarray(held.sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1))


def _row_variance(values: Array) -> Array:
    """Robust variance of the known values of each series; infinite where fewer than six are known."""
    known = np.isfinite(values)
    enough = known.sum(axis=1) >= LEAST_KNOWN
    some = np.where(enough[:, None], values, 0.0)
    median = known_median(np.abs(some - known_median(some)[:, None]))
    deviation = np.maximum(median * MEDIAN_TO_DEVIATION, LEAST_DEVIATION)
    return np.where(enough, deviation**2, np.inf)
