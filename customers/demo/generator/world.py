"""The one pass that makes Kuura: catalogue, demand, sales, stock and books, one from the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from generator import activities, catalogue, cost, demand, ledger, sales, stock, terms
from generator.numbers import VARIANTS, day, month_of, read_yaml
from generator.weeks import week_pieces, week_starts


@dataclass(frozen=True)
class World:
    """Everything that is known about Kuura; arrays are series (rows) by week (columns) of `weeks`."""

    numbers: dict[str, Any]
    seed: int
    goods: pd.DataFrame
    markets: pd.DataFrame
    ways: pd.DataFrame
    table: pd.DataFrame
    weeks: pd.DatetimeIndex
    pieces: pd.DataFrame
    base: np.ndarray
    plan: pd.DataFrame
    elastic: np.ndarray
    joint: np.ndarray
    effects: pd.DataFrame
    noise: np.ndarray
    outliers: pd.DataFrame
    unconstrained: np.ndarray
    outs: pd.DataFrame
    bom: pd.DataFrame
    routes: pd.DataFrame
    cost: pd.DataFrame
    prices: pd.DataFrame
    rates: pd.DataFrame
    history: pd.DataFrame

    @property
    def expected(self) -> np.ndarray:
        """Expected demand with all activities, without chance."""
        return self.base * self.joint


def make_world(seed: int, variant: str) -> World:
    """Kuura from a seed and a variant of its truth."""
    if variant not in VARIANTS:
        raise ValueError(f"variant {variant!r} is none of {', '.join(VARIANTS)}")
    numbers = read_yaml("kuura.yaml")
    weeks = week_starts(numbers)
    pieces = week_pieces(weeks)
    goods, markets = catalogue.finished(numbers), catalogue.market(numbers)
    table = demand.series(numbers, goods, markets, seed)
    table = _without_listings(table)
    base = demand.baseline(numbers, table, weeks)
    plan = activities.plan_activities(numbers, table, weeks, seed)
    elastic = activities.elasticity(numbers, table, weeks, variant, seed)
    joint, effects = activities.true_effects(numbers, table, plan, weeks, base, elastic, variant)
    noise, outliers = demand.noise(numbers, table, weeks, seed)
    unconstrained = np.round(base * joint * noise)
    outs = sales.stock_out(numbers, table, pieces, weeks, unconstrained, seed)
    ways = catalogue.recipes(numbers, goods)
    bom, routes = catalogue.bill_of_material(numbers, ways), catalogue.routing(numbers, ways, table)
    standard = cost.roll_up(bom, routes, terms.cost_rate(numbers), terms.standard_cost(numbers))
    prices = sales.price(numbers, table, plan, standard, _listings(plan, table))
    rates = sales.currency_rate(numbers, seed)
    sold = np.floor(unconstrained * sales.availability(table, outs, base.shape) + 1e-9)
    history = _history(numbers, table, markets, plan, weeks, pieces, sold, prices, rates, seed)
    return World(
        numbers,
        seed,
        goods,
        markets,
        ways,
        table,
        weeks,
        pieces,
        base,
        plan,
        elastic,
        joint,
        effects,
        noise,
        outliers,
        unconstrained,
        outs,
        bom,
        routes,
        standard,
        prices,
        rates,
        history,
    )


def _without_listings(table: pd.DataFrame) -> pd.DataFrame:
    new = {
        (a["product"], a["market"]) for a in read_yaml("people.yaml")["activities"] if a["kind"] == "listing"
    }
    pairs = list(zip(table["product"], table["market"], strict=True))
    return table[[p not in new for p in pairs]].reset_index(drop=True)


def _listings(plan: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    family = table.drop_duplicates("product").set_index("product")["family"]
    rows = plan.loc[plan["kind"] == "listing", ["product", "market"]]
    return rows.assign(family=rows["product"].map(family))


def _history(
    numbers: dict[str, Any],
    table: pd.DataFrame,
    markets: pd.DataFrame,
    plan: pd.DataFrame,
    weeks: pd.DatetimeIndex,
    pieces: pd.DataFrame,
    sold: np.ndarray,
    prices: pd.DataFrame,
    rates: pd.DataFrame,
    seed: int,
) -> pd.DataFrame:
    past = pieces[pieces["date"] <= day(numbers["dates"]["as_of"])].reset_index(drop=True)
    dates = pd.DatetimeIndex(past["date"])
    list_price = sales.price_by_series(prices, table, dates)
    keep = 1 - sales.rebate_by_series(terms.rebate(numbers), table)
    discount = sales.promotion_price(table, plan, weeks)[:, past["week"].to_numpy()] * keep[:, None]
    rate = sales.rate_by_series(rates, table, markets, pd.DatetimeIndex(month_of(dates)), "actual")
    return sales.sales_history(numbers, table, past, sold, list_price, discount, rate, seed)


# ---------------------------------------------------------------- operations and books
@dataclass(frozen=True)
class Operations:
    """Stock at month ends and quantities made and bought in months; arrays are products or parts by month."""

    products: pd.Index
    syrups: pd.Index
    parts: pd.Index
    ends: pd.DatetimeIndex
    ahead_series: np.ndarray
    finished: np.ndarray
    made: np.ndarray
    syrup: np.ndarray
    syrup_made: np.ndarray
    component: np.ndarray
    bought: np.ndarray
    weekly_parts: np.ndarray


def operations(world: World) -> Operations:
    """How Kuura's stock, making and buying rolled through the months of the ledger."""
    numbers, table = world.numbers, world.table
    ends = stock.month_ends(numbers)
    months = ends[1:].to_period("M").to_timestamp()
    products = pd.Index(sorted(world.goods["product"]))
    syrups, parts = pd.Index(list(numbers["syrups"])), pd.Index(list(numbers["components"]))
    ahead_series = stock.forward_weekly(world.expected, world.weeks, ends)
    ahead = stock.by_product(table, ahead_series, products)
    sold = sales.month_sales(world.history, ["product"]).pivot(
        index="product", columns="period", values="net_qty"
    )
    sold = sold.reindex(index=products, columns=months).fillna(0.0).to_numpy()
    base = table.groupby("product")["base_qty"].sum()
    finished, made = stock.finished_stock(numbers, products, ahead, sold, base, world.seed)
    later = stock.by_product(table, stock.forward_weekly(world.expected, world.weeks, ends, skip=2), products)
    syrup_use = stock.usage(world.bom, world.routes, products, syrups).T
    weekly_syrup = syrup_use @ later
    syrup, syrup_made = stock.roll_down(numbers["stock"]["syrup_weeks"] * weekly_syrup, syrup_use @ made)
    part_use = stock.usage(world.bom, world.routes, products, parts).T
    syrup_part = stock.usage(world.bom, world.routes, syrups, parts).T
    weekly_parts = part_use @ later + syrup_part @ weekly_syrup
    cover = np.array([f["weeks"] for f in numbers["components"].values()])[:, None]
    used = part_use @ made + syrup_part @ syrup_made
    component, bought = stock.roll_down(cover * weekly_parts, used)
    return Operations(
        products,
        syrups,
        parts,
        ends,
        ahead_series,
        finished,
        made,
        syrup,
        syrup_made,
        component,
        bought,
        weekly_parts,
    )


