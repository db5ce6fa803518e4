"""What no single column of ``investment_option`` can say: whether it adds something, and adds up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.errors import Fault
from sopwb.schema.parse import row_labels
from sopwb.schema.table import Table

__all__ = ["INVESTMENT_TABLES", "investment_faults"]

OPTION, PAYMENT = "investment_option", "investment_payment"
INVESTMENT_TABLES = (OPTION, PAYMENT, "location")
"""Tables these faults are about."""
WHOLE_WITHIN = 1e-6

Rows = npt.NDArray[np.bool_]


def investment_faults(tables: Mapping[str, pd.DataFrame], schema: Mapping[str, Table]) -> list[Fault]:
    """Faults of investments that reach beyond one cell, each with its rows.

    Looked at are investments that add nothing, or places where there is no limit, that cannot be decided
    on any day, that are worth more at the end than at the start, or that exclude each
    other and are to be built both; and payments that do not sum to the whole.
    """
    option = tables.get(OPTION)
    if option is None or option.empty:
        return []
    table = schema[OPTION]
    rules = (
        ("hours_per_day", *_idle(option)),
        ("location", *_unlimited(option, tables.get("location"))),
        ("latest_date", *_never(option)),
        ("residual_value", *_worth_more(option)),
        ("exclusive_group", *_both(option)),
    )
    faults = []
    for column, rows, problem, remedy in rules:
        if rows.any():
            labels = row_labels(option, table, rows)
            faults.append(Fault(f"{OPTION}.{column}", f"{len(labels)} row(s) {problem}", labels, remedy))
    return faults + _payments(tables.get(PAYMENT), schema)


def _flags(rows: pd.Series[Any]) -> Rows:
    return rows.fillna(value=False).to_numpy(dtype=bool)


def _idle(option: pd.DataFrame) -> tuple[Rows, str, str]:
    """Investments of which nothing can be used: no hours of a resource, and no places at a location."""
    hours, places = option["hours_per_day"] > 0, option["storage_pallets"] > 0
    wrong = (hours & option["resource"].isna()) | (places & option["location"].isna()) | ~(hours | places)
    remedy = "give a resource with hours_per_day, or a location with storage_pallets"
    return _flags(wrong), "add nothing to a resource or location", remedy


def _unlimited(option: pd.DataFrame, location: pd.DataFrame | None) -> tuple[Rows, str, str]:
    known = location if location is not None else pd.DataFrame(columns=["location", "storage_pallets"])
    free = known.loc[known["storage_pallets"].isna(), "location"]
    wrong = (option["storage_pallets"] > 0) & option["location"].isin(set(free))
    remedy = "state the places there are in location.storage_pallets, or leave the investment out"
    return _flags(wrong), "add places where there is no limit", remedy


def _never(option: pd.DataFrame) -> tuple[Rows, str, str]:
    """Investments whose last day of decision is before the first."""
    wrong = option["earliest_date"] > option["latest_date"]  # a missing one leaves it open
    remedy = "let latest_date come after earliest_date, with the first day of a month between them"
    return _flags(wrong), "can be decided on no day", remedy


def _worth_more(option: pd.DataFrame) -> tuple[Rows, str, str]:
    wrong = option["residual_value"] > option["capex_value"]
    return _flags(wrong), "are worth more at the end than they cost", "correct residual_value or capex_value"


def _both(option: pd.DataFrame) -> tuple[Rows, str, str]:
    forced = (option["status"] == "build") & option["exclusive_group"].notna()
    twice = forced & option["exclusive_group"].where(forced).duplicated(keep=False)
    return _flags(twice), "of one group are to be built together", "let one of them be open, or refuse it"


def _payments(payment: pd.DataFrame | None, schema: Mapping[str, Table]) -> list[Fault]:
    if payment is None or payment.empty:
        return []
    sums = payment.groupby("investment")["payment_rate"].transform("sum")
    wrong = _flags((sums - 1.0).abs() > WHOLE_WITHIN)
    if not wrong.any():
        return []
    names = ", ".join(sorted(set(payment.loc[wrong, "investment"])))
    problem = f"payments of {names} do not sum to the whole"
    labels = row_labels(payment, schema[PAYMENT], wrong)
    return [Fault(f"{PAYMENT}.payment_rate", problem, labels, "let the shares of an investment sum to 1")]
