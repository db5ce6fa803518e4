"""Who goes short, what waits, what finds no place and what expires; every plan found on paper."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.plans.plant import Plant, by_month


def lost(plan, market: str) -> float:
    rows = plan["shipment_plan"]
    return round(float(rows.loc[rows["market"] == market, "lost_qty"].sum()), 4)


def test_classes_are_served_in_their_order_and_markets_of_a_class_share():
    """200 of 400: the first class has its 100, and 150 and 150 share the other 100 by what they want."""
    plant = Plant(months=1, settings={"late_days_maximum": 0}).product("cola").line("cola", 10)
    for name, priority, wanted in (("key", 1, 100.0), ("shop", 2, 200.0), ("web", 2, 100.0)):
        plant.market(name, priority).demand("cola", [wanted], name)
    plan = plant.planned()
    short = [lost(plan, name) for name in ("key", "shop", "web")]
    assert short == pytest.approx([0, 400 / 3, 200 / 3], abs=1e-3)


@pytest.mark.parametrize(("days", "late", "gone"), [(0, [0, 0, 0], 100), (30, [100, 0, 0], 0)])
def test_what_cannot_be_made_in_time_is_late_where_it_may_wait_and_lost_where_not(days, late, gone):
    plant = Plant(settings={"late_days_maximum": days}).product("cola").market()
    plan = plant.demand("cola", [300, 50, 50]).line("cola", 10).planned()
    assert by_month(plan["shipment_plan"], "backlog_qty") == late
    assert lost(plan, "home") == gone


def test_nothing_waits_at_the_end_where_it_could_be_hidden():
    """What still waits at the end is charged as lost, and told as late."""
    plant = Plant(settings={"late_days_maximum": 90}).product("cola").market()
    plan = plant.demand("cola", [0, 0, 300]).line("cola", 10).planned()
    # 100 are made ahead, so that nothing waits
    assert by_month(plan["shipment_plan"], "backlog_qty") == [0, 0, 0]
    assert lost(plan, "home") == 0


@pytest.mark.parametrize(("price", "beyond"), [(0.01, [5, 0, 0]), (100.0, [0, 0, 0])])
def test_stock_without_a_place_is_paid_or_not_made(price, beyond):
    """The line stands in February: of the 100 wanted then 50 find one of the 5 places."""
    plant = Plant(settings={"late_days_maximum": 0, "one_stage": True}).product("cola").market()
    plant.demand("cola", [50, 100, 50]).line("cola", 10)
    plant.add("location", location="plant", storage_pallets=5.0, storage_price_per_pallet_day=price)
    plant.add("unit_conversion", product="cola", unit="pallet", qty_per_unit=10.0)
    plant.add("resource_calendar", resource="line", start_date=plant.periods[1], capacity_rate=0.0,
              end_date=plant.periods[2] - pd.Timedelta(days=1))  # fmt: skip
    plan = plant.planned()
    broken = plan["broken_limit"].query("constraint == 'storage'")
    assert broken["broken_by_qty"].sum() == pytest.approx(sum(beyond), abs=1e-3)
    assert lost(plan, "home") == (0 if beyond[0] else 50)


def test_old_stock_is_sold_until_it_expires_and_the_rest_is_scrapped():
    """Of 80 in stock 50 leave in January; 30 expire at its end and are made anew."""
    settings = {"late_days_maximum": 0, "holding_cost_rate_per_year": 0.1}  # so that nothing is made early
    plant = Plant(settings=settings).product("cola").market()
    plant.demand("cola", [50, 50, 50]).line("cola", 10)
    plant.add("stock_on_hand", product="cola", location="plant", on_hand_qty=80.0,
              snapshot_date="2025-12-31", expiry_date=plant.periods[1] - pd.Timedelta(days=1))  # fmt: skip
    plan = plant.planned()
    scrapped = plan["stock_movement"].query("movement == 'scrapped'")
    assert scrapped["moved_qty"].sum() == pytest.approx(-30)
    assert by_month(plan["supply_plan"], "planned_qty") == [50, 50]


def test_nothing_is_made_so_long_ahead_that_it_would_expire():
    """The line stands in February and March; what is made in January lives 25 days.

    Age counts from the end of one bucket to the end of another: it is gone by the end of February.
    """
    plant = Plant(settings={"late_days_maximum": 0}).product("cola", shelf_life_days=25).market()
    plant.demand("cola", [50, 50, 50]).line("cola", 10)
    plant.add("resource_calendar", resource="line", start_date=plant.periods[1], capacity_rate=0.0,
              end_date="2026-12-31")  # fmt: skip
    plan = plant.planned()
    assert by_month(plan["supply_plan"], "planned_qty") == [100]
    assert by_month(plan["shipment_plan"], "lost_qty") == [0, 0, 50]
