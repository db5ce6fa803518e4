"""The frame all pages share: one style sheet, one small script, and a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from html import escape
from typing import Any
from urllib.parse import quote

from sopwb.report.context import ReportContext
from sopwb.report.template import read_template, template_folder
from sopwb.report.theme import colour_rules, hatch_defs, light

__all__ = ["linked_sources", "notation_key", "policy", "render_template", "script", "style"]

SOURCE = re.compile(r'<span class="source-table" data-source="([\w-]+)">[^<]*</span>')


@cache
def style() -> str:
    """Style sheet of every page: colours of the notation, sections, and the page around them."""
    return colour_rules() + read_template("section.css") + read_template("page.css")


@cache
def script() -> str:
    """The one script of every page: tips at marks, light and dark, code shown or hidden."""
    return read_template("page.js")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def policy() -> str:
    """Content security policy: nothing is loaded, only our own style and script apply."""
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style())}'; script-src '{_hash(script())}'; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(template_folder()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def shared() -> dict[str, Any]:
    """What every template is given."""
    from markupsafe import Markup

    # Our own files and drawings: they are markup, not text.
    return {
        "style": Markup(style()),  # noqa: S704
        "script": Markup(script()),  # noqa: S704
        "policy": policy(),
        "notation_key": Markup(notation_key()),  # noqa: S704
    }


def render_template(name: str, **values: Any) -> str:
    """Text of a page from one of the report templates; plain values are escaped."""
    text: str = _environment().get_template(name).render(**shared(), **values)
    return text


def linked_sources(html: str, context: ReportContext) -> str:
    """HTML in which the source of each section leads to its exported table."""
    if not context.table_href:
        return html

    def link(match: re.Match[str]) -> str:
        table = match.group(1)
        href = escape(context.table_href.format(table=quote(table, safe="")))
        return f'<a class="source-table" data-source="{table}" href="{href}">{table}</a>'

    return SOURCE.sub(link, html)


def _swatch(name: str, words: str, shape: str) -> str:
    return (
        f'<span class="key"><svg width="14" height="12" viewBox="0 0 14 12" aria-hidden="true">{shape}</svg>'
        f" {escape(name)} {escape(words)}</span>"
    )


@cache
def notation_key() -> str:
    """The notation in one line: how actual, plan, forecast, previous year and variances look."""
    box = '<rect x="1" y="1" width="12" height="10" fill="{fill}" stroke="{stroke}"/>'
    actual, previous, plan = light("actual"), light("previous"), light("plan")
    hatched = hatch_defs("-key") + box.format(fill="url(#hatch-key)", stroke=light("forecast"))
    good = box.format(fill=light("good"), stroke=light("good"))
    bad = box.format(fill=light("bad"), stroke=light("bad"))
    return "".join(
        (
            _swatch("AC", "actual", box.format(fill=actual, stroke=actual)),
            _swatch("FC", "forecast, plan of this run", hatched),
            _swatch("BU PL", "budget, plan", box.format(fill="none", stroke=plan)),
            _swatch("PY", "previous year", box.format(fill=previous, stroke=previous)),
            _swatch("Δ", "good", good),
            _swatch("Δ", "bad", bad),
        )
    )
