"""Whatever is wrong with a customer is told at once: which table, which rows, and what would be right."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sopwb.cycle.inputs import Request, load_inputs
from sopwb.errors import Fault
from tests.cycle.customer import MADE, NEEDED, acme, append, cells, faults_of, write


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Fault, ...]]:
    """A company in which everything is wrong, and what it is told."""
    folder = acme(tmp_path_factory.mktemp("broken"), *MADE)
    product = cells(folder, "product").drop(columns="description")
    product.loc[0, "shelf_life_days"] = "1.5"
    write(folder, "product", product)
    sales = cells(folder, "sales_history")
    sales.loc[0, "product"] = "0012"
    sales.loc[1, "sold_qty"] = "1e400"
    sales.loc[2, "returned_qty"] = "NO"
    sales.loc[3, "net_sales_value"] = "0012"
    sales.loc[4, "date"] = "01.11.2023"
    write(folder, "sales_history", pd.concat([sales, sales.iloc[[9, 9]]]))
    recipe = cells(folder, "bill_of_material")
    loop = recipe.iloc[[0]].assign(product="bag", component="espresso_1kg")
    write(folder, "bill_of_material", pd.concat([recipe, loop]))
    stock = cells(folder, "stock_on_hand")
    stock.loc[1, "on_hand_qty"] = "-5"
    write(folder, "stock_on_hand", stock)
    (folder / "data" / "market.csv").unlink()
    (folder / "data" / "price.xlsx").write_bytes(b"PK no workbook")
    return folder, ()


@pytest.fixture(scope="module")
def told(broken: tuple[Path, tuple[Fault, ...]]) -> tuple[Fault, ...]:
    """Its faults once the workbook that nobody can open is out of the way."""
    folder, _ = broken
    before = sorted(folder.rglob("*"))
    (folder / "data" / "price.xlsx").rename(folder / "price.xlsx")
    faults = faults_of(folder)
    (folder / "price.xlsx").rename(folder / "data" / "price.xlsx")
    assert sorted(folder.rglob("*")) == before
    return faults


@pytest.mark.parametrize(
    ("where", "problem", "row", "remedy"),
    [
        ("product", "the column description is missing", "", "add it: What people call it"),
        ("product.shelf_life_days", "1 cell(s): is not a whole number", "row 2: '1.5'", "whole number"),
        ("market", "is missing", "", "provide it"),
        (
            "sales_history.product",
            "name a product that does not exist: 0012",
            "row 2 (product=0012",
            "correct the code",
        ),
        ("sales_history.sold_qty", "1 cell(s): is not a finite number", "row 3: '1e400'", "decimal point"),
        ("sales_history.returned_qty", "1 cell(s): is not a finite number", "row 4: 'NO'", "decimal point"),
        ("sales_history.net_sales_value", "is not a finite number", "row 5: '0012'", "decimal point"),
        ("sales_history.date", "1 cell(s): is not a date", "row 6: '01.11.2023'", "2026-02-28"),
        (
            "sales_history",
            "3 rows share a key",
            "row 11 (product=espresso_1kg, market=cafes",
            "one row per key",
        ),
        ("bill_of_material", "contain themselves", "bag → espresso_1kg → bag", "remove one of these rows"),
        (
            "stock_on_hand.on_hand_qty",
            "1 cell(s): is below 0",
            "row 3 (snapshot_date=2025-12-31",
            "Quantity in stock",
        ),
    ],
)
def test_each_fault_names_table_row_and_remedy(told, where, problem, row, remedy):
    [fault] = [fault for fault in told if fault.where == where and problem in fault.problem]
    assert row in "\n".join(fault.rows)
    assert remedy in fault.remedy


def test_a_workbook_that_cannot_be_opened_is_named_with_what_to_do(broken):
    folder, _ = broken
    [fault] = faults_of(folder)
    assert fault.where == "price.xlsx"
    assert "cannot be read as an Excel workbook" in fault.problem
    assert "save it as .xlsx" in fault.remedy


@pytest.mark.parametrize("table", NEEDED)
def test_a_table_without_rows_is_told(tmp_path, table):
    folder = acme(tmp_path)
    write(folder, table, cells(folder, table).iloc[:0])
    assert Fault(table, "has no rows") in [Fault(fault.where, fault.problem) for fault in faults_of(folder)]


def test_a_file_without_even_a_header_is_told(tmp_path):
    folder = acme(tmp_path)
    (folder / "data" / "market.csv").write_text("", encoding="utf-8")
    [fault] = faults_of(folder)
    assert fault.where == "market.csv"
    assert "not even a header" in fault.problem


def test_codes_that_look_like_numbers_or_words_are_codes(tmp_path):
    folder = acme(tmp_path)
    for table, column, old in (("product", "product", "house_1kg"), ("product", "product", "bag")):
        code = "NO" if old == "bag" else "0012"
        write(folder, table, cells(folder, table).replace({column: {old: code}}))
    write(folder, "sales_history", cells(folder, "sales_history").replace({"product": {"house_1kg": "0012"}}))
    product = load_inputs(Request(folder)).tables["product"]["product"]
    assert {"NO", "0012"} <= set(product)


def test_an_unknown_setting_is_told_its_line_and_nearest_name(tmp_path):
    folder = acme(tmp_path)
    append(folder, "model.yaml", "supply:\n  late_days_maximu: 14\nfinances: {}\n")
    line = len((folder / "model.yaml").read_text(encoding="utf-8").splitlines()) - 1
    faults = {fault.problem: fault for fault in faults_of(folder)}
    frozen = faults["supply.late_days_maximu is not a setting"]
    assert frozen.where == f"model.yaml line {line}"
    assert frozen.remedy == "did you mean late_days_maximum?"
    assert faults["finances is not a setting"].remedy == "did you mean finance?"


@pytest.mark.parametrize(
    ("key", "value", "problem", "remedy"),
    [
        (
            "supply.late_days_maximun",
            3,
            "supply.late_days_maximun is not a setting",
            "did you mean late_days_maximum?",
        ),
        ("calendar.history_bucket", "day", 'calendar.history_bucket is "day"', "'week' or 'month'"),
        ("calendar.history_bucket.x", 1, "calendar.history_bucket", ""),
        ("name", 12, "name is 12", "string"),
        ("customer", "other", "customer is not set here", ""),
        ("scenarios.x.title", "other", "scenarios.x.title is not set here", ""),
    ],
)
def test_a_run_parameter_that_does_not_fit_is_told(tmp_path, key, value, problem, remedy):
    [fault] = faults_of(acme(tmp_path), parameters={key: value})
    assert fault.where == "run parameter"
    assert problem in fault.problem
    assert remedy in fault.remedy


def test_a_model_that_is_not_a_set_of_settings_is_told(tmp_path):
    folder = acme(tmp_path)
    (folder / "model.yaml").write_text("- name\n", encoding="utf-8")
    [fault] = faults_of(folder)
    assert fault.where == "model.yaml"
    assert "begin with" in fault.remedy


@pytest.mark.parametrize(
    ("day", "problem", "remedy"),
    [
        ("2025-12-30", "is not the last day of a month", "use 2025-12-31"),
        ("2023-06-30", "there is no sales history up to 2023-06-30", "history begins 2023-07-01"),
    ],
)
def test_an_as_of_date_must_end_a_month_of_the_history(tmp_path, day, problem, remedy):
    [fault] = faults_of(acme(tmp_path), as_of=pd.Timestamp(day))
    assert fault.where == "as-of"
    assert problem in fault.problem
    assert remedy in fault.remedy


@pytest.mark.parametrize(
    ("name", "near"), [("dear_cofee", "did you mean dear_coffee?"), ("x", "known are baseline")]
)
def test_an_unknown_scenario_is_told_the_nearest(tmp_path, name, near):
    [fault] = faults_of(acme(tmp_path), scenario=name)
    assert near in fault.remedy


def test_a_folder_whose_name_cannot_name_a_customer_is_refused(tmp_path):
    folder = acme(tmp_path)
    strange = folder.rename(tmp_path / "A cme")
    [fault] = faults_of(strange)
    assert "cannot name a customer" in fault.problem


def test_a_customer_without_data_is_told(tmp_path):
    folder = acme(tmp_path)
    for path in (folder / "data").iterdir():
        path.unlink()
    [fault] = faults_of(folder)
    assert "has no data" in fault.problem
