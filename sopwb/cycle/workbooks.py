"""The workbooks of a run: one of its inputs and one of each meeting, written while the meetings go on."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pandas as pd

from sopwb.cycle.beside import Beside
from sopwb.errors import SopwbError
from sopwb.exchange.secret import PREFIX

if TYPE_CHECKING:
    from types import TracebackType

    from sopwb.config.model import Model
    from sopwb.cycle.reuse import Reuse
    from sopwb.schema import Schema

__all__ = ["EXPORT", "Workbooks", "write_workbook_of"]

EXPORT = "export"
MOST_ROWS = 20_000
"""Longer tables stay in parquet only; a workbook of them would take longer than the plan."""


class Workbooks:
    """Has the workbooks of a run written by another process, and takes over what an earlier run wrote.

    Parameters
    ----------
    folder
        Folder of the run.
    customer
        Folder of the customer, for its own columns and tables.
    reuse
        What an earlier run left.
    model
        The resolved model.

    Attributes
    ----------
    names
        The workbooks of the run so far, without their ending.
    """

    def __init__(self, folder: Path, customer: Path, reuse: Reuse, model: Model) -> None:
        self._folder, self._customer, self._reuse, self._model = folder, customer, reuse, model
        self.names: list[str] = []
        self._asked: dict[str, str] = {}
        plain = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self._writer = Beside("sopwb.cycle.workbooks", environment=plain, is_heard=True)

    def __enter__(self) -> Self:
        """The workbooks, none of them begun."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process, which has nothing left to do unless the run failed."""
        self._writer.end()

    def begin(self, name: str, place: str, tables: Mapping[str, str]) -> None:
        """Have a workbook written, unless an earlier run wrote the same.

        Parameters
        ----------
        name
            What it is called, without the ending.
        place
            Folder of its tables inside the run.
        tables
            Digest by name of table; nothing is written where there is none.
        """
        if not tables:
            return
        self.names.append(name)
        key = self._reuse.fingerprint.key("workbook", self._model, book=name, tables=dict(tables))
        if self._reuse.cache.take(key, self._folder) is not None:
            return
        self._asked[key] = _path(name)
        order = {"folder": str(self._folder), "customer": str(self._customer), "name": name}
        self._writer.tell(json.dumps({**order, "place": place, "tables": sorted(tables)}))

    def finish(self) -> bool:
        """Wait for the last workbook, and keep them for later runs; whether all were taken over.

        Raises
        ------
        SopwbError
            One could not be written.
        """
        said = self._writer.finish()
        if said:
            raise SopwbError(f"the workbooks could not be written\n{said}")
        for key, path in self._asked.items():
            self._reuse.keep(key, self._folder, [path], {})
        return not self._asked


def write_workbook_of(folder: Path, name: str, tables: Mapping[str, pd.DataFrame], schema: Schema) -> None:
    """Write a workbook with a sheet per table, and first one that says what each holds and what is left out.

    Parameters
    ----------
    folder
        Folder of the run.
    name
        What the workbook is called, without the ending.
    tables
        Its tables.
    schema
        Their declarations.
    """
    from sopwb.exchange.write import write_workbook

    short = {name: frame for name, frame in sorted(tables.items()) if 0 < len(frame) <= MOST_ROWS}
    listed = [
        {
            "table": name,
            "rows": len(frame),
            "sheet": "yes" if name in short else ("empty" if frame.empty else f"see {name}.parquet"),
            "grain": schema[name].grain,
        }
        for name, frame in sorted(tables.items())
    ]
    described = {
        name: {column.name: column.holds for column in schema[name].columns.values()} for name in short
    }
    path = folder / _path(name)
    path.parent.mkdir(exist_ok=True)
    write_workbook(path, {"contents": pd.DataFrame(listed), **short}, described)


def _path(name: str) -> str:
    return f"{EXPORT}/{name}.xlsx"


def _write_all(orders: Iterable[str]) -> None:
    """Write what is asked for, an order a line, until there is none left."""
    from sopwb.cycle.inputs import schema_of
    from sopwb.runs.store import read_table

    for line in orders:
        order = json.loads(line)
        schema, folder = schema_of(Path(order["customer"])), Path(order["folder"])
        place = folder / order["place"]
        tables = {name: read_table(place / f"{name}.parquet", schema[name]) for name in order["tables"]}
        write_workbook_of(folder, order["name"], tables, schema)


if __name__ == "__main__":
    _write_all(sys.stdin)
