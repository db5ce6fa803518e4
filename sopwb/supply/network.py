"""What may be made, bought and moved where: the rows of the plan before there are numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from sopwb.extend import Tables
from sopwb.supply.buckets import Buckets, Floats, Ints, buckets_of

__all__ = ["CLASS", "Network", "network_of", "positions", "segments", "total_requirement"]

Flags = npt.NDArray[np.bool_]
NODE = ["product", "location"]
CLASS = [*NODE, "segment", "priority"]
LANE = ["from_location", "to_location"]
RECIPE = ["product", "location", "recipe"]
TERM = ["product", "supplier", "location"]
DEEPEST = 60
ALWAYS = pd.Timestamp("1900-01-01")
MARKET_DIMENSIONS = ("market", "channel", "region")
MARKET_MEASURES = ("revenue", "gross_margin", "service")


@dataclass(frozen=True)
class Network:
    """Nodes and routes of the plan, each a table sorted by its key.

    Parameters
    ----------
    nodes
        Product at location.
    recipes
        Way of making a product at a location, with ``yield_rate``, ``lead_time_days`` and its terms.
    terms
        Product, supplier and location, with ``lead_time_days`` and ``minimum_order_qty``.
    moves
        Product on a lane, with its lead time, cost and capacity.
    streams
        Product and serving location of demand; a market that is planned by itself is a segment
        with a stream of its own.
    classes
        Priority classes of each stream, best first, with the stream's row.
    co_products
        What comes out of a recipe beside its product, with the recipe's row.
    unit
        Typical quantity in a bucket of the product of each node, a power of two; it scales the solve.
    """

    buckets: Buckets
    nodes: pd.DataFrame
    recipes: pd.DataFrame
    terms: pd.DataFrame
    moves: pd.DataFrame
    streams: pd.DataFrame
    classes: pd.DataFrame
    resources: pd.DataFrame
    components: pd.DataFrame
    co_products: pd.DataFrame
    unit: Floats

    def node(self, product: pd.Series, location: pd.Series) -> Ints:
        """Position of each product at each location among the nodes; -1 when there is none."""
        return positions(self.nodes[NODE], pd.DataFrame({"product": product, "location": location}))


def positions(keys: pd.DataFrame, wanted: pd.DataFrame) -> Ints:
    """Row of ``keys`` that equals each row of ``wanted``; -1 when there is none."""
    if len(keys) == 0 or len(wanted) == 0:
        return np.full(len(wanted), -1, dtype=np.int64)
    known, asked = np.zeros(len(keys), dtype=np.int64), np.zeros(len(wanted), dtype=np.int64)
    # numbers of values column by column; an index over all columns would take four times as long
    for (_, one), (_, other) in zip(keys.items(), wanted.items(), strict=True):
        both = pd.concat([one, other], ignore_index=True)
        code, values = pd.factorize(both, use_na_sentinel=False)
        known = known * len(values) + code[: len(known)]
        asked = asked * len(values) + code[len(known) :]
    return np.asarray(pd.Index(known).get_indexer(pd.Index(asked)), dtype=np.int64)


def _above_zero(table: pd.DataFrame, column: str) -> pd.DataFrame:
    return table[table[column] > 0]


def _unique(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    stacked = pd.concat([frame[columns] for frame in frames if len(frame)] or [frames[0][columns]])
    return stacked.drop_duplicates().sort_values(columns).reset_index(drop=True)


def _recipes(routing: pd.DataFrame, recipe: pd.DataFrame) -> pd.DataFrame:
    grouped = routing.groupby(RECIPE, sort=True)
    ways = pd.concat([grouped["yield_rate"].prod(), grouped["lead_time_days"].sum()], axis=1).reset_index()
    terms, valid = ["cost_per_unit", "minimum_run_qty", "lot_multiple_qty"], ["valid_from", "valid_to"]
    joined = ways.merge(recipe[[*RECIPE, *terms, *valid]], on=RECIPE, how="left", validate="one_to_one")
    joined["valid_from"] = joined["valid_from"].fillna(ALWAYS)
    return joined.fillna(dict.fromkeys(terms, 0.0))


def _terms(purchase_term: pd.DataFrame) -> pd.DataFrame:
    ordered = purchase_term.sort_values([*TERM, "valid_from", "from_qty"])
    latest = ordered.drop_duplicates(TERM, keep="last")
    return latest[[*TERM, "lead_time_days", "minimum_order_qty"]].reset_index(drop=True)


def segments(rows: pd.DataFrame, tables: Tables) -> pd.Series:
    """Market of each row that is planned by itself; empty for those that are pooled.

    A market is planned by itself where its shortage of the product has a price of its own, or
    where a limit of the financial plan speaks of it.
    """
    priced = tables["shortage_price"][["product", "market"]]
    alone = positions(priced, rows[["product", "market"]]) >= 0
    return rows["market"].where(alone | rows["market"].isin(_limited_markets(tables)), "")


def _limited_markets(tables: Tables) -> set[str]:
    """Markets inside the scope of a target that steers the plan."""
    target, market = tables["target"], tables["market"]
    asked = target[target["strength"].isin(["hard", "soft"]) & target["measure"].isin(MARKET_MEASURES)]
    named: set[str] = set()
    for scope in asked["scope"].unique():
        dimension, _, value = (part.strip() for part in str(scope).partition("="))
        if dimension in MARKET_DIMENSIONS:
            named |= set(market.loc[market[dimension] == value, "market"])
    return named


def _classes(tables: Tables) -> pd.DataFrame:
    demand_plan, market = tables["demand_plan"], tables["market"]
    wanted = demand_plan.loc[demand_plan["consensus_qty"] > 0, ["product", "market"]].drop_duplicates()
    served = wanted.merge(
        market[["market", "location", "priority"]], on="market", how="inner", validate="many_to_one"
    )
    served = served.assign(segment=segments(served, tables))
    classes = _unique([served], CLASS)
    return classes.assign(stream=classes.groupby([*NODE, "segment"], sort=True).ngroup())


def _components(recipes: pd.DataFrame, bill_of_material: pd.DataFrame) -> pd.DataFrame:
    """Each bill-of-material row at each location where its recipe is made, with the recipe's row."""
    numbered = recipes[RECIPE].assign(recipe_row=np.arange(len(recipes)))
    joined = numbered.merge(bill_of_material, on=["product", "recipe"], how="inner", validate="many_to_many")
    return joined.sort_values(["recipe_row", "component", "valid_from"]).reset_index(drop=True)


