"""Read one CSV, parquet or Excel file into a table of cells as they stand in it."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from sopwb.errors import Fault, InputError

__all__ = ["KINDS_REMEDY", "SUFFIXES", "is_ignored", "read_csv", "read_excel", "read_file", "read_parquet"]

SUFFIXES = (".csv", ".parquet", ".xlsx")
KINDS_REMEDY = f"save it as one of {', '.join(SUFFIXES)}"


def read_file(path: Path, sheet: str | None = None) -> pd.DataFrame:
    """Cells of one file: text from CSV, typed from parquet and Excel; an empty cell is missing.

    Parameters
    ----------
    path
        A ``.csv``, ``.parquet`` or ``.xlsx`` file.
    sheet
        Sheet of a workbook that is preferred to its first.

    Raises
    ------
    InputError
        The file is missing, is of another kind, or cannot be read.
    """
    if not path.is_file():
        raise _fault(path, "the file does not exist", _nearest(path))
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise _fault(path, f"{suffix or 'a file without an ending'} is not read here", KINDS_REMEDY)
    try:
        if suffix == ".xlsx":
            return read_excel(path, sheet)
        return read_csv(path) if suffix == ".csv" else read_parquet(path)
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        raise _fault(path, problem, "let whoever runs sopwb read it, and close it elsewhere") from None


def is_ignored(path: Path) -> bool:
    """Whether a file of a data folder is no data: hidden, a note, or the lock file of an open workbook."""
    return path.name.startswith((".", "~$")) or path.suffix.lower() == ".md" or path.stem.upper() == "README"


def read_csv(path: Path) -> pd.DataFrame:
    """Cells of a comma-separated UTF-8 file, all of them text: ``NO``, ``0012`` and ``1e400`` stay."""
    _refuse_semicolons(path)
    try:
        cells = pd.read_csv(
            path,
            header=None,
            dtype=str,
            keep_default_na=False,
            na_values=[""],
            encoding="utf-8-sig",
            skip_blank_lines=False,
            low_memory=False,
        )
    except pd.errors.EmptyDataError:
        raise _fault(path, "is empty, it has not even a header", "write the column names in row 1") from None
    except pd.errors.ParserError as error:
        problem = f"is not a table of comma-separated cells: {_first_line(error)}"
        remedy = "give each row as many cells as the header; quote text that holds a comma"
        raise _fault(path, problem, remedy) from None
    except UnicodeDecodeError as error:
        raise _fault(path, f"is not UTF-8 text (byte {error.start})", "save it as CSV UTF-8") from None
    return _with_header(cells.astype("object").to_numpy().tolist(), path)


def _refuse_semicolons(path: Path) -> None:
    """Some spreadsheets write semicolons between cells, and then commas inside numbers."""
    with path.open("rb") as file:
        header = file.readline()
    if b";" in header and b"," not in header:
        remedy = "save it with commas between cells and points in numbers"
        raise _fault(path, "is separated by semicolons", remedy)


def read_parquet(path: Path) -> pd.DataFrame:
    """Cells of a parquet file with the types it holds."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        frame: pd.DataFrame = pq.ParquetFile(path).read().to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError) as error:
        problem = f"cannot be read as parquet: {_first_line(error)}"
        raise _fault(path, problem, "write the file again; it may be cut off or of another kind") from None
    return frame


def read_excel(path: Path, sheet: str | None = None) -> pd.DataFrame:
    """Cells of a worksheet with the types Excel holds: the sheet named, else the first."""
    import python_calamine as calamine

    try:
        with calamine.CalamineWorkbook.from_path(path) as workbook:
            names = workbook.sheet_names
            chosen = sheet if sheet in names else names[0]
            rows = workbook.get_sheet_by_name(chosen).to_python(skip_empty_area=False)
    except (calamine.CalamineError, OSError, IndexError) as error:
        problem = f"cannot be read as an Excel workbook: {_first_line(error)}"
        raise _fault(path, problem, "open it in Excel and save it as .xlsx, without a password") from None
    cells = [[None if isinstance(cell, str) and not cell.strip() else cell for cell in row] for row in rows]
    return _with_header(cells, path)


def _with_header(rows: list[list[Any]], path: Path) -> pd.DataFrame:
    """The rows below the first, named by the first, without empty rows and columns at the end."""
    while rows and all(pd.isna(cell) for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise _fault(path, "is empty, it has not even a header", "write the column names in row 1")
    header, *body = rows
    kept = [place for place, name in enumerate(header) if not pd.isna(name)]
    nameless = sorted(
        {place for row in body for place, cell in enumerate(row) if not pd.isna(cell)} - set(kept)
    )
    if nameless:
        problem = f"column {nameless[0] + 1} has cells but no name"
        raise _fault(path, problem, "name it in row 1, or clear its cells")
    names = [str(header[place]).strip() for place in kept]
    cells = [[None if pd.isna(row[place]) else row[place] for place in kept] for row in body]
    return pd.DataFrame(cells, columns=names, dtype="object")


def _nearest(path: Path) -> str:
    others = sorted(other.name for other in path.parent.glob("*")) if path.parent.is_dir() else []
    near = get_close_matches(path.name, others, n=1)
    return f"did you mean {near[0]}?" if near else f"put it into {path.parent}, or correct the name"


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].removeprefix("Error tokenizing data. C error: ")


def _fault(path: Path, problem: str, remedy: str) -> InputError:
    return InputError([Fault(path.name, problem, remedy=remedy)])
