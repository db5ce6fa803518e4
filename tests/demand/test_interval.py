import numpy as np
import pytest

from sopwb.demand.interval import band, error_model, pooling_rate, series_scale, summed_error

GROUP = np.zeros(50, dtype=np.int64)
ORIGINS = np.arange(24, 36)


def test_the_band_of_a_normal_error_covers_four_of_five():
    draw = np.random.default_rng(4)
    level = np.full(50, 100.0)
    forecast = np.full((12, 50, 6), 100.0)
    error = draw.normal(0, 20, (12, 50, 6))
    model = error_model(error, forecast, level, GROUP, ORIGINS)
    down, up = band(np.full((50, 6), 100.0), level, GROUP, model)
    fresh = draw.normal(0, 20, (200, 50, 6))
    assert ((fresh > -down) & (fresh < up)).mean() == pytest.approx(0.8, abs=0.03)


def test_a_band_never_reaches_below_zero_and_widens_beyond_what_was_seen():
    error = np.random.default_rng(5).normal(0, 60, (12, 50, 6))
    level = np.full(50, 50.0)
    model = error_model(error, np.full((12, 50, 6), 50.0), level, GROUP, ORIGINS)
    down, up = band(np.full((50, 96), 50.0), level, GROUP, model)
    assert (down <= 50.0).all()
    assert up[0, -1] > 1.5 * up[0, 5]


def test_a_series_without_a_backtest_takes_the_usual_relative_error():
    error = np.full((4, 3, 2), 10.0)
    error[:, 2] = np.nan
    scale = series_scale(error, np.array([100.0, 100.0, 1000.0]), np.zeros(3, dtype=np.int64))
    assert scale == pytest.approx([10.0, 10.0, 100.0])


def test_errors_are_summed_before_they_are_squared():
    error = np.array([[[1.0, 1.0]], [[1.0, -1.0]]])
    spread, mean, count = summed_error(error, np.full((2, 1, 2), 10.0), 2)
    assert spread[0] == pytest.approx([1.0, np.sqrt((4 + 0) / 2)])
    assert list(mean[0]) == [10.0, 20.0]
    assert list(count[0]) == [2, 2]


def test_independent_errors_grow_with_the_root_of_the_buckets():
    draw = np.random.default_rng(6)
    assert pooling_rate(draw.normal(0, 1, (40, 50, 4)), 4) == pytest.approx(0.5, abs=0.05)
    same = np.repeat(draw.normal(0, 1, (40, 50, 1)), 4, axis=2)
    assert pooling_rate(same, 4) == pytest.approx(1.0)


def test_errors_in_proportion_to_the_forecast_are_told_from_errors_that_are_not():
    draw = np.random.default_rng(7)
    level, height = np.full(50, 100.0), draw.uniform(0.5, 2.0, (12, 50, 6))
    growing = error_model(draw.normal(0, 20, height.shape) * height, 100 * height, level, GROUP, ORIGINS)
    steady = error_model(draw.normal(0, 20, height.shape), 100 * height, level, GROUP, ORIGINS)
    assert growing.power > 0.85
    assert steady.power == 0.5


def test_kinds_of_series_have_bands_of_their_own():
    draw = np.random.default_rng(8)
    kind = np.repeat([0, 1], 25)
    error = draw.normal(0, 20, (12, 50, 6))
    error[:, kind == 1] = 20 * draw.exponential(1, (12, 25, 6)) - 20
    model = error_model(error, np.full(error.shape, 100.0), np.full(50, 100.0), kind, ORIGINS)
    assert model.lower[1][0] < model.lower[0][0]


def test_a_single_origin_and_none_at_all_still_give_a_band():
    level = np.full(50, 10.0)
    for origins in (0, 1):
        error = np.random.default_rng(9).normal(0, 2, (origins, 50, 6))
        model = error_model(error, np.full(error.shape, 10.0), level, GROUP, ORIGINS[:origins])
        down, up = band(np.full((50, 6), 10.0), level, GROUP, model)
        assert np.isfinite(down).all()
        assert (up > 0).all()


def _coverage(error, fresh):
    level, forecast = np.full(50, 100.0), np.full(error.shape, 100.0)
    model = error_model(error, forecast, level, GROUP, ORIGINS)
    down, up = band(np.full((50, 6), 100.0), level, GROUP, model)
    return ((fresh >= -down) & (fresh <= up)).mean()


def test_errors_that_have_grown_from_origin_to_origin_are_allowed_to_go_on_growing():
    draw = np.random.default_rng(10)
    growth = 1.06 ** np.arange(12)[:, None, None] * np.sqrt(np.arange(1, 7))
    error = draw.normal(0, 2, (12, 50, 6)) * growth
    error[(ORIGINS[:, None] + np.arange(1, 7) > 36)[:, None, :].repeat(50, axis=1)] = np.nan
    fresh = draw.normal(0, 2, (400, 50, 6)) * 1.06**12 * np.sqrt(np.arange(1, 7))
    assert 0.72 < _coverage(error, fresh) < 0.87


def test_series_that_err_together_need_a_wider_band_than_as_many_that_do_not():
    draw = np.random.default_rng(11)
    apart, shared = draw.normal(0, 5, (12, 50, 6)), np.repeat(draw.normal(0, 5, (12, 1, 1)), 50, axis=1)
    level, forecast = np.full(50, 100.0), np.full((12, 50, 6), 100.0)
    widths = []
    for error in (apart, shared + 0 * apart):
        model = error_model(error, forecast, level, GROUP, ORIGINS)
        down, up = band(np.full((50, 6), 100.0), level, GROUP, model)
        widths.append(float((down + up).mean()) / np.abs(error).mean())
    assert widths[1] > widths[0]


def test_the_error_of_a_large_series_is_held_to_that_of_large_ones():
    draw = np.random.default_rng(12)
    level = np.geomspace(10, 100_000, 200)
    error = draw.normal(0, 1, (12, 200, 6)) * np.sqrt(level)[None, :, None]
    # those without a backtest take what is usual at their level
    error[:, ::10] = np.nan
    scale = series_scale(error, level, np.zeros(200, dtype=np.int64))[::10]
    assert scale == pytest.approx(0.8 * np.sqrt(level[::10]), rel=0.15)


def test_a_band_from_few_origins_is_wider_than_one_from_many():
    draw = np.random.default_rng(13)
    error, level = draw.normal(0, 20, (40, 50, 6)), np.full(50, 100.0)
    widths = []
    for many in (5, 40):
        forecast = np.full((many, 50, 6), 100.0)
        model = error_model(error[-many:], forecast, level, GROUP, np.arange(24, 24 + many))
        widths.append(sum(side.mean() for side in band(forecast[0], level, GROUP, model)))
    assert widths[0] > 1.02 * widths[1]
