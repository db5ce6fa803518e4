"""The volume of a family is shared so that its products last to the same day."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.supply.mix import equal_run_out, mix_plan
from tests.plans.plant import Plant


def test_products_last_equally_long_after_the_share():
    """Stock for 1 and 3 months at 10 a month; 40 more make both last 4 months: 30 and 10."""
    quantity, months = equal_run_out(40.0, np.ones(2), np.array([10.0, 30.0]), np.full((2, 6), 10.0))
    assert quantity == pytest.approx([30.0, 10.0])
    assert months == pytest.approx(4.0)


def test_a_product_that_has_enough_gets_nothing():
    quantity, _ = equal_run_out(10.0, np.ones(2), np.array([0.0, 90.0]), np.full((2, 3), 10.0))
    assert quantity == pytest.approx([10.0, 0.0])


def test_what_does_not_fill_what_is_missing_is_shared_by_what_is_missing():
    quantity, months = equal_run_out(6.0, np.ones(2), np.array([-10.0, -20.0]), np.full((2, 3), 5.0))
    assert quantity == pytest.approx([2.0, 4.0])
    assert months == 0.0


def test_a_volume_beyond_the_horizon_goes_on_at_the_mean_pace():
    quantity, months = equal_run_out(100.0, np.ones(1), np.zeros(1), np.array([[10.0, 30.0]]))
    assert quantity == pytest.approx([100.0])
    assert months == pytest.approx(2 + 60 / 20)


def test_where_nothing_is_made_or_wanted_there_is_no_run_out():
    for volume, pace in ((0.0, 5.0), (9.0, 0.0)):
        quantity, months = equal_run_out(volume, np.ones(2), np.zeros(2), np.full((2, 2), pace))
        assert not quantity.any()
        assert np.isnan(months)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.01, 1e5),
    st.lists(
        st.tuples(st.floats(0.1, 50), st.floats(-1e3, 1e4), st.floats(0, 1e3), st.floats(0.1, 1e3)),
        min_size=1, max_size=6,
    ),
)  # fmt: skip
def test_parts_add_up_to_the_volume_and_none_lasts_longer_than_another(volume, products):
    worth, stock, first, later = (np.array(column) for column in zip(*products, strict=True))
    ahead = np.column_stack([first, later, later])
    quantity, months = equal_run_out(volume, worth, stock, ahead)
    assert worth @ quantity == pytest.approx(volume, rel=1e-9)
    assert (quantity >= 0).all()
    if months > 0:
        until = ahead.cumsum(axis=1)
        pace = ahead.mean(axis=1)
        ends = np.column_stack([np.zeros(len(stock)), until])
        need = np.array(
            [
                np.interp(months, range(4), row) + max(months - 3, 0.0) * step
                for row, step in zip(ends, pace, strict=True)
            ]
        )
        gets = quantity > 1e-6 * max(1.0, float(np.abs(stock).max()))
        assert (stock + quantity)[gets] == pytest.approx(need[gets], rel=1e-6, abs=1e-4)


def two_packs() -> Plant:
    """A family of a small and a large pack on one line that is full; 10 and 5 wanted a month."""
    plant = Plant(settings={"late_days_maximum": 0})
    plant.product("small", cost=1.0, family="cola").product("large", cost=2.0, family="cola").market()
    plant.demand("small", [10, 10, 10]).demand("large", [5, 5, 5]).line("small", 10)
    plant.add("routing", product="large", location="plant", operation=10, resource="line",
              run_hours_per_unit=2.0)  # fmt: skip
    return plant


def test_both_levels_of_a_plan_are_the_same_money():
    plan = two_packs().planned()
    told = mix_plan(plan)
    made = plan["stock_movement"].query("movement == 'made'")
    assert told["planned_qty"].sum() == pytest.approx(made["moved_qty"].sum(), rel=1e-9)
    by_family = told.groupby(["family", "period"])[["planned_value", "run_out_value", "gap_value"]].sum()
    assert by_family["planned_value"].to_numpy() == pytest.approx(
        by_family["run_out_value"].to_numpy(), abs=1e-6
    )
    assert by_family["gap_value"].abs().max() < 1e-6
    # all that is made is wanted in its month, so that every product gets just its own
    assert told["gap_value"].abs().max() < 1e-6


def test_a_lot_of_one_product_is_a_gap_against_the_other():
    """The large pack is made for three months at once: 15 in the first, where its part is 10."""
    plan = two_packs().planned()
    moved = plan["stock_movement"]
    large = moved["product"].eq("large") & moved["movement"].eq("made")
    first = moved["period"].eq(moved["period"].min())
    moved.loc[large & first, "moved_qty"] = 15.0
    told = mix_plan({**plan, "stock_movement": moved[~(large & ~first)]}).set_index(["product", "period"])
    start = pd.Timestamp("2026-01-01")
    # 10 + 2 * 15 are shared among 10 small and 5 large a month, which are 20 a month: both last two months
    assert told.loc[("small", start), "run_out_qty"] == pytest.approx(20.0)
    assert told.loc[("large", start), "run_out_qty"] == pytest.approx(10.0)
    assert told.loc[("large", start), "gap_value"] == pytest.approx(10.0)
    assert told.loc[("small", start), "gap_value"] == pytest.approx(-10.0)
    assert told.loc[("large", start), "run_out_date"] == start + pd.Timedelta(days=60)


def test_a_plan_that_makes_nothing_has_no_mix():
    plan = Plant().product("cola").market().demand("cola", [1, 1, 1]).planned()
    assert mix_plan(plan).empty
