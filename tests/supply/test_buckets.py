"""Lead times fall across buckets without losing anything, and spans count the days they share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sopwb.supply.buckets import Buckets, arrival_bucket, expand, open_share, overlap_days, working_overlap


def buckets(lengths: list[int]) -> Buckets:
    ends = np.cumsum(lengths)
    starts = ends - np.array(lengths)
    return Buckets(
        starts.astype("datetime64[D]").astype("datetime64[ns]"), starts, ends, np.array(lengths) * 1.0
    )


lengths = st.lists(st.integers(1, 31), min_size=1, max_size=12)


@given(lengths, st.integers(0, 60))
def test_what_starts_arrives_in_the_bucket_that_gets_most_of_it(days, lead):
    made = buckets(days)
    arrives = arrival_bucket(made, lead)
    longer = buckets([*days, 200])
    shared = overlap_days(longer, made.starts + lead, made.ends + lead)
    np.testing.assert_array_equal(shared[np.arange(len(days)), arrives], shared.max(axis=1))
    assert (arrives >= np.arange(len(days))).all()  # nothing arrives before it starts


def test_without_lead_time_it_arrives_in_its_bucket():
    np.testing.assert_array_equal(arrival_bucket(buckets([7, 30]), 0), [0, 1])


def test_of_two_buckets_with_the_same_share_the_earlier_gets_it():
    np.testing.assert_array_equal(arrival_bucket(buckets([10, 10, 10]), 5), [0, 1, 2])
    np.testing.assert_array_equal(arrival_bucket(buckets([10, 10, 10]), 6), [1, 2, 3])


def test_spans_share_the_days_they_share():
    shared = overlap_days(buckets([7, 7]), np.array([3, -5, 14]), np.array([10, 0, 20]))
    np.testing.assert_array_equal(shared, [[4, 3], [0, 0], [0, 0]])


def test_working_days_of_a_whole_bucket_are_its_own():
    made = buckets([7, 7, 30])
    np.testing.assert_allclose(working_overlap(made, made.starts[:1], made.ends[-1:]), [made.working_days])


def test_a_closed_supplier_delivers_nothing_on_the_days_of_delivery():
    share = open_share(buckets([10, 10]), np.array([10]), np.array([20]), np.array([0.0]), lead_days=5)
    np.testing.assert_allclose(share, [[0.5, 0.5]])


def test_each_supplier_has_the_share_of_its_own_spans():
    starts, ends, rates = np.array([0, 10, 15]), np.array([10, 15, 20]), np.array([0.0, 0.5, 0.0])
    share = open_share(buckets([10, 10]), starts, ends, rates, 0, np.array([0, 1, 1]), 3)
    np.testing.assert_allclose(share, [[0, 1], [1, 0.25], [1, 1]])


def test_flows_go_from_decision_to_node():
    flow = expand(
        np.array([1]), np.array([0]), np.array([10]), np.full((1, 2), 0.9), buckets([10, 10]), (2, 1)
    )
    np.testing.assert_allclose(flow.toarray(), [[0, 0], [0, 0], [0, 0], [0.9, 0]])
    assert expand(*[np.zeros(0, int)] * 3, np.zeros((0, 2)), buckets([10, 10]), (2, 1)).nnz == 0


def test_a_day_finds_its_bucket():
    assert buckets([7, 7]).holding(np.array([-1, 0, 6, 7, 14])).tolist() == [-1, 0, 0, 1, 2]
    assert buckets([7, 7]).days == pytest.approx([7, 7])