def _co_products(recipes: pd.DataFrame, co_product: pd.DataFrame) -> pd.DataFrame:
    """Each co-product of each recipe at the recipe's location, with the recipe's row."""
    numbered = recipes[[*RECIPE, "lead_time_days"]].assign(recipe_row=np.arange(len(recipes)))
    joined = numbered.merge(co_product, on=["product", "recipe"], how="inner", validate="many_to_many")
    return joined.sort_values(["recipe_row", "co_product"]).reset_index(drop=True)


def _flags(rows: pd.DataFrame, products: pd.Index, places: pd.Index) -> Flags:
    """Products by locations that occur in a table."""
    flags = np.zeros((len(products), len(places)), dtype=bool)
    flags[products.get_indexer(pd.Index(rows["product"])), places.get_indexer(pd.Index(rows["location"]))] = (
        True
    )
    return flags


def _closure(step: Flags) -> Flags:
    """Locations by locations that can be reached over any number of lanes, each from itself too."""
    reached = step | np.eye(len(step), dtype=bool)
    for _ in range(len(step)):
        reached = (reached.astype(int) @ reached.astype(int)) > 0
    return np.asarray(reached)


def _listed(products: pd.Index, lane: pd.DataFrame, lane_product: pd.DataFrame) -> Flags:
    """Products by lanes that have terms of their own there."""
    row = positions(lane[LANE], lane_product[LANE])
    product = products.get_indexer(pd.Index(lane_product["product"]))
    flags = np.zeros((len(products), len(lane)), dtype=bool)
    known = (row >= 0) & (product >= 0)
    flags[product[known], row[known]] = True
    return flags


def _on_terms(moves: pd.DataFrame, lane_product: pd.DataFrame) -> pd.DataFrame:
    """Moves with the terms of the product where it has some."""
    own = lane_product.rename(columns={"lead_time_days": "own_days"})
    joined = moves.merge(own, on=[*LANE, "product"], how="left", validate="one_to_one")
    days = joined["own_days"].astype(float).fillna(joined["lead_time_days"]).astype(np.int64)
    return joined.assign(lead_time_days=days).drop(columns="own_days")


