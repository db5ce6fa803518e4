"""Money of the investments the supply plan makes, as finance books it."""

from __future__ import annotations

import pandas as pd

from sopwb.extend import Tables

__all__ = ["investment_lines", "with_capex"]


def with_capex(cash_item: pd.DataFrame, investment_spend: pd.DataFrame) -> pd.DataFrame:
    """Items of cash outside operations with the capital spending of investments that are made.

    Parameters
    ----------
    cash_item, investment_spend
        The tables of these names.
    """
    paid = investment_spend[investment_spend["capex_value"] != 0]
    if paid.empty:
        return cash_item
    items = pd.DataFrame(
        {
            "cash_item": "investment " + paid["investment"],
            "period": paid["period"],
            "kind": "capex",
            "amount_value": -paid["capex_value"],
        }
    )
    return pd.concat([cash_item, items], ignore_index=True) if len(cash_item) else items


def investment_lines(tables: Tables) -> pd.DataFrame:
    """Lines of the profit and loss of investments that are made: running cost, and depreciation without cash.

    Returns
    -------
    pandas.DataFrame
        period, line, amount_value, is_cash.
    """
    spend = tables["investment_spend"]
    parts = [
        pd.DataFrame(
            {
                "period": spend["period"],
                "line": spend["plan_line"] if is_cash else "depreciation",
                "amount_value": spend[column],
                "is_cash": is_cash,
            }
        )
        for column, is_cash in (("running_value", True), ("depreciation_value", False))
    ]
    lines = pd.concat(parts, ignore_index=True)
    return lines[lines["amount_value"] != 0].reset_index(drop=True)
