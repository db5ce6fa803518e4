"""Volume and mix: families share the hours by a coarse plan, plan their products, and components follow.

1. *Volume.* Products of one family that run on the same resources are one product, four periods one
   bucket, components are bought at their cost. This plan says which family has which hours.
2. *Mix.* Each family is planned in full detail within its hours; components come at their cost.
3. *Components.* They are planned for what the families use. Where they cannot be there in time, the
   families that use them are planned again with what there is of them, and components once more.

Every plan is one of the workbench's own, on a part of the tables. A family's volume in the end is
that of its hours in the volume plan.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.instance import DAYS
from benchmarks.tables import START, declared, months
from sopwb.schema import load_schema

__all__ = ["Parts", "component_tables", "family_tables", "hours_by_family", "parts_of", "volume_tables"]

Tables = dict[str, pd.DataFrame]
WEEKS = 4
MARKET = "component market"
LATE_RATE_PER_DAY = 1.0


class Parts:
    """What the steps share: families of what is sold, and the cost of what is used."""

    def __init__(self, tables: Tables) -> None:
        sold = set(tables["demand_plan"]["product"])
        family = tables["product"].set_index("product")["family"]
        self.family = family[family.index.isin(sold)]
        self.demand = tables["demand_plan"].groupby("product")["consensus_qty"].sum()
        self.cost = component_cost(tables)
        first = tables["routing"][tables["routing"]["product"].isin(sold)]
        ways = first.assign(way=first["location"] + " " + first["resource"])
        signature = ways.groupby("product")["way"].agg(lambda some: "|".join(sorted(set(some))))
        group = self.family + ": " + signature.reindex(self.family.index).fillna("not made")
        self.group = pd.Series(
            [f"group {code:05d}" for code in pd.factorize(group, sort=True)[0]], index=self.family.index
        )


def parts_of(tables: Tables) -> Parts:
    """Families and costs of an instance's tables."""
    return Parts(tables)


def component_cost(tables: Tables) -> pd.Series:
    """Variable cost of one unit of every product: the cheapest purchase, or its cheapest recipe."""
    cost = tables["purchase_term"].groupby("product")["price_per_unit"].min()
    key = ["product", "location", "recipe"]
    own = tables["recipe"].set_index(key)["cost_per_unit"]
    good = tables["routing"].groupby(key)["yield_rate"].prod()
    bill = tables["bill_of_material"]
    for _ in range(10):
        value = bill.assign(value=bill["qty_per_unit"] * bill["component"].map(cost).fillna(0.0))
        needs = value.groupby(["product", "recipe"])["value"].sum()
        index = good.index
        pairs = pd.MultiIndex.from_arrays([index.get_level_values(0), index.get_level_values(2)])
        unit = own.reindex(index).fillna(0.0).to_numpy() + needs.reindex(pairs).fillna(0.0).to_numpy()
        made = pd.Series(unit / good.to_numpy(), index=index.get_level_values(0)).groupby(level=0).min()
        cost = made.combine_first(cost)
    return cost


def _mean(rows: pd.DataFrame, key: list[str], columns: list[str], weight: pd.Series) -> pd.DataFrame:
    """Weighted mean of columns by key."""
    scaled = (
        rows[columns]
        .mul(weight.to_numpy(float), axis=0)
        .assign(weight=weight.to_numpy(float), **{name: rows[name] for name in key})
    )
    total = scaled.groupby(key)[[*columns, "weight"]].sum()
    return total[columns].div(total["weight"], axis=0).reset_index()


