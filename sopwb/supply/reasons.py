"""Why demand is late or lost: the limit that binds along the way the product is made."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.extend import Tables
from sopwb.supply.buckets import Floats, day_numbers
from sopwb.supply.data import PlanData
from sopwb.supply.program import Program
from sopwb.supply.solve import Solution

__all__ = ["binding_limits", "shortage", "use_per_unit"]

LEAST_QTY = 1e-6
DEEPEST = 60
REASON = {"capacity": "capacity", "supplier_limit": "supplier", "lane_capacity": "lane"}
COLUMNS = ["product", "market", "period", "late_qty", "lost_qty", "short_value", "reason", "subject"]


def use_per_unit(data: PlanData) -> tuple[pd.Index, Floats, Floats]:
    """Hours of each resource, and quantity of each bought product, in one unit of every product.

    Products with several recipes or locations count each equally.

    Returns
    -------
    tuple
        Products; hours (products by resources); quantity of every product (products by products).
    """
    network = data.network
    names = {*network.nodes["product"], *network.components["component"]}
    products = pd.Index(sorted(names))
    recipes = network.recipes
    own = products.get_indexer(recipes["product"])
    ways = np.bincount(own, minlength=len(products))[own]
    hours = np.zeros((len(products), len(network.resources)))
    option = data.options.get("make")
    if option is not None:
        first = np.arange(option.count) * data.buckets.count
        each = (len(network.resources), data.buckets.count, option.count)
        used = option.hours[:, first].toarray().reshape(each)
        np.add.at(hours, own, used.sum(axis=1).T / ways[:, None])
    part = network.components
    gross = (part["qty_per_unit"] / (1.0 - part["scrap_rate"])).to_numpy(float)
    row = own[part["recipe_row"].to_numpy(np.int64)]
    share = ways[part["recipe_row"].to_numpy(np.int64)]
    shape = (len(products), len(products))
    needs = sp.csr_array((gross / share, (row, products.get_indexer(part["component"]))), shape=shape)
    total, level = sp.eye_array(len(products), format="csr"), sp.eye_array(len(products), format="csr")
    for _ in range(DEEPEST):
        level = sp.csr_array(level @ needs)
        if level.nnz == 0:
            break
        total = sp.csr_array(total + level)
    return products, np.asarray(total @ hours), np.asarray(total.toarray())


def binding_limits(program: Program, solution: Solution) -> pd.DataFrame:
    """Limits whose easing would serve more: rule, subject, bucket and what one more unit is worth."""
    frames = []
    for rule in program.rules:
        if rule.name in REASON and rule.rows is not None:
            price = solution.service_price[rule.first : rule.last]
            place = np.flatnonzero(price > LEAST_QTY)
            frames.append(
                pd.DataFrame(
                    {
                        "rule": rule.name,
                        "subject": rule.rows.subject[place],
                        "bucket": rule.rows.bucket[place],
                        "price": price[place],
                    }
                )
            )
    columns = ["rule", "subject", "bucket", "price"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def shortage(
    tables: Tables, data: PlanData, program: Program, solution: Solution, shipments: pd.DataFrame
) -> pd.DataFrame:
    """Demand that is late or lost, with the rule that binds most along the product's way.

    Of the limits up to the bucket of the shortage the one counts that is worth most for one unit
    of the product: its price times what a unit takes of it. Where none binds, the product comes
    too late from the start of the horizon, or nothing makes or buys it.
    """
    short = shipments[(shipments["backlog_qty"] > LEAST_QTY) | (shipments["lost_qty"] > LEAST_QTY)]
    plan = tables["demand_plan"][["product", "market", "period", "net_price_per_unit"]]
    short = short.merge(plan, on=["product", "market", "period"], how="left", validate="one_to_one")
    whole = (short["backlog_qty"] + short["lost_qty"]) * short["net_price_per_unit"].fillna(0.0)
    short = short.assign(
        late_qty=short["backlog_qty"],
        short_value=whole,
        bucket=data.buckets.holding(day_numbers(short["period"])),
    )
    named = [_worst_limits(short, data, program, solution), short]
    why = pd.concat(named, axis=1)
    return why[COLUMNS].reset_index(drop=True)


def _worst_limits(short: pd.DataFrame, data: PlanData, program: Program, solution: Solution) -> pd.DataFrame:
    """Reason and subject of each shortage row."""
    products, hours, parts = use_per_unit(data)
    limits = binding_limits(program, solution)
    nowhere = _without_source(products, parts, data)
    resources = pd.Index(data.network.resources["resource"])
    worth = _worth(limits, products, hours, parts, resources)
    bucket = limits["bucket"].to_numpy(np.int64)
    row = products.get_indexer(pd.Index(short["product"]))
    reasons, subjects = [], []
    for product, place, at in zip(short["product"], row, short["bucket"], strict=True):
        value = np.where(bucket <= at, worth[place], 0.0) if len(limits) else np.zeros(0)
        if value.size and value.max() > LEAST_QTY:
            best = int(value.argmax())
            reasons.append(REASON[str(limits["rule"].iloc[best])])
            subjects.append(_who(str(limits["subject"].iloc[best])))
        else:
            reasons.append("material" if nowhere[place] else "lead time")
            subjects.append(nowhere[place] or product)
    return pd.DataFrame({"reason": reasons, "subject": subjects}, index=short.index, dtype="object")


def _without_source(products: pd.Index[str], parts: Floats, data: PlanData) -> list[str]:
    """For each product the first of itself and its components that nobody makes, sells or has; or nothing."""
    network, count = data.network, data.buckets.count
    there = data.stock.inflow.reshape(-1, count).any(axis=1)
    sourced = {*network.recipes["product"], *network.terms["product"], *network.co_products["co_product"]}
    sourced |= set(network.nodes["product"].to_numpy(object)[there])
    missing = np.array([product not in sourced for product in products], dtype=bool)
    needed = (parts > 0) & missing[None, :]
    names = products.to_numpy(object)[needed.argmax(axis=1)]
    return [str(name) if some else "" for name, some in zip(names, needed.any(axis=1), strict=True)]


def _who(subject: str) -> str:
    """The supplier of a purchase term, the name itself of all else."""
    return subject.partition(": ")[0]


def _worth(
    limits: pd.DataFrame, products: pd.Index[str], hours: Floats, parts: Floats, resources: pd.Index[str]
) -> Floats:
    """Worth of each limit for one unit of each product; products by limits."""
    worth = np.zeros((len(products), len(limits)))
    for place, (rule, subject, price) in enumerate(
        zip(limits["rule"], limits["subject"], limits["price"], strict=True)
    ):
        if rule == "capacity":
            worth[:, place] = hours[:, resources.get_loc(subject)] * price
        elif rule == "supplier_limit":
            product = subject.partition(": ")[2].partition(" at ")[0]
            worth[:, place] = parts[:, products.get_loc(product)] * price
        else:
            worth[:, place] = price * LEAST_QTY * 10
    return worth
