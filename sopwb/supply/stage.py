"""The door of the room: from demand, stock and limits to one balanced plan."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Parts, Tables
from sopwb.supply.allocate import shipment_plan
from sopwb.supply.blocks import supply_decision
from sopwb.supply.buckets import Floats, day_numbers
from sopwb.supply.conflicts import limit_conflict
from sopwb.supply.corner import basis_of, plan_basis
from sopwb.supply.data import PlanData, plan_data
from sopwb.supply.goals import goals_of
from sopwb.supply.investing import again, broken_capex, invest, investment_decision, investment_spend
from sopwb.supply.outcome import (
    broken_limit,
    capacity_use,
    cleaned,
    constraint_price,
    solver_log,
    stock_movement,
    supply_plan,
)
from sopwb.supply.pieces import solve_apart
from sopwb.supply.program import program_of
from sopwb.supply.reasons import shortage
from sopwb.supply.relief import shortage_reason
from sopwb.supply.steady import reference_of
from sopwb.supply.values import constraint_value
from sopwb.supply.variables import variables_of

__all__ = ["supply"]


def supply(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """One plan of making, buying and moving that serves demand as well and as cheaply as the limits allow.

    Where the tables hold the corner of another plan of the same company, the solve goes on from there,
    and where they hold that plan, the new one differs from it only where that is better.
    """
    rules = model.parts.constraints
    invested = invest(plan_data(tables, model, parts), parts, rules)
    data = invested.data
    program = program_of(data, variables_of(data), parts, rules)
    start = basis_of(tables["plan_basis"], data, program) if "plan_basis" in tables else None
    reference = reference_of(tables, data) if model.supply.least_change else None
    solution = solve_apart(program, goals_of(data), model.supply, start, reference)
    values = cleaned(program, solution.values)
    count = data.buckets.count
    late, lost = values["late"].reshape(-1, count), values["lost"].reshape(-1, count)
    shipments = shipment_plan(tables, data, late, lost)
    broken, beyond = broken_limit(data, program, solution), broken_capex(invested)
    short = shortage(tables, data, program, solution, shipments)
    planned = again(parts, rules, model.supply, solution)
    rate = model.finance.capital_cost_rate_per_year
    return {
        "supply_plan": supply_plan(data, values),
        "stock_movement": stock_movement(data, values, _scheduled(tables, data)),
        "capacity_use": capacity_use(data, program, solution, values),
        "shipment_plan": shipments,
        "broken_limit": pd.concat([broken, beyond], ignore_index=True) if len(beyond) else broken,
        "limit_conflict": limit_conflict(broken, data, program, model.supply),
        "supply_decision": supply_decision(data.blocks, values, data.buckets.period),
        "shortage": short,
        "shortage_reason": shortage_reason(short, data, program, solution, model.supply),
        "constraint_price": constraint_price(data, program, solution),
        "constraint_value": constraint_value(data, program, solution, model.supply),
        "investment_decision": investment_decision(invested, program, solution, planned, tables, rate),
        "investment_spend": investment_spend(data),
        "solver_log": solver_log((*invested.log, *solution.log)),
        "plan_basis": plan_basis(data, program, solution.basis),
    }


def _scheduled(tables: Tables, data: PlanData) -> Floats:
    """Scheduled receipts of each node and bucket; what is overdue arrives at once."""
    due, buckets = tables["scheduled_receipt"], data.buckets
    arrives = np.zeros((len(data.network.nodes), buckets.count))
    node = data.network.node(due["product"], due["location"])
    bucket = np.maximum(buckets.holding(day_numbers(due["due_date"])), 0)
    inside = (node >= 0) & (bucket < buckets.count)
    np.add.at(arrives, (node[inside], bucket[inside]), due["receipt_qty"].to_numpy(float)[inside])
    return arrives.ravel()