def volume_tables(tables: Tables, parts: Parts, periods: int) -> Tables:
    """Tables of the volume plan: groups of products, buckets of four periods, no components."""
    group, count = parts.group, -(-periods // WEEKS)
    weight = parts.demand.clip(lower=1e-6)

    def of(name: str) -> pd.DataFrame:
        rows = tables[name]
        rows = rows[rows["product"].isin(group.index)]
        return rows.assign(weight=rows["product"].map(weight), product=rows["product"].map(group))

    plan, price, routing = of("demand_plan"), of("shortage_price"), of("routing")
    plan = plan.assign(value=plan["consensus_qty"] * plan["net_price_per_unit"])
    plan = plan.groupby(["product", "market", "period"], as_index=False)[["consensus_qty", "value"]].sum()
    plan["net_price_per_unit"] = (
        plan["value"] / plan["consensus_qty"].where(plan["consensus_qty"] > 0)
    ).fillna(0)
    terms = tables["recipe"].set_index(["product", "location", "recipe"])["cost_per_unit"]
    original = tables["routing"].loc[routing.index, ["product", "location", "recipe"]]
    bill = tables["bill_of_material"]
    bill = bill.assign(value=bill["qty_per_unit"] * bill["component"].map(parts.cost).fillna(0.0))
    needs = bill.groupby(["product", "recipe"])["value"].sum()
    own = terms.reindex(pd.MultiIndex.from_frame(original)).fillna(0.0).to_numpy()
    used = needs.reindex(pd.MultiIndex.from_frame(original[["product", "recipe"]])).fillna(0.0).to_numpy()
    routing = routing.assign(cost_per_unit=own + used, recipe=routing["resource"])
    way = ["product", "location", "recipe", "resource"]
    ways = _mean(
        routing,
        way,
        ["run_hours_per_unit", "yield_rate", "lead_time_days", "cost_per_unit"],
        routing["weight"],
    )
    last = months(count, DAYS * WEEKS)
    horizon_end = START + pd.Timedelta(days=DAYS * periods - 1)
    last["end_date"] = last["end_date"].clip(upper=horizon_end)
    last["days"] = last["working_days"] = (last["end_date"] - last["period"]).dt.days + 1
    target = of("inventory_target")
    ends = last["end_date"] - pd.Timedelta(days=DAYS - 1)
    target = target[target["period"].isin(ends)]
    node = ["product", "location"]
    target = target.groupby([*node, "period"], as_index=False)["safety_stock_qty"].sum()
    lanes, kept = of("lane_product"), of("product_location")
    lane = ["from_location", "to_location", "product"]
    lanes = lanes.assign(lead_time_days=lanes["lead_time_days"].astype(float))
    lanes = (
        _mean(lanes, lane, ["lead_time_days", "cost_per_unit"], lanes["weight"])
        if len(lanes)
        else lanes[lane]
    )
    charges = ["holding_cost_per_unit_day", "safety_stock_price_per_unit_day"]
    names = pd.DataFrame({"product": sorted(group.unique())})
    stock = of("stock_on_hand").groupby([*node, "snapshot_date"], as_index=False)["on_hand_qty"].sum()
    frames = {
        "period": last, "demand_plan": plan.drop(columns="value"),
        "shortage_price": _mean(
            price, ["product", "market"], ["lost_price_per_unit", "late_price_per_unit_day"], price["weight"]
        ),
        "routing": ways.drop(columns="cost_per_unit").assign(
            operation=0, lead_time_days=ways["lead_time_days"].round().astype(int)
        ),
        "recipe": ways[["product", "location", "recipe", "cost_per_unit"]],
        "inventory_target": target, "stock_on_hand": stock,
        "product_location": _mean(kept, node, charges, kept["weight"]),
        "lane_product": lanes.assign(lead_time_days=lanes["lead_time_days"].round().astype(int))
        if "lead_time_days" in lanes else lanes,
        "product": names.assign(family="all", product_type="finished"),
        "product_cost": names.assign(basis="roll_up"),
    }  # fmt: skip
    made = declared(frames, load_schema())
    same = ("market", "location", "resource", "resource_calendar", "lane")
    return {**made, **{name: tables[name] for name in same}}


def hours_by_family(parts: Parts, used: pd.DataFrame) -> pd.DataFrame:
    """Share of each family in the hours of each resource and coarse bucket.

    Parameters
    ----------
    used
        ``group``, ``resource``, ``bucket`` and ``hours`` of the volume plan.
    """
    family = pd.Series(parts.family.to_numpy(), index=parts.group.to_numpy())
    family = family[~family.index.duplicated()]
    rows = used.assign(family=used["group"].map(family))
    hours = rows.groupby(["family", "resource", "bucket"])["hours"].sum().unstack(fill_value=0.0)
    mean = hours.mean(axis=1).to_numpy()[:, None]
    # a little of the family's usual share stays in every bucket, so that none is without hours
    blended = hours + 0.02 * mean
    total = blended.groupby(level="resource").transform("sum")
    return (blended / total.where(total > 0)).fillna(0.0)


def family_tables(
    tables: Tables, parts: Parts, family: str, share: pd.DataFrame, limits: pd.DataFrame
) -> Tables:
    """Tables of one family with its share of the hours; components are bought at their cost.

    Parameters
    ----------
    share
        Share of the family by resource and coarse bucket.
    limits
        ``component``, ``location``, ``period`` and ``limit_qty`` of components that are short for it.
    """
    own = parts.family.index[parts.family == family]
    cut = {
        name: rows[rows["product"].isin(own)]
        for name, rows in tables.items()
        if "product" in rows and name not in {"purchase_term", "unit_conversion"}
    }
    places = cut["routing"][["product", "location", "recipe"]].drop_duplicates()
    used = places.merge(cut["bill_of_material"], on=["product", "recipe"])[["component", "location"]]
    used = used.drop_duplicates()
    short = limits[["component", "location"]].drop_duplicates()
    most = limits.groupby(["component", "location"])["limit_qty"].max().rename("most").reset_index()
    used = used.merge(most, how="left", on=["component", "location"])
    supplier = np.where(used["most"].notna(), used["component"] + " at " + used["location"], MARKET)
    schema = load_schema()
    terms = pd.DataFrame(
        {
            "product": used["component"], "supplier": supplier, "location": used["location"],
            "price_per_unit": used["component"].map(parts.cost).fillna(0.0), "currency": "EUR",
            "capacity_qty_per_month": used["most"] * (365.25 / 12) / DAYS,
        }
    )  # fmt: skip
    spans = limits.merge(short).merge(most).query("most > 0")
    calendar = pd.DataFrame(
        {
            "supplier": spans["component"] + " at " + spans["location"], "start_date": spans["period"],
            "end_date": spans["period"] + pd.Timedelta(days=DAYS - 1),
            "capacity_rate": spans["limit_qty"] / spans["most"],
        }
    )  # fmt: skip
    bought = declared({"purchase_term": terms, "supplier_calendar": calendar}, schema)
    days = tables["resource_calendar"]
    coarse = (days["start_date"] - START).dt.days // (DAYS * WEEKS)
    part = share.stack().rename("part").reset_index()
    part.columns = ["resource", "bucket", "part"]
    rate = days.assign(bucket=coarse).merge(part, how="left", on=["resource", "bucket"])["part"].fillna(0.0)
    days = days.assign(
        capacity_rate=days["capacity_rate"] * rate.to_numpy(),
        overtime_rate=days["overtime_rate"] * rate.to_numpy(),
    )
    runs = tables["resource"]["resource"].isin(cut["routing"]["resource"])
    free = tables["location"].assign(storage_pallets=np.nan)
    return {
        **tables, **cut, "purchase_term": bought["purchase_term"],
        "supplier_calendar": bought["supplier_calendar"], "resource_calendar": days,
        "resource": tables["resource"][runs], "location": free,
    }  # fmt: skip


def component_tables(tables: Tables, parts: Parts, used: pd.DataFrame, hours: pd.DataFrame) -> Tables:
    """Tables of everything below what is sold; what the families use is wanted where they use it.

    Parameters
    ----------
    used
        ``component``, ``location``, ``period`` and ``used_qty``.
    hours
        ``resource``, ``period`` and ``required_hours`` that the families take.
    """
    sold = parts.family.index
    cut = {
        name: rows[~rows["product"].isin(sold)]
        for name, rows in tables.items()
        if "product" in rows and name not in {"demand_plan", "shortage_price"}
    }
    market = "use at " + used["location"]
    price = used.assign(market=market).drop_duplicates(["component", "market"])
    frames = {
        "demand_plan": pd.DataFrame(
            {"product": used["component"], "market": market, "period": used["period"],
             "consensus_qty": used["used_qty"]}
        ),
        "market": pd.DataFrame({"market": market, "location": used["location"]}).drop_duplicates(),
        "shortage_price": pd.DataFrame(
            {"product": price["component"], "market": price["market"], "lost_price_per_unit": 1e5,
             "late_price_per_unit_day": LATE_RATE_PER_DAY * price["component"].map(parts.cost).fillna(1.0)}
        ),
    }  # fmt: skip
    made = declared(frames, load_schema())
    days = tables["resource_calendar"].merge(
        hours, how="left", left_on=["resource", "start_date"], right_on=["resource", "period"]
    )
    usual = days["resource"].map(tables["resource"].set_index("resource")["hours_per_day"]) * DAYS
    taken = (days["required_hours"].fillna(0.0) / usual.where(usual > 0)).fillna(0.0)
    left = tables["resource_calendar"].assign(
        capacity_rate=(tables["resource_calendar"]["capacity_rate"] - taken.to_numpy()).clip(lower=0.0)
    )
    runs = tables["resource"]["resource"].isin(cut["routing"]["resource"])
    free = tables["location"].assign(storage_pallets=np.nan)
    wanted = {name: made[name] for name in frames}
    return {
        **tables,
        **cut,
        **wanted,
        "resource_calendar": left,
        "resource": tables["resource"][runs],
        "location": free,
    }
