"""The grid in which an author is asked for a forecast, whatever it is shown in: a workbook or a notebook."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

__all__ = ["ENTRY_LABELS", "FACTS", "MODES", "RESULT_LABEL", "Entries", "Form", "result_qty", "scope_words"]

FACTS = {
    "last_year_qty": "Last year",
    "baseline_qty": "Statistical forecast",
    "activity_qty": "Activities",
    "automatic_qty": "Forecast with activities",
}
"""What is shown of each line and month, with its label."""

MODES = ("absolute", "delta", "percent")
ENTRY_LABELS = {"absolute": "Your total", "delta": "or plus / minus", "percent": "or change in %"}
"""What may be filled in, with its label."""

RESULT_LABEL = "Your forecast"


@dataclass(frozen=True)
class Form:
    """What one author is asked, and what is known about it.

    Parameters
    ----------
    customer, title, author
        Folder name of the customer, its name on reports, and who is asked.
    as_of
        Last day of history of the cycle.
    valid_until
        Last as-of date on which an entry counts unless its author says else.
    lines
        One row per node: ``line`` (from 1), stream, family, product, market, node.
    grid
        One row per line and ``period`` (first day of a month): the columns of `FACTS`.
    standing
        What the author has said and still stands, one row per line, ``mode`` and ``period``: amount,
        reason, expires_on.
    activities
        Coming activities in the author's scope, to be shown.
    """

    customer: str
    title: str
    author: str
    as_of: pd.Timestamp
    valid_until: pd.Timestamp
    lines: pd.DataFrame
    grid: pd.DataFrame
    standing: pd.DataFrame
    activities: pd.DataFrame

    @property
    def months(self) -> list[pd.Timestamp]:
        """First days of the months that are asked about."""
        return [pd.Timestamp(day) for day in sorted(self.grid["period"].unique())]

    def quantities(self, name: str) -> dict[tuple[int, pd.Timestamp], float]:
        """One of the `FACTS` by line and month."""
        keys = zip(self.grid["line"].tolist(), self.grid["period"].tolist(), strict=True)
        return dict(zip(keys, self.grid[name].astype(float).tolist(), strict=True))


def scope_words(family: str, product: str, market: str, node: str) -> tuple[str, str, str]:
    """How a node is shown: product group, product, market; ``all`` for a star."""
    shown = [word if word != "*" else "all" for word in (family, product, market)]
    if node != "*":
        shown[2] = node if market == "*" else f"{shown[2]}, {node}"
    return shown[0], shown[1], shown[2]


def result_qty(automatic: float, absolute: float | None, delta: float | None, percent: float | None) -> float:
    """What an author's entries make of the automatic forecast of a line and month.

    Examples
    --------
    >>> result_qty(100.0, None, None, 0.05)
    105.0
    >>> result_qty(100.0, 80.0, None, None)
    80.0
    """
    if absolute is not None:
        return absolute
    return max(0.0, automatic + (delta or 0.0) + automatic * (percent or 0.0))


@dataclass(frozen=True)
class Entries:
    """What an author filled in, cell by cell as it stands, with the places by which people know it.

    Parameters
    ----------
    cells
        One row per line, ``mode`` and ``period``: ``cell`` (as found; None when empty), ``before`` (what
        stood there when it was given out; NaN when nothing), ``automatic_qty`` and ``place``.
    rows
        One row per line and ``mode``: ``reason``, ``expires`` (as found), ``before_reason``,
        ``before_expires`` (None when nothing), ``reason_place`` and ``expires_place``.
    lines
        One row per node: ``line``, stream, family, product, market, node.
    author, as_of
        Who filled it in, and for which cycle.
    """

    cells: pd.DataFrame
    rows: pd.DataFrame
    lines: pd.DataFrame
    author: str
    as_of: pd.Timestamp
