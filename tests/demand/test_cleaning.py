import numpy as np
import pytest

from sopwb.demand.cleaning import filled_stock_outs, noise_rate, outlier_adjustment, usual_level

ONE = np.zeros(1, dtype=np.int64)


@pytest.mark.parametrize(
    ("sold", "out_rate", "missing"),
    [(30.0, 0.5, 0.5 * 30 + 0.25 * 60), (0.0, 1.0, 60.0), (30.0, 0.0, 0.0)],
)
def test_days_without_stock_sell_at_a_mix_of_the_own_rate_and_the_usual_level(sold, out_rate, missing):
    filled = filled_stock_outs(np.array([[sold]]), np.array([[out_rate]]), np.array([[60.0]]))
    assert filled[0, 0] == pytest.approx(missing)


def test_the_usual_level_of_a_promoted_bucket_is_that_of_its_neighbours():
    sold = np.full((1, 30), 100.0)
    sold[0, 15] = 260.0
    ordinary = np.ones((1, 30), dtype=bool)
    ordinary[0, 15] = False
    assert usual_level(sold, ordinary, ONE, 12, 6) == pytest.approx(np.full((1, 30), 100.0))


def test_a_single_far_bucket_is_an_outlier_and_a_new_level_is_not():
    expected = np.full((2, 20), 100.0)
    values = expected.copy()
    values[0, 10] = 900.0
    values[1, 10:] = 900.0
    added = outlier_adjustment(values, expected, np.array([0.1, 0.1]), np.array([True, True]), 6.0)
    assert added[0, 10] == pytest.approx(-800.0)
    assert np.count_nonzero(added) == 1


def test_series_that_sell_now_and_then_keep_their_large_buckets():
    expected, values = np.full((1, 20), 1.0), np.zeros((1, 20))
    values[0, 7] = 50.0
    assert not outlier_adjustment(values, expected, np.array([0.1]), np.array([False]), 6.0).any()


def test_more_returned_than_sold_is_lifted_to_zero():
    values = np.array([[10.0, -4.0, np.nan]])
    added = outlier_adjustment(values, np.full((1, 3), 5.0), np.array([1.0]), np.array([False]), 6.0)
    assert list(added[0]) == [0.0, 4.0, 0.0]


def test_noise_is_the_scaled_median_deviation():
    values = np.array([[90.0, 100.0, 110.0, 500.0]])
    assert noise_rate(values, np.full((1, 4), 100.0), np.ones((1, 4), dtype=bool)) == pytest.approx(
        [0.1 * 1.4826]
    )


def test_a_slip_of_some_digits_does_not_lift_the_usual_level_until_it_looks_usual():
    values = np.full((2, 36), 40.0)
    values[0, 11] = 1e9
    ordinary, group = np.ones(values.shape, dtype=bool), np.zeros(2, dtype=np.int64)
    usual = usual_level(values, ordinary, group, 12, 6)
    assert usual[0].max() < 100
    assert usual[1] == pytest.approx(np.full(36, 40.0), rel=0.05)
    noise = noise_rate(values, usual, ordinary)
    added = outlier_adjustment(values, usual, noise, np.ones(2, dtype=bool), 6.0)
    assert values[0, 11] + added[0, 11] < 100
    assert (added[1] == 0).all()
