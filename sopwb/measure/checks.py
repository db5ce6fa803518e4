"""What must hold of the data before money can be planned with it; what does not is a warning."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, plan_check
from sopwb.measure.wording import count, rate, words

__all__ = [
    "demand_has_a_price",
    "operations_tie_to_ledger",
    "pallets_are_known",
    "posted_accounts_are_mapped",
    "products_have_a_cost",
    "rows_are_used_as_given",
]

RESULT_TYPES = ("revenue", "cost_of_sales", "expense")


@plan_check("rows_are_used_as_given", area="data")
def rows_are_used_as_given(tables: Tables, model: Model) -> pd.DataFrame:
    """Rows of input tables that were left out or taken for something else when they were read."""
    rows = tables["reject"]
    mended = rows[~rows["is_expected"]]
    said = [
        f"{row['table']}.{row['column']}: {count(int(row['row_count']), 'row')}, {row['problem']}: "
        f"{row['done']}, {row['first_rows']}"
        for row in mended.to_dict("records")
    ]
    return mended.assign(message=said, severity="warn")


@plan_check("posted_accounts_are_mapped", area="data")
def posted_accounts_are_mapped(tables: Tables, model: Model) -> pd.DataFrame:
    """Accounts of the profit and loss with postings that no line of the plan takes up."""
    account = tables["account"]
    wanted = account["account_type"].isin(RESULT_TYPES) & account["plan_line"].isna()
    posted = tables["ledger"].groupby("account")["amount_value"].agg(lambda amounts: amounts.abs().sum())
    lost = account[wanted & account["account"].isin(posted[posted > 0].index)]
    return pd.DataFrame(
        {
            "account": lost["account"],
            "description": lost["description"],
            "posted_value": lost["account"].map(posted),
            "severity": "warn",
        }
    )


@plan_check("operations_tie_to_ledger", area="data")
def operations_tie_to_ledger(tables: Tables, model: Model) -> pd.DataFrame:
    """Months of the last year in which operations and ledger differ beyond the set tolerance."""
    rows = tables["reconciliation"]
    known = rows[rows["ledger_value"].notna() & rows["operations_value"].notna()]
    known = known[known["period"] > model.as_of - pd.DateOffset(years=1)]
    tolerance = model.finance.tie_tolerance_rate * known["operations_value"].abs()
    off = known[known["difference_value"].abs() > tolerance]
    spans = off.groupby("measure")["ratio_rate"].agg(["min", "max", "size"])
    parts = [
        f"{words(str(measure))}: ledger {rate(span['min'], 0)} to {rate(span['max'], 0)} of operations, "
        f"{count(int(span['size']), 'month')}"
        for measure, span in spans.iterrows()
    ]
    text = "; ".join(parts)
    return off.assign(severity="warn", message=text)


@plan_check("products_have_a_cost", area="data")
def products_have_a_cost(tables: Tables, model: Model) -> pd.DataFrame:
    """Products whose standard cost is nothing: no price, recipe or standard cost says otherwise."""
    cost = tables["product_cost"]
    free = cost.loc[cost["standard_cost_per_unit"] <= 0, ["product"]]
    return free.assign(severity="warn")


@plan_check("demand_has_a_price", area="data")
def demand_has_a_price(tables: Tables, model: Model) -> pd.DataFrame:
    """Products and markets whose planned demand brings nothing: they have no price, and no sales at one."""
    plan = tables["demand_plan"]
    free = plan[(plan["consensus_qty"] > 0) & ~(plan["net_price_per_unit"] > 0)]
    found = free.groupby(["product", "market"], as_index=False).agg(
        consensus_qty=("consensus_qty", "sum"), first_period=("period", "min")
    )
    ordered = found.sort_values("consensus_qty", ascending=False, kind="stable", ignore_index=True)
    return ordered.assign(severity="warn")


@plan_check("pallets_are_known", area="data")
def pallets_are_known(tables: Tables, model: Model) -> pd.DataFrame:
    """Products without a pallet conversion: they take no place where places, lanes or costs count pallets."""
    conversion = tables["unit_conversion"]
    known = set(conversion.loc[conversion["unit"] == "pallet", "product"])
    needing = pd.concat([_stored(tables), _moved(tables), _shipped(tables)], ignore_index=True)
    unknown = needing[~needing["product"].isin(known)].sort_values(["product", "counted_by"])
    names = unknown.groupby("product")["counted_by"].agg(", ".join)
    said = [f"{code} has no pallet conversion, though {by} count pallets" for code, by in names.items()]
    return pd.DataFrame(
        {"product": names.index, "counted_by": names.to_numpy(), "message": said, "severity": "warn"}
    )


def _stored(tables: Tables) -> pd.DataFrame:
    """Products in stock where pallet places are limited."""
    limited = tables["location"].dropna(subset=["storage_pallets"])["location"]
    stock = tables["projected_inventory"]
    held = stock[stock["location"].isin(limited) & (stock["closing_qty"] > 0)]
    return _counted(held["product"], "storage places")


def _moved(tables: Tables) -> pd.DataFrame:
    """Products sent over lanes that cost money or have a limit by pallet."""
    lane = tables["lane"]
    counting = lane[(lane["cost_per_pallet"] > 0) | lane["capacity_pallets_per_week"].notna()]
    pairs = pd.MultiIndex.from_frame(counting[["to_location", "from_location"]])
    plan = tables["supply_plan"]
    sent = plan[(plan["option"] == "move") & (plan["planned_qty"] > 0)]
    over = pd.MultiIndex.from_frame(sent[["location", "source"]]).isin(pairs)
    return _counted(sent.loc[over, "product"], "lanes")


def _shipped(tables: Tables) -> pd.DataFrame:
    """Products shipped while a cost line is paid by shipped pallet."""
    if not (tables["cost_line"]["behaviour"] == "per_pallet").any():
        return _counted(pd.Series(dtype="object"), "cost lines")
    plan = tables["shipment_plan"]
    return _counted(plan.loc[plan["shipped_qty"] > 0, "product"], "cost lines")


def _counted(products: pd.Series[str], by: str) -> pd.DataFrame:
    return pd.DataFrame({"product": products.unique(), "counted_by": by}, dtype="object")
