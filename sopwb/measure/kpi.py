"""Key figures of the plan, each beside what it is compared with.

A key figure is a function of tables and model that gives rows of table ``kpi``; the last cycle is
put beside those without target or budget by `with_last_cycle`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, kpi
from sopwb.measure.outlook import current_year, year_sum, years_table
from sopwb.measure.service import on_time, service_rate

__all__ = ["all_kpis", "figure", "with_last_cycle"]

COLUMNS = ["kpi", "scope", "kpi_value", "unit", "reference_value", "reference", "sense"]
UNKNOWN = float("nan")


def figure(
    name: str,
    value: float,
    unit: str,
    sense: str,
    *,
    scope: str = "*",
    reference: tuple[str | None, float] = (None, UNKNOWN),
) -> pd.DataFrame:
    """One row of table ``kpi``; a reference without a value is left out."""
    label, compared = reference
    known = None if math.isnan(compared) else label
    row = (name, scope, value, unit, compared, known, sense)
    return pd.DataFrame([row], columns=COLUMNS).astype({"kpi_value": float, "reference_value": float})


def all_kpis(tables: Tables, model: Model, functions: Mapping[str, Callable[..., Any]]) -> pd.DataFrame:
    """Every key figure of the marked functions, in the order of their names; table ``kpi``."""
    parts = [function(tables, model) for _, function in sorted(functions.items())]
    kept = [part for part in parts if len(part)]
    rows = pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=COLUMNS)
    return with_last_cycle(rows, tables["past_kpi"])


def with_last_cycle(rows: pd.DataFrame, past_kpi: pd.DataFrame) -> pd.DataFrame:
    """Key figures of the whole company without another reference, compared with the last cycle."""
    last = past_kpi[past_kpi["cycle"] == past_kpi["cycle"].max()].set_index("kpi")["kpi_value"]
    before = rows["kpi"].map(last).astype(float)
    takes = rows["reference"].isna() & (rows["scope"] == "*") & before.notna()
    return rows.assign(
        reference_value=rows["reference_value"].where(~takes, before),
        reference=rows["reference"].where(~takes, "last cycle"),
    )


def _goal(tables: Tables, measure: str) -> tuple[str | None, float]:
    """Target of the whole company on a measure whose span holds the first day of the plan."""
    first = tables["period"]["period"].min()
    goal = tables["target"]
    holds = (goal["start_date"] <= first) & (goal["end_date"] >= first)
    found = goal[holds & (goal["measure"] == measure) & (goal["scope"] == "*")].sort_values("target")
    return ("target", float(found["target_value"].iloc[0])) if len(found) else (None, UNKNOWN)


def _of_year(tables: Tables, model: Model, line: str) -> tuple[float, tuple[str | None, float]]:
    years, year = years_table(tables["profit_and_loss"], model), current_year(tables)
    budget = year_sum(years, year, line, "budget")
    reference = _goal(tables, line) if math.isnan(budget) else ("budget", budget)
    return year_sum(years, year, line, "outlook"), reference


@kpi("revenue")
def revenue(tables: Tables, model: Model) -> pd.DataFrame:
    """Revenue of the fiscal year in which the plan begins: actual to date and forecast."""
    value, reference = _of_year(tables, model, "revenue")
    return figure("revenue", value, "currency", "higher_better", reference=reference)


@kpi("gross_margin")
def gross_margin(tables: Tables, model: Model) -> pd.DataFrame:
    """Gross margin of the fiscal year in which the plan begins."""
    value, reference = _of_year(tables, model, "gross_margin")
    return figure("gross_margin", value, "currency", "higher_better", reference=reference)


@kpi("gross_margin_rate")
def gross_margin_rate(tables: Tables, model: Model) -> pd.DataFrame:
    """Gross margin over revenue of the fiscal year in which the plan begins."""
    margin, (label, margin_goal) = _of_year(tables, model, "gross_margin")
    sales, (_, sales_goal) = _of_year(tables, model, "revenue")
    reference = (label, margin_goal / sales_goal if sales_goal else UNKNOWN)
    return figure(
        "gross_margin_rate",
        margin / sales if sales else UNKNOWN,
        "rate",
        "higher_better",
        reference=reference,
    )


@kpi("ebit")
def ebit(tables: Tables, model: Model) -> pd.DataFrame:
    """EBIT of the fiscal year in which the plan begins."""
    value, reference = _of_year(tables, model, "ebit")
    return figure("ebit", value, "currency", "higher_better", reference=reference)


def _cash(tables: Tables) -> pd.Series[float]:
    rows = tables["cash_flow"]
    closing = rows[(rows["method"] == "direct") & (rows["line"] == "closing_cash")]
    return closing.sort_values("period").set_index("period")["amount_value"].astype(float)


@kpi("closing_cash")
def closing_cash(tables: Tables, model: Model) -> pd.DataFrame:
    """Cash at the end of the plan."""
    cash = _cash(tables)
    value = float(cash.iloc[-1]) if len(cash) else UNKNOWN
    return figure("closing_cash", value, "currency", "higher_better")


@kpi("minimum_cash")
def minimum_cash(tables: Tables, model: Model) -> pd.DataFrame:
    """Lowest cash at a month end of the plan, against the floor that is set for it."""
    return figure(
        "minimum_cash",
        float(_cash(tables).min()),
        "currency",
        "higher_better",
        reference=_goal(tables, "cash"),
    )


@kpi("stock_value")
def stock_value(tables: Tables, model: Model) -> pd.DataFrame:
    """Mean stock on hand at month ends of the plan, at standard cost."""
    account = tables["stock_account"]
    on_hand = account.loc[account["movement"] == "on_hand", "amount_value"]
    return figure(
        "stock_value",
        float(on_hand.mean()),
        "currency",
        "lower_better",
        reference=_goal(tables, "stock_value"),
    )


@kpi("working_capital")
def working_capital(tables: Tables, model: Model) -> pd.DataFrame:
    """Mean working capital at month ends of the plan."""
    return figure(
        "working_capital",
        float(tables["working_capital"]["working_capital_value"].mean()),
        "currency",
        "lower_better",
        reference=_goal(tables, "working_capital"),
    )


@kpi("service")
def service(tables: Tables, model: Model) -> pd.DataFrame:
    """Share of demand shipped in its own bucket, of the whole company and of each family."""
    plan = on_time(tables["shipment_plan"])
    whole = figure("service", service_rate(plan), "rate", "higher_better", reference=_goal(tables, "service"))
    family = plan["product"].map(tables["product"].set_index("product")["family"])
    sums = plan.groupby(family)[["on_time_qty", "demand_qty"]].sum()
    rates = (sums["on_time_qty"] / sums["demand_qty"])[sums["demand_qty"] > 0]
    parts = [
        figure("service", float(value), "rate", "higher_better", scope=f"family={name}")
        for name, value in rates.items()
    ]
    return pd.concat([whole, *parts], ignore_index=True)


def _short(tables: Tables, column: str) -> float:
    """Quantity of the shipment plan at the net price of its bucket."""
    key = ["product", "market", "period"]
    price = tables["demand_plan"][[*key, "net_price_per_unit"]]
    rows = tables["shipment_plan"].merge(price, on=key, how="left", validate="1:1")
    return float((rows[column] * rows["net_price_per_unit"]).sum())


@kpi("lost_value")
def lost_value(tables: Tables, model: Model) -> pd.DataFrame:
    """Demand that is lost, at net price."""
    return figure("lost_value", _short(tables, "lost_qty"), "currency", "lower_better")


@kpi("late_value")
def late_value(tables: Tables, model: Model) -> pd.DataFrame:
    """Demand open at the end of its bucket, at net price; what waits longer counts in every bucket."""
    return figure("late_value", _short(tables, "backlog_qty"), "currency", "lower_better")


@kpi("utilisation")
def utilisation(tables: Tables, model: Model) -> pd.DataFrame:
    """Required over regular hours of each resource over the plan, and of the busiest one."""
    hours = tables["capacity_use"].groupby("resource")[["required_hours", "capacity_hours"]].sum()
    rates = (hours["required_hours"] / hours["capacity_hours"])[hours["capacity_hours"] > 0]
    if rates.empty:
        return figure("utilisation", UNKNOWN, "rate", "neutral")
    whole = figure("utilisation", float(rates.max()), "rate", "neutral")
    parts = [
        figure("utilisation", float(value), "rate", "neutral", scope=f"resource={name}")
        for name, value in rates.items()
    ]
    return pd.concat([whole, *parts], ignore_index=True)


@kpi("overtime_hours")
def overtime_hours(tables: Tables, model: Model) -> pd.DataFrame:
    """Overtime and overload hours of the plan."""
    use = tables["capacity_use"]
    hours = float((use["overtime_hours"] + use["overload_hours"]).sum())
    return figure("overtime_hours", hours, "hours", "lower_better")


def _accuracy(tables: Tables, model: Model, column: str) -> float:
    """Accuracy of the best known stream at the lag of the settings: archive before backtest."""
    rows = tables["forecast_accuracy"]
    rows = rows[(rows["lag"] == model.finance.accuracy_lag) & (rows["family"] == "*")]
    for source, stream in (("archive", "consensus"), ("backtest", "automatic"), ("backtest", "statistical")):
        found = rows.loc[(rows["source"] == source) & (rows["stream"] == stream), column].dropna()
        if len(found):
            return float(found.iloc[0])
    return UNKNOWN


@kpi("wmape")
def wmape(tables: Tables, model: Model) -> pd.DataFrame:
    """Weighted absolute error of the forecast at product and market."""
    return figure("wmape", _accuracy(tables, model, "wmape_rate"), "rate", "lower_better")


@kpi("bias")
def bias(tables: Tables, model: Model) -> pd.DataFrame:
    """Forecast less actual over actual; positive is over-forecast."""
    return figure("bias", _accuracy(tables, model, "bias_rate"), "rate", "neutral")


@kpi("on_time_in_full")
def on_time_in_full(tables: Tables, model: Model) -> pd.DataFrame:
    """Deliveries on time and in full over the months of the settings, as declared there, and by market."""
    table = tables["delivery_performance"]
    of_all = table[table["period"] == "*"].set_index("scope")["on_time_in_full_rate"]
    name, unit, sense = "on_time_in_full", "rate", "higher_better"
    whole = figure(name, float(of_all.get("*", UNKNOWN)), unit, sense)
    parts = [
        figure(name, float(value), unit, sense, scope=str(scope))
        for scope, value in of_all.items()
        if str(scope).startswith("market=")
    ]
    return pd.concat([whole, *parts], ignore_index=True)
