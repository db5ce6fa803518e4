"""How sure the demand plan is: the months and years it may come to, from its sample paths."""

from __future__ import annotations

import math

import pandas as pd

from sopwb.calendar import fiscal_year
from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.report import charts
from sopwb.report.numbers import iso_date, percent, short
from sopwb.report.section import Section
from sopwb.report.sections.demand import NOTEBOOK, months_ahead, sold_by_month
from sopwb.report.sections.futures import ODDS, band, futures
from sopwb.report.table import Table

__all__ = ["demand_total", "years_ahead"]

HISTORY_MONTHS = 24
MONTHS_OF_YEAR = 12
HEADINGS = {
    "fiscal_year": "Year",
    "sold_value": "Sold so far",
    "year_value": "Plan",
    "lower_value": "In 4 of 5 cases from",
    "upper_value": "to",
    "before_value": "Year before",
    "odds_rate": "Odds above it",
}
MONEY = ("sold_value", "year_value", "lower_value", "upper_value", "before_value")
SURE = 0.99
"""Odds of which more cannot be said with the usual number of paths."""


def years_ahead(sold: pd.DataFrame, plan: pd.DataFrame, paths: pd.DataFrame, start: int) -> pd.DataFrame:
    """What each whole fiscal year of the plan comes to: what is sold and what is planned, with its band.

    Parameters
    ----------
    sold
        Net sales by ``month``: net_sales_value.
    plan
        Demand plan with ``month``.
    paths
        Sample paths with ``month``; without rows there is no band.
    start
        First month of the fiscal year.

    Returns
    -------
    pandas.DataFrame
        fiscal_year, sold_value, year_value, lower_value, upper_value, before_value (missing unless the year
        before is whole) and odds_rate, the share of the paths in which the year is above the one before.
    """
    sold, plan, paths = (
        rows.assign(fiscal_year=fiscal_year(rows["month"], start)) for rows in (sold, plan, paths)
    )
    months = pd.concat([sold, plan])[["fiscal_year", "month"]].drop_duplicates()
    count = months.groupby("fiscal_year").size()
    whole = count.index[count == MONTHS_OF_YEAR]
    past = sold.groupby("fiscal_year")["net_sales_value"].sum().reindex(whole, fill_value=0.0)
    year = past + plan.groupby("fiscal_year")["consensus_value"].sum().reindex(whole, fill_value=0.0)
    drawn = paths.pivot_table(index="fiscal_year", columns="path", values="demand_value", aggfunc="sum")
    drawn = drawn.reindex(whole, fill_value=0.0).add(past, axis=0)
    odds = (drawn > drawn.shift()).mean(axis=1).where(drawn.shift().notna().any(axis=1))
    table = pd.DataFrame(
        {
            "sold_value": past.where(past > 0),
            "year_value": year,
            "lower_value": drawn.quantile(0.1, axis=1),
            "upper_value": drawn.quantile(0.9, axis=1),
            "before_value": year.shift(),
            "odds_rate": odds,
        }
    )
    return table.loc[whole.isin(plan["fiscal_year"])].reset_index(names="fiscal_year")


@report_section("demand_total", notebook=NOTEBOOK)
def demand_total(tables: Tables, model: Model) -> Section:
    """Demand in money by month, two years sold and the plan with its band, and what the years come to."""
    plan, paths = months_ahead(tables, None), futures(tables)
    title = (
        f"{model.name}, all families, demand at net prices, {model.currency} a month, "
        f"AC and FC with 80 % band, as of {iso_date(model.as_of)}"
    )
    if plan.empty:
        return Section("Nothing is planned", title, source=("demand_plan", "all rows"))
    past = (
        sold_by_month(tables, model, HISTORY_MONTHS)
        .groupby("period", as_index=False)["net_sales_value"]
        .sum()
    )
    past = past.assign(value=past["net_sales_value"], version="AC")
    ahead = plan.groupby("month", as_index=False)["consensus_value"].sum()
    ahead = ahead.merge(band(paths, ["month"], "demand_value"), on="month", how="left", validate="1:1")
    ahead = ahead.rename(columns={"month": "period", "consensus_value": "value"}).assign(version="FC")
    years = years_ahead(
        sold_by_month(tables, model, None).rename(columns={"period": "month"}),
        plan,
        paths,
        model.calendar.fiscal_year_start_month,
    )
    number = model.demand.paths.number
    note = (
        f"From {number} sample paths. In each, products, markets and months are together as far off as the "
        "forecast was in the backtest, and activities by their own intervals. This is demand: before supply, "
        "and without what is outside the plan. Months beyond the reach of the backtest go on as it ended."
    )
    return Section(
        _years_message(years, ahead, model.currency, is_drawn=len(paths) > 0),
        title,
        chart=charts.lines_with_band(
            pd.concat([past, ahead], ignore_index=True), unit=model.currency, from_zero=False
        ),
        table=Table(
            years.assign(
                fiscal_year=years["fiscal_year"].astype(str),
                odds_rate=[_odds(rate) for rate in years["odds_rate"]],
            ),
            headings=HEADINGS,
            units={"odds_rate": "text"} | dict.fromkeys(MONEY, f"short:{model.currency}"),
            currency=model.currency,
        )
        if len(years)
        else None,
        note=note if len(paths) else "No sample paths are drawn, so there is no band (demand.paths.number).",
        source=("sample_path", "all rows, by month"),
    )


def _years_message(years: pd.DataFrame, ahead: pd.DataFrame, currency: str, *, is_drawn: bool) -> str:
    """What the first year comes to, or the months of the plan where no year is whole."""
    if years.empty:
        value = ahead["value"].sum()
        return f"The {len(ahead)} months planned bring {short(value, currency)} at net prices"
    year = years.iloc[0]
    name, value = str(int(year["fiscal_year"])), short(year["year_value"], currency)
    if not is_drawn:
        return f"Demand of {name} comes to {value} at net prices"
    message = (
        f"Demand of {name} comes to between {short(year['lower_value'], currency)} and "
        f"{short(year['upper_value'], currency)} in {ODDS}; the plan says {value}"
    )
    if pd.isna(year["odds_rate"]):
        return message
    return f"{message}, and the odds to beat the year before are {_odds(year['odds_rate'])}"


def _odds(rate: float) -> str:
    """Odds in words; of what happens in every path or in none, no more than the paths can tell."""
    if math.isnan(rate):
        return ""
    if rate > SURE:
        return f"over {percent(SURE, 0)}"
    return f"under {percent(1 - SURE, 0)}" if rate < 1 - SURE else percent(rate, 0)
