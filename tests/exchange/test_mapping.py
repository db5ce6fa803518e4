"""The grammar of mappings: every word is known, every table and column declared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sopwb.errors import Fault

Mapped = Callable[[str], Path]
Faults = Callable[..., tuple[Fault, ...]]


def said(faults: tuple[Fault, ...]) -> dict[str, tuple[str, str]]:
    return {fault.where.removeprefix("sources/acme.yaml "): (fault.problem, fault.remedy) for fault in faults}


def test_unknown_words_name_the_nearest_one(mapped: Mapped, faults_of: Faults) -> None:
    text = """source: acme
knd: folder
tables:
  market: {sq: "select 1"}
defaults:
  - {table: market, colunm: region, text: x}
"""
    faults = said(faults_of(mapped(text)))
    assert faults["line 2"] == ("knd is not known here", "did you mean kind?")
    assert faults["line 4"][1] == "did you mean sql?"
    assert faults["line 6"][1] == "did you mean column?"


def test_unknown_tables_and_columns_name_the_nearest_one(mapped: Mapped, faults_of: Faults) -> None:
    text = """source: acme
tables:
  markets: {sql: select 1}
  price:
    file: prices.csv
    columns: {produkt: item}
    constants: {valid_frm: "2026-01-01"}
  demand_plan: {file: plan.csv}
defaults:
  - {table: prise, text: x}
  - {table: price, column: prise_per_unit, text: x}
"""
    faults = said(faults_of(mapped(text), source=Path.cwd()))
    assert faults["line 3"] == ("markets is no input table", "did you mean market?")
    assert faults["line 6"] == ("price has no column produkt", "did you mean product?")
    assert faults["line 7"] == ("price has no column valid_frm", "did you mean valid_from?")
    assert faults["line 8"][0] == "demand_plan is no input table"
    assert faults["line 10"][1] == "did you mean price?"
    assert faults["line 11"][1] == "did you mean price_per_unit?"


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("{sql: select 1, file: a.csv}", "needs one of sql and file"),
        ("{constants: {region: x}}", "needs one of sql and file"),
        ("{sql: select 1, columns: {market: m}}", "has columns beside sql"),
    ],
)
def test_a_table_comes_by_a_query_or_from_a_file(
    mapped: Mapped, faults_of: Faults, table: str, problem: str
) -> None:
    faults = faults_of(mapped(f"source: acme\ntables:\n  market: {table}\n"), source=Path.cwd())
    assert any(problem in fault.problem for fault in faults)


def test_a_missing_name_and_a_wrong_type_are_said_together(mapped: Mapped, faults_of: Faults) -> None:
    faults = said(faults_of(mapped("kind: 12\ntables: {}\n")))
    assert faults["line 1"][0] in {"source is missing", "kind is 12"}
    assert len(faults_of(mapped("kind: 12\ntables: {}\n"))) == 2


def test_the_faults_of_the_yaml_itself_name_the_line(mapped: Mapped, faults_of: Faults) -> None:
    (fault,) = faults_of(mapped("source: acme\nsource: beta\n"))
    assert fault.where == "acme.yaml line 2"


def test_two_mappings_do_not_make_one_table(customer: Path, mapped: Mapped, faults_of: Faults) -> None:
    text = "source: acme\ntables:\n  market: {file: a.csv}\n"
    mapped(text)
    (customer / "sources" / "beta.yaml").write_text(text, encoding="utf-8")
    problems = [fault.problem for fault in faults_of(customer)]
    assert "market is made by acme.yaml too" in problems
