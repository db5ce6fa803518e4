"""What a unit brings: list price, less rebate, at plan rate."""

from __future__ import annotations

from typing import Any

import pandas as pd

from sopwb.demand.panel import SERIES
from sopwb.demand.scope import ALL
from sopwb.errors import Fault, InputError

__all__ = ["net_price", "plan_rate", "realised_price", "rebate_rate"]


def _as_of_period(
    cells: pd.DataFrame, table: pd.DataFrame, since: str, value: str, by: list[str]
) -> pd.Series[Any]:
    """Value in force on each cell's period: the latest before it, else the first after it."""
    if table.empty:
        return pd.Series(float("nan"), index=cells.index)
    left = cells[[*by, "period"]].assign(place=range(len(cells))).sort_values("period", kind="stable")
    right = table[[*by, since, value]].sort_values(since, kind="stable")
    found = {}
    for direction in ("backward", "forward"):
        joined = pd.merge_asof(left, right, left_on="period", right_on=since, by=by, direction=direction)
        found[direction] = joined.set_index("place")[value].sort_index()
    return found["backward"].fillna(found["forward"]).set_axis(cells.index)


def plan_rate(cells: pd.DataFrame, currency_rate: pd.DataFrame, reporting: str) -> pd.Series[Any]:
    """Reporting currency for one unit of each cell's currency: plan rate, else the last actual one.

    Raises
    ------
    InputError
        A currency has no rate at all.
    """
    rate = pd.Series(float("nan"), index=cells.index).mask(cells["currency"] == reporting, 1.0)
    for kind in ("plan", "actual", "budget"):
        known = currency_rate[currency_rate["rate_type"] == kind].rename(columns={"period": "since"})
        rate = rate.fillna(_as_of_period(cells, known, "since", "rate", ["currency"]))
    missing = sorted(cells.loc[rate.isna(), "currency"].unique())
    if missing:
        raise InputError(
            [
                Fault(
                    "currency_rate",
                    f"no rate for {', '.join(missing)}",
                    remedy=f"add a row with rate_type plan: {reporting} for one unit of the currency",
                )
            ]
        )
    return rate


def rebate_rate(cells: pd.DataFrame, rebate: pd.DataFrame) -> pd.Series[Any]:
    """Share of the price that is paid back: the family's own rebate, else that of all families, else none."""
    known = rebate.rename(columns={"valid_from": "since"})
    general = known[known["family"] == ALL]
    own = _begun(cells, known, ["market", "family"])
    return own.fillna(_begun(cells, general, ["market"])).fillna(0.0)


def _begun(cells: pd.DataFrame, table: pd.DataFrame, by: list[str]) -> pd.Series[Any]:
    """Rebate in force on each cell's period; none before the first begins."""
    if table.empty:
        return pd.Series(float("nan"), index=cells.index)
    left = cells[[*by, "period"]].assign(place=range(len(cells))).sort_values("period", kind="stable")
    right = table[[*by, "since", "rebate_rate"]].sort_values("since", kind="stable")
    joined = pd.merge_asof(left, right, left_on="period", right_on="since", by=by, direction="backward")
    return joined.set_index("place")["rebate_rate"].sort_index().set_axis(cells.index)


def realised_price(sales: pd.DataFrame, by: list[str], since: pd.Timestamp) -> pd.DataFrame:
    """Net sales per unit since a day, by the columns given; only where something was sold."""
    recent = sales[sales["date"] >= since]
    net = recent[by].assign(qty=recent["sold_qty"] - recent["returned_qty"], value=recent["net_sales_value"])
    total = net.groupby(by, as_index=False)[["qty", "value"]].sum()
    total = total[(total["qty"] > 0) & (total["value"] > 0)]
    return total[by].assign(realised_per_unit=total["value"] / total["qty"])


def net_price(
    cells: pd.DataFrame,
    price: pd.DataFrame,
    rebate: pd.DataFrame,
    currency_rate: pd.DataFrame,
    sales: pd.DataFrame,
    *,
    reporting: str,
    as_of: pd.Timestamp,
) -> pd.Series[Any]:
    """Net price of each product, market and bucket in the reporting currency.

    net price = list price x (1 - rebate) x plan rate. Where there is no list price, it is what a
    unit brought over the last twelve months in the market, then anywhere; then zero.

    Parameters
    ----------
    cells
        Rows with product, market, ``period``, family and currency (of the market).
    """
    prices = price.rename(columns={"valid_from": "since"})
    listed = _as_of_period(cells, prices, "since", "price_per_unit", SERIES)
    listed = listed * (1 - rebate_rate(cells, rebate)) * plan_rate(cells, currency_rate, reporting)
    since = as_of - pd.DateOffset(months=12) + pd.Timedelta(days=1)
    for by in (SERIES, ["product"]):
        got = cells[by].merge(realised_price(sales, by, since), on=by, how="left", validate="many_to_one")
        listed = listed.fillna(got["realised_per_unit"].set_axis(cells.index))
    return listed.fillna(0.0)
