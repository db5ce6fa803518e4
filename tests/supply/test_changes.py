"""Decision differences between two plans, by money."""

from __future__ import annotations

import pandas as pd
import pytest

from sopwb.supply.changes import last_cycle, plan_change
from tests.plans.plant import Plant, rows_of

MONTHS = Plant(months=3).periods


def plan_of(*rows):
    return pd.DataFrame(
        [
            {"option": "make", "product": product, "location": "plant", "source": source,
             "period": MONTHS[month], "planned_qty": float(quantity)}
            for product, source, month, quantity in rows
        ],
        columns=["option", "product", "location", "source", "period", "planned_qty"],
    )  # fmt: skip


def changes(plan, reference):
    costs = [
        {"product": "cola", "standard_cost_per_unit": 2.0},
        {"product": "juice", "standard_cost_per_unit": 5.0},
    ]
    tables = Plant(months=3).tables()
    return plan_change(plan, reference, "other", tables["period"], rows_of("product_cost", costs))


def test_changes_are_ranked_by_money():
    found = changes(
        plan_of(("cola", "main", 0, 130), ("juice", "main", 0, 10), ("cola", "main", 2, 50)),
        plan_of(("cola", "main", 0, 100), ("juice", "main", 0, 50), ("cola", "main", 2, 50)),
    )
    assert list(found["product"]) == ["juice", "cola"]
    assert list(found["change_value"]) == [-200.0, 60.0]
    assert list(found["change"]) == ["less", "more"]
    assert list(found["place"]) == [1, 2]


def test_what_comes_from_elsewhere_or_in_another_month_is_told_as_such():
    found = changes(
        plan_of(("cola", "second", 0, 100), ("juice", "main", 0, 50), ("juice", "main", 2, 1)),
        plan_of(("cola", "main", 0, 100), ("juice", "main", 1, 50), ("juice", "main", 2, 1)),
    )
    assert set(found.loc[found["product"] == "cola", "change"]) == {"other source"}
    assert set(found.loc[found["product"] == "juice", "change"]) == {"earlier"}


def test_equal_plans_have_no_changes_and_noise_is_none():
    same = plan_of(("cola", "main", 0, 100), ("cola", "main", 1, 1e6))
    noisy = plan_of(("cola", "main", 0, 100 + 1e-7), ("cola", "main", 1, 1e6))
    assert changes(same, same).empty
    assert changes(noisy, same).empty


def test_only_months_that_both_plans_speak_of_are_compared():
    found = changes(
        plan_of(("cola", "main", 0, 100), ("cola", "main", 2, 70)), plan_of(("cola", "main", 0, 100))
    )
    assert found.empty


def test_the_last_cycle_is_the_latest_before_the_as_of_date():
    past = pd.concat(
        [plan_of(("cola", "main", 0, n)).assign(cycle=pd.Timestamp(day))
         for n, day in ((1, "2025-11-30"), (2, "2025-12-31"), (3, "2026-01-31"))],
        ignore_index=True,
    )  # fmt: skip
    assert list(last_cycle(past, pd.Timestamp("2026-01-31"))["planned_qty"]) == [2.0]
    assert last_cycle(past.iloc[:0], pd.Timestamp("2026-01-31")).empty


def test_a_plan_held_against_itself_has_no_phantom_changes():
    plan = Plant().product("cola").market().demand("cola", [100, 150, 250]).line("cola", 10).planned()
    found = plan_change(
        plan["supply_plan"], plan["supply_plan"], "itself", plan["period"], plan["product_cost"]
    )
    assert found.empty
    assert plan["supply_plan"]["planned_qty"].sum() == pytest.approx(500)
