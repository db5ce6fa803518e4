"""Limits and goals of the financial plan, one rule for each measure.

Each speaks of the targets on its measure whose strength is soft or hard; a hard target stays hard
where the rule as a whole is soft.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sopwb.extend import constraint
from sopwb.supply.data import PlanData
from sopwb.supply.variables import Variables

if TYPE_CHECKING:
    import cvxpy as cp

    Rules = Iterator[cp.Constraint]

__all__ = [
    "capex_limit",
    "cash_floor",
    "ebit_goal",
    "margin_goal",
    "purchase_budget",
    "revenue_goal",
    "service_floor",
    "working_capital_limit",
]


def _kept(measure: str, data: PlanData, v: Variables) -> Rules:
    import cvxpy as cp

    limit = data.money.get(measure)
    if limit is None or not limit.by_block:
        return
    blocks = v.blocks()
    yield sum(cp.Constant(matrix) @ blocks[name] for name, matrix in limit.by_block.items()) <= limit.most


@constraint("revenue_goal", mode="soft", unit="currency")
def revenue_goal(data: PlanData, v: Variables) -> Rules:
    """Revenue over the span of a target reaches it."""
    yield from _kept("revenue", data, v)


@constraint("margin_goal", mode="soft", unit="currency")
def margin_goal(data: PlanData, v: Variables) -> Rules:
    """Gross margin over the span of a target reaches it; of a part of the company at standard cost."""
    yield from _kept("gross_margin", data, v)


@constraint("ebit_goal", mode="soft", unit="currency")
def ebit_goal(data: PlanData, v: Variables) -> Rules:
    """Contribution less the lines of cost that are known outside the plan reaches the EBIT wanted."""
    yield from _kept("ebit", data, v)


@constraint("purchase_budget", mode="soft", unit="currency")
def purchase_budget(data: PlanData, v: Variables) -> Rules:
    """What arrives from suppliers over the span of a target stays within the budget."""
    yield from _kept("purchase_value", data, v)


@constraint("cash_floor", mode="soft", unit="currency")
def cash_floor(data: PlanData, v: Variables) -> Rules:
    """Cash at every month end, as customers pay and suppliers are paid, stays above its floor."""
    yield from _kept("cash", data, v)


@constraint("working_capital_limit", mode="soft", unit="currency")
def working_capital_limit(data: PlanData, v: Variables) -> Rules:
    """Stock, receivables and payables at every month end stay within their limit."""
    yield from _kept("working_capital", data, v)


@constraint("service_floor", mode="soft", unit="rate")
def service_floor(data: PlanData, v: Variables) -> Rules:
    """The share of demand served in its own bucket reaches its floor."""
    yield from _kept("service", data, v)


@constraint("capex_limit", mode="soft", unit="currency")
def capex_limit(data: PlanData, v: Variables) -> Rules:
    """Capital spending that is given and decided stays within its limit over the span of a target."""
    yield from _kept("capex", data, v)
