import numpy as np
import pandas as pd
import pytest

from sopwb.config.demand import FenceSettings
from sopwb.demand.activity_plan import distance_squares
from sopwb.demand.answers import NORMAL_80
from sopwb.demand.consensus import ALL_STREAMS
from sopwb.demand.manual import STREAMS
from sopwb.demand.plan import agreed_forecast, automatic_plan, demand_plan

PERIODS = pd.to_datetime(["2026-03-01", "2026-04-01"])


def cells(open_days=(31, 30)):
    return pd.DataFrame(
        {
            "product": "cola",
            "market": "fi",
            "period": PERIODS,
            "baseline_qty": 100.0,
            "calendar_qty": 0.0,
            "lower_qty": 70.0,
            "upper_qty": 140.0,
            "family": "soft",
            "open_days": open_days,
            "is_forecast": True,
        }
    )


def effect(full=0.0, lower=0.0, upper=0.0, rate=1.0):
    return pd.DataFrame(
        {
            "activity": ["summer"],
            "product": ["cola"],
            "market": ["fi"],
            "period": PERIODS[:1],
            "full_qty": [full],
            "full_lower_qty": [lower],
            "full_upper_qty": [upper],
            "inclusion_rate": [rate],
            "effect_qty": [full * rate],
        }
    )


NO_ORDERS = pd.DataFrame({name: [] for name in ("product", "market", "period", "order_qty", "demand_qty")})


def planned(plan):
    silent = pd.DataFrame(np.nan, index=plan.index, columns=list(STREAMS))
    weights = pd.DataFrame(1.0, index=pd.Index(["soft"]), columns=list(ALL_STREAMS))
    fence = pd.Series(np.nan, index=plan.index)
    agreed, _ = agreed_forecast(plan, silent, weights, lambda _: fence, FenceSettings())
    return demand_plan(agreed, NO_ORDERS, pd.Series(2.0, index=plan.index))


def test_what_an_activity_may_miss_widens_the_interval_by_squares():
    table = planned(automatic_plan(cells(), effect(full=0.0, lower=-40.0, upper=30.0)))
    assert table["consensus_qty"].tolist() == [100, 100]
    assert table["lower_qty"].tolist() == pytest.approx([100 - 50.0, 70.0])
    assert table["upper_qty"].tolist() == pytest.approx([100 + 50.0, 140.0])


def test_nothing_is_uncertain_where_nothing_is_on_sale():
    table = planned(automatic_plan(cells(open_days=(0, 30)), effect(lower=-40.0, upper=30.0)))
    assert table.loc[0, ["lower_qty", "upper_qty"]].tolist() == [100, 100]


def test_an_activity_planned_by_its_probability_may_take_place_or_not():
    squares = distance_squares(effect(full=100.0, lower=100.0, upper=100.0, rate=0.2))
    assert squares["up_square"].tolist() == pytest.approx([(NORMAL_80 * 40.0) ** 2])
    assert squares["down_square"].tolist() == squares["up_square"].tolist()


def test_an_activity_left_out_widens_nothing():
    squares = distance_squares(effect(full=100.0, lower=50.0, upper=200.0, rate=0.0))
    assert squares["up_square"].tolist() == [0.0]
