import numpy as np
import pytest

from sopwb.config.demand import ForecastSettings
from sopwb.demand import forecasters
from sopwb.demand.combine import (
    IN_SEASON,
    INTERMITTENT,
    REGULAR,
    candidates,
    check_forecasters,
    earned_weights,
    equal_weights,
    held_to_family,
    mixed,
    paths_at,
    routes,
    weights_without,
    without_ramp,
)
from sopwb.demand.panel import Panel
from sopwb.errors import InputError

YEAR = np.r_[np.zeros(9), 5.0, 30.0, 80.0]


def panel(*rows, group=None):
    history = np.array(rows, dtype=float)
    return Panel(history, np.array(group if group is not None else range(len(rows)), dtype=np.int64))


BAD = panel(
    np.zeros(40),
    np.full(40, 12.0),
    np.r_[np.full(39, np.nan), 5.0],
    np.full(40, np.nan),
    np.r_[np.full(38, np.nan), 3.0, 0.0],
    np.r_[np.zeros(39), 1e12],
)


def alone(name, bad, known, season, horizon):
    """Path of one forecaster for every series, whatever their nature."""
    settings = ForecastSettings(regular=(name,))
    route = np.zeros(len(bad.history), dtype=np.int64)
    now = np.array([bad.history.shape[1]])
    found = candidates(bad, route, known, settings, season, horizon, now)
    return mixed(found, equal_weights(route, settings), (1, len(bad.history), horizon))[0]


@pytest.mark.parametrize("name", sorted(set(forecasters.__all__)))
@pytest.mark.parametrize("season", [1, 4, 52])
def test_no_series_is_so_bad_that_a_forecaster_fails(name, season, parts):
    path = alone(name, BAD, parts.forecasters, season, 15)
    assert path.shape == (6, 15)
    assert np.isfinite(path).all()
    assert (path >= 0).all()
    assert path[0].max() == 0
    assert path[1] == pytest.approx(np.full(15, 12.0))


def test_a_silent_forecaster_leaves_the_word_to_the_others():
    def silent(past, season, horizon):
        return np.full((len(past.history), horizon), np.nan)

    def seven(past, season, horizon):
        return np.full((len(past.history), horizon), 7.0)

    known = {"silent": silent, "seven": seven, "simple_smoothing": forecasters.simple_smoothing}
    level = panel(np.full(30, 3.0))
    route, now = np.array([REGULAR]), np.array([30])
    for names, expected in ((("silent", "seven"), 7.0), (("silent",), 3.0)):
        settings = ForecastSettings(regular=names)
        found = candidates(level, route, known, settings, 12, 2, now)
        path = mixed(found, equal_weights(route, settings), (1, 1, 2))
        assert path[0, 0] == pytest.approx([expected, expected])


def test_a_forecaster_that_erred_less_weighs_more_and_power_zero_weighs_all_the_same():
    actual = np.full((6, 2, 3), 10.0)
    paths = np.stack([actual + 1.0, actual + 4.0])
    weight = earned_weights(paths, actual, 2.0)
    assert (weight[0] > 0.7).all()
    assert weight.sum(axis=0) == pytest.approx([1.0, 1.0])
    assert earned_weights(paths, actual, 0.0) == pytest.approx(np.full((2, 2), 0.5))


def test_a_forecaster_without_a_backtest_has_the_weight_of_the_usual_one():
    actual = np.full((6, 2, 3), 10.0)
    better, worse = actual + 1.0, actual + 2.0
    better[:, 1] = np.nan
    weight = earned_weights(np.stack([better, worse]), actual, 1.0)
    assert np.isfinite(weight).all()
    assert weight[0, 1] > 0


@pytest.mark.parametrize("name", ["holt_winters", "holt_winters_additive", "boosted"])
def test_what_is_forecast_from_an_origin_does_not_change_when_the_future_does(name, parts):
    draw = np.random.default_rng(4)
    season, length = (52, 180) if name == "boosted" else (12, 72)
    history = draw.uniform(50, 100, (20, length))
    origins = np.array([length - 20, length - 10])
    changed = history.copy()
    changed[:, length - 20 :] *= 3
    first, second = (
        paths_at(panel(*values), parts.forecasters[name], season, 6, origins)[0]
        for values in (history, changed)
    )
    assert np.isfinite(first).all()
    assert first == pytest.approx(second)


def test_the_naive_forecast_repeats_the_last_and_the_seasonal_one_the_year():
    rising = panel(np.arange(24.0))
    assert list(forecasters.naive(rising, 12, 3)[0]) == [23, 23, 23]
    assert list(forecasters.seasonal_naive(rising, 12, 14)[0][[0, 11, 12]]) == [12, 23, 12]


def test_what_sells_only_in_its_season_is_forecast_in_its_season():
    path = forecasters.same_season(panel(np.tile(YEAR, 3)), 12, 12)
    assert path[0] == pytest.approx(YEAR)


def test_series_are_told_apart_by_how_they_sell():
    draw = np.random.default_rng(3)
    seldom = (draw.random(36) < 0.25) * draw.integers(1, 9, 36)
    always = draw.uniform(50, 60, 36)
    found = routes(panel(seldom, always, np.tile(YEAR, 3)), ForecastSettings(), 12)
    assert list(found) == [INTERMITTENT, REGULAR, IN_SEASON]


