"""Bridges: how one value becomes another, step by step, without a residual."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from sopwb.errors import SopwbError

__all__ = ["bridge", "open_bridges"]

TOLERANCE = 1e-9


def bridge(
    name: str, start: tuple[str, float], steps: Mapping[str, float], end: tuple[str, float], grain: str
) -> pd.DataFrame:
    """Rows of table ``bridge``: the first value, each step in order, the last value.

    Parameters
    ----------
    name
        Name of the bridge.
    start, end
        Label and value on both sides.
    steps
        Size of each step by its label, in order.
    grain
        Grain at which the steps were computed.

    Raises
    ------
    SopwbError
        The steps do not add up to the change.

    Examples
    --------
    >>> rows = bridge("ebit", ("Budget", 10.0), {"revenue": 3.0, "cost": -1.0}, ("Outlook", 12.0), "line")
    >>> rows["amount_value"].to_list()
    [10.0, 3.0, -1.0, 12.0]
    """
    total = start[1] + sum(steps.values())
    scale = max(abs(start[1]), abs(end[1]), *(abs(step) for step in steps.values()), 1.0)
    if not math.isclose(total, end[1], rel_tol=0.0, abs_tol=TOLERANCE * scale):
        raise SopwbError(f"bridge {name}: the steps lead to {total}, not to {end[1]}")
    labels = [start[0], *steps, end[0]]
    return pd.DataFrame(
        {
            "bridge": name,
            "step": range(1, len(labels) + 1),
            "label": labels,
            "amount_value": [start[1], *steps.values(), end[1]],
            "is_total": [True, *[False] * len(steps), True],
            "grain": grain,
        }
    )


def open_bridges(bridges: pd.DataFrame) -> pd.DataFrame:
    """Bridges whose steps do not add up to the difference of their two values; empty when all close."""
    ordered = bridges.sort_values(["bridge", "step"])
    ends = ordered[ordered["is_total"]].groupby("bridge")["amount_value"].agg(["first", "last"])
    steps = ordered[~ordered["is_total"]].groupby("bridge")["amount_value"].sum()
    ends["steps"] = steps.reindex(ends.index, fill_value=0.0)
    residual = ends["first"] + ends["steps"] - ends["last"]
    scale = ends[["first", "last"]].abs().max(axis=1).clip(lower=1.0)
    is_open = residual.abs() > scale * TOLERANCE
    return ends[is_open].assign(residual_value=residual[is_open]).reset_index()
