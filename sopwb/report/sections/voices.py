"""Messages of the demand review about its voices: streams, activities, and people against the machine."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import person, sentence, words
from sopwb.report import charts
from sopwb.report.numbers import iso_date, percent, short
from sopwb.report.section import Section
from sopwb.report.sections.demand import NOTEBOOK, months_ahead, span_of
from sopwb.report.table import Table, without_empty

__all__ = ["activity_calendar", "demand_streams", "manual_against_automatic", "who_has_spoken"]

SHOWN = 10
PAIRS = 8
STREAMS = ["normal_qty", "calendar_qty", "activity_qty", "automatic_qty", "manual_qty", "consensus_qty"]


@report_section("demand_streams", notebook=NOTEBOOK)
def demand_streams(tables: Tables, model: Model) -> Section:
    """Every stream beside the others, by family: from baseline to consensus."""
    plan = months_ahead(tables)
    spoken = plan.assign(
        normal_qty=plan["baseline_qty"] - plan["calendar_qty"],
        manual_qty=plan["manual_qty"].fillna(plan["automatic_qty"]),
    )
    table = spoken.groupby("family", as_index=False)[[*STREAMS, "consensus_value"]].sum()
    total = table.drop(columns="family").sum()
    share = plan["manual_qty"].notna() @ plan["automatic_qty"] / max(plan["automatic_qty"].sum(), 1e-9)
    gap = total["manual_qty"] / total["automatic_qty"] - 1 if total["automatic_qty"] > 0 else float("nan")
    activities = total["activity_qty"] / max(total["normal_qty"] + total["calendar_qty"], 1e-9)
    spoke = (
        f"People speak about {percent(share, 0)} of the volume and see {percent(gap, signed=True)} against "
    )
    message = spoke + f"the automatic forecast; activities are {percent(activities)} of the baseline"
    if share == 0:
        message = f"Nobody speaks against the automatic forecast of {short(total['automatic_qty'])} units"
    table = table.sort_values("consensus_value", ascending=False, kind="stable")
    table = table.assign(family=[sentence(words(str(name))) for name in table["family"]])
    shown = pd.concat([table, pd.DataFrame([{"family": "All", **total}])], ignore_index=True)
    shown = without_empty(shown, ["calendar_qty", "activity_qty"])
    return Section(
        message,
        f"{model.name}, demand by stream and family, units and {model.currency}, {span_of(plan)}",
        table=Table(
            shown, headings={"normal_qty": "baseline, normal calendar"}, sums=(-1,), currency=model.currency
        ),
        note=(
            "Baseline, calendar and activities make the automatic forecast. Where nobody speaks, the manual "
            "column shows the automatic forecast."
        ),
        source=("demand_plan", "next twelve months, by family"),
    )


def _in_money(tables: Tables) -> pd.DataFrame:
    """Effect of every coming activity in units and at net price."""
    keys = ["product", "market", "period"]
    prices = tables["demand_plan"][[*keys, "net_price_per_unit"]]
    effect = tables["activity_effect"].merge(prices, on=keys, how="left", validate="many_to_one")
    price = effect["net_price_per_unit"].fillna(0.0)
    effect = effect.assign(effect_value=effect["effect_qty"] * price, full_value=effect["full_qty"] * price)
    columns = ["full_qty", "effect_qty", "full_value", "effect_value"]
    total = effect.groupby("activity", as_index=False)[columns].sum()
    return total.merge(tables["activity"], on="activity", how="left", validate="one_to_one")


@report_section("activity_calendar", notebook=NOTEBOOK)
def activity_calendar(tables: Tables, model: Model) -> Section:
    """Coming activities: when, how sure, what they bring, and what is left out of the plan."""
    coming = _in_money(tables)
    title = f"{model.name}, activities ahead, {model.currency} at net price, as of {iso_date(model.as_of)}"
    if coming.empty:
        return Section("No activity is planned", title, source=("activity_effect", "all rows"))
    ranked = coming.sort_values("full_value", key=abs, ascending=False)
    out = coming[coming["effect_qty"] == 0]
    inside = short(coming["effect_value"].sum(), model.currency)
    message = (
        f"{len(coming)} activities bring {inside} into the plan; "
        f"{len(out)} worth {short(out['full_value'].sum(), model.currency)} stay outside it"
    )
    top = ranked.head(SHOWN).sort_values(["start_date", "activity"])
    top = top.assign(
        label=top["description"],
        text=[
            short(v, model.currency) + (f", {percent(p, 0)} likely" if p < 1 else "")
            for v, p in zip(top["full_value"], top["probability"], strict=True)
        ],
        code=np.where(top["effect_qty"] != 0, "FC", "PL"),
    )
    columns = [
        "description",
        "start_date",
        "end_date",
        "probability",
        "effect_qty",
        "effect_value",
        "cost_value",
        "owner",
    ]
    return Section(
        message,
        title,
        chart=charts.calendar_bars(top[["label", "start_date", "end_date", "text", "code"]]),
        table=Table(
            ranked[columns].assign(owner=ranked["owner"].map(person)),
            headings={
                "description": "activity",
                "start_date": "from",
                "end_date": "to",
                "effect_qty": "in the plan (units)",
                "effect_value": f"in the plan ({model.currency})",
            },
            units={"probability": "rate"},
            max_rows=SHOWN,
            currency=model.currency,
        ),
        note=(
            f"The {len(top)} largest are drawn, with their effect if they take place; outlined are those "
            "outside the plan."
        ),
        source=("activity_effect", "all activities ahead"),
    )


def _market_names(plan: pd.DataFrame, tables: Tables) -> pd.Series[str]:
    """Description of each row's market, else its code in words."""
    described = plan["market"].map(tables["market"].set_index("market")["description"])
    return described.fillna(plan["market"].map(words)).astype(str)