def stock_values(world: World, ops: Operations) -> dict[str, np.ndarray]:
    """Stock at standard cost at month ends by kind of product."""
    unit = world.cost.set_index("product")["standard_cost"]
    return {
        "finished": unit.reindex(ops.products).to_numpy() @ ops.finished,
        "semi_finished": unit.reindex(ops.syrups).to_numpy() @ ops.syrup,
        "component": unit.reindex(ops.parts).to_numpy() @ ops.component,
    }


def actual_ledger(world: World, ops: Operations) -> pd.DataFrame:
    """The actuals: profit and loss by account and cost centre, and balances that balance."""
    numbers = world.numbers
    months = ops.ends[1:].to_period("M").to_timestamp()
    values = _month_values(world)
    rows = ledger.market_rows(
        values[values["period"].isin(months)], world.markets.set_index("market")["channel"]
    )
    revenue, pallets = _per_month(values, "revenue", months), _per_month(values, "pallets", months)
    scatter = ledger.actual_scatter(months, len(numbers["cost_lines"]), world.seed)
    expenses = ledger.expense_rows(
        numbers,
        months,
        revenue,
        pallets,
        _activity_cost(world.plan, months),
        _per_month(values, "freight", months),
        scatter,
    )
    profit = ledger.with_tax(
        numbers, pd.concat([rows, ledger.manual_posting(numbers), expenses], ignore_index=True)
    )
    return pd.concat([profit, _balances(world, ops, months, values, profit)], ignore_index=True).assign(
        version="actual"
    )


def _balances(
    world: World, ops: Operations, months: pd.DatetimeIndex, values: pd.DataFrame, profit: pd.DataFrame
) -> pd.DataFrame:
    numbers = world.numbers
    before = months[:1] - pd.DateOffset(months=1)
    customers = pd.Series({m: f["days"] for m, f in numbers["markets"].items()})
    suppliers = pd.Series({s: f["days"] for s, f in numbers["suppliers"].items()})
    bought = _purchases_by_supplier(world, ops, months)
    stocks = stock_values(world, ops)
    opening = {
        "receivables": float(ledger.receivables(values, customers, before)[0]),
        "payables": float(ledger.payables(bought, suppliers, before)[0]),
        "stock": float(sum(v[0] for v in stocks.values())),
    }
    manual = ledger.manual_posting(numbers)
    owed = ledger.receivables(values, customers, months) + np.where(
        months == manual["period"][0], manual["amount_value"][0], 0.0
    )
    return ledger.balance_rows(
        numbers,
        months,
        profit,
        owed,
        ledger.payables(bought, suppliers, months),
        {k: v[1:] for k, v in stocks.items()},
        opening,
    )


