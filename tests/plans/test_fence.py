"""Plans that are held to the plan of the last cycle, found on paper."""

from __future__ import annotations

import pytest

from tests.plans.plant import Plant, by_month


def plant(rules=None, **settings) -> Plant:
    """Cola of which the last cycle planned 80, 80 and 80, and of which 100 a month are wanted now."""
    made = Plant(settings={"late_days_maximum": 0, **settings}, rules=rules or {}).product("cola").market()
    made.demand("cola", [100, 100, 100]).line("cola", 10)
    for period in made.periods:
        made.add("past_supply_plan", cycle="2025-12-01", option="make", product="cola", location="plant",
                 source="main", period=period, planned_qty=80.0)  # fmt: skip
    made.rows["routing"][0]["recipe"] = "main"
    return made


def test_frozen_days_stay_as_they_were_planned_and_what_that_costs_is_told():
    plan = plant(frozen_days=30).planned()
    assert by_month(plan["supply_plan"], "planned_qty") == [80, 100, 100]
    assert by_month(plan["shipment_plan"], "lost_qty") == [20, 0, 0]
    price = plan["constraint_price"].query("constraint == 'frozen_fence'")
    # one more in the frozen month sells for 10 and costs 1
    assert price["price_per_unit"].tolist() == pytest.approx([9], rel=1e-6)
    assert price["subject"].tolist() == ["make cola at plant: main"]


@pytest.mark.parametrize(("rate", "made"), [(0.1, 200), (20.0, 80)])
def test_a_slushy_decision_changes_where_the_change_is_worth_its_price(rate, made):
    """A unit more earns 9 of contribution, and service comes first only where the order is lexicographic."""
    plan = plant(frozen_days=0, slushy_days=60, change_price_rate=rate, one_stage=True, priority_factor=1.0)
    plan.rows["demand_plan"][0]["consensus_qty"] = 200.0
    told = plan.planned()
    assert by_month(told["supply_plan"], "planned_qty")[0] == made
    changed = told["broken_limit"].query("constraint == 'slushy_fence'")
    assert changed.empty == (made == 80)


def test_a_fence_that_is_switched_off_holds_nothing():
    plan = plant(rules={"frozen_fence": {"mode": "off"}}, frozen_days=90).planned()
    assert by_month(plan["supply_plan"], "planned_qty") == [100, 100, 100]
