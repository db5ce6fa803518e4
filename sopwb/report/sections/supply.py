"""Messages of the supply review: service, load, shortages, and what limits are worth."""

from __future__ import annotations

from typing import Any

import pandas as pd

from sopwb.calendar import fiscal_month
from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.service import on_time, service_rate
from sopwb.measure.wording import count, sentence, words
from sopwb.report import charts
from sopwb.report.numbers import iso_date, iso_month, iso_span, percent, short
from sopwb.report.section import Card, Section
from sopwb.report.sections.names import bucket_name, code_name, limit_name, resource_names
from sopwb.report.sections.solved import not_proven, unknown_prices
from sopwb.report.table import Table, without_empty

__all__ = [
    "bottlenecks",
    "constraint_prices",
    "load_by_week",
    "load_heat_map",
    "service_by_family",
    "shortages",
    "supply_headline",
]

NOTEBOOK = "40_supply_review"
FULL = 0.95
MOST_FAMILIES = 12
LADDER = 20
LARGEST = 8
LEAST_VALUE = 0.5
LEAST_SHARE = 1e-4
"""Late and lost demand below this share of all demand is said, not drawn."""
DUST = 0.005
"""Prices below this are what a solver leaves."""
KEY = ["product", "market", "period"]


def _money(tables: Tables) -> pd.DataFrame:
    """Shipment plan with demand, lost and open quantities at the net price of their bucket."""
    price = tables["demand_plan"][[*KEY, "net_price_per_unit"]]
    rows = on_time(tables["shipment_plan"]).merge(price, on=KEY, how="left", validate="one_to_one")
    price_per_unit = rows["net_price_per_unit"].fillna(0.0)
    return rows.assign(
        lost_value=rows["lost_qty"] * price_per_unit,
        late_value=rows["backlog_qty"] * price_per_unit,
        demand_value=rows["demand_qty"] * price_per_unit,
    )


def _peak(tables: Tables) -> pd.DataFrame:
    """Load of each resource over the plan: peak and its bucket, mean, hours close to full, dearest hour."""
    use = tables["capacity_use"]
    near = (use["required_hours"] - FULL * use["capacity_hours"]).clip(lower=0.0)
    near = near.where(use["capacity_hours"] > 0, 0.0)
    use = use.assign(near_full_hours=near).sort_values(["resource", "period"], ignore_index=True)
    sums = use.groupby("resource").agg(
        required=("required_hours", "sum"),
        capacity=("capacity_hours", "sum"),
        peak_rate=("utilisation_rate", "max"),
        near_full_hours=("near_full_hours", "sum"),
        overtime_hours=("overtime_hours", "sum"),
        overload_hours=("overload_hours", "sum"),
        price_per_hour=("price_per_hour", "max"),
    )
    dearest = use.loc[use.groupby("resource")["price_per_hour"].idxmax()].set_index("resource")
    busiest = use.dropna(subset=["utilisation_rate"])
    busiest = busiest.loc[busiest.groupby("resource")["utilisation_rate"].idxmax()].set_index("resource")
    when = dearest["period"].where(dearest["price_per_hour"] > 0, busiest["period"].reindex(dearest.index))
    mean = (sums["required"] / sums["capacity"]).where(sums["capacity"] > 0)
    return sums.assign(mean_rate=mean, when=when).reset_index()


@report_section("supply_headline", notebook=NOTEBOOK)
def supply_headline(tables: Tables, model: Model) -> Section:
    """Service, lost and late demand, overtime and the busiest resource of the plan."""
    shipment = tables["shipment_plan"]
    title = f"{model.name}, supply plan, {iso_span(shipment['period'])} FC"
    source = ("shipment_plan", "whole plan, with capacity_use")
    if shipment.empty:
        return Section("There is no supply plan yet", f"{model.name}, supply plan", source=source)
    rows, service = _money(tables), service_rate(shipment)
    lost = float(rows["lost_value"].sum())
    late = float(rows.loc[rows["period"] == rows["period"].max(), "late_value"].sum())
    message = f"The plan ships {percent(service)} of demand on time"
    message += f", loses {short(lost, model.currency)}" if lost >= LEAST_VALUE else " and loses none"
    load = _peak(tables)
    cards = [
        Card("Service", service, "rate"),
        Card("Lost", lost, sense="lower_better", currency=model.currency),
        Card("Late at the end", late, sense="lower_better", currency=model.currency),
        Card(
            "Overtime", float(tables["capacity_use"]["overtime_hours"].sum()), "hours", sense="lower_better"
        ),
    ]
    if load["mean_rate"].notna().any():
        top = load.loc[load["mean_rate"].idxmax()]
        name = code_name(tables, str(top["resource"]))
        message += f"; {name} carries most, {percent(top['mean_rate'], 0)} of its regular hours"
        cards.append(Card(f"Highest mean load: {name}", float(top["mean_rate"]), "rate", sense="neutral"))
    return Section(message, title, cards=tuple(cards), note=not_proven(tables), source=source)


