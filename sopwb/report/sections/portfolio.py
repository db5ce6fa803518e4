"""Messages of the portfolio review: what earns, what is the tail, how launches and phase-outs go."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import count, named, words
from sopwb.report import charts
from sopwb.report.numbers import iso_date, iso_month, percent, short
from sopwb.report.section import Card, Section
from sopwb.report.table import Table

__all__ = ["abc_life_cycle", "launch_curves", "portfolio_headline", "tail_in_money"]

NOTEBOOK = "15_portfolio_review"
TAIL_SHOWN = 12
MOST_CURVES = 9
CHANGES_SHOWN = 15
CLASSES = ("A", "B", "C")
STAGES = ("launch", "growth", "mature", "decline", "phase_out", "ended")
ON_CURVE = 0.9


def _year(model: Model) -> str:
    """The twelve closed months, in words."""
    end = model.as_of.to_period("M") if model.as_of.is_month_end else model.as_of.to_period("M") - 1
    return f"{iso_month((end - 11).to_timestamp())} to {iso_month(end.to_timestamp())}"


def _stage(code: str) -> str:
    """Stage of life or kind of change in words."""
    return code.replace("_", "-")


def _names(tables: Tables, codes: pd.Series[str]) -> pd.Series[str]:
    """Description of each product, else its code; missing where there is none."""
    described = codes.map(tables["product"].set_index("product")["description"])
    return described.fillna(codes).astype(str).where(codes.notna())


@report_section("portfolio_headline", notebook=NOTEBOOK)
def portfolio_headline(tables: Tables, model: Model) -> Section:
    """What the range earns, and how much of it the tail."""
    value = tables["portfolio_value"]
    sold = value[value["revenue_value"] != 0]
    tail = value[value["is_tail"]]
    margin, revenue = value["margin_value"].sum(), value["revenue_value"].sum()
    best = value[value["abc_class"] == "A"]
    share = tail["margin_value"].sum() / margin if margin else float("nan")
    top = percent(best["margin_value"].sum() / margin, 0) if margin else ""
    message = (
        f"{count(len(best), 'product')} of the {len(sold)} that sold earn {top} of the margin; "
        f"the tail of {len(tail)} earns {percent(share)} and ties up "
        f"{short(tail['stock_value'].sum(), model.currency)} of stock"
        if margin > 0
        else f"The range of {len(sold)} products sold has no margin at standard cost"
    )
    cards = (
        Card("Revenue, 12 months", revenue, currency=model.currency),
        Card("Margin at standard cost", margin, currency=model.currency),
        Card("Margin rate", margin / revenue if revenue else None, "rate"),
        Card("Margin of the tail", tail["margin_value"].sum(), currency=model.currency),
        Card("Stock of the tail", tail["stock_value"].sum(), sense="lower_better", currency=model.currency),
    )
    title = f"{model.name}, finished products, {_year(model)}"
    return Section(message, title, cards=cards, source=("portfolio_value", "all products"))


@report_section("abc_life_cycle", notebook=NOTEBOOK)
def abc_life_cycle(tables: Tables, model: Model) -> Section:
    """Margin by class and stage of life."""
    value, rules = tables["portfolio_value"], model.demand.portfolio
    margin = value.groupby(["abc_class", "life_stage"])["margin_value"].sum()
    cells = pd.DataFrame(
        [
            {
                "row": f"class {letter}",
                "column": _stage(stage),
                "value": margin.get((letter, stage), 0.0),
            }
            for letter in CLASSES
            for stage in STAGES
        ]
    )
    total = value["margin_value"].sum()
    ageing = value[value["life_stage"].isin(["decline", "phase_out"])]
    young = value[value["life_stage"].isin(["launch", "growth"])]
    message = (
        f"{percent(ageing['margin_value'].sum() / total, 0)} of the margin comes from products in decline or "
        f"phase-out, {percent(young['margin_value'].sum() / total, 0)} from launches and growing ones"
        if total > 0
        else "There is no margin to share out over stages of life"
    )
    classes = value.groupby("abc_class", as_index=False).agg(
        products=("product", "count"),
        revenue_value=("revenue_value", "sum"),
        margin_value=("margin_value", "sum"),
        stock_value=("stock_value", "sum"),
    )
    return Section(
        message,
        f"{model.name}, margin at standard cost by class and stage of life, {model.currency}, {_year(model)}",
        chart=charts.table_heat(cells, unit=model.currency),
        table=Table(classes, headings={"abc_class": "class"}, currency=model.currency),
        note=(
            f"A earns the first {percent(rules.class_a_rate, 0)} of the margin, B goes to "
            f"{percent(rules.class_b_rate, 0)}; what earns nothing is C. Growth and decline are changes of "
            f"more than {percent(rules.growth_rate, 0)} in units on the year before."
        ),
        source=("portfolio_value", "all products"),
    )


@report_section("tail_in_money", notebook=NOTEBOOK)
def tail_in_money(tables: Tables, model: Model) -> Section:
    """Products whose removal is to be decided, by the stock they tie up and the margin they bring."""
    value = tables["portfolio_value"]
    tail: pd.DataFrame = value[value["is_tail"]]
    title = f"{model.name}, tail products, {model.currency}, {_year(model)}; stock of {iso_date(model.as_of)}"
    if tail.empty:
        return Section("No product is in the tail", title, source=("portfolio_value", "is_tail"))
    worst = tail.sort_values(["margin_value", "product"])
    losers = tail[tail["margin_value"] <= 0]
    message = (
        f"Giving up the {count(len(tail), 'product')} of the tail would cost "
        f"{short(tail['margin_value'].sum(), model.currency)} of margin a year and free "
        f"{short(tail['stock_value'].sum(), model.currency)} of stock"
    )
    message += f"; {len(losers)} of them earn nothing" if len(losers) else ""
    columns = ["product", "family", "life_stage", "revenue_value", "margin_value", "stock_value"]
    worst = worst.assign(
        product=_names(tables, worst["product"]),
        family=worst["family"].map(words),
        life_stage=worst["life_stage"].map(_stage),
    )
    bars = worst.head(TAIL_SHOWN).rename(columns={"product": "label", "margin_value": "value"})
    return Section(
        message,
        title,
        chart=charts.bars_by_structure(bars[["label", "value"]], unit=model.currency, code="AC"),
        table=Table(worst[columns], currency=model.currency),
        note="Decide for each: keep (why), reprice, merge, or phase out (from when).",
        source=("portfolio_value", "is_tail"),
    )


@report_section("launch_curves", notebook=NOTEBOOK)
def launch_curves(tables: Tables, model: Model) -> Section:
    """Launches and phase-outs month by month against their planned curves."""
    review = tables["launch_review"]
    title = (
        f"{model.name}, launches and phase-outs, units a month, AC against PL, as of {iso_date(model.as_of)}"
    )
    if review.empty:
        message = "No launch and no phase-out is recent or near"
        return Section(message, title, source=("launch_review", "all rows"))
    last = _last_closed(review)
    launches = last[last["change"] == "launch"].dropna(subset=["attainment_rate"])
    shown = _to_draw(review)
    left = review["product"].nunique() - shown["product"].nunique()
    more = f" {left} further changes are not drawn." if left else ""
    return Section(
        _launch_message(launches, last, tables, model.currency),
        title,
        chart=_curves(shown, tables),
        table=Table(
            last.assign(
                product=_names(tables, last["product"]),
                counterpart=_names(tables, last["counterpart"]),
                change=last["change"].map(_stage),
            ),
            headings={
                "counterpart": "instead of or replaced by",
                "month_number": "month",
                "planned_qty": "planned (units)",
                "actual_qty": "actual (units)",
                "attainment_rate": "of plan to date",
                "counterpart_stock_value": f"stock of the old one ({model.currency})",
            },
            currency=model.currency,
            units={"month_number": "count"},
            max_rows=CHANGES_SHOWN,
        ),
        note=(
            "The planned curve of a launch is its predecessor's demand a year before times the share it "
            "takes over, that of a phase-out its own, fading; attainment is cumulated since the change."
            + more
        ),
        source=("launch_review", "all rows"),
    )


def _last_closed(review: pd.DataFrame) -> pd.DataFrame:
    """Where each change stands in its last closed month; first month where none is closed."""
    closed = review.assign(is_open=review["actual_qty"].isna())
    ordered = closed.sort_values(["product", "is_open", "month_number"])
    ended = ordered[~ordered["is_open"]].drop_duplicates("product", keep="last")
    waiting = ordered[~ordered["product"].isin(ended["product"])].drop_duplicates("product")
    columns = [
        "product",
        "change",
        "counterpart",
        "month_number",
        "planned_qty",
        "actual_qty",
        "attainment_rate",
        "counterpart_stock_value",
    ]
    return pd.concat([ended, waiting]).sort_values(["change", "product"])[columns].reset_index(drop=True)


def _launch_message(launches: pd.DataFrame, last: pd.DataFrame, tables: Tables, currency: str) -> str:
    left = last.loc[last["change"] == "phase_out", "counterpart_stock_value"].sum()
    if launches.empty:
        return (
            "No launch has a closed month against a curve yet; phase-outs still hold "
            f"{short(left, currency)} of stock"
        )
    behind = launches[launches["attainment_rate"] < ON_CURVE].sort_values("attainment_rate")
    if behind.empty:
        return f"All {len(launches)} launches with a curve are within 10 % of it or above"
    worst = behind.iloc[0]
    return (
        f"{len(behind)} of {count(len(launches), 'launch', 'launches')} sell over 10 % less than planned; "
        f"{named(worst['product'], tables['product'], 'product')} is at "
        f"{percent(worst['attainment_rate'], 0)} after {count(int(worst['month_number']), 'month')}"
    )


def _to_draw(review: pd.DataFrame) -> pd.DataFrame:
    """The largest changes that have a plan to follow, else the largest."""
    sizes = review.groupby("product")[["planned_qty", "actual_qty"]].sum()
    has_plan = sizes["planned_qty"] > 0
    order = sizes.max(axis=1).where(has_plan, 0.0).sort_values(ascending=False, kind="stable")
    return review[review["product"].isin(order.index[:MOST_CURVES])]


def _curves(review: pd.DataFrame, tables: Tables) -> object:
    """Small columns for each change: actual against plan."""
    names = _names(tables, review["product"]) + ", " + review["change"].map(_stage)
    known = review.assign(panel=names)
    values = {"AC": "actual_qty", "PL": "planned_qty"}
    parts = [
        known[["panel", "period"]].assign(version=version, value=known[column])
        for version, column in values.items()
    ]
    data = pd.concat(parts).dropna(subset=["value"])
    return charts.small_multiples(data, by="panel", unit="units") if len(data) else None
