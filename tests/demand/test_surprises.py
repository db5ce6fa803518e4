import numpy as np
import pytest

from sopwb.demand.surprises import local_median, without_surprises


def noisy(seed=3, series=5, buckets=80):
    draw = np.random.default_rng(seed)
    return draw.uniform(10, 1000, (series, 1)) * np.exp(draw.normal(0, 0.2, (series, buckets)))


def test_the_local_median_is_that_of_what_is_known_around():
    values = np.array([[np.nan, 1.0, 9.0, 2.0, np.nan, np.nan, np.nan, 4.0]])
    found = local_median(values, 3)[0]
    assert found[:5] == pytest.approx([1.0, 5.0, 2.0, 5.5, 2.0])
    assert np.isnan(found[5])
    assert found[6:] == pytest.approx([4.0, 4.0])


def test_a_promotion_nobody_recorded_is_put_down_and_what_is_usual_stays():
    baseline = noisy()
    lifted = baseline.copy()
    lifted[2, 40] *= 8
    found = without_surprises(lifted, 27)
    assert found[2, 40] < baseline[2].max() * 1.5
    assert found[2, 40] > np.median(baseline[2])
    same = found == lifted
    assert same.mean() > 0.97
    assert (found <= lifted).all()


def test_a_lasting_step_is_no_surprise():
    baseline = noisy()
    baseline[:, 40:] *= 5
    found = without_surprises(baseline, 27)
    assert found[:, 60:].sum() == pytest.approx(baseline[:, 60:].sum(), rel=0.02)


def test_what_is_not_known_stays_so_and_zeros_and_constants_as_they_are():
    baseline = np.array([[np.nan, 4.0, 4.0, 4.0], [0.0, 0.0, 0.0, 0.0], [np.nan] * 4])
    assert without_surprises(baseline, 3) == pytest.approx(baseline, nan_ok=True)
