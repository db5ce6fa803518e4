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

__all__ = ["PACK_PAGES", "PackPage", "PackSheet", "pack_sheets", "render_pack", "show_section"]

PACK_ROWS = 12
FEW_ROWS = 8
FULL_SHEET = 3
CROWDED_SHEET = 4
JOINED = 2
Sections = Mapping[str, Callable[..., Section]]


@dataclass(frozen=True)
class PackPage:
    """One sheet of the pack as planned: its name, its title, and rows of section names.

    Sections that do not exist are left out. A marked section joins a sheet by saying so:
    ``@report_section("toll_contract", notebook="40_supply_review", pack="supply")``.
    """

    name: str
    title: str
    rows: tuple[tuple[str, ...], ...]


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
            ("activity_calendar", "deliveries_by_market"),
        ),
    ),
    PackPage(
        "supply",
        "Supply",
        (
            ("load_heat_map",),
            ("bottlenecks", "booked_load"),
            ("shortages", "three_plans"),
        ),
    ),
    PackPage(
        "inventory",
        "Inventory",
        (("stock_against_target", "inventory_health"), ("projected_stock", "targets_by_basis")),
    ),
    PackPage("picture", "Sales, production and inventory by family", (("family_picture",),)),
    PackPage(
        "finance",
        "Profit and cash",
        (("profit_and_loss_year", "cash_by_source"), ("ebit_bridge", "working_capital")),
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

    Half a sheet holds a picture or a table: beside a neighbour the picture stands alone, its table being
    on the page of the meeting; so it is on a sheet of four rows. On one of three a table has its first rows
    only, and of several pictures beside a neighbour the first is shown.
    """
    if neighbours > 1 and rows_of_sheet >= FULL_SHEET and isinstance(section.chart, tuple):
        section = replace(section, chart=section.chart[:1])
    if section.table is None:
        return section
    if section.chart is not None and (neighbours > 1 or rows_of_sheet >= CROWDED_SHEET):
        return replace(section, table=None)
    table = section.table if isinstance(section.table, Table) else Table(section.table)
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
        rows = _joined(page, sections)
        shown = tuple(
            tuple(
                _short_table(show_section(sections[name], tables, model), len(row), len(rows)) for name in row
            )
            for row in rows
        )
        if sheets and not any(_shows(section) for row in shown for section in row):
            said = tuple(section for row in shown for section in row)
            rest = tuple(said[place : place + JOINED] for place in range(0, len(said), JOINED))
            sheets[-1] = replace(sheets[-1], rows=(*sheets[-1].rows, *rest))
        elif shown:
            sheets.append(PackSheet(page.title, shown))
    return sheets


def _shows(section: Section) -> bool:
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