def _month_values(world: World) -> pd.DataFrame:
    rows = sales.month_sales(world.history, ["product", "market"])
    unit = world.cost.set_index("product")["standard_cost"]
    rows["cost"] = rows["net_qty"] * rows["product"].map(unit)
    return _with_pallets(world, rows.rename(columns={"net_sales_value": "revenue"}), "net_qty")


def _with_pallets(world: World, rows: pd.DataFrame, qty: str) -> pd.DataFrame:
    size = world.goods.set_index("product")["pack"].map(
        {p: f["pallet"] for p, f in world.numbers["packs"].items()}
    )
    home = world.goods.set_index("product")["location"]
    lanes = {(f["from"], f["to"]): f["cost"] for f in world.numbers["lanes"]}
    served = world.markets.set_index("market")["location"]
    rows = rows.assign(pallets=rows[qty] / rows["product"].map(size))
    per_pallet = [
        lanes.get((a, b), lanes.get((a, "vantaa"), 0) + lanes.get(("vantaa", b), 0))
        for a, b in zip(rows["product"].map(home), rows["market"].map(served), strict=True)
    ]
    rows["freight"] = rows["pallets"] * per_pallet
    return rows.groupby(["market", "period"], as_index=False)[["revenue", "cost", "pallets", "freight"]].sum()


def _per_month(values: pd.DataFrame, column: str, months: pd.DatetimeIndex) -> np.ndarray:
    return values.groupby("period")[column].sum().reindex(months).to_numpy()


def _activity_cost(plan: pd.DataFrame, months: pd.DatetimeIndex) -> np.ndarray:
    likely = plan["cost_value"] * plan["probability"]
    return likely.groupby(month_of(plan["start_date"])).sum().reindex(months, fill_value=0.0).to_numpy()


def _purchases_by_supplier(world: World, ops: Operations, months: pd.DatetimeIndex) -> pd.DataFrame:
    unit = world.cost.set_index("product")["standard_cost"].reindex(ops.parts).to_numpy()[:, None]
    names = [world.numbers["components"][p]["supplier"] for p in ops.parts]
    return pd.DataFrame(ops.bought * unit, columns=months).groupby(names).sum()


def expected_months(world: World) -> pd.DataFrame:
    """Expected demand by product, market and month over the whole span of weeks."""
    qty = world.expected[:, world.pieces["week"].to_numpy()] * world.pieces["share"].to_numpy()[None, :]
    wide = pd.DataFrame(qty.T).groupby(world.pieces["month"].to_numpy()).sum()
    long = wide.T.stack().rename("qty").rename_axis(["series", "period"]).reset_index()
    keys = world.table[["product", "market", "family"]]
    return long.join(keys, on="series")


def budget_ledger(world: World) -> pd.DataFrame:
    """The budgets of this, the last and the next year: what was expected, a little too hopeful."""
    numbers = world.numbers
    rows = expected_months(world)
    rows = rows[rows["period"].dt.year.isin(numbers["budget"]["volume"])].copy()
    months = pd.DatetimeIndex(sorted(rows["period"].unique()))
    at = months.get_indexer(rows["period"])
    price = sales.price_by_series(world.prices, world.table, months)
    keep = 1 - sales.rebate_by_series(terms.rebate(numbers), world.table)
    rate = sales.rate_by_series(world.rates, world.table, world.markets, months, "budget")
    net_price = (price * rate * keep[:, None] * 0.985)[rows["series"], at]
    rows["qty"] *= rows["period"].dt.year.map(numbers["budget"]["volume"])
    rows["revenue"] = rows["qty"] * net_price
    rows["cost"] = rows["qty"] * rows["product"].map(world.cost.set_index("product")["standard_cost"])
    rows["cost"] *= rows["period"].dt.year.map(numbers["budget"]["cost"])
    values = _with_pallets(world, rows, "qty")
    markets = ledger.market_rows(values, world.markets.set_index("market")["channel"])
    likely = np.full(len(months), world.plan["cost_value"].sum() / 50)
    expenses = ledger.expense_rows(
        numbers,
        months,
        _per_month(values, "revenue", months),
        _per_month(values, "pallets", months),
        likely,
        _per_month(values, "freight", months),
        ledger.budget_scatter(months, len(numbers["cost_lines"])),
    )
    return ledger.with_tax(numbers, pd.concat([markets, expenses], ignore_index=True)).assign(
        version="budget"
    )
