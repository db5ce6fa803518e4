"""What the plan stands on: the checks it passed and the method that made it."""

from __future__ import annotations

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.report.numbers import iso_date, whole
from sopwb.report.section import Section
from sopwb.report.table import Table

__all__ = [
    "method_and_evidence",
    "plan_checks",
]

NOTEBOOK = "70_executive_sop"
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
    ordered = rows.assign(place=rows["status"].map(STATUS_ORDER)).sort_values(["place", "area", "check"])
    table = Table(
        ordered.assign(check=ordered["check"].str.replace("_", " "))[["check", "area", "status", "message"]],
        headings={"message": "what was found"},
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
    shown = ", ".join(f"{name} {whole(count)}" for name, count in methods.head(4).items())
    note = f"Series by forecast method: {shown}." if shown else ""
    if log.empty:
        return Section("The supply plan has not been solved", title, note=note, source=source)
    first, last = log.iloc[0], log.iloc[-1]
    message = (
        f"The supply plan was solved in {len(log)} steps with status {last['status']}, over "
        f"{whole(first['row_count'])} rows and {whole(first['column_count'])} columns"
    )
    table = Table(
        log[["solve", "goal", "status", "objective", "row_count", "column_count", "gap_rate"]],
        headings={"row_count": "rows", "column_count": "columns", "gap_rate": "gap"},
        units={"row_count": "count", "column_count": "count", "objective": "short:"},
    )
    return Section(message, title, table=table, note=note, source=source)
