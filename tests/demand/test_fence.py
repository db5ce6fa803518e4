"""The near horizon held to the last consensus or to orders; the far one left to the forecast."""

import numpy as np
import pandas as pd
import pytest

from sopwb.config.demand import FenceSettings
from sopwb.demand import stage
from sopwb.demand.fence import fence_quantity, held_by_fence
from tests.demand.conftest import AS_OF

PERIOD = pd.DataFrame({"period": pd.to_datetime(["2026-03-01", "2026-03-09", "2026-04-01", "2026-05-01"])})
NO_ORDERS = pd.DataFrame({"product": [], "market": [], "period": pd.to_datetime([]), "order_qty": []})


def plan(agreed=(10.0, 30.0, 50.0, 50.0), open_days=(8, 23, 30, 31)):
    return pd.DataFrame(
        {
            "product": "cola",
            "market": "shop",
            "period": PERIOD["period"],
            "fiscal_period": pd.to_datetime(["2026-03-01", "2026-03-01", "2026-04-01", "2026-05-01"]),
            "days": [8, 23, 30, 31],
            "open_days": open_days,
            "agreed_qty": agreed,
        }
    )


def said_then(**quantities):
    months = {"march": "2026-03-01", "april": "2026-04-01"}
    rows = [("cola", "shop", months[name], quantity) for name, quantity in quantities.items()]
    table = pd.DataFrame(rows, columns=["product", "market", "period", "consensus_qty"])
    return table.assign(
        period=pd.to_datetime(table["period"]), cycle=AS_OF - pd.offsets.MonthEnd(1), is_approved=True
    )


def fence_of(cells, past, orders=NO_ORDERS, **settings):
    return fence_quantity(cells, orders, past, PERIOD, FenceSettings(**settings), AS_OF).tolist()


def test_off_by_default():
    assert FenceSettings().hold_to == "nothing"
    assert np.isnan(fence_of(plan(), said_then(march=80.0))).all()


def test_the_last_consensus_is_shared_out_as_the_plan_has_its_month_now():
    found = fence_of(plan(), said_then(march=80.0, april=44.0), hold_to="consensus", buckets=3)
    assert found[:3] == pytest.approx([20.0, 60.0, 44.0])
    assert np.isnan(found[3])


def test_only_the_last_cycle_before_now_counts():
    older = said_then(march=999.0).assign(cycle=AS_OF - pd.offsets.MonthEnd(2))
    now = said_then(march=555.0).assign(cycle=AS_OF)
    past = pd.concat([older, said_then(march=80.0), now])
    assert fence_of(plan(), past, hold_to="consensus", buckets=2)[:2] == pytest.approx([20.0, 60.0])


def test_where_the_plan_is_nothing_days_share_and_what_is_not_sold_is_not_held():
    found = fence_of(plan(agreed=(0.0, 0.0, 1.0, 1.0)), said_then(march=31.0), hold_to="consensus", buckets=2)
    assert found[:2] == pytest.approx([8.0, 23.0])
    closed = fence_of(plan(open_days=(0, 23, 30, 31)), said_then(march=80.0), hold_to="consensus", buckets=2)
    assert np.isnan(closed[0])
    assert closed[1] == pytest.approx(60.0)


def test_a_cycle_that_was_not_approved_is_passed_over_unless_the_settings_say_otherwise():
    older = said_then(march=400.0).assign(cycle=AS_OF - pd.offsets.MonthEnd(2))
    past = pd.concat([older, said_then(march=80.0).assign(is_approved=False)])
    held = {"hold_to": "consensus", "buckets": 2}
    assert fence_of(plan(), past, **held)[:2] == pytest.approx([100.0, 300.0])
    assert fence_of(plan(), past, **held, approved_only=False)[:2] == pytest.approx([20.0, 60.0])
    assert np.isnan(fence_of(plan(), past.assign(is_approved=False), **held)).all()


def test_a_month_of_which_a_part_has_passed_is_held_by_the_days_that_are_left():
    rest = plan().iloc[1:]
    found = fence_quantity(
        rest,
        NO_ORDERS,
        said_then(march=62.0),
        PERIOD.iloc[1:],
        FenceSettings(hold_to="consensus", buckets=1),
        AS_OF,
    )
    assert found.iloc[0] == pytest.approx(62.0 * 23 / 31)


def test_held_to_orders_a_bucket_without_orders_is_nothing():
    orders = pd.DataFrame(
        {"product": ["cola"], "market": "shop", "period": PERIOD["period"].iloc[[1]], "order_qty": 12.0}
    )
    found = fence_of(plan(), said_then(), orders, hold_to="orders", buckets=2)
    assert found[:2] == [0.0, 12.0]
    assert np.isnan(found[2:]).all()


def test_a_rate_mixes_and_silence_leaves_what_is_agreed():
    mixed = held_by_fence(pd.Series([10.0, 20.0]), pd.Series([30.0, np.nan]), FenceSettings(hold_rate=0.25))
    assert mixed.tolist() == [15.0, 20.0]


# ---------------------------------------------------------------- through the stage
@pytest.mark.parametrize("rate", [1.0, 0.5])
def test_the_fence_is_a_stream_of_its_own_and_the_far_horizon_is_untouched(small, model, parts, schema, rate):
    tables = small({"cola": "drinks"}, {("cola", "shop"): [100.0] * 36})
    past = said_then(march=160.0, april=60.0)
    tables["past_demand_plan"] = past.assign(baseline_qty=1.0, automatic_qty=1.0, manual_qty=np.nan)
    fence = FenceSettings(hold_to="consensus", buckets=2, hold_rate=rate)
    made = {}
    for held in (False, True):
        demand = model.demand.model_copy(update={"fence": fence}) if held else model.demand
        chosen = model.model_copy(update={"demand": demand})
        made[held] = dict(tables)
        for door in (stage.portfolio, stage.demand_history, stage.statistical_forecast, stage.demand_record):
            made[held] |= {n: schema[n].shape(t) for n, t in door(made[held], chosen, parts).items()}
        made[held] |= {n: schema[n].shape(t) for n, t in stage.demand_plan(made[held], chosen, parts).items()}
    free, held = (made[key]["demand_plan"]["consensus_qty"] for key in (False, True))
    assert held[:2].tolist() == pytest.approx(
        [rate * 160 + (1 - rate) * free[0], rate * 60 + (1 - rate) * free[1]]
    )
    assert held[2:].tolist() == pytest.approx(free[2:].tolist())
    streams = made[True]["demand_stream"]
    told = streams[streams["stream"] == "fence"]
    assert told["stream_qty"].tolist() == pytest.approx([160.0, 60.0])
    assert told["weight_rate"].tolist() == [rate, rate]
    whole = streams.assign(part=streams["stream_qty"] * streams["weight_rate"]).groupby("period")
    assert whole["weight_rate"].sum().tolist() == pytest.approx([1.0] * 12)
    assert whole["part"].sum().tolist() == pytest.approx(held.tolist())
