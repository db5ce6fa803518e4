"""Columns over time, as every chart of time uses them: scale, axis, marks, numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from sopwb.report import marks
from sopwb.report.scale import Scale
from sopwb.report.theme import light

if TYPE_CHECKING:
    import altair as alt

__all__ = [
    "COLUMN",
    "OUTLINE",
    "columns_of",
    "domain_of",
    "drawing_order",
    "has_room",
    "labelled",
    "numbers_on",
    "spread",
    "time_axis",
]

LABEL_WIDTH = 27
COLUMN = 0.7
OUTLINE = 1.0


def domain_of(values: Sequence[float], *, from_zero: bool = True, head: float = 0.12) -> list[float]:
    """Ends of a value axis with room for the numbers."""
    known = [v for v in map(float, values) if not math.isnan(v)]
    low, high = min(known, default=0.0), max(known, default=1.0)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    spread = (high - low) or 1.0
    return [low - (head * spread if low < 0 or not from_zero else 0.0), high + head * spread]


def _tips(frame: pd.DataFrame, scale: Scale) -> pd.Series:
    return pd.Series(
        [
            f"{p:%Y-%m-%d}  {v}  {scale.full(x)}"
            for p, v, x in zip(frame["period"], frame["version"], frame["value"], strict=True)
        ],
        index=frame.index,
        dtype=object,
    )


def time_axis(
    periods: Sequence[Any], width: int, *, is_labelled: bool = True, codes: pd.DataFrame | None = None
) -> alt.X:
    """Axis of time for columns; with codes, AC and FC are named where they begin."""
    import altair as alt

    every = max(1, -(-len(set(periods)) * LABEL_WIDTH // width))
    texts = list(marks.period_text(periods))
    firsts = {} if codes is None else _first_periods(codes)
    axis = marks.period_axis(periods, every=every, codes=firsts) if is_labelled else None
    return alt.X("period:O", sort=texts, scale=alt.Scale(domain=texts), axis=axis)


def _first_periods(frame: pd.DataFrame) -> dict[str, str]:
    """Scenario code by the period in which it begins."""
    firsts = frame.sort_values("period").drop_duplicates("version")
    return {
        f"{pd.Timestamp(p):%Y-%m-%d}": v for p, v in zip(firsts["period"], firsts["version"], strict=True)
    }


def columns_of(frame: pd.DataFrame, code: str, x: alt.X, domain: list[float], **settings: Any) -> Any:
    """Columns of one scenario code, in its look."""
    import altair as alt

    rows = frame[frame["version"] == code]
    y = alt.Y("value:Q", axis=None, scale=alt.Scale(domain=domain, nice=False, zero=False))
    return (
        alt.Chart(marks.records(rows))
        .mark_bar(**{**marks.look(code), **settings})
        .encode(x=x, y=y, description="tip:N")
    )


def numbers_on(frame: pd.DataFrame, x: alt.X, domain: list[float], *, has_halo: bool = False) -> Any:
    """Numbers at the end of columns: above gains, below losses; with a halo where a line may cross them."""
    import altair as alt

    y = alt.Y("value:Q", axis=None, scale=alt.Scale(domain=domain, nice=False, zero=False))
    halo = {"stroke": light("paper"), "strokeWidth": 3, "strokeJoin": "round"}
    layers = []
    for rows, baseline, dy in (
        (frame[frame["value"] >= 0], "bottom", -4),
        (frame[frame["value"] < 0], "top", 4),
    ):
        base = alt.Chart(marks.records(rows)).encode(x=x, y=y, text="label:N")
        looks = [halo, {}] if has_halo else [{}]
        layers += [base.mark_text(**marks.label_text(baseline=baseline, dy=dy, **look)) for look in looks]
    return alt.layer(*layers)


def labelled(data: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    """Rows in order of time, each with its number and its tip."""
    frame = data.assign(period=pd.to_datetime(data["period"]), value=data["value"].astype(float))
    frame = frame.sort_values(["period", "version"], kind="stable", ignore_index=True)
    return frame.assign(label=[scale.label(v) for v in frame["value"]], tip=_tips(frame, scale))


def spread(values: Sequence[float], gap: float) -> list[float]:
    """Positions at least a gap apart, as near to the values as their order allows."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    placed = list(values)
    for before, after in pairwise(order):
        placed[after] = max(placed[after], placed[before] + gap)
    return placed


def drawing_order(code: str) -> int:
    """References first, actual last."""
    groups = [(*marks.PREVIOUS,), (*marks.PLANS,), (marks.ACTUAL,)]
    return next((i for i, group in enumerate(groups) if code in group), 1)


def has_room(periods: Sequence[Any], width: int) -> bool:
    """True when every column is wide enough for its number."""
    return len(set(periods)) * LABEL_WIDTH <= width * 1.15
