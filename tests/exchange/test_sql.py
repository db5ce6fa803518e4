"""Queries: in memory, on one thread, and nothing in reach but the files they name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sopwb.errors import InputError
from sopwb.exchange.sql import QueryError, open_files


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    pd.DataFrame({"n": [1, 2]}).to_parquet(folder / "numbers.parquet")
    (tmp_path / "secret.csv").write_text("password\n1234\n")
    return folder


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('{outside}')",
        "select * from '{outside}'",
        "select * from read_text('{outside}')",
        "select * from glob('{folder}/../*')",
        "select * from read_csv('https://example.org/x.csv')",
    ],
)
def test_a_query_cannot_reach_beyond_its_files(files: Path, query: str) -> None:
    text = query.format(outside=files.parent / "secret.csv", folder=files)
    with open_files(files, ["numbers"]) as database, pytest.raises(QueryError):
        database.frame(text)


@pytest.mark.parametrize(
    "query",
    [
        "set threads = 8",
        "install httpfs",
        "copy (select 1) to 'x.csv'",
        "create table t as select 1",
        "select 1; select 2",
        "",
    ],
)
def test_only_one_select_is_run(files: Path, query: str) -> None:
    with open_files(files, ["numbers"]) as database, pytest.raises(QueryError):
        database.frame(query)


def test_a_query_cannot_see_the_variables_of_the_program(files: Path) -> None:
    hidden = pd.DataFrame({"a": [1]})
    with open_files(files, ["numbers hidden"]) as database, pytest.raises(QueryError):
        database.frame("select * from hidden")
    assert len(hidden) == 1


def test_two_files_of_one_name_are_a_fault(files: Path) -> None:
    (files / "numbers.csv").write_text("n\n1\n")
    with (
        pytest.raises(InputError, match=r"numbers.csv and numbers.parquet share a name"),
        open_files(files, ["select * from numbers"]),
    ):
        pass


def test_a_quote_in_a_path_does_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "o'brien"
    folder.mkdir()
    (folder / "x.csv").write_text("a\n1\n")
    with open_files(folder, ["select * from x"]) as database:
        assert database.frame("select * from x")["a"].to_list() == ["1"]
