"""The steps of volume and mix in their order, and the whole plan put together from their plans."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.instance import DAYS, Instance
from benchmarks.volume_mix import (
    Parts,
    component_tables,
    family_tables,
    hours_by_family,
    parts_of,
    volume_tables,
)

__all__ = ["cost_of", "volume_and_mix"]

Tables = dict[str, pd.DataFrame]
Plan = Callable[[Tables], Any]
PlanEach = Callable[[Iterable[Tables]], Iterable[Tables]]
LEAST = 1e-7
MARGIN = 1e-7
NO_LIMITS = pd.DataFrame(
    {"component": [], "location": [], "period": pd.to_datetime([]), "limit_qty": []}
).astype({"component": object, "location": object, "limit_qty": float})


def _volume_hours(planned: Any) -> pd.DataFrame:
    """Hours of each group on each resource in each coarse bucket."""
    option = planned.data.options["make"]
    count = planned.data.buckets.count
    made = planned.solution.values[planned.program.blocks["option.make"]]  # noqa: PD011 - no frame
    taken = option.hours.tocoo()
    row, column = taken.coords
    resources = planned.data.network.resources["resource"].to_numpy(object)
    return pd.DataFrame(
        {
            "group": option.keys["product"].to_numpy(object)[column // count],
            "resource": resources[row // count],
            "bucket": row % count,
            "hours": taken.data * made[column],
        }
    )


def _used(plan: Tables, tables: Tables, sold: pd.Index) -> pd.DataFrame:
    """What families use of each component at each location and bucket."""
    made = plan["supply_plan"].query("option == 'make'")
    made = made[made["product"].isin(sold)].rename(columns={"source": "recipe"})
    rows = made.merge(tables["bill_of_material"], on=["product", "recipe"])
    rows = rows.assign(used_qty=rows["planned_qty"] * rows["qty_per_unit"])
    return rows.groupby(["component", "location", "period"], as_index=False)["used_qty"].sum()


def _mixed(tables: Tables, parts: Parts, share: pd.DataFrame, plan_each: PlanEach, names: list[str],
           limits: dict[str, pd.DataFrame]) -> dict[str, Tables]:  # fmt: skip
    """Detailed plan of each family."""
    known = set(share.index.get_level_values(0))
    own = {name: share.loc[name] if name in known else share.iloc[:0].droplevel(0) for name in names}
    of = (family_tables(tables, parts, name, own[name], limits.get(name, NO_LIMITS)) for name in names)
    return dict(zip(names, plan_each(of), strict=True))


def _limits(used: dict[str, pd.DataFrame], components: Tables) -> dict[str, pd.DataFrame]:
    """What each family may use of components that come too late, by its share of what all want."""
    shipped = components["shipment_plan"].rename(columns={"product": "component"})
    short = shipped.groupby(["component", "location"])[["backlog_qty", "lost_qty"]].sum().sum(axis=1)
    keys = short.index[short > LEAST]
    there = shipped.set_index(["component", "location"]).sort_index()
    there = there[there.index.isin(keys)].reset_index()[["component", "location", "period", "shipped_qty"]]
    whole = pd.concat(used.values()).groupby(["component", "location"])["used_qty"].sum()
    limits = {}
    for name, rows in used.items():
        part = rows.groupby(["component", "location"])["used_qty"].sum()
        part = (part / whole.reindex(part.index)).rename("part")
        own = there.merge(part.reset_index(), on=["component", "location"])
        if len(own):
            # a hair less than there is, so that what is planned with it can be had
            own = own.assign(limit_qty=own["shipped_qty"] * own["part"] * (1 - MARGIN))
            limits[name] = own[["component", "location", "period", "limit_qty"]]
    return limits


def _hours(plans: list[Tables]) -> pd.DataFrame:
    used = pd.concat([plan["capacity_use"] for plan in plans])
    return used.groupby(["resource", "period"], as_index=False)["required_hours"].sum()


def _together(tables: Tables, parts: Parts, mix: dict[str, Tables], components: Tables) -> Tables:
    """One plan of all: families with what they sell, and components with how they come."""
    sold = parts.family.index
    supply = pd.concat([plan["supply_plan"] for plan in mix.values()])
    supply = supply[supply["product"].isin(sold)]
    stock = pd.concat([plan["projected_inventory"] for plan in mix.values()])
    stock = stock[stock["product"].isin(sold)]
    below = components["projected_inventory"]
    hours = _hours([*mix.values(), components])
    days = tables["resource_calendar"].merge(tables["resource"], on="resource")
    there = pd.DataFrame(
        {
            "resource": days["resource"], "period": days["start_date"],
            "regular": days["hours_per_day"] * DAYS * days["capacity_rate"],
            "more": days["overtime_hours_per_day"] * DAYS * days["overtime_rate"],
        }
    )  # fmt: skip
    hours = there.merge(hours, how="left", on=["resource", "period"]).fillna({"required_hours": 0.0})
    beyond = (hours["required_hours"] - hours["regular"]).clip(lower=0.0)
    overtime = np.minimum(beyond, hours["more"])
    return {
        "supply_plan": pd.concat([supply, components["supply_plan"]], ignore_index=True),
        "projected_inventory": pd.concat([stock, below], ignore_index=True),
        "shipment_plan": pd.concat([plan["shipment_plan"] for plan in mix.values()], ignore_index=True),
        "capacity_use": hours.assign(overtime_hours=overtime, overload_hours=beyond - overtime),
    }


def volume_and_mix(
    instance: Instance, tables: Tables, plan: Plan, plan_each: PlanEach
) -> tuple[Tables, dict[str, float]]:
    """A plan of every product from the volume of the families, and how much of each step there was.

    Parameters
    ----------
    plan
        Plans tables; its result has ``plan()``, ``data``, ``program`` and ``solution``.
    plan_each
        Plans many tables that have nothing to do with each other; what ``plan()`` gives of each, in order.

    Raises
    ------
    RuntimeError
        Components cannot be there in time for what the families make of them.
    """
    parts = parts_of(tables)
    volume = plan(volume_tables(tables, parts, instance.periods))
    share = hours_by_family(parts, _volume_hours(volume))
    names = sorted(parts.family.unique())
    mix = _mixed(tables, parts, share, plan_each, names, {})
    limits: dict[str, pd.DataFrame] = {}
    for _ in range(4):
        used = {name: _used(one, tables, parts.family.index) for name, one in mix.items()}
        whole = (
            pd.concat(used.values())
            .groupby(["component", "location", "period"], as_index=False)["used_qty"]
            .sum()
        )
        components = plan(component_tables(tables, parts, whole, _hours(list(mix.values())))).plan()
        found = _limits(used, components)
        if not found:
            told = {"families": len(names), "groups": parts.group.nunique(), "planned_again": len(limits)}
            return _together(tables, parts, mix, components), told
        for name, rows in found.items():
            old = limits.get(name, NO_LIMITS)
            key = ["component", "location", "period"]
            both = pd.concat([part for part in (old, rows) if len(part)])
            limits[name] = both.drop_duplicates(key, keep="last")
        mix |= _mixed(tables, parts, share, plan_each, sorted(found), limits)
    raise RuntimeError("components are not there in time for what the families make of them")


def cost_of(instance: Instance, plan: Tables) -> float:
    """Cost less revenue of a plan, from its tables in the names of the instance."""

    def worth(name: str, key: str, table: str, column: str, amount: str = "qty") -> float:
        price = instance.column(table, column).to_numpy()
        value = pd.Series(price, index=instance[table][key].to_numpy(object))
        return float((plan[name][amount] * plan[name][key].map(value[~value.index.duplicated()])).sum())

    node = ["item", "site"]
    sites = instance["item_site"].assign(
        holding=instance.column("item_site", "holding_cost"),
        charge=instance.column("item_site", "ss_penalty"),
        wanted=instance.column("item_site", "safety_stock"),
    )  # fmt: skip
    stock = plan["inventory"].merge(sites[[*node, "holding", "charge", "wanted"]], on=node)
    if len(instance["safety_stock"]):
        told = instance["safety_stock"].rename(columns={"qty": "told"})
        stock = stock.merge(told, how="left", on=[*node, "period"])
        stock = stock.assign(wanted=stock["told"].fillna(0.0))
    short = (stock["wanted"] - stock["qty"]).clip(lower=0.0)
    end = plan["backlog"][plan["backlog"]["period"] == instance.periods - 1]
    lost = instance["demand"].set_index("demand")["lost_cost"].astype(float)
    return (
        worth("production", "recipe", "recipes", "unit_cost")
        + worth("purchase", "source", "purchase", "unit_cost")
        + worth("transport", "lane", "lanes", "unit_cost")
        + worth("overtime", "resource", "capacity", "overtime_cost", "hours")
        + worth("backlog", "demand", "demand", "backlog_cost")
        + worth("lost", "demand", "demand", "lost_cost")
        + worth("storage_over", "site", "storage", "over_cost")
        - worth("shipments", "demand", "demand", "price")
        + float((stock["qty"] * stock["holding"] + short * stock["charge"]).sum())
        + float((end["qty"] * end["demand"].map(lost)).sum())
        + 10.0 * float(lost.max()) * float(plan["capacity_over"]["hours"].sum())
    )
