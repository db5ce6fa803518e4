"""Was the plan kept: closed months against the plan made a month before, added up with their tolerance."""

from __future__ import annotations

import pandas as pd

from sopwb.calendar import fiscal_month
from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import count, sentence, words
from sopwb.report import charts
from sopwb.report.numbers import iso_span, percent, short
from sopwb.report.section import Section
from sopwb.report.sections.names import family_of

__all__ = ["cumulative_deviation", "production_attainment"]

NOTEBOOK = "40_supply_review"
FAMILIES_ON_SHEET = 6
SALES, PRODUCTION, STOCK = "Sales", "Production", "Stock"
MEASURES = (SALES, PRODUCTION, STOCK)
KEY = ["family", "period"]


def _next_month(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of earlier cycles for the month right after each."""
    after = rows["cycle"] + pd.offsets.MonthBegin(1)
    return rows[rows["period"] == after]


def _sales(tables: Tables, model: Model) -> pd.DataFrame:
    """Planned and sold of finished products by family and closed month, at standard cost."""
    cost = tables["product_cost"].set_index("product")["standard_cost_per_unit"]
    family = family_of(tables)
    sold, plan = tables["sales_history"], _next_month(tables["past_demand_plan"])
    sold = sold[sold["date"] <= model.as_of]
    plan = plan[plan["period"] <= model.as_of]
    net = sold["sold_qty"] - sold["returned_qty"].fillna(0.0)
    parts = {
        "planned": plan.assign(qty=plan["consensus_qty"]),
        "happened": sold.assign(qty=net, period=fiscal_month(sold["date"])),
    }
    sums = {
        name: rows.assign(
            family=rows["product"].map(family).astype(object),
            value=rows["qty"] * rows["product"].map(cost).astype(float),
        )
        .groupby(KEY)["value"]
        .sum()
        for name, rows in parts.items()
    }
    return pd.DataFrame(sums).dropna(subset=["planned"]).fillna({"happened": 0.0}).reset_index()


def _production(tables: Tables) -> pd.DataFrame:
    """Planned and made by family and closed month, at standard cost, as planned the month before."""
    rows = tables["production_attainment"]
    rows = rows[rows["lag"] == 1].rename(columns={"planned_value": "planned", "made_value": "happened"})
    return rows[[*KEY, "planned", "happened", "kept_value"]].reset_index(drop=True)


def _deviations(tables: Tables, model: Model) -> pd.DataFrame:
    """Deviation from plan, and the plan: of sales and production added up month by month, of stock not.

    Each plan begins at the stock there really was, so stock deviates anew in each month.

    Returns
    -------
    pandas.DataFrame
        family, measure, period, deviation and plan in money, rate (one over the other). Stock deviates by
        what was made less what was sold beyond plan, and is measured by the month's plan of sales.
    """
    both = _sales(tables, model).merge(
        _production(tables), on=KEY, suffixes=("_sold", "_made"), validate="one_to_one"
    )
    both = both.sort_values(KEY)
    sold = both["happened_sold"] - both["planned_sold"]
    made = both["happened_made"] - both["planned_made"]
    flows = {
        SALES: (sold, both["planned_sold"]),
        PRODUCTION: (made, both["planned_made"]),
        STOCK: (made - sold, both["planned_sold"]),
    }
    frames = [
        both[KEY].assign(measure=name, deviation=delta, plan=planned)
        for name, (delta, planned) in flows.items()
    ]
    rows = pd.concat(frames, ignore_index=True)
    added = rows.groupby(["family", "measure"])[["deviation", "plan"]].cumsum()
    added = added.where(rows["measure"] != STOCK, rows[["deviation", "plan"]])
    rate = (added["deviation"] / added["plan"]).where(added["plan"] > 0, 0.0)
    return rows.assign(deviation=added["deviation"], plan=added["plan"], rate=rate)


@report_section("cumulative_deviation", notebook=NOTEBOOK)
def cumulative_deviation(tables: Tables, model: Model) -> Section:
    """Sales, production and stock of each family against plan, added up, with the tolerance band."""
    tolerated = percent(model.report.tolerance_rate, 0)
    title = (
        f"{model.name}, sales and production against the plan of the month before, added up, and stock at "
        "the end of each month, % of the plan at standard cost, AC less PL"
    )
    source = ("production_attainment", "one month ahead, beside past_demand_plan and sales_history")
    data = _deviations(tables, model)
    if data.empty:
        return Section(
            "No closed month has a plan of an earlier cycle to be held against", title, source=source
        )
    title += f", {iso_span(data['period'])}"
    last = data[data["period"] == data["period"].max()]
    beyond = last[last["rate"].abs() > model.report.tolerance_rate]
    months = count(data["period"].nunique(), "month")
    message = f"After {months} every family is within {tolerated} of its plan"
    if len(beyond):
        top = beyond.loc[beyond["deviation"].abs().idxmax()]
        side = "above" if top["deviation"] > 0 else "below"
        when = f"in the last of {months}" if top["measure"] == STOCK else f"after {months}"
        message = (
            f"{top['measure']} of {words(str(top['family']))} is "
            f"{short(abs(top['deviation']), model.currency)} {side} plan {when}, the most of "
            f"{len(beyond)} of {len(last)} that have left the tolerance of {tolerated}"
        )
    sizes = data[data["measure"] == SALES].groupby("family")["plan"].max()
    order = sizes.sort_values(ascending=False, kind="stable").index[:FAMILIES_ON_SHEET]
    shown = data[data["family"].isin(order)]
    place = {name: number for number, name in enumerate(order)}
    shown = shown.assign(place=shown["family"].map(place)).sort_values(["place", "measure", "period"])
    shown = shown.assign(family=[sentence(words(str(name))) for name in shown["family"]])
    shown = shown.assign(value=shown["rate"], tolerance=model.report.tolerance_rate)
    chart = charts.deviation_grid(shown.drop(columns="place"), measures=MEASURES, unit="%")
    note = (
        f"Light grey is the tolerance, {tolerated} of the plan; red has left it. Stock is what was made less "
        "what was sold beyond plan, in % of the month's planned sales."
    )
    return Section(message, title, chart=chart, note=note, source=source)


def _beside_sales(tables: Tables, model: Model) -> str:
    """What the plans make beside what they sell, where that is not what happened."""
    both = _sales(tables, model).merge(
        _production(tables), on=KEY, suffixes=("_sold", "_made"), validate="one_to_one"
    )
    sums = both.sum(numeric_only=True)
    if both.empty or sums["planned_sold"] <= 0:
        return ""
    wanted = float(sums["planned_made"] - sums["planned_sold"])
    came = float(sums["happened_made"] - sums["happened_sold"])
    if abs(wanted - came) <= model.report.tolerance_rate * float(sums["planned_sold"]):
        return ""
    source = ": they live from stock and from orders released before them" if wanted < 0 else ""
    return (
        f"The first months of these plans make {_more(wanted, model.currency)} than they sell{source}. "
        f"In fact {_more(came, model.currency)} was made than sold."
    )


def _more(amount: float, currency: str) -> str:
    return f"{short(abs(amount), currency)} {'more' if amount >= 0 else 'less'}"


@report_section("production_attainment", notebook=NOTEBOOK)
def production_attainment(tables: Tables, model: Model) -> Section:
    """What was made of each family in closed months against the plan of the month before."""
    title = f"{model.name}, made (AC) against planned a month ahead (PL), {model.currency} at standard cost"
    source = ("production_attainment", "one month ahead, by family")
    rows = _production(tables)
    if rows.empty:
        return Section("No closed month has a production plan of an earlier cycle", title, source=source)
    title += f", {iso_span(rows['period'])}"
    sums = rows.groupby("family")[["happened", "planned", "kept_value"]].sum()
    sums = sums.sort_values("planned", ascending=False)
    planned = float(sums["planned"].sum())
    made, kept = (float(sums[name].sum()) for name in ("happened", "kept_value"))
    if planned <= 0:
        return Section("Nothing was planned to be made in the closed months", title, source=source)
    message = (
        f"Made was {percent(made / planned, 0)} of what was planned a month ahead; "
        f"{percent(kept / planned, 0)} of the plan was made as planned, product by product"
    )
    bars = sums.head(FAMILIES_ON_SHEET * 2).reset_index()
    bars = bars.assign(label=[sentence(words(str(name))) for name in bars["family"]])
    bars = bars.rename(columns={"happened": "value", "planned": "reference"})
    chart = charts.bars_by_structure(
        bars[["label", "value", "reference"]],
        unit=model.currency,
        code="AC",
        reference="PL",
        sense="neutral",
        names=("made", "plan"),
    )
    note = _beside_sales(tables, model)
    return Section(message, title, chart=chart, note=note, source=source)
