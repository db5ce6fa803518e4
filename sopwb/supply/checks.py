"""What must hold of a supply plan, recomputed from its tables: each check gives the rows that do not hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, plan_check

__all__ = [
    "capacity_is_kept",
    "components_follow_the_bill_of_material",
    "demand_is_shipped_open_or_lost",
    "demand_plan_is_planned",
    "hard_limits_are_kept",
    "hours_follow_the_routing",
    "shipments_leave_stock",
]

TOLERANCE = 1e-6
"""Part of the largest quantity of a thing by which two sums may differ, as they do by rounding."""
STREAM = ["product", "market"]
NODE = ["product", "location"]
RECIPE = [*NODE, "recipe"]
OWN_OPTIONS = ("make", "buy", "move")


def _off(rows: pd.DataFrame, left: str, right: str, by: list[str]) -> pd.Series[bool]:
    """Where two columns differ by more than rounding, measured by the largest number of the same thing."""
    size = rows[[left, right]].abs().max(axis=1)
    largest = size.groupby([rows[name] for name in by]).transform("max").clip(lower=1.0)
    return ~((rows[left] - rows[right]).abs() <= TOLERANCE * largest)


def _side_by_side(left: pd.Series[Any], right: pd.Series[Any], key: list[str]) -> pd.DataFrame:
    """Two sums by the same key in one table, zero where one has no row."""
    both = pd.concat([left, right], axis=1).fillna(0.0)
    return both.rename_axis(index=key).sort_index().reset_index()


def _sum(rows: pd.DataFrame, column: str, key: list[str], name: str) -> pd.Series[Any]:
    return rows.groupby(key, sort=True)[column].sum().rename(name)


@plan_check("demand_is_shipped_open_or_lost", area="supply")
def demand_is_shipped_open_or_lost(tables: Tables, model: Model) -> pd.DataFrame:
    """Rows in which demand and what waited before are not what is shipped, waits on or is lost."""
    rows = tables["shipment_plan"].sort_values([*STREAM, "period"], ignore_index=True)
    before = rows.groupby(STREAM)["backlog_qty"].shift(fill_value=0.0)
    wanted = rows["demand_qty"] + before
    served = rows["shipped_qty"] + rows["backlog_qty"] + rows["lost_qty"]
    told = rows[[*STREAM, "period"]].assign(wanted_qty=wanted, served_qty=served)
    below = rows[["shipped_qty", "backlog_qty", "lost_qty"]].min(axis=1) < -TOLERANCE * wanted.clip(lower=1.0)
    return told[_off(told, "wanted_qty", "served_qty", STREAM) | below].reset_index(drop=True)


@plan_check("demand_plan_is_planned", area="supply")
def demand_plan_is_planned(tables: Tables, model: Model) -> pd.DataFrame:
    """Demand of the demand plan that the supply plan does not know, or knows otherwise."""
    key = [*STREAM, "period"]
    agreed = _sum(tables["demand_plan"], "consensus_qty", key, "agreed_qty")
    planned = _sum(tables["shipment_plan"], "demand_qty", key, "planned_qty")
    both = _side_by_side(agreed, planned, key)
    return both[_off(both, "agreed_qty", "planned_qty", STREAM)].reset_index(drop=True)


@plan_check("shipments_leave_stock", area="supply")
def shipments_leave_stock(tables: Tables, model: Model) -> pd.DataFrame:
    """Products, locations and periods in which markets get another quantity than leaves stock for them."""
    key = [*NODE, "period"]
    moved = tables["stock_movement"]
    left = -_sum(moved[moved["movement"] == "shipped"], "moved_qty", key, "left_qty")
    shipped = _sum(tables["shipment_plan"], "shipped_qty", key, "shipped_qty")
    both = _side_by_side(left, shipped, key)
    return both[_off(both, "left_qty", "shipped_qty", NODE)].reset_index(drop=True)


@plan_check("hard_limits_are_kept", area="supply")
def hard_limits_are_kept(tables: Tables, model: Model) -> pd.DataFrame:
    """Hard limits that the plan breaks, as no plan keeps them all."""
    broken = tables["broken_limit"]
    return broken[broken["is_hard"]].drop(columns="is_hard").reset_index(drop=True)


def _made(tables: Tables) -> pd.DataFrame:
    """What is started of each recipe in each period."""
    plan = tables["supply_plan"]
    made = plan.loc[plan["option"] == "make", [*NODE, "source", "period", "planned_qty"]]
    return made.rename(columns={"source": "recipe"})


def _valid_share(rows: pd.DataFrame, period: pd.DataFrame) -> pd.Series[Any]:
    """Share of the days of its period on which a row of a bill of material holds."""
    ends = rows["period"].map(period.set_index("period")["end_date"])
    last = np.minimum(rows["valid_to"].fillna(ends), ends)
    first = np.maximum(rows["valid_from"], rows["period"])
    whole: pd.Series[Any] = (ends - rows["period"]).dt.days + 1
    valid: pd.Series[Any] = ((last - first).dt.days + 1).clip(lower=0)
    return valid / whole


def _has_own_option(tables: Tables) -> bool:
    """Whether stock comes by options of the customer too, which use hours and components as they say."""
    return not tables["supply_plan"]["option"].isin(OWN_OPTIONS).all()


@plan_check("components_follow_the_bill_of_material", area="supply")
def components_follow_the_bill_of_material(tables: Tables, model: Model) -> pd.DataFrame:
    """Components of which another quantity is used than the recipes that are made ask for.

    Where the customer adds supply options of their own, these may use more.
    """
    key = [*NODE, "period"]
    rows = _made(tables).merge(
        tables["bill_of_material"], on=["product", "recipe"], how="inner", validate="many_to_many"
    )
    gross = rows["qty_per_unit"] / (1.0 - rows["scrap_rate"]) * _valid_share(rows, tables["period"])
    rows = rows.assign(product=rows["component"], need_qty=rows["planned_qty"] * gross)
    needed = _sum(rows, "need_qty", key, "needed_qty")
    moved = tables["stock_movement"]
    used = -_sum(moved[moved["movement"] == "consumed"], "moved_qty", key, "used_qty")
    both = _side_by_side(needed, used, key)
    wrong = _off(both, "needed_qty", "used_qty", NODE)
    if _has_own_option(tables):
        wrong &= both["used_qty"] < both["needed_qty"]
    return both[wrong].reset_index(drop=True)


@plan_check("hours_follow_the_routing", area="supply")
def hours_follow_the_routing(tables: Tables, model: Model) -> pd.DataFrame:
    """Resources and periods whose hours are not those of what is made and set up.

    A set-up is spread over the usual lot, or counted where it is planned by itself.

    Where the customer adds supply options of their own, these may need more.
    """
    key = ["resource", "period"]
    routing = tables["routing"]
    rule = routing["resource"].map(tables["resource"].set_index("resource")["setup_rule"])
    spread = routing["setup_hours_per_lot"] / routing["lot_qty"] * rule.fillna("spread").eq("spread")
    hours = routing["run_hours_per_unit"] + spread
    steps = routing[[*RECIPE, "resource"]].assign(unit_hours=hours)
    rows = _made(tables).merge(steps, on=RECIPE, how="left", validate="many_to_many")
    rows["run_hours"] = rows["planned_qty"] * rows["unit_hours"]
    decided = tables["supply_decision"].rename(columns={"subject": "resource", "decided_hours": "run_hours"})
    rows = pd.concat([rows[[*key, "run_hours"]], decided.loc[decided["run_hours"] > 0, [*key, "run_hours"]]])
    made = _sum(rows, "run_hours", key, "made_hours")
    required = _sum(tables["capacity_use"], "required_hours", key, "required_hours")
    both = _side_by_side(made, required, key)
    wrong = _off(both, "made_hours", "required_hours", ["resource"])
    if _has_own_option(tables):
        wrong &= both["required_hours"] < both["made_hours"]
    return both[wrong].reset_index(drop=True)


@plan_check("capacity_is_kept", area="supply")
def capacity_is_kept(tables: Tables, model: Model) -> pd.DataFrame:
    """Resources and periods that need more hours than there are; declared overload is a warning."""
    rows = tables["capacity_use"]
    there = rows["capacity_hours"] + rows["overtime_hours"] + rows["overload_hours"]
    told = rows[["resource", "period", "required_hours"]].assign(available_hours=there)
    over = _off(told, "required_hours", "available_hours", ["resource"]) & (rows["required_hours"] > there)
    told = told.assign(overload_hours=rows["overload_hours"], severity=np.where(over, "fail", "warn"))
    return told[over | (rows["overload_hours"] > TOLERANCE)].reset_index(drop=True)
