"""What must hold of the data before money can be planned with it; what does not is a warning."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, plan_check
from sopwb.measure.wording import count, rate, words

__all__ = ["operations_tie_to_ledger", "posted_accounts_are_mapped", "products_have_a_cost"]

RESULT_TYPES = ("revenue", "cost_of_sales", "expense")


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
