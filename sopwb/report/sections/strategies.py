"""The plan beside other ways of planning on the same data."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.report import charts
from sopwb.report.numbers import iso_span, short, whole
from sopwb.report.section import Section
from sopwb.report.table import Table, without_empty

__all__ = ["three_plans"]

NOTEBOOK = "40_supply_review"
LEAST_SHARE = 1e-5
STRATEGIES = {
    "unconstrained": "Without limits",
    "priority_rule": "By priority rule",
    "optimum": "This plan",
    "level": "Level production",
    "chase": "Chase demand",
}
OPTIMUM = "optimum"
UNLIMITED = "unconstrained"


def _by_strategy(rows: pd.DataFrame) -> pd.DataFrame:
    """Sums of each way of planning, in the order of reading; stock is the mean of month ends."""
    flows = ["demand_qty", "shipped_qty", "lost_qty", "over_hours", "contribution_value"]
    sums = rows.groupby("strategy")[flows].sum()
    last = rows[rows["period"] == rows["period"].max()].groupby("strategy")["late_qty"].sum()
    stock = rows.groupby(["strategy", "period"])["closing_value"].sum().groupby("strategy").mean()
    sums = sums.assign(late_qty=last, stock_value=stock)
    sums = sums.assign(shipped_rate=(sums["shipped_qty"] / sums["demand_qty"]).where(sums["demand_qty"] > 0))
    order = [name for name in STRATEGIES if name in sums.index]
    return sums.reindex(order).reset_index()


def _difference(amount: float, own: float, currency: str) -> str:
    """How a contribution stands to another; a difference nobody could see in it is none."""
    if abs(amount) < LEAST_SHARE * abs(own):
        return "as much as"
    return f"{short(abs(amount), currency)} {'more' if amount > 0 else 'less'} than"


@report_section("three_plans", notebook=NOTEBOOK)
def three_plans(tables: Tables, model: Model) -> Section:
    """The plan beside one without limits, one by priority rule, and level and chase, on the same data."""
    rows = tables["plan_comparison"]
    title = f"{model.name}, ways of planning on the same data, contribution, {model.currency}, FC"
    source = ("plan_comparison", "whole plan, by strategy")
    if rows.empty or OPTIMUM not in set(rows["strategy"]):
        return Section("The plan has not been held against other ways of planning", title, source=source)
    title += f", {iso_span(rows['period'])}"
    sums = _by_strategy(rows)
    money = sums.set_index("strategy")["contribution_value"]
    own = float(money[OPTIMUM])
    said = [
        f"{_difference(own - float(money[name]), own, model.currency)} {text}"
        for name, text in (("priority_rule", "a priority rule"), ("unconstrained", "a plan without limits"))
        if name in money.index
    ]
    message = f"The plan brings {short(own, model.currency)} of contribution"
    message += f", {' and '.join(said)}" if said else ""
    names = sums["strategy"].map(STRATEGIES)
    shown = sums["contribution_value"]
    shown = shown.mask((shown - own).abs() < LEAST_SHARE * abs(own), own)
    bars = pd.DataFrame({"label": names, "value": shown, "reference": own})
    chart = charts.bars_by_structure(
        bars, unit=model.currency, reference="PL", names=("contribution", "this plan"), width=200
    )
    columns = ["strategy", "shipped_rate", "lost_qty", "late_qty", "stock_value", "over_hours"]
    table = Table(
        without_empty(
            sums.assign(strategy=names)[[*columns, "contribution_value"]],
            ["lost_qty", "late_qty", "over_hours"],
        ),
        headings={
            "strategy": "",
            "shipped_rate": "shipped",
            "lost_qty": "lost (units)",
            "late_qty": "late at the end (units)",
            "stock_value": "stock, mean",
            "over_hours": "beyond regular (h)",
            "contribution_value": "contribution",
        },
        units={
            "stock_value": f"short:{model.currency}",
            "contribution_value": f"short:{model.currency}",
            "over_hours": "count",
        },
        currency=model.currency,
    )
    return Section(message, title, chart=chart, table=table, note=_note(sums, own), source=source)


def _note(sums: pd.DataFrame, own: float) -> str:
    """What a plan without limits is, and why it may earn less than one within them."""
    text = "Without limits all is made when it is wanted; hours beyond regular ones are paid."
    rows = sums[sums["strategy"] == UNLIMITED]
    if len(rows) == 0:
        return text
    loss = own - float(rows["contribution_value"].iloc[0])
    if loss >= LEAST_SHARE * abs(own) and rows["over_hours"].iloc[0] >= 1:
        text += (
            f" It earns less because it pays {whole(rows['over_hours'].iloc[0])} such hours where the plan "
            "makes ahead."
        )
    return text
