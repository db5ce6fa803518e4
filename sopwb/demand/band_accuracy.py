"""Whether the bands of earlier cycles held what was sold since, by level and months ahead."""

from __future__ import annotations

import pandas as pd

from sopwb.demand.error_measure import pinball_loss
from sopwb.demand.interval import LOWER, UPPER
from sopwb.demand.scope import ALL

__all__ = ["BANDED", "band_accuracy"]

BANDED = "consensus"
"""Stream around which the band of the plan lies."""
NODES = {"product": "product", "family": "family", "company": ALL}
COLUMNS = ["level", "lag", "coverage_rate", "pinball_rate"]


def band_accuracy(steps: pd.DataFrame, past_demand_range: pd.DataFrame) -> pd.DataFrame:
    """Share of closed months inside the band an earlier cycle gave them, and the loss of both its ends.

    Parameters
    ----------
    steps
        Result of `sopwb.demand.value_added.archived_steps`.
    past_demand_range
        Table of that name.

    Returns
    -------
    pandas.DataFrame
        Columns level, lag, coverage_rate and pinball_rate (loss of the 10 and 90 percent quantiles over what
        was sold); no row where no band was kept.
    """
    parts = []
    for level, column in NODES.items():
        nodes = steps.assign(node=ALL if column == ALL else steps[column])
        sold = nodes.groupby(["cycle", "node", "period", "lag"], as_index=False)[["actual_qty"]].sum()
        kept = past_demand_range.loc[past_demand_range["level"] == level]
        cells = sold.merge(kept, on=["cycle", "node", "period"], how="inner", validate="one_to_one")
        actual, lower, upper = (
            cells[name].to_numpy(dtype=float) for name in ("actual_qty", "lower_qty", "upper_qty")
        )
        parts.append(
            pd.DataFrame(
                {
                    "level": level,
                    "lag": cells["lag"].to_numpy(),
                    "judged": 1.0,
                    "inside": ((actual >= lower) & (actual <= upper)).astype(float),
                    "loss": pinball_loss(actual, lower, LOWER) + pinball_loss(actual, upper, UPPER),
                    "actual": actual,
                }
            )
        )
    sums = pd.concat(parts, ignore_index=True).groupby(["level", "lag"], as_index=False).sum()
    return sums.assign(
        coverage_rate=sums["inside"] / sums["judged"],
        pinball_rate=sums["loss"] / sums["actual"].where(sums["actual"] > 0),
    )[COLUMNS]
