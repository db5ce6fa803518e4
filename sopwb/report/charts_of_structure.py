"""Charts in which structure runs from top to bottom: bars with their variances, bridges, calendars."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sopwb.report import grammar, marks, numbers
from sopwb.report.scale import Scale, scale_of
from sopwb.report.theme import light, variance_colour

__all__ = ["bars_by_structure", "calendar_bars", "waterfall"]

ROW = 24
BAR = 0.62
TENTH = 0.1
DAYS_OF_MONTH = 30.4
MONTH_WIDTH = 64
"""Pixels that a month on the axis of a calendar takes with room around it."""


def _y(labels: list[str], *, is_labelled: bool = True) -> grammar.Words:
    axis = marks.label_axis(labels) if is_labelled else None
    return grammar.Y("label:N", sort=labels, scale=grammar.Scale(domain=labels), axis=axis)


def _ends(values: Any, width: int, *, room: int = 46) -> list[float]:
    """Ends of a value axis, with room in pixels for a number at either end that is used."""
    known = [float(v) for v in values if not pd.isna(v)]
    low, high = min([0.0, *known]), max([0.0, *known])
    spread = (high - low) or 1.0
    share = room / max(width - room * ((low < 0) + (high > 0)), 20)
    return [low - (share * spread if low < 0 else 0.0), high + (share * spread if high > 0 else 0.0)]


def _bar_numbers(frame: pd.DataFrame, x: grammar.Words, y: grammar.Words, gap: int = 5) -> Any:
    """Numbers at the end of bars: right of gains, left of losses."""
    layers = []
    for rows, align, dx in (
        (frame[frame["end"] >= 0], "left", gap),
        (frame[frame["end"] < 0], "right", -gap),
    ):
        base = grammar.data_chart(marks.records(rows)).encode(x=x, y=y, text="text:N")
        layers.append(base.mark_text(**marks.label_text(align=align, dx=dx, baseline="middle")))
    return grammar.layer(*layers)


def _zero(ends: list[float], colour: str = "quiet") -> Any:
    x = grammar.X("value:Q", axis=None, scale=grammar.Scale(domain=ends, nice=False, zero=False))
    data = grammar.InlineData(values=[{"value": 0}])
    return grammar.data_chart(data).mark_rule(stroke=light(colour), strokeWidth=1, aria=False).encode(x=x)


def _value_panel(
    frame: pd.DataFrame, named: tuple[str, str], reference: str, scale: Scale, width: int
) -> Any:
    """Panel of values, each before its reference."""
    code, called = named
    has_reference = "reference" in frame.columns
    ends = _ends([*frame["value"], *(frame["reference"] if has_reference else [])], width)
    axis_scale = grammar.Scale(domain=ends, nice=False, zero=False)
    y = _y(list(frame["label"]))
    layers: list[Any] = []
    if has_reference:
        look = {**marks.look(reference), "height": {"band": 0.9 if reference in marks.PLANS else BAR}}
        if reference not in marks.PLANS:
            look["yOffset"] = -4
        base = grammar.data_chart(marks.records(frame.dropna(subset=["reference"])))
        layers.append(
            base.mark_bar(aria=False, **look).encode(
                x=grammar.X("reference:Q", axis=None, scale=axis_scale), y=y
            )
        )
    x = grammar.X("value:Q", axis=None, scale=axis_scale)
    bars = grammar.data_chart(marks.records(frame)).mark_bar(height={"band": BAR}, **marks.look(code))
    layers += [bars.encode(x=x, y=y, description="tip:N"), _zero(ends)]
    both = frame[["value", "reference"]] if has_reference else frame[["value"]]
    placed = frame.assign(end=both.min(axis=1).where(frame["value"] < 0, both.max(axis=1)))
    layers.append(_bar_numbers(placed, grammar.X("end:Q", axis=None, scale=axis_scale), y))
    title = f"{called}, {scale.title}" if scale.title else called
    return grammar.layer(*layers).properties(width=width, height={"step": ROW}, title=marks.unit_title(title))


def _delta_panel(frame: pd.DataFrame, field: str, title: str, width: int, *, is_pin: bool) -> Any:
    """Panel of variances: bars for amounts, pins for percentages."""
    rows = frame.dropna(subset=[field]).assign(end=frame[field], text=frame[f"{field}_text"])
    ends = _ends(rows["end"], width)
    x = grammar.X("end:Q", axis=None, scale=grammar.Scale(domain=ends, nice=False, zero=False))
    y = _y(list(frame["label"]), is_labelled=False)
    colour = grammar.Fill("colour:N", scale=None)
    base = grammar.data_chart(marks.records(rows))
    bars = base.mark_bar(height=2 if is_pin else {"band": 0.4}, aria=False).encode(x=x, y=y, fill=colour)
    shapes: list[Any] = [bars]
    if is_pin:
        heads = base.mark_point(shape="square", size=36, opacity=1, strokeWidth=0, fill=light("actual"))
        shapes.append(heads.encode(x=x, y=y))
    return grammar.layer(
        *shapes, _zero(ends, "plan"), _bar_numbers(rows, x, y, gap=8 if is_pin else 5)
    ).properties(width=width, height={"step": ROW}, title=marks.unit_title(title))


def bars_by_structure(
    data: pd.DataFrame,
    *,
    unit: str = "",
    code: str = "FC",
    reference: str = "BU",
    sense: str = "higher_better",
    names: tuple[str, str] | None = None,
    width: int = 250,
) -> Any:
    """Bars by family, resource or market, with the absolute and relative variance beside them.

    Parameters
    ----------
    data
        Columns ``label``, ``value``; with ``reference`` (number) the reference is drawn behind and the Δ
        and Δ% panels stand at the right. Optional ``sense`` for each row. One row per label, in the order
        in which they are shown.
    unit
        Unit, said once; ``%`` for rates (their Δ is in percentage points, without Δ%).
    code, reference
        Scenario codes of the value and of the reference.
    sense
        What is good for the variance colours, where the rows do not say.
    names
        What value and reference are called where the codes will not do: ``("scenario", "baseline")``.
    width
        Of the panel of values.

    Returns
    -------
    Chart
    """
    scale = scale_of([*data["value"], *data.get("reference", [])], unit)
    called, compared = names or (code, reference)
    frame = data.assign(
        text=[scale.label(v) for v in data["value"]],
        tip=[
            f"{label}  {called}  {scale.full(v)}"
            for label, v in zip(data["label"], data["value"], strict=True)
        ],
    )
    if "reference" not in frame.columns or frame["reference"].isna().all():
        plain = frame.drop(columns="reference", errors="ignore")
        return _value_panel(plain, (code, called), reference, scale, width)
    frame = _with_variances(frame, sense, scale)
    name = "pp" if unit == "%" else scale.title
    panels = [
        _value_panel(frame, (code, called), reference, scale, width),
        _delta_panel(frame, "delta", f"Δ {compared}, {name}".rstrip(", "), 120, is_pin=False),
    ]
    if unit != "%":
        panels.append(_delta_panel(frame, "share", f"Δ {compared}, %", 100, is_pin=True))
    return grammar.hconcat(*panels, spacing=14)


def _with_variances(frame: pd.DataFrame, sense: str, scale: Scale) -> pd.DataFrame:
    delta = frame["value"] - frame["reference"]
    share = (delta / frame["reference"].abs()).replace([np.inf, -np.inf], np.nan)
    senses = frame["sense"] if "sense" in frame.columns else pd.Series(sense, index=frame.index)
    return frame.assign(
        delta=delta,
        share=share.clip(-2, 2),
        delta_text=[scale.for_variances(delta).label(v, signed=True) for v in delta],
        share_text=[_share_text(v) for v in share],
        colour=[variance_colour(v, s) for v, s in zip(delta, senses, strict=True)],
    )


def _share_text(share: float) -> str:
    """Relative variance in percent, two digits."""
    return numbers.exact(100 * share, 0 if abs(share) >= TENTH else 1, signed=True)


def waterfall(
    bridge: pd.DataFrame,
    *,
    unit: str = "",
    sense: str = "higher_better",
    heading: str = "",
    is_cut: bool = False,
    width: int = 420,
) -> Any:
    """Bridge from one value to another: totals solid, steps green or red by what is good.

    Parameters
    ----------
    bridge
        Rows of one bridge of the table ``bridge``: ``step``, ``label``, ``amount_value``, ``is_total``;
        first and last rows are the two values, the steps between close them. Optional ``code`` (scenario
        code of a total: BU, FC …; else the first looks like plan, the last like forecast).
    unit
        Unit, said once.
    sense
        ``higher_better``, or ``lower_better`` for costs and stock.
    heading
        What the bridge is about, where more than one stands under a title.
    is_cut
        True lets the axis begin near the steps where these are small beside the totals, whose bars then
        show a break; the title says so.
    width
        Of the drawing area.

    Returns
    -------
    Chart
    """
    frame = _steps(bridge.sort_values("step", ignore_index=True), unit, sense)
    foot = _foot(frame) if is_cut else 0.0
    frame = _cut(frame, foot, unit) if foot else frame
    ends = _waterfall_ends(frame, width, foot)
    axis_scale = grammar.Scale(domain=ends, nice=False, zero=False)
    labels = list(frame["label"])
    y = _y(labels)
    layers: list[Any] = []
    for code, rows in frame[frame["is_total"]].groupby("code", sort=True):
        base = grammar.data_chart(marks.records(rows)).mark_bar(height={"band": BAR}, **marks.look(str(code)))
        layers.append(base.encode(x=_edge("low", axis_scale), x2="high:Q", y=y, description="tip:N"))
    steps = grammar.data_chart(marks.records(frame[~frame["is_total"]])).mark_bar(height={"band": BAR})
    fill = grammar.Fill("colour:N", scale=None)
    layers.append(steps.encode(x=_edge("low", axis_scale), x2="high:Q", y=y, fill=fill, description="tip:N"))
    layers += [*_connectors(frame, axis_scale, y), _zero(ends) if not foot else _breaks(frame, axis_scale, y)]
    text = grammar.data_chart(marks.records(frame)).mark_text(**marks.label_text(align="left", dx=5))
    layers.append(text.encode(x=_edge("high", axis_scale), y=y, text="text:N"))
    said = [heading, scale_of(frame["amount_value"], unit).title, "steps in pp" if unit == "%" else ""]
    said += ["axis cut"] if foot else []
    title = marks.unit_title(", ".join(word for word in said if word))
    return grammar.layer(*layers).properties(width=width, height={"step": ROW}, title=title)


def _foot(frame: pd.DataFrame) -> float:
    """Where a cut axis begins: below the lowest step by half of what moves; 0 where a cut would not help."""
    lowest, highest = float(frame["level"].min()), float(frame["high"].max())
    moves = highest - lowest
    foot = lowest - max(moves / 2, highest / 1000)
    return foot if lowest > 0 and foot > highest / 2 else 0.0


def _cut(frame: pd.DataFrame, foot: float, unit: str) -> pd.DataFrame:
    """Bars from the foot up, and steps with as many digits as their own size needs."""
    scale = scale_of(frame["amount_value"], unit)
    finer = scale.for_variances(frame.loc[~frame["is_total"], "amount_value"])
    best = finer if finer.digits > scale.digits else scale
    text = [
        written if is_total else best.label(amount, signed=True)
        for written, amount, is_total in zip(
            frame["text"], frame["amount_value"], frame["is_total"], strict=True
        )
    ]
    return frame.assign(low=frame["low"].clip(lower=foot), text=text)


def _breaks(frame: pd.DataFrame, axis_scale: grammar.Words, y: grammar.Words) -> Any:
    """Slanted gaps across the bars of totals, where the axis is cut."""
    low, high = axis_scale["domain"]
    totals = frame.loc[frame["is_total"], ["label"]].assign(at=low + 0.06 * (high - low))
    strokes = grammar.data_chart(marks.records(totals)).mark_point(
        shape="M-0.5,1.2L0.5,-1.2", size=160, stroke=light("paper"), strokeWidth=4, opacity=1, aria=False
    )
    return strokes.encode(x=_edge("at", axis_scale), y=y)


def _edge(field: str, axis_scale: grammar.Words) -> grammar.Words:
    return grammar.X(f"{field}:Q", axis=None, scale=axis_scale)


def _steps(bridge: pd.DataFrame, unit: str, sense: str) -> pd.DataFrame:
    """Where each bar of a bridge begins and ends, its text and colour."""
    scale = scale_of(bridge["amount_value"], unit)
    end = np.where(bridge["is_total"], bridge["amount_value"], np.nan)
    begin = np.zeros(len(bridge))
    level = 0.0
    for i, (amount, is_total) in enumerate(zip(bridge["amount_value"], bridge["is_total"], strict=True)):
        begin[i] = 0.0 if is_total else level
        level = float(amount) if is_total else level + float(amount)
        end[i] = level
    codes = bridge["code"] if "code" in bridge.columns else _codes_of_totals(len(bridge))
    return bridge.assign(
        low=np.minimum(begin, end),
        high=np.maximum(begin, end),
        begin=begin,
        level=end,
        code=list(codes),
        text=[
            scale.label(a, signed=not t)
            for a, t in zip(bridge["amount_value"], bridge["is_total"], strict=True)
        ],
        colour=[variance_colour(a, sense) for a in bridge["amount_value"]],
        tip=[
            f"{label}  {scale.full(a, signed=not t)}"
            for label, a, t in zip(bridge["label"], bridge["amount_value"], bridge["is_total"], strict=True)
        ],
    )


def _codes_of_totals(count: int) -> list[str]:
    return [marks.PLANS[1] if i == 0 else marks.FORECAST for i in range(count)]


def _waterfall_ends(frame: pd.DataFrame, width: int, foot: float = 0.0) -> list[float]:
    """Ends of the value axis: from its foot or below, with room for the numbers."""
    low, high = min(float(frame["low"].min()), foot), max(float(frame["high"].max()), foot)
    spread = (high - low) or 1.0
    return [low - (0.02 * spread if low < 0 else 0.0), high + spread * 52 / (width - 52)]


def _connectors(frame: pd.DataFrame, axis_scale: grammar.Words, y: grammar.Words) -> list[Any]:
    """Thin ticks that lead from the end of a bar to the begin of the next."""
    ticks = pd.DataFrame(
        {"label": frame["label"].iloc[1:].to_list(), "at": frame["level"].iloc[:-1].to_list()}
    )
    data = grammar.data_chart(marks.records(ticks))
    return [
        data.mark_tick(thickness=1, stroke=light("quiet"), size=ROW, aria=False, yOffset=-ROW // 3).encode(
            x=_edge("at", axis_scale), y=y
        )
    ]


def _months(frame: pd.DataFrame, width: int) -> grammar.Words:
    """Ticks a whole number of months apart, so far that no month is written over the next."""
    days = (frame["end_date"].max() - frame["start_date"].min()).days
    fewest = days / DAYS_OF_MONTH * MONTH_WIDTH / width
    step = next((months for months in (1, 2, 3, 6) if months >= fewest), 12)
    return {"interval": "month", "step": step}


def calendar_bars(data: pd.DataFrame, *, width: int = 450) -> Any:
    """Calendar of activities: one bar from start to end each, named at the left, said at the right.

    Parameters
    ----------
    data
        Columns ``label``, ``start_date``, ``end_date``; optional ``text`` (stands at the bar's end, the
        effect for instance) and ``code`` (AC for what is running or certain, FC else).

    Returns
    -------
    Chart
    """
    frame = data.assign(
        text=data["text"] if "text" in data.columns else "",
        code=data["code"] if "code" in data.columns else marks.FORECAST,
    )
    frame = frame.assign(
        tip=[
            f"{label}  {numbers.iso_date(s)} to {numbers.iso_date(e)}  {text}"
            for label, s, e, text in zip(
                frame["label"], frame["start_date"], frame["end_date"], frame["text"], strict=True
            )
        ]
    )
    y = grammar.Y(
        "label:N",
        sort=list(dict.fromkeys(frame["label"])),
        axis=marks.label_axis(list(frame["label"])),
    )
    x = grammar.X(
        "start_date:T", axis=grammar.Axis(title=None, format="%Y-%m", tickCount=_months(frame, width))
    )
    layers: list[Any] = [
        grammar.data_chart(marks.records(rows))
        .mark_bar(height=10, **marks.look(str(code)))
        .encode(x=x, x2="end_date:T", y=y, description="tip:N")
        for code, rows in frame.groupby("code", sort=True)
    ]
    text = grammar.data_chart(marks.records(frame)).mark_text(**marks.label_text(align="left", dx=5))
    layers.append(text.encode(x=grammar.X("end_date:T"), y=y, text="text:N"))
    return grammar.layer(*layers).properties(width=width, height={"step": 20})
