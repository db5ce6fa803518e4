"""A shortage is shared: sums tie, nobody gets less than nothing, better classes and fair shares first."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sopwb.supply.allocate import shipment_plan
from sopwb.supply.data import plan_data
from tests.plans.plant import Plant, all_parts

MARKETS = {"best": 1, "good": 1, "last": 2}
quantities = st.lists(st.integers(0, 1000), min_size=9, max_size=9)


def allocated(demand: np.ndarray, kept: list[float], served: list[float]) -> pd.DataFrame:
    """Shipments of three markets in three months.

    ``kept`` is the share of each class that is not lost, ``served`` what of that is sent each month.
    """
    plant = Plant().product("cola")
    for (name, priority), row in zip(MARKETS.items(), demand, strict=True):
        plant.market(name, priority).demand("cola", list(row), name)
    tables = plant.tables()
    data = plan_data(tables, plant.model(), all_parts())
    wanted = data.demand.class_demand.reshape(-1, 3)
    lost = wanted * (1 - np.array(kept)[: len(wanted), None])
    late, before = np.zeros((len(data.network.streams), 3)), 0.0
    for month in range(3 if len(late) else 0):
        before = (before + (wanted - lost)[:, month].sum()) * (1 - served[month])
        late[0, month] = before
    rows = shipment_plan(tables, data, late, lost)
    assert np.allclose(rows["lost_qty"].sum(), lost.sum())
    assert np.allclose(rows.groupby("period")["backlog_qty"].sum(), late.sum(axis=0))
    return rows


@settings(max_examples=12, phases=[Phase.explicit, Phase.generate])
@given(
    quantities,
    st.lists(st.sampled_from([0.0, 0.25, 0.6, 1.0]), min_size=2, max_size=2),
    st.lists(st.sampled_from([0.0, 0.25, 0.6, 1.0]), min_size=3, max_size=3),
)
def test_sums_tie_and_nothing_is_below_nothing(demand, kept, served):
    rows = allocated(np.array(demand).reshape(3, 3), kept, served)
    numbers = rows[["shipped_qty", "backlog_qty", "lost_qty"]]
    assert (numbers >= -1e-9).all(axis=None)
    before = rows.groupby("market")["backlog_qty"].shift(fill_value=0.0)
    assert np.allclose(rows["demand_qty"] + before, numbers.sum(axis=1))


def test_the_last_class_waits_first_and_markets_of_a_class_share():
    rows = allocated(np.array([[60, 0, 0], [20, 0, 0], [40, 0, 0]]), [1.0, 1.0], [0.5, 1.0, 1.0])
    first = rows[rows["period"] == rows["period"].min()].set_index("market")
    assert first["backlog_qty"].round(6).to_dict() == {"best": 15, "good": 5, "last": 40}
    assert first["shipped_qty"].round(6).to_dict() == {"best": 45, "good": 15, "last": 0}
