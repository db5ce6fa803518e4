"""What the plan of the last cycle says about the buckets of this one."""

from __future__ import annotations

import pandas as pd
import pytest

from sopwb.config.supply import SupplySettings
from sopwb.supply.buckets import buckets_of
from sopwb.supply.fence import fence_of, last_plan
from sopwb.supply.limits import Fixed
from tests.plans.plant import Plant, rows_of

KEYS = pd.DataFrame({"product": ["cola", "lime"], "location": "plant", "source": "main"})


def past(*rows) -> pd.DataFrame:
    told = {"option": "make", "location": "plant", "source": "main", "cycle": "2025-12-01"}
    return rows_of("past_supply_plan", [told | row for row in rows])


@pytest.fixture
def buckets():
    return buckets_of(Plant(months=3).tables()["period"])


@pytest.fixture
def earlier():
    """Months of 30 days that begin half a month before those of now: 60, 30 and 30 of cola."""
    quantities = {"2025-12-17": 60.0, "2026-01-16": 30.0, "2026-02-15": 30.0}
    return past(*({"product": "cola", "period": day, "planned_qty": qty} for day, qty in quantities.items()))


def test_buckets_of_then_are_shared_out_by_days(earlier, buckets):
    planned, known = last_plan(earlier, "make", KEYS, buckets)
    assert planned.tolist() == [pytest.approx([45, 30, 15]), [0, 0, 0]]
    # of the third month only the first half was planned
    assert known.tolist() == [0, 1]


def test_only_the_last_cycle_counts(earlier, buckets):
    older = earlier.assign(cycle=pd.Timestamp("2025-11-01"), planned_qty=9e9)
    assert last_plan(pd.concat([older, earlier]), "make", KEYS, buckets)[0].sum() == pytest.approx(90)


def test_near_decisions_are_frozen_and_later_ones_slushy(earlier, buckets):
    settings = SupplySettings(frozen_days=30, slushy_days=30, change_price_rate=0.5)
    cost = pd.Series({"cola": 4.0, "lime": 2.0})
    fence = fence_of(earlier, {"make": KEYS, "buy": KEYS}, cost, {}, buckets, settings)
    assert set(fence.frozen) == {"make"}
    assert fence.frozen["make"].place.tolist() == [0, 3]
    assert fence.frozen["make"].quantity.tolist() == pytest.approx([45, 0])
    assert fence.slushy["make"].place.tolist() == [1, 4]
    assert fence.price["make"].tolist() == [2.0, 1.0]
    names = fence.rows("slushy", {"make": KEYS}, buckets)
    assert names.price.tolist() == [2.0, 1.0, 2.0, 1.0]


def test_what_stands_anyway_is_no_matter_of_the_fence(earlier, buckets):
    standing = {"make": Fixed(KEYS.index.to_numpy()[:1], KEYS.index.to_numpy(float)[:1])}
    settings = SupplySettings(frozen_days=30)
    fence = fence_of(earlier, {"make": KEYS}, pd.Series({"cola": 1.0}), standing, buckets, settings)
    assert fence.frozen["make"].place.tolist() == [3]


def test_without_fence_days_or_without_a_past_there_is_no_fence(earlier, buckets):
    keys, cost = {"make": KEYS}, pd.Series({"cola": 1.0})
    assert not fence_of(earlier, keys, cost, {}, buckets, SupplySettings()).frozen
    assert not fence_of(past(), keys, cost, {}, buckets, SupplySettings(frozen_days=30)).frozen
