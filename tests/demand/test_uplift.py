import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sopwb.demand.uplift import measured_ratio, without_activities


def cells(ratio, noise, count=1):
    return pd.DataFrame(
        {
            "activity": "A1",
            "kind": "promotion",
            "effect_type": "percent",
            "full_qty": 50.0,
            "declared_qty": 50.0,
            "extra_qty": 50.0 * ratio,
            "noise_qty": noise,
        },
        index=range(count),
    )


def test_a_clear_measurement_outweighs_what_was_declared():
    assert measured_ratio(cells(0.5, noise=10.0, count=20), 4.0)["A1"] == pytest.approx(0.5, abs=0.01)


def test_a_noisy_measurement_is_shrunk_to_what_was_declared():
    # evidence (50 / 100) ** 2 = 0.25; kind: (0.25 x 0.5 + 4) / 4.25; activity: (0.25 x 0.5 + 4 x kind) / 4.25
    kind = (0.25 * 0.5 + 4) / 4.25
    assert measured_ratio(cells(0.5, noise=100.0), 4.0)["A1"] == pytest.approx((0.125 + 4 * kind) / 4.25)


def test_without_evidence_the_declared_effect_stands():
    assert measured_ratio(cells(0.5, noise=0.0), 4.0)["A1"] == 1.0


@given(st.floats(0, 1e6), st.floats(-0.5, 5), st.floats(-100, 1e6))
def test_the_baseline_is_never_negative_and_quantities_come_off_first(demand, factor, quantity):
    baseline = without_activities(np.array([demand]), np.array([factor]), np.array([quantity]))[0]
    assert baseline >= 0
    if demand > quantity:
        assert baseline * (1 + factor) + quantity == pytest.approx(demand, rel=1e-9, abs=1e-6)
