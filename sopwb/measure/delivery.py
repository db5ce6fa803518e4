"""On time and in full: what customers were delivered against what they asked for."""

from __future__ import annotations

import pandas as pd

from sopwb.config.delivery import DeliverySettings

__all__ = ["delivery_performance", "judged_lines", "with_overdue"]

SCOPES = ("market", "customer_group", "region", "channel", "family")
COUNTS = ["total", "on_time", "in_full", "on_time_in_full"]
ALL = "*"


def with_overdue(delivery: pd.DataFrame, open_order: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Deliveries with the lines that were due by as-of and of which nothing has been delivered yet.

    Parameters
    ----------
    delivery, open_order
        Tables of these names; of open orders the rows as known on the as-of date.
    """
    due = open_order[open_order["due_date"] <= as_of]
    due = due[~due["order_line"].isin(delivery["order_line"])]
    if due.empty:
        return delivery
    missed = due[["order_line", "product", "market"]].assign(
        requested_date=due["due_date"],
        promised_date=due["due_date"],
        delivered_date=pd.Series(pd.NaT, index=due.index, dtype="datetime64[ns]"),
        ordered_qty=due["open_qty"],
        delivered_qty=0.0,
    )
    return pd.concat([delivery, missed], ignore_index=True)


def judged_lines(delivery: pd.DataFrame, settings: DeliverySettings, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """Order lines due in the window of months, with what counts of each.

    Parameters
    ----------
    delivery
        Table ``delivery``.
    settings
        What counts as on time and in full.
    as_of
        Last day of history.

    Returns
    -------
    pandas.DataFrame
        The lines with ``order``, ``due_date``, is_on_time, is_in_full and missed_qty (ordered less what
        came in the window, at least 0).
    """
    due = delivery[f"{settings.date_basis}_date"]
    first = (as_of + pd.Timedelta(days=1)).replace(day=1) - pd.DateOffset(months=settings.months)
    lines = delivery[(due >= first) & (due <= as_of)]
    due = due[lines.index]
    late = (lines["delivered_date"] - due).dt.days
    on_time = late <= settings.late_days
    if settings.early_days is not None:
        on_time &= late >= -settings.early_days
    in_full = lines["delivered_qty"] >= lines["ordered_qty"] * settings.in_full_rate
    came = lines[["delivered_qty", "ordered_qty"]].min(axis=1).where(on_time, 0.0)
    order = lines["order_line"].astype(str).str.extract(settings.order_pattern)[0].fillna(lines["order_line"])
    return lines.assign(
        order=order,
        due_date=due,
        is_on_time=on_time,
        is_in_full=in_full,
        missed_qty=lines["ordered_qty"] - came,
    )


def delivery_performance(
    delivery: pd.DataFrame,
    product: pd.DataFrame,
    market: pd.DataFrame,
    sales: pd.DataFrame,
    settings: DeliverySettings,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Deliveries on time and in full by customer, market and family, in all and by month.

    An order is good only if every line of it in the scope is; it belongs to the month of its last line.
    By quantity, on time and in full is what came in the window, up to what was ordered.

    Parameters
    ----------
    delivery, product, market
        Tables of these names.
    sales
        Table ``sales_history``, for the price of what was missed.
    settings
        What counts as on time and in full.

    Returns
    -------
    pandas.DataFrame
        Table ``delivery_performance``.
    """
    lines = judged_lines(delivery, settings, as_of=as_of)
    lines = lines.merge(product[["product", "family"]], on="product", how="left", validate="many_to_one")
    columns = ["market", "customer_group", "region", "channel"]
    lines = lines.merge(market[columns], on="market", how="left", validate="many_to_one")
    lines = lines.assign(missed_value=lines["missed_qty"] * _price(lines, sales, as_of))
    scopes = {name: f"{name}=" + lines[name].astype(str) for name in SCOPES}
    named = [lines.assign(scope=ALL), *(lines.assign(scope=scope) for scope in scopes.values())]
    table = pd.concat([_of_scope(part, settings) for part in named], ignore_index=True)
    total = table["total"].where(table["total"] > 0)
    rates = {f"{name}_rate": table[name] / total for name in COUNTS[1:]}
    return table.assign(unit=settings.unit, **rates)


def _price(lines: pd.DataFrame, sales: pd.DataFrame, as_of: pd.Timestamp) -> pd.Series[float]:
    """Net price of each line's product and market over the last twelve months; missing where not sold."""
    year = sales[sales["date"] > as_of - pd.DateOffset(years=1)]
    keys = ["product", "market"]
    sums = (
        year.assign(qty=year["sold_qty"] - year["returned_qty"])
        .groupby(keys)[["net_sales_value", "qty"]]
        .sum()
    )
    price = (sums["net_sales_value"] / sums["qty"])[sums["qty"] > 0].rename("price").reset_index()
    return lines[keys].merge(price, on=keys, how="left", validate="many_to_one")["price"]


def _of_scope(lines: pd.DataFrame, settings: DeliverySettings) -> pd.DataFrame:
    month = _month(lines["due_date"])
    counted = _counted(lines.assign(period=month), settings.unit)
    keys = ["scope", "period"]
    by_month = counted.groupby(keys, as_index=False)[COUNTS].sum()
    whole = counted.assign(period=ALL).groupby(keys, as_index=False)[COUNTS].sum()
    table = pd.concat([whole, by_month], ignore_index=True)
    missed = pd.concat([lines.assign(period=ALL), lines.assign(period=month)])
    value = missed.groupby(keys, as_index=False)["missed_value"].sum(min_count=1)
    return table.merge(value, on=keys, how="left", validate="one_to_one")


def _month(date: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    """Month of each date, as ``2026-02``; each month is written once, as dates are many."""
    codes, months = pd.factorize(date.dt.to_period("M"))
    return pd.Series(months.astype(str).to_numpy()[codes], index=date.index)


def _counted(lines: pd.DataFrame, unit: str) -> pd.DataFrame:
    """What each line, or each order, adds to the counts."""
    good = lines["is_on_time"] & lines["is_in_full"]
    if unit == "quantity":
        came = lines["ordered_qty"] - lines["missed_qty"]
        ever = lines[["delivered_qty", "ordered_qty"]].min(axis=1)
        counts = (lines["ordered_qty"], came, ever, came)
    else:
        counts = (pd.Series(1.0, index=lines.index), lines["is_on_time"], lines["is_in_full"], good)
    counted = lines[["scope", "period", "order"]].assign(
        **{name: value.astype(float) for name, value in zip(COUNTS, counts, strict=True)}
    )
    if unit != "order":
        return counted
    worst = dict.fromkeys(COUNTS, "min")
    return counted.groupby(["scope", "order"], as_index=False).agg({"period": "max", **worst})
