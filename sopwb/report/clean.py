"""What a page may hold: text, tables and drawings; nothing that runs, loads or posts."""

from __future__ import annotations

import nh3

__all__ = ["clean_html"]

TEXT_TAGS = """
a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5
h6 hr i img kbd li mark ol p pre q s samp section small span strong sub summary sup table tbody td tfoot th
thead tr u ul
"""
DRAWING_TAGS = """
svg g defs pattern clipPath path rect line circle ellipse polyline polygon text tspan title desc
linearGradient stop
"""
DRAWING_ATTRIBUTES = """
x y x1 y1 x2 y2 cx cy r rx ry d points dx dy width height viewBox preserveAspectRatio transform fill stroke
opacity offset fill-opacity stroke-opacity stroke-width stroke-dasharray stroke-linecap stroke-linejoin
stroke-miterlimit text-anchor dominant-baseline font-family font-size font-weight font-style clip-path
clipPathUnits patternUnits patternTransform gradientUnits stop-color display xmlns
"""
TEXT_ATTRIBUTES = {
    "*": {"class", "id", "title", "role", "lang"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
PICTURES = ("data:image/png;base64,", "data:image/jpeg;base64,")


def _kept(tag: str, name: str, value: str) -> str | None:
    """A value that stays: pictures only from the page itself, paints only from the drawing itself."""
    if tag == "img" and name == "src":
        return value if value.startswith(PICTURES) else None
    if "url(" in value.lower() and not value.startswith("url(#"):
        return None
    return value


def clean_html(html: str) -> str:
    """HTML with only what is on the allow-list; scripts, styles, handlers and outside addresses are gone.

    Parameters
    ----------
    html
        What a cell of a notebook shows.
    """
    attributes = {name: set(values) for name, values in TEXT_ATTRIBUTES.items()}
    for tag in DRAWING_TAGS.split():
        attributes[tag] = set(DRAWING_ATTRIBUTES.split())
    return nh3.clean(
        html,
        tags={*TEXT_TAGS.split(), *DRAWING_TAGS.split()},
        clean_content_tags={"script", "style", "template", "iframe", "object", "noscript"},
        attributes=attributes,
        attribute_filter=_kept,
        generic_attribute_prefixes={"data-", "aria-"},
        url_schemes={"https", "mailto", "data"},
        link_rel="noopener noreferrer",
        strip_comments=True,
    )
