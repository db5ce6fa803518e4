"""What a row of people is about: one product, a family, a market, or everything."""

from __future__ import annotations

import pandas as pd

__all__ = ["ALL", "SCOPE", "matching_series", "series_with_family"]

ALL = "*"
SCOPE = ["family", "product", "market"]


def series_with_family(series: pd.DataFrame, product: pd.DataFrame) -> pd.DataFrame:
    """Series with the family of their product."""
    families = product[["product", "family"]]
    return series[["product", "market"]].merge(families, on="product", how="left", validate="many_to_one")


def matching_series(rows: pd.DataFrame, key: str, series: pd.DataFrame) -> pd.DataFrame:
    """Every series that each row is about.

    Parameters
    ----------
    rows
        Rows with a ``key`` and the columns family, product and market, each a name or ``*``.
    key
        Column that tells the rows apart.
    series
        Series with product, market and family.

    Returns
    -------
    pandas.DataFrame
        One row per key and series, with the columns key, product, market and family of the series.
    """
    scope = rows[[key, *SCOPE]].rename(columns={name: f"of_{name}" for name in SCOPE})
    pairs = scope.merge(series[["product", "market", "family"]], how="cross")
    fits = pd.Series(data=True, index=pairs.index)
    for name in SCOPE:
        fits &= (pairs[f"of_{name}"] == ALL) | (pairs[f"of_{name}"] == pairs[name])
    return pairs.loc[fits, [key, "product", "market", "family"]].reset_index(drop=True)
