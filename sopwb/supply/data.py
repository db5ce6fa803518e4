"""The numbers of the plan as arrays: everything a rule of the supply plan may read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.config.model import Model
from sopwb.config.supply import SupplySettings
from sopwb.extend import Parts, Tables
from sopwb.supply.buckets import Buckets, Floats, day_numbers, overlap_days, working_overlap
from sopwb.supply.limits import Cap, Rows, each_bucket, incidence, lane_caps, stock_value_caps, storage_caps
from sopwb.supply.lots import ShelfLife, shelf_life_of
from sopwb.supply.network import NODE, Network, network_of, positions
from sopwb.supply.options import Option, hour_cost

__all__ = ["DemandData", "HourData", "PlanData", "StockData", "plan_data"]

DAYS_PER_MONTH = 365.25 / 12
DAYS_PER_YEAR = 365.25
CLASS = [*NODE, "priority"]


@dataclass(frozen=True)
class DemandData:
    """Demand of each stream (product at its serving location) and bucket, and of its priority classes.

    Parameters
    ----------
    demand, price
        Quantity wanted, and its net price in the reporting currency; by stream.
    class_demand, lost_charge
        Quantity wanted, and the charge for losing one unit: its price, more for a better class; by class.
    late_charge
        Charge for a unit that waits a day; by stream.
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
    safety, target
        Safety stock and whole target at the end of the bucket.
    standard_cost, variable_cost, pallets
        Of one unit; one a node.
    """

    inflow: Floats
    safety: Floats
    target: Floats
    standard_cost: Floats
    variable_cost: Floats
    pallets: Floats


@dataclass(frozen=True)
class PlanData:
    """Everything the rules of the plan read; flat arrays run over (thing, bucket), buckets fastest."""

    network: Network
    settings: SupplySettings
    options: Mapping[str, Option]
    demand: DemandData
    hours: HourData
    stock: StockData
    storage: Cap
    lanes: Cap
    stock_value: Cap
    shelf_life: ShelfLife
    rows: Mapping[str, Rows]

    @property
    def buckets(self) -> Buckets:
        """Buckets of the horizon."""
        return self.network.buckets


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


def _demand(tables: Tables, network: Network, settings: SupplySettings, cost: Floats) -> DemandData:
    buckets, streams, classes = network.buckets, network.streams, network.classes
    count = buckets.count
    market = tables["market"][["market", "location", "priority"]]
    plan = tables["demand_plan"].merge(market, on="market", how="inner", validate="many_to_one")
    plan = plan.assign(value=plan["consensus_qty"] * plan["net_price_per_unit"].fillna(0.0))
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
    window = overlap_days(buckets, (buckets.ends - settings.late_days_maximum).astype(np.int64), buckets.ends)
    return DemandData(
        demand=demand.ravel(),
        price=_mean_price(adds @ value, demand).ravel(),
        class_demand=wanted.ravel(),
        lost_charge=lost.ravel(),
        # what waits is of the last class, as the better ones are served first
        late_charge=(lost[last] * settings.late_cost_rate_per_day).ravel(),
        late_limit=(demand @ (window / buckets.days[None, :]).T).ravel(),
        served_from=each_bucket(incidence(node, len(network.nodes)), buckets),
        of_class=each_bucket(adds, buckets),
    )


def _hours(tables: Tables, network: Network) -> HourData:
    buckets, resources = network.buckets, network.resources
    works = resources["days_basis"].eq("working").to_numpy()
    open_days = np.where(works[:, None], buckets.working_days[None, :], buckets.days[None, :])
    calendar = tables["resource_calendar"]
    row = pd.Index(resources["resource"]).get_indexer(calendar["resource"])
    calendar, row = calendar[row >= 0], row[row >= 0]
    starts, ends = day_numbers(calendar["start_date"]), day_numbers(calendar["end_date"]) + 1
    spans = np.where(
        works[row][:, None],
        working_overlap(buckets, starts, ends),
        overlap_days(buckets, starts, ends),
    )
    change = spans * (calendar["capacity_rate"].to_numpy(float) - 1.0)[:, None]
    days = open_days.astype(float)
    np.add.at(days, row, change)
    days = np.maximum(days, 0.0)
    monthly = resources["take_or_pay_hours_per_month"].to_numpy(float)
    return HourData(
        regular=(resources["hours_per_day"].to_numpy(float)[:, None] * days).ravel(),
        overtime=(resources["overtime_hours_per_day"].to_numpy(float)[:, None] * days).ravel(),
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


def _stock(tables: Tables, network: Network) -> StockData:
    targets, buckets = tables["inventory_target"], network.buckets
    pallet = tables["unit_conversion"].query("unit == 'pallet'")
    units = _per_unit(network, pallet, "qty_per_unit")
    return StockData(
        inflow=_inflow(tables, network),
        safety=_grid(targets, "safety_stock_qty", network.nodes[NODE], buckets),
        target=_grid(targets, "target_qty", network.nodes[NODE], buckets),
        standard_cost=_per_unit(network, tables["product_cost"], "standard_cost_per_unit"),
        variable_cost=_per_unit(network, tables["product_cost"], "variable_cost_per_unit"),
        pallets=np.divide(1.0, units, out=np.zeros_like(units), where=units > 0),
    )


def _row_names(data: PlanData) -> dict[str, Rows]:
    """Names of the rows of each built-in rule that can be softened or priced."""
    network, buckets = data.network, data.buckets
    resources = Rows.of(network.resources["resource"], np.zeros(1), buckets)
    stocked = network.nodes["product"] + " at " + network.nodes["location"]
    yearly = data.settings.safety_stock_price_rate_per_year * data.stock.standard_cost / DAYS_PER_YEAR
    missed = (yearly[:, None] * buckets.days[None, :]).ravel()
    wanted = np.flatnonzero(data.stock.safety > 0)
    limited = np.flatnonzero(np.isfinite(data.options["buy"].limit)) if "buy" in data.options else wanted[:0]
    terms = network.terms["supplier"] + ": " + network.terms["product"] + " at " + network.terms["location"]
    return {
        "capacity": resources,
        "overtime": resources,
        "supplier_limit": Rows.of(terms, np.zeros(1), buckets).only(limited),
        "lane_capacity": data.lanes.rows,
        "safety_stock": Rows.of(stocked, missed, buckets).only(wanted),
        "storage": data.storage.rows,
        "stock_value_cap": data.stock_value.rows,
        "shelf_life": data.shelf_life.rows,
    }


def plan_data(tables: Tables, model: Model, parts: Parts) -> PlanData:
    """Arrays of the supply plan from its tables, with every supply option of the parts.

    Parameters
    ----------
    tables
        The tables the stage ``supply`` reads.
    """
    network, settings = network_of(tables), model.supply
    options = {name: parts.supply_options[name](tables, network, model) for name in parts.supply_options}
    stock = _stock(tables, network)
    data = PlanData(
        network=network,
        settings=settings,
        options=options,
        demand=_demand(tables, network, settings, stock.variable_cost),
        hours=_hours(tables, network),
        stock=stock,
        storage=storage_caps(tables, network, stock.pallets, settings),
        lanes=lane_caps(tables, network, options["move"].pallets if "move" in options else np.zeros(0)),
        stock_value=stock_value_caps(tables, network, stock.standard_cost, settings),
        shelf_life=shelf_life_of(tables, network, options),
        rows={},
    )
    return replace(data, rows=_row_names(data))
