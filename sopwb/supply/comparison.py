"""Ways of planning side by side on the same data: what each demands, serves, keeps and earns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.extend import Tables
from sopwb.supply.buckets import Floats, Ints, day_numbers
from sopwb.supply.by_rule import Outcome, carried_out, priority_starts, requirement_starts
from sopwb.supply.data import PlanData
from sopwb.supply.pegging import decisions_of
from sopwb.supply.ways import Ways, ways_of

__all__ = ["plan_comparison"]

QUANTITIES = ["demand_qty", "made_qty", "shipped_qty", "late_qty", "lost_qty", "closing_qty", "closing_value",
              "over_hours", "contribution_value"]  # fmt: skip
AT_THE_END = ["late_qty", "closing_qty", "closing_value"]


def _by_stream(tables: Tables, data: PlanData, column: str) -> Floats:
    """A quantity of the shipment plan of the solved plan, by node and bucket."""
    rows = tables["shipment_plan"]
    node = data.network.node(rows["product"], rows["location"])
    bucket = data.buckets.holding(day_numbers(rows["period"]))
    grid = np.zeros((len(data.network.nodes), data.buckets.count))
    known = node >= 0
    np.add.at(grid, (node[known], bucket[known]), rows[column].to_numpy(float)[known])
    return grid


def _to_nodes(data: PlanData, of_stream: Floats) -> Floats:
    return np.asarray(data.demand.served_from @ of_stream.ravel()).reshape(-1, data.buckets.count)


def _price(data: PlanData) -> Floats:
    """Mean price of what is wanted from each node and bucket."""
    wanted, price = data.demand.demand, data.demand.price
    streams = _to_nodes(data, np.ones_like(wanted))
    plain = _to_nodes(data, price) / np.maximum(streams, 1.0)
    whole = _to_nodes(data, wanted)
    worth = _to_nodes(data, wanted * price)
    return np.where(whole > 0, np.divide(worth, whole, out=np.zeros_like(whole), where=whole > 0), plain)


def _over(data: PlanData, load: Floats) -> tuple[Floats, Floats]:
    """Hours beyond regular ones, and their extra pay, by node and bucket, each by its part of the load.

    Parameters
    ----------
    load
        Hours of each resource, node and bucket.
    """
    total = load.sum(axis=1)
    over = np.maximum(total - data.hours.regular.reshape(total.shape), 0.0)
    share = np.divide(over, total, out=np.zeros_like(total), where=total > 0)
    each = load * share[:, None, :]
    return each.sum(axis=0), np.einsum("rnt,r->nt", each, data.hours.overtime_cost)


def _told(
    data: PlanData,
    strategy: str,
    served: tuple[Floats, ...],
    made: Floats,
    stock: Floats,
    load: Floats,
    moves: Floats,
) -> pd.DataFrame:
    """Rows of one way of planning by node and bucket.

    Parameters
    ----------
    served
        Shipped, late and lost, by node and bucket.
    made, stock, moves
        Quantity started, stock at the end, and freight in money.
    load
        Hours of each resource, node and bucket.
    """
    shipped, late, lost = served
    over, extra = _over(data, load)
    margin = shipped * (_price(data) - data.stock.variable_cost[:, None])
    columns = (
        _to_nodes(data, data.demand.demand), made, shipped, late, lost, stock,
        stock * data.stock.standard_cost[:, None], over, margin - moves - extra,
    )  # fmt: skip
    things, count = made.shape
    return pd.DataFrame(
        {
            "strategy": strategy,
            "product": np.repeat(data.network.nodes["product"].to_numpy(object), count),
            "bucket": np.tile(np.arange(count), things),
            **{name: column.ravel() for name, column in zip(QUANTITIES, columns, strict=True)},
        }
    )


def _solved(tables: Tables, data: PlanData) -> pd.DataFrame:
    """The solved plan."""
    count, things = data.buckets.count, len(data.network.nodes)
    decided = decisions_of(tables["supply_plan"], data)
    made, freight = np.zeros((things, count)), np.zeros((things, count))
    load = np.zeros((len(data.network.resources), things, count))
    came = data.stock.inflow.copy()
    for name, option in data.options.items():
        quantity = decided[name].reshape(-1, count)
        node = data.network.node(option.keys["product"], option.keys["location"])
        came += option.arrivals @ decided[name] - option.uses @ decided[name]
        if name == "move":
            np.add.at(freight, node, quantity * option.unit_cost.reshape(-1, count))
        elif name != "buy":
            np.add.at(made, node, quantity)
        hours = (option.hours @ _spread(decided[name], node, things, count)).tocoo()
        row, column = hours.coords
        np.add.at(load, (row // count, column // count, row % count), hours.data)
    moved = tables["stock_movement"]
    gone = moved[moved["movement"].isin(["shipped", "scrapped"])]
    node = data.network.node(gone["product"], gone["location"])
    bucket = data.buckets.holding(day_numbers(gone["period"]))
    change = came.reshape(things, count)
    np.add.at(change, (node, bucket), gone["moved_qty"].to_numpy(float))
    stock = np.maximum(change.cumsum(axis=1), 0.0)
    served = tuple(_by_stream(tables, data, name) for name in ("shipped_qty", "backlog_qty", "lost_qty"))
    return _told(data, "optimum", served, made, stock, load, freight)


def _spread(quantity: Floats, node: Ints, things: int, count: int) -> sp.csr_array:
    """Decisions as a matrix by node and bucket that they feed."""
    column = np.repeat(node, count) * count + np.tile(np.arange(count), len(node))
    shape = (len(quantity), things * count)
    return sp.csr_array((quantity, (np.arange(len(quantity)), column)), shape=shape)


def _by_rule(data: PlanData, ways: Ways, strategy: str, outcome: Outcome) -> pd.DataFrame:
    """A plan by rule."""
    is_moved = (ways.option == "move")[:, None]
    is_made = ((ways.option != "move") & (ways.option != "buy"))[:, None]
    served = tuple(_to_nodes(data, part) for part in (outcome.shipped, outcome.late, outcome.lost))
    load = ways.hours[:, :, None] * outcome.started[None, :, :]
    freight = outcome.started * ways.unit_cost * is_moved
    return _told(data, strategy, served, outcome.started * is_made, outcome.stock, load, freight)


def plan_comparison(tables: Tables, data: PlanData) -> pd.DataFrame:
    """Table ``plan_comparison``: five ways of planning on the same data, by family and fiscal month.

    *Unconstrained* explodes the requirements without any limit but lead times. *Priority rule* loads
    them class by class within hours and suppliers' limits. *Optimum* is the plan. *Chase* makes what is
    wanted when it is wanted, and *level* makes a constant quantity a working day; both keep suppliers'
    limits and let hours follow. Rules take the cheapest way to each product and place.
    """
    ways = ways_of(data)
    wanted = requirement_starts(data, ways)
    starts = {
        "unconstrained": (wanted, False, False),
        "priority_rule": (priority_starts(data, ways), True, True),
        "chase": (wanted, False, True),
        "level": (requirement_starts(data, ways, is_level=True), False, True),
    }
    frames = [_solved(tables, data)]
    for strategy, (plan, with_hours, with_limits) in starts.items():
        outcome = carried_out(data, ways, plan, with_hours=with_hours, with_limits=with_limits)
        frames.append(_by_rule(data, ways, strategy, outcome))
    rows = pd.concat(frames, ignore_index=True)
    period = tables["period"].sort_values("period")
    month = period["fiscal_period"].to_numpy()
    last = np.append(month[1:] != month[:-1], True)
    rows[AT_THE_END] = rows[AT_THE_END].mul(last[rows["bucket"].to_numpy()].astype(float), axis=0)
    rows["period"] = month[rows["bucket"].to_numpy()]
    rows["family"] = rows["product"].map(tables["product"].set_index("product")["family"])
    keys = ["strategy", "family", "period"]
    return rows.groupby(keys, as_index=False, sort=True)[QUANTITIES].sum()[[*keys, *QUANTITIES]]
