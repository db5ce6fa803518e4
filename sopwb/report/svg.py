"""A chart as a drawing that stands alone: own hatch, own names, the message as its alt text."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from sopwb.report import theme

__all__ = ["chart_spec", "chart_svg", "drawings_in"]

VEGA_LITE = "6.4"
NARROW = 400
WIDE = 660
"""Drawings wider than this may take the whole width of a sheet."""
"""Drawings narrower than this are not blown up to the width of a sheet."""
TAG = re.compile(r"<[A-Za-z][^<>]*>")
WEIGHT = re.compile(r' (?:role|aria-roledescription|aria-hidden|class|pointer-events|font-family)="[^"]*"')
DEFAULTS = re.compile(r' (?:opacity="1"|stroke-miterlimit="10"|font-size="11px"|display="inline")')
DRAWN = re.compile(r'<svg [^<>]*data-drawing="([0-9a-f]+)".*?</svg>', re.DOTALL)
EMPTY = re.compile(r"<text[^<>]*/>|<path[^<>]* d=\"\"[^<>]*/>|<g>\s*</g>")


def chart_spec(chart: Any) -> dict[str, Any]:
    """Vega-Lite specification of a chart with the notation applied."""
    # Altair checks each part as it is made; checking the whole again costs more than drawing it.
    spec: dict[str, Any] = dict(chart) if isinstance(chart, dict) else chart.to_dict(validate=False)
    return {**spec, "config": {**theme.chart_config(), **_own_config(spec)}}


def _own_config(spec: dict[str, Any]) -> dict[str, Any]:
    """Settings of the chart itself, less those Altair's default theme puts in."""
    own = dict(spec.get("config", {}))
    if own.get("view") == {"continuousWidth": 300, "continuousHeight": 300}:
        own.pop("view")
    return own


def _lean(tag: re.Match[str]) -> str:
    """A tag without what only a live Vega view needs; what a mark says becomes its tip."""
    text = DEFAULTS.sub("", WEIGHT.sub("", tag.group()))
    return text.replace(' aria-label="', ' data-tip="')


def _named_apart(svg: str, suffix: str) -> str:
    """Give the drawing's inner names a suffix, so that two drawings on a page never share one."""
    svg = re.sub(r'(<clipPath|<linearGradient) id="([^"]+)"', rf'\1 id="\2{suffix}"', svg)
    return re.sub(r'="url\(#([\w-]+)\)"', rf'="url(#\1{suffix})"', svg)


def _size(head: str) -> tuple[str, str]:
    found = {name: re.search(rf' {name}="([\d.]+)"', head) for name in ("width", "height")}
    width, height = (match.group(1) if match else "0" for match in found.values())
    return width, height


def drawings_in(pages: Iterable[str]) -> dict[str, str]:
    """Drawings that stand in finished pages, by what they are drawings of."""
    return {match.group(1): match.group() for page in pages for match in DRAWN.finditer(page)}


def chart_svg(chart: Any, message: str, drawn: Mapping[str, str] | None = None) -> str:
    """SVG of a chart with its own hatch, role and alt text.

    Parameters
    ----------
    chart
        A chart of ours, an Altair chart or a Vega-Lite dict.
    message
        What the chart says; its alt text.
    drawn
        Of `drawings_in`: a chart that is among them is not drawn again.
    """
    spec = json.dumps(chart_spec(chart), sort_keys=True, default=str)
    name = hashlib.blake2b(f"{message}|{spec}".encode(), digest_size=8).hexdigest()
    if drawn and name in drawn:
        return drawn[name]
    return _drawing(spec, message, name)


def _drawing(spec: str, message: str, name: str) -> str:
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE)
    suffix = f"-{name[:8]}"
    head, _, body = drawn.partition(">")
    width, height = _size(head)
    body = EMPTY.sub("", TAG.sub(_lean, _named_apart(body, suffix)))
    kind = "marks narrow" if float(width) < NARROW else "marks wide" if float(width) > WIDE else "marks"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{kind}" data-drawing="{name}" role="img" '
        f'aria-label="{escape(message)}" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'preserveAspectRatio="xMinYMin" font-family="{escape(theme.FONT)}" font-size="11px">'
        f"{theme.hatch_defs(suffix)}{body}"
    )
