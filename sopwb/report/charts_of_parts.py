"""Charts of a whole and its parts over time: stacks, and the same columns for each family."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sopwb.report import grammar, marks
from sopwb.report.columns import (
    columns_in_order,
    domain_of,
    font_for,
    labelled,
    numbers_on,
    peak_number,
    spread,
    time_axis,
    value_axis,
)
from sopwb.report.scale import Scale, scale_of
from sopwb.report.theme import light

__all__ = ["deviation_grid", "family_grid", "small_multiples", "stacked"]

PADDING = 4
WIDER_LETTER = 1.6
"""Pixels by which a bold letter of the widest font passes one of the font a drawing is measured in."""
WIDTH_OF_LETTER = 8
"""Pixels that a letter of a bold heading may take, in the widest font a reader may have."""


def small_multiples(
    data: pd.DataFrame,
    *,
    by: str = "family",
    unit: str = "",
    columns: int = 3,
    width: int = 230,
    height: int = 80,
) -> Any:
    """The same columns for each family, all on one scale, the largest first.

    Parameters
    ----------
    data
        Columns ``period``, ``version``, ``value`` and the column named by `by`.
    by
        Column that makes the panels; its text is their heading.
    unit
        Unit, said once.
    columns
        Panels in a row.

    Returns
    -------
    Chart
    """
    scale = scale_of(data["value"], unit)
    frame = labelled(data, scale)
    domain = domain_of(list(frame["value"]), head=0.2)
    x = time_axis(list(frame["period"]), width)
    sizes = frame.assign(size=frame["value"].abs()).groupby(by)["size"].sum()
    order = sorted(sizes.index, key=lambda name: (-sizes[name], name))
    panels = []
    for name in order:
        rows = frame[frame[by] == name]
        layers = [*columns_in_order(rows, x, domain), peak_number(rows, x, domain)]
        lines = textwrap.wrap(str(name), width // WIDTH_OF_LETTER) or [""]
        title = grammar.TitleParams(lines, fontSize=12, anchor="start", color=light("ink"), frame="group")
        panels.append(grammar.layer(*layers).properties(width=width, height=height, title=title))
    return grammar.concat(*panels, columns=columns, spacing=18).properties(
        title=marks.unit_title(f"{scale.title}, same scale")
    )


def family_grid(
    data: pd.DataFrame,
    *,
    units: Mapping[str, str],
    width: int = 250,
    height: int = 46,
) -> Any:
    """The sales, production and inventory sheet: a row for each family, a column for each measure.

    Parameters
    ----------
    data
        Columns ``family``, ``measure``, ``period``, ``version``, ``value``; one row per mark. Families are
        shown in the order in which they first appear; a measure has one scale for all families.
    units
        Measure → its unit, in the order of showing.
    width, height
        Of one panel.

    Returns
    -------
    Chart
    """
    families = list(dict.fromkeys(data["family"]))
    first, last = families[:1], families[-1:]
    periods = list(data["period"])
    panels = []
    for family in families:
        for place, (measure, unit) in enumerate(units.items()):
            frame = data[data["measure"] == measure]
            x = time_axis(periods, width, is_labelled=[family] == last, codes=data)
            panel = _grid_panel(frame, family, unit, x, is_named=place == 0)
            heading = f"{measure}, {scale_of(frame['value'], unit).title}"
            titled = {"title": marks.unit_title(heading)} if [family] == first else {}
            panels.append(panel.properties(width=width, height=height, **titled))
    spacing = {"row": 10, "column": 28}
    grid = grammar.concat(*panels, columns=len(units), spacing=spacing, bounds="flush")
    return grid.properties(padding=_room_for_names(families))


def _grid_panel(frame: pd.DataFrame, family: str, unit: str, x: grammar.Words, *, is_named: bool) -> Any:
    """One family's columns of one measure, on the scale of the measure; the first names the family."""
    domain = domain_of(list(frame["value"]), head=0.45)
    rows = labelled(frame[frame["family"] == family], scale_of(frame["value"], unit))
    layers = [*columns_in_order(rows, x, domain), peak_number(rows, x, domain)]
    return grammar.layer(*layers, *([_row_name(family)] if is_named else []))


