"""What the supply plan pays beside hours at their rates: set-ups, orders, crews and charges of recipes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from sopwb.finance.sales_plan import fiscal

__all__ = ["CHARGES", "ELSEWHERE", "plan_charges", "variable_rate"]

CAUSE_OF: Mapping[str, str] = MappingProxyType(
    {
        "setup": "setup",
        "changeover": "setup",
        "order": "order",
        "heads": "crew",
        "hired": "crew",
        "laid_off": "crew",
        "price_break": "contract",
        "discount": "contract",
        "take_or_pay": "contract",
    }
)
CHARGES = ("recipe", "setup", "order", "crew", "contract", "other")
ELSEWHERE = ("buy", "move")
"""Options whose cost is purchases or freight."""
NOISE = 1e-7
"""Share of the money of a month below which a difference is the solver's noise."""


def variable_rate(cost_rate: pd.DataFrame) -> pd.Series[float]:
    """Money for an hour of each resource that is saved when the hour is not used."""
    variable = cost_rate[cost_rate["is_variable"].astype(bool)]
    return variable.groupby("resource")["rate_per_hour"].sum().astype(float)


def plan_charges(
    supply_plan: pd.DataFrame,
    supply_decision: pd.DataFrame,
    capacity_use: pd.DataFrame,
    cost_rate: pd.DataFrame,
    period: pd.DataFrame,
) -> pd.DataFrame:
    """Money of the plan that is not hours at their variable rates, by fiscal month; a column a cause.

    ``recipe`` is what making costs by the table recipe, and set-ups spread over the usual lot;
    ``setup``, ``order`` and ``crew`` are decisions of their own; ``contract`` is what price breaks of
    suppliers add or save, and what was promised to them and not taken; ``other`` are options and
    decisions a customer adds. Hours of set-ups are paid as hours and left out here.
    """
    rate = variable_rate(cost_rate)

    def worth(rows: pd.DataFrame, hours: str, resource: str) -> pd.Series[float]:
        return (rows[hours] * rows[resource].map(rate).fillna(0.0)).astype(float)

    plan = supply_plan[~supply_plan["option"].isin(ELSEWHERE)]
    made = fiscal(plan, period).groupby("period")["cost_value"].sum()
    taken = supply_decision.assign(
        hour_value=worth(supply_decision, "decided_hours", "subject"),
        cause=supply_decision["decision"].map(CAUSE_OF).fillna(supply_decision["decision"]),
    )
    taken["cause"] = taken["cause"].where(taken["cause"].isin(CHARGES), "other")
    taken = fiscal(taken, period)
    used = fiscal(capacity_use.assign(value=worth(capacity_use, "required_hours", "resource")), period)
    by_rate = used.groupby("period")["value"].sum()
    by_rate = by_rate.sub(taken.groupby("period")["hour_value"].sum(), fill_value=0.0)
    recipe = made.sub(by_rate, fill_value=0.0)
    size = made.reindex(recipe.index, fill_value=0.0).abs()
    net = taken.assign(net=taken["cost_value"] - taken["hour_value"])
    wide = net.pivot_table(index="period", columns="cause", values="net", aggfunc="sum", fill_value=0.0)
    months = pd.Index(sorted(period["fiscal_period"].unique()), name="period")
    charges = wide.reindex(index=months, columns=list(CHARGES), fill_value=0.0)
    recipe = recipe.where(recipe.abs() > NOISE * size, 0.0)
    return charges.assign(recipe=recipe.reindex(months, fill_value=0.0)).astype(float)
