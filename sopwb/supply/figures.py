"""What is wanted, what hours there are, and what is in stock: figures of the plan by thing and bucket."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.config.supply import SupplySettings
from sopwb.extend import Tables
from sopwb.supply.buckets import Buckets, Floats, day_numbers, overlap_days, working_overlap
from sopwb.supply.limits import each_bucket, incidence
from sopwb.supply.network import CLASS, NODE, Network, positions, segments
from sopwb.supply.options import hour_cost

__all__ = [
    "DemandData",
    "HourData",
    "StockData",
    "days_run",
    "demand_data",
    "hour_data",
    "per_node",
    "stock_data",
]

DAYS_PER_MONTH = 365.25 / 12
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class DemandData:
    """Demand of each stream (product at its serving location) and bucket, and of its priority classes.

    Parameters
    ----------
    demand, price
        Quantity wanted, and its net price in the reporting currency; by stream.
    class_demand, lost_charge
        Quantity wanted, and the charge for losing one unit: its price, more for a better class; by class.
    late_charge, end_charge
        Charge for a unit that waits a day, by stream; and for one that still waits at the end, one a stream.
    late_limit
        Most that may be waiting at the end of the bucket; by stream.
    served_from
        Takes what is shipped from the node that serves it; nodes by streams, each by bucket.
    of_class
        Adds up the classes of a stream; streams by classes, each by bucket.
    """

    demand: Floats
    price: Floats
    class_demand: Floats
    lost_charge: Floats
    late_charge: Floats
    end_charge: Floats
    late_limit: Floats
    served_from: sp.csr_array
    of_class: sp.csr_array


@dataclass(frozen=True)
class HourData:
    """Hours of each resource and bucket, and what an hour costs.

    Parameters
    ----------
    regular, overtime
        Hours there are, and hours that may be added.
    paid
        Hours that are paid whether used or not.
    overtime_cost, variable_cost
        Extra pay of an hour of overtime; cost that is saved when an hour is not used. One a resource.
    """

    regular: Floats
    overtime: Floats
    paid: Floats
    overtime_cost: Floats
    variable_cost: Floats


@dataclass(frozen=True)
class StockData:
    """Stock of each node and bucket: what comes in anyway, what is wanted, what it is worth.

    Parameters
    ----------
    inflow
        Opening stock in the first bucket and scheduled receipts.
    safety, target, maximum
        Safety stock, whole target and most at the end of the bucket; infinite where there is no most.
    holding, safety_price
        Charge for a unit in stock, and for a missing unit of safety stock, for a day; one a node.
    standard_cost, variable_cost, pallets
        Of one unit; one a node.
    """

    inflow: Floats
    safety: Floats
    target: Floats
    maximum: Floats
    holding: Floats
    safety_price: Floats
    standard_cost: Floats
    variable_cost: Floats
    pallets: Floats


def _grid(frame: pd.DataFrame, column: str, keys: pd.DataFrame, buckets: Buckets) -> Floats:
    """Values of a table by period, laid out by key and bucket; zero where there is no row."""
    row = positions(keys, frame[list(keys.columns)])
    bucket = buckets.holding(day_numbers(frame["period"]))
    grid = np.zeros((len(keys), buckets.count))
    inside = (row >= 0) & (bucket >= 0) & (bucket < buckets.count)
    np.add.at(grid, (row[inside], bucket[inside]), frame[column].to_numpy(float)[inside])
    return grid.ravel()


def _mean_price(value: Floats, demand: Floats) -> Floats:
    """Price of each bucket; that of the whole horizon where nothing is wanted."""
    mean = value.sum(axis=1, keepdims=True) / np.maximum(demand.sum(axis=1, keepdims=True), 1e-12)
    return np.asarray(np.where(demand > 0, value / np.where(demand > 0, demand, 1.0), mean))


def _at_price(
    shortage_price: pd.DataFrame, network: Network, lost: Floats, late: Floats, end: Floats
) -> tuple[Floats, Floats, Floats]:
    """Charges for lost and late demand, with those of the markets that have a price of their own."""
    key = ["product", "market"]
    found = [
        positions(shortage_price[key], rows[["product", "segment"]].rename(columns={"segment": "market"}))
        for rows in (network.classes, network.streams)
    ]
    gone = shortage_price["lost_price_per_unit"].to_numpy(float)
    daily = shortage_price["late_price_per_unit_day"].to_numpy(float)
    of_class, of_stream = (place >= 0 for place in found)
    lost, late, end = lost.copy(), late.copy(), end.copy()
    lost[of_class] = gone[found[0][of_class]][:, None]
    late[of_stream] = daily[found[1][of_stream]][:, None]
    end[of_stream] = gone[found[1][of_stream]]
    return lost, late, end


def demand_data(tables: Tables, network: Network, settings: SupplySettings, cost: Floats) -> DemandData:
    """Demand of each stream and class by bucket, with what is charged for serving it late or not at all."""
    buckets, streams, classes = network.buckets, network.streams, network.classes
    count = buckets.count
    market = tables["market"][["market", "location", "priority"]]
    plan = tables["demand_plan"].merge(market, on="market", how="inner", validate="many_to_one")
    plan = plan.assign(value=plan["consensus_qty"] * plan["net_price_per_unit"].fillna(0.0))
    plan = plan.assign(segment=segments(plan, tables))
    wanted = _grid(plan, "consensus_qty", classes[CLASS], buckets).reshape(-1, count)
    value = _grid(plan, "value", classes[CLASS], buckets).reshape(-1, count)
    adds = incidence(classes["stream"].to_numpy(np.int64), len(streams))
    demand, node = adds @ wanted, network.node(streams["product"], streams["location"])
    price = _mean_price(value, wanted)
    least = np.maximum(cost[node][classes["stream"]], price.mean() * 1e-3 if price.size else 0.0)
    worst = classes["priority"].max() if len(classes) else 1
    weight = settings.priority_factor ** (worst - classes["priority"].to_numpy(float))
    lost = np.maximum(price, least[:, None]) * weight[:, None]
    last = classes.groupby("stream", sort=True).tail(1).index.to_numpy()
    # what waits is of the last class, as the better ones are served first
    late = lost[last] * settings.late_cost_rate_per_day
    end = late[:, -1] / max(settings.late_cost_rate_per_day, 1e-9)
    lost, late, end = _at_price(tables["shortage_price"], network, lost, late, end)
    window = overlap_days(buckets, (buckets.ends - settings.late_days_maximum).astype(np.int64), buckets.ends)
    return DemandData(
        demand=demand.ravel(),
        price=_mean_price(adds @ value, demand).ravel(),
        class_demand=wanted.ravel(),
        lost_charge=lost.ravel(),
        late_charge=late.ravel(),
        end_charge=end,
        late_limit=(demand @ (window / buckets.days[None, :]).T).ravel(),
        served_from=each_bucket(incidence(node, len(network.nodes)), buckets),
        of_class=each_bucket(adds, buckets),
    )


def days_run(tables: Tables, network: Network, rate: str) -> Floats:
    """Days each resource runs in each bucket, by a rate of its calendar; resources by buckets."""
    buckets, resources = network.buckets, network.resources
    works = resources["days_basis"].eq("working").to_numpy()
    open_days = np.where(works[:, None], buckets.working_days[None, :], buckets.days[None, :])
    calendar = tables["resource_calendar"]
    row = pd.Index(resources["resource"]).get_indexer(calendar["resource"])
    calendar, row = calendar[row >= 0], row[row >= 0]
    rates = calendar[rate].fillna(calendar["capacity_rate"])
    starts, ends = day_numbers(calendar["start_date"]), day_numbers(calendar["end_date"]) + 1
    spans = np.where(
        works[row][:, None],
        working_overlap(buckets, starts, ends),
        overlap_days(buckets, starts, ends),
    )
    change = spans * (rates.to_numpy(float) - 1.0)[:, None]
    days = open_days.astype(float)
    np.add.at(days, row, change)
    return np.asarray(np.maximum(days, 0.0))


def hour_data(tables: Tables, network: Network) -> HourData:
    """Hours of each resource and bucket by its calendar, and what they cost."""
    buckets, resources = network.buckets, network.resources
    days, more = (days_run(tables, network, rate) for rate in ("capacity_rate", "overtime_rate"))
    monthly = resources["take_or_pay_hours_per_month"].to_numpy(float)
    return HourData(
        regular=(resources["hours_per_day"].to_numpy(float)[:, None] * days).ravel(),
        overtime=(resources["overtime_hours_per_day"].to_numpy(float)[:, None] * more).ravel(),
        paid=(monthly[:, None] * buckets.days[None, :] / DAYS_PER_MONTH).ravel(),
        overtime_cost=resources["overtime_cost_per_hour"].to_numpy(float),
        variable_cost=hour_cost(network, tables["cost_rate"]),
    )


def _inflow(tables: Tables, network: Network) -> Floats:
    """Opening stock in the first bucket and scheduled receipts when due; what is overdue arrives at once."""
    buckets = network.buckets
    inflow = np.zeros((len(network.nodes), buckets.count))
    stock, due = tables["stock_on_hand"], tables["scheduled_receipt"]
    node = network.node(stock["product"], stock["location"])
    np.add.at(inflow[:, 0], node[node >= 0], stock["on_hand_qty"].to_numpy(float)[node >= 0])
    node = network.node(due["product"], due["location"])
    bucket = np.maximum(buckets.holding(day_numbers(due["due_date"])), 0)
    inside = (node >= 0) & (bucket < buckets.count)
    np.add.at(inflow, (node[inside], bucket[inside]), due["receipt_qty"].to_numpy(float)[inside])
    return inflow.ravel()


def _per_unit(network: Network, table: pd.DataFrame, column: str) -> Floats:
    known = network.nodes["product"].map(table.set_index("product")[column])
    return known.fillna(0.0).to_numpy(float)


def per_node(network: Network, table: pd.DataFrame, column: str, usual: Floats) -> Floats:
    """A value of the table product_location of each node; the usual one where it says nothing."""
    place = positions(table[NODE], network.nodes[NODE])
    told = np.append(table[column].astype(float).to_numpy(), np.nan)[place]
    return np.where(np.isnan(told), usual, told)


def _most_wanted(targets: pd.DataFrame, network: Network) -> Floats:
    """Most of each node and bucket by its target; infinite where it says none."""
    limited = targets.dropna(subset="maximum_qty")
    limit = _grid(limited, "maximum_qty", network.nodes[NODE], network.buckets)
    told = _grid(limited.assign(told=1.0), "told", network.nodes[NODE], network.buckets)
    return np.where(told > 0, limit, np.inf)


def stock_data(tables: Tables, network: Network, settings: SupplySettings) -> StockData:
    """Stock that is there and comes in anyway, what is wanted of it, and what it costs."""
    targets, buckets = tables["inventory_target"], network.buckets
    standard = _per_unit(network, tables["product_cost"], "standard_cost_per_unit")
    kept = tables["product_location"]
    holding = settings.holding_cost_rate_per_year * standard / DAYS_PER_YEAR
    missed = settings.safety_stock_price_rate_per_year * standard / DAYS_PER_YEAR
    conversion = tables["unit_conversion"]
    units = _per_unit(network, conversion[conversion["unit"] == "pallet"], "qty_per_unit")
    return StockData(
        inflow=_inflow(tables, network),
        safety=_grid(targets, "safety_stock_qty", network.nodes[NODE], buckets),
        target=_grid(targets, "target_qty", network.nodes[NODE], buckets),
        maximum=_most_wanted(targets, network),
        holding=per_node(network, kept, "holding_cost_per_unit_day", holding),
        safety_price=per_node(network, kept, "safety_stock_price_per_unit_day", missed),
        standard_cost=standard,
        variable_cost=_per_unit(network, tables["product_cost"], "variable_cost_per_unit"),
        pallets=np.divide(1.0, units, out=np.zeros_like(units), where=units > 0),
    )
