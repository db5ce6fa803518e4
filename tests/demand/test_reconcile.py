import numpy as np
import pandas as pd
import pytest

from sopwb.config.demand import ForecastSettings
from sopwb.demand.forecast import panel_outlook
from sopwb.demand.panel import Panel
from sopwb.demand.reconcile import aggregated, reconciled, summing_matrix
from sopwb.demand.study import built_in_forecasters

SERIES = pd.DataFrame({"product": ["a", "a", "b", "b"], "market": ["n", "s", "n", "s"], "family": ["f"] * 4})


def test_the_summing_matrix_has_the_total_each_level_and_the_series():
    summing = summing_matrix(SERIES, ["family", "product", "market"])
    # the family is the total and is not said twice
    assert summing.tolist() == [
        [1, 1, 1, 1],
        [1, 1, 0, 0],
        [0, 0, 1, 1],
        [1, 0, 1, 0],
        [0, 1, 0, 1],
        *np.eye(4).tolist(),
    ]


def test_a_total_known_well_corrects_parts_that_are_not():
    draw = np.random.default_rng(14)
    summing = summing_matrix(SERIES, ["product", "market"])
    noise = np.concatenate([draw.normal(0, 1, (5, 60)), draw.normal(0, 20, (4, 60))])
    truth = np.array([[100.0], [200.0], [300.0], [400.0]])
    path = np.concatenate([summing[:5] @ truth, truth * 1.1])
    bottom = reconciled(path, noise, summing)
    assert abs(bottom.sum() - 1000) < 10
    assert np.abs(bottom - truth).sum() < np.abs(truth * 0.1).sum()


def test_no_part_becomes_negative_and_nodes_that_never_erred_do_no_harm():
    summing = summing_matrix(SERIES, ["product", "market"])
    noise = np.random.default_rng(15).normal(0, 5, (9, 40))
    noise[5] = 0.0
    path = np.concatenate(
        [summing[:5] @ np.ones((4, 3)), np.array([[20.0] * 3, [0.1] * 3, [0.1] * 3, [0.0] * 3])]
    )
    bottom = reconciled(path, noise, summing)
    assert (bottom >= 0).all()
    assert np.isfinite(bottom).all()


def test_too_short_a_backtest_changes_nothing():
    summing = summing_matrix(SERIES, ["product"])
    path = np.ones((7, 2))
    assert reconciled(path, np.zeros((7, 2)), summing) == pytest.approx(np.ones((4, 2)))


def test_a_level_begins_with_the_first_of_its_series():
    history = np.array([[np.nan, 1.0, 2.0], [np.nan, np.nan, 5.0], [1.0, 1.0, 1.0], [np.nan] * 3])
    above = aggregated(Panel(history, np.arange(4)), summing_matrix(SERIES, ["product"]))
    assert above.history[0].tolist() == [1.0, 2.0, 8.0]
    assert np.isnan(above.history[1, 0])
    assert above.history[1, 1:].tolist() == [1.0, 7.0]


@pytest.fixture(scope="module")
def noisy():
    """Parts in which a common season and trend drown, while the total shows them; one part is young."""
    draw = np.random.default_rng(16)
    time = np.arange(72)
    common = (50 + 0.5 * time) * (1 + 0.4 * np.sin(2 * np.pi * time / 12))
    values = common * draw.lognormal(0, 0.5, (24, 72))
    values[3, :60] = np.nan
    series = pd.DataFrame({"family": np.repeat(["x", "y"], 12), "market": np.tile(list("abc"), 8)})
    return Panel(values, np.arange(24)), summing_matrix(series, ["family", "market"])


def test_reconciled_forecasts_are_whole_and_err_no_more_in_the_backtest(noisy):
    panel, summing = noisy
    settings = ForecastSettings(family_benchmark="")
    options = {"horizon": 6, "season": 12}
    known = built_in_forecasters()
    before = panel_outlook(panel, panel, known, settings, **options)
    after = panel_outlook(panel, panel, known, settings, **options, summing=summing)
    assert after.forecast.shape == before.forecast.shape
    assert np.isfinite(after.forecast).all()
    assert (after.forecast >= 0).all()

    def error(outlook):
        total = np.nan_to_num(outlook.backtest.error).transpose(1, 0, 2).reshape(24, -1)
        return np.abs(summing @ total).sum()

    assert error(after) <= error(before)
    assert not np.allclose(after.forecast, before.forecast)
