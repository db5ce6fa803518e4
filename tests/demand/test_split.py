import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sopwb.demand.split import split_change, split_quantity, split_weights

WEIGHTS = st.lists(st.floats(0, 1e9), min_size=1, max_size=40).map(np.array)


@given(st.integers(0, 10**9), WEIGHTS)
def test_a_whole_total_is_split_into_whole_units_that_are_it_again(total, weight):
    parts = split_quantity(float(total), weight)
    assert parts.sum() == total
    assert (parts == np.floor(parts)).all()
    assert (parts >= 0).all()


@given(st.floats(-1e9, 1e9), WEIGHTS, st.sampled_from([0.0, 0.5, 1.0, 12.0]))
def test_any_total_is_exact(total, weight, unit):
    assert math.fsum(split_quantity(total, weight, unit)) == pytest.approx(total, rel=1e-15, abs=1e-15)


@given(st.integers(1, 10**6), WEIGHTS)
def test_no_part_is_more_than_one_unit_from_its_share(total, weight):
    share = weight / weight.sum() if weight.sum() > 0 else np.full(len(weight), 1 / len(weight))
    assert (np.abs(split_quantity(float(total), weight) - total * share) <= 1 + 1e-6).all()


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=20).map(np.array), st.floats(-1e7, 1e7))
def test_a_change_keeps_its_total_and_nothing_falls_below_zero(base, change):
    parts = split_change(base, change, np.ones(len(base)))
    assert (parts >= 0).all()
    assert parts.sum() == pytest.approx(max(0.0, base.sum() + change), rel=1e-9, abs=1e-6)


def test_what_one_part_cannot_take_off_the_others_do():
    assert split_change(np.array([1.0, 50.0, 49.0]), -60.0, np.ones(3)).tolist() == [0.0, 20.0, 20.0]


def cells(months, automatic=10.0):
    period = pd.to_datetime(months)
    frame = pd.DataFrame({"product": "cola", "market": "shop", "fiscal_period": period})
    return frame.assign(automatic_qty=automatic, open_days=frame["fiscal_period"].dt.days_in_month)


def sold(**months):
    frame = pd.DataFrame({"date": pd.to_datetime([name[1:].replace("_", "-") + "-15" for name in months])})
    return frame.assign(
        product="cola", market="shop", sold_qty=list(map(float, months.values())), returned_qty=0.0
    )


def test_last_year_is_the_last_year_that_is_known_and_the_profile_the_mean_of_up_to_three():
    sales = sold(m2023_03=30, m2024_03=40, m2025_03=80, m2025_04=60)
    plan = cells(["2026-03-01", "2026-04-01", "2027-03-01"])
    weights = split_weights(plan, sales, as_of=pd.Timestamp("2026-02-28"))
    assert weights["last_year"].tolist() == [80.0, 60.0, 80.0]
    assert weights["profile"].tolist() == [50.0, 20.0, 50.0]
    assert weights["even"].tolist() == [31.0, 30.0, 31.0]
    assert weights["proportion"].tolist() == [10.0, 10.0, 10.0]


def test_a_year_of_which_there_is_no_history_does_not_count_in_the_profile():
    weights = split_weights(
        cells(["2026-03-01"]), sold(m2025_03=80, m2025_01=5), as_of=pd.Timestamp("2026-02-28")
    )
    assert weights["profile"].tolist() == [80.0]
