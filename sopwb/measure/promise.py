"""What earlier cycles promised against what happened."""

from __future__ import annotations

import pandas as pd

from sopwb.calendar import fiscal_month

__all__ = ["promises"]

LINES = ("revenue", "gross_margin", "ebit")


def promises(
    past_profit_and_loss: pd.DataFrame,
    past_demand_plan: pd.DataFrame,
    profit_and_loss: pd.DataFrame,
    sales_history: pd.DataFrame,
) -> pd.DataFrame:
    """Revenue, margin, EBIT and volume of closed months as earlier cycles planned them; table ``promise``.

    Volume is the consensus of all products and markets against net quantity sold.
    """
    actual = profit_and_loss[profit_and_loss["version"] == "actual"]
    money = past_profit_and_loss[past_profit_and_loss["line"].isin(LINES)].merge(
        actual[["period", "line", "amount_value"]],
        on=["period", "line"],
        how="inner",
        validate="m:1",
        suffixes=("_then", "_now"),
    )
    money = money.rename(
        columns={
            "line": "measure",
            "amount_value_then": "promised_value",
            "amount_value_now": "happened_value",
        }
    )
    sold = (
        (sales_history["sold_qty"] - sales_history["returned_qty"])
        .groupby(fiscal_month(sales_history["date"]))
        .sum()
    )
    volume = past_demand_plan.groupby(["cycle", "period"], sort=True)["consensus_qty"].sum().reset_index()
    volume = volume[volume["period"].isin(sold.index)].rename(columns={"consensus_qty": "promised_value"})
    volume = volume.assign(measure="volume", happened_value=volume["period"].map(sold).astype(float))
    columns = ["cycle", "measure", "period", "promised_value", "happened_value"]
    rows = pd.concat([part[columns] for part in (money, volume) if len(part)] or [money[columns]])
    rows = rows.reset_index(drop=True)
    attained = rows["happened_value"] / rows["promised_value"]
    return rows.assign(attainment_rate=attained.where(rows["promised_value"] > 0))
