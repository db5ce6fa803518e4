"""The load the resources have carried, beside the load they are planned to carry."""

from __future__ import annotations

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.load import booked_load
from sopwb.measure.wording import count
from sopwb.report.numbers import iso_month, percent
from sopwb.report.section import Section
from sopwb.report.table import Table

__all__ = ["booked_load_section"]


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
    named = named.sort_values(["utilisation_rate", "resource"], ascending=[False, True], ignore_index=True)
    top, window = (
        named.iloc[0],
        f"{iso_month(load['start_date'].iloc[0])} to {iso_month(load['end_date'].iloc[0])}",
    )
    over = int((named["utilisation_rate"] > 1).sum())
    beyond = f"{over} of {count(len(named), 'resource was', 'resources were')} over 100 percent"
    shown = named[["description", "booked_hours", "capacity_hours", "utilisation_rate"]]
    headings = {"description": "resource", "capacity_hours": "regular (h)", "utilisation_rate": "load"}
    return Section(
        f"{top['description']} was booked to {percent(top['utilisation_rate'], 0)} of its regular hours; "
        f"{beyond if over else 'none was over 100 percent'}",
        f"{model.name}, booked load by resource, percent of regular hours, {window}",
        table=Table(shown, headings=headings, currency=model.currency),
        source=("resource_history", f"periods {window}"),
    )
