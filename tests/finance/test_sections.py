"""Pages of the data and finance reviews say something on a full plan and on an empty one."""

from __future__ import annotations

from importlib import import_module

import pandas as pd
import pytest

from sopwb.extend import Parts, mark_of
from sopwb.measure.stage import data_review, measures
from sopwb.report.section import Section, section_text
from sopwb.schema import load_schema

MODULES = [import_module(f"sopwb.report.sections.{name}") for name in ("data", "finance", "cash")]
SECTIONS = {
    mark.name: function
    for module in MODULES
    for function in vars(module).values()
    if (mark := mark_of(function)) is not None and function.__module__ == module.__name__
}


@pytest.fixture(scope="session")
def told(planned, model):
    """The example with the tables its pages read."""
    from sopwb.measure import kpi

    figures = {m.name: f for f in vars(kpi).values() if (m := mark_of(f)) is not None}
    schema = load_schema()
    made = measures(planned, model(), Parts(kpis=figures)) | data_review(planned, model(), Parts())
    return planned | {name: schema[name].shape(rows) for name, rows in made.items()}


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_a_section_says_a_sentence_and_names_its_source(name, told, model):
    section = SECTIONS[name](told, model())
    assert isinstance(section, Section)
    assert section.message
    assert "nan" not in section_text(section).lower().split()
    assert section.source[0] in load_schema()
    assert "Example" in section.title


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_a_section_has_a_sentence_for_an_empty_plan(name, told, model):
    empty = {table: rows if table == "period" else rows.iloc[:0] for table, rows in told.items()}
    assert SECTIONS[name](empty, model()).message


def test_the_year_stands_in_the_table_of_the_profit_and_loss(told, model):
    table = SECTIONS["profit_and_loss_year"](told, model()).table.frame.set_index("line")
    assert table.loc["EBIT", "outlook"] == 740.0
    assert pd.isna(table.loc["EBIT"].get("budget"))
