"""The message of the demand review about orders and the fence."""

import pandas as pd
import pytest

from sopwb.report.sections.near_horizon import near_horizon
from tests.report import plan

PERIODS = pd.to_datetime(["2025-09-01", "2025-10-01", "2025-11-01"])


@pytest.fixture
def model():
    return plan.model()


@pytest.fixture
def tables():
    given = plan.empty_tables()
    given["demand_plan"] = pd.DataFrame(
        {
            "product": "cola",
            "market": "shop",
            "period": PERIODS,
            "automatic_qty": [100.0, 100.0, 100.0],
            "consensus_qty": [100.0, 130.0, 100.0],
            "order_qty": [40.0, 130.0, 0.0],
        }
    )
    given["order_consumption"] = pd.DataFrame(
        {
            "product": "cola",
            "market": "shop",
            "period": PERIODS[:2],
            "order_qty": [40.0, 130.0],
            "consumed_qty": [40.0, 100.0],
            "beyond_qty": [0.0, 30.0],
        }
    )
    return given


def test_orders_and_what_they_leave_are_told_by_bucket_and_in_sum(tables, model):
    told = near_horizon(tables, model)
    assert told.message.startswith("170 units are ordered, 73.9")
    assert "30.0 of them found no forecast" in told.message
    rows = told.table.frame.set_index("period")
    assert rows.loc["All", "consensus_qty"] == 230.0
    assert rows["forecast_qty"].tolist() == [100.0, 100.0, 200.0]
    assert rows["remaining_qty"].tolist() == [60.0, 0.0, 60.0]
    assert "fence_qty" not in rows


def test_the_fence_says_what_it_holds_to_and_by_how_much(tables, model):
    fence = model.demand.fence.model_copy(update={"hold_to": "consensus", "hold_rate": 0.5, "buckets": 2})
    held = model.model_copy(update={"demand": model.demand.model_copy(update={"fence": fence})})
    tables["order_consumption"] = tables["order_consumption"].iloc[:0]
    tables["demand_stream"] = pd.DataFrame(
        {
            "product": "cola",
            "market": "shop",
            "period": PERIODS[:2],
            "stream": "fence",
            "stream_qty": [100.0, 160.0],
            "weight_rate": 0.5,
        }
    )
    tables["past_demand_plan"] = pd.DataFrame(
        {"cycle": pd.to_datetime(["2025-06-30", "2025-07-31"]), "is_approved": [True, False]}
    )
    told = near_horizon(tables, held)
    assert told.message.startswith("The first 2 buckets are held by 50")
    assert told.message.endswith("to the consensus of the cycle of 2025-06-30, which was approved")
    last = fence.model_copy(update={"approved_only": False})
    held = model.model_copy(update={"demand": model.demand.model_copy(update={"fence": last})})
    assert near_horizon(tables, held).message.endswith("of 2025-07-31, which was not approved")
    assert told.table.frame["fence_qty"].tolist() == [100.0, 160.0, 260.0]


def test_a_fence_without_an_approved_cycle_says_that_it_holds_nothing(tables, model):
    fence = model.demand.fence.model_copy(update={"hold_to": "consensus"})
    held = model.model_copy(update={"demand": model.demand.model_copy(update={"fence": fence})})
    tables["order_consumption"] = tables["order_consumption"].iloc[:0]
    tables["past_demand_plan"] = pd.DataFrame({"cycle": [pd.Timestamp("2025-07-31")], "is_approved": [False]})
    told = near_horizon(tables, held)
    assert told.message == "The fence holds nothing, for there is no earlier approved cycle"
    assert told.table is None


def test_without_orders_or_fence_it_says_so(tables, model):
    tables["order_consumption"] = tables["order_consumption"].iloc[:0]
    assert near_horizon(tables, model).message == "No open order is known, and no fence holds the plan"
    tables["open_order"] = pd.DataFrame({"open_qty": [5.0, 6.0]})
    assert "Open orders of 11.0 units do not change the plan" in near_horizon(tables, model).message
