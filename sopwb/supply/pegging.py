"""Pegging: what of every source reaches what is shipped, by the flow of the plan.

The rule: whatever leaves a product's stock at a location in a bucket, be it used, moved, shipped,
scrapped or kept, is drawn in proportion from all that came in; what a recipe uses goes into what it
makes, and into co-products by quantity. So every unit of a source ends somewhere once, and pegged
quantities sum to the flows of the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from sopwb.extend import Tables
from sopwb.supply.buckets import Floats, Ints, day_numbers
from sopwb.supply.data import PlanData
from sopwb.supply.network import NODE, positions

__all__ = ["Flow", "decisions_of", "flow_of", "late_supplier", "pegging"]

NOISE = 1e-9
LEAST_SHARE = 1e-3
"""Share of what is shipped below which a source is not told, as flows that mix leave long tails."""
MOST_ROWS = 50_000
"""Rows beyond which the table is told by fiscal quarter."""
AT_ONCE = 64
"""Sources followed at a time, which bounds the memory."""
COLUMNS = [
    "source", "item", "product", "market", "period", "pegged_qty", "share_rate", "shipped_qty",
    "revenue_value", "slack_days",
]  # fmt: skip

Parts = list[sp.coo_array]


@dataclass(frozen=True)
class Flow:
    """Where what is in stock goes; nodes are product, location and bucket, buckets fastest.

    Parameters
    ----------
    onward
        Share of what leaves each node that comes into each other; to by from.
    carried
        The part of it that stays in stock until the next bucket, times the days that takes.
    shipped
        Share of what leaves each node that is shipped.
    sources
        ``source`` and ``item`` of everything that comes in from outside.
    inflow
        What each source brings to each node; nodes by sources.
    content
        Quantity of each product in one unit of every other, as the plan makes it; item by product.
    products
        Products in the order of ``content``.
    """

    onward: sp.csc_array
    carried: sp.csc_array
    shipped: Floats
    sources: pd.DataFrame
    inflow: sp.csc_array
    content: Floats
    products: pd.Index


def decisions_of(plan: pd.DataFrame, data: PlanData) -> dict[str, Floats]:
    """Quantity of each decision of each supply option, from the table ``supply_plan``."""
    found = {}
    for name, option in data.options.items():
        rows = plan[plan["option"] == name]
        thing = positions(option.keys, rows[list(option.keys.columns)])
        bucket = data.buckets.holding(day_numbers(rows["period"]))
        known = (thing >= 0) & (bucket >= 0) & (bucket < data.buckets.count)
        quantity = np.zeros(option.count * data.buckets.count)
        np.add.at(
            quantity, (thing * data.buckets.count + bucket)[known], rows["planned_qty"].to_numpy(float)[known]
        )
        found[name] = quantity
    return found


def _moved(tables: Tables, data: PlanData, kind: str) -> Floats:
    """Quantity of one kind of movement, by node and bucket."""
    rows = tables["stock_movement"]
    rows = rows[rows["movement"] == kind]
    node, bucket = _place(rows, data)
    quantity = np.zeros((len(data.network.nodes), data.buckets.count))
    np.add.at(quantity, (node, bucket), np.abs(rows["moved_qty"].to_numpy(float)))
    return quantity.ravel()


def _place(rows: pd.DataFrame, data: PlanData) -> tuple[Ints, Ints]:
    node = data.network.node(rows["product"], rows["location"])
    return node, data.buckets.holding(day_numbers(rows["period"]))


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _made_onward(data: PlanData, decided: Mapping[str, Floats], leaves: Floats) -> sp.csc_array:
    """What decisions take from each node and bring to others, as shares of what leaves."""
    size = len(leaves)
    onward = sp.csc_array((size, size))
    out = sp.diags_array(_share(np.ones(size), leaves))
    for name, option in data.options.items():
        brought = np.asarray(option.arrivals.sum(axis=0), float).ravel()
        per_brought = sp.diags_array(_share(np.ones(len(brought)), brought))
        taken = sp.csr_array(option.uses @ sp.diags_array(decided[name]))
        onward = onward + sp.csc_array(option.arrivals @ per_brought @ taken.T @ out)
    return sp.csc_array(onward)


def _content(data: PlanData, decided: Mapping[str, Floats]) -> tuple[pd.Index, Floats]:
    """Quantity of every product in one unit of each, over all levels, as the plan makes it."""
    nodes = data.network.nodes["product"]
    products = pd.Index(sorted(nodes.unique()))
    group = np.repeat(products.get_indexer(nodes), data.buckets.count)
    adds = sp.csr_array(
        (np.ones(len(group)), (group, np.arange(len(group)))), shape=(len(products), len(group))
    )
    made, used = np.zeros(len(products)), sp.csr_array((len(products), len(products)))
    for name, option in data.options.items():
        if name == "move" or not option.uses.nnz:
            continue
        brings = sp.csr_array(adds @ option.arrivals)
        total = np.asarray(brings.sum(axis=0), float).ravel()
        share = sp.csr_array(brings @ sp.diags_array(_share(np.ones(len(total)), total)))
        used = used + sp.csr_array(adds @ option.uses @ sp.diags_array(decided[name]) @ share.T)
        made += brings @ decided[name]
    per_unit = sp.csc_array(used @ sp.diags_array(_share(np.ones(len(made)), made)))
    whole = sp.csc_array(sp.eye_array(len(products), format="csc") - per_unit)
    return products, np.asarray(splu(whole).solve(np.eye(len(products))))


def _sources(
    tables: Tables, data: PlanData, decided: Mapping[str, Floats]
) -> tuple[pd.DataFrame, sp.csc_array]:
    """What comes in from outside: bought, there at the start, already due, and made from nothing."""
    count, nodes = data.buckets.count, data.network.nodes
    frames: list[pd.DataFrame] = []
    for name, option in data.options.items():
        if name == "move":
            continue
        from_nothing = np.asarray(option.uses.sum(axis=0)).ravel() == 0
        brought = sp.coo_array(option.arrivals @ sp.diags_array(decided[name] * from_nothing))
        supplier = option.keys["source"].to_numpy(object)[brought.coords[1] // count]
        source = supplier if name == "buy" else "made"
        frames.append(pd.DataFrame({"source": source, "place": brought.coords[0], "quantity": brought.data}))
    scheduled = _moved(tables, data, "scheduled")
    opening = data.stock.inflow - scheduled
    for name, quantity in (("stock", opening), ("scheduled", scheduled)):
        place = np.flatnonzero(quantity > NOISE)
        frames.append(pd.DataFrame({"source": name, "place": place, "quantity": quantity[place]}))
    rows = pd.concat(frames, ignore_index=True)
    rows = rows[rows["quantity"] > NOISE]
    rows["item"] = nodes["product"].to_numpy(object)[rows["place"].to_numpy(np.int64) // count]
    keys = rows[["source", "item"]].drop_duplicates().sort_values(["source", "item"], ignore_index=True)
    column = positions(keys, rows[["source", "item"]])
    shape = (len(nodes) * count, len(keys))
    return keys, sp.csc_array((rows["quantity"].to_numpy(float), (rows["place"], column)), shape=shape)


def flow_of(tables: Tables, data: PlanData, decided: Mapping[str, Floats]) -> Flow:
    """The flow of a plan as shares, from its decisions and its movements of stock."""
    count, size = data.buckets.count, len(data.stock.inflow)
    shipped, scrapped = _moved(tables, data, "shipped"), _moved(tables, data, "scrapped")
    used, came = np.zeros(size), data.stock.inflow.copy()
    for name, option in data.options.items():
        used += option.uses @ decided[name]
        came += option.arrivals @ decided[name]
    change = (came - used - shipped - scrapped).reshape(-1, count)
    kept = np.maximum(change.cumsum(axis=1), 0.0)
    kept[kept < NOISE * np.maximum(came.reshape(-1, count).sum(axis=1, keepdims=True), 1.0)] = 0.0
    leaves = used + shipped + scrapped + kept.ravel()
    stays = _share(kept.ravel(), leaves)
    stays[count - 1 :: count] = 0.0
    days = data.buckets.days
    between = np.append((days[:-1] + days[1:]) / 2, 0.0)
    carry = sp.csc_array(sp.diags_array(stays[:-1], offsets=-1, shape=(size, size)))
    waits = sp.csc_array(
        sp.diags_array((stays * np.tile(between, size // count))[:-1], offsets=-1, shape=(size, size))
    )
    sources, inflow = _sources(tables, data, decided)
    products, content = _content(data, decided)
    onward = sp.csc_array(_made_onward(data, decided, leaves) + carry)
    return Flow(onward, waits, _share(shipped, leaves), sources, inflow, content, products)


def pegged(flow: Flow) -> tuple[Parts, Parts]:
    """Quantity of each source that is shipped from each node, and that times the days it waited; in parts."""
    size = flow.onward.shape[0]
    solver = splu(sp.csc_array(sp.eye_array(size, format="csc") - flow.onward), permc_spec="COLAMD")
    ends = np.flatnonzero(flow.shipped > 0)
    quantity: Parts = []
    waited: Parts = []
    for first in range(0, len(flow.sources), AT_ONCE):
        through = solver.solve(flow.inflow[:, first : first + AT_ONCE].toarray())
        days = solver.solve(flow.carried @ through)
        for told, parts in ((through, quantity), (days, waited)):
            at_ends = np.zeros_like(told)
            at_ends[ends] = told[ends] * flow.shipped[ends, None]
            parts.append(sp.coo_array(at_ends))
    return quantity, waited


def pegging(
    tables: Tables, data: PlanData, *, most_rows: int = MOST_ROWS, least_share: float = LEAST_SHARE
) -> pd.DataFrame:
    """Table ``pegging``: what of each supplier, stock and receipt ends in which product for which market.

    Parameters
    ----------
    tables
        ``supply_plan``, ``stock_movement``, ``shipment_plan``, ``demand_plan`` and ``period``.
    data
        Numbers of the plan.
    most_rows
        Rows beyond which fiscal quarters stand in place of months.
    least_share
        Share of what is shipped below which a source is left out.
    """
    flow = flow_of(tables, data, decisions_of(tables["supply_plan"], data))
    if flow.sources.empty:
        return pd.DataFrame(columns=COLUMNS)
    reached = pegged(flow)
    for by_quarter in (False, True):
        told = _told(flow, reached, tables, data, _months(tables["period"], by_quarter=by_quarter))
        told = told[told["share_rate"] >= least_share]
        if len(told) <= most_rows:
            break
    return told.reset_index(drop=True)


def late_supplier(pegging: pd.DataFrame, supplier: str, days: float) -> pd.DataFrame:
    """Products, markets and periods that wait when a supplier is some days late, with the revenue that waits.

    What waits in stock on the way longer than the delay is not touched. A product that needs several
    items of the supplier waits for the one it stands on most.

    Parameters
    ----------
    pegging
        Table ``pegging``.
    supplier, days
        Who is late, and by how many days.

    Returns
    -------
    pandas.DataFrame
        ``product``, ``market``, ``period``, ``item``, ``shipped_qty``, ``revenue_value``; most money first.
    """
    rows = pegging[(pegging["source"] == supplier) & (pegging["slack_days"] < days)]
    keys = ["product", "market", "period"]
    ordered = rows.sort_values(["revenue_value", *keys, "item"], ascending=[False, True, True, True, True])
    return ordered.drop_duplicates(keys)[[*keys, "item", "shipped_qty", "revenue_value"]].reset_index(
        drop=True
    )


def _months(period: pd.DataFrame, *, by_quarter: bool) -> np.ndarray:
    """First day of the fiscal month, or quarter, of each bucket; a quarter has three months of its year."""
    ordered = period.sort_values("period")
    if not by_quarter:
        return ordered["fiscal_period"].to_numpy()
    number = (
        ordered.groupby("fiscal_year")["fiscal_period"].rank(method="dense").astype(int).sub(1)
        if ordered["fiscal_period"].dt.month.nunique() > 12  # noqa: PLR2004 - months of a year
        else ordered["fiscal_period"].dt.month.sub(1)
    )
    first = ordered.groupby([ordered["fiscal_year"], number // 3])["fiscal_period"].transform("min")
    return first.to_numpy()


def _told(
    flow: Flow, reached: tuple[Parts, Parts], tables: Tables, data: PlanData, month: np.ndarray
) -> pd.DataFrame:
    """Pegged quantities by source, item, product, market and period."""
    count = data.buckets.count
    starts, group = np.unique(month, return_inverse=True)
    span = len(starts)
    things = len(data.network.nodes)
    ends = np.repeat(np.arange(things), count) * span + np.tile(group, things)
    adds = sp.csr_array((np.ones(len(ends)), (ends, np.arange(len(ends)))), shape=(things * span, len(ends)))
    quantity, waited = (sp.hstack([adds @ part for part in parts], format="csc") for parts in reached)
    total = sp.coo_array(quantity)
    total.eliminate_zeros()
    end, source = total.coords
    days = np.asarray(sp.csr_array(waited)[end, source]).ravel()
    node = data.network.nodes.iloc[end // span].reset_index(drop=True)
    rows = pd.DataFrame(
        {
            "source": flow.sources["source"].to_numpy(object)[source],
            "item": flow.sources["item"].to_numpy(object)[source],
            "product": node["product"],
            "location": node["location"],
            "period": starts[end % span],
            "at_node_qty": total.data,
            "waited": days,
        }
    )
    item, product = (flow.products.get_indexer(pd.Index(rows[name])) for name in ("item", "product"))
    rows["needed"] = flow.content[item, product]
    rows = rows[rows["at_node_qty"] > NOISE].merge(
        _markets(tables, data, month), on=[*NODE, "period"], how="inner", validate="many_to_many"
    )
    part = rows["market_rate"]
    stands = (rows["at_node_qty"] / rows["needed"].where(rows["needed"] > NOISE)).fillna(rows["node_qty"])
    stands = np.minimum(stands, rows["node_qty"]) * part
    made = rows.assign(
        pegged_qty=rows["at_node_qty"] * part,
        shipped_qty=stands,
        share_rate=_share(stands.to_numpy(float), (rows["node_qty"] * part).to_numpy(float)),
        revenue_value=stands * rows["net_price_per_unit"],
        slack_days=np.maximum(rows["waited"] / rows["at_node_qty"], 0.0),
    )
    return made[COLUMNS].sort_values(COLUMNS[:5], ignore_index=True)


def _markets(tables: Tables, data: PlanData, month: np.ndarray) -> pd.DataFrame:
    """What each market gets from each product and location in a period, as a share and at its mean price."""
    price = tables["demand_plan"][["product", "market", "period", "net_price_per_unit"]]
    rows = tables["shipment_plan"].merge(
        price, on=["product", "market", "period"], how="left", validate="one_to_one"
    )
    # what is shipped late has no price of its own in a bucket without demand: that of the market counts
    usual = rows.groupby(["product", "market"])["net_price_per_unit"].transform("mean")
    worth = rows["shipped_qty"] * rows["net_price_per_unit"].fillna(usual).fillna(0.0)
    bucket = data.buckets.holding(day_numbers(rows["period"]))
    rows = rows.assign(period=month[bucket], worth=worth)
    keys = [*NODE, "market", "period"]
    sums = rows.groupby(keys, as_index=False, sort=True)[["shipped_qty", "worth"]].sum()
    sums = sums[sums["shipped_qty"] > NOISE]
    whole = sums.groupby([*NODE, "period"])["shipped_qty"].transform("sum")
    return sums.assign(
        node_qty=whole,
        market_rate=sums["shipped_qty"] / whole,
        net_price_per_unit=sums["worth"] / sums["shipped_qty"],
    ).drop(columns=["shipped_qty", "worth"])
