import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.demand.sample import error_fields, origin_weights, paths_in_band, stratified


def draw(seed=1):
    return np.random.default_rng(seed)


@pytest.fixture
def errors():
    """Two series that err together and last, and one that errs by itself; later origins see less."""
    dice = draw(17)
    common = dice.normal(0, 10, (12, 1, 1)) + dice.normal(0, 3, (12, 1, 8))
    own = dice.normal(0, 10, (12, 1, 8))
    error = np.concatenate([common, common * 1.1, own], axis=1)
    error[8:, :, 6:] = np.nan
    error[10:, :, 2:] = np.nan
    return error


def test_the_weights_of_origins_have_mean_zero_variance_one_and_no_correlation():
    weight = origin_weights(50, 12, draw())
    assert weight.mean(axis=0) == pytest.approx(np.zeros(12), abs=1e-12)
    assert weight.T @ weight / 50 == pytest.approx(np.eye(12), abs=1e-12)


def test_fewer_paths_than_origins_are_drawn_freely():
    assert np.isfinite(origin_weights(3, 12, draw())).all()


def test_shares_are_spread_evenly():
    assert np.sort(stratified(4, draw())) == pytest.approx([0.125, 0.375, 0.625, 0.875])


def test_what_is_known_stays_and_what_is_not_is_continued(errors):
    fields = error_fields(errors, 30, draw())
    assert fields.shape == (12, 3, 30)
    assert np.isfinite(fields).all()
    known = np.isfinite(errors)
    assert fields[:, :, :8][known] == pytest.approx(errors[known])


def test_errors_that_come_together_go_on_together(errors):
    fields = error_fields(errors, 30, draw())
    assert fields[:, 1] == pytest.approx(1.1 * fields[:, 0])


def test_an_error_that_lasts_goes_on_lasting_and_one_that_does_not_does_not():
    dice = draw(5)
    lasting = np.repeat(dice.normal(0, 10, (40, 6, 1)), 8, axis=2)
    brief = dice.normal(0, 10, (40, 6, 8))
    for error, least, most in ((lasting, 0.95, 1.0), (brief, -0.25, 0.25)):
        fields = error_fields(error, 24, draw())
        near, far = fields[:, :, :8].mean(axis=2).ravel(), fields[:, :, 16:].mean(axis=2).ravel()
        assert least <= np.corrcoef(near, far)[0, 1] <= most + 1e-9


def test_errors_stay_as_large_beyond_the_backtest(errors):
    fields = error_fields(errors, 60, draw())
    assert fields[:, 2, 20:].std() == pytest.approx(fields[:, 2, :8].std(), rel=0.35)


def test_a_series_never_judged_errs_by_itself_and_always_in_one_direction(errors):
    errors[:, 2] = np.nan
    fields = error_fields(errors, 20, draw())
    assert (fields[:, 2] == fields[:, 2, :1]).all()
    assert fields[:, 2].any()


def test_without_any_backtest_every_series_errs_by_itself():
    fields = error_fields(np.full((24, 5, 0), np.nan), 10, draw())
    assert fields.shape == (24, 5, 10)
    assert (np.abs(np.corrcoef(fields[:, :, 0].T) - np.eye(5)) < 0.8).all()


def test_one_bucket_of_backtest_is_enough():
    assert np.isfinite(error_fields(draw().normal(size=(1, 2, 1)), 7, draw())).all()


distance = st.floats(0.05, 40.0)


@settings(max_examples=60, deadline=None)
@given(centre=st.floats(40.0, 1000.0), down=distance, up=distance, seed=st.integers(0, 99))
def test_the_quantiles_are_the_interval_and_the_mean_is_the_plan(centre, down, up, seed):
    deviation = draw(seed).normal(size=(100, 1))
    path = paths_in_band(deviation, np.array([centre]), np.array([down]), np.array([up]))[:, 0]
    lower, upper = np.quantile(path, [0.1, 0.9])
    # a path below zero is zero, which may move the lower quantile by what lies between it and the next path
    assert lower == pytest.approx(centre - down, abs=0.01 * (up + down))
    assert upper == pytest.approx(centre + up, abs=1e-6 * centre)
    assert (path >= 0).all()
    if 0.4 <= up / down <= 2.5:
        assert path.mean() == pytest.approx(centre, abs=0.03 * (up + down))
    assert (np.diff(path[np.argsort(deviation[:, 0])]) >= -1e-9).all()


def test_demand_that_is_mostly_little_and_now_and_then_much_keeps_its_mean():
    deviation = draw().normal(size=(100, 1))
    path = paths_in_band(deviation, np.array([10.0]), np.array([10.0]), np.array([30.0]))[:, 0]
    assert np.quantile(path, 0.9) == pytest.approx(40.0)
    assert np.median(path) < 10.0
    assert path.mean() == pytest.approx(10.0, abs=0.05)


def test_without_an_interval_every_path_is_the_plan():
    centre = np.array([5.0, 0.0])
    path = paths_in_band(draw().normal(size=(20, 2)), centre, np.zeros(2), np.zeros(2))
    assert (path == centre).all()
