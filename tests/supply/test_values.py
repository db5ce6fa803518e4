"""Prices of limits: confirmed at held service, and what a unit more really buys."""

from __future__ import annotations

import pytest

from sopwb.supply import session
from tests.plans.plant import Plant


def two_products(first: dict[str, float], second: dict[str, float]) -> Plant:
    """Two products on one line of 100 hours a month, each wanted 100 times; an hour makes one."""
    plant = Plant(months=1, settings={"late_days_maximum": 0})
    plant.market().add("resource", resource="line", location="plant", hours_per_day=5.0)
    for name, told in (("scarce", first), ("rich", second)):
        plant.product(name, 1.0).demand(name, [100.0], price=told["price"])
        plant.add(
            "routing", product=name, location="plant", operation=10, resource="line", run_hours_per_unit=1
        )
        plant.add("recipe", product=name, location="plant", recipe="main", cost_per_unit=told["cost"])
    return plant


@pytest.mark.parametrize(
    ("first", "second", "held", "truth"),
    [
        # at held service the hour makes 3 of the rich one, with 2 of the scarce one given up: 3 x 6 - 2 x 5
        # = 8; with service made best anew it makes one of the rich one more: 6
        ({"price": 12, "cost": 7}, {"price": 8, "cost": 2}, 8.0, 6.0),
        # 30 + (30 - 20) * 40 / (60 - 40) = 50
        ({"price": 60, "cost": 40}, {"price": 40, "cost": 10}, 50.0, 30.0),
    ],
)
def test_an_hour_is_worth_more_at_held_service_than_it_really_buys(first, second, held, truth):
    plan = two_products(first, second).planned()
    hour = plan["constraint_value"].query("constraint == 'capacity'").iloc[0]
    assert hour["price_per_unit"] == pytest.approx(held, rel=1e-3)
    assert hour["held_price_per_unit"] == pytest.approx(held, rel=1e-2)
    assert hour["confirmed"] == "confirmed"
    assert hour["bought_contribution_value"] == pytest.approx(truth, rel=1e-3)
    # the hour serves one unit of the rich product more, of 200 that are wanted
    assert hour["bought_service_qty"] == pytest.approx(1.0, rel=1e-3)
    assert hour["bought_service_rate"] == pytest.approx(1 / 200, rel=1e-3)
    assert hour["bought_service_value"] == pytest.approx(second["price"], rel=1e-3)


def test_the_range_ends_where_another_limit_takes_over():
    plant = Plant(months=1, settings={"late_days_maximum": 0}).product("cola").market()
    plan = plant.demand("cola", [150.0]).line("cola", 5.0).planned()
    hour = plan["constraint_value"].iloc[0]
    assert (hour["constraint"], hour["subject"], hour["place"]) == ("capacity", "line", 1)
    assert hour["limit_qty"] == 100
    # up to the whole demand an hour brings 10 of revenue for 1 of cost; with less there is no held service
    assert hour["price_per_unit"] == pytest.approx(9.0, rel=1e-3)
    assert hour["hundredth_value"] == pytest.approx(9.0, rel=1e-3), "a hundredth of 100 hours"
    priced = plan["constraint_price"].query("constraint == 'capacity'").iloc[0]
    assert priced["hundredth_value"] == pytest.approx(9.0, rel=1e-3)
    assert hour["lower_qty"] == pytest.approx(100.0, abs=0.1)
    assert hour["upper_qty"] == pytest.approx(150.0, rel=1e-3)
    assert 0 < hour["step_qty"] < 50


def test_a_supplier_s_limit_is_priced_through_its_bound():
    plant = Plant(months=1, settings={"late_days_maximum": 0}).product("syrup", 2.0).market()
    plant.demand("syrup", [60.0]).add(
        "purchase_term", product="syrup", supplier="maker", location="plant", price_per_unit=2.0,
        currency="EUR", lead_time_days=0, capacity_qty_per_month=40 * 365.25 / 360,
    )  # fmt: skip
    limit = plant.planned()["constraint_value"].iloc[0]
    assert limit["constraint"] == "supplier_limit"
    assert limit["limit_qty"] == pytest.approx(40.0)
    assert limit["held_price_per_unit"] == pytest.approx(8.0, rel=1e-3)
    assert limit["confirmed"] == "confirmed"
    assert limit["upper_qty"] == pytest.approx(60.0, rel=1e-3)
    assert limit["bought_service_qty"] == pytest.approx(1.0, rel=1e-3)


def test_without_scarcity_nothing_is_worth_anything():
    plan = Plant().product("cola").market().demand("cola", [10.0, 10.0, 10.0]).line("cola", 10).planned()
    assert plan["constraint_value"].empty


def test_no_more_limits_are_confirmed_than_asked_for():
    plant = two_products({"price": 12, "cost": 7}, {"price": 8, "cost": 2})
    plant.settings["confirmed_limits"] = 0
    assert plant.planned()["constraint_value"].empty


def test_places_follow_the_money():
    plant = Plant(months=2, settings={"late_days_maximum": 0}).product("cola").market()
    plant.demand("cola", [150.0, 150.0]).line("cola", 5.0)
    plant.product("syrup", 2.0).demand("syrup", [600.0, 600.0], price=100.0)
    plant.add("purchase_term", product="syrup", supplier="maker", location="plant", price_per_unit=2.0,
              currency="EUR", lead_time_days=0, capacity_qty_per_month=400.0)  # fmt: skip
    told = plant.planned()["constraint_value"].sort_values("place")
    assert list(told["constraint"])[:2] == ["supplier_limit", "capacity"]
    money = told["held_price_per_unit"] * told["limit_qty"]
    assert money.is_monotonic_decreasing


def test_whole_decisions_are_kept_and_not_searched_again(monkeypatch):
    searched, search = [], session.whole_decisions
    monkeypatch.setattr(session, "whole_decisions", lambda *given: searched.append(1) or search(*given))
    plant = Plant(months=1, settings={"late_days_maximum": 0}).product("syrup", 2.0).market()
    plant.demand("syrup", [60.0]).add(
        "purchase_term", product="syrup", supplier="maker", location="plant", price_per_unit=2.0,
        currency="EUR", lead_time_days=0, capacity_qty_per_month=40 * 365.25 / 360, order_cost_value=5.0,
    )  # fmt: skip
    plan = plant.planned()
    assert plan["supply_decision"]["decided_count"].sum() == pytest.approx(1.0)
    assert len(searched) == 1
    limit = plan["constraint_value"].query("constraint == 'supplier_limit'").iloc[0]
    assert limit["held_price_per_unit"] == pytest.approx(8.0, rel=1e-3)
    assert limit["confirmed"] == "confirmed"
