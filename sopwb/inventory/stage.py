"""Doors of the room: stock targets before the supply plan, projection and health after it."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Parts, Tables
from sopwb.inventory.classes import product_class
from sopwb.inventory.health import inventory_health
from sopwb.inventory.projection import projected_inventory
from sopwb.inventory.requirement import requirement
from sopwb.inventory.targets import inventory_target, policy

__all__ = ["inventory_targets", "projection"]

BUCKET_DAYS = {"week": 7.0, "month": 365.25 / 12}


def inventory_targets(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """How much stock is wanted of each product at each location, bucket by bucket.

    Writes ``inventory_target`` and ``product_class``.
    """
    del parts
    need = requirement(
        tables["demand_plan"],
        tables["market"],
        tables["routing"],
        tables["bill_of_material"],
        tables["product_location"],
        tables["period"],
    )
    sources = (tables["routing"], tables["purchase_term"], tables["lane"])
    classes = product_class(
        tables["product"],
        tables["demand_plan"],
        tables["forecastability"],
        tables["stock_on_hand"],
        tables["product_cost"],
        model.inventory,
    )
    wanted = policy(need, tables["product"], tables["product_location"], classes, sources, model.inventory)
    target = inventory_target(
        need,
        wanted,
        tables["forecast_error"],
        tables["product_cost"],
        tables["period"],
        BUCKET_DAYS[model.calendar.history_bucket],
        model.inventory,
    )
    return {"inventory_target": target, "product_class": classes}


def projection(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """What the supply plan makes of the stock, and what today's stock is for.

    Writes ``projected_inventory`` and ``inventory_health``.
    """
    del model, parts
    projected = projected_inventory(
        tables["stock_movement"],
        tables["stock_on_hand"],
        tables["inventory_target"],
        tables["product_cost"],
        tables["period"],
    )
    health = inventory_health(
        projected,
        tables["stock_on_hand"],
        tables["inventory_target"],
        tables["product_cost"],
        tables["period"],
    )
    return {"projected_inventory": projected, "inventory_health": health}
