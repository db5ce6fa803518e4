"""The tables of a planning instance as tables of the workbench, and the plan back as tables of the instance.

The instance counts time in periods; here a period is a bucket of ``DAYS`` days, so that lead times
and charges by the day are those of the instance.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.faults import faults_of
from benchmarks.tables import START, declared, months
from sopwb.config.model import Model
from sopwb.errors import Fault, InputError
from sopwb.schema import load_schema

__all__ = ["DAYS", "Instance", "model_of", "plan_tables", "read_instance", "workbench_tables"]

DAYS = 30
MONTH = 365.25 / 12
FREE = "no resource"
NEEDED = ("periods", "item_site", "demand", "demand_qty", "recipes")


@dataclass(frozen=True)
class Instance:
    """Tables of an instance by name, empty where there is no file, and its number of periods."""

    tables: dict[str, pd.DataFrame]
    periods: int

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    def column(self, table: str, name: str, default: float = 0.0) -> pd.Series:
        """A column of numbers; the default where it or a value is missing."""
        rows = self.tables[table]
        if name not in rows:
            return pd.Series(default, index=rows.index, dtype=float)
        return rows[name].astype(float).fillna(default)


COLUMNS = {
    "coproduct": "recipe item qty_per",
    "bom": "recipe component qty_per",
    "routing": "recipe resource hours_per_unit",
    "capacity": "resource period hours",
    "purchase": "source item site lead_time unit_cost",
    "purchase_cap": "source period max_qty",
    "lanes": "lane item from_site to_site lead_time unit_cost",
    "storage": "site max_volume over_cost",
    "item_volume": "item volume",
    "items": "item family",
    "receipts": "item site period qty",
    "safety_stock": "item site period qty",
    "frozen": "table key period qty",
}


CODES = (
    "item", "site", "demand", "recipe", "component", "resource", "source", "lane", "from_site", "to_site",
    "family", "table", "key",
)  # fmt: skip
"""Columns that hold codes."""


def read_instance(folder: Path) -> Instance:
    """Every table of an instance, from CSV or parquet.

    Raises
    ------
    InputError
        A table is missing or wrong; all faults are told.
    """
    tables, missing = {}, []
    for name in (*NEEDED, *COLUMNS):
        csv, parquet = folder / f"{name}.csv", folder / f"{name}.parquet"
        if parquet.exists():
            tables[name] = pd.read_parquet(parquet)
        elif csv.exists():
            tables[name] = pd.read_csv(csv)
        elif name in NEEDED:
            missing.append(Fault(f"{folder}/{name}", "the table is missing", (), f"Add {name}.csv."))
        else:
            tables[name] = pd.DataFrame({column: [] for column in COLUMNS[name].split()})
    if missing:
        raise InputError(missing)
    faults = faults_of(tables, len(tables["periods"]))
    if faults:
        raise InputError(faults)
    return Instance({name: _typed(rows) for name, rows in tables.items()}, len(tables["periods"]))


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    """The table with codes as text, whatever they look like, and everything else as numbers."""
    codes = {name: rows[name].astype(str).astype(object) for name in CODES if name in rows}
    left = [name for name in rows if name not in CODES and rows[name].dtype == object]
    numbers = {name: pd.to_numeric(rows[name], errors="coerce") for name in left}
    return rows.assign(**codes, **numbers)


def _day(period: pd.Series) -> pd.Series:
    return START + pd.to_timedelta(period.astype(int) * DAYS, unit="D")


def _markets(instance: Instance) -> pd.DataFrame:
    """Each demand stream with the market that stands for it: the n-th stream of a product at its site."""
    demand = instance["demand"]
    rank = demand.groupby(["item", "site"]).cumcount() + 1
    return demand.assign(market=demand["site"].astype(str) + " " + rank.astype(str), priority=rank)


def _demand(instance: Instance) -> dict[str, pd.DataFrame]:
    streams = _markets(instance)
    wanted = instance["demand_qty"].groupby(["demand", "period"], as_index=False)["qty"].sum()
    wanted = wanted.merge(streams, on="demand", validate="many_to_one")
    place = streams[["market", "site", "priority"]].drop_duplicates("market")
    return {
        "market": pd.DataFrame(
            {"market": place["market"], "location": place["site"], "priority": place["priority"]}
        ),
        "demand_plan": pd.DataFrame(
            {
                "product": wanted["item"],
                "market": wanted["market"],
                "period": _day(wanted["period"]),
                "consensus_qty": wanted["qty"].astype(float),
                "net_price_per_unit": wanted["price"].astype(float),
            }
        ),
        "shortage_price": pd.DataFrame(
            {
                "product": streams["item"],
                "market": streams["market"],
                "lost_price_per_unit": streams["lost_cost"].astype(float),
                "late_price_per_unit_day": streams["backlog_cost"].astype(float) / DAYS,
            }
        ),
    }


def _recipes(instance: Instance) -> dict[str, pd.DataFrame]:
    recipes, routing = instance["recipes"], instance["routing"]
    of = recipes.set_index("recipe")
    free = recipes.loc[~recipes["recipe"].isin(routing["recipe"]), ["recipe"]]
    free = free.assign(resource=FREE, hours_per_unit=0.0)
    steps = pd.concat([rows for rows in (routing, free) if len(rows)] or [routing], ignore_index=True)
    steps = steps.assign(operation=steps.groupby("recipe").cumcount(), first=~steps.duplicated("recipe"))
    setup = {
        name: steps[name].fillna(0.0) if name in steps else 0.0 for name in ("setup_hours", "setup_cost")
    }
    made = steps["recipe"].map(of["item"])
    where = steps["recipe"].map(of["site"])
    parts = instance["bom"]
    beside = instance["coproduct"]
    return {
        "routing": pd.DataFrame(
            {
                "product": made, "location": where, "recipe": steps["recipe"],
                "operation": steps["operation"],
                "resource": steps["resource"], "run_hours_per_unit": steps["hours_per_unit"].astype(float),
                "setup_hours_per_lot": setup["setup_hours"], "setup_cost_per_lot": setup["setup_cost"],
                "setup_group": steps["recipe"],
                # yield and lead time are those of the recipe, told with its first operation
                "yield_rate": np.where(steps["first"], steps["recipe"].map(of["yield"]).astype(float), 1.0),
                "lead_time_days": np.where(steps["first"], steps["recipe"].map(of["lead_time"]) * DAYS, 0),
            }
        ),
        "recipe": pd.DataFrame(
            {
                "product": recipes["item"], "location": recipes["site"], "recipe": recipes["recipe"],
                "cost_per_unit": instance.column("recipes", "unit_cost"),
                "minimum_run_qty": instance.column("recipes", "min_run"),
            }
        ),
        "bill_of_material": pd.DataFrame(
            {
                "product": parts["recipe"].map(of["item"]), "recipe": parts["recipe"],
                "component": parts["component"], "qty_per_unit": parts["qty_per"],
            }
        ),
        "co_product": pd.DataFrame(
            {
                "product": beside["recipe"].map(of["item"]), "recipe": beside["recipe"],
                "co_product": beside["item"], "qty_per_unit": beside["qty_per"],
            }
        ),
    }  # fmt: skip


def _resources(instance: Instance) -> dict[str, pd.DataFrame]:
    """Resources with their largest hours, and a calendar that says what there is of them in each period."""
    capacity, routing = instance["capacity"], instance["routing"]
    capacity = capacity.assign(overtime_max=instance.column("capacity", "overtime_max"))
    price = instance.column("capacity", "overtime_cost").groupby(capacity["resource"])
    names = pd.Index(sorted({*capacity["resource"], *routing["resource"], FREE}), name="resource")
    most = capacity.groupby("resource")[["hours", "overtime_max"]].max().reindex(names).fillna(0.0)
    every = pd.MultiIndex.from_product([names, range(instance.periods)], names=["resource", "period"])
    there = capacity.set_index(["resource", "period"])[["hours", "overtime_max"]].reindex(every).fillna(0.0)
    share = (there / most.reindex(every, level="resource").where(lambda hours: hours > 0)).fillna(0.0)
    share = share.reset_index()
    planned = routing.assign(
        setups=instance.column("routing", "setup_hours") + instance.column("routing", "setup_cost")
    )
    each = planned.loc[planned["setups"] > 0, "resource"].unique()
    return {
        "resource": pd.DataFrame(
            {
                "resource": names, "hours_per_day": most["hours"].to_numpy() / DAYS, "days_basis": "calendar",
                "overtime_hours_per_day": most["overtime_max"].to_numpy() / DAYS,
                "overtime_cost_per_hour": price.max().reindex(names).fillna(0.0).to_numpy(),
                "setup_rule": np.where(names.isin(each), "each", "spread"),
            }
        ),
        "resource_calendar": pd.DataFrame(
            {
                "resource": share["resource"], "start_date": _day(share["period"]),
                "end_date": _day(share["period"]) + pd.Timedelta(days=DAYS - 1),
                "capacity_rate": share["hours"], "overtime_rate": share["overtime_max"],
            }
        ),
    }  # fmt: skip


def _purchases(instance: Instance) -> dict[str, pd.DataFrame]:
    """Each source is a supplier of its own, which delivers its limit on the days of delivery."""
    source, cap = instance["purchase"], instance["purchase_cap"]
    most = cap.groupby("source")["max_qty"].max()
    lead = source.set_index("source")["lead_time"]
    rate = (cap["max_qty"] / cap["source"].map(most).where(lambda qty: qty > 0)).fillna(0.0)
    start = _day(cap["period"].astype(int) + cap["source"].map(lead).fillna(0).astype(int))
    return {
        "purchase_term": pd.DataFrame(
            {
                "product": source["item"], "supplier": source["source"], "location": source["site"],
                "price_per_unit": source["unit_cost"].astype(float), "currency": "EUR",
                "lead_time_days": source["lead_time"].astype(int) * DAYS,
                "minimum_order_qty": instance.column("purchase", "moq"),
                "capacity_qty_per_month": source["source"].map(most) * MONTH / DAYS,
            }
        ),
        "supplier_calendar": pd.DataFrame(
            {
                "supplier": cap["source"], "start_date": start, "capacity_rate": rate,
                "end_date": start + pd.Timedelta(days=DAYS - 1),
            }
        ),
    }  # fmt: skip


def _lanes(instance: Instance) -> dict[str, pd.DataFrame]:
    lanes = instance["lanes"]
    key = ["from_site", "to_site", "item"]
    pairs = lanes[key[:2]].drop_duplicates()
    return {
        "lane": pd.DataFrame(
            {"from_location": pairs["from_site"], "to_location": pairs["to_site"], "products": "listed"}
        ),
        "lane_product": pd.DataFrame(
            {
                "from_location": lanes["from_site"], "to_location": lanes["to_site"],
                "product": lanes["item"],
                "lead_time_days": lanes["lead_time"].astype(int) * DAYS,
                "cost_per_unit": lanes["unit_cost"].astype(float),
            }
        ),
    }  # fmt: skip


def _safety(instance: Instance) -> pd.DataFrame:
    """Safety stock of each item, site and period; the table by period outranks the column."""
    rows = instance["safety_stock"]
    if len(rows) == 0:
        sites = instance["item_site"].assign(qty=instance.column("item_site", "safety_stock"))
        rows = sites.merge(pd.DataFrame({"period": range(instance.periods)}), how="cross")
    return pd.DataFrame(
        {
            "product": rows["item"], "location": rows["site"], "period": _day(rows["period"]),
            "safety_stock_qty": rows["qty"].astype(float),
        }
    )  # fmt: skip


def _stock(instance: Instance) -> dict[str, pd.DataFrame]:
    sites, due = instance["item_site"], instance["receipts"]
    life = sites["shelf_life"] if "shelf_life" in sites else pd.Series(np.nan, index=sites.index)
    volume = instance["item_volume"]
    size = sites[["item"]].drop_duplicates().merge(volume, on="item", how="left").fillna({"volume": 1.0})
    size = size[size["volume"] > 0]
    due = due.groupby(["item", "site", "period"], as_index=False)["qty"].sum()
    before = START - pd.Timedelta(days=1)
    return {
        "stock_on_hand": pd.DataFrame(
            {"snapshot_date": before, "product": sites["item"], "location": sites["site"],
             "on_hand_qty": sites["initial"].astype(float)}
        ),
        "scheduled_receipt": pd.DataFrame(
            {"snapshot_date": before, "product": due["item"], "location": due["site"],
             "due_date": _day(due["period"]), "receipt_type": "purchase",
             "receipt_qty": due["qty"].astype(float)}
        ),
        "product_location": pd.DataFrame(
            {"product": sites["item"], "location": sites["site"],
             "holding_cost_per_unit_day": instance.column("item_site", "holding_cost") / DAYS,
             "safety_stock_price_per_unit_day": instance.column("item_site", "ss_penalty") / DAYS,
             "most_days_in_stock": life * DAYS}
        ),
        "inventory_target": _safety(instance),
        "unit_conversion": pd.DataFrame(
            {"product": size["item"], "unit": "pallet", "qty_per_unit": 1.0 / size["volume"]}
        ),
    }  # fmt: skip


def _fixed(instance: Instance) -> pd.DataFrame:
    """Decisions of the last plan that stand; before the fence of a recipe there are no others."""
    option = {"production": "make", "purchase": "buy", "transport": "move"}
    rows = instance["frozen"]
    until = instance.column("recipes", "frozen_until").astype(int)
    fence = instance["recipes"].loc[until.index.repeat(until), ["recipe"]]
    fence = fence.assign(period=fence.groupby("recipe").cumcount(), table="production", qty=0.0)
    fence = fence.rename(columns={"recipe": "key"})
    both = pd.concat([part for part in (rows, fence) if len(part)] or [rows], ignore_index=True)
    both = both.drop_duplicates(["table", "key", "period"], keep="first")
    if len(both) == 0:
        return pd.DataFrame()
    keys = pd.concat(
        [
            instance["recipes"].rename(columns={"recipe": "key", "item": "product", "site": "location"})
            .assign(table="production", source=lambda made: made["key"]),
            instance["purchase"].rename(columns={"source": "key", "item": "product", "site": "location"})
            .assign(table="purchase", source=lambda bought: bought["key"]),
            instance["lanes"].rename(
                columns={"lane": "key", "item": "product", "to_site": "location", "from_site": "source"}
            ).assign(table="transport"),
        ]
    )[["table", "key", "product", "location", "source"]]  # fmt: skip
    found = both.astype({"table": object, "key": object}).merge(keys.astype(object), on=["table", "key"])
    return pd.DataFrame(
        {
            "option": found["table"].map(option), "product": found["product"], "location": found["location"],
            "source": found["source"], "period": _day(found["period"]),
            "fixed_qty": found["qty"].astype(float),
        }
    )  # fmt: skip


def workbench_tables(instance: Instance) -> dict[str, pd.DataFrame]:
    """Every table of the workbench, with what the instance says."""
    sites = instance["item_site"]
    families = instance["items"]
    products = pd.Index(sorted(sites["item"].unique()))
    family = families.set_index("item")["family"] if len(families) else pd.Series(dtype=object)
    places = pd.DataFrame({"location": sorted(sites["site"].unique())})
    storage = instance["storage"].set_index("site")
    frames = {
        "period": months(instance.periods, DAYS),
        "product": pd.DataFrame(
            {
                "product": products,
                "family": pd.Series(products).map(family).fillna("all").to_numpy(),
                "product_type": "finished",
            }
        ),
        "product_cost": pd.DataFrame({"product": products, "basis": "source"}).assign(basis="roll_up"),
        "location": places.assign(
            location_type="plant",
            storage_pallets=places["location"].map(storage["max_volume"]).astype(float),
            storage_price_per_pallet_day=places["location"].map(storage["over_cost"]).astype(float) / DAYS,
        ),
        "supplier": pd.DataFrame({"supplier": instance["purchase"]["source"], "currency": "EUR"}),
        "fixed_decision": _fixed(instance),
        **_demand(instance),
        **_recipes(instance),
        **_resources(instance),
        **_purchases(instance),
        **_lanes(instance),
        **_stock(instance),
    }
    return declared(frames, load_schema())


def model_of(instance: Instance, **settings: object) -> Model:
    """Settings that make the workbench's objective that of the instance: one stage, no charge of our own."""
    rules: dict[str, object] = {"lateness": {"mode": "off"}, "shelf_life": {"mode": "off"}}
    if not instance.column("item_site", "ss_penalty").gt(0).any():
        rules["safety_stock"] = {"mode": "off"}
    if instance.column("recipes", "min_run").gt(0).any():
        rules["minimum_run"] = {"mode": "hard"}
    if instance.column("purchase", "moq").gt(0).any():
        rules["minimum_order"] = {"mode": "hard"}
    overload = 10.0 * float(instance["demand"]["lost_cost"].max()) if len(instance["demand"]) else 0.0
    own = {
        "one_stage": True, "late_days_maximum": float(instance.periods * DAYS),
        "overload_cost_per_hour": overload, "holding_cost_rate_per_year": 0.0,
        "safety_stock_price_rate_per_year": 0.0, "storage_price_per_pallet_day": 0.0,
        "end_stock_value_rate": 0.0, "scrap_cost_rate": 0.0,
    }  # fmt: skip
    return Model.model_validate(
        {
            "name": "Instance",
            "currency": "EUR",
            "supply": {**own, **settings},
            "parts": {"constraints": rules},
        }
    )


