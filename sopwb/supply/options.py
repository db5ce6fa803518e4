"""Ways to get stock: make, buy and move, each as flows into and out of the nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.config.model import Model
from sopwb.errors import Fault, InputError
from sopwb.extend import Tables, supply_option
from sopwb.supply.buckets import Buckets, Floats, Ints, day_numbers, expand, open_share, overlap_days
from sopwb.supply.network import Network, positions

__all__ = ["Option", "buy", "hour_cost", "is_spread", "make", "move", "needed_per_unit",
           "plan_rate", "run_hours"]  # fmt: skip

RECIPE = ["product", "location", "recipe"]
TERM = ["product", "supplier", "location"]
DAYS_PER_MONTH = 365.25 / 12
CLOSED = 1e-9
"""Share of its usual capacity at which a supplier does not deliver."""
RATE_ORDER = {"plan": 0, "budget": 1, "actual": 2}


@dataclass(frozen=True)
class Option:
    """Decisions of one kind, one per key and bucket in which it starts, is ordered or leaves.

    Parameters
    ----------
    keys
        ``product``, ``location`` and ``source`` of each decision, as in ``supply_plan``.
    arrivals, uses
        Quantity that one unit brings to, and takes from, each node and bucket.
    hours
        Hours that one unit takes of each resource and bucket.
    unit_cost
        Variable cost of one unit of each decision and bucket: conversion, purchase or freight.
    limit
        Most of each decision in each bucket; infinite without limit.
    pallets
        Pallets in one unit of each decision.
    unit
        Typical quantity of each decision; it scales the solve.
    """

    keys: pd.DataFrame
    arrivals: sp.csr_array
    uses: sp.csr_array
    hours: sp.csr_array
    unit_cost: Floats
    limit: Floats
    pallets: Floats
    unit: Floats

    @property
    def count(self) -> int:
        """Number of decisions in one bucket."""
        return len(self.keys)


def _nothing(rows: int, columns: int) -> sp.csr_array:
    return sp.csr_array((rows, columns))


def _keys(frame: pd.DataFrame, location: str, source: str) -> pd.DataFrame:
    columns = {"product": frame["product"], "location": frame[location], "source": frame[source]}
    return pd.DataFrame(columns).reset_index(drop=True)


def needed_per_unit(components: pd.DataFrame, buckets: Buckets) -> Floats:
    """Component quantity for one unit started, scrap included; bill-of-material rows by buckets.

    A row that holds for a part of a bucket counts by the share of its days.
    """
    gross = components["qty_per_unit"] / (1.0 - components["scrap_rate"])
    until = components["valid_to"].fillna(pd.Timestamp("2199-12-30"))
    starts, ends = day_numbers(components["valid_from"]), day_numbers(until) + 1
    share = overlap_days(buckets, starts, ends) / buckets.days
    return np.asarray(gross.to_numpy(float)[:, None] * share)


def is_spread(routing: pd.DataFrame, resource: pd.DataFrame) -> pd.Series:
    """Whether the set-up of each operation is spread over its usual lot, and not planned by itself."""
    rule = routing["resource"].map(resource.set_index("resource")["setup_rule"])
    return rule.fillna("spread").eq("spread")


def run_hours(routing: pd.DataFrame, resource: pd.DataFrame) -> Floats:
    """Hours for one unit started by each operation, with its set-up where that is spread over the lot."""
    spread = routing["setup_hours_per_lot"] / routing["lot_qty"] * is_spread(routing, resource)
    return (routing["run_hours_per_unit"] + spread).to_numpy(float)


def _per_recipe(values: Floats, network: Network, routing: pd.DataFrame) -> sp.csr_array:
    """A value of each operation, by resource and recipe."""
    recipe = positions(network.recipes[RECIPE], routing[RECIPE])
    resource = pd.Index(network.resources["resource"]).get_indexer(routing["resource"])
    shape = (len(network.resources), len(network.recipes))
    return sp.csr_array((values, (resource, recipe)), shape=shape)


def _conversion(network: Network, tables: Tables, hours: sp.csr_array) -> Floats:
    """Variable cost of one unit of each recipe: its hours, its own charge and set-ups that are spread."""
    routing = tables["routing"]
    lots = routing["setup_cost_per_lot"] / routing["lot_qty"] * is_spread(routing, tables["resource"])
    setups = np.asarray(_per_recipe(lots.to_numpy(float), network, routing).sum(axis=0)).ravel()
    own = network.recipes["cost_per_unit"].to_numpy(float)
    return np.asarray(hours.T @ hour_cost(network, tables["cost_rate"]) + own + setups)


def hour_cost(network: Network, cost_rate: pd.DataFrame) -> Floats:
    """Variable cost of an hour of each resource."""
    variable = cost_rate[cost_rate["is_variable"]].groupby("resource", sort=True)["rate_per_hour"].sum()
    return network.resources["resource"].map(variable).fillna(0.0).to_numpy(float)


@supply_option("make")
def make(tables: Tables, network: Network, model: Model) -> Option:
    """Making by recipe: components are used at the start, good units arrive after the lead time."""
    buckets, recipes = network.buckets, network.recipes
    count, size = buckets.count, (len(network.nodes), len(recipes))
    node = network.node(recipes["product"], recipes["location"])
    good = np.repeat(recipes["yield_rate"].to_numpy(float)[:, None], count, axis=1)
    lead = recipes["lead_time_days"].to_numpy(np.int64)
    components = network.components
    used = network.node(components["component"], components["location"])
    recipe = components["recipe_row"].to_numpy(np.int64)
    at_once = np.zeros(len(components), dtype=np.int64)
    beside = network.co_products
    comes = network.node(beside["co_product"], beside["location"])
    extra = np.repeat(beside["qty_per_unit"].to_numpy(float)[:, None], count, axis=1)
    with_it = beside["recipe_row"].to_numpy(np.int64)
    made = expand(
        np.concatenate([node, comes]),
        np.concatenate([np.arange(size[1]), with_it]),
        np.concatenate([lead, beside["lead_time_days"].to_numpy(np.int64)]),
        np.concatenate([good, extra]),
        buckets,
        size,
    )
    hours = _per_recipe(run_hours(tables["routing"], tables["resource"]), network, tables["routing"])
    conversion = _conversion(network, tables, hours)
    # of two recipes with the same cost the first is taken
    rank = recipes.groupby(["product", "location"], sort=False).cumcount().to_numpy(float)
    return Option(
        keys=_keys(recipes, "location", "recipe"),
        arrivals=made,
        uses=expand(used, recipe, at_once, needed_per_unit(components, buckets), buckets, size),
        hours=sp.csr_array(sp.kron(hours, sp.eye_array(count), format="csr")),
        unit_cost=np.repeat(conversion * (1 + 1e-9 * rank), count),
        limit=np.full(size[1] * count, np.inf),
        pallets=np.zeros(size[1]),
        unit=network.unit[node],
    )


def plan_rate(currency_rate: pd.DataFrame, currency: pd.Series, dates: pd.Series, reporting: str) -> Floats:
    """Reporting currency for one unit of each currency on each date, at plan rate.

    Without a plan rate the budget rate counts, then the actual one; of each the last known.

    Raises
    ------
    InputError
        When a currency has no rate at all.
    """
    wanted = pd.DataFrame({"currency": currency.to_numpy(), "date": dates.to_numpy()})
    foreign = wanted[wanted["currency"] != reporting]
    unknown = sorted(set(foreign["currency"]) - set(currency_rate["currency"]))
    if unknown:
        remedy = "Add a plan rate for each currency in which something is bought."
        raise InputError([Fault("currency_rate", "a currency has no rate", unknown, remedy)])
    if foreign.empty:
        return np.ones(len(wanted))
    best = currency_rate.assign(order=currency_rate["rate_type"].map(RATE_ORDER))
    best = best[best["order"] == best.groupby("currency")["order"].transform("min")]
    joined = pd.merge_asof(
        foreign.reset_index(names="row").sort_values(["date", "row"]),
        best.sort_values("period")[["currency", "period", "rate"]],
        left_on="date", right_on="period", by="currency",
    )  # fmt: skip
    first = best.sort_values("period").drop_duplicates("currency").set_index("currency")["rate"]
    rate = np.ones(len(wanted))
    rate[joined["row"].to_numpy(np.int64)] = joined["rate"].fillna(joined["currency"].map(first)).to_numpy()
    return rate


def _prices(tables: Tables, network: Network, model: Model) -> Floats:
    """Price of each purchase term in each bucket; of price breaks the one the least order reaches."""
    breaks = tables["purchase_term"]
    least = breaks.groupby([*TERM, "valid_from"])["from_qty"].transform("min")
    reached = breaks[breaks["from_qty"] <= np.maximum(least, breaks["minimum_order_qty"])]
    ordered = reached.sort_values([*TERM, "valid_from", "from_qty"])
    latest = ordered.drop_duplicates([*TERM, "valid_from"], keep="last")
    terms = network.terms[TERM].assign(term=np.arange(len(network.terms)))
    latest = latest.merge(terms, on=TERM, how="inner", validate="many_to_one")
    rows = latest.sort_values(["term", "valid_from"])
    row = _last_begun(rows["term"].to_numpy(np.int64), day_numbers(rows["valid_from"]), len(terms), network)
    price, currency = (rows[name].to_numpy()[row] for name in ("price_per_unit", "currency"))
    dates = pd.Series(np.tile(network.buckets.period, len(terms)))
    rate = plan_rate(tables["currency_rate"], pd.Series(currency.ravel()), dates, model.currency)
    return np.asarray(price.astype(float) * rate.reshape(price.shape))


def _last_begun(term: Ints, day: Ints, terms: int, network: Network) -> Ints:
    """Row that holds for each term in each bucket: the last that has begun, else the first to begin.

    Parameters
    ----------
    term, day
        Term of each row and the day it begins, sorted.
    """
    starts = network.buckets.starts
    first = int(min(day.min(initial=starts[0]), starts[0]))
    span = int(max(day.max(initial=starts[-1]), starts[-1])) - first + 1
    asked = np.arange(terms)[:, None] * span + (starts - first)[None, :]
    row = np.searchsorted(term * span + day - first, asked, side="right") - 1
    return np.asarray(np.maximum(row, np.searchsorted(term, np.arange(terms))[:, None]), dtype=np.int64)


def _at_standard(prices: Floats, network: Network, product_cost: pd.DataFrame) -> Floats:
    """Prices brought to the level of the standard cost where the source system's outranks ours."""
    source = product_cost[product_cost["basis"] == "source"]
    level = network.terms["product"].map(source.set_index("product")["variable_cost_per_unit"])
    own = pd.Series(prices.mean(axis=1)).groupby(network.terms["product"].to_numpy()).transform("min")
    ratio = (level / own.where(own > 0)).fillna(1.0).to_numpy(float)
    return np.asarray(prices * ratio[:, None])


