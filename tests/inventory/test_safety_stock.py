"""Safety stock is that of the textbook, and grows with what it covers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sopwb.inventory.safety_stock import error_over_days, safety_stock, service_factor


def test_published_examples():
    """Chopra & Meindl (2016), examples 12-4 and 12-6."""
    assert safety_stock(0.90, 500 * 2**0.5) == pytest.approx(906, abs=0.5)
    assert safety_stock(0.90, 500 * 7**0.5, 2500, 7) == pytest.approx(22491, abs=0.5)


@given(st.floats(0.5, 0.999), st.floats(0, 1e6), st.floats(0, 1e4), st.floats(0, 30))
def test_it_is_never_negative_and_more_spread_asks_for_no_less(level, error, daily, late):
    stock = safety_stock(level, error, daily, late)
    assert stock >= 0
    assert safety_stock(level, error * 2, daily, late + 1) >= stock


def test_a_service_of_half_needs_none():
    assert service_factor(0.5) == pytest.approx(0)
    assert safety_stock(0.4, 100.0) == 0


def test_the_error_of_whole_buckets_is_that_measured_and_then_grows_with_the_root_of_time():
    errors = np.array([[3.0, 5.0]] * 4)
    found = error_over_days(errors, 7.0, np.array([0.0, 7.0, 14.0, 56.0]))
    assert found == pytest.approx([0, 3, 5, 10])
