import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.demand.consensus import ALL_STREAMS, consensus, stream_weights

DEFAULT = {"statistical": 0.4, "sales": 0.4, "marketing": 0.1, "finance": 0.1}


def weight_table(*rows):
    frame = pd.DataFrame(rows, columns=["family", "stream", "weight", "entered_at"])
    return frame.assign(entered_at=pd.to_datetime(frame["entered_at"])).astype({"weight": float})


def streams(**values):
    return pd.DataFrame({name: [float(values.get(name, np.nan))] for name in ALL_STREAMS})


def test_only_streams_that_speak_count_and_their_weights_sum_to_one():
    weights = stream_weights(weight_table(), pd.Series(["drinks"]), DEFAULT)
    manual, agreed = consensus(streams(statistical=100, marketing=200), pd.Series(["drinks"]), weights)
    assert manual[0] == 200
    assert agreed[0] == pytest.approx((0.4 * 100 + 0.1 * 200) / 0.5)


def test_where_nobody_speaks_the_consensus_is_statistical_and_manual_is_missing():
    weights = stream_weights(weight_table(), pd.Series(["drinks"]), DEFAULT)
    manual, agreed = consensus(streams(statistical=100), pd.Series(["drinks"]), weights)
    assert np.isnan(manual[0])
    assert agreed[0] == 100


def test_a_familys_own_weight_goes_before_that_of_all_and_the_last_entered_counts():
    rows = [
        ("*", "sales", 0.2, "2026-01-01"),
        ("drinks", "sales", 0.5, "2025-01-01"),
        ("drinks", "sales", 0.9, "2026-02-01"),
    ]
    weights = stream_weights(weight_table(*rows), pd.Series(["drinks", "snacks"]), DEFAULT)
    assert weights.loc["drinks", "sales"] == 0.9
    assert weights.loc["snacks", "sales"] == 0.2
    assert weights.loc["snacks", "finance"] == 0.1


@settings(max_examples=50)
@given(
    st.lists(st.floats(0, 1e6) | st.none(), min_size=4, max_size=4),
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
)
def test_the_consensus_lies_between_the_lowest_and_the_highest_voice(values, weight):
    said = [value for value in values if value is not None]
    frame = pd.DataFrame([values], columns=list(ALL_STREAMS), dtype=float)
    weights = pd.DataFrame([weight], columns=list(ALL_STREAMS), index=["drinks"])
    _, agreed = consensus(frame, pd.Series(["drinks"]), weights)
    low, high = (min(said), max(said)) if said else (0.0, 0.0)
    assert low - 1e-6 <= agreed[0] <= high + 1e-6
