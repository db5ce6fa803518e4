"""Tables that are pictures: a shaded cell for each row and period, its number printed in it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from sopwb.report import grammar, marks, numbers
from sopwb.report.scale import scale_of
from sopwb.report.theme import light, load_colour, load_text, variance_colour

__all__ = ["heat_map", "table_heat"]

CELL_HEIGHT = 24
CELL_WIDTH = 30


def _cells(frame: pd.DataFrame, x: grammar.Words, rows: list[str], width: int) -> Any:
    """Rectangles with their texts; columns fill, ink, text and tip say how each looks."""
    y = grammar.Y(
        "row:N",
        sort=rows,
        scale=grammar.Scale(domain=rows, paddingInner=0.06),
        axis=marks.label_axis(rows),
    )
    base = grammar.data_chart(marks.records(frame)).encode(x=x, y=y)
    cells = base.mark_rect().encode(fill=grammar.Fill("fill:N", scale=None), description="tip:N")
    texts = base.mark_text(fontSize=10, aria=False).encode(
        text="text:N", color=grammar.Color("ink:N", scale=None)
    )
    return grammar.layer(cells, texts).properties(width=width, height={"step": CELL_HEIGHT})


def heat_map(data: pd.DataFrame, *, width: int = 640) -> Any:
    """Load of resources over periods: grey up to full, red beyond, the percentage in each cell.

    Parameters
    ----------
    data
        Columns ``row`` (resource), ``period`` (date), ``rate`` (1.0 is full; missing is left blank). Rows
        are shown in the order in which they first appear.
    width
        Of the drawing area; with very many periods the numbers leave out the percent sign and shrink.

    Returns
    -------
    Chart
    """
    frame = data.dropna(subset=["rate"]).assign(row=data["row"].astype(str))
    frame = frame.assign(
        period=pd.to_datetime(frame["period"]),
        fill=[load_colour(r) for r in frame["rate"]],
        ink=[load_text(r) for r in frame["rate"]],
        text=[numbers.exact(100 * r, 0) for r in frame["rate"]],
    )
    frame = frame.assign(
        tip=[
            f"{row}  {p:%Y-%m-%d}  {numbers.percent(r)}"
            for row, p, r in zip(frame["row"], frame["period"], frame["rate"], strict=True)
        ]
    )
    periods = sorted(pd.to_datetime(data["period"]).unique())
    texts = list(marks.period_text(periods))
    every = max(1, -(-len(texts) * CELL_WIDTH // width))
    axis = marks.period_axis(periods, every=every)
    x = grammar.X("period:O", sort=texts, scale=grammar.Scale(domain=texts, paddingInner=0.06), axis=axis)
    rows = list(dict.fromkeys(data["row"].astype(str)))
    return _cells(frame.drop(columns="rate"), x, rows, width).properties(
        title=marks.unit_title("% of capacity")
    )


def table_heat(
    data: pd.DataFrame,
    *,
    unit: str = "",
    heading: str = "",
    sense: str = "neutral",
    width: int = 560,
) -> Any:
    """Matrix of numbers, shaded by size, or coloured by sign when they are variances.

    Parameters
    ----------
    data
        Columns ``row``, ``column``, ``value``; rows and columns are shown in the order in which they first
        appear.
    unit
        Unit, said once.
    heading
        What the numbers are, where more than one matrix stands under a title.
    sense
        ``neutral`` shades by size; ``higher_better`` or ``lower_better`` colours the text by sign.

    Returns
    -------
    Chart
    """
    scale = scale_of(data["value"], unit)
    frame = data.dropna(subset=["value"]).assign(
        row=data["row"].astype(str), column=data["column"].astype(str)
    )
    largest = float(frame["value"].abs().max()) if len(frame) else 1.0
    shares = [abs(v) / (largest or 1.0) for v in frame["value"]]
    is_variance = sense != "neutral"
    frame = frame.assign(
        fill=[light("load_0") if is_variance else light(f"load_{min(3, int(4 * s))}") for s in shares],
        text=[scale.label(v, signed=is_variance) for v in frame["value"]],
        tip=[
            f"{r}  {c}  {scale.full(v, signed=is_variance)}"
            for r, c, v in zip(frame["row"], frame["column"], frame["value"], strict=True)
        ],
    )
    frame = frame.assign(
        ink=[
            variance_colour(0.0 if numbers.is_nil(text) else value, sense) if is_variance else light("ink")
            for value, text in zip(frame["value"], frame["text"], strict=True)
        ]
    )
    columns = list(dict.fromkeys(data["column"].astype(str)))
    axis = grammar.Axis(title=None, orient="top", labelAngle=0, domain=False, labelOverlap=True)
    x = grammar.X("column:N", sort=columns, scale=grammar.Scale(domain=columns, paddingInner=0.02), axis=axis)
    rows = list(dict.fromkeys(data["row"].astype(str)))
    title = marks.unit_title(", ".join(word for word in (heading, scale.title) if word))
    return _cells(frame.drop(columns="value"), x, rows, width).properties(title=title)
