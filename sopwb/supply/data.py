"""The numbers of the plan as arrays: everything a rule of the supply plan may read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sopwb.config.model import Model
from sopwb.config.supply import SupplySettings
from sopwb.extend import Parts, Tables
from sopwb.supply.blends import Blends, blends_of
from sopwb.supply.blocks import Block
from sopwb.supply.buckets import Buckets, Floats
from sopwb.supply.contracts import Contracts, contract_blocks, contracts_of
from sopwb.supply.crews import Crews, crew_blocks, crews_of
from sopwb.supply.fence import Fence, fence_of
from sopwb.supply.figures import (
    DemandData,
    HourData,
    StockData,
    days_run,
    demand_data,
    hour_data,
    per_node,
    stock_data,
)
from sopwb.supply.investments import BLOCK, Investments, investment_blocks, investments_of
from sopwb.supply.limits import (
    Cap,
    Fixed,
    Rows,
    Stay,
    fixed_decisions_of,
    lane_caps,
    stays_of,
    stock_value_caps,
    storage_caps,
)
from sopwb.supply.lots import ShelfLife, shelf_life_of
from sopwb.supply.money_limits import MONEY_RULES, MoneyLimit, money_limits
from sopwb.supply.network import Network, network_of
from sopwb.supply.options import Option, hour_cost
from sopwb.supply.orders import Lots, lot_blocks, lots_in_plan
from sopwb.supply.setups import Setups, setup_blocks, setups_of
from sopwb.supply.useful import requirement_left, useful_most

__all__ = ["DemandData", "HourData", "PlanData", "StockData", "plan_data"]

LOT_RULES = ("minimum_order", "minimum_run", "lot_multiple", "discount")


@dataclass(frozen=True)
class PlanData:
    """Everything the rules of the plan read; flat arrays run over (thing, bucket), buckets fastest.

    Parameters
    ----------
    blocks
        Decisions that are no quantity of a product, by kind.
    money
        Limits of the financial plan, by measure.
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
    fence: Fence
    blends: Blends
    crews: Crews
    setups: Setups
    lots: Lots
    contracts: Contracts
    investments: Investments
    blocks: Mapping[str, Block]
    money: Mapping[str, MoneyLimit]
    most: Mapping[str, Floats]
    rows: Mapping[str, Rows]

    @property
    def buckets(self) -> Buckets:
        """Buckets of the horizon."""
        return self.network.buckets


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
        "frozen_fence": data.fence.rows("frozen", keys, buckets),
        "slushy_fence": data.fence.rows("slushy", keys, buckets),
        "crew_limit": data.crews.rows,
        "take_or_pay": data.contracts.promises.rows,
        **{MONEY_RULES[measure]: limit.rows for measure, limit in data.money.items()},
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
    if BLOCK in blocks:
        total = total + data.investments.most_hours()
    return total


def _most(data: PlanData) -> dict[str, Floats]:
    """Most of each make and buy decision that can be of use, where some decision is yes or no."""
    if not any(block.is_whole for name, block in data.blocks.items() if name not in {"heads", BLOCK}):
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
    stock = stock_data(tables, network, settings)
    crews, setups = crews_of(tables, network), setups_of(tables, network)
    modes = _lot_modes(model)
    lots = lots_in_plan(tables, network, modes)
    price = options["buy"].unit_cost if "buy" in options else np.zeros(0)
    contracts = contracts_of(tables, network, price, modes)
    run_days = days_run(tables, network, "capacity_rate")
    storage = storage_caps(tables, network, stock.pallets, settings)
    investments = investments_of(tables, network, storage, run_days, model.finance.capital_cost_rate_per_year)
    keys = {name: option.keys for name, option in options.items()}
    fixed = fixed_decisions_of(tables["fixed_decision"], keys, network.buckets)
    data = PlanData(
        network=network,
        settings=settings,
        options=options,
        demand=demand_data(tables, network, settings, stock.variable_cost),
        hours=hour_data(tables, network),
        stock=stock,
        storage=storage,
        lanes=lane_caps(tables, network, options["move"].pallets if "move" in options else np.zeros(0)),
        stock_value=stock_value_caps(tables, network, stock.standard_cost, settings),
        shelf_life=shelf_life_of(tables, network, options),
        stays=stays_of(
            per_node(
                network, tables["product_location"], "most_days_in_stock", np.full(len(stock.holding), np.inf)
            ),
            {name: option.arrivals for name, option in options.items()},
            stock.inflow,
            network.buckets,
        ),
        fixed=fixed,
        fence=fence_of(
            tables["past_supply_plan"],
            keys,
            tables["product_cost"].set_index("product")["standard_cost_per_unit"],
            fixed,
            network.buckets,
            settings,
        ),
        blends=blends_of(tables, network),
        crews=crews,
        setups=setups,
        lots=lots,
        contracts=contracts,
        investments=investments,
        blocks={
            **crew_blocks(crews, network, run_days),
            **setup_blocks(setups, network, hour_cost(network, tables["cost_rate"])),
            **lot_blocks(lots, network),
            **contract_blocks(contracts, network, price),
            **investment_blocks(investments, network),
        },
        money={},
        most={},
        rows={},
    )
    data = replace(data, money=money_limits(data, tables, model), most=_most(data))
    return replace(data, rows=_row_names(data))
