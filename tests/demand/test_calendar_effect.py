import numpy as np
import pandas as pd
import pytest

from sopwb.calendar import holiday_names
from sopwb.demand.calendar_effect import calendar_marks, calendar_regression

WEEKS = pd.date_range("2022-01-03", periods=208, freq="W-MON")
HOLIDAYS = holiday_names("FI", 2021, 2027)


def marks_of(bucket="week", dates=WEEKS):
    return calendar_marks(dates, bucket, [HOLIDAYS])


def test_feasts_mark_their_week_and_the_week_before():
    marks = marks_of()
    column = dict(zip(marks.names, marks.marks[0].T, strict=True))
    easter = WEEKS.get_loc(pd.Timestamp("2023-04-03"))
    assert np.flatnonzero(column["Good Friday"])[1] == easter
    assert np.flatnonzero(column["week before Good Friday"])[1] == easter - 1
    assert "Easter Monday" not in column


def test_months_know_their_working_days_and_feasts():
    months = pd.date_range("2022-01-01", periods=48, freq="MS")
    marks = marks_of("month", months)
    assert set(marks.kinds) == {"working_days", "holiday"}
    easter = marks.marks[0][:, marks.names.index("Good Friday")]
    # Good Friday was in April in 2022, 2023 and 2025, in March in 2024
    assert np.flatnonzero(easter).tolist() == [3, 15, 26, 39]


@pytest.mark.parametrize(("per_day", "easter"), [(0.4, 0.15), (0.0, 0.0)])
def test_known_effects_of_days_and_feasts_are_found_and_no_others(per_day, easter):
    draw = np.random.default_rng(4)
    marks = marks_of()
    days, feast = marks.marks[0][:, 0], marks.marks[0][:, marks.names.index("Good Friday")]
    season = 0.2 * np.sin(np.arange(208) * 2 * np.pi / 52)
    values = season + per_day * days + easter * feast + draw.normal(0, 0.01, (2, 208))
    found = calendar_regression(values, np.full((2, 208), 1e4), marks, 52)
    coefficient = dict(zip(marks.names, found.coefficient.T, strict=True))
    assert coefficient["working days"] == pytest.approx([per_day] * 2, abs=0.04)
    assert coefficient["Good Friday"] == pytest.approx([easter] * 2, abs=0.03)
    others = [name for name in marks.names if name not in ("working days", "Good Friday")]
    assert max(np.abs(coefficient[name]).max() for name in others) < 0.03


def test_one_year_alone_says_nothing_about_what_moves():
    weeks = WEEKS[:52]
    found = calendar_regression(np.ones((1, 52)), np.ones((1, 52)), marks_of(dates=weeks), 52)
    assert not found.total.any()


def test_the_effect_of_a_cause_has_the_mean_zero_over_the_years():
    marks = marks_of()
    values = 0.5 * marks.marks[:, :, 0]
    effect = calendar_regression(values, np.full((1, 208), 1e4), marks, 52).total
    assert effect.reshape(1, 4, 52).mean(axis=1) == pytest.approx(np.zeros((1, 52)), abs=1e-9)
