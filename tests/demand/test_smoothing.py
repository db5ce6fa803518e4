import numpy as np
import pytest

from sopwb.demand.smoothing import damped_trend_path, simple_path, theta_path


def test_a_constant_series_stays_where_it_is():
    constant = np.full((1, 30), 7.0)
    for path in (simple_path(constant, 3)[0], damped_trend_path(constant, 3), theta_path(constant, 3)):
        assert path == pytest.approx(np.full((1, 3), 7.0))


def test_a_straight_line_goes_on_and_the_damped_trend_slows_down():
    line = np.arange(60.0)[None] + 10
    steps = np.diff(damped_trend_path(line, 8)[0])
    assert (steps > 0).all()
    assert (np.diff(steps) < 0).all()
    assert damped_trend_path(line, 1)[0, 0] == pytest.approx(70, rel=0.03)


def test_theta_continues_with_half_the_slope():
    line = np.arange(60.0)[None] * 2
    assert np.diff(theta_path(line, 5)[0]) == pytest.approx(np.ones(4) * 60 / 66)


def test_unknown_buckets_before_the_first_do_not_matter():
    known = np.random.default_rng(2).uniform(5, 10, 20)
    late = np.r_[np.full(15, np.nan), known]
    for forecast in (
        lambda v: simple_path(v, 4)[0],
        lambda v: damped_trend_path(v, 4),
        lambda v: theta_path(v, 4),
    ):
        assert forecast(late[None]) == pytest.approx(forecast(known[None]))


def test_two_observations_give_no_trend():
    two = np.array([[np.nan, np.nan, 10.0, 20.0]])
    assert np.ptp(theta_path(two, 6)) == 0
    assert np.ptp(damped_trend_path(two, 6)) < 10
