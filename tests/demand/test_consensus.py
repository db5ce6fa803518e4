import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.config.demand import ConsensusSettings
from sopwb.demand.consensus import ALL_STREAMS, consensus, earned_weights, stream_weights, weight_rates

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


def accuracy(*rows):
    columns = ["family", "stream", "lag", "judged", "squared_error", "statistical_squared_error"]
    return pd.DataFrame(rows, columns=columns)


def earned(*rows, evidence=0.0, declared=()):
    weights = stream_weights(weight_table(*declared), pd.Series(["drinks"]), DEFAULT)
    settings = ConsensusSettings(earned_evidence=evidence)
    return earned_weights(accuracy(*rows), weights, settings).loc["drinks"]


def test_with_nothing_judged_the_declared_weights_stand():
    assert earned().to_dict() == pytest.approx(DEFAULT)


def test_a_stream_earns_the_inverse_of_its_squared_error_and_the_sum_is_kept():
    weight = earned(("drinks", "sales", 1, 6, 400.0, 100.0))
    assert weight["statistical"] / weight["sales"] == pytest.approx(4.0)
    assert weight["statistical"] + weight["sales"] == pytest.approx(0.8)
    assert weight["finance"] == pytest.approx(0.1)


def test_evidence_moves_the_weights_from_declared_to_earned():
    weight = earned(("drinks", "sales", 1, 6, 400.0, 100.0), evidence=6.0)
    assert weight["sales"] == pytest.approx((0.16 + 0.4) / 2)
    assert weight["statistical"] == pytest.approx((0.64 + 0.4) / 2)


def test_what_is_too_far_ahead_or_declared_to_weigh_nothing_earns_nothing():
    far = earned(("drinks", "sales", 4, 6, 400.0, 100.0))
    assert far.to_dict() == pytest.approx(DEFAULT)
    mute = earned(("drinks", "sales", 1, 6, 1.0, 100.0), declared=[("drinks", "sales", 0.0, "2026-01-01")])
    assert mute["sales"] == 0.0


def test_the_streams_of_a_cell_share_the_consensus_and_their_shares_sum_to_one():
    families = pd.Series(["drinks"])
    weights = stream_weights(weight_table(), families, DEFAULT)
    voices = streams(statistical=100, finance=300)
    rates = weight_rates(voices, families, weights)
    assert rates.loc[0].to_dict() == pytest.approx(
        {"statistical": 0.8, "sales": 0, "marketing": 0, "finance": 0.2}
    )
    _, agreed = consensus(voices, families, weights)
    assert agreed[0] == pytest.approx((rates * voices.fillna(0)).loc[0].sum())