def _supplier_limit(tables: Tables, network: Network) -> Floats:
    """Most that can be ordered by each term in each bucket, seen on the days of delivery."""
    most = tables["purchase_term"].groupby(TERM, sort=True)["capacity_qty_per_month"].min()
    monthly = most.reindex(pd.MultiIndex.from_frame(network.terms[TERM])).to_numpy(float)
    per_bucket = monthly[:, None] * network.buckets.days[None, :] / DAYS_PER_MONTH
    share = np.ones_like(per_bucket)
    calendar = tables["supplier_calendar"]
    suppliers = pd.Index(calendar["supplier"].unique())
    supplier = suppliers.get_indexer(pd.Index(network.terms["supplier"]))
    starts, ends = day_numbers(calendar["start_date"]), day_numbers(calendar["end_date"]) + 1
    rates = calendar["capacity_rate"].to_numpy(float)
    of_span = suppliers.get_indexer(pd.Index(calendar["supplier"]))
    lead = network.terms["lead_time_days"].to_numpy(np.int64)
    for days in np.unique(lead[supplier >= 0]):
        same = np.flatnonzero((supplier >= 0) & (lead == days))
        open_ = open_share(network.buckets, starts, ends, rates, int(days), of_span, len(suppliers))
        share[same] = open_[supplier[same]]
    unlimited = np.where(share > CLOSED, np.inf, 0.0)
    return np.asarray(np.where(np.isnan(per_bucket), unlimited, per_bucket * share))


