"""Whether a limit really is why a product is short: planned again without it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sopwb.config.supply import SupplySettings
from sopwb.supply.buckets import Floats, Ints
from sopwb.supply.data import PlanData
from sopwb.supply.goals import goals_of
from sopwb.supply.program import Program
from sopwb.supply.session import UnfinishedError
from sopwb.supply.solve import Solution
from sopwb.supply.values import Stand, stand_of

__all__ = ["shortage_reason"]

RULES = {"capacity": "capacity", "supplier": "supplier_limit", "lane": "lane_capacity"}
LIFTED = 10.0
"""How many times its own size a limit is raised by when it is lifted."""
FELT = 0.01
"""Share of a shortage from which a change of it counts."""
KEY = ["product", "reason", "subject"]
COLUMNS = [*KEY, "short_qty", "short_value", "relief_qty", "confirmed"]


def _rows_of(reason: str, subject: str | None, program: Program) -> Ints:
    """Rows of the limits of a reason, of one subject or of all."""
    found = [np.zeros(0, dtype=np.int64)]
    for rule in program.rules:
        if rule.name == RULES[reason] and rule.rows is not None:
            # the supplier of a purchase term stands before the product it brings
            named = pd.Series(rule.rows.subject).str.partition(": ")[0].to_numpy(object)
            chosen = np.ones(len(named), dtype=bool) if subject is None else named == subject
            found.append(rule.first + np.flatnonzero(chosen))
    return np.concatenate(found).astype(np.int64)


def _short_of(stand: Stand, values: Floats, data: PlanData) -> pd.Series:
    """What is late at the ends of the buckets and lost in them, by product."""
    blocks, count = stand.session.program.blocks, data.buckets.count
    streams = data.network.streams["product"].to_numpy(object)
    of_class = streams[data.network.classes["stream"].to_numpy(np.int64)]
    names = np.concatenate([np.repeat(streams, count), np.repeat(of_class, count)])
    short = np.concatenate([values[blocks["late"]], values[blocks["lost"]]])
    return pd.Series(short).groupby(names).sum()


def _relieved(stand: Stand, rows: Ints, data: PlanData, program: Program) -> pd.Series:
    """What is short of each product when some limits are lifted; they stand again afterwards."""
    session = stand.session
    usual = float(np.abs(program.most[rows]).max(initial=1.0))
    for row in rows:
        session.loosen(int(row), LIFTED * max(usual, 1.0))
    short = _short_of(stand, session.plan(stand.both("a limit lifted")), data)
    for row in rows:
        session.loosen(int(row), 0.0)
    return short


def shortage_reason(
    shortage: pd.DataFrame, data: PlanData, program: Program, solution: Solution, settings: SupplySettings
) -> pd.DataFrame:
    """Table ``shortage_reason``: the largest shortages by money, each reason tried by planning again.

    A capacity, a supplier or a lane is the reason where the product is served better once its limit
    is lifted; a lead time or missing material where it is not even when all those limits are. Of a
    plan that is not proven best, or where the time allowed is over, no reason is tried.

    Parameters
    ----------
    shortage
        Table ``shortage``.
    """
    told = shortage.assign(short_qty=shortage["late_qty"] + shortage["lost_qty"])
    told = told.groupby(KEY, as_index=False, sort=True)[["short_qty", "short_value"]].sum()
    told = told.sort_values(["short_value", *KEY], ascending=[False, True, True, True], ignore_index=True)
    told = told.head(settings.confirmed_limits)
    if told.empty or not solution.is_best:
        return pd.DataFrame(columns=COLUMNS)
    try:
        relief = _reliefs(told, stand_of(program, solution, goals_of(data), settings), data, program)
    except UnfinishedError:
        return pd.DataFrame(columns=COLUMNS)
    found = told.assign(relief_qty=relief)
    is_felt = found["relief_qty"] > FELT * found["short_qty"]
    agrees = np.where(found["reason"].isin(list(RULES)), is_felt, ~is_felt)
    return found.assign(confirmed=np.where(agrees, "confirmed", "not confirmed"))[COLUMNS]


def _reliefs(told: pd.DataFrame, stand: Stand, data: PlanData, program: Program) -> list[float]:
    """By how much each shortage shrinks once the limit that is its reason is lifted, or all limits."""
    before = _short_of(stand, stand.session.plan(stand.found), data)
    tried: dict[tuple[str, str], pd.Series] = {}
    relief = []
    for product, reason, subject in zip(told["product"], told["reason"], told["subject"], strict=True):
        key = (reason, subject) if reason in RULES else ("all", "")
        if key not in tried:
            rows = (
                _rows_of(reason, subject, program)
                if reason in RULES
                else np.concatenate([_rows_of(name, None, program) for name in RULES])
            )
            tried[key] = _relieved(stand, rows, data, program)
        relief.append(float(before[product] - tried[key][product]))
    return relief
