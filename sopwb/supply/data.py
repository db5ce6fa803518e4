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
from sopwb.supply.blends import Blends, blends_of
from sopwb.supply.blocks import Block
from sopwb.supply.buckets import Buckets, Floats, day_numbers, overlap_days, working_overlap
from sopwb.supply.crews import Crews, crew_blocks, crews_of
from sopwb.supply.limits import (
    Cap,
    Fixed,
    Rows,
    Stay,
    each_bucket,
    fixed_decisions_of,
    incidence,
    lane_caps,
    stays_of,
    stock_value_caps,
    storage_caps,
)
from sopwb.supply.lots import ShelfLife, shelf_life_of
from sopwb.supply.network import CLASS, NODE, Network, network_of, positions, segments
from sopwb.supply.options import Option, hour_cost
from sopwb.supply.orders import Lots, lot_blocks, lots_in_plan
from sopwb.supply.setups import Setups, setup_blocks, setups_of
from sopwb.supply.useful import requirement_left, useful_most

__all__ = ["DemandData", "HourData", "PlanData", "StockData", "plan_data"]

DAYS_PER_MONTH = 365.25 / 12
DAYS_PER_YEAR = 365.25
LOT_RULES = ("minimum_order", "minimum_run", "lot_multiple")


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


@dataclass(frozen=True)
class PlanData:
    """Everything the rules of the plan read; flat arrays run over (thing, bucket), buckets fastest.

    Parameters
    ----------
    blocks
        Decisions that are no quantity of a product, by kind.
    most
        Most of each decision of an option that can be of use, where that is asked for.
    """

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
    stays: Stay
    fixed: Mapping[str, Fixed]
    blends: Blends
    crews: Crews
    setups: Setups
    lots: Lots
    blocks: Mapping[str, Block]
    most: Mapping[str, Floats]
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


def _demand(tables: Tables, network: Network, settings: SupplySettings, cost: Floats) -> DemandData:
    buckets, streams, classes = network.buckets, network.streams, network.classes
    count = buckets.count
    market = tables["market"][["market", "location", "priority"]]
    plan = tables["demand_plan"].merge(market, on="market", how="inner", validate="many_to_one")
    plan = plan.assign(value=plan["consensus_qty"] * plan["net_price_per_unit"].fillna(0.0))
    plan = plan.assign(segment=segments(plan, tables["shortage_price"]))
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


def _days_run(tables: Tables, network: Network, rate: str) -> Floats:
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


def _hours(tables: Tables, network: Network) -> HourData:
    buckets, resources = network.buckets, network.resources
    days, more = (_days_run(tables, network, rate) for rate in ("capacity_rate", "overtime_rate"))
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


def _per_node(network: Network, table: pd.DataFrame, column: str, usual: Floats) -> Floats:
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


def _stock(tables: Tables, network: Network, settings: SupplySettings) -> StockData:
    targets, buckets = tables["inventory_target"], network.buckets
    standard = _per_unit(network, tables["product_cost"], "standard_cost_per_unit")
    kept = tables["product_location"]
    holding = settings.holding_cost_rate_per_year * standard / DAYS_PER_YEAR
    missed = settings.safety_stock_price_rate_per_year * standard / DAYS_PER_YEAR
    pallet = tables["unit_conversion"].query("unit == 'pallet'")
    units = _per_unit(network, pallet, "qty_per_unit")
    return StockData(
        inflow=_inflow(tables, network),
        safety=_grid(targets, "safety_stock_qty", network.nodes[NODE], buckets),
        target=_grid(targets, "target_qty", network.nodes[NODE], buckets),
        maximum=_most_wanted(targets, network),
        holding=_per_node(network, kept, "holding_cost_per_unit_day", holding),
        safety_price=_per_node(network, kept, "safety_stock_price_per_unit_day", missed),
        standard_cost=standard,
        variable_cost=_per_unit(network, tables["product_cost"], "variable_cost_per_unit"),
        pallets=np.divide(1.0, units, out=np.zeros_like(units), where=units > 0),
    )


def _row_names(data: PlanData) -> dict[str, Rows]:
    """Names of the rows of each built-in rule that can be softened or priced."""
    network, buckets = data.network, data.buckets
    resources = Rows.of(network.resources["resource"], np.zeros(1), buckets)
    stocked = network.nodes["product"] + " at " + network.nodes["location"]
    missed = (data.stock.safety_price[:, None] * buckets.days[None, :]).ravel()
    wanted = np.flatnonzero(data.stock.safety > 0)
    limited = np.flatnonzero(np.isfinite(data.options["buy"].limit)) if "buy" in data.options else wanted[:0]
    full = np.flatnonzero(np.isfinite(data.stock.maximum))
    keys = {name: option.keys for name, option in data.options.items()}
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
        "stock_maximum": Rows.of(stocked, missed, buckets).only(full),
        "blend_quality": data.blends.rows,
        "days_in_stock": data.stays.rows(stocked, buckets),
        "fixed_decisions": Fixed.rows(data.fixed, keys, buckets),
        "crew_limit": data.crews.rows,
    }


def _lot_modes(model: Model) -> dict[str, str]:
    """Modes of the rules about lots, which are off unless the model says otherwise."""
    settings = model.parts.constraints
    return {name: (settings[name].mode if name in settings else None) or "off" for name in LOT_RULES}


def _all_hours(hours: HourData, blocks: Mapping[str, Block], data: PlanData) -> Floats | None:
    """All hours there can be of each resource and bucket; None where there is no most."""
    if data.settings.overload_cost_per_hour is not None:
        return None
    total = hours.regular + hours.overtime
    if "heads" in blocks:
        most = np.where(np.isfinite(data.crews.most), data.crews.most, 1e12)
        total = total + (blocks["heads"].regular + blocks["heads"].overtime) @ most
    return total


def _most(data: PlanData) -> dict[str, Floats]:
    """Most of each make and buy decision that can be of use, where some decision is yes or no."""
    if not any(block.is_whole for name, block in data.blocks.items() if name != "heads"):
        return {}
    network, count = data.network, data.buckets.count
    wanted = np.maximum(data.stock.safety, data.stock.target).reshape(-1, count)
    left = requirement_left(
        network, data.demand.demand.reshape(-1, count), data.demand.late_limit.reshape(-1, count), wanted
    )
    hours = _all_hours(data.hours, data.blocks, data)
    good = {"make": network.recipes["yield_rate"].to_numpy(float)}
    return {
        name: useful_most(option, left, good.get(name, np.ones(option.count)), network, hours).ravel()
        for name, option in data.options.items()
        if name in {"make", "buy"}
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
    stock = _stock(tables, network, settings)
    crews, setups = crews_of(tables, network), setups_of(tables, network)
    lots = lots_in_plan(tables, network, _lot_modes(model))
    run_days = _days_run(tables, network, "capacity_rate")
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
        stays=stays_of(
            _per_node(
                network, tables["product_location"], "most_days_in_stock", np.full(len(stock.holding), np.inf)
            ),
            {name: option.arrivals for name, option in options.items()},
            stock.inflow,
            network.buckets,
        ),
        fixed=fixed_decisions_of(
            tables["fixed_decision"], {name: option.keys for name, option in options.items()}, network.buckets
        ),
        blends=blends_of(tables, network),
        crews=crews,
        setups=setups,
        lots=lots,
        blocks={
            **crew_blocks(crews, network, run_days),
            **setup_blocks(setups, network),
            **lot_blocks(lots, network),
        },
        most={},
        rows={},
    )
    return replace(data, most=_most(data), rows=_row_names(data))
