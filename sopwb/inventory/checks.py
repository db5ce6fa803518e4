"""What must hold of projected stock, recomputed from the movements: each check gives the rows that do not."""

from __future__ import annotations

from typing import Any

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, plan_check

__all__ = ["stock_balances", "stock_is_never_negative"]

TOLERANCE = 1e-6
"""Part of the largest quantity of a node by which sums may differ, as they do by rounding."""
NODE = ["product", "location"]
KEY = [*NODE, "period"]
FLOWS = ["opening_qty", "receipt_qty", "issue_qty", "closing_qty"]


def _slack(stock: pd.DataFrame) -> pd.Series[Any]:
    """Quantity below which a difference is rounding, for each row: a part of the largest of its node."""
    size = stock[FLOWS].abs().max(axis=1)
    return TOLERANCE * size.groupby([stock["product"], stock["location"]]).transform("max").clip(lower=1.0)


def _expected_opening(stock: pd.DataFrame, on_hand: pd.DataFrame) -> pd.Series[Any]:
    """Closing stock of the period before; stock on hand in the first."""
    held = on_hand.groupby(NODE)["on_hand_qty"].sum()
    first = pd.Series(held.reindex(pd.MultiIndex.from_frame(stock[NODE])).fillna(0.0).to_numpy(), stock.index)
    return stock.groupby(NODE)["closing_qty"].shift().fillna(first)


@plan_check("stock_balances", area="supply")
def stock_balances(tables: Tables, model: Model) -> pd.DataFrame:
    """Rows whose stock does not roll on from the row before, or is not its opening and its movements.

    Movements of a product at a location that the projection leaves out count as rows too.
    """
    stock = tables["projected_inventory"].sort_values(KEY, ignore_index=True)
    moved = tables["stock_movement"].groupby(KEY, sort=True)["moved_qty"].sum().rename("moved_qty")
    rows = stock.merge(moved.reset_index(), on=KEY, how="outer", validate="one_to_one", indicator=True)
    opened = _expected_opening(stock, tables["stock_on_hand"]).rename("carried_qty")
    rows = rows.merge(pd.concat([stock[KEY], opened], axis=1), on=KEY, how="left", validate="one_to_one")
    rows = rows.assign(moved_qty=rows["moved_qty"].fillna(0.0))
    slack = _slack(rows)
    not_rolled = (rows["opening_qty"] - rows["carried_qty"]).abs()
    not_moved = (rows["opening_qty"] + rows["moved_qty"] - rows["closing_qty"]).abs()
    holds = (not_rolled <= slack) & (not_moved <= slack) & (rows["_merge"] != "right_only")
    shown = [*KEY, "opening_qty", "carried_qty", "moved_qty", "closing_qty"]
    return rows.loc[~holds, shown].reset_index(drop=True)


@plan_check("stock_is_never_negative", area="supply")
def stock_is_never_negative(tables: Tables, model: Model) -> pd.DataFrame:
    """Products, locations and periods that would end with less than nothing in stock."""
    stock = tables["projected_inventory"]
    below = ~(stock["closing_qty"] >= -_slack(stock))
    return stock.loc[below, [*KEY, "closing_qty"]].reset_index(drop=True)
