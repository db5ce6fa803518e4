import numpy as np
import pytest

from sopwb.demand.backtest import Backtest
from sopwb.demand.lift import Lift
from sopwb.demand.panel import Panel


def test_the_backtest_is_held_against_what_was_sold_with_its_surprises():
    sold = np.array([[10.0, 10.0, 80.0, 10.0]])
    judged = Panel(np.minimum(sold, 20.0), np.array([0]))
    effect = np.array([[1.0, 1.0, 1.0, 2.0]])
    path, actual = np.full((1, 1, 3), 10.0), np.array([[[20.0, 10.0, np.nan]]])
    raw = Backtest(path, path, path, actual, np.array([2]))
    raised = Lift(judged, effect, np.ones((1, 3)), sold=sold).on(raw)
    assert raised.actual[0, 0] == pytest.approx([80.0, 20.0, np.nan], nan_ok=True)
    assert Lift(judged, effect, np.ones((1, 3))).on(raw).actual[0, 0, 0] == 20.0