@report_section("manual_against_automatic", notebook=NOTEBOOK)
def manual_against_automatic(tables: Tables, model: Model) -> Section:
    """Where people and the automatic forecast differ most, in money."""
    plan = months_ahead(tables).dropna(subset=["manual_qty"])
    title = f"{model.name}, manual against automatic forecast, {model.currency} at net price, {span_of(plan)}"
    if plan.empty:
        message = "Nobody has a forecast that still counts"
        return Section(message, title, source=("demand_plan", "manual_qty given"))
    plan = plan.assign(
        value=plan["manual_qty"] * plan["net_price_per_unit"],
        reference=plan["automatic_qty"] * plan["net_price_per_unit"],
        label=plan["family"].map(words) + ", " + _market_names(plan, tables),
    )
    total = plan.groupby("label", as_index=False)[["value", "reference"]].sum()
    total = total.assign(difference_value=total["value"] - total["reference"])
    ranked = total.sort_values("difference_value", key=abs, ascending=False).head(PAIRS)
    first, gap = ranked.iloc[0], total["difference_value"].sum()
    message = (
        f"People differ from the automatic forecast by {short(gap, model.currency, signed=True)} in all; "
        f"most in {first['label']}, by {short(first['difference_value'], model.currency, signed=True)}"
    )
    return Section(
        message,
        title,
        chart=charts.bars_by_structure(
            ranked[["label", "value", "reference"]],
            unit=model.currency,
            reference="PL",
            sense="neutral",
            names=("manual", "automatic"),
        ),
        note="Outlined is the automatic forecast. Ask the authors of the first three for their reasons.",
        source=("demand_plan", "manual_qty given, next twelve months"),
    )


@report_section("who_has_spoken", notebook=NOTEBOOK)
def who_has_spoken(tables: Tables, model: Model) -> Section:
    """What people have said that still counts, author by author, and how long it counts."""
    said = tables["standing_forecast"]
    title = f"{model.name}, manual forecasts that count, units, as of {iso_date(model.as_of)}"
    source = ("standing_forecast", "all rows, by author and stream")
    if said.empty:
        return Section("Nobody has a forecast that still counts", title, source=source)
    rows = said.assign(
        is_carried=said["is_carried"].astype(int), counted=said["counted_qty"], until=said["expires_on"]
    )
    table = rows.groupby(["author", "stream"], as_index=False).agg(
        statements=("manual_forecast", "count"),
        carried=("is_carried", "sum"),
        total_qty=("total_qty", "sum"),
        counted_qty=("counted", "sum"),
        last_entered=("entered_at", "max"),
        expires_first=("until", "min"),
    )
    carried = int(table["carried"].sum())
    message = (
        f"{len(said)} statements of {said['author'].nunique()} authors count in this cycle; "
        f"{carried or 'none'} of them {'is' if carried == 1 else 'are'} carried over from an earlier one"
    )
    return Section(
        message,
        title,
        table=Table(
            table.assign(
                author=table["author"].map(person), last_entered=table["last_entered"].dt.normalize()
            ),
            headings={
                "total_qty": "say (units)",
                "counted_qty": "count (units)",
                "last_entered": "last entry",
                "expires_first": "first to expire",
            },
            units={"statements": "count", "carried": "count"},
        ),
        note=(
            "Opened in JupyterLab, this cell is the editor: choose the author, fill in, check, save; each "
            "statement has an author, a reason and a last day. By workbook: sopwb collect."
        ),
        source=source,
    )