def _load(tables: Tables, buckets: pd.DataFrame) -> pd.DataFrame:
    """Load by resource and the start shown for each bucket."""
    use = tables["capacity_use"].merge(buckets, on="period", how="inner", validate="many_to_one")
    sums = use.groupby(["resource", "start"], as_index=False)[["required_hours", "capacity_hours"]].sum()
    rate = (sums["required_hours"] / sums["capacity_hours"]).where(sums["capacity_hours"] > 0)
    names = sums["resource"].map(resource_names(tables)).fillna(sums["resource"])
    return sums.assign(row=names, rate=rate).rename(columns={"start": "period"})


@report_section("load_heat_map", notebook=NOTEBOOK)
def load_heat_map(tables: Tables, model: Model) -> Section:
    """Load of every resource by month over the whole plan."""
    period = tables["period"]
    buckets = period[["period"]].assign(start=fiscal_month(period["period"]))
    return _heat_section(tables, model, buckets, "month")


@report_section("load_by_week", notebook=NOTEBOOK)
def load_by_week(tables: Tables, model: Model) -> Section:
    """Load of every resource by week while the plan has weeks."""
    period = tables["period"]
    weeks = period.loc[period["bucket"] == "week", ["period"]]
    return _heat_section(tables, model, weeks.assign(start=weeks["period"]), "week")


def _heat_section(tables: Tables, model: Model, buckets: pd.DataFrame, unit: str) -> Section:
    """Heat map of the load by resource and bucket; the message names what is fullest."""
    title = f"{model.name}, load by resource and {unit}, % of regular hours, FC"
    source = ("capacity_use", f"all resources, by {unit}")
    load = _load(tables, buckets)
    if load.empty:
        nothing = "No resource is planned" if tables["capacity_use"].empty else f"The plan has no {unit}s"
        return Section(nothing, title, source=source)
    title += f", {iso_span(load['period'])}"
    full = load[load["rate"] > FULL]
    message = f"No resource is above {percent(FULL, 0)} of its regular hours in any {unit}"
    if len(full):
        message = _fullest_resource(full) if unit == "month" else _fullest_week(full, load)
    return Section(message, title, chart=charts.heat_map(load[["row", "period", "rate"]]), source=source)


def _fullest_resource(full: pd.DataFrame) -> str:
    often = full.groupby("row").size().sort_values(ascending=False, kind="stable")
    return (
        f"{often.index[0]} is above {percent(FULL, 0)} of its regular hours in "
        f"{count(int(often.iloc[0]), 'month')}, the most of {count(len(often), 'resource')} that pass it"
    )


def _fullest_week(full: pd.DataFrame, load: pd.DataFrame) -> str:
    weekly = full.groupby("period")["row"].nunique()
    return (
        f"{count(int(weekly.max()), 'resource')} of {load['row'].nunique()} are above "
        f"{percent(FULL, 0)} of their regular hours in the week of {iso_date(weekly.idxmax())}, "
        f"the fullest of {count(load['period'].nunique(), 'week')}"
    )


def _hour_prices(tables: Tables, unit: str) -> Any:
    """The bottlenecks over time: what one more hour is worth by resource and month, the dearest first."""
    use = tables["capacity_use"]
    use = use.assign(month=fiscal_month(use["period"]), name=use["resource"].map(resource_names(tables)))
    worth = use.groupby(["name", "month"])["price_per_hour"].max().unstack("month").fillna(0.0)
    worth = worth[worth.max(axis=1) >= DUST].loc[:, lambda wide: (wide >= DUST).any()]
    if worth.empty:
        return None
    order = worth.max(axis=1).sort_values(ascending=False, kind="stable").index
    data = worth.loc[order].rename_axis("row").reset_index().melt(id_vars="row", var_name="column")
    data = data.assign(column=[iso_month(month) for month in data["column"]])
    return charts.table_heat(data, unit=unit, width=min(56 * worth.shape[1], 620))


def _dearest_hours(load: pd.DataFrame, unit: str) -> Any:
    """What one more hour is worth on each resource in the bucket where it is worth most."""
    if load["price_per_hour"].max() < DUST:
        return None
    bars = (
        load[load["price_per_hour"] >= DUST]
        .head(LARGEST)
        .rename(columns={"resource": "label", "price_per_hour": "value"})
    )
    return charts.bars_by_structure(
        bars[["label", "value"]], unit=unit, names=("one more hour, where it is dearest", ""), width=300
    )


