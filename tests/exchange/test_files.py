"""Single files: what is in a cell is what is read, and what cannot be read is said."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter

from sopwb.errors import InputError
from sopwb.exchange.files import is_ignored, read_file


def csv(folder: Path, text: str | bytes) -> Path:
    path = folder / "market.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def message(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_file(path)
    return str(caught.value)


def test_every_csv_cell_stays_the_text_it_is(tmp_path: Path) -> None:
    cells = read_file(csv(tmp_path, "a,b,c,d,e\nNO,0012,1e400,NA,\n"))
    assert cells.iloc[0].to_list() == ["NO", "0012", "1e400", "NA", None]
    assert cells.dtypes.map(str).to_list() == ["object"] * 5


def test_rows_keep_their_number_when_a_line_between_them_is_empty(tmp_path: Path) -> None:
    cells = read_file(csv(tmp_path, "a,b\n1,2\n\n3,4\n\n\n"))
    assert cells["a"].to_list() == ["1", None, "3"]


def test_a_byte_order_mark_does_not_stick_to_the_first_name(tmp_path: Path) -> None:
    assert list(read_file(csv(tmp_path, "\ufeffproduct,x\n1,2\n")).columns) == ["product", "x"]


def test_a_name_that_stands_twice_is_left_for_the_parser_to_refuse(tmp_path: Path) -> None:
    assert list(read_file(csv(tmp_path, "a,a\n1,2\n")).columns) == ["a", "a"]


@pytest.mark.parametrize(
    ("content", "said", "remedy"),
    [
        ("", "has not even a header", "row 1"),
        ("a,b\n1,2,3\n", "line 2", "as many cells as the header"),
        ("a;b\n1;2,5\n", "separated by semicolons", "commas"),
        (b"a,b\nM\xfcnchen,1\n", "not UTF-8", "CSV UTF-8"),
        ("a,\n1,2\n", "column 2 has cells but no name", "row 1"),
    ],
)
def test_a_csv_that_is_no_table_says_why_and_what_would_help(
    tmp_path: Path, content: str | bytes, said: str, remedy: str
) -> None:
    text = message(csv(tmp_path, content))
    assert text.startswith("market.csv: ")
    assert said in text
    assert remedy in text


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    frame = pd.DataFrame({"day": pd.to_datetime(["2026-01-31"]), "qty": [1.5], "code": ["0012"]})
    frame.to_parquet(tmp_path / "x.parquet")
    pd.testing.assert_frame_equal(read_file(tmp_path / "x.parquet"), frame, check_dtype=False)


@pytest.mark.parametrize("name", ["market.parquet", "market.xlsx"])
def test_a_file_of_another_kind_in_disguise_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"this is neither")
    text = message(tmp_path / name)
    assert text.startswith(f"{name}: cannot be read")
    assert "→" in text


def test_an_empty_excel_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "market.xlsx").write_bytes(b"")
    assert "market.xlsx: cannot be read as an Excel workbook" in message(tmp_path / "market.xlsx")


def test_excel_cells_keep_the_types_excel_has(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("notes").write_string(0, 0, "nothing here")
        sheet = book.add_worksheet("market")
        sheet.write_row(0, 0, ["code", "number", "flag", "day"])
        sheet.write_string(1, 0, "0012")
        sheet.write_number(1, 1, 12)
        sheet.write_boolean(1, 2, False)
        sheet.write_datetime(1, 3, dt.date(2026, 1, 31), book.add_format({"num_format": "yyyy-mm-dd"}))
    cells = read_file(path, sheet="market")
    assert cells.iloc[0].to_list() == ["0012", 12.0, False, dt.date(2026, 1, 31)]
    assert list(read_file(path, sheet="product").columns) == ["nothing here"]


def test_a_missing_file_names_its_nearest_neighbour(tmp_path: Path) -> None:
    csv(tmp_path, "a\n1\n")
    assert "did you mean market.csv?" in message(tmp_path / "markets.csv")


def test_a_kind_of_file_we_do_not_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "market.xls").write_bytes(b"")
    assert "save it as one of .csv, .parquet, .xlsx" in message(tmp_path / "market.xls")


def test_notes_and_lock_files_are_no_data() -> None:
    assert [
        is_ignored(Path(name)) for name in ("README.md", ".DS_Store", "~$market.xlsx", "market.xlsx")
    ] == [
        True,
        True,
        True,
        False,
    ]
