import numpy as np
import pytest

from sopwb.demand.holt_winters import Parameters, first_states, holt_winters_paths, states_over_time

YEAR = np.array([0.6, 0.7, 0.9, 1.0, 1.1, 1.2, 1.5, 1.4, 1.1, 1.0, 0.8, 0.7])


def one_set(alpha, beta, phi, gamma):
    return Parameters(*(np.array([[value]]) for value in (alpha, beta, phi, gamma)))


@pytest.mark.parametrize("multiplicative", [True, False])
def test_the_states_are_those_of_statsmodels_at_the_same_parameters(multiplicative):
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    draw = np.random.default_rng(5)
    values = (100 + np.arange(60)) * np.tile(YEAR, 5) * draw.uniform(0.9, 1.1, 60)
    alpha, beta, phi, gamma = 0.3, 0.06, 0.95, 0.12
    level, trend = 95.0, 1.2
    season = YEAR / YEAR.mean() if multiplicative else 100 * (YEAR - YEAR.mean())
    model = ExponentialSmoothing(
        values,
        trend="add",
        damped_trend=True,
        seasonal="mul" if multiplicative else "add",
        seasonal_periods=12,
        initialization_method="known",
        initial_level=level,
        initial_trend=trend,
        initial_seasonal=season,
    )
    fitted = model.fit(
        smoothing_level=alpha,
        smoothing_trend=beta / alpha,
        smoothing_seasonal=gamma,
        damping_trend=phi,
        optimized=False,
    )
    first = (np.array([level]), np.array([trend]), season[None])
    *_, now = states_over_time(
        values[None], first, one_set(alpha, beta, phi, gamma), multiplicative=multiplicative
    )
    steps = np.cumsum(phi ** np.arange(1, 25))
    base = now.level[0, 0] + now.trend[0, 0] * steps
    index = now.season[np.arange(24) % 12, 0, 0]
    ours = base * index if multiplicative else base + index
    # statsmodels does not let the very last bucket move its season
    others = np.arange(24) % 12 != 11
    assert ours[others] == pytest.approx(fitted.forecast(24)[others], rel=1e-6)
    assert now.squares[0, 0] == pytest.approx(fitted.sse, rel=1e-6)


@pytest.mark.parametrize("multiplicative", [True, False])
def test_a_pure_season_goes_on(multiplicative):
    history = 100 * np.tile(YEAR, 6)[None, :-3]
    path = holt_winters_paths(history, 12, 15, np.array([69]), multiplicative=multiplicative)[0]
    ahead = 100 * np.tile(YEAR, 2)[9:24]
    assert path[0] == pytest.approx(ahead, rel=0.03)


def test_a_season_that_grows_with_the_level_is_told_by_its_products():
    history = (np.arange(96) + 20) * np.tile(YEAR, 8)
    path = holt_winters_paths(history[None], 12, 12, np.array([96]), multiplicative=True)[0]
    assert path[0] == pytest.approx((np.arange(96, 108) + 20) * YEAR, rel=0.1)


def test_the_forecast_of_an_earlier_origin_is_the_one_made_then():
    history = np.random.default_rng(6).uniform(50, 100, (5, 80))
    history[2, :30] = np.nan
    two = holt_winters_paths(history, 12, 8, np.array([70, 80]), multiplicative=True)
    then = holt_winters_paths(history[:, :70], 12, 8, np.array([70]), multiplicative=True)
    assert two[0] == pytest.approx(then[0])


def test_unknown_buckets_before_the_first_and_the_company_do_not_matter():
    draw = np.random.default_rng(7)
    known = draw.uniform(5, 10, 48)
    late = np.r_[np.full(12, np.nan), known]
    together = np.stack([draw.uniform(5, 10, 60), late])
    path = holt_winters_paths(together, 12, 6, np.array([60]), multiplicative=False)[0, 1]
    alone = holt_winters_paths(known[None], 12, 6, np.array([48]), multiplicative=False)[0, 0]
    assert path == pytest.approx(alone)


def test_a_first_season_of_noise_is_shrunk_towards_none():
    noise = np.random.default_rng(8).uniform(80, 120, (30, 60))
    _, _, season = first_states(noise, 12, multiplicative=True, length=60)
    assert season.std(axis=1).mean() < 0.115 / np.sqrt(5)
    assert season.mean(axis=1) == pytest.approx(np.ones(30))


def test_small_differences_about_a_large_level_keep_their_digits():
    history = np.random.default_rng(9).uniform(50, 100, (3, 60))
    near, far = (
        holt_winters_paths(history + level, 12, 12, np.array([60]), multiplicative=False)[0]
        for level in (0, 1e7)
    )
    assert far - 1e7 == pytest.approx(near, rel=1e-3)


@pytest.mark.parametrize("multiplicative", [True, False])
def test_what_never_changed_stays_to_the_last_digit(multiplicative):
    path = holt_winters_paths(
        np.full((2, 40), 7.0), 12, 30, np.array([37, 40]), multiplicative=multiplicative
    )
    assert path == pytest.approx(np.full((2, 2, 30), 7.0), rel=1e-14)
