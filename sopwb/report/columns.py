"""Columns over time, as every chart of time uses them: scale, axis, marks, numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from sopwb.report import grammar, marks
from sopwb.report.scale import Scale
from sopwb.report.theme import light

__all__ = [
    "columns_in_order",
    "domain_of",
    "drawing_order",
    "font_for",
    "labelled",
    "numbers_on",
    "peak_number",
    "spread",
    "time_axis",
    "value_axis",
]

LABEL_WIDTH = 34
SIZES = (11, 10, 9)
DIGIT = 0.64
WIDE = {".": 0.32, "\u202f": 0.2, "+": 0.84, "\u2212": 0.84}
"""Widths of letters as shares of the size of the font, in the widest font a page may meet."""
COLUMN = 0.7
OUTLINE = 1.0
PEEP = 5


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
) -> grammar.Words:
    """Axis of time for columns; with codes, AC and FC are named where they begin."""
    every = max(1, -(-len(set(periods)) * LABEL_WIDTH // width))
    texts = list(marks.period_text(periods))
    firsts = {} if codes is None else _first_periods(codes)
    axis = marks.period_axis(periods, every=every, codes=firsts) if is_labelled else None
    return grammar.X("period:O", scale=grammar.Scale(domain=texts), axis=axis)


def _first_periods(frame: pd.DataFrame) -> dict[str, str]:
    """Scenario code by the period in which it begins."""
    firsts = frame.sort_values("period").drop_duplicates("version")
    return {
        f"{pd.Timestamp(p):%Y-%m-%d}": v for p, v in zip(firsts["period"], firsts["version"], strict=True)
    }


def value_axis(domain: list[float], field: str = "value") -> grammar.Words:
    """Value axis that is not drawn: numbers stand at the marks."""
    return grammar.Y(f"{field}:Q", axis=None, scale=grammar.Scale(domain=domain, nice=False, zero=False))


def _place(code: str) -> dict[str, Any]:
    """Width of the columns of a code: plan is wider than the rest, the previous year peeps out."""
    if code in marks.PREVIOUS:
        return {"width": {"band": COLUMN}, "xOffset": -PEEP}
    return {"width": {"band": OUTLINE if code in marks.PLANS else COLUMN}}


def columns_in_order(frame: pd.DataFrame, x: grammar.Words, domain: list[float]) -> list[Any]:
    """Columns of every scenario code in its look, from back to front: previous, plan, the rest."""
    encoding: dict[str, Any] = {"x": x, "y": value_axis(domain), "description": "tip:N"}
    return [
        grammar.data_chart(marks.records(rows))
        .mark_bar(**marks.look(code), **_place(code))
        .encode(**encoding)
        for code in sorted(frame["version"].unique(), key=drawing_order)
        if len(rows := frame[frame["version"] == code])
    ]


def peak_number(frame: pd.DataFrame, x: grammar.Words, domain: list[float]) -> Any:
    """Number of the highest column of what was and will be, where there is no room for all."""
    main = frame[~frame["version"].isin([*marks.PREVIOUS, *marks.PLANS]) & frame["value"].notna()]
    shown = main if len(main) else frame.dropna(subset=["value"])
    return numbers_on(shown.sort_values(["value", "period"]).tail(1), x, domain)


def numbers_on(
    frame: pd.DataFrame,
    x: grammar.Words,
    domain: list[float],
    *,
    has_halo: bool = False,
    size: int = SIZES[0],
) -> Any:
    """Numbers at the end of columns: above gains, below losses; with a halo where a line may cross them."""
    y = value_axis(domain)
    halo = {"stroke": light("paper"), "strokeWidth": 3, "strokeJoin": "round"}
    layers = []
    for rows, baseline, dy in (
        (frame[frame["value"] >= 0], "bottom", -4),
        (frame[frame["value"] < 0], "top", 4),
    ):
        if rows.empty and len(frame):
            continue
        base = grammar.data_chart(marks.records(rows)).encode(x=x, y=y, text="label:N")
        looks = [halo, {}] if has_halo else [{}]
        text = {"baseline": baseline, "dy": dy, "fontSize": size}
        layers += [base.mark_text(**marks.label_text(**text, **look)) for look in looks]
    return grammar.layer(*layers)


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
    groups = [(*marks.PREVIOUS,), (*marks.PLANS,), (), (marks.ACTUAL,)]
    return next((i for i, group in enumerate(groups) if code in group), 2)


def font_for(labels: Sequence[str], periods: Sequence[Any], width: int) -> int:
    """Size at which every column is wide enough for its number; 0 when none is.

    >>> font_for(["1.04"] * 12, range(12), 330), font_for(["1.04"] * 40, range(40), 330)
    (11, 0)
    """
    room = width / max(1, len(set(periods)))
    longest = max((sum(WIDE.get(letter, DIGIT) for letter in label) for label in labels), default=0.0)
    return next((size for size in SIZES if longest * size <= room), 0)
