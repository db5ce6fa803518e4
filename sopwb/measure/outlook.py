"""Sums of the profit and loss that key figures, headlines and pages share."""

from __future__ import annotations

import pandas as pd

from sopwb.calendar import fiscal_year
from sopwb.config.model import Model
from sopwb.extend import Tables

__all__ = ["VERSIONS", "current_year", "with_fiscal_year", "year_sum", "years_table"]

MONTHS_OF_YEAR = 12
VERSIONS = ("outlook", "budget", "previous", "actual", "forecast", "unconstrained")


def with_fiscal_year(rows: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Rows by fiscal month with the `fiscal_year` each lies in."""
    return rows.assign(fiscal_year=fiscal_year(rows["period"], model.calendar.fiscal_year_start_month))


def current_year(tables: Tables) -> int:
    """Fiscal year in which the plan begins."""
    period = tables["period"].sort_values("period")
    return int(period["fiscal_year"].iloc[0])


def years_table(profit_and_loss: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Amount of every line by fiscal year and version.

    The outlook of a year is its actual months and the forecast of the rest; the budget is missing
    unless it covers the same months; previous is the outlook of the year before, missing unless whole.

    Returns
    -------
    pandas.DataFrame
        fiscal_year, line and the columns actual, forecast, unconstrained, outlook, budget, previous.
    """
    rows = with_fiscal_year(profit_and_loss, model)
    sums = rows.pivot_table(
        index=["fiscal_year", "line"], columns="version", values="amount_value", aggfunc="sum"
    ).reindex(columns=["actual", "budget", "forecast", "unconstrained"])
    months = {version: set(part["period"]) for version, part in rows.groupby("version")}
    planned = months.get("actual", set()) | months.get("forecast", set())
    sums["outlook"] = sums[["actual", "forecast"]].sum(axis=1, min_count=1)
    years = rows.drop_duplicates("period").set_index("period")["fiscal_year"]
    whole = [
        year
        for year, part in years.groupby(years)
        if set(part.index) <= planned and len(part) == MONTHS_OF_YEAR
    ]
    covered = [
        year
        for year, part in years.groupby(years)
        if set(part.index) & planned <= months.get("budget", set())
    ]
    table = sums.reset_index()
    table["budget"] = table["budget"].where(table["fiscal_year"].isin(covered))
    before = table.loc[table["fiscal_year"].isin(whole), ["fiscal_year", "line", "outlook"]]
    before = before.assign(fiscal_year=before["fiscal_year"] + 1).rename(columns={"outlook": "previous"})
    return table.merge(before, on=["fiscal_year", "line"], how="left", validate="1:1")


def year_sum(years: pd.DataFrame, year: int, line: str, version: str) -> float:
    """Amount of one line of one year in one version; missing when it is not known."""
    found = years.loc[(years["fiscal_year"] == year) & (years["line"] == line), version]
    return float(found.iloc[0]) if len(found) else float("nan")
