"""Folders of files as a source: queries, single files, labelled defaults, and where the folder is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from sopwb.errors import Fault
from sopwb.exchange import RawInputs

Mapped = Callable[..., Path]
Faults = Callable[..., tuple[Fault, ...]]
Read = Callable[..., RawInputs]


def test_a_query_over_csv_sees_text_only(exports: Path, mapped: Mapped, read: Read) -> None:
    raw = read(mapped())
    assert raw.frames["product"]["product"].to_list() == ["0012", "NO"]
    assert raw.origins["product"] == "SQL over acme"


def test_a_table_from_a_file_takes_the_columns_it_is_told(exports: Path, mapped: Mapped, read: Read) -> None:
    text = """source: acme
path_from: SOPWB_ACME
tables:
  product:
    file: items.csv
    columns: {product: item, description: name}
    constants: {family: juice}
"""
    frame = read(mapped(text)).frames["product"]
    assert frame.iloc[1].to_dict() == {"product": "NO", "description": "Norway mix", "family": "juice"}


def test_views_serve_the_queries_and_the_views_after_them(exports: Path, mapped: Mapped, read: Read) -> None:
    text = """source: acme
path_from: SOPWB_ACME
views:
  first: select item from items where item = '0012'
  second: select item as product from first
tables:
  product: {sql: select * from second}
"""
    assert read(mapped(text)).frames["product"]["product"].to_list() == ["0012"]


def test_an_excel_sheet_can_be_queried(exports: Path, mapped: Mapped, read: Read) -> None:
    pd.DataFrame({"code": ["a", 7], "qty": [1.5, 2.0]}).to_excel(
        exports / "stock.xlsx", index=False, engine="xlsxwriter"
    )
    text = """source: acme
path_from: SOPWB_ACME
tables:
  market:
    sql: select code as market, qty from stock
"""
    assert read(mapped(text)).frames["market"].to_dict("list") == {"market": ["a", "7"], "qty": [1.5, 2.0]}


def test_without_a_folder_the_variable_and_the_option_are_named(
    mapped: Mapped, faults_of: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOPWB_ACME", raising=False)
    (fault,) = faults_of(mapped())
    assert "SOPWB_ACME is not set" in fault.problem
    assert "--source" in fault.remedy
    assert "SOPWB_ACME" in fault.remedy


def test_a_variable_that_names_no_folder_is_said(
    mapped: Mapped, faults_of: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOPWB_ACME", "/nowhere/at/all")
    (fault,) = faults_of(mapped())
    assert "SOPWB_ACME names /nowhere/at/all, which is no folder" in fault.problem


def test_the_option_goes_before_the_variable_and_that_before_the_path(
    exports: Path, customer: Path, mapped: Mapped, read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("given", "beside"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "items.csv").write_text(f"item,name\n{name},x\n")
    text = """source: acme
path_from: SOPWB_ACME
path: [../missing, ../beside]
tables:
  product: {sql: select item as product from items}
"""
    folder = mapped(text)

    def first(**words: object) -> str:
        return str(read(folder, **words).frames["product"]["product"].iloc[0])

    assert first(source=tmp_path / "given") == "given"
    assert first() == "0012"
    monkeypatch.delenv("SOPWB_ACME")
    assert first() == "beside"


def test_every_missing_file_and_column_is_said_at_once(
    exports: Path, mapped: Mapped, faults_of: Faults
) -> None:
    text = """source: acme
path_from: SOPWB_ACME
tables:
  product:
    file: items.csv
    columns: {product: itm}
  market:
    file: item.csv
  lane:
    file: ../items.csv
"""
    faults = faults_of(mapped(text))
    assert [fault.remedy for fault in faults] == [
        "did you mean item?",
        "did you mean items.csv?",
        "name a .csv, .parquet, .xlsx file inside the source's folder",
    ]


def test_a_wrong_query_names_table_line_and_nearest_name(
    exports: Path, mapped: Mapped, faults_of: Faults
) -> None:
    text = """source: acme
path_from: SOPWB_ACME
tables:
  product:
    sql: |
      select item as product,
        nam as description
      from items
  market:
    sql: select * from itemz
"""
    column, table = faults_of(mapped(text))
    assert column.where == "sources/acme.yaml line 7"
    assert column.problem.startswith("product: its query cannot be run")
    assert "name" in column.remedy
    assert table.where == "sources/acme.yaml line 10"
    assert "itemz" in table.problem


def test_a_wrong_view_is_named(exports: Path, mapped: Mapped, faults_of: Faults) -> None:
    text = """source: acme
path_from: SOPWB_ACME
views:
  broken: |
    select nothing
    from items
"""
    (fault,) = faults_of(mapped(text))
    assert fault.where == "sources/acme.yaml line 5"
    assert fault.problem.startswith("the view broken cannot be run")


def test_a_broken_file_is_named_only_when_a_query_needs_it(
    exports: Path, mapped: Mapped, read: Read, faults_of: Faults
) -> None:
    (exports / "prices.parquet").write_bytes(b"cut off")
    assert list(read(mapped()).tables) == ["product"]
    text = "source: acme\npath_from: SOPWB_ACME\ntables:\n  price: {sql: select * from prices}\n"
    (fault,) = faults_of(mapped(text))
    assert fault.where == "prices.parquet"


def test_a_default_is_a_row_of_assumptions_for_every_as_of_date(
    exports: Path, mapped: Mapped, read: Read
) -> None:
    text = """source: acme
path_from: SOPWB_ACME
tables: {}
defaults:
  - table: price
    column: price_per_unit
    text: "{items} items cost {price:.2f}."
    figures: select count(*) as items, 2.5 as price from items
"""
    raw = read(mapped(text))
    row = raw.frames["assumption"].iloc[0]
    assert row["text"] == "2 items cost 2.50."
    assert row["subject"] == "price.price_per_unit"
    assert row["is_default"] is True
    assert row["entered_at"] == pd.Timestamp("1900-01-01")
    assert [default.subject for default in raw.defaults] == ["price.price_per_unit"]


def test_defaults_join_the_assumptions_that_people_wrote(
    exports: Path, customer: Path, mapped: Mapped, read: Read
) -> None:
    (customer / "data" / "assumption.csv").write_text("assumption,text\nA1,Prices hold.\n")
    text = "source: acme\npath_from: SOPWB_ACME\ndefaults:\n  - {table: price, text: None are known.}\n"
    frame = read(mapped(text)).frames["assumption"]
    assert frame["text"].to_list() == ["Prices hold.", "None are known."]


def test_a_default_whose_text_asks_for_an_unknown_figure_is_a_fault(
    exports: Path, mapped: Mapped, faults_of: Faults
) -> None:
    text = """source: acme
path_from: SOPWB_ACME
defaults:
  - {table: price, text: "{itms} items", figures: select count(*) as items from items}
"""
    (fault,) = faults_of(mapped(text))
    assert "itms" in fault.problem
