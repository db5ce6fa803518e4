import numpy as np
import pytest

from sopwb.demand.backtest import Backtest
from sopwb.demand.sample import sample_paths


def made(error):
    forecast = np.full(error.shape, 100.0)
    return Backtest(forecast, forecast, forecast, forecast + error, np.arange(len(error)))


@pytest.fixture
def company():
    """Two series that err together and one that errs by itself."""
    draw = np.random.default_rng(17)
    common, own = draw.normal(0, 10, (12, 1, 6)), draw.normal(0, 10, (12, 1, 6))
    backtest = made(np.concatenate([common, common * 1.1, own], axis=1))
    forecast, band = np.full((3, 9), 100.0), np.full((3, 9), 12.8)
    return forecast, band, backtest


def paths(company, **options):
    forecast, band, backtest = company
    chosen = {"number": 400, "seed": 1} | options
    return sample_paths(forecast, band, band, backtest, np.full(3, 10.0), **chosen)


def test_what_erred_together_does_so_again_and_the_rest_does_not(company):
    drawn = paths(company)
    assert np.corrcoef(drawn[:, 0, 2], drawn[:, 1, 2])[0, 1] > 0.95
    assert abs(np.corrcoef(drawn[:, 0, 2], drawn[:, 2, 2])[0, 1]) < 0.8


def test_four_of_five_paths_stay_in_the_band_and_the_middle_is_the_forecast(company):
    drawn = paths(company)
    assert ((drawn > 87.2 - 1e-9) & (drawn < 112.8 + 1e-9)).mean() == pytest.approx(0.8, abs=0.07)
    assert drawn.mean() == pytest.approx(100, abs=2)


def test_the_same_seed_gives_the_same_paths_and_another_gives_others(company):
    assert np.array_equal(paths(company), paths(company))
    assert not np.array_equal(paths(company), paths(company, seed=2))


def test_errors_not_yet_known_are_borrowed_and_no_path_is_negative(company):
    forecast, band, backtest = company
    short = backtest.actual.copy()
    short[6:, :, 3:] = np.nan
    young = Backtest(backtest.forecast, *[backtest.forecast] * 2, short, backtest.origins)
    drawn = sample_paths(forecast * 0.05, band, band, young, np.full(3, 10.0), number=20, seed=3)
    assert np.isfinite(drawn).all()
    assert (drawn >= 0).all()


def test_without_a_backtest_every_path_is_the_forecast(company):
    forecast, band, _ = company
    none = made(np.zeros((0, 3, 6)))
    drawn = sample_paths(forecast, band, band, none, np.ones(3), number=2, seed=1)
    assert drawn == pytest.approx(np.full((2, 3, 9), 100.0))
    with pytest.raises(ValueError, match="at least one"):
        sample_paths(forecast, band, band, none, np.ones(3), number=0, seed=1)
