"""A chart as a drawing that stands alone: own hatch, own names, the message as its alt text."""

from __future__ import annotations

import hashlib
import json
import re
from html import escape
from typing import Any

from sopwb.report import theme

__all__ = ["chart_spec", "chart_svg"]

VEGA_LITE = "6.4"


def chart_spec(chart: Any) -> dict[str, Any]:
    """Vega-Lite specification of a chart with the notation applied."""
    spec: dict[str, Any] = dict(chart) if isinstance(chart, dict) else chart.to_dict()
    return {**spec, "config": {**theme.chart_config(), **_own_config(spec)}}


def _own_config(spec: dict[str, Any]) -> dict[str, Any]:
    """Settings of the chart itself, less those Altair's default theme puts in."""
    own = dict(spec.get("config", {}))
    if own.get("view") == {"continuousWidth": 300, "continuousHeight": 300}:
        own.pop("view")
    return own


def _named_apart(svg: str, suffix: str) -> str:
    """Give the drawing's inner names a suffix, so that two drawings on a page never share one."""
    svg = re.sub(r'(<clipPath|<linearGradient) id="([^"]+)"', rf'\1 id="\2{suffix}"', svg)
    return re.sub(r'="url\(#([\w-]+)\)"', rf'="url(#\1{suffix})"', svg)


def chart_svg(chart: Any, message: str) -> str:
    """SVG of a chart with its own hatch, role and alt text.

    Parameters
    ----------
    chart
        Altair chart or Vega-Lite dict.
    message
        What the chart says; its alt text.
    """
    import vl_convert

    spec = json.dumps(chart_spec(chart), sort_keys=True, default=str)
    svg = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE)
    suffix = "-" + hashlib.blake2b(svg.encode(), digest_size=4).hexdigest()
    head, _, body = _named_apart(svg, suffix).partition(">")
    head = re.sub(r'\s(?:role|aria-\w+|class)="[^"]*"', "", head)
    return (
        f'{head} class="marks" role="img" aria-label="{escape(message)}">{theme.hatch_defs(suffix)}{body}'
    )
