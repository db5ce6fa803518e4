"""How a gap to a target is shared between levers that can each give only so much."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["share_gap"]


def share_gap(gap: float, levers: pd.DataFrame) -> pd.DataFrame:
    """What each lever gives: in proportion to its weight, never beyond its headroom; the rest stays open.

    Parameters
    ----------
    gap
        Money to find, not negative.
    levers
        lever, weight, headroom_value; one row per lever.

    Returns
    -------
    pandas.DataFrame
        lever, share_value. Their sum is the gap, or all the headroom when that is less.

    Examples
    --------
    >>> levers = pd.DataFrame(
    ...     {"lever": ["price", "mix", "cost"], "weight": [50.0, 30, 20], "headroom_value": [300.0, 500, 600]}
    ... )
    >>> share_gap(1_200, levers)["share_value"].to_list()
    [300.0, 500.0, 400.0]
    """
    weight = levers["weight"].to_numpy(float)
    headroom = levers["headroom_value"].to_numpy(float)
    share = np.zeros(len(levers))
    for _ in range(len(levers)):
        free = (share < headroom) & (weight > 0)
        left = gap - share.sum()
        if not free.any() or left <= 0:
            break
        share[free] = np.minimum(headroom, share + left * weight / weight[free].sum())[free]
    return pd.DataFrame({"lever": levers["lever"].to_numpy(), "share_value": share})
