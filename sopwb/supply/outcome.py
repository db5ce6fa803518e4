"""The plan as tables: decisions, movements of stock, hours, prices of limits and the solver's log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from sopwb.supply.blocks import decision_hours
from sopwb.supply.buckets import Floats
from sopwb.supply.data import PlanData
from sopwb.supply.program import HUNDREDTH, Program, RuleRows, sizes_of
from sopwb.supply.session import Solved
from sopwb.supply.solve import Solution

__all__ = [
    "broken_limit",
    "capacity_use",
    "cleaned",
    "constraint_price",
    "solver_log",
    "stock_movement",
    "supply_plan",
]

NOISE = 1e-9
"""Part of the typical size of a variable below which a value is the solver's noise."""
LEAST_PRICE = 1e-6
BROKEN = 1e-6
"""Part of a limit by which it has to be broken to be told."""
GROUPS = {"make": ("made", "consumed"), "buy": ("bought", ""), "move": ("moved_in", "moved_out")}


def cleaned(program: Program, values: Floats) -> dict[str, Floats]:
    """Value of every variable by block, the solver's noise set to zero."""
    quiet = np.where(values < NOISE * program.unit, 0.0, values)
    return {name: quiet[place] for name, place in program.blocks.items()}


def supply_plan(data: PlanData, values: Mapping[str, Floats]) -> pd.DataFrame:
    """Every decision that is taken, with its variable cost."""
    frames = []
    for name, option in data.options.items():
        quantity = values[f"option.{name}"]
        taken = np.flatnonzero(quantity > 0)
        key, bucket = np.divmod(taken, data.buckets.count)
        frame = option.keys.iloc[key].assign(
            option=name,
            period=data.buckets.period[bucket],
            planned_qty=quantity[taken],
            cost_value=quantity[taken] * option.unit_cost[taken],
        )
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def stock_movement(data: PlanData, values: Mapping[str, Floats], scheduled: Floats) -> pd.DataFrame:
    """Every change of stock by product, location, bucket and kind; in is positive, out is negative.

    Parameters
    ----------
    data, values
        Numbers of the plan, and the value of every variable.
    scheduled
        Scheduled receipts of each node and bucket.
    """
    flows: dict[str, Floats] = {"scheduled": scheduled}
    for name, option in data.options.items():
        brings, takes = GROUPS.get(name, ("made", "consumed"))
        for kind, matrix, sign in ((brings, option.arrivals, 1.0), (takes, option.uses, -1.0)):
            if kind:
                flow = sign * (matrix @ values[f"option.{name}"])
                flows[kind] = flows.get(kind, 0.0) + flow
    flows["shipped"] = -(data.demand.served_from @ values["shipped"])
    gone = np.zeros(len(data.stock.inflow))
    place = data.shelf_life.scrap_node * data.buckets.count + data.shelf_life.scrap_bucket
    np.add.at(gone, place, -values["scrapped"])
    flows["scrapped"] = gone
    return pd.concat([_movement(data, kind, flow) for kind, flow in sorted(flows.items())], ignore_index=True)


def _movement(data: PlanData, kind: str, flow: Floats) -> pd.DataFrame:
    place = np.flatnonzero(flow)
    node, bucket = np.divmod(place, data.buckets.count)
    nodes = data.network.nodes
    return pd.DataFrame(
        {
            "product": nodes["product"].to_numpy(object)[node],
            "location": nodes["location"].to_numpy(object)[node],
            "period": data.buckets.period[bucket],
            "movement": kind,
            "moved_qty": flow[place],
        }
    )


