import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sopwb.demand.gaps import missing_buckets, returns_moved

MARKET = np.zeros(3, dtype=np.int64)


def test_what_came_back_is_taken_off_the_sales_before():
    net = np.array([[10.0, 5.0, -8.0, 3.0]])
    assert (net + returns_moved(net)).tolist() == [[7.0, 0.0, 0.0, 3.0]]


def test_returns_beyond_all_earlier_sales_are_let_go():
    net = np.array([[2.0, -5.0, 1.0]])
    assert (net + returns_moved(net)).tolist() == [[0.0, 0.0, 1.0]]


@given(arrays(float, (2, 12), elements=st.floats(-1e4, 1e5)))
def test_moving_returns_keeps_the_sum_where_sales_suffice_and_leaves_nothing_negative(net):
    clean = net + returns_moved(net)
    assert (clean >= -1e-6).all()
    assert (clean.sum(axis=1) >= net.sum(axis=1) - 1e-6).all()
    enough = np.cumsum(net[:, ::-1], axis=1)[:, -1] >= 0
    first_enough = (np.cumsum(net, axis=1).min(axis=1) >= 0) & enough
    assert clean[first_enough].sum(axis=1) == pytest.approx(net[first_enough].sum(axis=1), abs=1e-4)


def test_a_market_silent_in_one_bucket_is_a_gap():
    usual = np.full((3, 60), 20.0)
    net = usual.copy()
    net[:, 30] = 0.0
    gaps = missing_buckets(net, usual, MARKET, 52)
    assert gaps[:, 30].all()
    assert gaps.sum() == 3


def test_a_market_closed_every_year_is_not_a_gap():
    usual = np.full((3, 120), 20.0)
    net = usual.copy()
    net[:, [30, 82]] = 0.0
    assert not missing_buckets(net, usual, MARKET, 52).any()


def test_a_single_silent_series_is_no_gap():
    usual = np.full((3, 60), 20.0)
    net = usual.copy()
    net[0, 30] = 0.0
    assert not missing_buckets(net, usual, MARKET, 52).any()
