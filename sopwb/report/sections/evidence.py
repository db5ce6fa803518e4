"""What the plan stands on: the data, its tie to the ledger, the assumptions, the checks, the method."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.report import charts
from sopwb.report.numbers import iso_date, percent, short, whole
from sopwb.report.section import Section
from sopwb.report.table import Table

__all__ = [
    "data_quality",
    "default_assumptions",
    "method_and_evidence",
    "operations_ledger_tie",
    "plan_checks",
]

NOTEBOOK = "70_executive_sop"
MONTHS = 12
STATUS_ORDER = {"fail": 0, "warn": 1, "pass": 2}


def _title(model: Model, what: str) -> str:
    return f"{model.name}, {what}, as of {iso_date(model.as_of)}"


@report_section("operations_ledger_tie", notebook=NOTEBOOK)
def operations_ledger_tie(tables: Tables, model: Model) -> Section:
    """What operations and the ledger say of the same months, with the difference in the open."""
    rows = tables["reconciliation"].dropna(subset=["operations_value", "ledger_value"])
    title = _title(model, f"operations against ledger, {model.currency}, last {MONTHS} closed months")
    source = ("reconciliation", "months in which both are known")
    if rows.empty:
        return Section(
            "Operations cannot be held against a ledger: one of them is missing", title, source=source
        )
    recent = rows[rows["period"] > rows["period"].max() - pd.DateOffset(months=MONTHS)]
    by_measure = recent.groupby("measure", as_index=False).agg(
        operations_value=("operations_value", "sum"),
        ledger_value=("ledger_value", "sum"),
        lowest_rate=("ratio_rate", "min"),
        highest_rate=("ratio_rate", "max"),
    )
    by_measure = by_measure.assign(
        difference=by_measure["operations_value"] - by_measure["ledger_value"],
        ratio_rate=by_measure["operations_value"] / by_measure["ledger_value"].where(lambda v: v != 0),
    )
    first = "revenue" if "revenue" in set(by_measure["measure"]) else by_measure["measure"].iloc[0]
    row = by_measure[by_measure["measure"] == first].iloc[0]
    message = (
        f"Operations have {percent(row['ratio_rate'])} of the ledger's {first.replace('_', ' ')}, "
        f"a difference of {short(row['difference'], model.currency, signed=True)}; by month between "
        f"{percent(row['lowest_rate'], 0)} and {percent(row['highest_rate'], 0)}"
    )
    unit = f"short:{model.currency}"
    columns = [
        "measure",
        "operations_value",
        "ledger_value",
        "difference",
        "ratio_rate",
        "lowest_rate",
        "highest_rate",
    ]
    table = Table(
        by_measure.assign(measure=by_measure["measure"].str.replace("_", " "))[columns],
        headings={
            "operations_value": "operations",
            "ledger_value": "ledger",
            "difference": "Δ",
            "ratio_rate": "operations, % of ledger",
            "lowest_rate": "lowest month",
            "highest_rate": "highest month",
        },
        units=dict.fromkeys(("operations_value", "ledger_value", "difference"), unit),
        variances={"difference": "neutral"},
    )
    line = recent[recent["measure"] == first].rename(columns={"ratio_rate": "value"}).assign(version="AC")
    chart = charts.columns_over_time(
        line[["period", "version", "value"]].dropna(), unit="%", target=(1.0, "ledger"), width=430, height=110
    )
    return Section(message, title, chart=chart, table=table, source=source)


@report_section("data_quality", notebook=NOTEBOOK)
def data_quality(tables: Tables, model: Model) -> Section:
    """Which tables were read, how many rows, from when to when, and which are missing."""
    profile = tables["data_profile"]
    title = _title(model, "input tables as they were read")
    source = ("data_profile", "all rows")
    if profile.empty:
        return Section("No table has been read", title, source=source)
    full = profile[profile["row_count"] > 0]
    empty = sorted(profile.loc[profile["row_count"] == 0, "table"])
    message = f"{whole(full['row_count'].sum())} rows in {len(full)} tables were read and passed every check"
    facts = full[full["kind"] == "fact"].sort_values("row_count", ascending=False)
    table = Table(
        facts[["table", "row_count", "first_date", "last_date"]],
        headings={"row_count": "rows", "first_date": "from", "last_date": "to"},
        units={"row_count": "count"},
        max_rows=10,
    )
    note = f"Without rows: {', '.join(name.replace('_', ' ') for name in empty)}." if empty else ""
    return Section(message, title, table=table, note=note, source=source)


@report_section("default_assumptions", notebook=NOTEBOOK)
def default_assumptions(tables: Tables, model: Model) -> Section:
    """What is assumed, first of all where a default stands in for data the source does not have."""
    rows = tables["assumption"].sort_values(["is_default", "subject"], ascending=[False, True])
    title = _title(model, "assumptions of the plan")
    source = ("assumption", "all rows")
    if rows.empty:
        return Section("No assumption is on record", title, source=source)
    defaults = int(rows["is_default"].sum())
    message = f"{len(rows)} assumptions carry the plan; {defaults} of them stand in for data the source lacks"
    table = Table(
        rows[["subject", "text", "is_default", "owner"]],
        headings={"text": "what is assumed", "is_default": "default"},
        max_rows=30,
    )
    return Section(message, title, table=table, source=source)


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
