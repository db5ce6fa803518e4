"""Keys of one table are found among those of another, whatever they are made of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sopwb.supply.network import positions

MAY = pd.Timestamp("2026-05-01")


def keys(*rows):
    return pd.DataFrame(list(rows), columns=["product", "lot", "since"])


def test_each_row_is_found_by_all_its_columns():
    known = keys(("tea", 1, MAY), ("tea", 2, MAY), ("mate", 1, MAY + pd.Timedelta(days=1)))
    asked = keys(("mate", 1, MAY + pd.Timedelta(days=1)), ("tea", 2, MAY), ("mate", 2, MAY), ("rum", 1, MAY))
    assert positions(known, asked).tolist() == [2, 1, -1, -1]


def test_what_is_unknown_on_both_sides_is_the_same():
    known = keys(("tea", 1.0, MAY), (None, np.nan, pd.NaT))
    asked = keys((None, np.nan, pd.NaT), ("tea", np.nan, MAY), ("tea", 1, MAY))
    assert positions(known, asked).tolist() == [1, -1, 0]


def test_nothing_is_found_among_nothing():
    rows = keys(("tea", 1, MAY))
    assert positions(rows[:0], rows).tolist() == [-1]
    assert positions(rows, rows[:0]).tolist() == []


def test_a_key_that_stands_twice_is_refused():
    twice = keys(("tea", 1, MAY), ("tea", 1, MAY))
    with pytest.raises(pd.errors.InvalidIndexError):
        positions(twice, twice)
