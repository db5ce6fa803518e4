"""What past activities really did: declared effects, corrected by what was measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["measured_ratio", "without_activities"]

LEAST_RATIO, MOST_RATIO = -0.5, 4.0
LEAST_FACTOR = 0.1


def _shrunk(ratio: pd.Series[Any], evidence: pd.Series[Any], prior: Any, weight: float) -> pd.Series[Any]:
    whole = evidence + weight
    shrunk: pd.Series[Any] = (evidence * ratio.fillna(1.0) + weight * prior) / whole.where(whole > 0, 1.0)
    return shrunk


def measured_ratio(cells: pd.DataFrame, prior_evidence: float) -> pd.Series[Any]:
    """How many times its declared effect each past activity had.

    In every bucket of the activity's own span the extra quantity over the usual level is held
    against the declared extra. Their ratio is averaged with the squared ratio of declared extra
    to noise as weight (the evidence), first over all activities of a kind and effect type and shrunk
    to one, then over each activity and shrunk to its kind.

    Parameters
    ----------
    cells
        Cells of the activities' own spans, with full_qty (declared), declared_qty (of all activities
        in that series and bucket), extra_qty (measured) and noise_qty (standard deviation).
    prior_evidence
        Evidence at which measurement and belief count the same.

    Returns
    -------
    pandas.Series
        Ratio by activity, between -0.5 and 4.
    """
    usable = cells[(cells["declared_qty"] != 0) & (cells["noise_qty"] > 0)]
    signal = (usable["full_qty"] / usable["noise_qty"]) ** 2
    ratio = (usable["extra_qty"] / usable["declared_qty"]).clip(LEAST_RATIO, MOST_RATIO)
    weighed = pd.DataFrame(
        {
            "kind": usable["kind"] + " by " + usable["effect_type"],
            "activity": usable["activity"],
            "evidence": signal.clip(upper=25.0),
            "weighted": ratio * signal.clip(upper=25.0),
        }
    )
    sums = ["evidence", "weighted"]
    kind = weighed.groupby("kind")[sums].sum()
    kind_ratio = _shrunk(kind["weighted"] / kind["evidence"], kind["evidence"], 1.0, prior_evidence)
    one = weighed.groupby(["activity", "kind"])[sums].sum().reset_index("kind")
    prior = one["kind"].map(kind_ratio)
    result = _shrunk(one["weighted"] / one["evidence"], one["evidence"], prior, prior_evidence)
    known = (cells["kind"] + " by " + cells["effect_type"]).groupby(cells["activity"]).first()
    return result.reindex(known.index).fillna(known.map(kind_ratio)).fillna(1.0).rename("ratio")


def without_activities(demand: Any, factor: Any, quantity: Any) -> Any:
    """Demand as it would have been without activities.

    baseline = max(0, demand - quantity) / (1 + factor): quantities are taken off, then uplifts
    are divided out.
    """
    return np.maximum(demand - quantity, 0.0) / np.maximum(1.0 + factor, LEAST_FACTOR)
