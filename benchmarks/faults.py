"""What is wrong with the tables of an instance: which table, which rows, and what would be right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from sopwb.errors import Fault

__all__ = ["faults_of"]


class Rule(NamedTuple):
    """What a table of an instance has to hold.

    Parameters
    ----------
    key
        Columns of which no two rows are alike; none where rows add up.
    numbers
        Columns that need a number of at least zero in every row.
    free
        Columns that need a number of any sign in every row.
    open
        Columns, if there are any, of which a missing value is a default.
    """

    key: str = ""
    numbers: str = ""
    free: str = ""
    open: str = ""


RULES = {
    "item_site": Rule("item site", "initial holding_cost", "", "safety_stock ss_penalty shelf_life"),
    "demand": Rule("demand", "", "price backlog_cost lost_cost"),
    "demand_qty": Rule("", "qty"),
    "recipes": Rule("recipe", "yield lead_time", "unit_cost", "min_run frozen_until"),
    "coproduct": Rule("recipe item", "qty_per"),
    "bom": Rule("recipe component", "qty_per"),
    "routing": Rule("recipe resource", "hours_per_unit", "", "setup_hours setup_cost"),
    "capacity": Rule("resource period", "hours", "", "overtime_max overtime_cost"),
    "purchase": Rule("source", "lead_time", "unit_cost", "moq"),
    "purchase_cap": Rule("source period", "max_qty"),
    "lanes": Rule("lane", "lead_time", "unit_cost"),
    "storage": Rule("site", "max_volume over_cost"),
    "item_volume": Rule("item", "volume"),
    "receipts": Rule("", "qty"),
    "safety_stock": Rule("item site period", "qty"),
    "frozen": Rule("table key period", "qty"),
}

PLACES = (
    ("demand", "item", "site"), ("recipes", "item", "site"), ("purchase", "item", "site"),
    ("lanes", "item", "from_site"), ("lanes", "item", "to_site"), ("receipts", "item", "site"),
    ("safety_stock", "item", "site"),
)  # fmt: skip
"""Columns that name an item and a site of ``item_site``."""

NAMES = (
    ("demand_qty", "demand", "demand"), ("coproduct", "recipe", "recipes"), ("bom", "recipe", "recipes"),
    ("routing", "recipe", "recipes"), ("purchase_cap", "source", "purchase"),
)  # fmt: skip
"""Columns that name a row of another table by its first column."""

WHOLE = (("recipes", "lead_time"), ("purchase", "lead_time"), ("lanes", "lead_time"))
Tables = Mapping[str, pd.DataFrame]


def _told(rows: pd.DataFrame, wrong: pd.Series) -> list[str]:
    """The wrong rows as a person finds them, numbered as in the file."""
    chosen = rows[wrong.to_numpy(bool)]
    return [
        f"row {number + 2} ({', '.join(f'{name}={value}' for name, value in row.items())})"
        for number, row in chosen.iloc[:, :6].to_dict("index").items()
    ]


def _fault(
    table: str, column: str, rows: pd.DataFrame, wrong: pd.Series, problem: str, remedy: str
) -> Iterator[Fault]:
    if wrong.any():
        where = f"{table}.{column}" if column else table
        yield Fault(where, f"{int(wrong.sum())} row(s): {problem}", _told(rows, wrong), remedy)


def _numbers(name: str, rows: pd.DataFrame, rule: Rule) -> Iterator[Fault]:
    asked = [(column, False) for column in f"{rule.numbers} {rule.free}".split()]
    asked += [(column, True) for column in rule.open.split() if column in rows]
    for column, is_open in asked:
        value = pd.to_numeric(rows[column], errors="coerce")
        bad = ~np.isfinite(value) & ~(rows[column].isna() & is_open)
        yield from _fault(name, column, rows, bad, "is not a number", "Write a finite number.")
        if column not in rule.free.split():
            remedy = "Write zero or more; a limit of zero closes what it limits."
            yield from _fault(name, column, rows, value < 0, "is below zero", remedy)


def _periods(name: str, rows: pd.DataFrame, count: int) -> Iterator[Fault]:
    if "period" in rows and name != "periods":
        number = pd.to_numeric(rows["period"], errors="coerce")
        wrong = ~(number.ge(0) & number.lt(count) & number.mod(1).eq(0))
        remedy = f"Periods are counted from 0 to {count - 1}."
        yield from _fault(name, "period", rows, wrong, "is no period of the horizon", remedy)


def _known(rows: pd.DataFrame, columns: list[str], of: pd.DataFrame, names: list[str]) -> pd.Series:
    there = pd.MultiIndex.from_frame(of[names].astype(str))
    return pd.Series(pd.MultiIndex.from_frame(rows[columns].astype(str)).isin(there), index=rows.index)


def _references(tables: Tables) -> Iterator[Fault]:
    sites = tables["item_site"]
    for name, *columns in PLACES:
        rows = tables[name]
        if len(rows):
            wrong = ~_known(rows, list(columns), sites, ["item", "site"])
            remedy = "Add the item at this site to item_site, or correct the row."
            yield from _fault(name, columns[-1], rows, wrong, "names no row of item_site", remedy)
    for name, column, other in NAMES:
        rows = tables[name]
        if len(rows):
            wrong = ~_known(rows, [column], tables[other], [column])
            remedy = f"Add it to {other}, or correct the row."
            yield from _fault(name, column, rows, wrong, f"names no row of {other}", remedy)
    made_at = tables["recipes"].drop_duplicates("recipe").set_index("recipe")["site"]
    for name, column in (("bom", "component"), ("coproduct", "item")):
        rows = tables[name].assign(site=tables[name]["recipe"].map(made_at))
        rows = rows[rows["site"].notna()]
        if len(rows):
            wrong = ~_known(rows, [column, "site"], sites, ["item", "site"])
            remedy = "Add the item at the recipe's site to item_site, or correct the row."
            yield from _fault(name, column, rows, wrong, "is not kept at the recipe's site", remedy)


def _ways(tables: Tables) -> Iterator[Fault]:
    """Lanes and overtime of kinds that the workbench has no table for."""
    lanes, capacity = tables["lanes"], tables["capacity"]
    loop = lanes["from_site"].astype(str).eq(lanes["to_site"].astype(str))
    yield from _fault("lanes", "to_site", lanes, loop, "a lane to itself", "Take the row out.")
    twice = lanes.duplicated(["from_site", "to_site", "item"], keep=False)
    remedy = "Keep the lane that is planned: the workbench has one lane for an item between two sites."
    yield from _fault("lanes", "lane", lanes, twice, "another lane goes the same way", remedy)
    if "overtime_cost" in capacity:
        price = capacity["overtime_cost"].fillna(0.0).groupby(capacity["resource"])
        moved = capacity["resource"].map(price.nunique()).gt(1)
        remedy = "Give a resource one price of overtime: the workbench has no other."
        yield from _fault("capacity", "overtime_cost", capacity, moved, "changes between periods", remedy)


def _frozen(tables: Tables) -> Iterator[Fault]:
    rows = tables["frozen"]
    of = {
        "production": ("recipes", "recipe"),
        "purchase": ("purchase", "source"),
        "transport": ("lanes", "lane"),
    }
    known = {name: set(tables[table][column].astype(str)) for name, (table, column) in of.items()}
    pairs = zip(rows["table"].astype(str), rows["key"].astype(str), strict=True)
    wrong = pd.Series([key not in known.get(table, set()) for table, key in pairs], rows.index, dtype=bool)
    remedy = "table is production, purchase or transport, key one of its recipes, sources or lanes."
    yield from _fault("frozen", "key", rows, wrong, "is no decision of the instance", remedy)


def faults_of(tables: Tables, periods: int) -> list[Fault]:
    """Everything that is wrong with the tables of an instance, tables first, then what they name.

    Parameters
    ----------
    tables
        Every table of an instance, empty where there is none.
    periods
        Number of periods.
    """
    if periods == 0:
        return [Fault("periods", "there is no period", (), "Give a row per period, in order.")]
    faults: list[Fault] = []
    for name, rule in RULES.items():
        rows = tables[name].reset_index(drop=True)
        needed = f"{rule.key} {rule.numbers} {rule.free}".split()
        missing = sorted({*needed} - set(rows))
        if missing:
            faults.append(Fault(name, f"the columns {', '.join(missing)} are missing", (), "Add them."))
            continue
        if rule.key and len(rows):
            twice = rows.duplicated(rule.key.split(), keep=False)
            remedy = "Keep one row per key."
            faults += _fault(name, "", rows, twice, f"share the key {rule.key}", remedy)
        faults += [*_numbers(name, rows, rule), *_periods(name, rows, periods)]
    for name, column in WHOLE:
        if not faults:
            rows = tables[name].reset_index(drop=True)
            part = pd.to_numeric(rows[column]).mod(1).ne(0)
            faults += _fault(name, column, rows, part, "is no whole number", "Count lead times in periods.")
    if faults:
        return faults
    numbered = {name: rows.reset_index(drop=True) for name, rows in tables.items()}
    return [*_references(numbered), *_ways(numbered), *_frozen(numbered)]
