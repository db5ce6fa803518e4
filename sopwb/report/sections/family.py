"""The sales, production and inventory picture, family by family."""

from __future__ import annotations

import pandas as pd

from sopwb.calendar import fiscal_month
from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import sentence, words
from sopwb.report import charts
from sopwb.report.numbers import iso_date, short
from sopwb.report.section import Section
from sopwb.report.sections.projection import month_ends

__all__ = ["family_picture"]

NOTEBOOK = "70_executive_sop"
HISTORY_MONTHS = 6
PLAN_MONTHS = 12
OTHERS = "other families"
SALES, PRODUCTION, STOCK = "Sales", "Production at standard cost", "Stock at standard cost"


def _by_family(rows: pd.DataFrame, tables: Tables, column: str) -> pd.DataFrame:
    """Sum of a column by family of finished products and month."""
    product = tables["product"]
    finished = product.loc[product["product_type"] == "finished", ["product", "family"]]
    joined = rows.merge(finished, on="product", how="inner", validate="m:1")
    summed = joined.groupby(["family", "month"], as_index=False)[[column]].sum()
    return summed.rename(columns={"month": "period", column: "value"})


def _sales(tables: Tables, model: Model) -> list[pd.DataFrame]:
    sold = tables["sales_history"]
    sold = sold[sold["date"] <= model.as_of]
    plan = tables["margin_plan"]
    return [
        _by_family(sold.assign(month=fiscal_month(sold["date"])), tables, "net_sales_value").assign(
            version="AC"
        ),
        _by_family(plan.assign(month=fiscal_month(plan["period"])), tables, "revenue_value").assign(
            version="FC"
        ),
    ]


def _production(tables: Tables, model: Model) -> list[pd.DataFrame]:
    cost = tables["product_cost"].set_index("product")["standard_cost_per_unit"]
    moved = tables["stock_movement"]
    made = moved[moved["movement"] == "made"]
    planned = made.assign(
        month=fiscal_month(made["period"]), value=made["moved_qty"] * made["product"].map(cost)
    )
    frames = [_by_family(planned, tables, "value").assign(version="FC")]
    past = tables["production_history"]
    if len(past):
        done = past.assign(
            month=fiscal_month(past["period"]), value=past["made_qty"] * past["product"].map(cost)
        )
        frames.insert(
            0, _by_family(done[done["period"] <= model.as_of], tables, "value").assign(version="AC")
        )
    return frames


def _stock(tables: Tables, model: Model) -> list[pd.DataFrame]:
    """Stock counted at the end of closed months, and at month ends of the plan."""
    ends = month_ends(tables)
    frames = [_by_family(ends, tables, "closing_value").assign(version="FC")]
    counted = tables["stock_on_hand"]
    if len(counted):
        counted = counted[counted["snapshot_date"] <= model.as_of]
        counted = counted.assign(month=fiscal_month(counted["snapshot_date"]))
        last = counted.groupby("month")["snapshot_date"].transform("max")
        counted = counted[counted["snapshot_date"] == last]
        cost = tables["product_cost"].set_index("product")["standard_cost_per_unit"]
        valued = counted.assign(value=counted["on_hand_qty"] * counted["product"].map(cost))
        frames.insert(0, _by_family(valued, tables, "value").assign(version="AC"))
    return frames


def _few_families(data: pd.DataFrame, most: int) -> pd.DataFrame:
    """The largest families by sales, the rest as one."""
    sizes = data[data["measure"] == SALES].groupby("family")["value"].sum().sort_values(ascending=False)
    order = [*sizes.index, *sorted(set(data["family"]) - set(sizes.index))]
    kept = order if len(order) <= most else order[: most - 1]
    named = data.assign(family=data["family"].where(data["family"].isin(kept), OTHERS))
    summed = named.groupby(["family", "measure", "period", "version"], as_index=False)[["value"]].sum()
    place = {name: i for i, name in enumerate([*kept, OTHERS])}
    ordered = summed.assign(place=summed["family"].map(place)).sort_values(["place", "period"])
    return ordered.drop(columns="place")


@report_section("family_picture", notebook=NOTEBOOK)
def family_picture(tables: Tables, model: Model) -> Section:
    """Sales, production and inventory of each family by month, each measure on one scale."""
    parts = {
        SALES: _sales(tables, model),
        PRODUCTION: _production(tables, model),
        STOCK: _stock(tables, model),
    }
    data = pd.concat([f.assign(measure=m) for m, frames in parts.items() for f in frames], ignore_index=True)
    first = model.as_of.to_period("M").to_timestamp() - pd.DateOffset(months=HISTORY_MONTHS - 1)
    last = first + pd.DateOffset(months=HISTORY_MONTHS + PLAN_MONTHS - 1)
    data = data[(data["period"] >= first) & (data["period"] <= last)]
    title = f"{model.name}, sales, production and stock by family, {model.currency} a month, as of "
    title += f"{iso_date(model.as_of)}, AC and FC"
    source = ("margin_plan", "with stock_movement and projected_inventory, finished products")
    if data.empty:
        return Section("Nothing is planned for any family", title, source=source)
    shown = _few_families(data, model.report.most_families)
    shown = shown.assign(family=[sentence(words(str(name))) for name in shown["family"]])
    grid = charts.family_grid(shown, units=dict.fromkeys(parts, model.currency))
    return Section(_message(shown, model), title, chart=grid, source=source)


def _message(shown: pd.DataFrame, model: Model) -> str:
    ahead = shown[shown["version"] == "FC"]
    sums = ahead.groupby("measure")["value"].sum()
    stock = shown[shown["measure"] == STOCK].groupby("period")["value"].sum()
    text = (
        f"The next twelve months sell {short(sums.get(SALES, 0.0), model.currency)} and make "
        f"{short(sums.get(PRODUCTION, 0.0), model.currency)} at standard cost"
    )
    if stock.empty:
        return text
    begin, end = (short(stock.iloc[place], model.currency) for place in (0, -1))
    return f"{text}; stock of finished products goes from {begin} to {end}"