def _row_name(family: str) -> Any:
    """Name of a row of panels, left of its first."""
    name = grammar.data_chart(grammar.InlineData(values=[{"name": family}]))
    text = name.mark_text(**marks.label_text(align="right", baseline="bottom", dx=-8, fontWeight="bold"))
    return text.encode(x=grammar.value(0), y=grammar.value("height"), text="name:N")


def _room_for_names(names: Sequence[str]) -> dict[str, int]:
    """Padding of a grid whose row names may be set in a wider font than the drawing reckons with."""
    longest = max((len(str(name)) for name in names), default=0)
    return {
        "left": PADDING + round(WIDER_LETTER * longest),
        "top": PADDING,
        "right": PADDING,
        "bottom": PADDING,
    }


def deviation_grid(
    data: pd.DataFrame, *, measures: Sequence[str], unit: str = "", width: int = 230, height: int = 56
) -> Any:
    """Deviations from plan added up over time before their tolerance band: a row for each family.

    Parameters
    ----------
    data
        Columns ``family``, ``measure``, ``period``, ``value`` (deviation added up) and ``tolerance`` (width
        of the band on either side). Families are shown in the order in which they first appear, all panels
        on one scale.
    measures
        Columns of panels, in order.
    unit
        Unit, said once for each measure.
    width, height
        Of one panel.

    Returns
    -------
    Chart
    """
    families = list(dict.fromkeys(data["family"]))
    scale = scale_of(data["value"], unit)
    domain = domain_of([*data["value"], *data["tolerance"], *-data["tolerance"]], head=0.3)
    rows = data.assign(version=marks.ACTUAL)
    panels = []
    for family in families:
        for place, measure in enumerate(measures):
            x = time_axis(list(rows["period"]), width, is_labelled=family == families[-1])
            own = labelled(rows[(rows["family"] == family) & (rows["measure"] == measure)], scale)
            panel = grammar.layer(
                *_deviation_layers(own, x, domain), *([_row_name(family)] if place == 0 else [])
            )
            heading = (
                {"title": marks.unit_title(f"{measure}, {scale.title}")} if family == families[0] else {}
            )
            panels.append(panel.properties(width=width, height=height, **heading))
    spacing = {"row": 10, "column": 28}
    grid = grammar.concat(*panels, columns=len(measures), spacing=spacing, bounds="flush")
    return grid.properties(padding=_room_for_names(families))


def _deviation_layers(rows: pd.DataFrame, x: grammar.Words, domain: list[float]) -> list[Any]:
    """Band, columns that turn red outside it, and the number of the last one."""
    is_beyond = rows["value"].abs() > rows["tolerance"]
    rows = rows.assign(
        low=-rows["tolerance"],
        colour=[light("bad") if beyond else light("actual") for beyond in is_beyond],
        label=[text if text.startswith(("\u2212", "0")) else f"+{text}" for text in rows["label"]],
    )
    base = grammar.data_chart(marks.records(rows)).encode(x=x)
    band = base.mark_bar(width={"band": 1.0}, fill=light("band"), aria=False)
    bars = base.mark_bar(width={"band": 0.5})
    zero = grammar.data_chart(grammar.InlineData(values=[{"value": 0}])).mark_rule(
        stroke=light("plan"), strokeWidth=1, aria=False
    )
    return [
        band.encode(y=value_axis(domain, "low"), y2="tolerance:Q"),
        bars.encode(y=value_axis(domain), fill=grammar.Fill("colour:N", scale=None), description="tip:N"),
        zero.encode(y=value_axis(domain)),
        numbers_on(rows.tail(1), x, domain),
    ]


