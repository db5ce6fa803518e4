"""Production and purchases in money: the account of stock at standard, and what was spent beyond it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopwb.config.finance import FinanceSettings
from sopwb.finance.cost_roll_up import WAY, recipe_yield
from sopwb.finance.plan_charges import CHARGES, plan_charges
from sopwb.finance.sales_plan import fiscal

__all__ = ["CAUSES", "conversion_per_unit", "conversion_spent", "production", "stock_account"]

CAUSES = ("absorption", "purchase_price", "usage", "overtime", "take_or_pay", "scrap", *CHARGES)
KINDS = (
    "made",
    "bought",
    "moved_in",
    "moved_out",
    "consumed",
    "shipped",
    "scheduled",
    "own_scheduled",
    "scrapped",
)
OWN_RECEIPTS = ("production", "transfer")


@dataclass(frozen=True)
class Production:
    """What production says to finance.

    Parameters
    ----------
    account
        Table ``stock_account``.
    variance
        Table ``production_variance``.
    months
        purchases and conversion spent, by fiscal month, as they are paid.
    """

    account: pd.DataFrame
    variance: pd.DataFrame
    months: pd.DataFrame


def conversion_per_unit(product_cost: pd.DataFrame, usage: pd.DataFrame) -> pd.Series[float]:
    """Standard cost added by making one unit: its standard less its components at standard."""
    standard = product_cost.set_index("product")["standard_cost_per_unit"]
    return standard - material_at_standard(standard, usage).reindex(standard.index, fill_value=0.0)


def material_at_standard(standard: pd.Series[float], usage: pd.DataFrame) -> pd.Series[float]:
    """Components of one good unit of each product at their standard cost."""
    value = usage["usage_qty"] * usage["component"].map(standard)
    return value.groupby(usage["product"]).sum().astype(float)


def conversion_spent(
    capacity_use: pd.DataFrame,
    cost_rate: pd.DataFrame,
    resource: pd.DataFrame,
    period: pd.DataFrame,
    normal_utilisation_rate: float,
) -> pd.DataFrame:
    """Money spent on hours by fiscal month: as used or available, overtime, unused take-or-pay.

    Variable rates are paid for required hours, fixed rates for the normal share of regular hours
    (for required hours when that share is 0). Overload is paid like overtime. A take-or-pay
    resource is paid for the hours it used or its minimum, whichever is more.

    Returns
    -------
    pandas.DataFrame
        Columns hours, overtime, take_or_pay; index period (fiscal month).
    """
    hours = ["capacity_hours", "required_hours", "overtime_hours", "overload_hours"]
    use = fiscal(capacity_use, period).groupby(["resource", "period"], sort=True)[hours].sum().reset_index()
    behaviour = np.where(cost_rate["is_variable"], "variable", "fixed")
    rate = cost_rate.assign(behaviour=behaviour).pivot_table(
        index="resource", columns="behaviour", values="rate_per_hour", aggfunc="sum", fill_value=0.0
    )
    rate = rate.reindex(columns=["variable", "fixed"], fill_value=0.0)
    own = resource.set_index("resource")[["overtime_cost_per_hour", "take_or_pay_hours_per_month"]]
    use = use.join(rate, on="resource").join(own, on="resource").fillna(0.0)
    promised = use["take_or_pay_hours_per_month"]
    is_paid_by_use = (promised > 0) | (normal_utilisation_rate == 0)
    kept = use["required_hours"].where(is_paid_by_use, use["capacity_hours"] * normal_utilisation_rate)
    spent = pd.DataFrame(
        {
            "hours": use["required_hours"] * use["variable"] + kept * use["fixed"],
            "overtime": (use["overtime_hours"] + use["overload_hours"]) * use["overtime_cost_per_hour"],
            "take_or_pay": (promised - use["required_hours"]).clip(lower=0)
            * (use["variable"] + use["fixed"]),
        }
    )
    return spent.groupby(use["period"]).sum()


def stock_account(
    movement: pd.DataFrame,
    standard: pd.Series[float],
    added: pd.Series[float],
    usage_beyond: pd.Series[float],
    opening_value: float,
    in_process_value: float,
) -> pd.DataFrame:
    """Value of stock at standard by fiscal month: opening, what comes in and goes out, closing.

    Stock is what is on hand, on the way and in process. Purchases come in at standard; what is
    made comes in with its conversion, while its components only change place; components used
    beyond the mean recipe go out as usage.

    Parameters
    ----------
    movement
        product, period (fiscal month), movement, moved_qty; purchases on order as ``scheduled``.
    standard, added
        Standard cost and conversion of one unit, by product.
    usage_beyond
        Components at standard used beyond what output takes over, by fiscal month.
    opening_value, in_process_value
        Stock on hand, and on the way or in process, before the first month.

    Returns
    -------
    pandas.DataFrame
        One row per month, movements as columns, index period.
    """
    value = movement["moved_qty"] * movement["product"].map(standard)
    by_kind = movement.assign(value=value).pivot_table(
        index="period", columns="movement", values="value", aggfunc="sum", fill_value=0.0
    )
    by_kind = by_kind.reindex(columns=list(KINDS), fill_value=0.0)
    made = movement[movement["movement"] == "made"]
    conversion = (made["moved_qty"] * made["product"].map(added)).groupby(made["period"]).sum()
    account = pd.DataFrame(
        {
            "purchases": by_kind["bought"] + by_kind["scheduled"],
            "conversion": conversion.reindex(by_kind.index, fill_value=0.0),
            "usage": 0.0 - usage_beyond.reindex(by_kind.index, fill_value=0.0),
            "shipped": by_kind["shipped"],
            "scrapped": by_kind["scrapped"],
        }
    )
    account["closing"] = opening_value + in_process_value + account.sum(axis=1).cumsum()
    account["opening"] = account["closing"].shift(1).fillna(opening_value + in_process_value)
    account["on_hand"] = opening_value + by_kind.sum(axis=1).cumsum()
    return account


def usage_beyond_mean(
    consumed: pd.DataFrame,
    supply_plan: pd.DataFrame,
    routing: pd.DataFrame,
    material: pd.Series[float],
    standard: pd.Series[float],
) -> pd.Series[float]:
    """Components at standard that were taken beyond the mean recipe of what was started, by month."""
    taken = -(consumed["moved_qty"] * consumed["product"].map(standard)).groupby(consumed["period"]).sum()
    made = supply_plan[supply_plan["option"] == "make"].rename(columns={"source": "recipe"})
    made = made.merge(recipe_yield(routing), on=WAY, how="left", validate="m:1")
    good = made["planned_qty"] * made["yield_rate"].fillna(1.0)
    allowed = (good * made["product"].map(material).fillna(0.0)).groupby(made["period"]).sum()
    return taken.astype(float).sub(allowed.astype(float), fill_value=0.0)


def _bought_price(supply_plan: pd.DataFrame) -> pd.Series[float]:
    bought = supply_plan[(supply_plan["option"] == "buy") & (supply_plan["planned_qty"] > 0)]
    total = bought.groupby("product")[["cost_value", "planned_qty"]].sum()
    return (total["cost_value"] / total["planned_qty"]).astype(float)


def _purchase_price_variance(
    movement: pd.DataFrame, supply_plan: pd.DataFrame, standard: pd.Series[float]
) -> pd.Series[float]:
    bought = movement[movement["movement"] == "bought"]
    difference = bought["product"].map(_bought_price(supply_plan)) - bought["product"].map(standard)
    return (bought["moved_qty"] * difference.fillna(0.0)).groupby(bought["period"]).sum().astype(float)


def split_scheduled(movement: pd.DataFrame, scheduled_receipt: pd.DataFrame) -> pd.DataFrame:
    """Movements, those on order split into what is bought and what is our own, by share of the product."""
    receipts = scheduled_receipt.assign(own=scheduled_receipt["receipt_type"].isin(OWN_RECEIPTS))
    total = receipts.groupby("product")["receipt_qty"].sum()
    own = receipts[receipts["own"]].groupby("product")["receipt_qty"].sum()
    share = (own / total).fillna(0.0)
    on_order = movement[movement["movement"] == "scheduled"]
    own_share = on_order["product"].map(share).fillna(0.0).astype(float)
    return pd.concat(
        [
            movement[movement["movement"] != "scheduled"],
            on_order.assign(moved_qty=on_order["moved_qty"] * (1 - own_share)),
            on_order.assign(moved_qty=on_order["moved_qty"] * own_share, movement="own_scheduled"),
        ],
        ignore_index=True,
    )


def production(
    *,
    stock_movement: pd.DataFrame,
    supply_plan: pd.DataFrame,
    supply_decision: pd.DataFrame,
    capacity_use: pd.DataFrame,
    projected_inventory: pd.DataFrame,
    scheduled_receipt: pd.DataFrame,
    product_cost: pd.DataFrame,
    usage: pd.DataFrame,
    routing: pd.DataFrame,
    cost_rate: pd.DataFrame,
    resource: pd.DataFrame,
    period: pd.DataFrame,
    settings: FinanceSettings,
) -> Production:
    """Account of stock, production variance and what is paid for purchases and hours, by fiscal month.

    With ``production_at: standard`` purchases and hours cost their standard; only overtime, unused
    take-or-pay hours, recipes, scrap and what the plan decides beside quantities are then beyond it.
    """
    standard = product_cost.set_index("product")["standard_cost_per_unit"]
    added = conversion_per_unit(product_cost, usage)
    movement = split_scheduled(fiscal(stock_movement, period), scheduled_receipt)
    consumed = movement[movement["movement"] == "consumed"]
    material = material_at_standard(standard, usage)
    beyond = usage_beyond_mean(consumed, fiscal(supply_plan, period), routing, material, standard)
    first = projected_inventory[projected_inventory["period"] == projected_inventory["period"].min()]
    on_hand = float((first["opening_qty"] * first["product"].map(standard)).sum())
    own = movement[movement["movement"] == "own_scheduled"]
    in_process = float((own["moved_qty"] * own["product"].map(standard)).sum())
    months = pd.Index(sorted(period["fiscal_period"].unique()), name="period")
    account = stock_account(movement, standard, added, beyond, on_hand, in_process)
    account = _every_month(account, months, on_hand, on_hand + in_process)
    spent = conversion_spent(capacity_use, cost_rate, resource, period, settings.normal_utilisation_rate)
    spent = spent.reindex(months, fill_value=0.0)
    price = _purchase_price_variance(movement, supply_plan, standard).reindex(months, fill_value=0.0)
    if settings.production_at == "standard":
        spent["hours"], price = account["conversion"], price * 0.0
    charges = plan_charges(supply_plan, supply_decision, capacity_use, cost_rate, period)
    if settings.production_at == "standard":
        charges = charges.assign(recipe=0.0)
    variance = pd.DataFrame(
        {
            "absorption": spent["hours"] - account["conversion"],
            "purchase_price": price,
            "usage": 0.0 - account["usage"],
            "overtime": spent["overtime"],
            "take_or_pay": spent["take_or_pay"],
            "scrap": 0.0 - account["scrapped"],
            **{cause: charges[cause] for cause in CHARGES if charges[cause].any()},
        }
    )
    conversion = spent.sum(axis=1) + charges.sum(axis=1)
    paid = pd.DataFrame({"purchases": account["purchases"] + price, "conversion": conversion})
    return Production(_tall(account, "movement"), _tall(variance, "cause"), paid.reset_index())


def _every_month(
    account: pd.DataFrame, months: pd.Index[pd.Timestamp], on_hand: float, total: float
) -> pd.DataFrame:
    """The account with a row for every month; a month without movement keeps its balances."""
    full = account.reindex(months)
    full["on_hand"] = full["on_hand"].ffill().fillna(on_hand)
    full["closing"] = full["closing"].ffill().fillna(total)
    full["opening"] = full["closing"].shift(1).fillna(total)
    return full.fillna(0.0)


def _tall(wide: pd.DataFrame, name: str) -> pd.DataFrame:
    return wide.reset_index().melt("period", var_name=name, value_name="amount_value")
