"""Terms of suppliers that depend on how much is bought: price breaks, and promises that are paid anyway."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.extend import Tables
from sopwb.supply.blocks import Block
from sopwb.supply.buckets import Floats, Ints
from sopwb.supply.limits import Rows
from sopwb.supply.network import Network, positions

__all__ = ["Breaks", "Contracts", "Promises", "contract_blocks", "contracts_of", "price_levels"]

TERM = ["product", "supplier", "location"]
DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Breaks:
    """Levels of order quantity from which another price holds.

    Parameters
    ----------
    levels
        ``product``, ``supplier``, ``location`` and ``from_qty`` of each level.
    term
        Purchase term of each level.
    from_qty
        Order quantity from which the price of the level holds.
    is_beyond
        Whether it holds for what is beyond that quantity only, and not for the whole order.
    charge
        What a unit at the level costs more (rising) or less (falling) than at the level before,
        or than the first price where the level holds for the whole order; levels by buckets.
    """

    levels: pd.DataFrame
    term: Ints
    from_qty: Floats
    is_beyond: np.ndarray
    charge: Floats


@dataclass(frozen=True)
class Promises:
    """Quantities that are paid whether taken or not, a row for each term and fiscal month.

    Parameters
    ----------
    term
        Purchase terms with a promise.
    sums
        Adds up what is bought, by term and bucket, over the buckets of each month.
    least
        Quantity promised in each month.
    rows
        Names of the rows.
    """

    term: Ints
    sums: sp.csr_array
    least: Floats
    rows: Rows


@dataclass(frozen=True)
class Contracts:
    """Breaks that make more dearer, breaks that make more cheaper, and promises."""

    rising: Breaks
    falling: Breaks
    promises: Promises


def price_levels(tables: Tables, network: Network) -> tuple[pd.DataFrame, Floats]:
    """Levels of every term that has some above the one its least order reaches.

    Returns
    -------
    tuple
        ``term``, ``from_qty``, ``reached``, ``is_beyond`` and the key of each level, sorted; price of
        each level and bucket in the currency of the term.
    """
    rows = tables["purchase_term"]
    if rows["from_qty"].max() == rows["from_qty"].min():  # the one level there is is reached
        none = {"term": "int64", "from_qty": "float64", "is_beyond": "bool", "reached": "float64"}
        levels = pd.DataFrame(columns=list(none)).astype(none)
        return pd.concat([levels, network.terms[TERM].iloc[:0]], axis=1), np.zeros((0, network.buckets.count))
    rows = rows.assign(term=positions(network.terms[TERM], rows[TERM]))
    least = rows.groupby("term")["from_qty"].transform("min")
    base = np.maximum(least, rows["minimum_order_qty"])
    reached = rows["from_qty"].where(rows["from_qty"] <= base).groupby(rows["term"]).transform("max")
    rows = rows.assign(reached=reached)
    above = (rows["from_qty"] > rows["reached"]).groupby(rows["term"]).transform("any")
    rows = rows[(rows["from_qty"] >= rows["reached"]) & above.astype(bool)]
    levels = rows.groupby(["term", "from_qty"], as_index=False).agg(
        is_beyond=("price_break", lambda told: told.eq("beyond").any()), reached=("reached", "first")
    )
    buckets = network.buckets
    grid = np.full((len(levels), buckets.count), np.nan)
    level = positions(levels[["term", "from_qty"]], rows[["term", "from_qty"]])
    order = rows["valid_from"].argsort(kind="stable").to_numpy()
    starts = rows["valid_from"].to_numpy("datetime64[D]").astype(np.int64)
    price = rows["price_per_unit"].to_numpy(float)
    for place in order:
        holds = buckets.starts >= starts[place]
        grid[level[place], holds] = price[place]
        empty = np.isnan(grid[level[place]])
        grid[level[place], empty] = price[place]
    keys = network.terms[TERM].iloc[levels["term"]].reset_index(drop=True)
    return pd.concat([levels, keys], axis=1), grid


def _breaks(levels: pd.DataFrame, charge: Floats, chosen: np.ndarray) -> Breaks:
    some = levels[chosen].reset_index(drop=True)
    return Breaks(
        some[[*TERM, "from_qty"]],
        some["term"].to_numpy(np.int64),
        some["from_qty"].to_numpy(float),
        some["is_beyond"].to_numpy(bool),
        charge[chosen],
    )


def _charges(levels: pd.DataFrame, price: Floats, unit_cost: Floats) -> Floats:
    """What a unit at each level costs beside the cost the plan already counts for it."""
    first = levels["from_qty"].eq(levels["reached"]).to_numpy()
    term = levels["term"].to_numpy(np.int64)
    base = np.zeros((int(term.max(initial=-1)) + 1, price.shape[1]))
    base[term[first]] = price[first]
    before = np.vstack([np.zeros((1, price.shape[1])), price[:-1]]) if len(price) else price
    against = np.where(levels["is_beyond"].to_numpy(bool)[:, None], before, base[term])
    scale = np.divide(unit_cost[term], base[term], out=np.ones_like(price), where=base[term] > 0)
    return np.asarray((price - against) * scale)


def _promises(tables: Tables, network: Network) -> Promises:
    terms, buckets = network.terms, network.buckets
    told = tables["purchase_term"].groupby(TERM, sort=True)["take_or_pay_qty_per_month"].max()
    monthly = told.reindex(pd.MultiIndex.from_frame(terms[TERM])).fillna(0.0).to_numpy(float)
    chosen = np.flatnonzero(monthly > 0).astype(np.int64)
    fiscal = tables["period"].sort_values("period")["fiscal_period"]
    month, _ = pd.factorize(fiscal, sort=True)
    months = int(month.max(initial=-1)) + 1
    adds = sp.csr_array((np.ones(len(month)), (month, np.arange(len(month)))), shape=(months, buckets.count))
    days = np.asarray(adds @ buckets.days, dtype=np.float64)
    last = np.searchsorted(month, np.arange(months), side="right") - 1
    named = terms["supplier"] + ": " + terms["product"] + " at " + terms["location"]
    size = len(chosen) * months
    return Promises(
        chosen,
        sp.csr_array(sp.kron(sp.eye_array(len(chosen)), adds, format="csr")),
        (monthly[chosen, None] * days[None, :] / DAYS_PER_MONTH).ravel(),
        Rows(
            np.repeat(named.to_numpy(object)[chosen], months),
            np.tile(last, len(chosen)).astype(np.int64),
            np.zeros(size),
            np.zeros(size, dtype=bool),
        ),
    )


def contracts_of(tables: Tables, network: Network, unit_cost: Floats, modes: dict[str, str]) -> Contracts:
    """Price breaks and promises of every purchase term, as far as their rules are on.

    A price that rises with what is bought is planned as it is. One that falls needs yes-or-no
    decisions and is planned only where the rule ``discount`` is on; otherwise every unit has the
    price that the least order reaches. A price that rises for the whole order is not followed: the
    order would be split.

    Parameters
    ----------
    unit_cost
        Cost of one unit of each term in each bucket at the first price, in the reporting currency.
    modes
        Mode of the rule ``discount``.
    """
    levels, price = price_levels(tables, network)
    charge = _charges(levels, price, unit_cost.reshape(-1, network.buckets.count))
    above = levels["from_qty"].gt(levels["reached"]).to_numpy()
    beyond = levels["is_beyond"].to_numpy(bool)
    dearer = above & beyond & (charge >= 0).all(axis=1) & (charge > 0).any(axis=1)
    cheaper = above & (charge < 0).any(axis=1) & ~dearer & (modes["discount"] != "off")
    return Contracts(
        _breaks(levels, charge, dearer),
        _breaks(levels, np.minimum(charge, 0.0), cheaper),
        _promises(tables, network),
    )


def contract_blocks(contracts: Contracts, network: Network, unit_cost: Floats) -> dict[str, Block]:
    """Quantities at the prices of the levels, whether a level is reached, and what is paid and not taken."""
    count, rows = network.buckets.count, len(network.resources) * network.buckets.count
    blocks: dict[str, Block] = {}
    for name, breaks in (("price_break", contracts.rising), ("discount", contracts.falling)):
        if not len(breaks.term):
            continue
        some = breaks.levels
        told = some["product"] + " at " + some["location"] + " from " + some["from_qty"].map("{:g}".format)
        keys = pd.DataFrame({"subject": some["supplier"], "detail": told})
        blocks[name] = Block.of(keys, breaks.charge.ravel(), rows, is_whole=False)
        if name == "discount":
            free = np.zeros(breaks.charge.size)
            blocks["discount_reached"] = Block.of(keys, free, rows, is_told=False)
    promised = contracts.promises.term
    if len(promised):
        terms = network.terms.iloc[promised]
        keys = pd.DataFrame(
            {"subject": terms["supplier"], "detail": terms["product"] + " at " + terms["location"]}
        )
        price = unit_cost.reshape(-1, count)[promised].ravel()
        blocks["take_or_pay"] = Block.of(keys, price, rows, is_whole=False)
    return blocks