@report_section("bottlenecks", notebook=NOTEBOOK)
def bottlenecks(tables: Tables, model: Model) -> Section:
    """Resources by what one more hour is worth, with their peak load and hours close to full."""
    title = f"{model.name}, what one more hour is worth by resource and month, {model.currency}, FC"
    source = ("capacity_use", "whole plan, by resource")
    load = _peak(tables)
    if load.empty:
        return Section("No resource is planned", title, source=source)
    load = load.assign(resource=load["resource"].map(resource_names(tables)).fillna(load["resource"]))
    load = load.sort_values(["price_per_hour", "peak_rate", "resource"], ascending=[False, False, True])
    top = load.iloc[0]
    message = unknown_prices(tables) or "One more hour is worth nothing on any resource"
    if top["price_per_hour"] > 0:
        message = (
            f"An hour more on {top['resource']} is worth {short(top['price_per_hour'], model.currency)} "
            f"{bucket_name(tables, top['when'])}, more than anywhere else"
        )
    columns = ["resource", "mean_rate", "peak_rate", "near_full_hours", "overtime_hours", "overload_hours"]
    shown = load[[*columns, "price_per_hour", "when"]].reset_index(drop=True)
    table = Table(
        without_empty(shown, ["overtime_hours", "overload_hours"]),
        headings={
            "mean_rate": "mean load",
            "peak_rate": "peak load",
            "near_full_hours": f"beyond {percent(FULL, 0)} (h)",
            "price_per_hour": f"one more hour, at most ({model.currency})",
            "when": "when, else busiest",
        },
        units={"near_full_hours": "count"},
        currency=model.currency,
    )
    note = "A resource, and a month, is shown by the bucket in which one more hour is worth most."
    unit = f"{model.currency}/h"
    chart = tuple(picture for picture in (_dearest_hours(load, unit), _hour_prices(tables, unit)) if picture)
    return Section(message, title, chart=chart or None, table=table, note=note, source=source)


@report_section("shortages", notebook=NOTEBOOK)
def shortages(tables: Tables, model: Model) -> Section:
    """Late and lost demand in money by what binds."""
    rows = tables["shortage"]
    title = f"{model.name}, late and lost demand at net prices, {model.currency}, by reason, FC"
    source = ("shortage", "all rows, by reason and subject")
    if rows.empty:
        message = "Nothing is late or lost in the plan"
        if tables["shipment_plan"].empty:
            message = "There is no supply plan yet"
        return Section(message, title, source=source)
    sums = rows.fillna({"subject": ""}).groupby(["reason", "subject"], as_index=False)
    grouped = sums.agg(
        products=("product", "nunique"),
        start_date=("period", "min"),
        late_qty=("late_qty", "sum"),
        lost_qty=("lost_qty", "sum"),
        short_value=("short_value", "sum"),
    ).sort_values(["short_value", "reason", "subject"], ascending=[False, True, True], ignore_index=True)
    reasons = grouped.groupby("reason")["short_value"].sum().sort_values(ascending=False)
    total = float(reasons.sum())
    if total < LEAST_SHARE * float(_money(tables)["demand_value"].sum()):
        message = (
            f"{short(total, model.currency)} of demand is late or lost, less than "
            f"{percent(LEAST_SHARE, 2)} of the plan"
        )
        return Section(message, title, source=source)
    message = (
        f"{short(total, model.currency)} of demand is late or lost, "
        f"{short(reasons.iloc[0], model.currency)} of it for {words(str(reasons.index[0]))}"
    )
    bars = pd.DataFrame(
        {"label": [sentence(words(str(r))) for r in reasons.index], "value": reasons.to_numpy()}
    )
    chart = charts.bars_by_structure(bars, unit=model.currency, sense="lower_better")
    subjects = grouped["subject"].map(resource_names(tables)).fillna(grouped["subject"])
    table = Table(
        grouped.assign(subject=subjects, reason=grouped["reason"].map(words)),
        headings={
            "start_date": "from",
            "late_qty": "late (units)",
            "lost_qty": "lost (units)",
            "short_value": f"late and lost ({model.currency})",
        },
        units={"products": "count"},
        currency=model.currency,
    )
    note = "An order that stays late counts in every bucket in which it is open."
    return Section(message, title, chart=chart, table=table, note=note, source=source)


