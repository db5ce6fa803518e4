"""Marks that all charts share: columns by scenario code, labels, target lines, time axes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sopwb.report import grammar
from sopwb.report.scale import Scale
from sopwb.report.theme import HATCH_FILL, light

__all__ = [
    "ACTUAL",
    "FORECAST",
    "PLANS",
    "PREVIOUS",
    "label_axis",
    "label_text",
    "look",
    "period_axis",
    "period_text",
    "records",
    "target_line",
    "unit_title",
]

ACTUAL = "AC"
FORECAST = "FC"
PLANS = ("PL", "BU")
PREVIOUS = ("PY", "PP")
NAME_WIDTH, TEXT_WIDTH = 235, 190
LETTER = 6.6
"""Pixels of a letter of a name, on average, in the widest font a page may meet."""


def look(code: str) -> dict[str, Any]:
    """Fill and stroke of a scenario code; unknown codes look like forecast, told apart by their label."""
    if code == ACTUAL:
        return {"fill": light("actual"), "stroke": light("actual"), "strokeWidth": 1}
    if code in PREVIOUS:
        return {"fill": light("previous"), "stroke": light("previous"), "strokeWidth": 1}
    if code in PLANS:
        return {"fill": "transparent", "stroke": light("plan"), "strokeWidth": 1.2}
    return {"fill": HATCH_FILL, "stroke": light("forecast"), "strokeWidth": 1}


def records(frame: pd.DataFrame) -> grammar.Words:
    """Rows of a frame as inline chart data: dates as ISO text, missing as null.

    They are one text of JSON, which stays as it is however often a chart grows.
    """
    texts = frame.assign(
        **{c: frame[c].dt.strftime("%Y-%m-%d") for c in frame.columns if frame[c].dtype.kind == "M"}
    )
    rows: list[dict[Any, Any]] = texts.astype(object).to_dict("records")
    missing = texts.isna().to_numpy()
    if missing.any():
        names = list(texts.columns)
        for row, gaps in zip(rows, missing, strict=True):
            row.update({name: None for name, is_gap in zip(names, gaps, strict=True) if is_gap})
    return grammar.InlineData(values=json.dumps(rows), format={"type": "json"})


def period_text(periods: Sequence[Any]) -> dict[str, list[str]]:
    """Two-line label of each period: month or day, and the year where it begins.

    >>> period_text(["2025-12-01", "2026-01-01"])
    {'2025-12-01': ['12', '2025'], '2026-01-01': ['01', '2026']}
    """
    stamps = sorted({pd.Timestamp(p) for p in periods})
    is_monthly = all(stamp.day == 1 for stamp in stamps)
    texts = {}
    year = None
    for stamp in stamps:
        texts[f"{stamp:%Y-%m-%d}"] = [
            f"{stamp:%m}" if is_monthly else f"{stamp:%m-%d}",
            f"{stamp:%Y}" if stamp.year != year else "",
        ]
        year = stamp.year
    return texts


def period_axis(
    periods: Sequence[Any], *, every: int = 1, codes: Mapping[str, str] | None = None
) -> grammar.Words:
    """Axis of ordinal periods: the month, below it the year and the scenario code where they begin."""
    lines = _axis_lines(period_text(periods), every, codes or {})
    depth = 3 if codes else 2
    mapping = "{" + ",".join(f"'{key}':{list(texts[:depth])}" for key, texts in lines.items()) + "}"
    return grammar.Axis(
        title=None,
        labelExpr=f"{mapping}[datum.value]||''",
        labelAngle=0,
        labelOverlap=False,
        labelLineHeight=13,
    )


def _axis_lines(
    texts: Mapping[str, list[str]], every: int, codes: Mapping[str, str]
) -> dict[str, tuple[str, str, str]]:
    """Month, year and scenario code of the labels that are shown, none nearer to another than `every`.

    Codes come first, then the beginnings of years, then each nth; a year is said at its first label.

    >>> _axis_lines(period_text(["2025-11-01", "2025-12-01", "2026-01-01", "2026-02-01"]), 2, {})
    {'2025-11-01': ('11', '2025', ''), '2026-01-01': ('01', '2026', '')}
    """
    keys = list(texts)
    begins = [0, *(i for i, key in enumerate(keys) if key in codes)]
    begins += [i for i, key in enumerate(keys) if texts[key][1]]
    kept: list[int] = []
    for place in (*begins, *range(0, len(keys), every)):
        if all(abs(place - other) >= every for other in kept):
            kept.append(place)
    lines = {}
    year = ""
    for key in (keys[place] for place in sorted(kept)):
        own = key[:4]
        lines[key] = (texts[key][0], "" if own == year else own, codes.get(key, ""))
        year = own
    return lines


def unit_title(text: str) -> grammar.Words:
    """Unit of a chart, said once, top left."""
    return grammar.TitleParams(
        text, fontSize=11, fontWeight="normal", color=light("quiet"), anchor="start", frame="group", offset=6
    )


def label_axis(labels: Sequence[str]) -> grammar.Words:
    """Axis of names at the left, wide enough for the longest in any font."""
    longest = max((len(str(label)) for label in labels), default=0)
    extent = min(NAME_WIDTH, LETTER * longest) + 10
    return grammar.Axis(
        title=None, labelColor=light("ink"), domain=False, labelPadding=8, minExtent=round(extent)
    )


def label_text(**settings: Any) -> dict[str, Any]:
    """Settings of a number at a mark."""
    return {"fontSize": 11, "fill": light("ink"), "limit": TEXT_WIDTH, "aria": False, **settings}


def target_line(value: float, label: str, scale: Scale, domain: Sequence[float] = ()) -> Any:
    """Layer with a thin marked line at a target, named at its right end.

    Parameters
    ----------
    value
        The target, in the unit of the chart.
    label
        What it is: "target".
    scale
        How the chart writes numbers.
    domain
        Lower and upper end of the value axis, where the chart fixes them.
    """
    ends = {"scale": grammar.Scale(domain=list(domain), nice=False, zero=False)} if domain else {}
    axis = grammar.Y("value:Q", title=None, **ends)
    data = grammar.InlineData(values=[{"value": value, "label": f"{label} {scale.label(value)}"}])
    base = grammar.data_chart(data).encode(y=axis)
    line = base.mark_rule(stroke=light("ink"), strokeWidth=1, aria=False)
    text = base.mark_text(**label_text(align="left", dx=6, baseline="middle", fontWeight="bold")).encode(
        x=grammar.value("width"), text="label:N"
    )
    return grammar.layer(line, text)
