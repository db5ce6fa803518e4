"""The executive pack: the eight to twelve sheets a board reads, in the order in which it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from sopwb.extend import Tables, mark_of
from sopwb.report.context import ReportContext
from sopwb.report.section import Section, section_html
from sopwb.report.shell import linked_sources, render_template
from sopwb.report.table import Table

__all__ = ["PACK_PAGES", "PackPage", "PackSheet", "pack_sheets", "render_pack", "show_section", "shows"]

PACK_ROWS = 10
FEW_ROWS = 8
FULL_SHEET = 3
JOINED = 2
Sections = Mapping[str, Callable[..., Section]]


@dataclass(frozen=True)
class PackPage:
    """One sheet of the pack as planned: its name, its title, and rows of section names.

    Sections that do not exist are left out, and so are those of `if_any` that have nothing to show but a
    sentence. A marked section joins a sheet by saying so:
    ``@report_section("toll_contract", notebook="40_supply_review", pack="supply")``.
    """

    name: str
    title: str
    rows: tuple[tuple[str, ...], ...]
    if_any: tuple[str, ...] = ()


@dataclass(frozen=True)
class PackSheet:
    """One sheet of the pack as it is shown: title and rows of sections."""

    title: str
    rows: tuple[tuple[Section, ...], ...]


PACK_PAGES = (
    PackPage("headline", "Headline and decisions asked", (("executive_headline",), ("decisions_asked",))),
    PackPage("gap", "Gap to plan", (("gap_to_plan",), ("target_gaps", "cash_by_month"))),
    PackPage(
        "demand",
        "Demand",
        (
            ("demand_headline",),
            ("demand_total", "forecast_quality"),
            ("activity_calendar",),
        ),
        if_any=("activity_calendar",),
    ),
    PackPage(
        "supply",
        "Supply",
        (("supply_headline", "shortages"), ("load_heat_map",), ("bottlenecks", "booked_load")),
        if_any=("shortages",),
    ),
    PackPage(
        "inventory",
        "Inventory",
        (("stock_against_target", "inventory_health"), ("projected_stock", "deliveries_by_market")),
        if_any=("deliveries_by_market",),
    ),
    PackPage("picture", "Sales, production and inventory by family", (("family_picture",),)),
    PackPage(
        "finance",
        "Profit and cash",
        (("profit_and_loss_year", "cash_by_source"), ("ebit_bridge", "working_capital")),
        if_any=("ebit_bridge",),
    ),
    PackPage("scenarios", "Scenarios compared", (("scenario_results",), ("scenario_comparison",))),
    PackPage("risks", "Risks, opportunities and exceptions", (("risks_and_opportunities",), ("exceptions",))),
    PackPage(
        "promises",
        "Last cycle: promised against happened",
        (("promised_against_happened",), ("past_decisions",)),
    ),
    PackPage(
        "data",
        "Data quality and the tie to the ledger",
        (("data_headline",), ("ledger_tie", "ledger_tie_by_month"), ("data_defaults",)),
    ),
    PackPage("method", "Method and evidence", (("plan_checks",), ("method_and_evidence",))),
)


class _TableMissingError(KeyError):
    """A section asks for a table this run has not made."""


class _Tables(Mapping[str, pd.DataFrame]):
    """Tables of a run that say by a fault of their own that one is missing."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._tables:
            raise _TableMissingError(name)
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def show_section(function: Callable[..., Section], tables: Tables, model: Any) -> Section:
    """A section, or in its place a sentence that names the table it misses.

    Parameters
    ----------
    function
        The marked section.
    tables
        Tables of the run.
    model
        The resolved model.
    """
    try:
        return function(_Tables(tables), model)
    except _TableMissingError as missing:
        table = str(missing.args[0])
        mark = mark_of(function)
        name = mark.name.replace("_", " ") if mark else "This part"
        return Section(
            f"{name.capitalize()} cannot be shown: this run has no table {table}",
            "",
            source=(table, "missing"),
        )


