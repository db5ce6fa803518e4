"""Limits and goals of the financial plan as rows of the supply plan."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.config.model import Model
from sopwb.errors import Fault, InputError
from sopwb.extend import Tables
from sopwb.measure.scope import DIMENSIONS
from sopwb.supply.buckets import Floats, day_numbers
from sopwb.supply.limits import Rows
from sopwb.supply.money import Books, Flow

if TYPE_CHECKING:
    from sopwb.supply.data import PlanData

__all__ = ["MONEY_RULES", "MoneyLimit", "money_limits", "scope_faults"]

SCOPES: Mapping[str, tuple[str, ...]] = {
    "revenue": DIMENSIONS,
    "gross_margin": DIMENSIONS,
    "service": DIMENSIONS,
    "purchase_value": ("product", "family"),
    "stock_value": ("product", "family", "location"),
}
"""Dimensions by which a measure can be limited; all others are of the whole company."""
MONEY_RULES: Mapping[str, str] = {
    "revenue": "revenue_goal",
    "gross_margin": "margin_goal",
    "ebit": "ebit_goal",
    "purchase_value": "purchase_budget",
    "service": "service_floor",
    "cash": "cash_floor",
    "working_capital": "working_capital_limit",
    "capex": "capex_limit",
}
"""Rule of each measure that the supply plan decides."""
LEVELS = ("cash", "working_capital")
INVESTED = "capex"
"""Measure that is decided only where there are investments to decide on."""


def _decided(data: PlanData) -> tuple[str, ...]:
    """Measures that the plan decides."""
    has_options = data.investments.count > 0
    return tuple(measure for measure in MONEY_RULES if measure != INVESTED or has_options)


@dataclass(frozen=True)
class MoneyLimit:
    """Rows *weighted sum of the plan ≤ most*, of all targets on one measure."""

    by_block: Mapping[str, sp.csr_array]
    most: Floats
    rows: Rows


def scope_faults(target: pd.DataFrame, decided: Collection[str] = tuple(MONEY_RULES)) -> list[Fault]:
    """Targets that should steer the plan and speak of what their measure does not have.

    Parameters
    ----------
    decided
        Measures that the plan decides.
    """
    asked = target[target["strength"].isin(["hard", "soft"])]
    faults = []
    for row in asked.itertuples():
        measure, scope = str(row.measure), str(row.scope)
        known = SCOPES.get(measure, ())
        if (
            scope == "*"
            or measure not in (*decided, "stock_value")
            or scope.partition("=")[0].strip() in known
        ):
            continue
        remedy = f"scope: * or one of {', '.join(known)}" if known else "scope: *, or strength: report"
        problem = f"{measure} cannot be limited by {scope!r} in the supply plan"
        faults.append(Fault("target", problem, (f"target {row.target}",), remedy))
    return faults


def _flow(books: Books, measure: str, scope: str) -> Flow:
    if measure == "gross_margin":
        return books.gross_margin() if scope == "*" else books.margin_at_standard(scope)
    if measure in {"revenue", "purchase_value"}:
        by_scope: Mapping[str, Callable[[str], Flow]] = {
            "revenue": books.revenue,
            "purchase_value": books.purchases,
        }
        return by_scope[measure](scope)
    company: Mapping[str, Callable[[], Flow]] = {
        "ebit": books.ebit,
        "cash": books.cash,
        "working_capital": books.working_capital,
        INVESTED: books.capex,
    }
    return company[measure]()


def _spans(target: pd.DataFrame, books: Books) -> np.ndarray:
    """Targets by months that begin in their span."""
    month = day_numbers(books.months.to_series())
    start, end = day_numbers(target["start_date"]), day_numbers(target["end_date"])
    return np.asarray((start[:, None] <= month) & (month <= end[:, None]))


def _of_target(books: Books, row: pd.Series, span: np.ndarray) -> tuple[Flow, np.ndarray, float]:
    """Figure of each row of one target, the month it is told with, and the money one unit of it is."""
    measure, scope, name = str(row["measure"]), str(row["scope"]), str(row["target"])
    months = np.flatnonzero(span)
    if measure in LEVELS:
        pick = sp.eye_array(len(span), format="csr")[months]
        return _flow(books, measure, scope).through(pick), months, 1.0
    adds = sp.csr_array(span[None, :].astype(float))
    happened = books.outside("actual", name).sum()
    if measure != "service":
        flow = _flow(books, measure, scope).through(adds)
        return Flow(flow.by_block, flow.known + happened), months[-1:], 1.0
    base = float(span @ books.demand(scope)) + books.outside("actual_base", name).sum()
    flow = books.served(scope).through(adds)
    rate = Flow(flow.by_block, flow.known + happened).times(1.0 / max(base, 1e-9))
    price = books.revenue(scope).through(adds).by_block["shipped"] @ books.data.demand.demand
    return rate, months[-1:], float(price[0])


def money_limits(data: PlanData, tables: Tables, model: Model) -> dict[str, MoneyLimit]:
    """Rows of every target on a measure of the plan that is soft or hard, by measure.

    Flows are limited over the months that begin in the target's span, less what has happened of
    it; levels at each month end of the span. A soft target without a price of its own costs what
    the settings say: flows per unit missed, levels per unit and month, service as the share of
    revenue it stands for.

    Raises
    ------
    InputError
        A target limits a measure by a dimension it does not have.
    """
    target, decided = tables["target"], _decided(data)
    faults = scope_faults(target, decided)
    if faults:
        raise InputError(faults)
    asked = target[target["strength"].isin(["hard", "soft"]) & target["measure"].isin(decided)]
    asked = asked.sort_values("target").reset_index(drop=True)
    if asked.empty:
        return {}
    books = Books.of(data, tables, model)
    spans = _spans(asked, books)
    parts: dict[str, list[tuple[Flow, Floats, Rows]]] = {}
    for number, row in asked.iterrows():
        span = spans[int(str(number))]
        if span.any():
            parts.setdefault(str(row["measure"]), []).append(_rows_of(books, row, span))
    return {measure: _stacked(some) for measure, some in parts.items()}


def _rows_of(books: Books, row: pd.Series, span: np.ndarray) -> tuple[Flow, Floats, Rows]:
    """One target as rows *flow ≤ most*."""
    settings = books.data.settings
    flow, month, worth = _of_target(books, row, span)
    sign = -1.0 if row["sense"] == "minimum" else 1.0
    most = sign * (float(row["target_value"]) - flow.known)
    usual = (
        settings.stock_value_price_rate_per_year / 12
        if row["measure"] in LEVELS
        else settings.target_price_rate * worth
    )
    own = row["price_per_unit"]
    price = np.full(len(month), max(usual if pd.isna(own) else float(own), 1e-9))
    rows = Rows(
        np.full(len(month), row["target"], dtype=object),
        books.last_bucket[month].astype(np.int64),
        price,
        np.full(len(month), row["strength"] == "hard"),
    )
    return flow.times(sign), most, rows


def _stacked(parts: list[tuple[Flow, Floats, Rows]]) -> MoneyLimit:
    """The rows of several targets, one below the other."""
    blocks = {name: matrix.shape[1] for flow, _, _ in parts for name, matrix in flow.by_block.items()}
    by_block = {
        name: sp.csr_array(
            sp.vstack(
                [flow.by_block.get(name, sp.csr_array((len(most), size))) for flow, most, _ in parts],
                format="csr",
            )
        )
        for name, size in blocks.items()
        if size
    }
    rows = Rows(
        *(
            np.concatenate([getattr(named, field) for _, _, named in parts])
            for field in ("subject", "bucket", "price", "is_hard")
        )
    )
    return MoneyLimit(by_block, np.concatenate([most for _, most, _ in parts]), rows)
