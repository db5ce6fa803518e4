"""The panel's levels of series that sell now and then are those of statsforecast."""

import numpy as np
import pytest

from sopwb.demand.forecasters import imapa
from sopwb.demand.intermittent import adida_level, imapa_level, mean_interval, tsb_level
from sopwb.demand.panel import Panel


@pytest.fixture(scope="module")
def panel():
    draw = np.random.default_rng(2)
    values = np.where(draw.uniform(size=(8, 60)) < 0.3, draw.integers(1, 20, (8, 60)), 0).astype(float)
    values[:, -1] = 3.0
    values[5:, :17] = np.nan
    return values


@pytest.mark.parametrize("name", ["TSB", "ADIDA", "IMAPA"])
def test_the_levels_of_a_panel_are_those_of_statsforecast_series_by_series(panel, name):
    from statsforecast import models

    theirs = {"TSB": models.TSB(alpha_d=0.1, alpha_p=0.1), "ADIDA": models.ADIDA(), "IMAPA": models.IMAPA()}
    ours = {"TSB": lambda values: tsb_level(values, 0.1), "ADIDA": adida_level, "IMAPA": imapa_level}
    expected = [theirs[name].forecast(y=row[np.isfinite(row)].copy(), h=1)["mean"][0] for row in panel]
    # TSB has no parameter to be searched; the others search theirs on a grid
    assert ours[name](panel) == pytest.approx(expected, rel=1e-6 if name == "TSB" else 5e-3)


def test_the_mean_interval_counts_the_first_wait_and_not_the_last():
    values = np.array([[0.0, 0, 4, 0, 0, 5, 0], [np.nan, np.nan, 1, 1, 1, 1, 0], [0] * 7])
    assert mean_interval(values) == pytest.approx([3.0, 1.0, 1.0])


def test_a_series_without_a_sale_or_with_one_bucket_has_a_level():
    values = np.array([[0.0] * 6, [np.nan] * 5 + [4.0]])
    for level in (tsb_level(values, 0.1), adida_level(values), imapa_level(values)):
        assert level == pytest.approx([0.0, 4.0])


def test_imapa_carries_its_level_forward_and_the_mean_where_hardly_anything_sold():
    values = np.array([[0.0, 0, 4, 0, 0, 5, 0, 0, 3, 0, 0, 6], [0.0] * 11 + [12.0]])
    path = imapa(Panel(values, np.zeros(2, dtype=np.int64)), 12, 3)
    assert path[0] == pytest.approx(np.repeat(imapa_level(values[:1]), 3))
    assert path[1] == pytest.approx([1.0, 1.0, 1.0])
