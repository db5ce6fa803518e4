"""The notation: one meaning, one look (IBCS), for charts, tables and pages, light and dark.

Every colour of a chart is one of `PALETTE`, so the page's stylesheet can turn each into its dark
sister by its value alone, and a printed page is always light.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

__all__ = [
    "FONT",
    "HATCH",
    "HATCH_FILL",
    "LOAD_STEPS",
    "PALETTE",
    "Colour",
    "chart_config",
    "colour_rules",
    "contrast",
    "hatch_defs",
    "light",
    "load_colour",
    "load_text",
    "variance_colour",
]

FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
HATCH = "hatch"
HATCH_FILL = f"url(#{HATCH})"


@dataclass(frozen=True)
class Colour:
    """One colour of the notation on light and on dark paper, and what it stands for."""

    light: str
    dark: str
    stands_for: str


PALETTE: dict[str, Colour] = {
    "paper": Colour("#ffffff", "#15181c", "background"),
    "ink": Colour("#212121", "#ececec", "text and axes"),
    "quiet": Colour("#5c5c5c", "#b4b8bd", "secondary text"),
    "rule": Colour("#d4d4d4", "#3a3f45", "thin rules and grids"),
    "actual": Colour("#3d3d3d", "#d0d0d0", "AC, actual: solid"),
    "previous": Colour("#b0b0b0", "#70757b", "PY, PP: solid light"),
    "plan": Colour("#3e3e3e", "#d1d1d1", "PL, BU: outline"),
    "forecast": Colour("#3f3f3f", "#d2d2d2", "FC: hatched"),
    "band": Colour("#e3e3e3", "#2e343a", "80 % band"),
    "stack_1": Colour("#404040", "#d3d3d3", "first part of a stack"),
    "stack_2": Colour("#757575", "#a2a6ab", "second part of a stack"),
    "stack_3": Colour("#a1a1a1", "#7b8087", "third part of a stack"),
    "stack_4": Colour("#c9c9c9", "#565c63", "fourth part of a stack"),
    "stack_5": Colour("#e6e6e6", "#393f46", "fifth part of a stack"),
    "good": Colour("#00755a", "#52c7a4", "variance that is good"),
    "bad": Colour("#bf2626", "#ff8f85", "variance that is bad"),
    "load_0": Colour("#f5f5f5", "#1d2125", "load below 50 %"),
    "load_1": Colour("#e4e4e4", "#2a2f34", "load from 50 %"),
    "load_2": Colour("#cfcfcf", "#3b4147", "load from 75 %"),
    "load_3": Colour("#b5b5b5", "#50575e", "load from 90 %"),
    "load_4": Colour("#f2b8b3", "#7c3a36", "load from 100 %"),
    "load_5": Colour("#be2525", "#ff9087", "load from 110 %"),
    "on_strong": Colour("#fffffe", "#101214", "text on a strong fill"),
}

SRGB_LINEAR = 0.04045
LOAD_STEPS = (0.5, 0.75, 0.9, 1.0000001, 1.1)


def light(name: str) -> str:
    """Colour of the notation as a chart states it, on light paper."""
    return PALETTE[name].light


def load_colour(rate: float) -> str:
    """Fill of a heat map cell for a load: greys up to full, reds beyond."""
    return light(f"load_{sum(rate >= step for step in LOAD_STEPS)}")


def load_text(rate: float) -> str:
    """Text colour that can be read on the fill of a load."""
    return light("on_strong" if rate >= LOAD_STEPS[-1] else "ink")


def variance_colour(delta: float, sense: str = "higher_better") -> str:
    """Green or red by what is good for the measure; grey when nothing is."""
    if sense == "neutral" or delta == 0 or math.isnan(delta):
        return light("quiet")
    is_good = (delta > 0) == (sense != "lower_better")
    return light("good" if is_good else "bad")


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    # The sRGB curve, IEC 61966-2-1.
    linear = [c / 12.92 if c <= SRGB_LINEAR else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, from 1 to 21 (WCAG 2.1, relative luminance).

    >>> round(contrast("#ffffff", "#000000"))
    21
    """
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def hatch_defs(suffix: str = "") -> str:
    """SVG definition of the hatch that means forecast; each drawing carries its own."""
    paper, stroke = light("paper"), light("forecast")
    return (
        f'<defs><pattern id="{HATCH}{suffix}" width="5" height="5" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="5" height="5" fill="{paper}"/>'
        f'<line x1="1" y1="0" x2="1" y2="5" stroke="{stroke}" stroke-width="2"/></pattern></defs>'
    )


def colour_rules() -> str:
    """Style rules that give every colour of a chart its light or dark value on the page."""
    names = {name: f"--{name.replace('_', '-')}" for name in PALETTE}
    lights = "".join(f"{names[n]}:{c.light};" for n, c in PALETTE.items())
    darks = "".join(f"{names[n]}:{c.dark};" for n, c in PALETTE.items())
    fills = "".join(
        f'svg [fill="{c.light}"]{{fill:var({names[n]})}}svg [stroke="{c.light}"]{{stroke:var({names[n]})}}'
        for n, c in PALETTE.items()
    )
    return (
        f":root{{color-scheme:light;{lights}}}"
        f"@media screen{{:root[data-theme=dark]{{color-scheme:dark;{darks}}}}}"
        f"@media screen and (prefers-color-scheme:dark)"
        f"{{:root:not([data-theme=light]){{color-scheme:dark;{darks}}}}}"
        f"{fills}"
    )


def chart_config() -> dict[str, Any]:
    """Vega-Lite configuration that carries the notation into every chart."""
    ink, quiet, rule = light("ink"), light("quiet"), light("rule")
    axis = {
        "labelColor": quiet,
        "labelFontSize": 11,
        "titleColor": quiet,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "grid": False,
        "ticks": False,
        "domainColor": quiet,
        "labelPadding": 4,
        "labelLimit": 235,
    }
    return {
        "background": "transparent",
        "font": FONT,
        "padding": 4,
        "view": {"stroke": None},
        "axis": axis,
        "axisY": {"domain": False},
        "header": {
            "labelColor": ink,
            "labelFontSize": 12,
            "labelFontWeight": "bold",
            "labelAnchor": "start",
            "title": None,
        },
        "bar": {"fill": light("actual")},
        "line": {"stroke": light("actual"), "strokeWidth": 2},
        "point": {"fill": light("actual"), "filled": True},
        "area": {"fill": light("band")},
        "rule": {"stroke": quiet, "strokeWidth": 1},
        "text": {"fill": ink, "fontSize": 11},
        "title": {"color": ink, "fontSize": 12, "anchor": "start", "fontWeight": "bold"},
        "legend": {"disable": True},
        "range": {"category": [light(f"stack_{i}") for i in range(1, 6)]},
        "scale": {"bandPaddingInner": 0.3, "bandPaddingOuter": 0.15},
        "axisX": {"domainColor": rule},
    }
