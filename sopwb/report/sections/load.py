"""The load the resources have carried, beside the load they are planned to carry."""

from __future__ import annotations

from typing import Any

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.load import booked_load
from sopwb.measure.wording import count
from sopwb.report import charts
from sopwb.report.numbers import iso_month, percent
from sopwb.report.section import Section
from sopwb.report.table import Table, without_empty

__all__ = ["booked_load_section"]

MONTHS = 12
LARGEST = 8


def _planned(tables: Tables, model: Model) -> pd.Series[float]:
    """Load of each resource over the first twelve months of the plan."""
    use = tables["capacity_use"]
    near = use[use["period"] <= model.as_of + pd.DateOffset(months=MONTHS)]
    sums = near.groupby("resource")[["required_hours", "capacity_hours"]].sum()
    rate: pd.Series[float] = sums["required_hours"] / sums["capacity_hours"].where(sums["capacity_hours"] > 0)
    return rate


def _picture(load: pd.DataFrame) -> Any:
    """The load to come before the booked one where a plan is known, else what was booked alone."""
    bars = load.head(LARGEST).rename(columns={"description": "label"})
    if bars["planned_rate"].isna().any():
        bars = bars.assign(value=bars["utilisation_rate"])[["label", "value"]]
        return charts.bars_by_structure(bars, unit="%", code="AC", names=("booked", ""))
    bars = bars.rename(columns={"planned_rate": "value", "utilisation_rate": "reference"})
    return charts.bars_by_structure(
        bars[["label", "value", "reference"]],
        unit="%",
        reference="PP",
        sense="neutral",
        names=("planned, next 12 months", "booked"),
        width=170,
    )


@report_section("booked_load", notebook="40_supply_review")
def booked_load_section(tables: Tables, model: Model) -> Section:
    """What each resource has booked over the last twelve booked months, against its regular hours."""
    load = booked_load(
        tables["resource_history"],
        tables["resource"],
        tables["resource_calendar"],
        model.holidays,
        as_of=model.as_of,
    )
    if load.empty:
        return Section(
            "No booked hours are known", f"{model.name}, booked load", source=("resource_history", "")
        )
    named = load.merge(
        tables["resource"][["resource", "description"]], on="resource", how="left", validate="one_to_one"
    )
    named = named.assign(
        description=named["description"].fillna(named["resource"]),
        planned_rate=named["resource"].map(_planned(tables, model)).astype(float),
    )
    named = named.sort_values(["utilisation_rate", "resource"], ascending=[False, True], ignore_index=True)
    top, window = (
        named.iloc[0],
        f"{iso_month(load['start_date'].iloc[0])} to {iso_month(load['end_date'].iloc[0])}",
    )
    over = int((named["utilisation_rate"] > 1).sum())
    beyond = f"{over} of {count(len(named), 'resource was', 'resources were')} over 100 percent"
    columns = ["description", "booked_hours", "capacity_hours", "utilisation_rate", "planned_rate"]
    headings = {
        "description": "resource",
        "capacity_hours": "regular (h)",
        "utilisation_rate": "load",
        "planned_rate": "planned, next 12 months",
    }
    return Section(
        f"{top['description']} was booked to {percent(top['utilisation_rate'], 0)} of its regular hours; "
        f"{beyond if over else 'none was over 100 percent'}",
        f"{model.name}, load by resource, % of regular hours, booked {window} (grey) beside the plan (FC)",
        chart=_picture(named),
        table=Table(
            without_empty(named[columns], ["planned_rate"]), headings=headings, currency=model.currency
        ),
        source=("resource_history", f"periods {window}, beside capacity_use"),
    )
