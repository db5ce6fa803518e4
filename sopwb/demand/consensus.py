"""One number from several voices: streams weighted by family."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sopwb.demand.manual import STREAMS
from sopwb.demand.scope import ALL

__all__ = ["consensus", "stream_weights"]

ALL_STREAMS = ("statistical", *STREAMS)


def stream_weights(
    forecast_weight: pd.DataFrame, families: pd.Series[str], default: Mapping[str, float]
) -> pd.DataFrame:
    """Weight of each stream for each family: its own, else that for all families, else the model's.

    Of rows about the same family and stream, the one entered last counts.

    Returns
    -------
    pandas.DataFrame
        One row per family (index), a column per stream.
    """
    last = forecast_weight.sort_values("entered_at", kind="stable").drop_duplicates(
        ["family", "stream"], keep="last"
    )
    wide = last.pivot_table(index="family", columns="stream", values="weight", aggfunc="last")
    wide = wide.reindex(columns=list(ALL_STREAMS))
    names = pd.Index(sorted(families.unique()), name="family")
    general = wide.loc[ALL] if ALL in wide.index else pd.Series(np.nan, index=list(ALL_STREAMS))
    general = general.fillna(pd.Series({name: float(default.get(name, 0.0)) for name in ALL_STREAMS}))
    return wide.reindex(names).fillna(general).astype(float)


def consensus(
    streams: pd.DataFrame, families: pd.Series[str], weights: pd.DataFrame
) -> tuple[pd.Series[float], pd.Series[float]]:
    """Manual forecast and consensus of every cell.

    consensus = sum of weight x stream over the streams that speak, over the sum of their weights;
    the manual forecast is the same over the people alone. Where all who speak weigh nothing, each
    counts the same.

    Parameters
    ----------
    streams
        Columns statistical, sales, marketing, finance; NaN where a stream is silent.
    families
        Family of each cell.
    weights
        Result of :func:`stream_weights`.

    Returns
    -------
    tuple of pandas.Series
        Manual forecast (NaN where nobody speaks) and consensus.
    """
    weight = weights.reindex(families)[list(ALL_STREAMS)].to_numpy()
    quantity = streams[list(ALL_STREAMS)].to_numpy(dtype=float)
    manual = _weighted(quantity[:, 1:], weight[:, 1:])
    agreed = np.nan_to_num(_weighted(quantity, weight))
    return pd.Series(manual, index=streams.index), pd.Series(agreed, index=streams.index)


def _weighted(quantity: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted mean of each row over what is known; NaN where nothing is."""
    speaks = np.isfinite(quantity)
    counted = np.where(speaks, weight, 0.0)
    total = counted.sum(axis=1, keepdims=True)
    number = speaks.sum(axis=1, keepdims=True)
    even = speaks / np.maximum(number, 1)
    share = np.where(total > 0, counted / np.where(total > 0, total, 1.0), even)
    mean = (share * np.nan_to_num(quantity)).sum(axis=1)
    return np.where(number[:, 0] > 0, mean, np.nan)
