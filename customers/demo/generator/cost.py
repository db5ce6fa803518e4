"""Standard cost of everything made, rolled up from recipes, lines and purchase prices."""

from __future__ import annotations

import pandas as pd


def roll_up(
    bom: pd.DataFrame, routes: pd.DataFrame, rates: pd.DataFrame, bought: pd.DataFrame
) -> pd.DataFrame:
    """Material of the own level, conversion of the own level and standard cost of each product.

    material = sum of qty / (1 - scrap) x cost of the component, conversion = (run + set-up / lot) x cost of
    the hour, both over the yield, by the main recipe. `own_conversion` is that of this level alone.
    """
    per_hour = rates.groupby("resource")["rate_per_hour"].sum()
    main = routes[routes["recipe"] == "main"].set_index("product")
    hours = (main["run_hours_per_unit"] + main["setup_hours_per_lot"] / main["lot_qty"]) / main["yield_rate"]
    conversion = hours * main["resource"].map(per_hour)
    cost = bought.set_index("product")["cost_per_unit"].astype(float)
    lines = bom[bom["recipe"] == "main"]
    for level in (lines["product"].str.startswith("syrup"), ~lines["product"].str.startswith("syrup")):
        rows = lines[level]
        used = rows["qty_per_unit"] / (1 - rows["scrap_rate"]) * rows["component"].map(cost)
        material = used.groupby(rows["product"]).sum() / main["yield_rate"].reindex(
            sorted(rows["product"].unique())
        )
        cost = pd.concat([cost, material + conversion.reindex(material.index)])
    table = cost.rename("standard_cost").rename_axis("product").reset_index()
    table["own_conversion"] = table["product"].map(conversion).fillna(0.0)
    return table
