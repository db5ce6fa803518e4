"""What the plan is good for: service first, then contribution less what steers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sopwb.supply.buckets import Floats
from sopwb.supply.data import DAYS_PER_YEAR, PlanData

__all__ = ["Goal", "contribution_goal", "service_goal"]


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
    days, rate = data.buckets.days, max(data.settings.late_cost_rate_per_day, 1e-9)
    daily = data.demand.late_charge.reshape(-1, data.buckets.count)
    late = daily * days[None, :]
    late[:, -1] += daily[:, -1] / rate
    hour = data.settings.overload_cost_per_hour or 0.0
    overload = np.full(len(data.hours.regular), hour)
    return Goal("service", {"lost": data.demand.lost_charge, "late": late.ravel(), "overload": overload})


def contribution_goal(data: PlanData) -> Goal:
    """Variable cost less revenue, with what steers: capital in stock, scrap, worth of the end stock.

    Only what a decision changes is charged: conversion at variable rates, purchases, freight and
    overtime. Wages and overhead that are paid anyway stay outside.
    """
    count, stock, settings = data.buckets.count, data.stock, data.settings
    daily = settings.holding_cost_rate_per_year * stock.standard_cost / DAYS_PER_YEAR
    options = {f"option.{name}": option.unit_cost for name, option in data.options.items()}
    return Goal(
        "contribution",
        {
            **options,
            "shipped": -data.demand.price,
            "overtime": np.repeat(data.hours.overtime_cost, count),
            "prepaid": -np.repeat(data.hours.variable_cost, count),
            "stock": (daily[:, None] * data.buckets.days[None, :]).ravel(),
            "scrapped": settings.scrap_cost_rate * stock.standard_cost[data.shelf_life.scrap_node],
            "end_stock": -settings.end_stock_value_rate * stock.variable_cost,
        },
    )
