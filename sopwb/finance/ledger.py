"""What the ledger says, in the lines of the plan."""

from __future__ import annotations

import pandas as pd

from sopwb.measure.line import OTHER_COST, SIGN

__all__ = ["BALANCE_TYPES", "RESULT_TYPES", "ledger_balances", "ledger_lines", "opening_balances"]

RESULT_TYPES = ("revenue", "cost_of_sales", "expense")
BALANCE_TYPES = ("asset", "liability", "equity")


def _booked(ledger: pd.DataFrame, account: pd.DataFrame, types: tuple[str, ...]) -> pd.DataFrame:
    chosen = account.loc[
        account["account_type"].isin(types), ["account", "account_type", "operator", "plan_line"]
    ]
    rows = ledger.merge(chosen, on="account", how="inner", validate="m:1")
    return rows.assign(amount_value=rows["amount_value"] * rows["operator"])


def ledger_lines(ledger: pd.DataFrame, account: pd.DataFrame) -> pd.DataFrame:
    """Booked amount of each plan line by version and month, costs positive.

    Accounts without a plan line are left out. A line the plan does not know counts as other cost,
    an unknown income as other cost taken off.

    Returns
    -------
    pandas.DataFrame
        version, period, line, amount_value; one row per key.
    """
    rows = _booked(ledger, account, RESULT_TYPES)
    rows = rows[rows["plan_line"].notna()]
    known = rows["plan_line"].isin(SIGN)
    income = (rows["account_type"] == "revenue") & ~known
    rows = rows.assign(
        line=rows["plan_line"].where(known, OTHER_COST),
        amount_value=rows["amount_value"].where(~income, -rows["amount_value"]),
    )
    return rows.groupby(["version", "period", "line"], sort=True)["amount_value"].sum().reset_index()


def ledger_balances(ledger: pd.DataFrame, account: pd.DataFrame) -> pd.DataFrame:
    """Closing balance of each line of the balance sheet by month, actual only.

    Accounts without a plan line are kept together as other assets, other liabilities or equity.

    Returns
    -------
    pandas.DataFrame
        period, line, side, amount_value; one row per period and line.
    """
    rows = _booked(ledger[ledger["version"] == "actual"], account, BALANCE_TYPES)
    spare = rows["account_type"].map(
        {"asset": "other_assets", "liability": "other_liabilities", "equity": "equity"}
    )
    rows = rows.assign(line=rows["plan_line"].fillna(spare), side=rows["account_type"])
    by_line = rows.groupby(["period", "line", "side"], sort=True)["amount_value"].sum().reset_index()
    return by_line.sort_values(["period", "line"], ignore_index=True)


def opening_balances(balances: pd.DataFrame, first_month: pd.Timestamp) -> dict[str, float]:
    """Balance by line at the end of the last month booked before the plan; empty when there is none."""
    before = balances[balances["period"] < first_month]
    last = before[before["period"] == before["period"].max()]
    return {str(line): float(value) for line, value in zip(last["line"], last["amount_value"], strict=True)}
