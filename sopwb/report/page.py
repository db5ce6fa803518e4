"""The page of one meeting: its executed notebook as one file that opens anywhere, without a network."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from itertools import pairwise
from typing import Any

from sopwb.report.clean import clean_html
from sopwb.report.context import ReportContext
from sopwb.report.shell import linked_sources, shared
from sopwb.report.template import template_folder

__all__ = ["markdown_html", "output_html", "page_title", "render_page"]

HEADING = re.compile(r"^(#{1,2})\s+(.+?)\s*$", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "part"


def _headings(notebook: Any, level: int) -> list[str]:
    texts = [FENCE.sub("", cell.source) for cell in notebook.cells if cell.cell_type == "markdown"]
    found = [match for text in texts for match in HEADING.findall(text)]
    return [_plain(title) for marks, title in found if len(marks) == level]


def _plain(title: str) -> str:
    return re.sub(r"[*_`]", "", title)


def page_title(notebook: Any) -> str:
    """Title of a page: the first heading of its notebook."""
    return next(iter(_headings(notebook, 1)), "Report")


def markdown_html(text: str) -> str:
    """Markdown as HTML; raw HTML in it stays text, and headings get an address.

    >>> markdown_html("## What to **decide**?").strip()
    '<h2 id="what-to-decide">What to <strong>decide</strong>?</h2>'
    """
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(text)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", _slug(_plain(inline.content)))
    return clean_html(str(reader.renderer.render(tokens, reader.options, {})))


def output_html(output: Any) -> str:
    """What a cell of a notebook shows, as HTML that neither runs nor loads anything.

    Parameters
    ----------
    output
        One output of a code cell. Of its forms the richest that can be cleaned is taken; scripts, widgets
        and what is written to the error stream are left out.
    """
    if output.output_type == "stream":
        return _printed(output.text) if output.name == "stdout" else ""
    if output.output_type == "error":
        return _printed(f"{output.ename}: {output.evalue}")
    forms = output.get("data", {})
    kind = next((kind for kind in SHOWN if kind in forms), None)
    return SHOWN[kind](forms[kind]) if kind else ""


def _printed(text: str) -> str:
    return f'<pre class="printed">{escape(text)}</pre>'


def _figure(html: str) -> str:
    return f'<figure class="chart">{clean_html(html)}</figure>'


def _picture(kind: str) -> Callable[[str], str]:
    def show(content: str) -> str:
        plain = escape(content.replace("\n", ""))
        return _figure(f'<img alt="" src="data:{kind};base64,{plain}">')

    return show


SHOWN: dict[str, Callable[[str], str]] = {
    "text/html": clean_html,
    "image/svg+xml": _figure,
    "image/png": _picture("image/png"),
    "image/jpeg": _picture("image/jpeg"),
    "text/markdown": lambda text: f'<div class="prose">{markdown_html(text)}</div>',
    "text/plain": _printed,
}
"""How each form of an output is shown, the richest first."""


def _exporter(context: ReportContext, notebook: Any) -> Any:
    import nbconvert
    from traitlets.config import Config

    settings = Config()
    settings.TemplateExporter.template_name = "report"
    settings.TemplateExporter.template_file = "index.html.j2"
    settings.TemplateExporter.extra_template_basedirs = [str(template_folder().parent)]
    make: Any = nbconvert.TemplateExporter
    exporter = make(config=settings)
    exporter.register_filter("markdown_html", markdown_html)
    exporter.register_filter("output_html", output_html)
    exporter.environment.globals.update(
        shared(),
        context=context,
        page_title=page_title(notebook),
        contents=[(title, _slug(title)) for title in _headings(notebook, 2)],
    )
    return exporter


def render_page(notebook: Any, context: ReportContext) -> str:
    """HTML of an executed notebook: contents at the side, drawings inside, code behind a switch.

    Parameters
    ----------
    notebook
        The executed notebook (nbformat node). It is not changed.
    context
        Facts of its run; ``context.pages`` gives the way to the other pages, the link whose label is the
        title of the notebook being the page itself.
    """
    html, _ = _exporter(context, notebook).from_notebook_node(notebook)
    return linked_sources(str(html), context)