def _period(dates: pd.Series) -> pd.Series:
    return (dates - START).dt.days // DAYS


def plan_tables(instance: Instance, plan: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Tables of the workbench's plan as the instance names things.

    Parameters
    ----------
    plan
        Tables ``supply_plan``, ``shipment_plan``, ``capacity_use`` and ``projected_inventory``, of the
        last at least ``product``, ``location``, ``period`` and ``closing_qty``.
    """
    supply = plan["supply_plan"].assign(period=_period(plan["supply_plan"]["period"]))
    lanes = instance["lanes"].rename(
        columns={"item": "product", "from_site": "source", "to_site": "location"}
    )
    by = {option: supply[supply["option"] == option] for option in ("make", "buy", "move")}
    key = ["product", "source", "location"]
    lane = lanes[["lane", *key]].astype(object)
    moved = by["move"].astype(dict.fromkeys(key, object)).merge(lane, on=key, how="left")

    def decided(rows: pd.DataFrame, key: str, name: str) -> pd.DataFrame:
        return pd.DataFrame({name: rows[key], "period": rows["period"], "qty": rows["planned_qty"]})

    shipped = plan["shipment_plan"]
    streams = _markets(instance)[["demand", "item", "market"]].rename(columns={"item": "product"})
    shipped = shipped.merge(streams, on=["product", "market"]).assign(period=_period(shipped["period"]))
    used = plan["capacity_use"].assign(period=_period(plan["capacity_use"]["period"]))
    stock = plan["projected_inventory"]
    stock = stock.assign(period=_period(stock["period"]))
    volume = instance["item_volume"].set_index("item")["volume"].astype(float)
    filled = stock.assign(filled=stock["closing_qty"] * stock["product"].map(volume).fillna(1.0))
    filled = filled.groupby(["location", "period"], as_index=False)["filled"].sum()
    most = filled["location"].map(instance["storage"].set_index("site")["max_volume"].astype(float))
    over = (filled["filled"] - most).clip(lower=0.0).fillna(0.0)

    def of_demand(column: str) -> pd.DataFrame:
        return pd.DataFrame(
            {"demand": shipped["demand"], "period": shipped["period"], "qty": shipped[column]}
        )

    def of_resource(column: str) -> pd.DataFrame:
        rows = used[(used[column] > 0) & (used["resource"] != FREE)]
        return pd.DataFrame({"resource": rows["resource"], "period": rows["period"], "hours": rows[column]})

    return {
        "production": decided(by["make"], "source", "recipe"),
        "purchase": decided(by["buy"], "source", "source"),
        "transport": decided(moved, "lane", "lane"),
        "inventory": pd.DataFrame(
            {"item": stock["product"], "site": stock["location"], "period": stock["period"],
             "qty": stock["closing_qty"]}
        ),
        "shipments": of_demand("shipped_qty"),
        "backlog": of_demand("backlog_qty"),
        "lost": of_demand("lost_qty"),
        "overtime": of_resource("overtime_hours"),
        "capacity_over": of_resource("overload_hours"),
        "storage_over": pd.DataFrame({"site": filled["location"], "period": filled["period"], "qty": over}),
    }  # fmt: skip
