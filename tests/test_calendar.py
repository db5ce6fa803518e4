"""A horizon is tiled without gap or overlap, and quantities keep their totals when they are split."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.calendar import (
    WEEKDAYS,
    fiscal_month,
    fiscal_year,
    history_bucket,
    holidays_of,
    horizon_end,
    plan_periods,
    spread_to_periods,
    working_days_between,
)

DAY = pd.Timedelta(days=1)
MONTH_ENDS = st.integers(0, 240).map(lambda back: pd.Timestamp("2035-12-31") - pd.offsets.MonthEnd(back))


@settings(max_examples=20)
@given(
    as_of=MONTH_ENDS,
    weeks=st.integers(0, 60),
    months=st.integers(1, 30),
    week_start=st.sampled_from(WEEKDAYS),
    country=st.sampled_from([None, "FI", "US"]),
)
def test_buckets_tile_the_horizon_and_never_cross_a_month_end(as_of, weeks, months, week_start, country):
    end = as_of + pd.offsets.MonthEnd(months)
    off = holidays_of(country, as_of.year, end.year)
    period = plan_periods(as_of, weeks=weeks, end=end, week_start=week_start, holidays=off)
    assert period["period"].iloc[0] == as_of + DAY
    assert period["end_date"].iloc[-1] == end
    assert (period["period"].iloc[1:].to_numpy() == (period["end_date"] + DAY).iloc[:-1].to_numpy()).all()
    assert (fiscal_month(period["end_date"]) == period["fiscal_period"]).all()
    assert (period["days"] >= 1).all()
    assert (period["working_days"] > 0).all()
    assert period["days"].sum() == (end - as_of).days


def test_26_weeks_are_cut_at_month_ends_and_the_first_month_after_them_may_be_partial():
    period = plan_periods(pd.Timestamp("2026-02-28"), weeks=26, end=pd.Timestamp("2027-12-31"))
    weeks = period[period["bucket"] == "week"]
    months = period[period["bucket"] == "month"]
    assert weeks["end_date"].iloc[-1] == pd.Timestamp("2026-08-23")
    assert months["period"].iloc[0] == pd.Timestamp("2026-08-24")
    assert months["end_date"].iloc[0] == pd.Timestamp("2026-08-31")
    assert (months["period"].iloc[1:].dt.day == 1).all()
    starts = set(weeks["period"])
    assert {pd.Timestamp("2026-03-30"), pd.Timestamp("2026-04-01"), pd.Timestamp("2026-04-06")} <= starts
    # Sunday 1 March alone has no working day: it joins the week after it.
    assert weeks["period"].iloc[0] == pd.Timestamp("2026-03-01")
    assert weeks["end_date"].iloc[0] == pd.Timestamp("2026-03-08")


def test_without_weeks_the_buckets_are_the_months():
    period = plan_periods(pd.Timestamp("2025-12-31"), weeks=0, end=pd.Timestamp("2026-12-31"))
    assert list(period["period"]) == list(pd.date_range("2026-01-01", periods=12, freq="MS"))
    assert set(period["bucket"]) == {"month"}


@pytest.mark.parametrize(
    ("as_of", "start_month", "end"),
    [
        ("2025-12-31", 1, "2027-12-31"),
        ("2026-02-28", 1, "2027-12-31"),
        ("2026-02-28", 4, "2027-08-31"),
        ("2026-06-30", 7, "2028-06-30"),
        ("2026-07-31", 1, "2028-01-31"),
    ],
)
def test_the_horizon_reaches_the_end_of_the_next_fiscal_year_and_18_months(as_of, start_month, end):
    found = horizon_end(pd.Timestamp(as_of), start_month)
    assert found == pd.Timestamp(end)


@given(as_of=MONTH_ENDS, start_month=st.integers(1, 12))
def test_the_horizon_ends_with_a_month_and_is_18_to_30_months_long(as_of, start_month):
    end = horizon_end(as_of, start_month)
    assert end == end + pd.offsets.MonthEnd(0)
    assert as_of + pd.DateOffset(months=18) <= end <= as_of + pd.DateOffset(months=25)


def test_a_horizon_in_months_is_taken_as_it_is():
    assert horizon_end(pd.Timestamp("2026-02-28"), months=3) == pd.Timestamp("2026-05-31")


@settings(max_examples=20)
@given(
    as_of=MONTH_ENDS,
    weeks=st.integers(0, 30),
    bucket=st.sampled_from(["week", "month"]),
    quantities=st.lists(st.floats(0, 1e6), min_size=1, max_size=8),
)
def test_a_split_keeps_the_total_of_what_lies_inside_the_horizon(as_of, weeks, bucket, quantities):
    period = plan_periods(as_of, weeks=weeks, end=as_of + pd.offsets.MonthEnd(14))
    first = as_of + pd.offsets.MonthEnd(1) + DAY
    starts = pd.Series(
        pd.date_range(first, periods=len(quantities), freq="MS" if bucket == "month" else "W-MON")
    )
    frame = pd.DataFrame({"date": starts, "product": "a", "qty": quantities})
    spread = spread_to_periods(frame, period, ["qty"], bucket=bucket)
    assert spread["qty"].sum() == pytest.approx(sum(quantities))
    assert not spread.duplicated(["product", "period"]).any()


def test_a_straddling_week_is_split_by_working_days():
    period = plan_periods(pd.Timestamp("2026-02-28"), weeks=8, end=pd.Timestamp("2026-12-31"))
    frame = pd.DataFrame({"date": [pd.Timestamp("2026-03-30")], "product": ["a"], "qty": [10.0]})
    spread = spread_to_periods(frame, period, ["qty"], bucket="week").set_index("period")["qty"]
    assert spread[pd.Timestamp("2026-03-30")] == pytest.approx(4)  # Monday and Tuesday
    assert spread[pd.Timestamp("2026-04-01")] == pytest.approx(6)  # Wednesday to Friday


def test_a_week_of_holidays_is_split_by_calendar_days():
    period = plan_periods(pd.Timestamp("2026-02-28"), weeks=8, end=pd.Timestamp("2026-12-31"))
    closed = tuple(pd.date_range("2026-03-30", "2026-04-03").to_numpy().astype("datetime64[D]"))
    frame = pd.DataFrame({"date": [pd.Timestamp("2026-03-30")], "product": ["a"], "qty": [7.0]})
    spread = spread_to_periods(frame, period, ["qty"], bucket="week", holidays=closed)
    assert spread["qty"].tolist() == pytest.approx([2, 5])


def test_working_days_leave_out_weekends_and_holidays():
    first, last = (pd.Series(pd.to_datetime([day])) for day in ("2026-12-21", "2026-12-31"))
    finnish = holidays_of("FI", 2026, 2026)
    assert working_days_between(first, last).tolist() == [9]
    assert working_days_between(first, last, finnish).tolist() == [7]
    assert working_days_between(last, first).tolist() == [0]


def test_fiscal_years_are_named_by_the_calendar_year_in_which_they_end():
    days = pd.Series(pd.to_datetime(["2026-03-31", "2026-04-01", "2026-12-31"]))
    assert fiscal_year(days).tolist() == [2026, 2026, 2026]
    assert fiscal_year(days, 4).tolist() == [2026, 2027, 2027]


@pytest.mark.parametrize("week_start", WEEKDAYS)
def test_every_day_of_a_week_lies_in_the_week_that_begins_on_the_chosen_day(week_start):
    days = pd.Series(pd.date_range("2026-02-01", periods=60))
    begins = history_bucket(days, "week", week_start)
    assert (begins.dt.day_name().str.lower() == week_start).all()
    assert (((days - begins).dt.days >= 0) & ((days - begins).dt.days <= 6)).all()
    assert np.unique(begins).size in {9, 10}