def capacity_use(
    data: PlanData, program: Program, solution: Solution, values: Mapping[str, Floats]
) -> pd.DataFrame:
    """Hours there are and hours needed of each resource and bucket, and what one more is worth."""
    hours, resources, count = data.hours, data.network.resources, data.buckets.count
    needed = np.zeros(len(hours.regular))
    for name, option in data.options.items():
        needed += option.hours @ values[f"option.{name}"]
    needed = needed + decision_hours(data.blocks, values, "hours")
    price = np.zeros(len(needed))
    for rule in program.rules:
        if rule.name == "capacity" and rule.last - rule.first == len(price):
            price = solution.price[rule.first : rule.last]
    regular = hours.regular + decision_hours(data.blocks, values, "regular")
    more = hours.overtime + decision_hours(data.blocks, values, "overtime")
    rate = np.divide(needed, regular, out=np.full(len(needed), np.nan), where=regular > 0)
    return pd.DataFrame(
        {
            "resource": np.repeat(resources["resource"].to_numpy(object), count),
            "period": np.tile(data.buckets.period, len(resources)),
            "capacity_hours": regular,
            "required_hours": needed,
            "overtime_hours": np.minimum(values["overtime"], np.maximum(needed - regular, 0.0)),
            "overload_hours": np.maximum(needed - regular - more, 0.0) * (values["overload"] > 0),
            "utilisation_rate": rate,
            "price_per_hour": price,
        }
    )


def constraint_price(data: PlanData, program: Program, solution: Solution) -> pd.DataFrame:
    """What one more unit of every binding limit is worth at held service."""
    columns = ["constraint", "subject", "period", "price_per_unit", "hundredth_value", "unit"]
    frames = [_prices_of(rule, data, program, solution) for rule in program.rules if rule.rows is not None]
    whole = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
    grouped = whole.groupby(["constraint", "subject", "period", "unit"], as_index=False, sort=True)
    highest: pd.DataFrame = grouped.agg({"price_per_unit": "max", "hundredth_value": "max"})
    return highest[columns]


def broken_limit(data: PlanData, program: Program, solution: Solution) -> pd.DataFrame:
    """Every limit that the plan breaks, with by how much; the worst row of each subject and bucket."""
    over = program.matrix @ solution.values - program.most  # noqa: PD011 - no frame
    over = np.where(program.is_equal, np.abs(over), over)
    size = np.maximum(1.0, np.abs(program.most))
    columns = ["constraint", "subject", "period", "broken_by_qty", "unit", "is_hard"]
    frames = []
    for rule in program.rules:
        part = slice(rule.first, rule.last)
        row = np.flatnonzero((over[part] > BROKEN * size[part]) & (rule.is_soft | rule.is_elastic))
        known = rule.rows
        frames.append(
            pd.DataFrame(
                {
                    "constraint": rule.name,
                    "subject": known.subject[row] if known is not None else rule.name,
                    "period": data.buckets.period[known.bucket[row] if known is not None else 0 * row],
                    "broken_by_qty": over[part][row],
                    "unit": rule.unit,
                    "is_hard": rule.is_elastic[row],
                }
            )
        )
    whole = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
    worst = whole.sort_values("broken_by_qty", kind="stable").drop_duplicates(columns[:3], keep="last")
    return worst[columns].reset_index(drop=True)


def _prices_of(rule: RuleRows, data: PlanData, program: Program, solution: Solution) -> pd.DataFrame:
    price = solution.price[rule.first : rule.last]
    binding = np.flatnonzero(price > LEAST_PRICE)
    subject = rule.rows.subject[binding] if rule.rows is not None else binding
    bucket = rule.rows.bucket[binding] if rule.rows is not None else binding
    return pd.DataFrame(
        {
            "constraint": rule.name,
            "subject": subject,
            "period": data.buckets.period[bucket],
            "price_per_unit": price[binding],
            "hundredth_value": HUNDREDTH * price[binding] * sizes_of(rule, program)[binding],
            "unit": rule.unit,
        }
    )


def solver_log(log: Sequence[Solved]) -> pd.DataFrame:
    """The solves of the plan, in order."""
    return pd.DataFrame(
        {
            "solve": range(1, len(log) + 1),
            "goal": [line.goal for line in log],
            "status": [line.status for line in log],
            "objective": [line.objective for line in log],
            "row_count": [line.rows for line in log],
            "column_count": [line.columns for line in log],
            "nonzero_count": [line.nonzeros for line in log],
            "gap_rate": [line.gap for line in log],
        }
    )
