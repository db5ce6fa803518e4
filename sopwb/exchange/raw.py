"""What reading yields: cells as they were found, where each table came from, and the labelled defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pandas as pd

__all__ = ["ASSUMPTION", "Default", "RawInputs", "RawTable", "with_defaults"]

ASSUMPTION = "assumption"
DEFAULT_OWNER = "default"
DEFAULT_ENTERED_AT = pd.Timestamp("1900-01-01")
"""Defaults hold for every as-of date."""


@dataclass(frozen=True)
class Default:
    """One value that stands in for data the source does not have.

    Parameters
    ----------
    table, column
        What is filled; no column means the whole table.
    text
        What is assumed, in a planner's sentence.
    """

    table: str
    column: str | None
    text: str

    @property
    def subject(self) -> str:
        """What it is about, as ``routing.run_hours_per_unit``."""
        return f"{self.table}.{self.column}" if self.column else self.table


@dataclass(frozen=True)
class RawTable:
    """The cells of one table as they were found, and where: a file, or the mapping that made them."""

    frame: pd.DataFrame
    origin: str


@dataclass(frozen=True)
class RawInputs:
    """Every input table of a customer as found, not yet parsed.

    Parameters
    ----------
    tables
        Raw table by declared name; tables that the customer does not have are absent.
    defaults
        Values that stand in for data; they are rows of the table ``assumption`` as well.
    """

    tables: Mapping[str, RawTable] = field(default_factory=lambda: MappingProxyType({}))
    defaults: tuple[Default, ...] = ()

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Cells by table."""
        return {name: table.frame for name, table in self.tables.items()}

    @property
    def origins(self) -> dict[str, str]:
        """Where each table was read."""
        return {name: table.origin for name, table in self.tables.items()}


def with_defaults(stated: RawTable | None, defaults: Iterable[Default], origin: str) -> RawTable:
    """The table ``assumption`` with one row more for each labelled default."""
    rows = pd.DataFrame(
        [
            {
                "assumption": f"default {default.subject}",
                "subject": default.subject,
                "text": default.text,
                "is_default": True,
                "owner": DEFAULT_OWNER,
                "entered_at": DEFAULT_ENTERED_AT,
            }
            for default in defaults
        ],
        dtype="object",
    )
    if stated is None:
        return RawTable(rows, origin)
    both = pd.concat([stated.frame.astype("object"), rows], ignore_index=True)
    return RawTable(both, f"{stated.origin}; {origin}")
