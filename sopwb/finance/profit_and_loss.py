"""The profit and loss of the plan: revenue and cost of the volume, lines of cost, tax."""

from __future__ import annotations

import pandas as pd

from sopwb.finance.cash import income_tax
from sopwb.measure.line import SIGN, SUBTOTALS

__all__ = ["cost_line_months", "operating_lines", "run_rate", "taxed"]

RUN_RATE_LINES = tuple(SIGN)[3:10]


def cost_line_months(
    cost_line: pd.DataFrame,
    months: pd.Index[pd.Timestamp],
    revenue: pd.Series[float],
    pallets: pd.Series[float],
) -> pd.DataFrame:
    """Planned amount of every cost line by month: fixed, as a share of revenue, or by shipped pallet.

    A row holds in a month when it is valid on the month's first day.

    Returns
    -------
    pandas.DataFrame
        period, line, amount_value, is_cash; one row per cost line row and month in which it holds.
    """
    grid = cost_line.merge(pd.DataFrame({"period": months}), how="cross")
    holds = (grid["valid_from"] <= grid["period"]) & (
        grid["valid_to"].isna() | (grid["valid_to"] >= grid["period"])
    )
    grid = grid[holds]
    driver = grid["behaviour"].map({"fixed": 1.0}).astype(float)
    driver = driver.where(grid["behaviour"] != "rate_of_revenue", grid["period"].map(revenue).astype(float))
    driver = driver.where(grid["behaviour"] != "per_pallet", grid["period"].map(pallets).astype(float))
    known = grid["plan_line"].isin(SIGN)
    return pd.DataFrame(
        {
            "period": grid["period"],
            "line": grid["plan_line"].where(known, "other_cost"),
            "amount_value": (grid["amount"] * driver).fillna(0.0),
            "is_cash": grid["is_cash"],
        }
    ).reset_index(drop=True)


def run_rate(
    actual: pd.DataFrame, planned: set[str], months: pd.Index[pd.Timestamp], closed_months: int
) -> pd.DataFrame:
    """Average of the last closed months for every line below gross margin that nobody plans.

    Parameters
    ----------
    actual
        period, line, amount_value of the ledger.
    planned
        Lines that are planned otherwise.
    months
        Months of the plan.
    closed_months
        How many months are averaged; 0 gives no rows.
    """
    wanted = [line for line in RUN_RATE_LINES if line not in planned]
    last = sorted(actual["period"].unique())[-closed_months:] if closed_months else []
    rows = actual[actual["period"].isin(last) & actual["line"].isin(wanted)]
    mean = (rows.groupby("line", sort=True)["amount_value"].sum() / max(len(last), 1)).reset_index()
    grid = mean.merge(pd.DataFrame({"period": months}), how="cross")
    return grid.assign(is_cash=grid["line"] != "depreciation")[["period", "line", "amount_value", "is_cash"]]


def operating_lines(
    volume: pd.DataFrame, variance: pd.Series[float], freight: pd.Series[float], lines: pd.DataFrame
) -> pd.DataFrame:
    """Lines of the profit and loss down to interest, by month: period, line, amount_value.

    Parameters
    ----------
    volume
        Revenue and standard cost by product, market and month (``margin_plan``).
    variance
        Production variance by month.
    freight
        Freight between locations by month, part of distribution.
    lines
        Planned lines: period, line, amount_value.
    """
    money = volume.groupby("period")[["revenue_value", "standard_cost_value"]].sum()
    flows = {
        "revenue": money["revenue_value"],
        "cost_of_sales": money["standard_cost_value"],
        "production_variance": variance,
        "distribution": freight,
    }
    parts = [
        pd.DataFrame({"period": flow.index, "line": line, "amount_value": flow.to_numpy()})
        for line, flow in flows.items()
    ]
    both = pd.concat([*parts, lines[["period", "line", "amount_value"]]], ignore_index=True)
    return both.groupby(["period", "line"], sort=True)["amount_value"].sum().reset_index()


def taxed(lines: pd.DataFrame, rate: pd.Series[float], loss_carried_forward: float) -> pd.DataFrame:
    """The lines with income tax on the profit before tax, losses carried forward.

    Parameters
    ----------
    lines
        period, line, amount_value without income tax, one version.
    rate
        Tax rate by month; its index is every month of the plan.
    """
    before = [line for line in SUBTOTALS["net_income"] if line != "income_tax"]
    rows = lines[lines["line"].isin(before)]
    signed = rows["amount_value"] * rows["line"].map(SIGN).astype(float)
    profit = signed.groupby(rows["period"]).sum().reindex(rate.index, fill_value=0.0).astype(float)
    tax = income_tax(profit, rate, loss_carried_forward)
    tail = pd.DataFrame({"period": tax.index, "line": "income_tax", "amount_value": tax.to_numpy()})
    return pd.concat([rows, tail], ignore_index=True)
