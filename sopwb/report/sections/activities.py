"""Messages of the demand review about activities: what made demand, what each brought, how demand answers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import named, sentence, words
from sopwb.report import charts
from sopwb.report.numbers import iso_date, percent, short
from sopwb.report.section import Section
from sopwb.report.sections.demand import NOTEBOOK
from sopwb.report.table import Table

__all__ = ["activity_return", "demand_answers", "demand_waterfall", "demand_waterfall_products"]

ALL = "*"
SHOWN = 12
WIDE, NARROW = 420, 250
MOST_BRIDGES = 9
MOST_PRODUCTS = 6
LEAST = 0.5
LEAST_SHARE = 0.01
SHORT = {
    "baseline, normal calendar": "baseline",
    "holidays and working days": "calendar",
    "dip after activities": "dip after",
    "taken by sister products": "sisters",
    "unconstrained demand": "demand",
    "lost without stock": "no stock",
    "sold, net of returns": "sold",
}
"""Headings of the wide table, short enough that its last column stands on the page."""


def _bridge(rows: pd.DataFrame, heading: str, width: int) -> Any:
    """From normal level to sales, as one waterfall; steps too small to be seen are not drawn."""
    largest = float(rows.loc[~rows["is_total"], "amount_qty"].abs().max())
    rows = rows[rows["is_total"] | (rows["amount_qty"].abs() >= max(LEAST_SHARE * largest, LEAST))]
    steps = rows.rename(columns={"amount_qty": "amount_value"}).assign(code="AC")
    columns = ["step", "label", "amount_value", "is_total", "code"]
    return charts.waterfall(steps[columns], unit="units", heading=heading, is_cut=True, width=width)


def _span(model: Model) -> str:
    """The year of history that is taken apart, in its buckets."""
    return "52 weeks" if model.calendar.history_bucket == "week" else "twelve months"


def _bridges(rows: pd.DataFrame, chosen: pd.Series[bool], labels: list[str]) -> list[Any]:
    """A waterfall for each family among some rows, the largest first."""
    known = rows[chosen & (rows["family"] != ALL) & rows["label"].isin(labels)]
    sizes = known[known["is_total"]].groupby("family")["amount_qty"].max()
    order = sizes[sizes > 0].sort_values(ascending=False, kind="stable").index
    return [
        _bridge(known[known["family"] == name], sentence(words(str(name))), NARROW)
        for name in order[:MOST_BRIDGES]
    ]


def _family_table(rows: pd.DataFrame, steps: list[str]) -> pd.DataFrame:
    """Families with one column for each step, and their sum."""
    families = rows[(rows["product"] == ALL)]
    wide = families.pivot(index="family", columns="label", values="amount_qty")[steps]
    own = wide.drop(index=ALL).rename(index=lambda name: sentence(words(str(name))))
    total = wide.loc[[ALL]].rename(index={ALL: "All"})
    return pd.concat([own, total]).rename_axis("family").reset_index()


@report_section("demand_waterfall", notebook=NOTEBOOK)
def demand_waterfall(tables: Tables, model: Model) -> Section:
    """From the normal level to what was sold in twelve months: calendar, price, promotion, losses."""
    rows = tables["demand_waterfall"].sort_values("step")
    title = f"{model.name}, what made demand, units, {_span(model)} AC to {iso_date(model.as_of)}"
    source = ("demand_waterfall", "all families; the table has every product")
    whole = rows[(rows["family"] == ALL) & (rows["product"] == ALL)]
    if whole.empty or whole["amount_qty"].abs().max() == 0:
        return Section("Nothing was sold that could be taken apart", title, source=source)
    # only steps that are nothing in every family are left out, so that what is shown adds up
    moved = rows.loc[rows["amount_qty"] != 0, "label"]
    drawn = whole[whole["is_total"] | whole["label"].isin(moved)]
    amounts = whole.set_index("label")["amount_qty"]
    steps = whole[~whole["is_total"]].set_index("label")["amount_qty"]
    ahead = steps[: list(whole["is_total"]).index(True, 1) - 1]
    first = amounts.iloc[0]
    largest = str(ahead.abs().idxmax())
    message = (
        f"Activities and calendar moved demand by {percent(ahead.sum() / first, signed=True)} of its normal "
        f"level; most of it {largest}, {short(ahead[largest], signed=True)} units"
    )
    if abs(float(ahead[largest])) < LEAST:
        message = f"Neither activities nor the calendar moved the normal level of {short(first)} units"
    lost = steps.get("lost without stock", 0.0)
    if lost < 0:
        message += f"; empty shelves cost {short(-lost)}"
    labels = list(drawn["label"])
    return Section(
        message,
        title,
        chart=(_bridge(drawn, "all families", WIDE), *_bridges(rows, rows["product"] == ALL, labels)),
        table=Table(
            _family_table(rows, labels), headings=SHORT, units=dict.fromkeys(labels, "qty"), sums=(-1,)
        ),
        note=(
            "In each bucket demand is level × calendar × price × promotion and so on; the quantities of the "
            "factors (logarithmic mean) add up without a rest. Steps below one percent of the largest are "
            "not drawn."
        ),
        source=source,
    )


def _moved_most(rows: pd.DataFrame, most: int) -> list[str]:
    """Products whose demand activities moved most, by the sum of the steps up to demand."""
    demand = rows[rows["is_total"] & (rows["step"] > rows["step"].min())]["step"].min()
    moves = rows[~rows["is_total"] & (rows["step"] < demand) & (rows["product"] != ALL)]
    sizes = moves.assign(size=moves["amount_qty"].abs()).groupby("product")["size"].sum()
    return [str(name) for name in sizes[sizes > 0].nlargest(most).index]


@report_section("demand_waterfall_products", notebook=NOTEBOOK)
def demand_waterfall_products(tables: Tables, model: Model) -> Section:
    """The same waterfall for the products that activities moved most."""
    rows = tables["demand_waterfall"].sort_values("step")
    title = f"{model.name}, what made demand of products, units, {_span(model)} AC to {iso_date(model.as_of)}"
    source = ("demand_waterfall", "products that activities moved most; the table has every product")
    top = _moved_most(rows, MOST_PRODUCTS)
    if not top:
        return Section("No activity has moved the demand of a product", title, source=source)
    names = {code: named(code, tables["product"], "product") for code in top}
    pictures = [_bridge(rows[rows["product"] == code], names[code], NARROW) for code in top]
    first = rows[rows["product"] == top[0]]
    level = float(first["amount_qty"].iloc[0])
    demand = float(first.loc[first["is_total"], "amount_qty"].iloc[1])
    message = (
        f"{names[top[0]]} was moved most: from a normal {short(level)} to {short(demand)} units of demand "
        f"({percent(demand / level - 1 if level > 0 else 0.0, signed=True)})"
    )
    return Section(
        message,
        title,
        chart=tuple(pictures),
        note="Steps below one percent of the largest are not drawn.",
        source=source,
    )


@report_section("activity_return", notebook=NOTEBOOK)
def activity_return(tables: Tables, model: Model) -> Section:
    """Past activities of two years: declared against measured, and whether they paid."""
    known = ["activity", "kind", "description", "start_date", "end_date"]
    result = tables["activity_result"].merge(
        tables["activity"][known], on="activity", how="left", validate="one_to_one"
    )
    title = (
        f"{model.name}, activities of two years, units and {model.currency}, as of {iso_date(model.as_of)}"
    )
    recent = result[
        (result["start_date"] > model.as_of - pd.DateOffset(years=2)) & (result["cost_value"] > 0)
    ]
    source = ("activity_result", "with a cost, begun within two years")
    if recent.empty:
        return Section("No past activity with a cost can be judged", title, source=source)
    profit = recent["margin_value"] - recent["cost_value"]
    declared = recent["declared_margin_value"] - recent["cost_value"]
    paid = int((profit > 0).sum())
    message = (
        f"{paid} of {len(recent)} activities earned their cost; together they brought "
        f"{short(profit.sum(), model.currency, signed=True)} after cost where "
        f"{short(declared.sum(), model.currency, signed=True)} was declared"
    )
    ranked = recent.assign(profit_value=profit).sort_values("profit_value", ignore_index=True)
    by_kind = recent.assign(value=profit, reference=declared).groupby("kind", as_index=False)
    bars = by_kind[["value", "reference"]].sum().rename(columns={"kind": "label"})
    bars = bars.assign(label=[sentence(words(str(kind))) for kind in bars["label"]])
    columns = [
        "description",
        "start_date",
        "declared_qty",
        "measured_qty",
        "lower_qty",
        "upper_qty",
        "net_qty",
        "cost_value",
        "margin_value",
        "return_rate",
    ]
    return Section(
        message,
        title,
        chart=charts.bars_by_structure(
            bars, unit=model.currency, code="AC", reference="PL", names=("measured", "declared")
        ),
        table=Table(ranked[columns], max_rows=SHOWN, currency=model.currency),
        note=(
            "Worst first. Margin is at variable cost, less the discount on what would have been sold anyway, "
            "the dip afterwards and what sister products lost. Lower and upper hold four cases of five."
        ),
        source=source,
    )


@report_section("demand_answers", notebook=NOTEBOOK)
def demand_answers(tables: Tables, model: Model) -> Section:
    """How demand answers to price and promotion by family, which the activities ahead are planned with."""
    answers = tables["activity_response"]
    title = f"{model.name}, answers of demand with 80 % intervals, measured to {iso_date(model.as_of)}"
    source = ("activity_response", "ratios by group and family, cannibalisation; the table has every product")
    shown = answers[(answers["product"] == ALL) & answers["answer"].isin(["ratio", "cross"])]
    if shown.empty:
        return Section(
            "No past activity could be measured; those ahead are as declared", title, source=source
        )
    prices = shown[(shown["group"] == "price") & (shown["family"] != ALL)]
    message = "Activities ahead are planned as such activities were measured, not as they are declared"
    if not prices.empty:
        most = prices.loc[prices["elasticity"].idxmin()]
        message = (
            f"{str(most['family']).capitalize()} answers most to price: one percent off brings "
            f"{-most['elasticity']:.1f} percent more; activities ahead are planned with what was measured"
        )
    columns = ["answer", "group", "family", "elasticity", "value", "lower", "upper", "activities"]
    answered = {"ratio": "measured ÷ declared", "cross": "taken from sisters"}
    shown = shown[(shown["family"] != ALL) | (shown["group"] != "price")]
    shown = shown.sort_values(["elasticity", "answer", "group", "family"], na_position="last")
    shown = shown.assign(
        answer=shown["answer"].map(answered),
        group=shown["group"].replace(ALL, "all"),
        family=[sentence(words(str(name))) for name in shown["family"].replace(ALL, "all")],
    )
    headings = {"value": "answer is", "lower": "at least", "upper": "at most", "elasticity": "elasticity"}
    return Section(
        message,
        title,
        table=Table(shown[columns], headings=headings, units={"activities": "count"}, max_rows=SHOWN),
        note=(
            "Measured ÷ declared: 1 is an effect as declared (for prices, the elasticity of the settings). "
            "Taken from sisters: the share of the extra quantity that sister products lost."
        ),
        source=source,
    )
