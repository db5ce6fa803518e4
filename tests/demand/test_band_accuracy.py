"""The bands of earlier cycles against what was sold since."""

import pandas as pd
import pytest

from sopwb.demand.band_accuracy import band_accuracy

JANUARY, FEBRUARY = pd.Timestamp("2026-01-01"), pd.Timestamp("2026-02-01")
CYCLE = pd.Timestamp("2025-12-31")


def steps():
    rows = [
        ("cola", "north", "soft", JANUARY, 1, 60.0),
        ("cola", "south", "soft", JANUARY, 1, 60.0),
        ("tea", "north", "hot", JANUARY, 1, 10.0),
        ("cola", "north", "soft", FEBRUARY, 2, 100.0),
        ("tea", "north", "hot", FEBRUARY, 2, 30.0),
    ]
    columns = ["product", "market", "family", "period", "lag", "actual_qty"]
    return pd.DataFrame(rows, columns=columns).assign(cycle=CYCLE)


def bands(*rows):
    columns = ["level", "node", "period", "lower_qty", "upper_qty"]
    return pd.DataFrame(rows, columns=columns).assign(cycle=CYCLE)


def test_markets_are_added_up_before_a_month_is_held_against_its_band():
    kept = bands(
        ("product", "cola", JANUARY, 100.0, 130.0),
        ("product", "tea", JANUARY, 12.0, 20.0),
        ("company", "*", FEBRUARY, 100.0, 140.0),
    )
    found = band_accuracy(steps(), kept).set_index(["level", "lag"])
    assert found.loc[("product", 1), "coverage_rate"] == 0.5
    # cola: 0.1 x 20 + 0.1 x 10; tea is 2 below its lower end: 0.9 x 2 + 0.1 x 10
    assert found.loc[("product", 1), "pinball_rate"] == pytest.approx((3.0 + 2.8) / 130)
    assert found.loc[("company", 2), "coverage_rate"] == 1.0
    assert len(found) == 2


def test_a_cycle_that_kept_no_band_is_not_judged():
    assert band_accuracy(steps(), bands()).empty
    assert band_accuracy(steps().iloc[:0], bands(("company", "*", JANUARY, 1.0, 2.0))).empty
