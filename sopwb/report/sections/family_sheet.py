"""The sheet of each family in the demand review: plan, change, activities, people, accuracy, in one line."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import sentence, words
from sopwb.report import charts
from sopwb.report.numbers import percent, short
from sopwb.report.section import Section
from sopwb.report.sections.demand import NOTEBOOK, months_ahead, net_sales, span_of
from sopwb.report.table import Table

__all__ = ["family_sheets"]

ALL = "*"
MONTHS = 12
VALUE = "Net value"
UNITS = "Units"


def _planned(plan: pd.DataFrame) -> pd.DataFrame:
    """Plan of each family: value, and what activities and people make of it at net price."""
    price = plan["net_price_per_unit"].fillna(0.0)
    parts = plan[["family"]].assign(
        plan_value=plan["consensus_value"],
        activity_value=plan["activity_qty"] * price,
        people_value=(plan["consensus_qty"] - plan["near_horizon_qty"] - plan["automatic_qty"]) * price,
    )
    return parts.groupby("family").sum()


def _changed(tables: Tables) -> pd.Series[float]:
    """Change since the last cycle at net price, by family."""
    change = tables["forecast_change"]
    family = change["product"].map(tables["product"].set_index("product")["family"])
    summed: pd.Series[float] = change["change_value"].groupby(family).sum()
    return summed


def _judged(tables: Tables, model: Model) -> pd.DataFrame:
    """Error and bias of the consensus by family, at the months ahead that supply needs."""
    rows = tables["forecast_value_added"]
    lag = min(model.demand.review.act_months, rows["lag"].max()) if len(rows) else 0
    agreed = rows[(rows["lag"] == lag) & (rows["stream"] == "consensus") & (rows["family"] != ALL)]
    return agreed.set_index("family")[["wmape_rate", "bias_rate"]]


def _panels(tables: Tables, model: Model, plan: pd.DataFrame, families: list[str]) -> pd.DataFrame:
    """Value and units of each family by month, sold and planned."""
    sold = net_sales(tables, model.as_of)
    sold = sold[sold["month"] > model.as_of - pd.DateOffset(months=MONTHS)]
    ahead = plan.groupby(["family", "month"], as_index=False)[["consensus_qty", "consensus_value"]].sum()
    parts = [
        rows[["family", "month", column]]
        .rename(columns={"month": "period", column: "value"})
        .assign(measure=measure, version=version)
        for rows, column, measure, version in (
            (sold, "net_sales_value", VALUE, "AC"),
            (ahead, "consensus_value", VALUE, "FC"),
            (sold, "qty", UNITS, "AC"),
            (ahead, "consensus_qty", UNITS, "FC"),
        )
    ]
    data = pd.concat(parts, ignore_index=True)
    data = data[data["family"].isin(families)]
    order = {name: place for place, name in enumerate(families)}
    data = data.assign(place=data["family"].map(order)).sort_values(["place", "period"], kind="stable")
    return data.assign(family=[sentence(words(str(name))) for name in data["family"]]).drop(columns="place")


@report_section("family_sheets", notebook=NOTEBOOK)
def family_sheets(tables: Tables, model: Model) -> Section:
    """Each family by month in money and units, and the line of figures that its owner answers for."""
    plan = months_ahead(tables)
    title = f"{model.name}, family sheets, {model.currency} at net price and units a month, AC and FC, "
    title += span_of(plan)
    if plan.empty:
        return Section(
            "Nothing is planned for any family", title, source=("demand_plan", "next twelve months")
        )
    sold = net_sales(tables, model.as_of)
    before = sold[sold["month"] > model.as_of - pd.DateOffset(months=MONTHS)]
    table = _planned(plan).join(before.groupby("family")["net_sales_value"].sum().rename("sold_value"))
    table = table.join(_changed(tables).rename("since_value")).join(_judged(tables, model))
    table = table.sort_values("plan_value", ascending=False, kind="stable").reset_index()
    share = table["plan_value"] / table["sold_value"].where(table["sold_value"] > 0) - 1
    known = table.assign(share=share).dropna(subset=["share"])
    message = f"{len(table)} families are planned at {short(table['plan_value'].sum(), model.currency)}"
    if len(known):
        most, least = known.loc[known["share"].idxmax()], known.loc[known["share"].idxmin()]
        message += (
            f"; against the twelve months sold from {percent(least['share'], signed=True)} "
            f"({words(str(least['family']))}) to {percent(most['share'], signed=True)} "
            f"({words(str(most['family']))})"
        )
    families = table["family"].head(model.report.most_families).tolist()
    unit = f"short:{model.currency}"
    shown = table.assign(
        family=[sentence(words(str(name))) for name in table["family"]],
        share=[percent(rate, signed=True) for rate in share],
        bias_rate=[percent(rate, signed=True) for rate in table["bias_rate"]],
    )
    often_empty = ["since_value", "activity_value", "people_value", "wmape_rate"]
    empty = [name for name in often_empty if not table[name].fillna(0.0).any()]
    empty += ["bias_rate"] if table["bias_rate"].isna().all() else []
    shown = shown[
        [
            "family",
            "sold_value",
            "plan_value",
            "share",
            "since_value",
            "activity_value",
            "people_value",
            "wmape_rate",
            "bias_rate",
        ]
    ].drop(columns=empty)
    return Section(
        message,
        title,
        chart=charts.family_grid(
            _panels(tables, model, plan, families), units={VALUE: model.currency, UNITS: "units"}, width=330
        ),
        table=Table(
            shown,
            headings={
                "sold_value": f"12 months sold ({model.currency})",
                "plan_value": f"planned ({model.currency})",
                "share": "Δ %",
                "since_value": "Δ last cycle",
                "activity_value": "activities",
                "people_value": "people",
                "wmape_rate": "error",
                "bias_rate": "bias",
            },
            units=dict.fromkeys(
                ["sold_value", "plan_value", "since_value", "activity_value", "people_value"], unit
            ),
            variances={
                "share": "neutral",
                "since_value": "higher_better",
                "activity_value": "neutral",
                "people_value": "neutral",
                "bias_rate": "neutral",
            },
            currency=model.currency,
        ),
        note=(
            f"Activities and people are what they add to the plan, in {model.currency}. Error and bias are "
            f"those of the consensus of earlier cycles {model.demand.review.act_months} months ahead, as far "
            "as months have closed."
        ),
        source=("demand_plan", "next twelve months, by family"),
    )
