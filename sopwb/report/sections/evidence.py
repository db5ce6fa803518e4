"""What the plan stands on: the checks it passed and the method that made it."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import count, words
from sopwb.report.numbers import iso_date, percent, whole
from sopwb.report.section import Section
from sopwb.report.table import Table, without_empty

__all__ = [
    "method_and_evidence",
    "plan_checks",
]

NOTEBOOK = "70_executive_sop"
OPTIMAL = "optimal"
STATUS_ORDER = {"fail": 0, "warn": 1, "pass": 2}


def _title(model: Model, what: str) -> str:
    return f"{model.name}, {what}, as of {iso_date(model.as_of)}"


@report_section("plan_checks", notebook=NOTEBOOK)
def plan_checks(tables: Tables, model: Model) -> Section:
    """Checks every run must pass: balances, ties, bridges; failures first."""
    rows = tables["check"]
    title = _title(model, "checks of the plan")
    source = ("check", "all rows")
    if rows.empty:
        return Section("No check has run yet", title, source=source)
    counts = rows["status"].value_counts()
    passed, warned, failed = (int(counts.get(status, 0)) for status in ("pass", "warn", "fail"))
    message = f"All {passed} checks of the plan pass"
    if warned or failed:
        message = f"Of {len(rows)} checks {failed} fail, {warned} warn and {passed} pass"
    named = rows.assign(check=rows["check"].map(words), place=rows["status"].map(STATUS_ORDER))
    named = named.sort_values(["place", "area", "check"])
    open_ = named[named["status"] != "pass"].rename(columns={"message": "found"})
    held = named[named["status"] == "pass"].groupby("area", as_index=False).agg(found=("check", ", ".join))
    held = held.assign(status="pass", check="")
    columns = ["status", "area", "check", "found"]
    table = Table(
        without_empty(pd.concat([open_[columns], held[columns]], ignore_index=True), ["check"]),
        headings={"found": "what was found, or what holds"},
        max_rows=30,
    )
    return Section(message, title, table=table, source=source)


@report_section("method_and_evidence", notebook=NOTEBOOK)
def method_and_evidence(tables: Tables, model: Model) -> Section:
    """How the forecast was made and what the solver reported."""
    log = tables["solver_log"].sort_values("solve")
    title = _title(model, "method: forecast models and solves of the supply plan")
    source = ("solver_log", "all rows")
    series = tables["statistical_forecast"][["product", "market", "method"]].drop_duplicates()
    methods = series["method"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    shown = ", ".join(f"{words(str(name))} {whole(number)}" for name, number in methods.head(4).items())
    note = f"Series by forecast method: {shown}." if shown else ""
    if log.empty:
        return Section("The supply plan has not been solved", title, note=note, source=source)
    first, last = log.iloc[0], log.iloc[-1]
    steps = count(len(log), "solve")
    size = f"{whole(first['row_count'])} conditions on {whole(first['column_count'])} quantities"
    message = f"The supply plan took {steps} ({last['status']}) over {size}"
    if (log["status"] == OPTIMAL).all():
        gap = percent(log["gap_rate"].max(), 2)
        message = f"The supply plan is proven best within {gap}, in {steps} over {size}"
    table = Table(
        log[["goal", "status", "row_count", "column_count", "gap_rate"]],
        headings={"row_count": "conditions", "column_count": "quantities", "gap_rate": "gap to the best"},
        units={"row_count": "count", "column_count": "count"},
    )
    return Section(message, title, table=table, note=note, source=source)
