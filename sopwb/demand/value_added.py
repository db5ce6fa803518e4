"""What each step of the forecast has added in earlier cycles, in points and in money."""

from __future__ import annotations

import pandas as pd

from sopwb.demand.panel import SERIES
from sopwb.demand.scope import ALL
from sopwb.demand.split import monthly_sales
from sopwb.demand.stream_accuracy import with_actual

__all__ = ["STAIR", "archived_steps", "forecast_value_added", "unit_margin"]

STAIR = ("naive", "seasonal_naive", "statistical", "automatic", "manual", "consensus")
YEAR = 12


def unit_margin(demand_plan: pd.DataFrame, product_cost: pd.DataFrame, period: pd.DataFrame) -> pd.DataFrame:
    """Margin of a unit of each product and market: net price of the plan's first year less standard cost.

    A loss counts as no margin, and without a price there is none; a product without a standard cost
    is worth its price.

    Returns
    -------
    pandas.DataFrame
        Columns product, market and ``margin_per_unit``.
    """
    last = period["period"].min() + pd.DateOffset(years=1)
    near = demand_plan[demand_plan["period"] < last]
    price = near.groupby(SERIES, as_index=False)["net_price_per_unit"].mean()
    cost = product_cost[["product", "standard_cost_per_unit"]].drop_duplicates("product")
    table = price.merge(cost, on="product", how="left", validate="many_to_one")
    margin = table["net_price_per_unit"] - table["standard_cost_per_unit"].fillna(0.0)
    worth: pd.DataFrame = table[SERIES].assign(margin_per_unit=margin.clip(lower=0.0).fillna(0.0))
    return worth


def archived_steps(
    past_demand_plan: pd.DataFrame, sales: pd.DataFrame, product: pd.DataFrame, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Closed months of earlier cycles with the forecast of every step beside what was sold.

    The naive forecast is the month that closed with the cycle, the seasonal one the same month a year
    before. Where people were silent, the manual forecast is the automatic one.

    Returns
    -------
    pandas.DataFrame
        One row per cycle, product, market and ``period`` with family, lag, actual_qty and a column per
        step of `STAIR`.
    """
    ends = past_demand_plan["period"] + pd.offsets.MonthEnd(0)
    closed = past_demand_plan[(ends <= as_of) & (past_demand_plan["period"] > past_demand_plan["cycle"])]
    cells = closed.merge(product[["product", "family"]], on="product", how="left", validate="many_to_one")
    cells = cells.assign(family=cells["family"].fillna("unknown"))
    month, cycle = (cells[name].dt.to_period("M").astype("int64") for name in ("period", "cycle"))
    cells = with_actual(cells, sales)
    cells = with_actual(cells, sales, "seasonal_naive", YEAR)
    sold = monthly_sales(sales).rename(columns={"qty": "naive", "month": "cycle_month"})
    cells = cells.assign(lag=(month - cycle).to_numpy(), cycle_month=cycle.to_numpy())
    cells = cells.merge(sold, on=[*SERIES, "cycle_month"], how="left", validate="many_to_one")
    return cells.assign(
        naive=cells["naive"].fillna(0.0),
        statistical=cells["baseline_qty"],
        automatic=cells["automatic_qty"],
        manual=cells["manual_qty"].fillna(cells["automatic_qty"]),
        consensus=cells["consensus_qty"],
    ).drop(columns="cycle_month")


def forecast_value_added(steps: pd.DataFrame, margin: pd.DataFrame) -> pd.DataFrame:
    """The stair from the naive forecast to the consensus, by family and lag.

    An error is worth its quantity at margin: what was not expected is not there to be sold, and what
    was expected in vain has taken the place of something that could be (by convention at the same
    price). Value added = error of the step before less error of this one.

    Parameters
    ----------
    steps
        Result of :func:`archived_steps`.
    margin
        Result of :func:`unit_margin`.

    Returns
    -------
    pandas.DataFrame
        Table ``forecast_value_added``.
    """
    cells = steps.merge(margin, on=SERIES, how="left", validate="many_to_one")
    worth = cells["margin_per_unit"].fillna(0.0)
    parts = []
    for number, stream in enumerate(STAIR, start=1):
        error = cells[stream] - cells["actual_qty"]
        parts.append(
            cells[["family", "lag", "actual_qty"]].assign(
                step=number,
                stream=stream,
                error_qty=error,
                absolute_error_qty=error.abs(),
                error_value=error.abs() * worth,
            )
        )
    rows = pd.concat(parts, ignore_index=True)
    keys = ["family", "lag", "step", "stream"]
    both = pd.concat([rows, rows.assign(family=ALL)], ignore_index=True)
    numbers = ["actual_qty", "error_qty", "absolute_error_qty", "error_value"]
    table = both.groupby(keys, as_index=False)[numbers].sum().sort_values(keys, ignore_index=True)
    actual = table["actual_qty"].where(table["actual_qty"] > 0)
    table = table.assign(
        wmape_rate=table["absolute_error_qty"] / actual, bias_rate=table["error_qty"] / actual
    )
    stair = table.groupby(["family", "lag"])
    return table.assign(
        value_added_rate=stair["wmape_rate"].shift() - table["wmape_rate"],
        value_added_value=stair["error_value"].shift() - table["error_value"],
    )
