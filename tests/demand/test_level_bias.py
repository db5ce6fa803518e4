import numpy as np
import pytest

from sopwb.demand.backtest import Backtest
from sopwb.demand.level_bias import believed_ratio, without_level_bias


def test_a_ratio_that_all_series_share_is_believed_and_one_that_is_chance_is_not():
    draw = np.random.default_rng(5)
    forecast = draw.uniform(5, 20, 200)
    assert believed_ratio(0.8 * forecast * draw.uniform(0.9, 1.1, 200), forecast) == pytest.approx(
        0.8, abs=0.02
    )
    one_big = np.r_[np.full(20, 10.0), 1000.0]
    assert believed_ratio(one_big * np.r_[np.ones(20), 0.7], one_big) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(
    ("actual", "forecast", "expected"),
    [([8.0], [10.0], 1.0), ([], [], 1.0), ([5.0, 5.0], [0.0, 0.0], 1.0), ([1.0] * 9, [99.0] * 9, 0.5)],
)
def test_one_series_or_none_says_nothing_and_no_ratio_is_wild(actual, forecast, expected):
    assert believed_ratio(np.array(actual), np.array(forecast)) == expected


def backtest(ratio, origins=4, series=30, seed=6):
    draw = np.random.default_rng(seed)
    forecast = draw.uniform(5, 20, (origins, series, 3))
    actual = forecast * np.array(ratio)[:, None, None] * draw.uniform(0.95, 1.05, forecast.shape)
    actual[-1, :, 2] = np.nan
    return Backtest(forecast, forecast, forecast, actual, np.arange(10, 10 + origins))


def test_only_the_chosen_series_are_held_and_no_origin_by_its_own_errors():
    raw = backtest([0.8, 0.8, 0.8, 1.6])
    chosen = np.arange(30) < 20
    held, factor = without_level_bias(raw, chosen)
    assert factor[20:] == pytest.approx(1.0)
    assert factor[:20] == pytest.approx(np.full(20, factor[0]))
    assert held.forecast[:, 20:] == pytest.approx(raw.forecast[:, 20:])
    # the last origin is held by the others alone, which were all too high
    assert (held.forecast[3, :20] / raw.forecast[3, :20]).ravel() == pytest.approx(np.full(60, 0.8), abs=0.02)
    assert held.actual is raw.actual


def test_without_a_backtest_or_a_series_nothing_changes():
    raw = backtest([0.8] * 4)
    same, factor = without_level_bias(raw, np.zeros(30, dtype=bool))
    assert same is raw
    assert factor.tolist() == [1.0] * 30
    nothing = np.zeros((0, 2, 3))
    empty = Backtest(nothing, nothing, nothing, nothing, np.zeros(0, dtype=np.int64))
    assert without_level_bias(empty, np.ones(2, dtype=bool))[1].tolist() == [1.0, 1.0]
