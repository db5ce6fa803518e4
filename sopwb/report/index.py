"""The ways into a run, and the list of all runs."""

from __future__ import annotations

from collections.abc import Sequence

from sopwb.report.context import Link, ReportContext, RunSummary
from sopwb.report.section import Card, Section, section_html
from sopwb.report.shell import render_template

__all__ = ["render_run_index", "render_runs_index"]


def render_run_index(
    context: ReportContext,
    ways: Sequence[Link],
    headline: str = "",
    cards: Sequence[Card] = (),
    books: Sequence[Link] = (),
) -> str:
    """HTML of the index of one run: headline, key figures, the ways to pack, pages and tables, checks.

    Parameters
    ----------
    context
        Facts of the run.
    ways
        Pack first, then the pages and other files, seen from the index.
    headline
        The sentence with the number that matters.
    cards
        Key figures.
    books
        The tables as workbooks.
    """
    from markupsafe import Markup

    # A section escapes its own texts.
    figures = Markup(section_html(Section(headline, "", cards=cards))) if headline or cards else ""  # noqa: S704
    return render_template("run.html.j2", context=context, ways=ways, figures=figures, books=books)


def render_runs_index(runs: Sequence[RunSummary]) -> str:
    """HTML of the list of runs, newest first: what they are, what came out, and the way to each.

    Parameters
    ----------
    runs
        All published runs.
    """
    ordered = sorted(runs, key=lambda run: (run.context.run_id, run.context.customer), reverse=True)
    names = list(dict.fromkeys(name for run in ordered for name in run.figures))
    return render_template("runs.html.j2", runs=ordered, names=names)
