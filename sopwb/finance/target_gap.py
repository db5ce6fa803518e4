"""Every target of the financial plan against what happened and what is planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopwb.measure.scope import in_scope

__all__ = ["MonthValue", "target_gap"]

ADDED = ("revenue", "gross_margin", "ebit", "purchase_value", "capex")
LEVELS = ("cash", "stock_value", "working_capital")


@dataclass(frozen=True)
class MonthValue:
    """Actual and planned amounts of one measure by month and whatever it can be scoped by.

    Parameters
    ----------
    actual, planned
        period, amount_value and dimensions; for a rate amount_value over base_value.
    """

    actual: pd.DataFrame
    planned: pd.DataFrame


def target_gap(
    target: pd.DataFrame, values: Mapping[str, MonthValue], constraint_price: pd.DataFrame
) -> pd.DataFrame:
    """Actual part, planned part, outlook, gap and attainment of every target; table ``target_gap``.

    Flows (revenue, margin, EBIT, purchases, capital spending) are added over the months that begin in
    the span; levels (cash, stock, working capital) are judged at their worst month end; a rate
    (service) is taken over all months together. A positive gap is favourable.

    Parameters
    ----------
    target
        Table ``target``.
    values
        Months of each measure; a target on another measure has no outlook.
    constraint_price
        Table ``constraint_price``; says what the limits of the supply plan cost.
    """
    goals = [{str(name): cell for name, cell in row.items()} for row in target.to_dict("records")]
    rows = [_one(goal, values.get(str(goal["measure"]))) for goal in goals]
    columns = ["actual_value", "planned_value", "outlook_value"]
    found = pd.DataFrame(rows, columns=columns, dtype=float)
    gaps = target.reset_index(drop=True).join(found)
    favour = np.where(gaps["sense"] == "minimum", 1.0, -1.0)
    gaps["gap_value"] = (gaps["outlook_value"] - gaps["target_value"]) * favour
    gaps["attainment_rate"] = (gaps["outlook_value"] / gaps["target_value"]).where(gaps["target_value"] != 0)
    worth = constraint_price.groupby("subject")["price_per_unit"].sum()
    gaps["limit_price_per_unit"] = gaps["target"].map(worth).astype(float)
    return gaps


def _one(goal: Mapping[str, object], value: MonthValue | None) -> tuple[float, float, float]:
    if value is None:
        return (np.nan, np.nan, np.nan)
    actual, planned = (_span(part, goal) for part in (value.actual, value.planned))
    both = pd.concat([part for part in (actual, planned) if len(part)] or [actual])
    return (_amount(actual, goal), _amount(planned, goal), _amount(both, goal))


def _span(rows: pd.DataFrame, goal: Mapping[str, object]) -> pd.DataFrame:
    inside = rows[(rows["period"] >= goal["start_date"]) & (rows["period"] <= goal["end_date"])]
    return in_scope(inside, str(goal["scope"]))


def _amount(rows: pd.DataFrame, goal: Mapping[str, object]) -> float:
    """Amount of a measure over the rows of a span; missing when there are none."""
    if rows.empty:
        return float("nan")
    if goal["measure"] in ADDED:
        return float(rows["amount_value"].sum())
    if goal["measure"] in LEVELS:
        ends = rows.groupby("period")["amount_value"].sum()
        return float(ends.min() if goal["sense"] == "minimum" else ends.max())
    base = float(rows["base_value"].sum())
    return float(rows["amount_value"].sum()) / base if base else float("nan")
