"""What a scope such as ``family=energy`` stands for."""

from __future__ import annotations

import pandas as pd

__all__ = ["DIMENSIONS", "in_scope", "with_dimensions"]

DIMENSIONS = ("product", "family", "market", "channel", "region")


def with_dimensions(rows: pd.DataFrame, product: pd.DataFrame, market: pd.DataFrame) -> pd.DataFrame:
    """Rows by product and market with family, channel and region beside them."""
    joined = rows.merge(product[["product", "family"]], on="product", how="left", validate="m:1")
    return joined.merge(market[["market", "channel", "region"]], on="market", how="left", validate="m:1")


def in_scope(rows: pd.DataFrame, scope: str) -> pd.DataFrame:
    """Rows inside a scope: all of them for ``*``, else those whose dimension has the value.

    A dimension the rows do not have gives no rows, so that the measure is unknown rather than wrong.

    Examples
    --------
    >>> rows = pd.DataFrame({"family": ["energy", "water"], "revenue_value": [7.0, 3.0]})
    >>> in_scope(rows, "family=energy")["revenue_value"].sum()
    np.float64(7.0)
    """
    if scope == "*":
        return rows
    dimension, _, value = scope.partition("=")
    if dimension.strip() not in rows:
        return rows.iloc[:0]
    return rows[rows[dimension.strip()] == value.strip()]