def test_what_has_become_sparse_in_the_last_season_is_no_longer_regular():
    draw = np.random.default_rng(3)
    dying = np.r_[draw.uniform(50, 60, 40), (draw.random(12) < 0.2) * 8.0]
    shrinking = np.r_[draw.uniform(50, 60, 40), draw.uniform(5, 6, 12)]
    found = routes(panel(dying, shrinking), ForecastSettings(), 12)
    assert list(found) == [INTERMITTENT, REGULAR]


def test_of_many_that_sell_seldom_hardly_one_has_a_season_by_chance():
    draw = np.random.default_rng(8)
    chance = (draw.random((750, 39)) < 0.2) * draw.integers(1, 4, (750, 39))
    found = routes(panel(*chance, np.tile(YEAR, 4)[-39:]), ForecastSettings(), 12)
    assert found[750] == IN_SEASON
    assert (found[:750] == IN_SEASON).sum() <= 1


def test_the_fading_mean_halves_the_weight_of_what_is_a_third_of_a_season_older():
    values = panel(np.r_[8.0, 0, 0, 0, 4.0], np.r_[np.nan, np.nan, np.nan, 6.0, 6.0], np.full(5, np.nan))
    path = forecasters.fading_mean(values, 12, 2)
    age = 0.5 ** (np.arange(5)[::-1] / 4)
    assert path[0] == pytest.approx(np.full(2, (8 * 0.5 + 4) / age.sum()))
    assert path[1:] == pytest.approx(np.array([[6.0, 6.0], [0.0, 0.0]]))


def test_an_unknown_forecaster_is_named_with_those_that_are_known(parts):
    with pytest.raises(InputError, match=r"(?s)unknown forecaster 'orakel'.*theta"):
        check_forecasters(["orakel"], parts.forecasters)


def test_products_move_part_of_the_way_to_their_familys_total():
    two = panel(np.full(30, 10.0), np.full(30, 30.0), group=[0, 0])
    known = {"more": lambda total, season, horizon: 1.2 * total.history[:, -1:].repeat(horizon, axis=1)}
    settings = ForecastSettings(family_benchmark="more", family_weight=0.5)
    path = np.array([[10.0, 10.0], [30.0, 30.0]])
    assert held_to_family(path, two, known, settings, 12) == pytest.approx(path * 1.1)


def test_darts_forecasts_totals_that_are_long_enough(parts):
    months = np.tile([80.0, 90, 100, 110, 120, 130, 140, 130, 120, 100, 90, 90], 4)
    path = parts.forecasters["darts_theta"](panel(months), 12, 12)
    assert path[0] == pytest.approx(months[:12], rel=0.05)


def test_the_ramp_of_a_launch_says_nothing_about_its_level():
    young = np.r_[np.full(20, np.nan), 3.0, 40.0, 100.0, 102.0, 98.0, 100.0]
    old = np.r_[1.0, np.full(25, 100.0)]
    kept = np.isfinite(without_ramp(panel(young, old), 12).history)
    assert list(kept.sum(axis=1)) == [4, 26]


def test_an_origin_has_no_say_in_the_weights_by_which_it_is_judged():
    actual = np.zeros((3, 2, 4))
    good_at_first = np.stack([np.zeros((2, 4)), np.ones((2, 4)), np.ones((2, 4))])
    good_later = 1 - good_at_first
    paths = np.stack([good_at_first, good_later])
    without = weights_without(paths, actual, 2.0)
    assert without.shape == (3, 2, 2)
    assert (without[0, 1] > without[0, 0]).all()
    assert without[0] == pytest.approx(earned_weights(paths[:, 1:], actual[1:], 2.0))


def test_percentages_are_continued_where_they_are_constant():
    time = np.arange(60)
    values = 100 * 1.005**time * np.exp(0.8 * np.sin(2 * np.pi * time / 12))
    panel = Panel(np.stack([values, np.where(time == 30, 0.0, values)]), np.zeros(2, dtype=np.int64))
    path = forecasters.holt_winters_log(panel, 12, 12)
    ahead = np.arange(60, 72)
    assert path[0] == pytest.approx(
        100 * 1.005**ahead * np.exp(0.8 * np.sin(2 * np.pi * ahead / 12)), rel=0.05
    )
    # a logarithm has nothing to say of a bucket without sales
    assert np.isnan(path[1]).all()


def test_the_damped_trend_speaks_for_series_too_young_for_holt_winters():
    values = np.tile(50 + 10 * np.sin(2 * np.pi * np.arange(60) / 12), (2, 1))
    values[1, :45] = np.nan
    panel = Panel(values, np.zeros(2, dtype=np.int64))
    path = forecasters.young_damped_trend(panel, 12, 6)
    assert np.isnan(path[0]).all()
    assert path[1] == pytest.approx(forecasters.damped_trend(panel, 12, 6)[1])
    assert np.isnan(forecasters.holt_winters(panel, 12, 6)[1]).all()
