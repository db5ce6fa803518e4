"""How far the plan can be trusted: whether it is proven best, and which limits no plan keeps together."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.config.supply import STOPPED
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import count, words
from sopwb.report.numbers import exact, short
from sopwb.report.section import Section
from sopwb.report.sections.names import bucket_name, limit_name
from sopwb.report.table import Table

__all__ = ["limit_conflicts", "not_proven", "unknown_prices"]

NOTEBOOK = "40_supply_review"
WHOLE = ("whole decisions", "investments")
"""Searches for what is yes or no; the plan around what they find is proven, and so are its prices."""
MOST_LIMITS = 20


def not_proven(tables: Tables) -> str:
    """A sentence that says that time ended the search for the plan; nothing where none did."""
    log = tables["solver_log"]
    stopped = log[log["status"] == STOPPED]
    if stopped.empty:
        return ""
    if stopped["goal"].isin(WHOLE).all():
        return (
            "The time limit ended the search for whole decisions such as set-ups: the plan is the best "
            f"found by then, at most {exact(100 * stopped['gap_rate'].max(), 2)} % from the best there is. "
            "Made again it may differ."
        )
    return (
        "The time limit ended the search: the plan keeps every limit it can and is the best found by then, "
        "but not proven best. Made again it may differ; what limits are worth is not known."
    )


def unknown_prices(tables: Tables) -> str:
    """Why nothing is told of what limits are worth, where time ended the search for the plan."""
    log = tables["solver_log"]
    is_stopped = ((log["status"] == STOPPED) & ~log["goal"].isin(WHOLE)).any()
    return "What limits are worth is not known: the time limit ended the search" if is_stopped else ""


@report_section("limit_conflicts", notebook=NOTEBOOK)
def limit_conflicts(tables: Tables, model: Model) -> Section:
    """Hard limits that no plan keeps together, and what it costs when one of them gives way."""
    rows = tables["limit_conflict"].sort_values(["conflict", "cost_value", "constraint", "subject"])
    title = f"{model.name}, limits that no plan keeps together, {model.currency}, whole plan FC"
    source = ("limit_conflict", "all rows, by conflict")
    broken = tables["broken_limit"]
    if rows.empty:
        hard = int(broken["is_hard"].sum())
        message = "All hard limits can be kept together"
        if hard:
            message = (
                f"{count(hard, 'hard limit is', 'hard limits are')} broken; which conflict was not found out"
            )
        return Section(message, title, source=source)
    conflicts = rows["conflict"].nunique()
    cheapest = rows.iloc[0]
    message = (
        f"{count(conflicts, 'set', 'sets')} of limits cannot be kept together; of the first, "
        f"{words(str(cheapest['constraint']))} of {limit_name(tables, str(cheapest['subject']))} "
        f"gives way at the least cost, {short(cheapest['cost_value'], model.currency)}"
    )
    table = Table(
        pd.DataFrame(
            {
                "conflict": rows["conflict"].to_numpy(),
                "limit": [words(str(name)) for name in rows["constraint"]],
                "subject": [limit_name(tables, str(code)) for code in rows["subject"]],
                "first": [bucket_name(tables, start) for start in rows["first_period"]],
                "give_way_qty": rows["give_way_qty"].to_numpy(),
                "unit": rows["unit"].to_numpy(),
                "cost_value": rows["cost_value"].to_numpy(),
                "lost_qty": rows["lost_qty"].to_numpy(),
            }
        ),
        headings={
            "first": "binds first",
            "give_way_qty": "gives way by",
            "unit": "of a",
            "cost_value": f"the plan then loses ({model.currency})",
            "lost_qty": "and loses (units)",
        },
        units={"conflict": "count"},
        max_rows=MOST_LIMITS,
        currency=model.currency,
    )
    note = (
        "A set is as small as can be: one of it has to give way, and then the others stand. Gives way by: "
        "most in one bucket. Loses: contribution less what steers, and demand, against a plan in which none "
        "of the set counts."
    )
    return Section(message, title, table=table, note=note, source=source)