def stacked(
    data: pd.DataFrame,
    *,
    unit: str = "",
    parts: Sequence[str] = (),
    target: tuple[float, str] | None = None,
    width: int = 560,
    height: int = 190,
) -> Any:
    """Stacked columns over time, parts named at the last column, totals on top.

    Parameters
    ----------
    data
        Columns ``period``, ``part``, ``value``; one row per period and part, values not negative.
    unit
        Unit, said once.
    parts
        Order of the parts from the foot up; by size when not given. At most five are told apart.
    target
        Value and name of a thin marked line.

    Returns
    -------
    Chart
    """
    totals = data.groupby("period")["value"].sum()
    scale = scale_of(totals, unit)
    sizes = data.groupby("part")["value"].sum()
    order = list(parts) or sorted(sizes.index, key=lambda name: (-sizes[name], name))
    frame = _stacked_rows(data, order, scale)
    domain = domain_of([*totals, *([target[0]] if target else [])])
    y = value_axis(domain)
    x = time_axis(list(frame["period"]), width)
    bars = (
        grammar.data_chart(marks.records(frame))
        .mark_bar(width={"band": 0.75}, stroke=light("paper"), strokeWidth=0.5)
        .encode(
            x=x,
            y=value_axis(domain, "foot"),
            y2="head:Q",
            fill=grammar.Fill("colour:N", scale=None),
            description="tip:N",
        )
    )
    layers: list[Any] = [bars]
    if target:
        layers.append(_target_rule(target[0], y))
    layers.append(_part_names(frame, domain, height, y, _target_name(target, scale)))
    tops = totals.rename("value").reset_index()
    tops = tops.assign(label=[scale.label(v) for v in tops["value"]])
    size = font_for(list(tops["label"]), list(tops["period"]), width)
    if size:
        layers.append(numbers_on(tops, x, domain, has_halo=target is not None, size=size))
    title = marks.unit_title(scale.title)
    return grammar.layer(*layers).properties(width=width, height=height, title=title)


def _stacked_rows(data: pd.DataFrame, order: list[str], scale: Scale) -> pd.DataFrame:
    place = {name: i for i, name in enumerate(order)}
    frame = data[data["part"].isin(order)].assign(period=pd.to_datetime(data["period"]))
    frame = frame.assign(place=frame["part"].map(place)).sort_values(["period", "place"], ignore_index=True)
    head = frame.groupby("period")["value"].cumsum()
    return frame.assign(
        head=head,
        foot=head - frame["value"],
        colour=[light(f"stack_{min(p, 4) + 1}") for p in frame["place"]],
        tip=[
            f"{p:%Y-%m-%d}  {part}  {scale.full(v)}"
            for p, part, v in zip(frame["period"], frame["part"], frame["value"], strict=True)
        ],
    )


def _target_name(target: tuple[float, str] | None, scale: Scale) -> list[tuple[float, str]]:
    return [(target[0], f"{target[1]} {scale.label(target[0])}")] if target else []


def _part_names(
    frame: pd.DataFrame,
    domain: list[float],
    height: int,
    y: grammar.Words,
    further: list[tuple[float, str]],
) -> Any:
    """Names of the parts, and of the target, right of the last column, never on one another."""
    last = frame[(frame["period"] == frame["period"].max()) & (frame["value"] > 0)]
    middles = (last["foot"] + last["head"]) / 2
    names = [*zip(middles, last["part"], strict=True), *further]
    gap = 13 / height * (domain[1] - domain[0])
    places = spread([place for place, _ in names], gap)
    rows = pd.DataFrame(
        {
            "value": places,
            "part": [name for _, name in names],
            "weight": ["normal"] * len(last) + ["bold"] * len(further),
        }
    )
    layers = []
    for weight, some in rows.groupby("weight"):
        text = grammar.data_chart(marks.records(some)).mark_text(
            **marks.label_text(align="left", dx=6, fontWeight=str(weight))
        )
        layers.append(text.encode(x=grammar.value("width"), y=y, text="part:N"))
    return grammar.layer(*layers)


def _target_rule(value: float, y: grammar.Words) -> Any:
    rule = grammar.data_chart(grammar.InlineData(values=[{"value": value}])).mark_rule(
        stroke=light("ink"), aria=False
    )
    return rule.encode(y=y)
