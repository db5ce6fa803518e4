"""Open orders eat the forecast: nothing counts twice, nothing is lost."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sopwb.config.demand import OrderSettings
from sopwb.config.model import Model
from sopwb.demand import stage
from sopwb.demand.order_consumption import consumed, order_consumption, ordered_qty

WEEKS = np.arange(5) * 7.0
AS_OF = pd.Timestamp("2026-02-28")
quantities = st.lists(st.floats(0, 1000, allow_subnormal=False), min_size=5, max_size=5)


def demand_of(forecast, orders, back_days, forward_days):
    eaten, beyond = consumed(
        np.array([forecast]), np.array([orders]), WEEKS, back_days=back_days, forward_days=forward_days
    )
    return eaten[0], beyond[0], np.array(forecast) - eaten[0] + np.array(orders)


@given(quantities, quantities, st.integers(0, 40), st.integers(0, 40))
def test_nothing_is_negative_and_all_that_is_ordered_is_eaten_or_beyond(forecast, orders, back, forward):
    eaten, beyond, demand = demand_of(forecast, orders, back, forward)
    assert (eaten >= 0).all()
    assert (eaten <= np.array(forecast) + 1e-9).all()
    assert (beyond >= 0).all()
    assert (beyond <= np.array(orders) + 1e-9).all()
    assert (demand >= np.array(orders) - 1e-9).all()
    assert eaten.sum() + beyond.sum() == pytest.approx(sum(orders), abs=1e-6)
    assert demand.sum() == pytest.approx(sum(forecast) + beyond.sum(), abs=1e-6)
    most = np.maximum(forecast, orders).sum()
    assert max(sum(forecast), sum(orders)) - 1e-6 <= demand.sum() <= most + 1e-6


@given(quantities, quantities)
def test_a_window_over_everything_leaves_the_larger_of_both_sums(forecast, orders):
    demand = demand_of(forecast, orders, 366, 366)[2]
    assert demand.sum() == pytest.approx(max(sum(forecast), sum(orders)), abs=1e-6)


@given(quantities, quantities)
def test_without_a_window_each_bucket_has_the_larger_of_both(forecast, orders):
    demand = demand_of(forecast, orders, 0, 0)[2]
    assert demand == pytest.approx(np.maximum(forecast, orders), abs=1e-9)


def test_orders_eat_their_own_bucket_first_then_back_then_forward():
    eaten, beyond, demand = demand_of([10, 10, 10, 10, 10], [0, 0, 25, 12, 0], 7, 7)
    # week 3 eats 10 of its own and 10 of the week before; the week after is eaten by its own orders
    assert eaten.tolist() == [0, 10, 10, 10, 2]
    assert beyond.tolist() == [0, 0, 5, 0, 0]
    assert demand.tolist() == [10, 0, 25, 12, 8]


@pytest.fixture
def period():
    return pd.DataFrame(
        {
            "period": pd.to_datetime(["2026-03-01", "2026-03-09", "2026-04-01"]),
            "end_date": pd.to_datetime(["2026-03-08", "2026-03-31", "2026-04-30"]),
        }
    )


def orders_due(**days):
    rows = [("cola", "shop", day, quantity) for day, quantity in days.values()]
    frame = pd.DataFrame(rows, columns=["product", "market", "due_date", "open_qty"])
    return frame.assign(due_date=pd.to_datetime(frame["due_date"]))


def test_orders_are_dated_by_their_due_day_and_what_is_overdue_is_due_now(period):
    given_orders = orders_due(
        late=("2026-02-20", 3.0), first=("2026-03-08", 4.0), edge=("2026-03-09", 5.0), far=("2026-07-01", 9.0)
    )
    dated = ordered_qty(given_orders, period, OrderSettings(), AS_OF)
    assert dated.set_index("period")["order_qty"].tolist() == [7.0, 5.0]
    left_out = ordered_qty(given_orders, period, OrderSettings(overdue="leave_out"), AS_OF)
    assert left_out["order_qty"].tolist() == [4.0, 5.0]


def test_the_table_has_every_bucket_that_orders_touch_and_adds_up(period):
    plan = pd.DataFrame(
        {"product": "cola", "market": "shop", "period": period["period"], "forecast_qty": [10.0, 10.0, 10.0]}
    )
    orders = ordered_qty(orders_due(big=("2026-03-10", 18.0)), period, OrderSettings(), AS_OF)
    table = order_consumption(plan, orders, period, OrderSettings(back_days=14, forward_days=0))
    assert table["order_qty"].tolist() == [0.0, 18.0]
    assert table["consumed_qty"].tolist() == [8.0, 10.0]
    assert table["remaining_qty"].tolist() == [2.0, 0.0]
    assert table["demand_qty"].tolist() == [2.0, 18.0]


# ---------------------------------------------------------------- through the stage
def planned(small, model, parts, schema, orders, **settings):
    sales = {("cola", "shop"): [100.0] * 36}
    tables = small({"cola": "drinks", "tea": "leaves"}, sales)
    tables["open_order"] = orders.assign(
        snapshot_date=AS_OF, order_line=[f"L{n}" for n in range(len(orders))]
    )
    demand = model.demand.model_copy(update={"orders": OrderSettings(**settings)})
    chosen: Model = model.model_copy(update={"demand": demand})
    made = dict(tables)
    for door in (stage.portfolio, stage.demand_history, stage.statistical_forecast, stage.demand_plan):
        made |= {name: schema[name].shape(table) for name, table in door(made, chosen, parts).items()}
    return made


def test_orders_are_in_the_plan_once_and_only_when_asked_for(small, model, parts, schema):
    new = pd.DataFrame(
        {"product": ["tea"], "market": "shop", "due_date": pd.Timestamp("2026-05-04"), "open_qty": 30.0}
    )
    orders = pd.concat([orders_due(a=("2026-03-10", 60.0), b=("2026-04-10", 350.0)), new])
    off = planned(small, model, parts, schema, orders)
    assert off["order_consumption"].empty
    assert not off["demand_plan"]["order_qty"].any()
    on = planned(small, model, parts, schema, orders, consume=True, back_days=31, forward_days=31)
    before = off["demand_plan"].set_index(["product", "period"])["consensus_qty"]
    plan = on["demand_plan"].set_index(["product", "period"])
    cola = plan.loc["cola"]
    assert cola.loc["2026-03-01":"2026-05-01", "order_qty"].tolist() == [60.0, 350.0, 0.0]
    # March keeps its 60 ordered, April has its 350; they eat all of March, April and May
    assert cola.loc["2026-03-01":"2026-05-01", "consensus_qty"].tolist() == pytest.approx(
        [60.0, 350.0, 0.0], abs=1e-6
    )
    beyond = 410.0 - before.loc["cola"].loc["2026-03-01":"2026-05-01"].sum()
    assert on["order_consumption"]["beyond_qty"].sum() == pytest.approx(beyond + 30.0)
    assert plan.loc[("tea", "2026-05-01"), "consensus_qty"] == 30.0
    added = plan["near_horizon_qty"]
    assert added.tolist() == pytest.approx(
        (plan["consensus_qty"] - before.reindex(added.index, fill_value=0)).tolist()
    )
    table = on["order_consumption"]
    joined = table.merge(on["demand_plan"], on=["product", "market", "period"], suffixes=("", "_plan"))
    assert joined["demand_qty"].tolist() == pytest.approx(joined["consensus_qty"].tolist())
    assert (table["remaining_qty"] + table["order_qty"]).tolist() == pytest.approx(
        table["demand_qty"].tolist()
    )


def test_small_orders_change_no_total(small, model, parts, schema):
    orders = orders_due(a=("2026-03-10", 60.0), b=("2026-04-10", 30.0), late=("2026-02-10", 5.0))
    off = planned(small, model, parts, schema, orders)["demand_plan"]
    on = planned(small, model, parts, schema, orders, consume=True)["demand_plan"]
    assert on["consensus_qty"].tolist() == pytest.approx(off["consensus_qty"].tolist())
    assert on["order_qty"].tolist()[:2] == [65.0, 30.0]
