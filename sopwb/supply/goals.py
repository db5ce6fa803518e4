"""What the plan is good for: service first, then contribution less what steers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sopwb.supply.buckets import Floats
from sopwb.supply.data import PlanData

__all__ = ["Goal", "contribution_goal", "goals_of", "service_goal"]


@dataclass(frozen=True)
class Goal:
    """A sum to make small: a charge for one unit of each variable, by block; other blocks are free."""

    name: str
    charge: Mapping[str, Floats]


def service_goal(data: PlanData) -> Goal:
    """Charge for demand that is late or lost and for overload.

    Lost demand is charged at its price, more in better priority classes; a day of waiting at a
    share of that. Demand that still waits at the end of the horizon is charged as lost, so that
    no plan hides it there.
    """
    days = data.buckets.days
    daily = data.demand.late_charge.reshape(-1, data.buckets.count)
    late = daily * days[None, :]
    late[:, -1] += data.demand.end_charge
    hour = data.settings.overload_cost_per_hour or 0.0
    overload = np.full(len(data.hours.regular), hour)
    return Goal("service", {"lost": data.demand.lost_charge, "late": late.ravel(), "overload": overload})


def contribution_goal(data: PlanData) -> Goal:
    """Variable cost less revenue, with what steers: capital in stock, scrap, worth of the end stock.

    Only what a decision changes is charged: conversion at variable rates, purchases, freight and
    overtime. Wages and overhead that are paid anyway stay outside.
    """
    count, stock, settings = data.buckets.count, data.stock, data.settings
    decided = {name: block.charge for name, block in data.blocks.items()}
    options = {f"option.{name}": option.unit_cost for name, option in data.options.items()}
    return Goal(
        "contribution",
        {
            **options,
            **decided,
            "shipped": -data.demand.price,
            "overtime": np.repeat(data.hours.overtime_cost, count),
            "prepaid": -np.repeat(data.hours.variable_cost, count),
            "stock": (stock.holding[:, None] * data.buckets.days[None, :]).ravel(),
            "scrapped": settings.scrap_cost_rate * stock.standard_cost[data.shelf_life.scrap_node],
            "end_stock": -settings.end_stock_value_rate * stock.variable_cost,
        },
    )


def goals_of(data: PlanData) -> tuple[Goal, Goal]:
    """What is made best first, and what at its best after that.

    With ``one_stage`` poor service is a cost like any other: nothing comes first, and the second
    goal is the sum of both.
    """
    service, contribution = service_goal(data), contribution_goal(data)
    if not data.settings.one_stage:
        return service, contribution
    both = {**contribution.charge, **service.charge}
    return Goal("nothing", {}), Goal("cost and contribution", both)
