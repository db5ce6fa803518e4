"""Why the plan is as it is: what its limits are worth, what stands on whom, what has changed."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import count, named, words
from sopwb.report.numbers import DASH, exact, iso_month, iso_span, short
from sopwb.report.section import Section
from sopwb.report.sections.names import bucket_name, code_name, limit_name, product_name
from sopwb.report.sections.solved import unknown_prices
from sopwb.report.table import Table, without_empty

__all__ = ["constraint_values", "plan_changes", "supplier_reach"]

NOTEBOOK = "40_supply_review"
LADDER = 12
MOST_CHANGES = 12
MOST_SUPPLIERS = 10
MOST_MARKETS = 2
CYCLE = "cycle "
"""How the name of a plan of an earlier cycle begins; its as-of date follows."""
DELAY_DAYS = 14
NO_SUPPLIERS = ("stock", "scheduled", "made")


def _ranges(rows: pd.DataFrame) -> list[str]:
    """From which limit to which the price holds."""
    return [
        f"{DASH if pd.isna(low) else exact(low, 1)} to {'any' if pd.isna(high) else exact(high, 1)}"
        for low, high in zip(rows["lower_qty"], rows["upper_qty"], strict=True)
    ]


@report_section("constraint_values", notebook=NOTEBOOK)
def constraint_values(tables: Tables, model: Model) -> Section:
    """The most valuable limits: the price of one more unit at held service, and what it really buys."""
    rows = tables["constraint_value"].sort_values("place", ignore_index=True)
    title = (
        f"{model.name}, the dearest limits by what one hundredth is worth, {model.currency}, whole plan FC"
    )
    source = ("constraint_value", "all rows, by place")
    if rows.empty:
        nothing = unknown_prices(tables) or "No limit of the plan is worth more of it"
        return Section(nothing, title, source=source)
    top = rows.iloc[0]
    name = limit_name(tables, str(top["subject"]))
    message = (
        f"One more {top['unit']} of {name} is worth {short(top['price_per_unit'], model.currency)} "
        f"{bucket_name(tables, top['period'])} while service is held; planned anew, with service free, it "
        f"brings {short(top['bought_contribution_value'], model.currency, signed=True)} of contribution"
    )
    if top["bought_service_qty"] > 0:
        message += f" and keeps {short(top['bought_service_qty'])} units from being lost"
    confirmed = int((rows["confirmed"] == "confirmed").sum())
    shown = rows.assign(
        limit=[words(str(rule)) for rule in rows["constraint"]],
        subject=[limit_name(tables, str(code)) for code in rows["subject"]],
        holds=_ranges(rows),
    )
    columns = ["limit", "subject", "period", "unit", "limit_qty", "price_per_unit", "holds", "confirmed"]
    columns += ["hundredth_value", "bought_contribution_value", "bought_service_qty"]
    table = Table(
        without_empty(shown[columns], ["bought_service_qty"]),
        headings={
            "period": "bucket",
            "unit": "of a",
            "limit_qty": "limit",
            "price_per_unit": f"worth of one more, service held ({model.currency})",
            "holds": "holds from limit to limit",
            "confirmed": "by planning again",
            "hundredth_value": f"worth of one hundredth ({model.currency})",
            "bought_contribution_value": f"what one more really buys ({model.currency})",
            "bought_service_qty": "and units not lost",
        },
        units={"limit_qty": "short:", "bought_contribution_value": "currency_per_qty"},
        max_rows=LADDER,
        currency=model.currency,
    )
    note = (
        f"{confirmed} of {count(len(rows), 'price')} agree within one percent with a plan made again with "
        "service held. The order is that of what one hundredth of the largest limit of the subject is worth "
        "by that plan, so that hours, pallets and money compare. What one more unit really buys comes from "
        "planning service and contribution again."
    )
    return Section(message, title, table=table, note=note, source=source)


@report_section("plan_changes", notebook=NOTEBOOK)
def plan_changes(tables: Tables, model: Model) -> Section:
    """What the plan decides otherwise than the last cycle, the most money first."""
    rows = tables["plan_change"]
    cycles = rows.loc[rows["against"].str.startswith(CYCLE), "against"]
    last = cycles.max() if len(cycles) else ""
    rows = rows[rows["against"] == last].sort_values("place", ignore_index=True)
    title = f"{model.name}, supply plan, {model.currency} at standard cost, FC against the last cycle"
    source = ("plan_change", "against the last cycle, by place")
    if rows.empty:
        nothing = "The plan decides nothing otherwise than the last cycle"
        if not last and tables["past_supply_plan"].empty:
            nothing = "There is no earlier cycle whose decisions could have changed"
        return Section(nothing, title, source=source)
    title += f" {last.removeprefix(CYCLE)}, {iso_span(rows['period'])}"
    kinds = rows.assign(size=rows["change_value"].abs()).groupby("change")["size"].sum()
    kinds = kinds.sort_values(ascending=False, kind="stable")
    top = rows.iloc[0]
    message = (
        f"{count(len(rows), 'decision')} {'differs' if len(rows) == 1 else 'differ'} from the last cycle, "
        f"{short(float(kinds.sum()), model.currency)} in all; the largest: {top['option']} "
        f"{short(abs(top['change_qty']))} {'more' if top['change_qty'] > 0 else 'less'} of "
        f"{product_name(tables, str(top['product']))} in {iso_month(top['period'])}"
    )
    shown = rows.head(MOST_CHANGES).assign(
        product=[product_name(tables, str(code)) for code in rows["product"].head(MOST_CHANGES)],
        location=[code_name(tables, str(code)) for code in rows["location"].head(MOST_CHANGES)],
        month=[iso_month(month) for month in rows["period"].head(MOST_CHANGES)],
    )
    columns = ["option", "product", "location", "month", "change", "reference_qty", "planned_qty"]
    table = Table(
        shown[[*columns, "change_qty", "change_value"]],
        headings={
            "option": "",
            "location": "where",
            "change": "what is new",
            "reference_qty": "last cycle (units)",
            "planned_qty": "now (units)",
            "change_qty": "Δ (units)",
            "change_value": f"Δ ({model.currency})",
        },
        variances={"change_qty": "neutral", "change_value": "neutral"},
        max_rows=MOST_CHANGES,
        currency=model.currency,
    )
    said = ", ".join(f"{kind} {short(size, model.currency)}" for kind, size in kinds.items())
    left = len(rows) - len(shown)
    note = f"By kind: {said}." + (f" {left} smaller changes are in the table." if left > 0 else "")
    return Section(message, title, table=table, note=note, source=source)


def _planned_revenue(tables: Tables) -> float:
    """What the plan ships, at the net price of its bucket."""
    key = ["product", "market", "period"]
    price = tables["demand_plan"][[*key, "net_price_per_unit"]]
    rows = tables["shipment_plan"].merge(price, on=key, how="left", validate="one_to_one")
    return float((rows["shipped_qty"] * rows["net_price_per_unit"].fillna(0.0)).sum())


def _reach(pegging: pd.DataFrame) -> pd.DataFrame:
    """Revenue that stands on each supplier by market, each shipment counted once, and what has no slack."""
    rows = pegging[~pegging["source"].isin(NO_SUPPLIERS)]
    rows = rows.assign(tight_value=rows["revenue_value"].where(rows["slack_days"] < DELAY_DAYS, 0.0))
    shipments = ["source", "product", "market", "period"]
    # A product stands on each of its components: the one with most of it says how much is at stake.
    once = rows.groupby(shipments)[["revenue_value", "tight_value"]].max()
    return once.groupby(["source", "market"]).sum().reset_index()


@report_section("supplier_reach", notebook=NOTEBOOK)
def supplier_reach(tables: Tables, model: Model) -> Section:
    """Which revenue stands on which supplier, and how much of it a delay of two weeks would hit."""
    title = f"{model.name}, revenue of the plan by supplier it stands on, {model.currency}, FC"
    source = ("pegging", "suppliers, by market; each shipment once")
    reach = _reach(tables["pegging"])
    if reach.empty:
        return Section("No shipment of the plan stands on a supplier", title, source=source)
    title += f", {iso_span(tables['pegging']['period'])}"
    sums = reach.groupby("source")[["revenue_value", "tight_value"]].sum()
    sums = sums.sort_values(["tight_value", "revenue_value"], ascending=False).reset_index()
    top = sums.iloc[0]
    name = code_name(tables, str(top["source"]))
    message = (
        f"{name} stands behind {short(top['revenue_value'], model.currency)} of the plan's revenue; "
        f"{short(top['tight_value'], model.currency)} of it has less than two weeks of slack"
    )
    ordered = reach.sort_values("tight_value", ascending=False)
    hit = {
        str(code): ", ".join(
            f"{named(str(market), tables['market'], 'market')} {short(value, model.currency)}"
            for market, value in zip(part["market"], part["tight_value"], strict=True)
            if value > 0
        )
        for code, part in ordered.groupby("source").head(MOST_MARKETS).groupby("source")
    }
    whole = _planned_revenue(tables)
    table = Table(
        sums.assign(
            supplier=[code_name(tables, str(code)) for code in sums["source"]],
            share_rate=sums["revenue_value"] / whole if whole else float("nan"),
            markets=[hit.get(str(code), "") for code in sums["source"]],
        )[["supplier", "revenue_value", "share_rate", "tight_value", "markets"]],
        headings={
            "revenue_value": "revenue that stands on it",
            "share_rate": "of the plan",
            "tight_value": "two weeks late would hit",
            "markets": "most in",
        },
        units=dict.fromkeys(("revenue_value", "tight_value"), f"short:{model.currency}"),
        max_rows=MOST_SUPPLIERS,
        currency=model.currency,
    )
    note = (
        "A product stands on all its suppliers, so the lines do not add up. Slack is the time an item and "
        "what is made of it wait in stock; a delay at any time of the plan is meant."
    )
    return Section(message, title, table=table, note=note, source=source)
