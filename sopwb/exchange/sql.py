"""Query files with DuckDB, in memory, on one thread, with nothing in reach but those files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sopwb.errors import Fault, InputError
from sopwb.exchange.files import SUFFIXES, is_ignored, read_file

if TYPE_CHECKING:
    import duckdb

__all__ = ["Database", "QueryError", "open_files"]

SETTINGS = {
    "threads": "1",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
}
SCANS = {".csv": "read_csv({}, all_varchar = true, header = true)", ".parquet": "read_parquet({})"}
LINE = re.compile(r"^LINE (\d+): (.*)$", re.MULTILINE)


class QueryError(Exception):
    """A query that cannot be run: what is wrong, on which of its lines, and what would be right."""

    def __init__(self, problem: str, line: int | None, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.line, self.remedy = problem, line, remedy


class Database:
    """Files of one folder, each a view of its name without the ending."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def add_view(self, name: str, query: str) -> None:
        """Let later queries use this one by its name.

        Raises
        ------
        QueryError
            The query is wrong, or the name is taken by a file.
        """
        import duckdb

        try:
            self._connection.execute(f"create view {_quoted(name)} as\n{_one_statement(query)}")
        except duckdb.Error as error:
            raise _fault(str(error), lines_before=1) from None

    def frame(self, query: str) -> pd.DataFrame:
        """Rows of a query with the types the files hold.

        Raises
        ------
        QueryError
            The query is wrong, or reaches for anything but the files.
        """
        import duckdb

        try:
            frame: pd.DataFrame = self._connection.execute(_one_statement(query)).df()
        except duckdb.Error as error:
            raise _fault(str(error)) from None
        return frame


@contextmanager
def open_files(folder: Path, queries: Sequence[str]) -> Iterator[Database]:
    """The files of a folder that the queries name, ready to be queried.

    Extensions are neither installed nor loaded, no other file and no address is in
    reach, and the settings are locked.

    Raises
    ------
    InputError
        A named file cannot be read, or two files share a name.
    """
    import duckdb

    named = _named_files(folder, queries)
    with duckdb.connect(":memory:", config=dict(SETTINGS)) as connection:
        faults = [fault for path in named if (fault := _add_view(connection, path))]
        if faults:
            raise InputError(faults)
        allowed = ", ".join(_text(path) for path in named)
        connection.execute(f"set allowed_paths = [{allowed}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield Database(connection)


def _named_files(folder: Path, queries: Sequence[str]) -> list[Path]:
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES]
    words = {word for query in queries for word in _words(query)}
    named = [path for path in files if _words(path.stem) <= words and not is_ignored(path)]
    stems = [path.stem.lower() for path in named]
    doubled = [path for path in named if stems.count(path.stem.lower()) > 1]
    if doubled:
        names = " and ".join(path.name for path in doubled)
        raise InputError([Fault(folder.name, f"{names} share a name", remedy="keep one of them")])
    return named


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _add_view(connection: duckdb.DuckDBPyConnection, path: Path) -> Fault | None:
    import duckdb

    view = _quoted(path.stem)
    scan = SCANS.get(path.suffix.lower())
    try:
        if scan is None:
            connection.register("_sheet", _one_type_each(read_file(path)))
            connection.execute(f"create table {view} as select * from _sheet")  # noqa: S608  the name is quoted
            connection.unregister("_sheet")
        else:
            rows = scan.format(_text(path))
            connection.execute(f"create view {view} as select * from {rows}")  # noqa: S608  both are quoted
    except InputError as error:
        return error.faults[0]
    except duckdb.Error as error:
        problem = f"cannot be read: {str(error).splitlines()[0]}"
        return Fault(path.name, problem, remedy="write the file again; it may be cut off or of another kind")
    return None


def _one_type_each(frame: pd.DataFrame) -> pd.DataFrame:
    """Each column typed where its cells agree, else as text."""

    def typed(cells: pd.Series[Any]) -> pd.Series[Any]:
        kinds = {type(cell) for cell in cells.dropna()}
        return cells.infer_objects() if len(kinds) <= 1 else cells.map(_shown, na_action="ignore")

    return frame.apply(typed)


def _shown(cell: object) -> str:
    """Text of a cell; Excel holds every number as a decimal, so 7 arrives as 7.0."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(path: Path) -> str:
    return "'" + path.resolve().as_posix().replace("'", "''") + "'"


def _one_statement(query: str) -> str:
    import duckdb

    statements = duckdb.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise QueryError("it is not one `select`", None, "write one query that selects rows")
    return query.strip().rstrip(";")


def _fault(message: str, lines_before: int = 0) -> QueryError:
    found = LINE.search(message)
    said = message.split("\n\nLINE", maxsplit=1)[0].strip()
    hint = re.search(r"Did you mean (.+?)\?|Candidate bindings: (.+)", said)
    problem = " ".join(said.split())
    remedy = "correct the query"
    if hint:
        names = (hint[1] or hint[2]).replace('"', "").strip()
        remedy = f"did you mean {names}?"
        problem = " ".join(said[: hint.start()].split()).rstrip(" .")
    if found:
        problem += f" (at: {found[2].strip()})"
    return QueryError(problem, int(found[1]) - lines_before if found else None, remedy)
