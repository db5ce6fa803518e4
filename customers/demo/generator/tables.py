"""The declared tables of the demo customer, and the truth behind them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from generator import catalogue, ledger, people, sales, stock, terms
from generator.numbers import day
from generator.world import Operations, World, actual_ledger, budget_ledger, expected_months, operations


def all_tables(world: World) -> dict[str, pd.DataFrame]:
    """Every input table by its declared name."""
    return {**master_tables(world), **fact_tables(world, operations(world)), **people_tables(world)}


def master_tables(world: World) -> dict[str, pd.DataFrame]:
    """The master data."""
    numbers = world.numbers
    places = catalogue.product_location(
        world.numbers["stock"]["cover_days"], world.bom, world.routes, _everywhere_sold(world)
    )
    return {
        "product": catalogue.product(numbers, world.goods),
        "product_location": places,
        "product_successor": catalogue.product_successor(numbers),
        "unit_conversion": catalogue.unit_conversion(numbers, world.goods),
        "market": world.markets,
        "location": catalogue.location(numbers),
        "lane": catalogue.lane(numbers),
        "resource": terms.resource(numbers),
        "resource_calendar": terms.resource_calendar(numbers),
        "cost_rate": terms.cost_rate(numbers),
        "bill_of_material": world.bom,
        "routing": world.routes,
        "supplier": terms.supplier(numbers),
        "supplier_calendar": terms.supplier_calendar(numbers),
        "purchase_term": terms.purchase_term(numbers, places),
        "standard_cost": terms.standard_cost(numbers),
        "price": world.prices,
        "rebate": terms.rebate(numbers),
        "currency_rate": world.rates,
        "payment_term": terms.payment_term(numbers),
        "tax_rule": pd.DataFrame([{"tax": "income", "tax_rate": numbers["tax_rate"]}]),
        "account": ledger.account(),
        "cost_line": ledger.with_projects(ledger.cost_line(numbers), numbers),
        "cash_item": ledger.cash_item(numbers),
    }


def _everywhere_sold(world: World) -> pd.DataFrame:
    rows = world.plan.loc[world.plan["kind"] == "listing", ["product", "market"]]
    new = rows.merge(world.markets[["market", "location"]], on="market")
    return pd.concat(
        [world.table[["product", "location", "base_qty"]], new.assign(base_qty=0.0)], ignore_index=True
    )


def fact_tables(world: World, ops: Operations) -> dict[str, pd.DataFrame]:
    """What was booked: sales, stock, orders, making, buying, the ledger."""
    numbers, seed = world.numbers, world.seed
    made = stock.production_history(
        numbers, world.goods, ops.made, ops.products, world.ways, ops.syrups, ops.syrup_made
    )
    return {
        "sales_history": world.history,
        "stock_out": world.outs,
        "delivery": sales.delivery(numbers, world.history, seed),
        "open_order": sales.open_order(numbers, world.table, world.weeks, world.expected, seed),
        "stock_on_hand": stock_on_hand(world, ops),
        "scheduled_receipt": scheduled_receipt(world, ops),
        "production_history": made,
        "resource_history": stock.resource_history(made, world.routes, seed),
        "purchase_receipt": stock.purchase_receipt(numbers, ops.parts, ops.bought, seed),
        "ledger": pd.concat([actual_ledger(world, ops), budget_ledger(world)], ignore_index=True),
    }


def people_tables(world: World) -> dict[str, pd.DataFrame]:
    """What people entered."""
    months = expected_months(world).groupby(["family", "market", "period"], as_index=False)["qty"].sum()
    return {
        "activity": world.plan.drop(columns="true_uplift"),
        "manual_forecast": people.manual_forecast(world.numbers, months, world.seed),
        **{
            name: people.written(name)
            for name in ("forecast_weight", "target", "assumption", "decision", "risk_opportunity")
        },
    }


# ---------------------------------------------------------------- snapshots
def stock_on_hand(world: World, ops: Operations) -> pd.DataFrame:
    """Stock at the as-of of this and the past cycles, by location and expiry."""
    numbers = world.numbers
    life = catalogue.product(numbers, world.goods).set_index("product")["shelf_life_days"]
    home = world.goods.set_index("product")["location"]
    shares = _part_shares(world)
    parts = []
    for snapshot, at in stock.stock_dates(numbers).items():
        rows = [
            stock.spread_to_locations(
                numbers, world.table, ops.products, ops.finished, ops.ahead_series, home, at
            )
        ]
        for codes, values in ((ops.syrups, ops.syrup), (ops.parts, ops.component)):
            rows.append(stock.split_by_share(pd.DataFrame({"product": codes, "qty": values[:, at]}), shares))
        parts.append(pd.concat(rows, ignore_index=True).assign(snapshot_date=snapshot))
    return stock.with_expiry(numbers, pd.concat(parts, ignore_index=True), life, world.seed)


def _part_shares(world: World) -> pd.DataFrame:
    """The share of each location in the use of syrups and components; alternative lines count a little."""
    weekly = world.table.groupby("product")["base_qty"].sum()
    ways = world.ways.assign(weight=np.where(world.ways["recipe"] == "main", 1.0, 0.06))
    used = world.bom.merge(
        ways[["product", "recipe", "location", "weight"]], on=["product", "recipe"], how="left"
    )
    syrup_need = used["qty_per_unit"] * used["product"].map(weekly) * used["weight"]
    used["need"] = syrup_need
    syrups = used.dropna(subset=["need"]).groupby("component")["need"].sum()
    is_syrup = used["need"].isna()
    used.loc[is_syrup, "need"] = used["qty_per_unit"] * used["product"].map(syrups)
    used.loc[is_syrup, "location"] = "lahti"
    found = (
        used.groupby(["component", "location"], as_index=False)["need"]
        .sum()
        .rename(columns={"component": "product"})
    )
    found["share"] = found["need"] / found.groupby("product")["need"].transform("sum")
    return found[["product", "location", "share"]]


def scheduled_receipt(world: World, ops: Operations) -> pd.DataFrame:
    """What was on its way at each snapshot."""
    numbers, table = world.numbers, world.table
    lot = world.routes[world.routes["recipe"] == "main"].set_index("product")["lot_qty"]
    home = world.goods.set_index("product")["location"]
    shares = _part_shares(world)
    finished, bought = [], []
    for snapshot, at in stock.stock_dates(numbers).items():
        rows = table[["product", "location"]].assign(weekly_there=ops.ahead_series[:, at])
        rows = (
            rows.groupby(["product", "location"], as_index=False)["weekly_there"]
            .sum()
            .rename(columns={"location": "to_location"})
        )
        rows["weekly"] = rows.groupby("product")["weekly_there"].transform("sum")
        rows = rows.assign(
            location=rows["product"].map(home), lot=rows["product"].map(lot), snapshot_date=snapshot
        )
        finished.append(rows)
        need = shares[shares["product"].isin(ops.parts)].assign(snapshot_date=snapshot)
        need["weekly"] = (
            need["product"].map(dict(zip(ops.parts, ops.weekly_parts[:, at], strict=True))) * need["share"]
        )
        need["lead_time_days"] = need["product"].map({c: f["lead"] for c, f in numbers["components"].items()})
        need["least"] = need["product"].map({c: f["least"] for c, f in numbers["components"].items()})
        bought.append(need)
    return stock.scheduled_receipt(
        numbers, pd.concat(finished, ignore_index=True), pd.concat(bought, ignore_index=True), world.seed
    )


# ---------------------------------------------------------------- truth
def all_truth(world: World) -> dict[str, pd.DataFrame]:
    """What is true behind the tables; nothing of the workbench reads it."""
    keys = world.table[["product", "market"]]
    elasticity = keys.assign(
        elasticity_first=world.elastic[:, 0].round(4),
        elasticity_last=world.elastic[:, -1].round(4),
        is_intermittent=world.table["is_intermittent"],
    )
    effects = world.effects.join(keys, on="series").assign(date=world.weeks[world.effects["week"]])
    effects = effects[effects["date"] <= day(world.numbers["dates"]["truth_until"])]
    effects = effects.sort_values(["activity", "role", "product", "market", "date"], ignore_index=True)
    outliers = world.outliers.join(keys, on="series").assign(date=lambda t: world.weeks[t["week"]])
    return {
        "demand": demand_truth(world),
        "activity_effect": effects[["activity", "role", "product", "market", "date", "factor"]],
        "elasticity": elasticity,
        "author_bias": people.author_bias(),
        "outlier": outliers[["product", "market", "date", "factor"]],
    }


def demand_truth(world: World) -> pd.DataFrame:
    """By product, market and week: baseline x activity factor x chance factor = unconstrained demand."""
    until = world.weeks <= day(world.numbers["dates"]["truth_until"])
    at, week = np.nonzero((world.base > 0) & until[None, :])
    return pd.DataFrame(
        {
            "product": world.table["product"].to_numpy()[at],
            "market": world.table["market"].to_numpy()[at],
            "date": world.weeks[week],
            "baseline_qty": world.base[at, week],
            "activity_factor": world.joint[at, week],
            "chance_factor": world.noise[at, week],
            "unconstrained_qty": world.unconstrained[at, week],
        }
    )
