"""Messages of the demand review about the plan itself: why it changed, what is off, what stays outside it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import count, named, person, sentence, words
from sopwb.report import charts
from sopwb.report.numbers import iso_date, iso_month, iso_span, percent, short
from sopwb.report.section import Section
from sopwb.report.sections.demand import NOTEBOOK
from sopwb.report.table import Table

__all__ = ["demand_change", "demand_exceptions", "outside_the_plan"]

CAUSES = {
    "actuals_qty": "New sales",
    "model_qty": "Model and its data",
    "activity_qty": "Activities",
    "override_qty": "What people say",
    "launch_qty": "Launches and ends",
}
"""Causes of a change in the order in which they are told; `sopwb.demand.forecast_change` makes them."""
DRIVERS = 8
NOTHING = 0.5


def _in_money(rows: pd.DataFrame, column: str) -> pd.Series[float]:
    value: pd.Series[float] = rows[column] * rows["net_price_per_unit"].fillna(0.0)
    return value


def _bridge(before: float, causes: Mapping[str, float], now: float) -> pd.DataFrame:
    """Last cycle, the causes that moved anything, this cycle."""
    steps = {name: amount for name, amount in causes.items() if amount != 0}
    labels = ["Last cycle", *steps, "This cycle"]
    return pd.DataFrame(
        {
            "step": range(1, len(labels) + 1),
            "label": labels,
            "amount_value": [before, *steps.values(), now],
            "is_total": [True, *([False] * len(steps)), True],
            "code": ["PP", *([""] * len(steps)), "FC"],
        }
    )


@report_section("demand_change", notebook=NOTEBOOK)
def demand_change(tables: Tables, model: Model) -> Section:
    """From the plan of the last cycle to this one by cause, in units and money; nothing is left over."""
    rows = tables["forecast_change"]
    source = ("forecast_change", "months that both plans have")
    if rows.empty:
        title = f"{model.name}, demand plan against the last cycle, as of {iso_date(model.as_of)}"
        return Section("There is no earlier demand plan to compare with", title, source=source)
    family = rows["product"].map(tables["product"].set_index("product")["family"])
    priced = rows.assign(
        family=family,
        before=_in_money(rows, "previous_qty"),
        now=_in_money(rows, "current_qty"),
        **{label: _in_money(rows, column) for column, label in CAUSES.items()},
    )
    sums = {label: float(priced[label].sum()) for label in CAUSES.values()}
    units = {label: float(rows[column].sum()) for column, label in CAUSES.items()}
    before, now = float(priced["before"].sum()), float(priced["now"].sum())
    cycle = iso_date(rows["cycle"].max())
    largest = max(sums, key=lambda label: abs(sums[label]))
    message = (
        f"The demand plan has moved by {short(now - before, model.currency, signed=True)} "
        f"({percent(now / before - 1 if before else 0.0, signed=True)}) since the "
        f"cycle of {cycle}; most of it by {largest[0].lower()}{largest[1:]}, "
        f"{short(sums[largest], model.currency, signed=True)}"
    )
    pictures = (
        charts.waterfall(
            _bridge(before, sums, now), unit=model.currency, heading="net value", is_cut=True, width=300
        ),
        charts.waterfall(
            _bridge(rows["previous_qty"].sum(), units, rows["current_qty"].sum()),
            unit="units",
            heading="volume",
            is_cut=True,
            width=300,
        ),
        charts.table_heat(
            _by_family(priced),
            unit=model.currency,
            heading="change by family",
            sense="higher_better",
            width=680,
        ),
    )
    return Section(
        message,
        f"{model.name}, demand plan of this cycle (FC) against that of {cycle} (PP), {model.currency} at "
        f"today's net prices and units, {iso_span(rows['period'])}",
        chart=pictures,
        table=_drivers(priced, tables, model),
        note=(
            "New sales: today's model with and without the months closed since. Model and its data: today's "
            "model on the sales of then. The causes add up to the change without a rest."
        ),
        source=source,
    )


def _by_family(priced: pd.DataFrame) -> pd.DataFrame:
    """Families down, causes and their sum across, the largest change first."""
    causes = list(CAUSES.values())
    sums = priced.groupby("family")[causes].sum()
    moved = [name for name in causes if sums[name].abs().max() >= NOTHING]
    sums = sums[moved].assign(Change=sums.sum(axis=1)).sort_values("Change", key=abs, ascending=False)
    cells = sums.reset_index().melt(id_vars="family", var_name="column")
    return cells.assign(row=[sentence(words(str(name))) for name in cells["family"]])[
        ["row", "column", "value"]
    ]


def _drivers(priced: pd.DataFrame, tables: Tables, model: Model) -> Table:
    """Products and markets with the largest change, each with the largest of its causes."""
    causes = list(CAUSES.values())
    keys = ["product", "market"]
    sums = priced.groupby(keys, as_index=False)[["before", "now", *causes]].sum()
    sums = sums.assign(change=sums["now"] - sums["before"])
    top = sums.sort_values("change", key=abs, ascending=False, kind="stable").head(DRIVERS)
    sides = top[causes].mul(top["change"].map(lambda value: 1 if value >= 0 else -1), axis=0)
    unit = f"short:{model.currency}"
    shown = top.assign(
        product=[named(code, tables["product"], "product") for code in top["product"]],
        market=[named(code, tables["market"], "market") for code in top["market"]],
        cause=sides.idxmax(axis=1),
    )[["product", "market", "before", "now", "change", "cause"]]
    return Table(
        shown,
        headings={"before": "last cycle", "change": "Δ", "cause": "most of it by"},
        units={"before": unit, "now": unit, "change": unit},
        variances={"change": "higher_better"},
        currency=model.currency,
    )


def _waiting(tables: Tables) -> str:
    """Products that this cycle does not look at, because their class is reviewed less often."""
    cadence = tables["review_cadence"]
    waits = cadence[~cadence["is_due"].astype(bool)]
    if waits.empty:
        return ""
    classes = ", ".join(sorted(set(waits["abc_class"] + waits["xyz_class"])))
    day = iso_date(waits["next_review_date"].min())
    return f"Left out until {day}: {count(len(waits), 'product')} of class {classes}, by margin and error."


@report_section("demand_exceptions", notebook=NOTEBOOK)
def demand_exceptions(tables: Tables, model: Model) -> Section:
    """At most ten things of the demand plan that need a word, ranked by money."""
    rows = tables["demand_exception"].sort_values("rank").head(model.report.most_exceptions)
    source = ("demand_exception", "all rows")
    waiting = _waiting(tables)
    if rows.empty:
        title = (
            f"{model.name}, exceptions of the demand plan, {model.currency}, as of {iso_date(model.as_of)}"
        )
        return Section("Nothing in the demand plan needs a word", title, note=waiting, source=source)
    first = rows.iloc[0]
    place = f"{words(str(first['family']))}, {named(first['market'], tables['market'], 'market')}"
    message = (
        f"{short(rows['money_value'].sum(), model.currency)} of margin are at stake in "
        f"{count(len(rows), 'exception')}; the largest, {place}: {str(first['message'])[0].lower()}"
        f"{str(first['message'])[1:]}"
    )
    shown = rows.assign(
        family=[sentence(words(str(name))) for name in rows["family"]],
        market=[named(code, tables["market"], "market") for code in rows["market"]],
    )[["rank", "family", "market", "message", "error_qty", "money_value", "remedy"]]
    span = f"{iso_month(first['start_period'])} to {iso_month(first['end_period'])}"
    return Section(
        message,
        f"{model.name}, exceptions of the demand plan, units and {model.currency} of margin at stake, {span}",
        table=Table(
            shown,
            headings={
                "rank": "",
                "message": "what is off",
                "error_qty": "by (units)",
                "money_value": "at stake",
                "remedy": "what helps",
            },
            units={"rank": "count", "money_value": f"short:{model.currency}"},
            variances={"error_qty": "neutral"},
            currency=model.currency,
        ),
        note=(
            f"At stake is error × margin × the {model.demand.review.act_months} months until supply can "
            f"follow; one line for each kind, family and market. {waiting}".rstrip()
        ),
        source=source,
    )


def _left_out(tables: Tables) -> pd.DataFrame:
    """Activities ahead that the plan does not count, with what they would bring and their margin at risk."""
    keys = ["product", "market", "period"]
    prices = tables["demand_plan"][[*keys, "net_price_per_unit"]]
    effect = tables["activity_effect"].merge(prices, on=keys, how="left", validate="many_to_one")
    worth = effect["full_qty"] * effect["net_price_per_unit"].fillna(0.0)
    sums = (
        effect.assign(full_value=worth)
        .groupby("activity", as_index=False)[["full_qty", "effect_qty", "full_value"]]
        .sum()
    )
    out = sums[sums["effect_qty"] == 0].merge(
        tables["activity"], on="activity", how="left", validate="one_to_one"
    )
    return out[out["full_qty"] != 0]


@report_section("outside_the_plan", notebook=NOTEBOOK)
def outside_the_plan(tables: Tables, model: Model) -> Section:
    """Activities that are not in the plan, and risks and opportunities of the register, by their weight."""
    out, register = _left_out(tables), tables["risk_opportunity"]
    title = (
        f"{model.name}, outside the demand plan, {model.currency}: activities at net price, register at "
        f"margin, as of {iso_date(model.as_of)}"
    )
    parts = [
        out.assign(what=out["description"], kind="activity", full=out["full_value"], by=out["start_date"]),
        register.assign(
            what=register["description"], full=register["impact_value"], by=register["decision_date"]
        ),
    ]
    columns = ["what", "kind", "probability", "full", "by", "owner"]
    rows = pd.concat([part[columns] for part in parts if len(part)] or [parts[0][columns]], ignore_index=True)
    if rows.empty:
        return Section("Nothing that may come is left out of the plan", title, source=("activity_effect", ""))
    rows = rows.assign(weighted=rows["probability"] * rows["full"], owner=rows["owner"].map(person))
    rows = rows.sort_values("weighted", key=abs, ascending=False, kind="stable", ignore_index=True)
    known = rows[rows["kind"] != "activity"]["weighted"]
    message = (
        f"{sentence(short(out['full_value'].sum(), model.currency))} of activities at "
        f"net price stay outside the plan; the register weighs "
        f"{short(known.sum(), model.currency, signed=True)} of margin"
    )
    unit = f"short:{model.currency}"
    bars = rows.drop_duplicates("what").rename(columns={"what": "label", "weighted": "value"})
    return Section(
        message,
        title,
        chart=charts.bars_by_structure(
            bars[["label", "value"]],
            unit=model.currency,
            code="FC",
            names=("weighted by probability", ""),
            width=330,
        ),
        table=Table(
            rows[["what", "kind", "probability", "full", "weighted", "by", "owner"]],
            headings={
                "what": "what may come",
                "full": "if it comes",
                "weighted": "weighted",
                "by": "decide by",
            },
            units={"probability": "rate", "full": unit, "weighted": unit},
            variances={"full": "higher_better", "weighted": "higher_better"},
            currency=model.currency,
        ),
        note=(
            "What happens once is in the plan whole from a probability of "
            f"{percent(model.demand.one_off_threshold_rate, 0)} on, and else not at all. The same event may "
            "be an activity at net price and a line of the register at margin."
        ),
        source=("risk_opportunity", "all rows, with the activities of activity_effect that count nothing"),
    )