def _moves(
    lane: pd.DataFrame, lane_product: pd.DataFrame, sourced: pd.DataFrame, wanted: pd.DataFrame
) -> pd.DataFrame:
    """Products on lanes that lead from where the product can be to where it is wanted.

    Through a location that does not want it a product goes only to places that have no lane of
    their own from where it comes. A lane that takes listed products only takes all that are listed.
    """
    columns = ["product", *lane.columns, "cost_per_unit"]
    if len(lane) == 0 or len(sourced) == 0 or len(wanted) + len(lane_product) == 0:
        types = {"product": object, **lane.dtypes.to_dict(), "cost_per_unit": float}
        return pd.DataFrame(columns=columns).astype(types)
    asked = set(wanted["product"]) | set(lane_product["product"])
    products = pd.Index(sorted(set(sourced["product"]) & asked), dtype=object)
    ends = [lane["from_location"], lane["to_location"], sourced["location"], wanted["location"]]
    places = pd.Index(sorted(pd.unique(pd.concat(ends))))
    leave, arrive = places.get_indexer(lane["from_location"]), places.get_indexer(lane["to_location"])
    step = np.zeros((len(places), len(places)), dtype=bool)
    step[leave, arrive] = True
    onward = _closure(step)
    known = [rows[rows["product"].isin(products)] for rows in (sourced, wanted)]
    here = _flags(known[1], products, places)
    # lanes by places that a lane serves: its end, and what is behind it without a lane of its own
    serves = onward[arrive] & ~step[leave] & (np.arange(len(places)) != leave[:, None])
    serves[np.arange(len(lane)), arrive] = True
    takes_all = lane["products"].eq("all").to_numpy()
    useful = (((here.astype(int) @ serves.T.astype(int)) > 0) & takes_all[None, :]) | (
        _listed(products, lane, lane_product) & ~takes_all[None, :]
    )
    can_be = _flags(known[0], products, places)
    for _ in range(len(places)):
        taken = can_be[:, leave] & useful
        product, row = np.nonzero(taken)
        can_be[product, arrive[row]] = True
    found = _on_terms(lane.iloc[row].assign(product=products[product].to_numpy()), lane_product)
    return found[columns].sort_values(["product", "from_location", "to_location"]).reset_index(drop=True)


def total_requirement(own: pd.Series, bill_of_material: pd.DataFrame) -> pd.Series:
    """Own demand plus what all products above need, by product; recipes of a product share equally.

    Parameters
    ----------
    own
        Own demand by product; products without any may be missing.
    bill_of_material
        Table ``bill_of_material``.
    """
    products = pd.Index(sorted({*own.index, *bill_of_material["product"], *bill_of_material["component"]}))
    recipes = bill_of_material.groupby("product")["recipe"].transform("nunique")
    latest = ~bill_of_material.sort_values("valid_from").duplicated(
        ["product", "recipe", "component"], keep="last"
    )
    rows = bill_of_material[latest.reindex(bill_of_material.index)]
    need = rows["qty_per_unit"] / (1 - rows["scrap_rate"]) / recipes[rows.index]
    where = (products.get_indexer(rows["component"]), products.get_indexer(rows["product"]))
    use = sp.csr_array((need.to_numpy(float), where), shape=(len(products), len(products)))
    level = own.reindex(products, fill_value=0.0).to_numpy(float)
    total = level.copy()
    for _ in range(DEEPEST):
        level = use @ level
        if not level.any():
            break
        total = total + level
    return pd.Series(total, index=products)


def _unit(nodes: pd.DataFrame, tables: Tables, count: int) -> Floats:
    own = tables["demand_plan"].groupby("product", sort=True)["consensus_qty"].sum()
    total = total_requirement(own, tables["bill_of_material"]) / count
    stock = tables["stock_on_hand"].groupby("product", sort=True)["on_hand_qty"].sum()
    typical = nodes["product"].map(total).fillna(0.0).to_numpy(float)
    typical = np.where(typical > 0, typical, nodes["product"].map(stock).fillna(0.0).to_numpy(float))
    return np.asarray(2.0 ** np.round(np.log2(np.where(typical > 0, typical, 1.0))))


def network_of(tables: Tables) -> Network:
    """Nodes and routes that can matter to the plan.

    A product is put on a lane only where it can come from and where it is wanted, so that the
    plan has no routes that nobody would take.
    """
    recipes, terms = _recipes(tables["routing"], tables["recipe"]), _terms(tables["purchase_term"])
    components = _components(recipes, tables["bill_of_material"])
    co_products = _co_products(recipes, tables["co_product"])
    classes = _classes(tables)
    streams = classes[[*NODE, "segment"]].drop_duplicates().reset_index(drop=True)
    beside = co_products[["co_product", "location"]].rename(columns={"co_product": "product"})
    used = components[["component", "location"]].rename(columns={"component": "product"})
    stock = _above_zero(tables["stock_on_hand"], "on_hand_qty")
    due = _above_zero(tables["scheduled_receipt"], "receipt_qty")
    aimed = _above_zero(tables["inventory_target"], "safety_stock_qty")
    moves = _moves(
        tables["lane"],
        tables["lane_product"],
        _unique([recipes, terms, stock, due, beside], NODE),
        _unique([streams, used, aimed], NODE),
    )
    ends = [moves.rename(columns={side: "location"}) for side in ("from_location", "to_location")]
    targets = tables["inventory_target"]
    nodes = _unique([recipes, terms, streams, used, beside, stock, due, targets, *ends], NODE)
    buckets = buckets_of(tables["period"])
    resources = tables["resource"].sort_values("resource").reset_index(drop=True)
    return Network(
        buckets, nodes, recipes, terms, moves, streams, classes, resources, components,
        co_products, unit=_unit(nodes, tables, buckets.count),
    )  # fmt: skip
