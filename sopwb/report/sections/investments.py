"""Investments the plan may make: what it decides, what each brings a year, and what it is worth."""

from __future__ import annotations

from typing import Any

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import count
from sopwb.report import charts
from sopwb.report.numbers import exact, iso_month, percent, short
from sopwb.report.section import Section
from sopwb.report.sections.names import code_name
from sopwb.report.table import Table, without_empty

__all__ = ["asked_of_investments", "investments"]

NOTEBOOK = "40_supply_review"
MOST = 12
DUST = 0.5
CHOICES = {"built": "build", "not_built": "not built", "no_month": "not within the plan"}
DAYS_PER_YEAR = 365.25


def _ordered(tables: Tables) -> pd.DataFrame:
    """What is built before what is not, the most worth first."""
    rows = tables["investment_decision"]
    rows = rows.assign(is_built=rows["choice"] == "built")
    keys = ["is_built", "npv_value", "investment"]
    return rows.sort_values(keys, ascending=[False, False, True], ignore_index=True)


def _payback(years: Any) -> str:
    return "never pays back" if pd.isna(years) else f"pays back in {exact(years, 1)} years of use"


def _message(rows: pd.DataFrame, currency: str) -> str:
    """What is built, for how much, and what the first of it is worth."""
    built = rows[rows["is_built"]]
    if built.empty:
        best = rows.iloc[0]
        said = f"None of {count(len(rows), 'investment')} is built"
        if pd.isna(best["npv_value"]):
            return f"{said}: no month of the plan allows one in time"
        return (
            f"{said}; the best, {best['name']}, is worth {short(best['npv_value'], currency)} over its life"
        )
    first = built.iloc[0]
    said = f"The plan builds {len(built)} of {count(len(rows), 'investment')} for "
    said += f"{short(built['capex_value'].sum(), currency)}; {first['name']} in {iso_month(first['period'])} "
    said += f"is worth {short(first['npv_value'], currency)} over its life"
    return f"{said} and {_payback(first['payback_years'])}"


def _picture(rows: pd.DataFrame, currency: str) -> Any:
    """What each earns a year beside what it has to earn."""
    known = rows.dropna(subset=["npv_value"]).head(MOST)
    if known.empty:
        return None
    bars = pd.DataFrame(
        {
            "label": known["name"],
            "value": known["contribution_value_per_year"] - known["running_value_per_year"],
            "reference": known["capital_value_per_year"],
        }
    )
    names = ("earned a year", "capital")
    return charts.bars_by_structure(bars, unit=currency, reference="PL", names=names, width=220)


def _short_use(rows: pd.DataFrame) -> str:
    """A word of warning where yearly figures stand on less than a year."""
    brief = rows[rows["used_days"] < DAYS_PER_YEAR - 1]
    if brief.empty:
        return ""
    name, days = brief.iloc[0]["name"], exact(brief.iloc[0]["used_days"], 0)
    return f" {name} is of use for {days} days of the plan only: its year holds those days' season."


def _not_found(tables: Tables) -> str:
    """A word where the search for investments ended without any plan."""
    log = tables["solver_log"]
    if not ((log["goal"] == "investments") & (log["status"] == "relaxed")).any():
        return ""
    return (
        " The search ended before it found a plan, so nothing is built but what people ask for: allow more "
        "seconds (supply.mip_seconds), or fewer months to decide in."
    )


@report_section("investments", notebook=NOTEBOOK, if_any=True)
def investments(tables: Tables, model: Model) -> Section:
    """Each investment with the plan's decision, contribution and service of a year, worth over its life."""
    rows, currency = _ordered(tables), model.currency
    title = f"{model.name}, investments the plan may make, {currency} a year of use and over their life, FC"
    source = ("investment_decision", "all rows")
    if rows.empty:
        return Section("No investment is up for decision", title, source=source)
    shown = rows.assign(
        subject=[code_name(tables, str(code)) for code in rows["subject"]],
        decided=[
            CHOICES[choice] + ("" if status == "open" else ", as told")
            for choice, status in zip(rows["choice"], rows["status"], strict=True)
        ],
        month=[iso_month(month) if pd.notna(month) else "" for month in rows["period"]],
        running=rows["running_value_per_year"],
        payback=rows["payback_years"],
    )
    unit = f"short:{currency}"
    money = ["capex_value", "contribution_value_per_year", "running", "capital_value_per_year"]
    money += ["npv_value", "service_value_per_year"]
    columns = [
        "name",
        "subject",
        "decided",
        "month",
        *money[:5],
        "payback",
        *money[5:],
        "served_qty_per_year",
    ]
    table = Table(
        without_empty(shown[columns], ["running", "service_value_per_year", "served_qty_per_year"]),
        headings={
            "name": "investment",
            "subject": "adds to",
            "month": "decide in",
            "capex_value": "capex",
            "contribution_value_per_year": "brings a year",
            "running": "runs at a year",
            "capital_value_per_year": "capital a year",
            "npv_value": "net present value",
            "payback": "payback (years)",
            "service_value_per_year": "service a year, apart",
            "served_qty_per_year": "units not lost a year",
        },
        units={**dict.fromkeys(money, unit), "payback": "short:", "served_qty_per_year": "short:"},
        variances={"npv_value": "higher_better"},
        max_rows=MOST,
        currency=currency,
    )
    rate = percent(model.finance.capital_cost_rate_per_year)
    note = (
        "What one brings is the contribution of the plan with it less that of the plan without it, both "
        "planned anew; of one that is not built, with it from its first month and what excludes it left out. "
        f"A year of the plan is taken to hold over its life, at a cost of capital of {rate}, before tax. "
        "Service is what late and lost demand is charged in the plan; it is in no account and not in the net "
        "present value, but the plan counts it." + _short_use(rows) + _not_found(tables)
    )
    return Section(
        _message(rows, currency), title, chart=_picture(rows, currency), table=table, note=note, source=source
    )


def asked_of_investments(tables: Tables, model: Model) -> pd.DataFrame:
    """Decisions asked for what the plan builds and nobody has decided: in the columns of ``decision``.

    The month of the decision ends the waiting; a week of it costs the contribution and service of a week,
    less the cost of a week.
    """
    rows = _ordered(tables)
    rows = rows[rows["is_built"] & (rows["status"] == "open")]
    earned = rows["contribution_value_per_year"] + rows["service_value_per_year"]
    week = (earned - rows["running_value_per_year"] - rows["capital_value_per_year"]) * 7 / DAYS_PER_YEAR
    question = [
        f"Build {name} for {short(capex, model.currency)}? It {_payback(years)}"
        for name, capex, years in zip(rows["name"], rows["capex_value"], rows["payback_years"], strict=True)
    ]
    return pd.DataFrame(
        {
            "question": question,
            "options": "build; do not build",
            "expected_value": rows["npv_value"].to_numpy(),
            "default_choice": "the plan counts on it, and nothing is built",
            "delay_cost_per_week": week.clip(lower=0.0).to_numpy(),
            "owner": rows["owner"].fillna("").to_numpy(),
            "due_date": rows["period"].to_numpy(),
        }
    )
