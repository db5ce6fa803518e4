"""How loaded the resources were: hours booked against the hours they had."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

__all__ = ["booked_load"]

MONTHS = 12
COLUMNS = ["resource", "start_date", "end_date", "booked_hours", "capacity_hours", "utilisation_rate"]


def booked_load(
    resource_history: pd.DataFrame,
    resource: pd.DataFrame,
    resource_calendar: pd.DataFrame,
    holidays: Sequence[np.datetime64] = (),
    *,
    as_of: pd.Timestamp,
    months: int = MONTHS,
) -> pd.DataFrame:
    """Hours booked on each resource over twelve months, against its regular hours.

    The window ends with the month after the as-of date where orders are booked into it already,
    else with the last booked month.

    Parameters
    ----------
    resource_history
        Table ``resource_history``.
    resource, resource_calendar
        Tables of the same names; they give the regular hours of each day.
    holidays
        Days on which a resource that follows working days stands still.
    as_of
        Last day of history.
    months
        Length of the window.

    Returns
    -------
    pandas.DataFrame
        One row per resource: ``start_date`` and ``end_date`` of the window, ``booked_hours``,
        ``capacity_hours`` and ``utilisation_rate`` (booked over capacity; missing without capacity).
    """
    if resource_history.empty or resource_history["period"].min() > as_of:
        return pd.DataFrame(columns=COLUMNS)
    known = resource_history[resource_history["period"] <= as_of + pd.Timedelta(days=1)]
    last = known["period"].max()
    start = last - pd.DateOffset(months=months - 1)
    end = last + pd.offsets.MonthEnd(0)
    window = known[known["period"] >= start]
    booked = window.groupby("resource", as_index=False)["booked_hours"].sum()
    days = pd.date_range(start, end, freq="D")
    hours = _regular_hours(resource, resource_calendar, days, holidays)
    load = booked.merge(hours, on="resource", how="inner", validate="one_to_one")
    capacity = load["capacity_hours"].where(load["capacity_hours"] > 0)
    rate = load["booked_hours"] / capacity
    dated: pd.DataFrame = load.assign(start_date=start, end_date=end, utilisation_rate=rate)
    table: pd.DataFrame = dated[COLUMNS]
    return table


def _regular_hours(
    resource: pd.DataFrame,
    resource_calendar: pd.DataFrame,
    days: pd.DatetimeIndex,
    holidays: Sequence[np.datetime64],
) -> pd.DataFrame:
    works = np.is_busday(
        days.to_numpy().astype("datetime64[D]"), holidays=np.asarray(holidays, "datetime64[D]")
    )
    follows = (resource["days_basis"] == "working").to_numpy()
    is_open = np.where(follows[:, None], works[None, :], True).astype("float64")
    for span in resource_calendar.to_dict("records"):
        row = (resource["resource"] == span["resource"]).to_numpy()
        column = np.asarray((days >= span["start_date"]) & (days <= span["end_date"]), dtype=bool)
        is_open[np.ix_(row, column)] *= span["capacity_rate"]
    hours = is_open.sum(axis=1) * resource["hours_per_day"].to_numpy()
    return pd.DataFrame({"resource": resource["resource"].to_numpy(), "capacity_hours": hours})
