"""Made sales of any number of series, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pandas as pd

SLOW_SHARE, YOUNG_SHARE = 0.2, 0.1


def synthetic_sales(many: int, *, years: int, season: int, freq: str, seed: int) -> pd.DataFrame:
    """Unique_id, ds and y of series that look like sales: level, wandering trend, season and chance.

    One in five sells now and then; one in ten is younger than the others.
    """
    draw = np.random.default_rng(seed)
    dates = pd.date_range("2020-01-06", periods=years * season, freq=freq)
    time = np.arange(len(dates))
    level = np.exp(draw.normal(4.0, 1.2, many))[:, None]
    swing, turn = draw.uniform(0.0, 0.4, (many, 1)), draw.uniform(0.0, 2 * np.pi, (many, 1))
    wander = np.exp(np.cumsum(draw.normal(0.0, 0.02, (many, len(dates))), axis=1))
    mean = level * wander * (1 + swing * np.sin(2 * np.pi * time / season + turn))
    sales = draw.poisson(mean * draw.gamma(10.0, 0.1, mean.shape)).astype(float)
    slow = draw.random(many) < SLOW_SHARE
    sales[slow] *= draw.random((int(slow.sum()), len(dates))) < draw.uniform(0.1, 0.5, (int(slow.sum()), 1))
    young = draw.random(many) < YOUNG_SHARE
    begin = np.where(young, draw.integers(1, len(dates) // 2, many), 0)
    row, column = np.nonzero(time[None, :] >= begin[:, None])
    names = np.array([f"series {number:06d}" for number in range(many)])
    return pd.DataFrame({"unique_id": names[row], "ds": dates[column], "y": sales[row, column]})
