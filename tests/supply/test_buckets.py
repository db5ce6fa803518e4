"""Lead times fall across buckets without losing anything, and spans count the days they share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sopwb.supply.buckets import Buckets, expand, lead_time_weights, open_share, overlap_days, working_overlap


def buckets(lengths: list[int]) -> Buckets:
    ends = np.cumsum(lengths)
    starts = ends - np.array(lengths)
    return Buckets(
        starts.astype("datetime64[D]").astype("datetime64[ns]"), starts, ends, np.array(lengths) * 1.0
    )


lengths = st.lists(st.integers(1, 31), min_size=1, max_size=12)


@given(lengths, st.integers(0, 60))
def test_what_starts_arrives_once_or_after_the_horizon(days, lead):
    made = buckets(days)
    weights = lead_time_weights(made, lead).toarray()
    assert (weights >= 0).all()
    arrives = np.minimum(np.maximum(made.ends[-1] - made.starts - lead, 0), made.days) / made.days
    np.testing.assert_allclose(weights.sum(axis=0), arrives)
    assert np.allclose(np.triu(weights, 1), 0)  # nothing arrives before it starts


def test_without_lead_time_it_arrives_in_its_bucket():
    np.testing.assert_array_equal(lead_time_weights(buckets([7, 30]), 0).toarray(), np.eye(2))


def test_a_lead_time_of_half_a_bucket_splits_in_half():
    weights = lead_time_weights(buckets([10, 10, 10]), 5).toarray()
    np.testing.assert_allclose(weights, [[0.5, 0, 0], [0.5, 0.5, 0], [0, 0.5, 0.5]])


def test_spans_share_the_days_they_share():
    shared = overlap_days(buckets([7, 7]), np.array([3, -5, 14]), np.array([10, 0, 20]))
    np.testing.assert_array_equal(shared, [[4, 3], [0, 0], [0, 0]])


def test_working_days_of_a_whole_bucket_are_its_own():
    made = buckets([7, 7, 30])
    np.testing.assert_allclose(working_overlap(made, made.starts[:1], made.ends[-1:]), [made.working_days])


def test_a_closed_supplier_delivers_nothing_on_the_days_of_delivery():
    share = open_share(buckets([10, 10]), np.array([10]), np.array([20]), np.array([0.0]), lead_days=5)
    np.testing.assert_allclose(share, [0.5, 0.5])


def test_flows_go_from_decision_to_node():
    flow = expand(
        np.array([1]), np.array([0]), np.array([10]), np.full((1, 2), 0.9), buckets([10, 10]), (2, 1)
    )
    np.testing.assert_allclose(flow.toarray(), [[0, 0], [0, 0], [0, 0], [0.9, 0]])
    assert expand(*[np.zeros(0, int)] * 3, np.zeros((0, 2)), buckets([10, 10]), (2, 1)).nnz == 0


def test_a_day_finds_its_bucket():
    assert buckets([7, 7]).holding(np.array([-1, 0, 6, 7, 14])).tolist() == [-1, 0, 0, 1, 2]
    assert buckets([7, 7]).days == pytest.approx([7, 7])
