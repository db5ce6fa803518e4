"""What the calendar does to each planning bucket of the forecast, cause by cause."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sopwb.calendar import overlap_weights
from sopwb.demand.adjustments import log_mean
from sopwb.demand.calendar_ahead import CalendarAhead
from sopwb.demand.panel import Array

__all__ = ["CALENDAR_COLUMNS", "calendar_effect"]

CALENDAR_COLUMNS = [
    "family",
    "country",
    "period",
    "kind",
    "cause",
    "measured_rate",
    "lower_rate",
    "upper_rate",
    "share_rate",
    "factor_rate",
    "effect_qty",
]
TENTH = 1.2816
"""Standard deviations from the middle of a normal distribution to its 10 and 90 percent quantiles."""
NOTHING = 1e-9


def _bucket_shares(
    dates: pd.DatetimeIndex, period: pd.DataFrame, bucket: str, holidays: tuple[np.datetime64, ...]
) -> Array:
    """Share of each whole bucket ahead in each planning bucket, by working days: bucket by period."""
    weights = overlap_weights(pd.Series(dates), period, bucket=bucket, holidays=holidays)
    shares = np.zeros((len(dates), len(period)))
    row = dates.get_indexer(pd.DatetimeIndex(weights["date"]))
    column = pd.DatetimeIndex(period["period"]).get_indexer(pd.DatetimeIndex(weights["period"]))
    shares[row, column] = weights["share_rate"].to_numpy()
    return shares


def calendar_effect(
    calendar: CalendarAhead | None,
    normal: Array,
    forecast: Array,
    sold_rate: Array,
    series: pd.DataFrame,
    dates: pd.DatetimeIndex,
    period: pd.DataFrame,
    countries: Sequence[str],
    *,
    bucket: str,
    holidays: tuple[np.datetime64, ...] = (),
) -> pd.DataFrame:
    """Effect of each calendar cause on the forecast of each family, country and planning bucket.

    A week cut at a month's end has its factor in both pieces; a month planned as a month has the mean of its
    weeks by quantity. The quantities are parts of a product of factors, by the logarithmic mean, so
    that the causes of a family and bucket sum up to the ``calendar_qty`` of its series without a rest.

    Parameters
    ----------
    calendar
        Effects; None for none.
    normal, forecast
        Forecast without and with them, series by whole bucket ahead.
    sold_rate
        Share of each planning bucket in which the product is sold, series by planning bucket.
    series
        Series with family.
    dates
        First days of the whole buckets ahead.
    period
        Table ``period``.
    countries
        What each calendar is called.

    Returns
    -------
    pandas.DataFrame
        Table ``calendar_effect``.
    """
    if calendar is None:
        return pd.DataFrame({name: [] for name in CALENDAR_COLUMNS})
    share = _bucket_shares(dates, period, bucket, holidays)
    effect = calendar.effect
    carries = np.abs(forecast - normal).max(axis=1) > 0
    logs = np.log(np.where(forecast > 0, forecast, 1.0) / np.where(normal > 0, normal, 1.0))
    mean = np.where(carries[:, None], log_mean(normal, logs), 0.0)
    frames = []
    for group in np.unique(calendar.group):
        row, keeps = np.flatnonzero(calendar.group == group), int(calendar.keeps[group])
        moved = calendar.moved[keeps, calendar.length :]
        quantity = (mean[row].T @ sold_rate[row]) * share
        weight = np.where(quantity.sum(axis=0) > 0, quantity, share)
        weight = weight / np.maximum(weight.sum(axis=0), NOTHING)
        marks = weight.T @ moved
        measured, sd = marks * calendar.coefficient[group], np.abs(marks) * calendar.sd[group]
        place, cause = np.nonzero(np.abs(measured) > NOTHING)
        log, spread = measured[place, cause], TENTH * sd[place, cause]
        frame = {
            "family": series["family"].iloc[row[0]],
            "country": countries[keeps],
            "period": period["period"].to_numpy()[place],
            "kind": np.array(calendar.marks.kinds, dtype=object)[cause],
            "cause": np.array(calendar.marks.names, dtype=object)[cause],
            "measured_rate": np.exp(log),
            "lower_rate": np.exp(log - spread),
            "upper_rate": np.exp(log + spread),
            "share_rate": calendar.share[group],
            "factor_rate": np.exp(calendar.share[group] * log),
            "effect_qty": (quantity.T @ effect[group])[place, cause],
        }
        frames.append(pd.DataFrame(frame))
    return pd.concat(frames, ignore_index=True)[CALENDAR_COLUMNS]
