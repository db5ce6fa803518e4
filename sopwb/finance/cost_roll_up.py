"""Cost of one unit through bill of material and routing: the roll-up, by element of cost."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.errors import Fault, InputError

__all__ = ["ELEMENTS", "cost_roll_up", "recipe_yield", "usage_per_unit", "valid_on"]

ELEMENTS = ("material", "labour", "machine", "overhead")
ELEMENT_OF: Mapping[str, str] = MappingProxyType(
    {"labour": "labour", "machine": "machine", "subcontract": "machine", "overhead": "overhead"}
)
MAIN = "main"
MOST_LEVELS = 60
WAY = ["product", "location", "recipe"]


def valid_on(rows: pd.DataFrame, date: pd.Timestamp) -> pd.DataFrame:
    """Rows that hold on a day, by their `valid_from` and, where there is one, `valid_to`."""
    held = rows.loc[rows["valid_from"] <= date]
    if "valid_to" not in held:
        return held
    return held.loc[held["valid_to"].isna() | (held["valid_to"] >= date)]


def recipe_yield(routing: pd.DataFrame) -> pd.DataFrame:
    """Good quantity for one unit started, by product, location and recipe: the yields of its operations."""
    return routing.groupby(WAY, sort=True)["yield_rate"].prod().reset_index()


def usage_per_unit(bill_of_material: pd.DataFrame, routing: pd.DataFrame, date: pd.Timestamp) -> pd.DataFrame:
    """Component quantity in one good unit of a product, with scrap and yield, over its ways of making it.

    A way is a location and recipe with a routing; a product without routing is averaged over its
    recipes. Where a product has a recipe called main the others do not count; all ways that count
    count the same.

    Returns
    -------
    pandas.DataFrame
        product, component, usage_qty; one row per pair.
    """
    recipe = standard_recipes(valid_on(bill_of_material, date))
    routing = standard_recipes(routing)
    recipe = recipe.assign(qty=recipe["qty_per_unit"] / (1 - recipe["scrap_rate"]))
    ways = _ways(recipe, routing)
    rows = ways.merge(
        recipe[["product", "recipe", "component", "qty"]], on=["product", "recipe"], how="inner"
    )
    rows["usage_qty"] = rows["qty"] / rows["yield_rate"] * rows["weight"]
    return rows.groupby(["product", "component"], sort=True)["usage_qty"].sum().reset_index()


def standard_recipes(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the recipes that make the standard: the main one, or all of a product that has none."""
    is_main = rows["recipe"] == MAIN
    return rows[is_main | ~rows["product"].isin(rows.loc[is_main, "product"])]


def _ways(recipe: pd.DataFrame, routing: pd.DataFrame) -> pd.DataFrame:
    """Ways of making each product with their yield and equal weight."""
    routed = recipe_yield(routing)
    known = recipe[["product", "recipe"]].drop_duplicates()
    unrouted = known[~known["product"].isin(routed["product"])].assign(location="*", yield_rate=1.0)
    ways = pd.concat([part for part in (routed, unrouted) if len(part)] or [routed], ignore_index=True)
    return ways.assign(weight=1 / ways.groupby("product")["product"].transform("size"))


def purchase_price(
    purchase_term: pd.DataFrame, currency_rate: pd.DataFrame, currency: str, date: pd.Timestamp
) -> pd.DataFrame:
    """Cheapest valid price of each bought product at its least order, in the reporting currency."""
    terms = purchase_term[purchase_term["valid_from"] <= date].sort_values("valid_from", kind="stable")
    offer = ["product", "supplier", "location"]
    terms = terms.drop_duplicates([*offer, "from_qty"], keep="last")
    least = terms.groupby(offer)["from_qty"].transform("min")
    terms = terms[terms["from_qty"] <= np.maximum(terms["minimum_order_qty"], least)]
    terms = terms.sort_values("from_qty", kind="stable").drop_duplicates(offer, keep="last")
    rates = plan_rate(currency_rate, currency, date)
    price = terms["price_per_unit"] * terms["currency"].map(rates)
    return terms.assign(price=price).groupby("product", sort=True)["price"].min().reset_index()


def plan_rate(currency_rate: pd.DataFrame, currency: str, date: pd.Timestamp) -> dict[str, float]:
    """Reporting currency for one unit of each currency on a day: the plan rate, else the last actual one."""
    known = currency_rate[(currency_rate["period"] <= date) & (currency_rate["rate_type"] != "budget")]
    # actual sorts before plan, so a plan rate comes last
    known = known.sort_values(["currency", "rate_type", "period"])
    last = known.drop_duplicates("currency", keep="last")
    return {**dict(zip(last["currency"], last["rate"], strict=True)), currency: 1.0}


