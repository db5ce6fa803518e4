"""A customer's folder of files, and files beside mappings: every fault at once, nothing guessed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sopwb.errors import Fault
from sopwb.exchange import RawInputs
from sopwb.exchange.mapping import Source
from sopwb.exchange.raw import RawTable

Read = Callable[..., RawInputs]
Faults = Callable[..., tuple[Fault, ...]]


def put(customer: Path, name: str, text: str = "market,description\nfi,Finland\n") -> None:
    (customer / "data" / name).write_text(text, encoding="utf-8")


def test_a_file_of_a_tables_name_is_that_table(customer: Path, read: Read) -> None:
    put(customer, "market.csv")
    raw = read(customer)
    assert raw.frames["market"].to_dict("list") == {"market": ["fi"], "description": ["Finland"]}
    assert raw.origins == {"market": "data/market.csv"}
    assert raw.defaults == ()


def test_only_the_wanted_tables_are_read(customer: Path, read: Read) -> None:
    put(customer, "market.csv")
    put(customer, "product.csv")
    assert list(read(customer, only={"product"}).tables) == ["product"]


def test_all_faults_of_a_folder_come_at_once(customer: Path, faults_of: Faults) -> None:
    put(customer, "markets.csv")
    put(customer, "price.csv", "")
    put(customer, "supply_plan.csv")
    put(customer, "lane.txt")
    (customer / "data" / "product.xlsx").write_bytes(b"no workbook")
    said = {fault.where: fault for fault in faults_of(customer)}
    assert said["data/markets.csv"].remedy == "did you mean market?"
    assert said["data/supply_plan.csv"].problem == "is a table of results"
    assert said["data/lane.txt"].problem == "is not a file we read"
    assert "not even a header" in said["price.csv"].problem
    assert "cannot be read as an Excel workbook" in said["product.xlsx"].problem
    assert len(said) == 5


def test_two_files_for_one_table_are_a_fault(customer: Path, faults_of: Faults) -> None:
    put(customer, "market.csv")
    (customer / "data" / "market.parquet").write_bytes(b"")
    (fault,) = faults_of(customer)
    assert fault.where == "data/market.parquet"
    assert fault.problem == "market is in market.csv too"


def test_a_customer_without_data_is_told_where_to_put_it(customer: Path, faults_of: Faults) -> None:
    (fault,) = faults_of(customer)
    assert (fault.where, fault.problem) == ("acme", "has no data")
    assert "data/" in fault.remedy


def test_files_of_people_stand_beside_a_mapping(
    customer: Path, exports: Path, mapped: Callable[[], Path], read: Read
) -> None:
    put(customer, "market.csv")
    assert list(read(mapped()).tables) == ["market", "product"]


def test_a_table_from_a_file_and_a_mapping_is_a_fault(
    customer: Path, exports: Path, mapped: Callable[[], Path], faults_of: Faults
) -> None:
    put(customer, "product.csv")
    (fault,) = faults_of(mapped())
    assert fault.where == "sources/acme.yaml line 6"
    assert fault.problem == "product is in data/product.csv too"


def test_a_folder_for_a_customer_without_mapping_is_a_fault(
    customer: Path, tmp_path: Path, faults_of: Faults
) -> None:
    put(customer, "market.csv")
    (fault,) = faults_of(customer, source=tmp_path)
    assert fault.where == "--source"
    assert "no mappings" in fault.problem


def test_a_reader_of_a_customers_own_is_called_by_its_kind(mapped: Callable[[str], Path], read: Read) -> None:
    def ledger_system(source: Source, location: Path | None, only: object) -> RawInputs:
        import pandas as pd

        frame = pd.DataFrame({"account": [source.mapping.options["company"]]})
        return RawInputs({"account": RawTable(frame, "books")})

    folder = mapped("source: books\nkind: books\noptions: {company: '0012'}\n")
    raw = read(folder, sources={"books": ledger_system})
    assert raw.frames["account"]["account"].to_list() == ["0012"]


def test_an_unknown_kind_of_source_names_the_nearest(
    mapped: Callable[[str], Path], faults_of: Faults
) -> None:
    (fault,) = faults_of(mapped("source: books\nkind: foldr\n"))
    assert fault.where == "sources/acme.yaml line 2"
    assert fault.remedy == "did you mean folder?"
