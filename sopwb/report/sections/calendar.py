"""Message of the demand review about the calendar ahead: what holidays and working days do to the plan."""

from __future__ import annotations

import pandas as pd

from sopwb.calendar import fiscal_month
from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import sentence, words
from sopwb.report import charts
from sopwb.report.numbers import iso_date, percent, short
from sopwb.report.section import Section
from sopwb.report.sections.demand import NOTEBOOK, months_ahead, span_of
from sopwb.report.table import Table

__all__ = ["calendar_ahead"]

SHOWN = 10
TENTH_RATE = 0.1


def _months(plan: pd.DataFrame) -> pd.DataFrame:
    """Calendar effect on the baseline by family and month, as a share of that without it; sum last."""
    names = [*plan.groupby("family")["baseline_qty"].sum().sort_values(ascending=False).index, "All"]
    whole = pd.concat([plan, plan.assign(family="All")])
    sums = whole.groupby(["family", "month"], as_index=False)[["baseline_qty", "calendar_qty"]].sum()
    normal = sums["baseline_qty"] - sums["calendar_qty"]
    sums = sums.assign(value=sums["calendar_qty"] / normal.where(normal > 0))
    order = {name: place for place, name in enumerate(names)}
    sums = sums.sort_values(["family", "month"], key=lambda c: c.map(order) if c.name == "family" else c)
    return pd.DataFrame(
        {
            "row": [sentence(words(str(name))) for name in sums["family"]],
            "column": sums["month"].dt.strftime("%Y-%m"),
            "value": sums["value"],
        }
    )


def _causes(effect: pd.DataFrame) -> pd.DataFrame:
    """Causes by bucket over all families, the largest first: units, and the range of the measured factors."""
    effect = effect.assign(
        low=effect["effect_qty"] * _relative(effect, "lower_rate"),
        high=effect["effect_qty"] * _relative(effect, "upper_rate"),
    )
    sums = effect.groupby(["period", "cause"], as_index=False)[["effect_qty", "low", "high"]].sum()
    ends = sums[["low", "high"]]
    sums = sums.assign(lower_qty=ends.min(axis=1), upper_qty=ends.max(axis=1))
    ranked = sums.sort_values("effect_qty", key=abs, ascending=False, kind="stable")
    return ranked[["period", "cause", "effect_qty", "lower_qty", "upper_qty"]]


def _relative(effect: pd.DataFrame, end: str) -> pd.Series[float]:
    """An end of the measured factor as a multiple of its middle."""
    middle = effect["measured_rate"] - 1
    return ((effect[end] - 1) / middle.where(middle != 0)).fillna(1.0)


@report_section("calendar_ahead", notebook=NOTEBOOK)
def calendar_ahead(tables: Tables, model: Model) -> Section:
    """What moving holidays, working days and order waves do to the baseline of the months ahead."""
    plan = months_ahead(tables)
    title = f"{model.name}, calendar in the baseline, units and % of it without, {span_of(plan)}"
    source = ("calendar_effect", "next twelve months, causes of all families together")
    effect = tables["calendar_effect"]
    if len(plan):
        effect = effect[fiscal_month(effect["period"]) <= plan["month"].max()]
    used = effect[effect["effect_qty"].abs() > TENTH_RATE]
    if used.empty:
        message = "The calendar is not in the forecast: nothing of it is clear in the past"
        if len(effect):
            message = "The calendar is not in the forecast: it would not have made earlier forecasts better"
        return Section(message, title, source=source)
    causes = _causes(used)
    first = causes.iloc[0]
    month = plan.groupby("month")[["calendar_qty", "baseline_qty"]].sum()
    rate = month["calendar_qty"] / (month["baseline_qty"] - month["calendar_qty"])
    widest = rate.abs().idxmax()
    message = (
        f"The calendar moves the baseline of {widest:%Y-%m} most, by {percent(rate[widest], signed=True)} "
        f"against an average year; the largest single cause is {first['cause']} in the bucket of "
        f"{iso_date(first['period'])}, {short(first['effect_qty'], signed=True)} units"
    )
    return Section(
        message,
        title,
        chart=charts.table_heat(_months(plan), unit="%", heading="calendar", sense="neutral", width=680),
        table=Table(
            causes,
            headings={
                "effect_qty": "in the baseline (units)",
                "lower_qty": "10 percent quantile",
                "upper_qty": "90 percent quantile",
            },
            max_rows=SHOWN,
        ),
        note=(
            "Against the same week or month of the years before, whose mean is in the level. Only what made "
            "the forecasts of earlier dates better is in it; calendar_effect has every family."
        ),
        source=source,
    )