def hour_cost_per_unit(routing: pd.DataFrame, cost_rate: pd.DataFrame) -> pd.DataFrame:
    """Labour, machine and overhead of one good unit at its own level, over its ways of making it.

    hours = (run + set-up / lot) / yield; cost = hours times the rates of the resource.

    Returns
    -------
    pandas.DataFrame
        product, labour, machine, overhead and `variable`, the part saved when the unit is not made.
    """
    routing = standard_recipes(routing)
    way_yield = routing.groupby(WAY)["yield_rate"].transform("prod")
    ways = routing[WAY].drop_duplicates().groupby("product").size()
    hours = (routing["run_hours_per_unit"] + routing["setup_hours_per_lot"] / routing["lot_qty"]) / way_yield
    rows = routing.assign(hours=hours / routing["product"].map(ways))[["product", "resource", "hours"]]
    rows = rows.merge(cost_rate, on="resource", how="inner", validate="m:m")
    rows["cost"] = rows["hours"] * rows["rate_per_hour"]
    rows["element"] = rows["cost_type"].map(ELEMENT_OF)
    parts = rows.pivot_table(index="product", columns="element", values="cost", aggfunc="sum", fill_value=0.0)
    parts = parts.reindex(columns=list(ELEMENTS[1:]), fill_value=0.0)
    variable = rows[rows["is_variable"]].groupby("product")["cost"].sum()
    return parts.assign(variable=variable).fillna(0.0).reset_index()


def cost_roll_up(
    product: pd.DataFrame,
    usage: pd.DataFrame,
    hour_cost: pd.DataFrame,
    price: pd.DataFrame,
    *,
    overhead_rate_of_labour: float = 0.0,
    overhead_rate_of_purchased_material: float = 0.0,
) -> pd.DataFrame:
    """Cost of one unit of every product by element, its own level and all lower levels together.

    material = sum usage x cost of component; labour and machine = hours x rate; overhead = hours x
    overhead rate + a share of labour + a share of purchased material (FINANCE, formula 1). What has
    a recipe is made, everything else is bought at its price, and costs nothing without one.

    Parameters
    ----------
    product
        Every product; one row each.
    usage
        product, component, usage_qty: good quantity with scrap and yield.
    hour_cost
        product, labour, machine, overhead, variable: own level.
    price
        product, price of what is bought.

    Returns
    -------
    pandas.DataFrame
        product, material, labour, machine, overhead, variable; one row per product.

    Raises
    ------
    InputError
        The bill of material runs in a circle.

    Examples
    --------
    >>> product = pd.DataFrame({"product": ["F", "P1", "P2", "S"]})
    >>> usage = pd.DataFrame(
    ...     {"product": ["S", "F", "F"], "component": ["P2", "S", "P1"], "usage_qty": [4, 2, 3 / 0.95]}
    ... )
    >>> hours = pd.DataFrame(
    ...     {
    ...         "product": ["S", "F"],
    ...         "machine": 0.0,
    ...         "overhead": 0.0,
    ...         "variable": 0.0,
    ...         "labour": [(0.5 / 100 + 0.05) * 24, (1 / 50 + 0.10) * 30],
    ...     }
    ... )
    >>> price = pd.DataFrame({"product": ["P1", "P2"], "price": [1.50, 0.80]})
    >>> cost = cost_roll_up(
    ...     product,
    ...     usage,
    ...     hours,
    ...     price,
    ...     overhead_rate_of_labour=0.60,
    ...     overhead_rate_of_purchased_material=0.02,
    ... ).set_index("product")
    >>> cost.loc["S", ["material", "labour", "overhead"]].astype(float).round(4).to_list()
    [3.2, 1.32, 0.856]
    >>> cost.loc["F", ["material", "labour", "overhead"]].astype(float).round(4).to_list()
    [11.1368, 6.24, 3.9667]
    >>> round(float(cost.loc["F", ["material", "labour", "machine", "overhead"]].sum()), 4)
    21.3436
    """
    products = product["product"].sort_values(ignore_index=True)
    made = set(usage["product"]) | set(hour_cost["product"])
    bought_at = price[~price["product"].isin(made)].set_index("product")["price"]
    own = hour_cost.set_index("product").reindex(products, fill_value=0.0)
    bought = bought_at.reindex(products, fill_value=0.0).fillna(0.0)
    used = usage["component"].map(bought_at).fillna(0.0) * usage["usage_qty"]
    purchased = used.groupby(usage["product"]).sum().reindex(products, fill_value=0.0)
    extra = own["labour"] * overhead_rate_of_labour + purchased * overhead_rate_of_purchased_material
    own = own.assign(overhead=own["overhead"] + extra, material=bought, variable=own["variable"] + bought)
    columns = [*ELEMENTS, "variable"]
    rolled = _through_levels(own[columns].to_numpy(float), products, usage)
    return pd.DataFrame(rolled, columns=columns).assign(product=products.to_numpy())[["product", *columns]]


def _through_levels(
    own: npt.NDArray[np.float64], products: pd.Series[str], usage: pd.DataFrame
) -> npt.NDArray[np.float64]:
    """Own cost plus that of everything inside: cost = own + usage x cost, one level a pass."""
    place = pd.Series(np.arange(len(products)), index=products.to_numpy())
    parent = usage["product"].map(place).to_numpy(int)
    child = usage["component"].map(place).to_numpy(int)
    qty = usage["usage_qty"].to_numpy(float)[:, None]
    level, total = own, own.copy()
    for _ in range(MOST_LEVELS):
        below = np.zeros_like(own)
        np.add.at(below, parent, qty * level[child])
        if not below.any():
            return total
        level, total = below, total + below
    raise InputError(
        [
            Fault(
                "bill_of_material", "a product is part of itself", remedy="take the circle out of the recipes"
            )
        ]
    )
