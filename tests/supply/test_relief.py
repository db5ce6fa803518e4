"""Reasons of shortages are tried by planning again without them."""

from __future__ import annotations

import pytest

from tests.plans.plant import Plant


def supplied(most: float, lead_days: int = 0) -> Plant:
    """Syrup is bought and sold, 60 a month are wanted."""
    plant = Plant(settings={"late_days_maximum": 0}).product("syrup", 2.0).market()
    return plant.demand("syrup", [60, 60, 60]).add(
        "purchase_term", product="syrup", supplier="maker", location="plant", price_per_unit=2.0,
        currency="EUR", lead_time_days=lead_days, capacity_qty_per_month=most * 365.25 / 360,
    )  # fmt: skip


def test_a_full_resource_is_confirmed_with_all_that_lifting_it_would_serve():
    plant = Plant(settings={"late_days_maximum": 0}).product("cola").market()
    plan = plant.demand("cola", [250, 250, 250]).line("cola", 10).planned()
    row = plan["shortage_reason"].iloc[0]
    assert (row["reason"], row["subject"], row["confirmed"]) == ("capacity", "line", "confirmed")
    assert row["short_qty"] == pytest.approx(150)
    assert row["relief_qty"] == pytest.approx(150)
    assert row["short_value"] == pytest.approx(1500)


def test_a_supplier_that_brings_too_little_is_confirmed():
    row = supplied(40).planned()["shortage_reason"].iloc[0]
    assert (row["reason"], row["subject"], row["confirmed"]) == ("supplier", "maker", "confirmed")
    assert row["relief_qty"] == pytest.approx(60)


def test_a_lead_time_is_confirmed_as_no_limit_lifted_helps():
    row = supplied(1000, lead_days=30).planned()["shortage_reason"].iloc[0]
    assert (row["reason"], row["confirmed"]) == ("lead time", "confirmed")
    assert row["relief_qty"] == pytest.approx(0, abs=1e-6)


def test_of_two_limits_that_bind_together_neither_alone_is_the_reason():
    plant = Plant(settings={"late_days_maximum": 0}).product("cola", 3.0).product("syrup", 2.0).market()
    plant.demand("cola", [60, 60, 60]).line("cola", 2.0)
    plant.add("bill_of_material", product="cola", recipe="main", component="syrup", qty_per_unit=1.0,
              valid_from="1900-01-01")  # fmt: skip
    plant.add("purchase_term", product="syrup", supplier="maker", location="plant", price_per_unit=2.0,
              currency="EUR", lead_time_days=0, capacity_qty_per_month=40 * 365.25 / 360)  # fmt: skip
    # 40 hours and 40 syrup a month: whichever is named, lifting it alone makes no cola more
    told = plant.planned()["shortage_reason"]
    assert told["short_qty"].sum() == pytest.approx(60)
    assert set(told["confirmed"]) == {"not confirmed"}
    assert told["relief_qty"].to_numpy() == pytest.approx(0, abs=1e-4)


def test_a_plan_without_shortage_tries_nothing():
    plan = Plant().product("cola").market().demand("cola", [10, 10, 10]).line("cola", 10).planned()
    assert plan["shortage_reason"].empty
