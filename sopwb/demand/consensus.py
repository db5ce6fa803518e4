"""One number from several voices: streams weighted by family."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sopwb.config.demand import ConsensusSettings, DemandSettings
from sopwb.demand.manual import STREAMS
from sopwb.demand.scope import ALL

__all__ = ["ALL_STREAMS", "consensus", "earned_weights", "stream_weight", "stream_weights", "weight_rates"]

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


def stream_weight(
    forecast_weight: pd.DataFrame,
    families: pd.Series[str],
    stream_accuracy: pd.DataFrame,
    settings: DemandSettings,
) -> pd.DataFrame:
    """Weights of every family and stream as declared, as earned, and as used; table ``stream_weight``."""
    declared = stream_weights(forecast_weight, families, settings.stream_weights)
    earned = earned_weights(stream_accuracy, declared, settings.consensus)
    used = earned if settings.consensus.weights == "earned" else declared
    names = {"declared_weight": declared, "earned_weight": earned, "weight": used}
    columns = {name: frame.rename_axis(columns="stream").stack() for name, frame in names.items()}
    return pd.DataFrame(columns).reset_index()


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


def weight_rates(streams: pd.DataFrame, families: pd.Series[str], weights: pd.DataFrame) -> pd.DataFrame:
    """Share of each stream in the consensus of each cell; of a cell's streams that speak they sum to one."""
    names = list(ALL_STREAMS)
    share = _shares(streams[names].to_numpy(dtype=float), weights.reindex(families)[names].to_numpy())
    return pd.DataFrame(share, columns=names, index=streams.index)


def earned_weights(
    stream_accuracy: pd.DataFrame, declared: pd.DataFrame, settings: ConsensusSettings
) -> pd.DataFrame:
    """Weights that the streams have earned in earlier cycles, between them and the declared ones.

    A stream is judged where it spoke, by its mean squared error over that of the statistical stream in
    the same cells, and earns the inverse of it (Bates and Granger 1969, without their covariances);
    the statistical stream earns one. Earned weights are scaled to the sum of the declared ones, and

        weight = (n x earned + k x declared) / (n + k)

    with n the closed months that earlier cycles spoke about (cycle by cycle), and k the evidence of the
    settings. A stream that has never been judged, or is declared to weigh nothing, keeps its weight.

    Parameters
    ----------
    stream_accuracy
        Table of that name.
    declared
        Result of :func:`stream_weights`.

    Returns
    -------
    pandas.DataFrame
        One row per family (index), a column per stream.
    """
    near = stream_accuracy[stream_accuracy["lag"] <= settings.earned_months_ahead]
    sums = near.groupby(["family", "stream"], as_index=False)[
        ["squared_error", "statistical_squared_error", "judged"]
    ].sum()
    earned = declared.copy()
    for family, rows in sums.groupby("family"):
        known = rows[(rows["squared_error"] > 0) & (rows["judged"] > 0)].set_index("stream")
        if family not in declared.index or known.empty:
            continue
        said = declared.loc[family]
        judged = [name for name in known.index if said[name] > 0]
        raw = {
            name: known["statistical_squared_error"][name] / known["squared_error"][name] for name in judged
        }
        if said["statistical"] > 0:
            raw["statistical"] = 1.0
        whole = sum(raw.values())
        part = sum(float(said[name]) for name in raw)
        n = {name: float(known["judged"].get(name, known["judged"].max())) for name in raw}
        k = settings.earned_evidence
        mixed = {
            name: (n[name] * value / whole * part + k * float(said[name])) / (n[name] + k)
            for name, value in raw.items()
        }
        scale = part / sum(mixed.values())
        for name, value in mixed.items():
            earned.loc[family, name] = value * scale
    return earned


def _shares(quantity: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Share of each column in the mean of its row, over what is known; even where nothing weighs."""
    speaks = np.isfinite(quantity)
    counted = np.where(speaks, weight, 0.0)
    total = counted.sum(axis=1, keepdims=True)
    number = speaks.sum(axis=1, keepdims=True)
    even = speaks / np.maximum(number, 1)
    return np.where(total > 0, counted / np.where(total > 0, total, 1.0), even)


def _weighted(quantity: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted mean of each row over what is known; NaN where nothing is."""
    mean = (_shares(quantity, weight) * np.nan_to_num(quantity)).sum(axis=1)
    return np.where(np.isfinite(quantity).any(axis=1), mean, np.nan)
