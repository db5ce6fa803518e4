"""What the sample paths say of a sum: each path is one future, and a sum is taken in every one of them."""

from __future__ import annotations

import pandas as pd

from sopwb.calendar import fiscal_month
from sopwb.extend import Tables

__all__ = ["ODDS", "band", "futures"]

LOWER, UPPER = 0.1, 0.9
ODDS = "four cases out of five"


def futures(tables: Tables) -> pd.DataFrame:
    """Sample paths with family and fiscal month."""
    families = tables["product"][["product", "family"]]
    paths = tables["sample_path"].merge(families, on="product", how="left", validate="many_to_one")
    return paths.assign(month=fiscal_month(paths["period"]))


def band(paths: pd.DataFrame, by: list[str], column: str) -> pd.DataFrame:
    """Interval in which a sum lies in four futures out of five.

    Parameters
    ----------
    paths
        Rows with ``path``.
    by
        Columns that name the sums wanted.
    column
        What is summed.

    Returns
    -------
    pandas.DataFrame
        One row per sum with ``lower`` and ``upper``.
    """
    sums = paths.groupby([*by, "path"], as_index=False)[[column]].sum()
    groups = sums.groupby(by)[column]
    ends = {"lower": groups.quantile(LOWER), "upper": groups.quantile(UPPER)}
    return pd.DataFrame(ends).reset_index()
