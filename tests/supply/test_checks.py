"""Every check of the supply plan holds on a true plan and fails on each way of spoiling it."""

from __future__ import annotations

import pandas as pd
import pytest

from sopwb.supply import checks
from tests.plans.plant import SCHEMA, Plant


@pytest.fixture(scope="module")
def plant() -> Plant:
    plant = Plant(settings={"late_days_maximum": 30}).product("cola").product("syrup", 2.0).market()
    plant.market("far", priority=2).demand("cola", [150, 150, 150]).demand("cola", [100, 100, 100], "far")
    plant.line("cola", 10, setup_hours_per_lot=5.0, lot_qty=50.0)
    plant.add("bill_of_material", product="cola", component="syrup", qty_per_unit=2.0, scrap_rate=0.2,
              valid_to=plant.periods[0] + pd.Timedelta(days=14))  # fmt: skip
    plant.add("purchase_term", product="syrup", supplier="maker", location="plant", price_per_unit=2.0,
              currency="EUR", lead_time_days=0)  # fmt: skip
    return plant


@pytest.fixture(scope="module")
def plan(plant):
    return plant.planned()


@pytest.mark.parametrize("name", checks.__all__)
def test_a_true_plan_passes(plan, plant, name):
    assert getattr(checks, name)(plan, plant.model()).empty


@pytest.mark.parametrize("name", checks.__all__)
def test_a_plan_of_nothing_passes(plant, name):
    nothing = {table: SCHEMA[table].empty() for table in SCHEMA}
    assert getattr(checks, name)(nothing, plant.model()).empty


TAMPERED = [
    ("demand_is_shipped_open_or_lost", "shipment_plan", "shipped_qty", ""),
    ("demand_is_shipped_open_or_lost", "shipment_plan", "backlog_qty", ""),
    ("demand_is_shipped_open_or_lost", "shipment_plan", "lost_qty", ""),
    ("demand_plan_is_planned", "shipment_plan", "demand_qty", ""),
    ("demand_plan_is_planned", "demand_plan", "consensus_qty", ""),
    ("shipments_leave_stock", "shipment_plan", "shipped_qty", ""),
    ("shipments_leave_stock", "stock_movement", "moved_qty", "movement == 'shipped'"),
    ("components_follow_the_bill_of_material", "stock_movement", "moved_qty", "movement == 'consumed'"),
    ("components_follow_the_bill_of_material", "supply_plan", "planned_qty", "option == 'make'"),
    ("components_follow_the_bill_of_material", "bill_of_material", "qty_per_unit", ""),
    ("hours_follow_the_routing", "capacity_use", "required_hours", ""),
    ("hours_follow_the_routing", "supply_plan", "planned_qty", "option == 'make'"),
    ("capacity_is_kept", "capacity_use", "required_hours", "utilisation_rate > 0.99"),
]


@pytest.mark.parametrize(("name", "table", "column", "which"), TAMPERED)
def test_a_plan_with_one_wrong_number_fails(plan, plant, name, table, column, which):
    rows = plan[table].copy()
    place = (rows.query(which) if which else rows).index[0]
    rows.loc[place, column] = rows.loc[place, column] * 1.001 + 0.01
    offenders = getattr(checks, name)({**plan, table: rows}, plant.model())
    assert len(offenders)
    assert "severity" not in offenders or (offenders["severity"] == "fail").any()


LEFT_OUT = [
    ("demand_plan_is_planned", "shipment_plan", ""),
    ("shipments_leave_stock", "stock_movement", "movement == 'shipped'"),
    ("components_follow_the_bill_of_material", "stock_movement", "movement == 'consumed'"),
    ("hours_follow_the_routing", "capacity_use", ""),
]


@pytest.mark.parametrize(("name", "table", "which"), LEFT_OUT)
def test_a_plan_with_a_row_left_out_fails(plan, plant, name, table, which):
    rows = plan[table]
    gone = (rows.query(which) if which else rows).index[0]
    assert len(getattr(checks, name)({**plan, table: rows.drop(index=gone)}, plant.model()))


def test_negative_shipments_that_add_up_fail(plan, plant):
    rows = plan["shipment_plan"].copy()
    rows.loc[0, "lost_qty"] += rows.loc[0, "shipped_qty"] + 5.0
    rows.loc[0, "shipped_qty"] = -5.0
    assert len(checks.demand_is_shipped_open_or_lost({**plan, "shipment_plan": rows}, plant.model())) == 1


def test_declared_overload_is_a_warning(plan, plant):
    rows = plan["capacity_use"].assign(overload_hours=[3.0, 0.0, 0.0])
    offenders = checks.capacity_is_kept({**plan, "capacity_use": rows}, plant.model())
    assert list(offenders["severity"]) == ["warn"]


@pytest.mark.parametrize("name", ["hours_follow_the_routing", "components_follow_the_bill_of_material"])
def test_an_option_of_the_customer_may_use_more_and_never_less(plan, plant, name):
    own = plan["supply_plan"].assign(option="hire").head(1)
    with_own = {**plan, "supply_plan": pd.concat([plan["supply_plan"], own], ignore_index=True)}
    hours, moved = plan["capacity_use"], plan["stock_movement"]
    consumed = moved["movement"] == "consumed"

    def used(factor: float) -> dict[str, pd.DataFrame]:
        more = moved.assign(moved_qty=moved["moved_qty"].where(~consumed, moved["moved_qty"] * factor))
        return {
            **with_own,
            "capacity_use": hours.assign(required_hours=hours["required_hours"] * factor),
            "stock_movement": more,
        }

    assert getattr(checks, name)(used(1.2), plant.model()).empty
    assert len(getattr(checks, name)(used(0.8), plant.model()))


def test_a_hard_limit_that_is_broken_fails_and_a_soft_one_does_not(plan, plant):
    told = {"subject": "line", "period": plant.periods[0], "broken_by_qty": 2.0, "unit": "hour"}
    rows = pd.DataFrame(
        [
            {"constraint": "overtime", "is_hard": True, **told},
            {"constraint": "storage", "is_hard": False, **told},
        ]
    )
    offenders = checks.hard_limits_are_kept({**plan, "broken_limit": rows}, plant.model())
    assert list(offenders["constraint"]) == ["overtime"]


def test_hours_of_set_ups_that_are_planned_one_by_one_are_counted(plant):
    single = Plant().product("cola").market().demand("cola", [50, 0, 50])
    single.line("cola", 10, setup_hours_per_lot=5.0)
    single.rows["resource"][0]["setup_rule"] = "each"
    plan = single.planned()
    assert checks.hours_follow_the_routing(plan, single.model()).empty
    assert plan["capacity_use"]["required_hours"].sum() > 100
    without = {**plan, "supply_decision": plan["supply_decision"].head(0)}
    assert len(checks.hours_follow_the_routing(without, single.model()))
