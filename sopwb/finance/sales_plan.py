"""Revenue and standard cost of what is shipped, and of what is asked for."""

from __future__ import annotations

import pandas as pd

__all__ = ["fiscal", "margin_plan", "net_price", "pallets", "unconstrained_plan"]

KEY = ["product", "market"]


def fiscal(rows: pd.DataFrame, period: pd.DataFrame) -> pd.DataFrame:
    """Rows of planning buckets, their `period` replaced by the fiscal month it lies in."""
    month = period.set_index("period")["fiscal_period"]
    return rows.assign(period=rows["period"].map(month))


def net_price(demand_plan: pd.DataFrame) -> pd.DataFrame:
    """Net price of each product, market and bucket; where one is missing, the mean of product and market."""
    price = demand_plan[[*KEY, "period", "net_price_per_unit"]]
    mean = price.groupby(KEY)["net_price_per_unit"].transform("mean")
    return price.assign(net_price_per_unit=price["net_price_per_unit"].fillna(mean))


def margin_plan(
    shipment_plan: pd.DataFrame, demand_plan: pd.DataFrame, product_cost: pd.DataFrame, period: pd.DataFrame
) -> pd.DataFrame:
    """Revenue and margin of what is shipped by product, market and fiscal month; table ``margin_plan``.

    revenue = shipped quantity x net price of its bucket; standard cost at the standard of the plan.
    """
    shipped = shipment_plan[[*KEY, "period", "shipped_qty"]]
    return _valued(shipped, demand_plan, product_cost, period)


def unconstrained_plan(
    demand_plan: pd.DataFrame, product_cost: pd.DataFrame, period: pd.DataFrame
) -> pd.DataFrame:
    """Revenue and margin if all demand were shipped in its own bucket, in the shape of ``margin_plan``."""
    wanted = demand_plan[[*KEY, "period", "consensus_qty"]].rename(columns={"consensus_qty": "shipped_qty"})
    return _valued(wanted, demand_plan, product_cost, period)


def _valued(
    volume: pd.DataFrame, demand_plan: pd.DataFrame, product_cost: pd.DataFrame, period: pd.DataFrame
) -> pd.DataFrame:
    rows = volume.merge(net_price(demand_plan), on=[*KEY, "period"], how="left", validate="1:1")
    cost = product_cost.set_index("product")["standard_cost_per_unit"]
    rows["revenue_value"] = (rows["shipped_qty"] * rows["net_price_per_unit"]).fillna(0.0)
    rows["standard_cost_value"] = (rows["shipped_qty"] * rows["product"].map(cost)).fillna(0.0)
    values = ["shipped_qty", "revenue_value", "standard_cost_value"]
    months = fiscal(rows, period).groupby([*KEY, "period"], sort=True)[values].sum().reset_index()
    return months.assign(margin_value=months["revenue_value"] - months["standard_cost_value"])


def pallets(volume: pd.DataFrame, unit_conversion: pd.DataFrame) -> pd.Series[float]:
    """Pallets shipped in each fiscal month; products without pallet conversion take no place."""
    unit = unit_conversion[unit_conversion["unit"] == "pallet"].set_index("product")["qty_per_unit"]
    count = (volume["shipped_qty"] / volume["product"].map(unit)).fillna(0.0)
    return count.groupby(volume["period"]).sum().astype(float)
