"""What changed since the last cycle: key figures, and the demand plan by family."""

from __future__ import annotations

import pandas as pd

from sopwb.calendar import fiscal_month
from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import sentence, words
from sopwb.report import charts
from sopwb.report.numbers import by_unit, is_nil, iso_date, iso_span, percent, short
from sopwb.report.section import Section
from sopwb.report.table import Table

__all__ = ["demand_since_last_cycle", "since_last_cycle"]

NOTEBOOK = "70_executive_sop"
DUST_RATE = 5e-4
MOST_FAMILIES = 8


@report_section("since_last_cycle", notebook=NOTEBOOK)
def since_last_cycle(tables: Tables, model: Model) -> Section:
    """Key figures of this plan beside those of the last cycle, those that moved."""
    past = tables["past_kpi"]
    title = (
        f"{model.name}, key figures against the last cycle, {model.currency}, as of {iso_date(model.as_of)}"
    )
    source = ("past_kpi", "last cycle, beside kpi")
    if past.empty:
        return Section("There is no earlier cycle to compare with", title, source=source)
    cycle = past["cycle"].max()
    before = past[past["cycle"] == cycle].set_index("kpi")["kpi_value"]
    now = tables["kpi"][tables["kpi"]["scope"] == "*"]
    both = now.assign(before=now["kpi"].map(before)).dropna(subset=["before", "kpi_value"])
    both = both.assign(delta=both["kpi_value"] - both["before"])
    size = both[["kpi_value", "before"]].abs().max(axis=1)
    both = both.assign(share=(both["delta"].abs() / size).where(size > 0, 0.0))
    shown = [
        by_unit(delta, unit, model.currency, signed=True)
        for delta, unit in zip(both["delta"], both["unit"], strict=True)
    ]
    both = both.assign(shows=[not is_nil(text) for text in shown])
    moved = both[both["shows"] & (both["share"] >= DUST_RATE)].sort_values("share", ascending=False)
    if moved.empty:
        return Section("No key figure has moved since the last cycle", title, source=source)
    said = [words(str(name)) for name in moved["kpi"].head(3)]
    joined = " and ".join(filter(None, (", ".join(said[:-1]), said[-1])))
    message = f"{len(moved)} of {len(both)} key figures have moved since {iso_date(cycle)}; most {joined}"
    table = Table(
        moved.assign(
            kpi=[sentence(words(str(name))) for name in moved["kpi"]],
            change=[percent(value, signed=True) for value in moved["delta"] / moved["before"].abs()],
        )[["kpi", "before", "kpi_value", "delta", "change", "unit", "sense"]],
        headings={"kpi": "", "before": "last cycle", "kpi_value": "now", "delta": "Δ", "change": "Δ %"},
        variances={"delta": "sense", "change": "neutral"},
        hidden=("unit", "sense"),
        row_unit="unit",
        currency=model.currency,
    )
    return Section(message, title, table=table, source=source)


def _by_family(plan: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Consensus by family and fiscal month."""
    family = plan["product"].map(tables["product"].set_index("product")["family"])
    rows = plan.assign(family=family, month=fiscal_month(plan["period"])).dropna(subset=["family"])
    return rows.groupby(["family", "month"], as_index=False)[["consensus_qty"]].sum()


@report_section("demand_since_last_cycle", notebook=NOTEBOOK)
def demand_since_last_cycle(tables: Tables, model: Model) -> Section:
    """Demand plan of this cycle beside that of the last one, by family, over the months both plan."""
    past = tables["past_demand_plan"]
    title = f"{model.name}, demand plan by family, units, against the last cycle"
    source = ("past_demand_plan", "last cycle, beside demand_plan, months both plan")
    if past.empty or tables["demand_plan"].empty:
        return Section("There is no earlier demand plan to compare with", title, source=source)
    cycle = past["cycle"].max()
    old = _by_family(past[past["cycle"] == cycle], tables)
    new = _by_family(tables["demand_plan"], tables)
    months = sorted(set(old["month"]) & set(new["month"]))
    if not months:
        return Section("The last demand plan and this one have no month in common", title, source=source)
    sums = {
        name: rows[rows["month"].isin(months)].groupby("family")["consensus_qty"].sum()
        for name, rows in (("value", new), ("reference", old))
    }
    frame = pd.DataFrame(sums).fillna(0.0).rename_axis("family").reset_index()
    frame = frame.assign(delta=frame["value"] - frame["reference"])
    frame = frame.sort_values("delta", key=abs, ascending=False, kind="stable", ignore_index=True)
    total, before = float(frame["value"].sum()), float(frame["reference"].sum())
    top = frame.iloc[0]
    message = (
        f"The demand plan has moved by {percent(total / before - 1 if before else 0.0, signed=True)} since "
        f"{iso_date(cycle)}; most in {words(str(top['family']))}, by {short(top['delta'], signed=True)} units"
    )
    shown = frame.head(MOST_FAMILIES)
    chart = charts.bars_by_structure(
        shown.assign(label=[sentence(words(str(name))) for name in shown["family"]])[
            ["label", "value", "reference"]
        ],
        unit="units",
        code="FC",
        reference="PP",
        sense="neutral",
        names=("now", "last cycle"),
    )
    title += f", {iso_span(pd.Series(months))}"
    return Section(message, title, chart=chart, source=source)
