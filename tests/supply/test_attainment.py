"""What was made against earlier plans, on figures found by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from sopwb.supply.attainment import production_attainment
from tests.plans.plant import rows_of

AS_OF = pd.Timestamp("2026-02-28")


def told(planned, made, **routing):
    products = [
        {"product": name, "family": "drinks", "product_type": "finished"} for name in ("cola", "juice")
    ]
    costs = [
        {"product": "cola", "standard_cost_per_unit": 2.0},
        {"product": "juice", "standard_cost_per_unit": 1.0},
    ]
    past = [
        {"cycle": cycle, "option": "make", "product": name, "location": "plant", "source": "main",
         "period": period, "planned_qty": quantity}
        for cycle, name, period, quantity in planned
    ]  # fmt: skip
    history = [
        {"product": name, "location": "plant", "period": period, "made_qty": quantity}
        for name, period, quantity in made
    ]
    steps = [{"product": "cola", "location": "plant", "recipe": "main", "operation": 10, "resource": "line",
              **routing}]  # fmt: skip
    return production_attainment(
        rows_of("past_supply_plan", past), rows_of("production_history", history), rows_of("routing", steps),
        rows_of("product", products), rows_of("product_cost", costs), AS_OF,
    )  # fmt: skip


def test_attainment_weighs_the_mix_at_standard_cost():
    planned = [("2025-12-31", "cola", "2026-01-05", 60.0), ("2025-12-31", "cola", "2026-01-12", 40.0),
               ("2025-12-31", "juice", "2026-01-05", 100.0)]  # fmt: skip
    row = told(planned, [("cola", "2026-01-01", 50.0), ("juice", "2026-01-01", 150.0)]).iloc[0]
    # planned 100 x 2 + 100 x 1 = 300, made 100 + 150 = 250, kept 50 x 2 + 100 x 1 = 200
    assert (row["planned_value"], row["made_value"], row["kept_value"]) == (300.0, 250.0, 200.0)
    assert row["attainment_rate"] == pytest.approx(250 / 300)
    assert row["mix_adherence_rate"] == pytest.approx(200 / 300)
    assert row["lag"] == 1


def test_what_was_made_without_a_plan_counts_as_made_and_keeps_nothing():
    row = told([("2025-12-31", "cola", "2026-01-05", 10.0)], [("juice", "2026-01-01", 30.0)]).iloc[0]
    assert (row["made_qty"], row["kept_value"], row["mix_adherence_rate"]) == (30.0, 0.0, 0.0)


def test_months_that_have_not_closed_are_left_out_and_lags_are_counted_from_the_cycle():
    planned = [("2025-12-31", "cola", f"2026-0{month}-05", 10.0) for month in (1, 2, 3)]
    rows = told(planned, [("cola", "2026-01-01", 10.0), ("cola", "2026-02-01", 5.0)])
    assert list(rows["lag"]) == [1, 2]
    assert list(rows["attainment_rate"]) == [1.0, 0.5]


def test_of_what_was_started_the_good_share_counts():
    planned = [("2025-12-31", "cola", "2026-01-05", 100.0)]
    row = told(planned, [("cola", "2026-01-01", 90.0)], yield_rate=0.9).iloc[0]
    assert row["planned_qty"] == pytest.approx(90.0)
    assert row["attainment_rate"] == pytest.approx(1.0)


def test_without_an_archive_or_history_there_is_nothing_to_tell():
    assert told([], [("cola", "2026-01-01", 5.0)]).empty
    assert told([("2025-12-31", "cola", "2026-01-05", 10.0)], []).empty
