"""What an author filled in becomes rows of ``manual_forecast``, or faults with the cell that has them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from sopwb.config.demand import ManualSettings
from sopwb.errors import Fault
from sopwb.exchange.form import Entries

__all__ = ["collected_statements", "still_new"]

COLUMNS = [
    "author",
    "stream",
    "family",
    "product",
    "market",
    "node",
    "period",
    "span",
    "mode",
    "amount",
    "split",
    "reference_qty",
    "reason",
    "expires_on",
    "entered_at",
]
SAID = ["author", "stream", "family", "product", "market", "node", "period", "span"]
Row = Mapping[Hashable, Any]


def collected_statements(
    entries: Entries, settings: ManualSettings, entered_at: pd.Timestamp
) -> tuple[pd.DataFrame, list[Fault]]:
    """The statements that were changed, added or withdrawn, and every fault of what was filled in.

    A cell that holds what it held before is no statement, unless the reason or the day of expiry of
    its row was changed. A cell that was emptied, with no other entry for its month, withdraws what
    stood there: its statement is entered again as expired the day before as-of.

    Parameters
    ----------
    entries
        What was filled in.
    settings
        How long a statement counts, and how large a percentage may be.
    entered_at
        Moment that the rows bear.

    Returns
    -------
    tuple
        Rows of ``manual_forecast`` without their code, none when there is a fault; and the faults.
    """
    faults: list[Fault] = []
    asides = {(row["line"], row["mode"]): row for row in entries.rows.to_dict("records")}
    cells = [_read(cell, settings, faults) for cell in entries.cells.to_dict("records")]
    faults += _crowded(cells)
    lines = {line["line"]: line for line in entries.lines.to_dict("records")}
    filled = {(cell["line"], cell["period"]) for cell in cells if cell["amount"] is not None}
    asked: set[tuple[Any, str]] = set()
    rows = []
    for cell in cells:
        key = cell["line"], cell["mode"]
        aside = _aside(asides[key], entries.as_of, settings, faults if key not in asked else [])
        asked.add(key)
        amount, before = cell["amount"], cell["before"]
        words = {**lines[cell["line"]], "author": entries.author, "entered_at": entered_at}
        said = {
            **words,
            "period": cell["period"],
            "mode": cell["mode"],
            "reference_qty": round(cell["automatic_qty"], 2),
        }
        if amount is not None and (amount != before or aside["changed"]):
            if not aside["reason"]:
                faults.append(_silent(cell, asides[key]))
            rows.append({**said, "amount": amount, "reason": aside["reason"], "expires_on": aside["expires"]})
        elif cell["is_empty"] and not math.isnan(before) and (cell["line"], cell["period"]) not in filled:
            gone = entries.as_of - pd.Timedelta(days=1)
            reason = aside["reason"] or "Withdrawn"
            rows.append({**said, "amount": before, "reason": reason, "expires_on": gone})
    unique = list(dict.fromkeys(faults))
    table = pd.DataFrame([] if unique else rows, columns=[c for c in COLUMNS if c not in {"span", "split"}])
    return table.assign(span="month", split="proportion")[COLUMNS], unique


def still_new(rows: pd.DataFrame, standing: pd.DataFrame) -> pd.DataFrame:
    """Rows that say something else than what stands already, so that reading twice enters nothing twice.

    Parameters
    ----------
    rows
        Result of :func:`collected_statements`.
    standing
        Standing rows of ``manual_forecast``.
    """
    stands = {
        tuple(row[name] for name in SAID): (row["mode"], row["amount"], row["reason"], row["expires_on"])
        for row in standing.to_dict("records")
    }
    keep = []
    for row in rows.to_dict("records"):
        known = stands.get(tuple(row[name] for name in SAID))
        is_withdrawal = row["expires_on"] < row["entered_at"].normalize()
        same = known == (row["mode"], row["amount"], row["reason"], row["expires_on"])
        keep.append(known is not None if is_withdrawal else not same)
    return rows[keep].reset_index(drop=True)


def _read(cell: Row, settings: ManualSettings, faults: list[Fault]) -> dict[str, Any]:
    """The cell with its amount, or a fault and no amount."""
    raw = cell["cell"]
    is_empty = raw is None or (isinstance(raw, str) and not raw.strip())
    is_empty |= isinstance(raw, float) and math.isnan(raw)
    amount = None if is_empty else _number(raw, cell["mode"])
    problem, remedy = "", ""
    if not is_empty and amount is None:
        problem, remedy = (
            f"{_shown(raw)} is not a number",
            "write a number such as 1200, or 5% for a percentage",
        )
    elif amount is not None:
        problem, remedy = _beyond(amount, cell, settings)
    if problem:
        faults.append(Fault(cell["place"], problem, remedy=remedy))
        amount = None
    return {**{str(name): value for name, value in cell.items()}, "amount": amount, "is_empty": is_empty}


def _number(raw: Any, mode: str) -> float | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, (int, float)):
        return float(raw) if math.isfinite(raw) else None
    text = str(raw).strip().replace("−", "-") if isinstance(raw, str) else ""
    divisor = 1.0
    if mode == "percent" and text.endswith("%"):
        text, divisor = text[:-1].strip(), 100.0
    plain = text.lstrip("+-").replace(".", "", 1)
    return float(text) / divisor if plain.isascii() and plain.isdigit() else None


def _beyond(amount: float, cell: Row, settings: ManualSettings) -> tuple[str, str]:
    """Problem and remedy of a number that cannot be meant; empty when it can."""
    if cell["mode"] == "absolute" and amount < 0:
        return f"{amount:g} is a total below zero", "a total is at least 0"
    if cell["mode"] == "percent" and amount < -1:
        return f"{amount:.0%} takes away more than there is", "at most -100% can be taken away"
    if cell["mode"] == "percent" and amount > settings.most_percent_rate:
        return f"is {amount:,.0%}", f"write {amount:g}% if that is meant, or give a total"
    if cell["mode"] == "delta" and amount < -cell["automatic_qty"] - 0.5:
        return (
            f"{amount:g} takes away more than the {cell['automatic_qty']:,.0f} that are forecast",
            "give a total",
        )
    return "", ""


def _shown(raw: Any) -> str:
    return str(raw) if isinstance(raw, (dt.date, dt.datetime)) else repr(raw)


def _crowded(cells: list[dict[str, Any]]) -> list[Fault]:
    """Months of a line with more than one of total, plus or minus and percent."""
    by_month: dict[tuple[Any, Any], list[str]] = {}
    for cell in cells:
        if not cell["is_empty"]:
            by_month.setdefault((cell["line"], cell["period"]), []).append(cell["place"])
    return [
        Fault(
            places[0],
            f"{' and '.join(_short(place) for place in places[1:])} speak of the same month",
            remedy="keep one",
        )
        for places in by_month.values()
        if len(places) > 1
    ]


def _short(place: str) -> str:
    return place.rpartition(", ")[2] or place


def _silent(cell: Mapping[str, Any], aside: Row) -> Fault:
    problem = f"is empty, but {_short(str(cell['place']))} was filled in"
    return Fault(str(aside["reason_place"]), problem, remedy="say why, in a few words")


def _aside(row: Row, as_of: pd.Timestamp, settings: ManualSettings, faults: list[Fault]) -> dict[str, Any]:
    """Reason and day of expiry of a row, and whether either was changed."""
    reason = str(row["reason"]).strip() if row["reason"] is not None else ""
    usual = as_of + pd.offsets.MonthEnd(settings.valid_months)
    expires = usual if row["expires"] is None else _day(row["expires"])
    if expires is None:
        faults.append(
            Fault(
                str(row["expires_place"]), f"{_shown(row['expires'])} is not a day", remedy="write 2026-03-31"
            )
        )
    elif expires < as_of:
        remedy = f"write a day not before {as_of.date()}, or empty the row's cells to withdraw them"
        faults.append(Fault(str(row["expires_place"]), f"{expires.date()} has passed", remedy=remedy))
    before = _day(row["before_expires"]) if row["before_expires"] is not None else None
    known = str(row["before_reason"]).strip() if row["before_reason"] is not None else ""
    changed = reason != known or (row["expires"] is not None and expires != before)
    return {"reason": reason, "expires": expires if expires is not None else usual, "changed": changed}


def _day(raw: Any) -> pd.Timestamp | None:
    if isinstance(raw, (dt.date, dt.datetime)):
        return pd.Timestamp(raw).normalize()
    try:
        return pd.Timestamp(dt.datetime.strptime(str(raw).strip(), "%Y-%m-%d"))  # noqa: DTZ007
    except ValueError:
        return None
