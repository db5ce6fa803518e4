"""One message of a page: a sentence, what it is about, and the picture or table that shows it."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from sopwb.report import numbers
from sopwb.report.spark import spark
from sopwb.report.svg import chart_svg
from sopwb.report.table import Table, html_table, text_table
from sopwb.report.template import read_template

__all__ = ["Card", "Section", "section_html", "section_text"]


@dataclass(frozen=True)
class Card:
    """One key figure: value, difference to plan and to the last cycle, and its course.

    Parameters
    ----------
    label
        What it is: "EBIT 2025".
    value
        The figure; None when unknown.
    unit
        ``currency``, ``rate``, ``days``, ``qty`` or any word.
    to_plan, to_last
        Differences (value less reference); None when there is nothing to compare with.
    sense
        ``higher_better``, ``lower_better`` or ``neutral``.
    plan_name, last_name
        What the differences are to.
    course
        Values for the spark line, oldest first.
    currency
        Code of the reporting currency.
    """

    label: str
    value: float | None
    unit: str = "currency"
    to_plan: float | None = None
    to_last: float | None = None
    sense: str = "higher_better"
    plan_name: str = "plan"
    last_name: str = "last cycle"
    course: Sequence[float | None] = ()
    currency: str = "EUR"


@dataclass(frozen=True)
class Section:
    """One message of a page, as a report section returns it.

    Parameters
    ----------
    message
        The message, one sentence with the number that matters.
    title
        Who, what (measure and unit), when and against what: "Kuura Drinks, net revenue, M EUR, 2025 AC+FC
        against BU".
    chart
        A chart of `sopwb.report.charts` (any Altair chart or Vega-Lite dict), or a tuple of them.
    table
        A DataFrame or a `Table` (which also says how to show it).
    note
        A line below: what was assumed, left out, or should be decided.
    source
        Table the figures come from, and which of its rows in words: ``("demand_plan", "whole horizon")``.
    cards
        Key figures shown as cards above chart and table.
    """

    message: str
    title: str
    chart: Any = None
    table: pd.DataFrame | Table | None = None
    note: str = ""
    source: tuple[str, str] = ("", "")
    cards: Sequence[Card] = ()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook shows: HTML with the drawing inside, and plain text."""
        style = f"<style>{read_template('section.css')}</style>"
        return {"text/html": style + section_html(self), "text/plain": section_text(self)}


def _variance(delta: float | None, name: str, card: Card) -> str:
    if delta is None or pd.isna(delta):
        return ""
    good = (delta > 0) == (card.sense != "lower_better")
    text = numbers.by_unit(delta, card.unit, card.currency, signed=True)
    tone = "" if numbers.is_nil(text) or card.sense == "neutral" else ("good" if good else "bad")
    return (
        f'<p class="delta"><span class="{tone}">{escape(text)}</span> '
        f'<span class="quiet">to {escape(name)}</span></p>'
    )


def _value_html(text: str) -> str:
    """The digits large, the unit beside them small."""
    digits, _, unit = text.partition(numbers.THIN_SPACE)
    small = f'{numbers.THIN_SPACE}<span class="unit">{escape(unit)}</span>' if unit else ""
    return escape(digits) + small


def _card_html(card: Card) -> str:
    value = numbers.by_unit(card.value, card.unit, card.currency)
    course = spark(card.course, card.label) if len(card.course) > 1 else ""
    return (
        f'<div class="card"><p class="label">{escape(card.label)}</p>'
        f'<p class="value">{_value_html(value)}</p>'
        f"{_variance(card.to_plan, card.plan_name, card)}{_variance(card.to_last, card.last_name, card)}"
        f"{course}</div>"
    )


def _charts(section: Section) -> tuple[Any, ...]:
    if section.chart is None:
        return ()
    return tuple(section.chart) if isinstance(section.chart, (tuple, list)) else (section.chart,)


def _source_html(section: Section) -> str:
    table, rows = section.source
    if not table:
        return ""
    tail = f", {escape(rows)}" if rows else ""
    return (
        f'<p class="source">Source: <span class="source-table" data-source="{escape(table)}">'
        f"{escape(table)}</span>{tail}</p>"
    )


def section_html(section: Section, drawn: Mapping[str, str] | None = None) -> str:
    """HTML of a section with its drawings inside; all texts escaped.

    Parameters
    ----------
    section
        The section.
    drawn
        Drawings that exist already, of `sopwb.report.svg.drawings_in`.
    """
    drawings = "".join(
        f'<figure class="chart">{chart_svg(chart, section.message, drawn)}</figure>'
        for chart in _charts(section)
    )
    cards = "".join(_card_html(card) for card in section.cards)
    table, rows = section.source
    identity = hashlib.blake2b(f"{section.message}|{section.title}".encode(), digest_size=4).hexdigest()
    opening = (
        f'<section class="sopwb-section" id="s-{identity}" data-source="{escape(table)}" '
        f'data-filter="{escape(rows)}">'
    )
    parts = [
        opening,
        f'<h3 class="message">{escape(section.message)}</h3>',
        f'<p class="title">{escape(section.title)}</p>' if section.title else "",
        f'<div class="cards">{cards}</div>' if cards else "",
        f'<div class="charts">{drawings}</div>' if drawings else "",
        html_table(section.table) if section.table is not None else "",
        f'<p class="note">{escape(section.note)}</p>' if section.note else "",
        _source_html(section),
        "</section>",
    ]
    return "".join(parts)


def section_text(section: Section) -> str:
    """Plain text of a section: message, title, cards and table."""
    cards = [
        f"  {card.label}: {numbers.by_unit(card.value, card.unit, card.currency)}" for card in section.cards
    ]
    table = [textwrap.indent(text_table(section.table), "  ")] if section.table is not None else []
    note = [section.note] if section.note else []
    return "\n".join([section.message, section.title, *cards, *table, *note])
