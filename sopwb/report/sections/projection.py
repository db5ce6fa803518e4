"""Messages about the flow ahead: demand, production and stock together, and where stock goes."""

from __future__ import annotations

import pandas as pd

from sopwb.calendar import fiscal_month
from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import count, sentence, words
from sopwb.report import charts
from sopwb.report.numbers import iso_month, iso_span, short
from sopwb.report.section import Section

__all__ = ["month_ends", "projected_stock", "sales_production_inventory"]

NOTEBOOK = "40_supply_review"
FAMILIES_ON_SHEET = 6
SAFETY = "safety stock"
MONTHS = 12
MEASURES = ("Demand", "Shipped", "Made", "Stock")


def month_ends(tables: Tables) -> pd.DataFrame:
    """Projected stock of the last bucket of each month, with that month."""
    rows = tables["projected_inventory"]
    rows = rows.assign(month=fiscal_month(rows["period"]))
    return rows[rows["period"] == rows.groupby("month")["period"].transform("max")]


def _sheet(tables: Tables) -> pd.DataFrame:
    """Demand, shipped, made and stock of finished products by family and month, in money at standard cost."""
    shipment, moved = tables["shipment_plan"], tables["stock_movement"]
    made = moved[moved["movement"] == "made"]
    flows = (
        (shipment.assign(qty=shipment["demand_qty"]), "Demand"),
        (shipment.assign(qty=shipment["shipped_qty"]), "Shipped"),
        (made.assign(qty=made["moved_qty"]), "Made"),
        (month_ends(tables).rename(columns={"closing_qty": "qty"}), "Stock"),
    )
    rows = pd.concat(
        [part[["product", "period", "qty"]].assign(measure=name) for part, name in flows], ignore_index=True
    )
    product = tables["product"][["product", "family", "product_type"]]
    cost = tables["product_cost"][["product", "standard_cost_per_unit"]]
    rows = rows.merge(product, on="product", how="left", validate="many_to_one")
    rows = rows.merge(cost, on="product", how="left", validate="many_to_one")
    rows = rows[rows["product_type"] == "finished"]
    rows = rows.assign(
        value=rows["qty"] * rows["standard_cost_per_unit"], period=fiscal_month(rows["period"])
    )
    return rows.groupby(["family", "measure", "period"], as_index=False)[["value"]].sum()


@report_section("sales_production_inventory", notebook=NOTEBOOK)
def sales_production_inventory(tables: Tables, model: Model) -> Section:
    """Demand, shipments, production and stock of each family by month, all at standard cost."""
    title = f"{model.name}, demand, shipped, made and stock by family, {model.currency} at standard cost, FC"
    source = ("shipment_plan", "with stock_movement and projected_inventory, finished products")
    data = _sheet(tables)
    if data.empty:
        return Section("Nothing is planned for any family", title, source=source)
    ahead = data[data["period"] < data["period"].min() + pd.DateOffset(months=MONTHS)]
    sizes = ahead[ahead["measure"] == "Demand"].groupby("family")["value"].sum()
    order = list(sizes.sort_values(ascending=False, kind="stable").index[:FAMILIES_ON_SHEET])
    sums = ahead.groupby("measure")["value"].sum().reindex(list(MEASURES)).fillna(0.0)
    title += f", {iso_span(ahead['period'])}"
    message = (
        f"Twelve months ask for {short(sums['Demand'], model.currency)} at standard cost; "
        f"{short(sums['Shipped'], model.currency)} is shipped and {short(sums['Made'], model.currency)} made"
    )
    place = {name: number for number, name in enumerate(order)}
    shown = ahead[ahead["family"].isin(order)].assign(version="FC")
    shown = shown.assign(place=shown["family"].map(place)).sort_values(["place", "measure", "period"])
    shown = shown.assign(family=[sentence(words(str(name))) for name in shown["family"]])
    chart = charts.family_grid(
        shown.drop(columns="place"), units=dict.fromkeys(MEASURES, model.currency), width=185
    )
    note = "Stock is at month end; what is made includes finished products that go into others."
    note += (
        f" The {len(order)} largest of {len(sizes)} families are drawn." if len(order) < len(sizes) else ""
    )
    return Section(message, title, chart=chart, note=note.strip(), source=source)


def _ends_in_money(tables: Tables) -> pd.DataFrame:
    """Stock, target and safety stock at month ends, summed over all products, in money."""
    cost = tables["product_cost"].set_index("product")["standard_cost_per_unit"]
    rows = month_ends(tables)
    unit = rows["product"].map(cost).fillna(0.0)
    rows = rows.assign(
        stock=rows["closing_value"], target=rows["target_qty"] * unit, safety=rows["safety_stock_qty"] * unit
    )
    return rows.groupby("month", as_index=False)[["stock", "target", "safety"]].sum()


def _stock_goal(tables: Tables) -> tuple[float, str] | None:
    """Target for the whole company's stock that holds when the plan begins."""
    goal = tables["target"]
    first = tables["period"]["period"].min()
    holds = (goal["start_date"] <= first) & (goal["end_date"] >= first)
    found = goal[holds & (goal["measure"] == "stock_value") & (goal["scope"] == "*")].sort_values("target")
    return (float(found["target_value"].iloc[0]), "at most") if len(found) else None


@report_section("projected_stock", notebook=NOTEBOOK)
def projected_stock(tables: Tables, model: Model) -> Section:
    """Stock at month ends against the sum of product targets and safety stocks, in money."""
    title = f"{model.name}, stock at month end, {model.currency} at cost, FC against product targets (PL)"
    source = ("projected_inventory", "last bucket of each month")
    data = _ends_in_money(tables)
    if data.empty:
        return Section("No stock is projected yet", title, source=source)
    below = data[data["stock"] < data["safety"]]
    message = (
        f"Stock goes from {short(data['stock'].iloc[0], model.currency)} to "
        f"{short(data['stock'].iloc[-1], model.currency)}; "
    )
    message += (
        f"it is below safety stock at {count(len(below), 'month end')}, "
        f"first {iso_month(below['month'].iloc[0])}"
        if len(below)
        else "it covers the safety stock at every month end"
    )
    names = {"stock": "FC", "target": "PL", "safety": SAFETY}
    long = data.melt(id_vars="month", value_vars=list(names), var_name="version", value_name="value")
    long = long.assign(version=long["version"].map(names)).rename(columns={"month": "period"})
    chart = charts.lines_with_band(long, unit=model.currency, target=_stock_goal(tables), width=560)
    note = "Sums over all products: what one has too much does not help another."
    return Section(message, title, chart=chart, note=note, source=source)
