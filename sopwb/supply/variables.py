"""The decisions of the plan as cvxpy variables, one flat block each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sopwb.supply.buckets import Floats, Ints
from sopwb.supply.data import PlanData

if TYPE_CHECKING:
    import cvxpy as cp

__all__ = ["Variables", "units_of", "variables_of", "whole_buckets"]


@dataclass(frozen=True)
class Variables:
    """Every decision, never negative; flat over (thing, bucket), buckets fastest.

    Parameters
    ----------
    decisions
        Quantity of each supply option: started, ordered, sent.
    stock
        Stock of each node at the end of the bucket.
    shipped, late
        What of each stream is shipped, and what waits at the end of the bucket.
    lost
        What of each priority class is given up.
    overtime, overload, prepaid
        Hours of overtime, hours beyond all capacity, and hours used that are paid anyway.
    scrapped
        Quantity of lots of the start that expires.
    end_stock
        Part of the stock at the end of the horizon that has a worth.
    decided
        Decisions that are no quantity of a product, by kind.
    """

    decisions: Mapping[str, cp.Variable]
    stock: cp.Variable
    shipped: cp.Variable
    late: cp.Variable
    lost: cp.Variable
    overtime: cp.Variable
    overload: cp.Variable
    prepaid: cp.Variable
    scrapped: cp.Variable
    end_stock: cp.Variable
    decided: Mapping[str, cp.Variable]

    def blocks(self) -> dict[str, cp.Variable]:
        """Every block by name, in one fixed order."""
        own = {name: getattr(self, name) for name in OWN}
        return {**{f"option.{name}": block for name, block in self.decisions.items()}, **own, **self.decided}


OWN = (
    "stock", "shipped", "late", "lost", "overtime", "overload", "prepaid", "scrapped", "end_stock",
)  # fmt: skip


def variables_of(data: PlanData) -> Variables:
    """Fresh variables for the numbers of a plan."""
    import cvxpy as cp

    def block(size: int) -> cp.Variable:
        return cp.Variable(size, nonneg=True)

    streams, hours = len(data.demand.demand), len(data.hours.regular)
    return Variables(
        decisions={name: block(option.count * data.buckets.count) for name, option in data.options.items()},
        stock=block(len(data.stock.inflow)),
        shipped=block(streams),
        late=block(streams),
        lost=block(len(data.demand.class_demand)),
        overtime=block(hours),
        overload=block(hours),
        prepaid=block(hours),
        scrapped=block(len(data.shelf_life.scrap_node)),
        end_stock=block(len(data.network.nodes)),
        decided={name: block(decided.size) for name, decided in data.blocks.items()},
    )


def whole_buckets(data: PlanData) -> dict[str, Ints]:
    """Bucket of each decision that must be whole, by block."""
    every = np.arange(data.buckets.count)
    return {name: np.tile(every, len(block.keys)) for name, block in data.blocks.items() if block.is_whole}


def units_of(data: PlanData) -> dict[str, Floats]:
    """Typical size of each variable, by block; it scales the solve."""
    count, network = data.buckets.count, data.network
    node = network.unit
    stream = np.repeat(node[network.node(network.streams["product"], network.streams["location"])], count)
    hours = np.ones(len(data.hours.regular))
    units = {f"option.{name}": np.repeat(option.unit, count) for name, option in data.options.items()}
    return {
        **units,
        "stock": np.repeat(node, count),
        "shipped": stream,
        "late": stream,
        "lost": stream.reshape(-1, count)[network.classes["stream"]].ravel(),
        "overtime": hours,
        "overload": hours,
        "prepaid": hours,
        "scrapped": node[data.shelf_life.scrap_node],
        "end_stock": node,
        **{name: np.ones(block.size) for name, block in data.blocks.items()},
    }
