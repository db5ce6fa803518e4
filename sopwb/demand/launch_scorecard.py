"""One line for each launch or phase-out: volume, margin, where it came from, what it cost, what is left."""

from __future__ import annotations

import pandas as pd

from sopwb.demand.launch_review import changes
from sopwb.demand.portfolio import sold_by_month, stock_value

__all__ = ["launch_scorecard", "launch_spend", "volume_taken"]

LAUNCH_KIND = "launch"
RECENT_MONTHS = 3
YEAR = 12
KEYS = ["product", "change"]


def launch_scorecard(
    review: pd.DataFrame,
    product: pd.DataFrame,
    product_successor: pd.DataFrame,
    sales: pd.DataFrame,
    product_cost: pd.DataFrame,
    stock_on_hand: pd.DataFrame,
    activity: pd.DataFrame,
    cost_line: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Each recent or near launch and phase-out judged as a whole, over its closed months.

    Margin is net sales less quantity at standard cost. Of the units a launch sold, some were taken from
    its predecessor and some from sister products (see `volume_taken`), the rest is new. The margin that
    stays after both, less development and launch spend, is what the launch has earned so far. Of the
    old product, what cannot be sold before its last day at the pace of the last three months may have
    to be written off; after its last day that is all that is left.

    Parameters
    ----------
    review
        Table ``launch_review``.
    product, product_successor, sales, product_cost, stock_on_hand, activity, cost_line
        Tables of these names, ``sales`` being ``sales_history``.

    Returns
    -------
    pandas.DataFrame
        Table ``launch_scorecard``.
    """
    listed = changes(product, product_successor, as_of).drop_duplicates("product", keep="first")
    listed = listed.merge(product[["product", "family"]], on="product", how="left", validate="many_to_one")
    months = sold_by_month(sales, as_of)
    cost = product_cost.drop_duplicates("product").set_index("product")["standard_cost_per_unit"]
    table = listed[[*KEYS, "family", "counterpart", "change_date"]].merge(
        _to_date(review), on=KEYS, how="left", validate="one_to_one"
    )
    closed = _since_change(listed, months)
    revenue = closed.groupby("product")[["sold_qty", "revenue_value"]].sum()
    for name in ("sold_qty", "revenue_value"):
        table[name] = table["product"].map(revenue[name]).fillna(0.0)
    table["margin_value"] = table["revenue_value"] - table["sold_qty"] * table["product"].map(cost).fillna(
        0.0
    )
    taken = volume_taken(listed[listed["change"] == "launch"], months, product, cost)
    table = table.merge(taken, on="product", how="left", validate="one_to_one")
    spend = launch_spend(listed, activity, cost_line, as_of=as_of)
    table = table.merge(spend, on="product", how="left", validate="one_to_one")
    table = table.merge(
        _left_over(listed, months, stock_on_hand, product_cost, cost, as_of),
        on="product",
        how="left",
        validate="one_to_one",
    )
    is_launch = table["change"] == "launch"
    earned = table["margin_value"] - table["lost_margin_value"].fillna(0.0)
    earned = (
        earned - table["development_value"] - table["launch_value"] - table["write_off_value"].fillna(0.0)
    )
    table["earned_value"] = earned.where(is_launch)
    return table.drop(columns="change_date").sort_values(KEYS, ignore_index=True)


def _to_date(review: pd.DataFrame) -> pd.DataFrame:
    """Closed months, planned quantity and attainment of each change so far."""
    closed = review[review["actual_qty"].notna()].sort_values("month_number")
    sums = closed.groupby(KEYS, as_index=False).agg(
        months=("period", "count"),
        planned_qty=("planned_qty", lambda values: values.sum(min_count=1)),
    )
    last = closed.drop_duplicates(KEYS, keep="last")[[*KEYS, "attainment_rate"]]
    return sums.merge(last, on=KEYS, how="left", validate="one_to_one")


def _since_change(listed: pd.DataFrame, months: pd.DataFrame) -> pd.DataFrame:
    """Closed months of each changed product, from the month of its change on."""
    begin = listed.set_index("product")["change_date"].dt.to_period("M").dt.to_timestamp()
    own = months[months["product"].isin(begin.index)]
    since: pd.DataFrame = own[own["period"] >= own["product"].map(begin)]
    return since


def volume_taken(
    launches: pd.DataFrame, months: pd.DataFrame, product: pd.DataFrame, cost: pd.Series[float]
) -> pd.DataFrame:
    """Units of each launch that came from its predecessor, from sisters, and anew; the margin lost by it.

    Predecessor and sisters (the family's other products) are held against the same months of the year
    before, sisters times the growth of all other families. What they fall short, at most what the
    launch sold, predecessor first, was taken by the launch; this counts chance as well, and a sister's
    own trouble. Sales before the launch of the sisters are needed for a year; without, nothing is known.

    Parameters
    ----------
    launches
        Launched products with family, change_date and old_product.
    months
        Result of `sopwb.demand.portfolio.sold_by_month`.
    product
        Table ``product``.
    cost
        Standard cost by product.

    Returns
    -------
    pandas.DataFrame
        Columns product, predecessor_qty, sister_qty, new_qty, lost_margin_value.
    """
    family = months["product"].map(product.set_index("product")["family"])
    known = months.assign(family=family).dropna(subset=["family"])
    known = known.assign(
        margin=known["revenue_value"] - known["sold_qty"] * known["product"].map(cost).fillna(0.0)
    )
    rows = [_taken_by(row, known) for row in launches.to_dict("records")]
    columns = ["product", "predecessor_qty", "sister_qty", "new_qty", "lost_margin_value"]
    return pd.DataFrame(rows, columns=columns)


def _taken_by(launch: dict[object, object], known: pd.DataFrame) -> tuple[object, ...]:
    begin = pd.Timestamp(str(launch["change_date"])).to_period("M").to_timestamp()
    name, old = launch["product"], launch["old_product"]
    now = known[known["period"] >= begin]
    now = now[now["period"] < begin + pd.DateOffset(months=YEAR)]
    before = known[known["period"].isin(now["period"] - pd.DateOffset(months=YEAR))]
    sold = float(now.loc[now["product"] == name, "sold_qty"].sum())
    if sold <= 0 or before.empty:
        return (name, float("nan"), float("nan"), float("nan"), float("nan"))
    mine = before["family"] == launch["family"]
    other = before.loc[~mine, "sold_qty"].sum()
    growth = now.loc[now["family"] != launch["family"], "sold_qty"].sum() / other if other > 0 else 1.0
    from_old = min(sold, max(0.0, _short(now, before, [old], 1.0)[0]))
    sisters = set(before.loc[mine, "product"]) - {name, old}
    short, unit = _short(now, before, sorted(sisters), growth)
    from_sisters = min(sold - from_old, max(0.0, short))
    worth_old = _short(now, before, [old], 1.0)[1]
    lost = from_old * worth_old + from_sisters * unit
    return (name, from_old, from_sisters, sold - from_old - from_sisters, lost)


def _short(
    now: pd.DataFrame, before: pd.DataFrame, products: list[object], growth: float
) -> tuple[float, float]:
    """What products sell less than the year before times the growth, and the margin of a unit of then."""
    was, sells = before[before["product"].isin(products)], now[now["product"].isin(products)]
    quantity = float(was["sold_qty"].sum())
    unit = float(was["margin"].sum()) / quantity if quantity > 0 else 0.0
    return quantity * growth - float(sells["sold_qty"].sum()), unit


def launch_spend(
    listed: pd.DataFrame, activity: pd.DataFrame, cost_line: pd.DataFrame, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Development and launch spend of each product up to as-of.

    Development are the fixed cost lines that name the product, month by month; launch spend is the
    cost of its activities of the kind launch that have begun.

    Returns
    -------
    pandas.DataFrame
        Columns product, development_value, launch_value.
    """
    own = cost_line[cost_line["product"].isin(listed["product"]) & (cost_line["behaviour"] == "fixed")]
    ends = own["valid_to"].where(own["valid_to"] <= as_of, as_of)
    begins = own["valid_from"]
    months = (ends.dt.year - begins.dt.year) * YEAR + ends.dt.month - begins.dt.month + 1
    paid = (own["amount"] * months.clip(lower=0)).groupby(own["product"]).sum()
    pushes = activity[(activity["kind"] == LAUNCH_KIND) & (activity["start_date"] <= as_of)]
    pushed = pushes.groupby("product")["cost_value"].sum()
    names = listed["product"]
    return pd.DataFrame(
        {
            "product": names,
            "development_value": names.map(paid).fillna(0.0).astype(float),
            "launch_value": names.map(pushed).fillna(0.0).astype(float),
        }
    )


def _left_over(
    listed: pd.DataFrame,
    months: pd.DataFrame,
    stock_on_hand: pd.DataFrame,
    product_cost: pd.DataFrame,
    cost: pd.Series[float],
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Stock of the old product, months it lasts at its pace, and what may have to be written off."""
    value = stock_value(stock_on_hand, product_cost).set_index("product")["stock_value"]
    last = (as_of + pd.Timedelta(days=1)).to_period("M").to_timestamp() - pd.DateOffset(months=RECENT_MONTHS)
    recent = months[months["period"] >= last].groupby("product")["sold_qty"].sum() / RECENT_MONTHS
    old = listed["old_product"]
    stock = old.map(value)
    pace = (old.map(recent).fillna(0.0) * old.map(cost).fillna(0.0)).clip(lower=0.0)
    final = listed["phase_out_date"].where(listed["change"] == "phase_out")
    ends = listed.loc[listed["change"] == "phase_out"].set_index("product")["phase_out_date"]
    final = final.fillna(old.map(ends))
    left = ((final - as_of).dt.days / (365.25 / YEAR)).clip(lower=0.0)
    return pd.DataFrame(
        {
            "product": listed["product"],
            "old_stock_value": stock,
            "run_out_months": (stock / pace.where(pace > 0)).where(stock > 0),
            "write_off_value": (stock - pace * left).clip(lower=0.0).where(final.notna()),
        }
    )
