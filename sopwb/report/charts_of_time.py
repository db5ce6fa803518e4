"""Charts in which time runs from left to right: columns for few periods, lines for many."""

from __future__ import annotations

from typing import Any

import pandas as pd

from sopwb.report import grammar, marks
from sopwb.report.columns import (
    columns_in_order,
    domain_of,
    drawing_order,
    font_for,
    labelled,
    numbers_on,
    peak_number,
    spread,
    time_axis,
    value_axis,
)
from sopwb.report.scale import Scale, scale_of
from sopwb.report.theme import light, variance_colour

__all__ = ["columns_over_time", "lines_with_band"]


def _variance_panel(
    frame: pd.DataFrame, reference: str, sense: str, x: grammar.Words, width: int, body: Scale
) -> Any:
    """Panel of differences to a reference, green or red, signed."""
    main = frame[~frame["version"].isin([*marks.PLANS, *marks.PREVIOUS])]
    other = frame.loc[frame["version"] == reference, ["period", "value"]]
    joined = main.merge(other, on="period", how="inner", suffixes=("", "_reference"), validate="m:1")
    delta = joined["value"] - joined["value_reference"]
    scale = body.for_variances(delta)
    rows = joined[["period"]].assign(
        value=delta,
        label=[scale.label(v, signed=True) for v in delta],
        colour=[variance_colour(v, sense) for v in delta],
        tip=[
            f"{p:%Y-%m-%d}  Δ{reference}  {scale.full(v, signed=True)}"
            for p, v in zip(joined["period"], delta, strict=True)
        ],
    )
    domain = domain_of([*delta, 0.0], head=0.45)
    y = value_axis(domain)
    bars = (
        grammar.data_chart(marks.records(rows))
        .mark_bar(width={"band": 0.35})
        .encode(x=x, y=y, fill=grammar.Fill("colour:N", scale=None), description="tip:N")
    )
    zero = (
        grammar.data_chart(grammar.InlineData(values=[{"value": 0}]))
        .mark_rule(stroke=light("plan"), strokeWidth=1, aria=False)
        .encode(y=y)
    )
    title = marks.unit_title(f"Δ {reference}")
    ends = rows["value"].isin([rows["value"].min(), rows["value"].max()])
    size = font_for(list(rows["label"]), list(frame["period"]), width)
    text = numbers_on(rows, x, domain, size=size) if size else numbers_on(rows[ends], x, domain)
    return grammar.layer(zero, bars, text).properties(width=width, height=62, title=title)


def columns_over_time(
    data: pd.DataFrame,
    *,
    unit: str = "",
    heading: str = "",
    variance: str | None = None,
    sense: str = "higher_better",
    target: tuple[float, str] | None = None,
    width: int = 600,
    height: int = 170,
) -> Any:
    """Columns of actual then forecast, plan outlined behind, previous year light behind, numbers on top.

    Parameters
    ----------
    data
        Columns ``period`` (date), ``version`` (AC, FC, PL, BU, PY, PP), ``value``; optional ``lower`` and
        ``upper`` (80 % band, drawn as a whisker band behind FC). One row per period and version.
    unit
        Unit, said once: a currency code, ``h``, ``%`` (values are rates) …
    heading
        What the columns are, where more than one chart stands under a title.
    variance
        Code to which a panel above shows the difference: ``"BU"``.
    sense
        What is good for the variance colours.
    target
        Value and name of a thin marked line.
    width, height
        Of the drawing area.

    Returns
    -------
    Chart
    """
    scale = scale_of(data["value"], unit)
    frame = labelled(data, scale)
    periods = list(frame["period"])
    main = frame[~frame["version"].isin([*marks.PREVIOUS, *marks.PLANS])]
    x = time_axis(periods, width, codes=main)
    ends = [*frame["value"], *_band_values(frame), *([target[0]] if target else [])]
    domain = domain_of(ends)
    layers = [*columns_in_order(frame, x, domain), *_whiskers(main, x, domain)]
    if target:
        layers.append(marks.target_line(target[0], target[1], scale, domain))
    placed = _above_references(main, frame)
    size = font_for(list(main["label"]), periods, width)
    is_crossed = target is not None or bool(frame["version"].isin(marks.PREVIOUS).any())
    named = numbers_on(placed, x, domain, has_halo=is_crossed, size=size)
    layers.append(named if size else peak_number(main, x, domain))
    body = grammar.layer(*layers).properties(
        width=width, height=height, title=marks.unit_title(_said(heading, scale.title))
    )
    if variance is None or not (frame["version"] == variance).any():
        return body
    top = _variance_panel(frame, variance, sense, time_axis(periods, width, is_labelled=False), width, scale)
    return grammar.vconcat(top, body, spacing=8)