def _short_table(section: Section, neighbours: int, rows_of_sheet: int) -> Section:
    """The section with a table that fits a sheet.

    Half a sheet holds a picture or a table: beside a neighbour the first picture stands alone, its table
    being on the page of the meeting. So it is on a sheet of three rows, where a table without a picture has
    its first rows only.
    """
    if neighbours > 1 and isinstance(section.chart, tuple):
        section = replace(section, chart=section.chart[:1])
    if section.table is None:
        return section
    if section.chart is not None and (neighbours > 1 or rows_of_sheet >= FULL_SHEET):
        return replace(section, table=None)
    table = section.table if isinstance(section.table, Table) else Table(section.table)
    if table.sums:
        # A statement with sums is whole or wrong.
        return replace(section, table=table)
    most = FEW_ROWS if rows_of_sheet >= FULL_SHEET else PACK_ROWS
    return replace(section, table=replace(table, max_rows=min(table.max_rows, most)))


def _joined(page: PackPage, sections: Sections) -> tuple[tuple[str, ...], ...]:
    """Rows of a page: the planned ones that exist, then those that ask to join."""
    planned = tuple(tuple(name for name in row if name in sections) for row in page.rows)
    listed = {name for row in page.rows for name in row}
    joining = tuple(
        name
        for name, function in sections.items()
        if name not in listed and (mark := mark_of(function)) and mark.options.get("pack") == page.name
    )
    pairs = tuple(joining[place : place + JOINED] for place in range(0, len(joining), JOINED))
    return tuple(row for row in (*planned, *pairs) if row)


def pack_sheets(
    sections: Sections, tables: Tables, model: Any, pages: Sequence[PackPage] = PACK_PAGES
) -> list[PackSheet]:
    """Sheets of the pack, made of the sections that exist.

    A sheet without any is left out; the sentences of one that has nothing to show but them stand at the
    foot of the sheet before.

    Parameters
    ----------
    sections
        ``parts.report_sections``: name → marked function.
    tables
        Tables of the run.
    model
        The resolved model.
    pages
        The planned sheets.
    """
    sheets: list[PackSheet] = []
    for page in pages:
        shown = _shown_rows(page, sections, tables, model)
        if sheets and not any(shows(section) for row in shown for section in row):
            said = tuple(section for row in shown for section in row)
            rest = tuple(said[place : place + JOINED] for place in range(0, len(said), JOINED))
            sheets[-1] = replace(sheets[-1], rows=(*sheets[-1].rows, *rest))
        elif shown:
            sheets.append(PackSheet(page.title, shown))
    return sheets


def _shown_rows(
    page: PackPage, sections: Sections, tables: Tables, model: Any
) -> tuple[tuple[Section, ...], ...]:
    """Rows of a page as they are shown, without what has nothing to show and need not say so."""
    made = [
        [(name, show_section(sections[name], tables, model)) for name in row]
        for row in _joined(page, sections)
    ]
    kept = [[part for name, part in row if name not in page.if_any or shows(part)] for row in made]
    kept = [row for row in kept if row]
    return tuple(tuple(_short_table(part, len(row), len(kept)) for part in row) for row in kept)


def shows(section: Section) -> bool:
    """True when a section has more to show than its sentence."""
    return section.chart is not None or section.table is not None or bool(section.cards)


def render_pack(
    sheets: Sequence[PackSheet], context: ReportContext, drawn: Mapping[str, str] | None = None
) -> str:
    """HTML of the pack: each sheet fits A4 landscape in print and carries company, as-of and scenario.

    Parameters
    ----------
    sheets
        Of `pack_sheets`.
    context
        Facts of the run; its evidence stands on the last sheet.
    drawn
        Drawings that stand on the pages already, of `sopwb.report.svg.drawings_in`.
    """
    from markupsafe import Markup

    # A section escapes its own texts.
    shown = [
        (
            sheet.title,
            [
                [Markup(linked_sources(section_html(section, drawn), context)) for section in row]  # noqa: S704
                for row in sheet.rows
            ],
        )
        for sheet in sheets
    ]
    return render_template("pack.html.j2", context=context, sheets=shown)