@supply_option("buy")
def buy(tables: Tables, network: Network, model: Model) -> Option:
    """Buying from suppliers at their terms; it arrives after the lead time."""
    buckets, terms = network.buckets, network.terms
    size = (len(network.nodes), len(terms))
    node = network.node(terms["product"], terms["location"])
    whole = np.ones((size[1], buckets.count))
    prices = _at_standard(_prices(tables, network, model), network, tables["product_cost"])
    return Option(
        keys=_keys(terms, "location", "supplier"),
        arrivals=expand(
            node, np.arange(size[1]), terms["lead_time_days"].to_numpy(np.int64), whole, buckets, size
        ),
        uses=_nothing(size[0] * buckets.count, size[1] * buckets.count),
        hours=_nothing(len(network.resources) * buckets.count, size[1] * buckets.count),
        unit_cost=prices.ravel(),
        limit=_supplier_limit(tables, network).ravel(),
        pallets=np.zeros(size[1]),
        unit=network.unit[node],
    )


@supply_option("move")
def move(tables: Tables, network: Network, model: Model) -> Option:
    """Moving along lanes: it leaves at once and arrives after the lead time."""
    buckets, moves = network.buckets, network.moves
    size = (len(network.nodes), len(moves))
    leaves = network.node(moves["product"], moves["from_location"])
    arrives = network.node(moves["product"], moves["to_location"])
    whole, each = np.ones((size[1], buckets.count)), np.arange(size[1])
    conversion = tables["unit_conversion"]
    pallet = conversion[conversion["unit"] == "pallet"].set_index("product")["qty_per_unit"]
    pallets = (1.0 / moves["product"].map(pallet)).fillna(0.0).to_numpy(float)
    freight = pallets * moves["cost_per_pallet"].to_numpy(float)
    freight = moves["cost_per_unit"].fillna(pd.Series(freight, index=moves.index)).to_numpy(float)
    return Option(
        keys=_keys(moves, "to_location", "from_location"),
        arrivals=expand(arrives, each, moves["lead_time_days"].to_numpy(np.int64), whole, buckets, size),
        uses=expand(leaves, each, np.zeros(size[1], dtype=np.int64), whole, buckets, size),
        hours=_nothing(len(network.resources) * buckets.count, size[1] * buckets.count),
        unit_cost=np.repeat(freight, buckets.count),
        limit=np.full(size[1] * buckets.count, np.inf),
        pallets=pallets,
        unit=network.unit[arrives],
    )