@report_section("service_by_family", notebook=NOTEBOOK)
def service_by_family(tables: Tables, model: Model) -> Section:
    """Share of demand shipped in its own bucket, and what is lost, by family; the lowest first."""
    shipment = tables["shipment_plan"]
    title = f"{model.name}, demand shipped on time by family, %, FC"
    source = ("shipment_plan", "whole plan, by family")
    if shipment.empty or shipment["demand_qty"].sum() <= 0:
        return Section("There is no demand to ship yet", title, source=source)
    title = f"{model.name}, demand shipped on time by family, %, {iso_span(shipment['period'])} FC"
    rows = _money(tables)
    family = rows["product"].map(tables["product"].set_index("product")["family"]).rename("family")
    sums = rows.groupby(family)[["demand_qty", "on_time_qty", "lost_qty", "lost_value"]].sum()
    sums = sums[sums["demand_qty"] > 0].reset_index()
    sums = sums.assign(service_rate=sums["on_time_qty"] / sums["demand_qty"])
    sums = sums.sort_values(["service_rate", "demand_qty"], ascending=[True, False], ignore_index=True)
    sums = sums.assign(family=[sentence(words(str(name))) for name in sums["family"]])
    low = sums.iloc[0]
    whole = service_rate(shipment)
    message, chart = (
        f"All {len(sums)} families ship their demand on time, each to {percent(low['service_rate'])}",
        None,
    )
    if round(float(low["service_rate"]), 3) < 1:
        message = f"{low['family']} is served worst: {percent(low['service_rate'])} on time"
        message += f", {percent(whole)} in all"
        bars = sums.head(MOST_FAMILIES).rename(columns={"family": "label", "service_rate": "value"})
        chart = charts.bars_by_structure(bars[["label", "value"]], unit="%")
    columns = ["family", "demand_qty", "on_time_qty", "lost_qty", "lost_value", "service_rate"]
    table = (
        None
        if chart is None
        else Table(
            without_empty(sums[columns], ["lost_qty", "lost_value"]),
            headings={
                "demand_qty": "demand (units)",
                "on_time_qty": "on time (units)",
                "lost_qty": "lost (units)",
                "service_rate": "on time",
            },
            max_rows=MOST_FAMILIES,
            currency=model.currency,
        )
    )
    return Section(message, title, chart=chart, table=table, source=source)


@report_section("constraint_prices", notebook=NOTEBOOK)
def constraint_prices(tables: Tables, model: Model) -> Section:
    """What one more of each binding limit is worth, in the order of what one hundredth of it is worth."""
    rows = tables["constraint_price"]
    title = (
        f"{model.name}, worth of one more of what binds, by one hundredth, {model.currency}, whole plan FC"
    )
    source = ("constraint_price", "all rows, by limit")
    if rows.empty:
        return Section(unknown_prices(tables) or "No limit binds in the plan", title, source=source)
    best = _ranked(rows, tables["constraint_value"])
    top = best.iloc[0]
    message = (
        f"{count(len(best), 'limit binds', 'limits bind')}; one more {top['unit']} of "
        f"{limit_name(tables, str(top['subject']))} is worth "
        f"{short(top['price_per_unit'], model.currency)} {bucket_name(tables, top['period'])}"
    )
    table = Table(
        best.assign(
            constraint=[words(str(name)) for name in best["constraint"]],
            subject=[limit_name(tables, str(code)) for code in best["subject"]],
        ),
        headings={
            "constraint": "limit",
            "price_per_unit": f"worth of one more ({model.currency})",
            "hundredth_value": f"worth of one hundredth ({model.currency})",
            "unit": "of a",
            "period": "dearest bucket",
            "buckets": "buckets it binds in",
        },
        units={"buckets": "count"},
        max_rows=LADDER,
        currency=model.currency,
    )
    note = (
        "In the order of what one hundredth of the limit is worth while service is held, so that hours, "
        "pallets and money compare; limits that were planned again stand first, with what that found."
    )
    return Section(message, title, table=table, note=note, source=source)


def _ranked(rows: pd.DataFrame, confirmed: pd.DataFrame) -> pd.DataFrame:
    """The dearest bucket of each limit, by the worth of a hundredth; what was planned again stands first.

    Returns
    -------
    pandas.DataFrame
        ``constraint``, ``subject``, ``price_per_unit``, ``hundredth_value``, ``unit``, ``period`` and
        ``buckets`` in which it binds.
    """
    limit = ["constraint", "subject"]
    keys = ["hundredth_value", *limit, "period"]
    ordered = rows.sort_values(keys, ascending=[False, *[True] * 3])
    ordered = ordered.assign(buckets=ordered.groupby(limit)["period"].transform("nunique"))
    best = ordered.drop_duplicates(limit).merge(
        confirmed[[*limit, "place", "hundredth_value"]].rename(columns={"hundredth_value": "found_value"}),
        on=limit,
        how="left",
        validate="one_to_one",
    )
    best["hundredth_value"] = best["found_value"].fillna(best["hundredth_value"])
    best = best.sort_values(["place", "hundredth_value"], ascending=[True, False], kind="stable")
    columns = [*limit, "price_per_unit", "hundredth_value", "unit", "period", "buckets"]
    return best[columns].reset_index(drop=True)
