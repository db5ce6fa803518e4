"""The balance sheet that follows from the profit and loss and the cash flow."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

__all__ = ["PLANNED_LINES", "balance_sheet", "opening_position"]

PLANNED_LINES: Mapping[str, str] = {
    "cash": "asset",
    "receivables": "asset",
    "stock": "asset",
    "fixed_assets": "asset",
    "payables": "liability",
    "loans": "liability",
    "equity": "equity",
    "retained_earnings": "equity",
}
"""Lines that move in the plan; every other line of the ledger keeps its opening balance."""

STOCK_DIFFERENCE = "stock_not_explained"
EQUITY_DIFFERENCE = "equity_not_explained"


def opening_position(
    booked: Mapping[str, float], sides: Mapping[str, str], own: Mapping[str, float]
) -> pd.DataFrame:
    """Balance sheet before the plan: the ledger where it speaks, else what operations know.

    Stock is taken from operations; what the ledger has beyond it stays as a line of its own. What
    is missing for the sheet to balance (a result not yet closed to equity, accounts not mapped)
    is shown as a line of equity.

    Parameters
    ----------
    booked
        Ledger balance by line.
    sides
        asset, liability or equity of each ledger line.
    own
        Balance of planned lines from operations and settings; stock always, others where the
        ledger is silent.

    Returns
    -------
    pandas.DataFrame
        line, side, amount_value; assets equal liabilities and equity.
    """
    value = {line: booked.get(line, own.get(line, 0.0)) for line in PLANNED_LINES}
    value["stock"] = own["stock"]
    rest = {line: amount for line, amount in booked.items() if line not in PLANNED_LINES}
    rest[STOCK_DIFFERENCE] = booked["stock"] - own["stock"] if "stock" in booked else 0.0
    side = {STOCK_DIFFERENCE: "asset", **sides, **PLANNED_LINES}
    sheet = pd.DataFrame(
        [(line, side[line], amount) for line, amount in {**value, **rest}.items()],
        columns=["line", "side", "amount_value"],
    )
    assets = sheet["side"] == "asset"
    signed = sheet["amount_value"].where(assets, -sheet["amount_value"])
    missing = float(signed.sum())
    plug = pd.DataFrame({"line": [EQUITY_DIFFERENCE], "side": ["equity"], "amount_value": [missing]})
    return pd.concat([sheet, plug], ignore_index=True)


def balance_sheet(
    opening: pd.DataFrame, months: pd.DataFrame, closing_cash: pd.Series[float]
) -> pd.DataFrame:
    """Closing balance of every line in every month of the plan; table ``balance_sheet``.

    Parameters
    ----------
    opening
        line, side, amount_value before the first month.
    months
        period, receivable_value, payable_value, stock_value, non_cash, net_income, capex, loan,
        dividend, equity; one row per month.
    closing_cash
        Cash at the end of each month, aligned with `months`.
    """
    start = opening.set_index("line")["amount_value"]
    moving = pd.DataFrame(
        {
            "period": months["period"],
            "cash": closing_cash,
            "receivables": months["receivable_value"],
            "stock": months["stock_value"],
            "fixed_assets": start["fixed_assets"] - (months["capex"] + months["non_cash"]).cumsum(),
            "payables": months["payable_value"],
            "loans": start["loans"] + months["loan"].cumsum(),
            "equity": start["equity"] + months["equity"].cumsum(),
            "retained_earnings": start["retained_earnings"]
            + (months["net_income"] + months["dividend"]).cumsum(),
        }
    )
    still = opening[~opening["line"].isin(PLANNED_LINES)].merge(months[["period"]], how="cross")
    tall = moving.melt("period", var_name="line", value_name="amount_value")
    tall["side"] = tall["line"].map(PLANNED_LINES)
    return pd.concat([tall, still], ignore_index=True)[["period", "line", "side", "amount_value"]]
