import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sopwb.demand.panel import Panel
from sopwb.demand.season import _mean_and_noise, centred_trend, season_ahead, season_of_past, seasonal_profile

PATTERN = np.array([0.5, 1.0, 1.5, 1.0])


def panel(values, group=None):
    history = np.atleast_2d(np.array(values, dtype=float))
    return Panel(history, np.array(group if group is not None else range(len(history)), dtype=np.int64))


def test_the_centred_trend_of_a_line_is_the_line():
    line = np.arange(12.0)[None]
    trend = centred_trend(line, 4)
    assert np.isnan(trend[0, :2]).all()
    assert trend[0, 2:-2] == pytest.approx(line[0, 2:-2])


def test_a_pure_season_is_found_and_continues_in_the_right_place():
    history = np.tile(PATTERN, 5)[:-1] * 100
    profile = seasonal_profile(panel(history), 4)
    assert season_ahead(profile, 5)[0] == pytest.approx([1.0, 0.5, 1.0, 1.5, 1.0])
    assert season_of_past(profile, len(history))[0] * 100 == pytest.approx(history)


def test_a_short_series_takes_the_season_of_its_group():
    long = np.tile(PATTERN, 5) * 100
    short = np.r_[np.full(17, np.nan), [10.0, 15.0, 10.0]]
    profile = seasonal_profile(panel([long, short], group=[0, 0]), 4)
    assert profile[1] == pytest.approx(profile[0])


def test_a_young_series_that_does_not_follow_its_groups_season_gets_little_of_it():
    long = np.tile(PATTERN, 6) * 100
    flat = np.r_[np.full(20, np.nan), np.full(4, 10.0)]
    profile = seasonal_profile(panel([long, flat], group=[0, 0]), 4)
    assert np.ptp(profile[1]) < np.ptp(profile[0]) / 2


def test_noise_without_a_season_is_shrunk_towards_flat():
    noise = np.random.default_rng(1).uniform(80, 120, (40, 48))
    profile = seasonal_profile(panel(noise), 12)
    raw_spread = 0.115  # standard deviation of a uniform on 80-120 over its mean
    assert profile.std(axis=1).mean() < raw_spread / 3


@given(arrays.arrays(float, (3, 30), elements=st.floats(0, 1e6)))
def test_every_profile_has_mean_one_and_is_positive(history):
    profile = seasonal_profile(panel(history, group=[0, 0, 1]), 12)
    assert profile.mean(axis=1) == pytest.approx([1.0, 1.0, 1.0])
    assert (profile > 0).all()


def test_a_season_that_moves_is_read_from_the_last_years():
    then, now = np.tile(PATTERN, 4) * 100, np.tile(np.roll(PATTERN, 1), 4) * 100
    moved = panel(np.r_[then, now])
    whole, recent = (seasonal_profile(moved, 4, memory)[0] for memory in (1.0, 0.5))
    wanted = np.roll(PATTERN, 1)
    assert np.abs(recent - wanted).sum() < np.abs(whole - wanted).sum()


def test_each_year_counts_a_part_of_the_one_after_it():
    """A year that is not known counts nothing; of two, the earlier one counts half."""
    ratios = np.array([[[np.nan, 1.0], [1.0, 1.0], [2.0, 1.0]]])
    mean, _, count = _mean_and_noise(ratios, 0.5)
    assert mean[0] == pytest.approx([(0.5 * 1.0 + 1.0 * 2.0) / 1.5, 1.0])
    assert count.tolist() == [[2.0, 3.0]]
    assert _mean_and_noise(ratios, 1.0)[0][0] == pytest.approx([1.5, 1.0])