def _said(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _above_references(main: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers stand above what is and what was planned, so that an outline never crosses them."""
    highest = frame[~frame["version"].isin(marks.PREVIOUS)].groupby("period")["value"].max()
    lifted = main["period"].map(highest).astype(float)
    return main.assign(value=main["value"].where(main["value"] < 0, lifted))


def _band_values(frame: pd.DataFrame) -> list[float]:
    columns = [c for c in ("lower", "upper") if c in frame.columns]
    return [float(v) for c in columns for v in frame[c] if not pd.isna(v)]


def _whiskers(main: pd.DataFrame, x: grammar.Words, domain: list[float]) -> list[Any]:
    """The 80 % interval of each forecast column."""
    if not {"lower", "upper"} <= set(main.columns):
        return []
    rows = main.dropna(subset=["lower", "upper"])
    return [
        grammar.data_chart(marks.records(rows))
        .mark_bar(width=3, fill=light("previous"), aria=False)
        .encode(x=x, y=value_axis(domain, "lower"), y2="upper:Q")
    ]


def _line_look(code: str) -> dict[str, Any]:
    if code == marks.ACTUAL:
        return {"stroke": light("actual"), "strokeWidth": 2}
    if code in marks.PREVIOUS:
        return {"stroke": light("previous"), "strokeWidth": 2}
    if code in marks.PLANS:
        return {"stroke": light("plan"), "strokeWidth": 1}
    if code == marks.FORECAST:
        return {"stroke": light("forecast"), "strokeWidth": 2, "strokeDash": [4, 3]}
    return {"stroke": light("quiet"), "strokeWidth": 1.2, "strokeDash": [1, 3]}


def lines_with_band(
    data: pd.DataFrame,
    *,
    unit: str = "",
    target: tuple[float, str] | None = None,
    from_zero: bool = True,
    width: int = 600,
    height: int = 190,
) -> Any:
    """Lines for many periods: history solid, forecast dashed with its 80 % band, references thin.

    Parameters
    ----------
    data
        Columns ``period``, ``version``, ``value``; optional ``lower``, ``upper`` where there is a band.
        Versions other than the codes are drawn thin and dotted, and named at their end.
    unit
        Unit, said once.
    target
        Value and name of a thin marked line.
    from_zero
        False lets the value axis begin near the data (stock days, rates); else at zero.

    Returns
    -------
    Chart
    """
    scale = scale_of(data["value"], unit)
    frame = labelled(data, scale)
    ends = [*frame["value"], *_band_values(frame), *([target[0]] if target else [])]
    domain = domain_of(ends, from_zero=from_zero, head=0.05)
    value_scale = grammar.Scale(domain=domain, nice=False, zero=False)
    axis = grammar.Axis(title=None, grid=True, gridColor=light("rule"), tickCount=4, labelExpr=_tick(scale))
    x = grammar.X("period:T", axis=grammar.Axis(title=None, format="%Y-%m", tickCount=8, labelOverlap=True))
    layers: list[Any] = []
    if {"lower", "upper"} <= set(frame.columns):
        band = grammar.data_chart(marks.records(frame.dropna(subset=["lower", "upper"])))
        layers.append(
            band.mark_area(fill=light("band"), aria=False).encode(
                x=x, y=grammar.Y("lower:Q", scale=value_scale, axis=axis), y2="upper:Q"
            )
        )
    y = grammar.Y("value:Q", scale=value_scale, axis=axis)
    for code in sorted(frame["version"].unique(), key=drawing_order):
        base = grammar.data_chart(marks.records(_joined_to_actual(frame, code))).encode(x=x, y=y)
        layers.append(base.mark_line(aria=False, **_line_look(code)))
        layers.append(base.mark_point(size=36, opacity=0).encode(description="tip:N"))
    layers.append(_line_names(frame, domain, height, x, value_scale))
    if target:
        layers.append(marks.target_line(target[0], target[1], scale, domain))
    title = marks.unit_title(scale.title)
    return grammar.layer(*layers).properties(width=width, height=height, title=title)


def _tick(scale: Scale) -> str:
    """Expression that writes the ticks of a value axis in the scale of the chart."""
    return f"replace(format(datum.value/{scale.factor!r}, ',~r'), ',', '\u202f')"


def _joined_to_actual(frame: pd.DataFrame, code: str) -> pd.DataFrame:
    """Rows of a version; a forecast begins at the last actual, so that the line is not torn."""
    rows = frame[frame["version"] == code]
    actual = frame[(frame["version"] == marks.ACTUAL) & frame["value"].notna()]
    if code != marks.FORECAST or actual.empty or rows.empty:
        return rows
    return pd.concat([actual.sort_values("period").tail(1), rows], ignore_index=True)


def _line_names(
    frame: pd.DataFrame, domain: list[float], height: int, x: grammar.Words, value_scale: grammar.Words
) -> Any:
    """Name of each line right of its last point; one that ends earlier is named above its end."""
    known = frame.dropna(subset=["value"]).sort_values("period")
    lasts = known.drop_duplicates("version", keep="last")
    is_end = lasts["period"] == known["period"].max()
    gap = 13 / height * (domain[1] - domain[0])
    ends = lasts[is_end].assign(value=spread(list(lasts.loc[is_end, "value"]), gap))
    layers = []
    for rows, place in (
        (ends, {"align": "left", "dx": 5}),
        (lasts[~is_end], {"align": "right", "dx": -2, "dy": -16}),
    ):
        base = grammar.data_chart(marks.records(rows)).mark_text(
            **marks.label_text(fontWeight="bold", **place)
        )
        y = grammar.Y("value:Q", scale=value_scale, title=None)
        layers.append(base.encode(x=x, y=y, text="version:N"))
    return grammar.layer(*layers)
