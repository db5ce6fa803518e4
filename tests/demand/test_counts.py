"""The band of series that sell now and then is that of a count."""

import numpy as np
import pytest

from sopwb.demand.combine import INTERMITTENT
from sopwb.demand.counts import count_quantile, dispersion_of, unit_of
from sopwb.demand.interval import band, error_model

ORIGINS = np.arange(24, 36)


def sales(draw, mean, shape):
    """Negative binomial with variance twice the mean."""
    return draw.negative_binomial(np.broadcast_to(mean, shape), 0.5).astype(float)


@pytest.mark.parametrize(
    ("mean", "dispersion"), [(0.5, 1.5), (1.0, 3.0), (3.0, 3.0), (10.0, 1.5), (100.0, 3.0)]
)
def test_the_quantile_is_that_of_scipy_without_its_steps(mean, dispersion):
    from scipy.stats import nbinom

    step = nbinom.ppf(0.9, mean / (dispersion - 1), 1 / dispersion)
    ours = count_quantile(0.9, np.array([mean]), np.array([dispersion]))[0]
    assert step - 1.1 <= ours <= step + 0.01 * step


def test_what_hardly_ever_sells_has_a_band_of_zero():
    assert count_quantile(0.9, np.array([0.01]), np.array([1.2]))[0] == 0.0


def test_the_dispersion_and_the_unit_of_sales_in_lots_are_found():
    draw = np.random.default_rng(3)
    mean = np.full((12, 200, 6), 1.5)
    actual = 12 * sales(draw, mean, mean.shape)
    unit = unit_of(actual)
    assert unit == pytest.approx(12.0)
    assert np.median(dispersion_of(actual - 12 * mean, 12 * mean, unit)) == pytest.approx(2.0, rel=0.1)


def test_slow_and_fast_counts_are_covered_alike():
    draw = np.random.default_rng(4)
    mean = np.concatenate([np.geomspace(0.1, 1.0, 150), np.geomspace(1.0, 10.0, 150)])[None, :, None]
    actual = sales(draw, mean, (12, 300, 6))
    forecast = np.broadcast_to(mean, actual.shape)
    kind = np.full(300, INTERMITTENT)
    model = error_model(actual - forecast, forecast, mean[0, :, 0], kind, ORIGINS)
    down, up = band(forecast[0], mean[0, :, 0], kind, model)
    fresh = sales(draw, mean, (100, 300, 6))
    inside = (fresh <= forecast[0] + up) & (fresh >= forecast[0] - down)
    slow, fast = inside[:, :150].mean(), inside[:, 150:].mean()
    # a slow one is never below its band, since zero is its lower edge
    assert 0.80 <= slow <= 0.90
    assert 0.75 <= fast <= 0.87
