"""The few words of Vega-Lite our charts are made of, under the names Altair gives them.

A chart here is a plain specification that grows by plain steps. Altair copies and checks the whole of a
chart each time a layer joins it, which took more time than all drawing; the tests let Altair check each
form once instead. ``to_altair`` hands a chart over to whoever wants to go on with it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Axis",
    "Chart",
    "Color",
    "Fill",
    "InlineData",
    "Scale",
    "TitleParams",
    "Words",
    "X",
    "Y",
    "concat",
    "data_chart",
    "hconcat",
    "layer",
    "value",
    "vconcat",
]

TYPES = {"N": "nominal", "O": "ordinal", "Q": "quantitative", "T": "temporal"}
UNTYPED = ("x2", "y2")
"""Channels that take the type of the one they belong to."""
Words = dict[str, Any]


def _words(**settings: Any) -> Words:
    return settings


Axis = Scale = _words


def TitleParams(text: str | list[str], **settings: Any) -> Words:  # noqa: N802 - Altair's name
    """Title of a chart, in one line or several, and how it looks."""
    return {"text": text, **settings}


def InlineData(values: Any, **settings: Any) -> Words:  # noqa: N802 - Altair's name
    """Rows that stand in the chart itself: a list of records, or a text with its format."""
    return {"values": values, **settings}


def _channel(shorthand: str, **settings: Any) -> Words:
    """A column and its kind (``"amount:Q"``), with scale, axis and the like.

    >>> _channel("amount:Q", axis=None)
    {'field': 'amount', 'type': 'quantitative', 'axis': None}
    """
    name, _, kind = shorthand.rpartition(":")
    return {"field": name, "type": TYPES[kind], **settings}


X = Y = Fill = Color = _channel


def value(constant: Any) -> Words:
    """A place that is the same for every row: a number of pixels, ``"width"`` or ``"height"``."""
    return {"value": constant}


def _encoded(name: str, channel: str | Words) -> Words:
    words = _channel(channel) if isinstance(channel, str) else dict(channel)
    if name in UNTYPED:
        words.pop("type", None)
    return words


@dataclass(frozen=True)
class Chart:
    """A chart as far as it has been said; each step gives a new one."""

    spec: Mapping[str, Any]

    def encode(self, **channels: str | Words) -> Chart:
        """Say which column stands for what."""
        said = {name: _encoded(name, channel) for name, channel in channels.items()}
        return self._with(encoding={**self.spec.get("encoding", {}), **said})

    def properties(self, **settings: Any) -> Chart:
        """Say width, height and title."""
        return self._with(**settings)

    def mark_area(self, **look: Any) -> Chart:
        """Draw areas."""
        return self._mark("area", look)

    def mark_bar(self, **look: Any) -> Chart:
        """Draw bars or columns."""
        return self._mark("bar", look)

    def mark_line(self, **look: Any) -> Chart:
        """Draw lines."""
        return self._mark("line", look)

    def mark_point(self, **look: Any) -> Chart:
        """Draw points."""
        return self._mark("point", look)

    def mark_rect(self, **look: Any) -> Chart:
        """Draw cells."""
        return self._mark("rect", look)

    def mark_rule(self, **look: Any) -> Chart:
        """Draw thin lines."""
        return self._mark("rule", look)

    def mark_text(self, **look: Any) -> Chart:
        """Write words and numbers."""
        return self._mark("text", look)

    def mark_tick(self, **look: Any) -> Chart:
        """Draw ticks."""
        return self._mark("tick", look)

    def to_dict(self, *, validate: bool = False) -> Words:
        """Vega-Lite specification; checked by Altair on demand."""
        if validate:
            self.to_altair()
        return dict(self.spec)

    def to_altair(self) -> Any:
        """The same chart as Altair holds it.

        Raises
        ------
        jsonschema.ValidationError
            It is no valid Vega-Lite.
        """
        import altair as alt

        return alt.Chart.from_dict(dict(self.spec), validate=True)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from sopwb.report.svg import chart_svg

        return {"text/html": chart_svg(self, "chart")}

    def _mark(self, kind: str, look: Words) -> Chart:
        return self._with(mark={"type": kind, **look})

    def _with(self, **settings: Any) -> Chart:
        return Chart({**self.spec, **settings})


def data_chart(data: Words) -> Chart:
    """Chart of some rows, before it is said how they are drawn."""
    return Chart({"data": data})


def _joined(how: str, charts: tuple[Chart, ...], settings: Words) -> Chart:
    return Chart({how: [dict(chart.spec) for chart in charts], **settings})


def layer(*charts: Chart) -> Chart:
    """Charts on one another."""
    return _joined("layer", charts, {})


def concat(*charts: Chart, **settings: Any) -> Chart:
    """Charts in rows of some columns."""
    return _joined("concat", charts, settings)


def hconcat(*charts: Chart, **settings: Any) -> Chart:
    """Charts beside one another."""
    return _joined("hconcat", charts, settings)


def vconcat(*charts: Chart, **settings: Any) -> Chart:
    """Charts below one another."""
    return _joined("vconcat", charts, settings)
