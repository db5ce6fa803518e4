import numpy as np
import pytest

from sopwb.demand.boosted import boosted_paths, change_scale, lag_features

WEEKS = np.arange(220)


def shops(number=20, seed=9):
    """Series of weeks that share how their year goes, each with its own size and noise."""
    draw = np.random.default_rng(seed)
    year = 100 + 30 * np.sin(2 * np.pi * WEEKS / 52) + 40 * (WEEKS % 52 == 50)
    size = draw.uniform(0.1, 10, (number, 1))
    return size * year * draw.uniform(0.95, 1.05, (number, len(WEEKS)))


def test_the_year_that_all_series_share_is_learned_with_its_sharp_week():
    history = shops()
    paths, made = boosted_paths(history[:, :200], 52, 15, np.array([200]))
    assert made.all()
    error = np.abs(paths[0] - history[:, 200:215]).sum() / history[:, 200:215].sum()
    flat = np.abs(history[:, 199:200] - history[:, 200:215]).sum() / history[:, 200:215].sum()
    assert error < 0.07 < flat
    # week 50 of the year is the peak: the eighth bucket ahead
    lift = paths[0][:, 206 - 200] / paths[0][:, 204 - 200]
    assert (lift > 1.2).mean() > 0.9


def test_a_unit_of_measure_does_not_matter():
    history = shops()
    one, _ = boosted_paths(history, 52, 4, np.array([220]))
    thousand, _ = boosted_paths(history * 1000, 52, 4, np.array([220]))
    assert thousand == pytest.approx(one * 1000, rel=1e-6)


def test_the_same_series_twice_give_the_same_forecast():
    history = shops()
    first, _ = boosted_paths(history, 52, 8, np.array([200, 220]))
    second, _ = boosted_paths(history, 52, 8, np.array([200, 220]))
    assert np.array_equal(first, second)


def test_too_young_a_series_and_too_few_series_are_left_to_others():
    history = shops()
    history[3, :180] = np.nan
    _, made = boosted_paths(history, 52, 4, np.array([200, 220]))
    assert not made[:, 3].any()
    assert made[:, 4].all()
    _, alone = boosted_paths(history[:1], 52, 4, np.array([220]))
    assert not alone.any()


def test_features_look_back_only():
    history = shops(3)
    before = lag_features(history, 100, 52)
    history[:, 100:] = -1
    assert np.array_equal(before, lag_features(history, 100, 52))
    assert change_scale(np.full((1, 60), 4.0), 52) == pytest.approx([1.0])
