"""The condition of the data: what was read, and whether operations tie to the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import pandas as pd

from sopwb.calendar import fiscal_month
from sopwb.schema import load_schema

__all__ = [
    "MEASURES",
    "data_profile",
    "ledger_measure",
    "reconciliation",
    "sold_cost",
    "standard_on",
]

MEASURES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "revenue": ("revenue", "revenue"),
        "cost_of_sales": ("cost_of_sales", "cost_of_sales"),
        "stock_value": ("stock", "asset"),
    }
)
"""What is compared, with the plan line and type of the accounts it is compared with."""


def data_profile(
    tables: Mapping[str, pd.DataFrame], kinds: Mapping[str, str], source: Mapping[str, str]
) -> pd.DataFrame:
    """Rows, first and last date of every input table that has rows; table ``data_profile``.

    Parameters
    ----------
    tables
        Input tables by name.
    kinds
        Kind of each table; tables that are no input are left out.
    source
        Where each table was read.
    """
    rows = [
        {
            "table": name,
            "kind": kinds[name],
            "row_count": len(frame),
            **dict(zip(("first_date", "last_date"), _span(frame), strict=True)),
            "source": source.get(name, "not said"),
        }
        for name, frame in sorted(tables.items())
        if name in kinds and len(frame)
    ]
    return pd.DataFrame(rows, columns=list(load_schema()["data_profile"].columns))


def _span(frame: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Earliest and latest date of a table; open ends of validity are left out."""
    dates = [frame[name] for name in _dates(frame) if frame[name].notna().any()]
    within = [column[column.dt.year.between(1950, 2150)] for column in dates]
    kept = [column for column in within if column.notna().any()]
    if not kept:
        return (pd.NaT, pd.NaT)  # type: ignore[return-value]
    return (min(column.min() for column in kept), max(column.max() for column in kept))


def _dates(frame: pd.DataFrame) -> Iterable[str]:
    return [str(name) for name in frame.columns if frame[name].dtype.kind == "M"]


def ledger_measure(
    ledger: pd.DataFrame, account: pd.DataFrame, plan_line: str, account_type: str
) -> pd.Series[float]:
    """Actual amount of a plan line by month in accounts of one type, as the ledger has it."""
    chosen = (account["plan_line"] == plan_line) & (account["account_type"] == account_type)
    rows = ledger[ledger["version"] == "actual"].merge(
        account.loc[chosen, ["account", "operator"]],
        on="account",
        how="inner",
        validate="m:1",
    )
    return (rows["amount_value"] * rows["operator"]).groupby(rows["period"]).sum().astype(float)


def standard_on(
    rows: pd.DataFrame, standard_cost: pd.DataFrame, product_cost: pd.DataFrame
) -> pd.Series[float]:
    """Standard cost of each row's product on its date: the source's of that day, else the plan's.

    Parameters
    ----------
    rows
        product and date.
    standard_cost
        Standard costs of the source system by day.
    product_cost
        Standard cost of the plan.
    """
    dated = rows[["product", "date"]].assign(place=range(len(rows))).sort_values("date", kind="stable")
    known = standard_cost.rename(columns={"valid_from": "date"}).sort_values("date", kind="stable")
    found = pd.merge_asof(dated, known, on="date", by="product").sort_values("place")["cost_per_unit"]
    today = rows["product"].map(product_cost.set_index("product")["standard_cost_per_unit"])
    return pd.Series(found.to_numpy(float), index=rows.index).fillna(today.astype(float))


def sold_cost(
    sales_history: pd.DataFrame, standard_cost: pd.DataFrame, product_cost: pd.DataFrame
) -> pd.Series[float]:
    """Standard cost of what was sold net of returns, row by row of the sales history."""
    cost = standard_on(sales_history, standard_cost, product_cost)
    return (sales_history["sold_qty"] - sales_history["returned_qty"]) * cost


def reconciliation(
    sales_history: pd.DataFrame,
    stock_on_hand: pd.DataFrame,
    ledger: pd.DataFrame,
    account: pd.DataFrame,
    standard_cost: pd.DataFrame,
    product_cost: pd.DataFrame,
) -> pd.DataFrame:
    """Revenue, cost of sales and stock of every month as operations and ledger have them.

    Revenue is net sales against accounts of type revenue, so that deductions booked as expense are
    left out; cost of sales is net quantity at the standard of its day; stock is the last count at
    the standard of its day. Months that only one side knows have no difference.

    Returns
    -------
    pandas.DataFrame
        Table ``reconciliation``.
    """
    month = fiscal_month(sales_history["date"])
    counted = stock_on_hand.rename(columns={"snapshot_date": "date"})
    counted_value = counted["on_hand_qty"] * standard_on(counted, standard_cost, product_cost)
    operations = {
        "revenue": sales_history["net_sales_value"].groupby(month).sum(),
        "cost_of_sales": sold_cost(sales_history, standard_cost, product_cost).groupby(month).sum(),
        "stock_value": counted_value.groupby(fiscal_month(counted["date"])).sum(),
    }
    parts = []
    for measure, (line, account_type) in MEASURES.items():
        own = operations[measure].set_axis(pd.DatetimeIndex(operations[measure].index))
        booked = ledger_measure(ledger, account, line, account_type)
        if measure == "stock_value":
            booked = booked[booked.index.isin(own.index)]
        both = pd.DataFrame({"operations_value": own, "ledger_value": booked})
        parts.append(both.rename_axis("period").reset_index().assign(measure=measure))
    rows = pd.concat(parts, ignore_index=True)
    ratio = rows["ledger_value"] / rows["operations_value"]
    return rows.assign(
        difference_value=rows["ledger_value"] - rows["operations_value"],
        ratio_rate=ratio.where(rows["operations_value"] != 0),
    )
