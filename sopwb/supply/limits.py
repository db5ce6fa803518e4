"""Limits that several things share: places, lanes and caps of the financial plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.config.supply import SupplySettings
from sopwb.extend import Tables
from sopwb.supply.buckets import Buckets, Floats, Ints, day_numbers
from sopwb.supply.network import Network, positions

__all__ = [
    "Cap",
    "Fixed",
    "Rows",
    "Stay",
    "each_bucket",
    "fixed_decisions_of",
    "incidence",
    "lane_caps",
    "stays_of",
    "stock_value_caps",
    "storage_caps",
]

DAYS_PER_MONTH = 365.25 / 12
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Rows:
    """Names of the rows of a rule, in the order in which the rule yields them.

    Parameters
    ----------
    subject
        What each row limits: a resource, supplier, lane, location, target or product.
    bucket
        Bucket of each row.
    price
        Charge for one unit by which a soft row is broken.
    is_hard
        Rows that are hard even where the rule as a whole is soft.
    """

    subject: np.ndarray
    bucket: Ints
    price: Floats
    is_hard: np.ndarray

    @staticmethod
    def of(subject: pd.Series, price: Floats, buckets: Buckets) -> Rows:
        """Rows of subjects by buckets, buckets fastest; ``price`` has one entry a row."""
        count = buckets.count
        return Rows(
            np.repeat(subject.to_numpy(object), count),
            np.tile(np.arange(count), len(subject)),
            np.broadcast_to(price, len(subject) * count).astype(float),
            np.zeros(len(subject) * count, dtype=bool),
        )

    def only(self, chosen: Ints) -> Rows:
        """Some of the rows, in the order of their positions."""
        return Rows(self.subject[chosen], self.bucket[chosen], self.price[chosen], self.is_hard[chosen])


@dataclass(frozen=True)
class Cap:
    """A weighted sum of stock, or of moves, that has a most in each bucket."""

    matrix: sp.csr_array
    most: Floats
    rows: Rows


@dataclass(frozen=True)
class Stay:
    """Rows *stock of a node ≤ what arrived, and came in anyway, within the days it may stay*."""

    place: Ints
    recent: Mapping[str, sp.csr_array]
    fresh: Floats

    def rows(self, subject: pd.Series, buckets: Buckets) -> Rows:
        """Names of its rows, given the name of each node."""
        return Rows.of(subject, np.zeros(1), buckets).only(self.place)


@dataclass(frozen=True)
class Fixed:
    """Decisions of an option that stand, by position, with their quantity."""

    place: Ints
    quantity: Floats

    @staticmethod
    def rows(fixed: Mapping[str, Fixed], keys: Mapping[str, pd.DataFrame], buckets: Buckets) -> Rows:
        """Names of the rows of all options: no more, and no less, than what stands."""
        parts = []
        for name, some in fixed.items():
            known = keys[name]
            subject = name + " " + known["product"] + " at " + known["location"] + ": " + known["source"]
            twice = np.concatenate([some.place, some.place])
            parts.append(Rows.of(subject, np.zeros(1), buckets).only(twice))
        if not parts:
            return Rows.of(pd.Series([], dtype=object), np.zeros(1), buckets)
        return Rows(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in ("subject", "bucket", "price", "is_hard")
            )
        )


def each_bucket(matrix: sp.csr_array, buckets: Buckets) -> sp.csr_array:
    """The same matrix for every bucket; things by things becomes (thing, bucket) by (thing, bucket)."""
    return sp.csr_array(sp.kron(matrix, sp.eye_array(buckets.count), format="csr"))


def incidence(group: Ints, size: int) -> sp.csr_array:
    """Adds up members of groups; groups by members."""
    return sp.csr_array((np.ones(len(group)), (group, np.arange(len(group)))), shape=(size, len(group)))


def storage_caps(tables: Tables, network: Network, pallets: Floats, settings: SupplySettings) -> Cap:
    """Pallet places of each location that has a limit, and the stock that fills them."""
    limited = tables["location"].dropna(subset="storage_pallets").sort_values("location")
    place = pd.Index(limited["location"]).get_indexer(network.nodes["location"])
    held = np.flatnonzero((place >= 0) & (pallets > 0))
    matrix = sp.csr_array((pallets[held], (place[held], held)), shape=(len(limited), len(network.nodes)))
    days = np.tile(network.buckets.days, len(limited))
    daily = limited["storage_price_per_pallet_day"].fillna(settings.storage_price_per_pallet_day)
    price = np.repeat(daily.to_numpy(float), network.buckets.count) * days
    rows = Rows.of(limited["location"], price, network.buckets)
    most = np.repeat(limited["storage_pallets"].to_numpy(float), network.buckets.count)
    return Cap(each_bucket(matrix, network.buckets), most, rows)


def lane_caps(tables: Tables, network: Network, pallets: Floats) -> Cap:
    """Pallets a week of each lane that has a limit, and the moves that use them."""
    lane = tables["lane"].dropna(subset="capacity_pallets_per_week")
    limited = lane.sort_values(["from_location", "to_location"]).reset_index(drop=True)
    ends = ["from_location", "to_location"]
    used = pd.MultiIndex.from_frame(limited[ends]).get_indexer(pd.MultiIndex.from_frame(network.moves[ends]))
    held = np.flatnonzero((used >= 0) & (pallets > 0))
    shape = (len(limited), len(network.moves))
    matrix = sp.csr_array((pallets[held], (used[held], held)), shape=shape)
    weekly = limited["capacity_pallets_per_week"].to_numpy(float)
    name = limited["from_location"] + " to " + limited["to_location"]
    buckets = network.buckets
    most = (weekly[:, None] * buckets.days[None, :] / 7).ravel()
    return Cap(each_bucket(matrix, buckets), most, Rows.of(name, np.zeros(1), buckets))


def _in_scope(scope: str, network: Network, product: pd.DataFrame) -> np.ndarray:
    """Nodes to which a target speaks; none for scopes that stock does not have."""
    nodes = network.nodes
    if scope == "*":
        return np.ones(len(nodes), dtype=bool)
    column, _, value = scope.partition("=")
    family = nodes["product"].map(product.set_index("product")["family"])
    known = {"family": family, "product": nodes["product"], "location": nodes["location"]}
    return np.asarray(known[column].eq(value)) if column in known else np.zeros(len(nodes), dtype=bool)


def stock_value_caps(tables: Tables, network: Network, cost: Floats, settings: SupplySettings) -> Cap:
    """Caps of the financial plan on the value of stock, at standard cost.

    A cap holds at the end of every bucket that ends within its span. A target's own price is
    charged for a unit above the cap over one month.
    """
    targets = tables["target"]
    is_cap = (targets["measure"] == "stock_value") & (targets["sense"] == "maximum")
    asked = targets[is_cap & (targets["strength"] != "report")].sort_values("target").reset_index(drop=True)
    buckets = network.buckets
    last = buckets.ends - 1
    inside = (day_numbers(asked["start_date"])[:, None] <= last) & (
        last <= day_numbers(asked["end_date"])[:, None]
    )
    target, bucket = np.nonzero(inside)
    members = [_in_scope(scope, network, tables["product"]) * cost for scope in asked["scope"]]
    weights = sp.csr_array(np.array(members).reshape(len(asked), len(network.nodes)))
    matrix = each_bucket(weights, buckets)[target * buckets.count + bucket]
    monthly = asked["price_per_unit"].to_numpy(float)[target]
    months = buckets.days[bucket] / DAYS_PER_MONTH
    usual = settings.stock_value_price_rate_per_year / DAYS_PER_YEAR * DAYS_PER_MONTH
    rows = Rows(
        asked["target"].to_numpy(object)[target],
        bucket.astype(np.int64),
        np.where(np.isnan(monthly), usual, monthly) * months,
        asked["strength"].eq("hard").to_numpy()[target],
    )
    return Cap(sp.csr_array(matrix), asked["target_value"].to_numpy(float)[target], rows)


def stays_of(days: Floats, arrivals: Mapping[str, sp.csr_array], inflow: Floats, buckets: Buckets) -> Stay:
    """Nodes that stock has to leave within some days, first in, first out.

    Parameters
    ----------
    days
        Most days in stock of each node; infinite where there is no such limit.
    arrivals
        What each supply option brings, (node, bucket) by decisions.
    inflow
        What comes in anyway, by node and bucket.
    """
    count = buckets.count
    age = buckets.ends[:, None] - buckets.ends[None, :]
    aged = (buckets.ends - buckets.ends[0])[None, :] >= days[:, None]
    node, bucket = np.nonzero(aged)
    recent = (age[bucket] >= 0) & (age[bucket] < days[node][:, None])
    row, column = np.nonzero(recent)
    place = (node * count + bucket).astype(np.int64)
    window = sp.csr_array(
        (np.ones(len(row)), (row, node[row] * count + column)), shape=(len(place), len(days) * count)
    )
    brings = {name: sp.csr_array(window @ matrix) for name, matrix in arrivals.items()}
    return Stay(place, brings, np.asarray(window @ inflow))


def fixed_decisions_of(
    fixed_decision: pd.DataFrame, keys: Mapping[str, pd.DataFrame], buckets: Buckets
) -> dict[str, Fixed]:
    """Decisions that stand, by option; those of unknown things or beyond the horizon are left out.

    Parameters
    ----------
    keys
        ``product``, ``location`` and ``source`` of the decisions of each option.
    """
    columns, fixed = ["product", "location", "source"], {}
    for name, known in keys.items():
        rows = fixed_decision[fixed_decision["option"] == name]
        thing = positions(known[columns], rows[columns])
        bucket = buckets.holding(day_numbers(rows["period"]))
        inside = (thing >= 0) & (bucket >= 0) & (bucket < buckets.count)
        if inside.any():
            place = (thing * buckets.count + bucket)[inside].astype(np.int64)
            fixed[name] = Fixed(place, rows["fixed_qty"].to_numpy(float)[inside])
    return fixed
