"""Beginnings and ends: history borrowed from a predecessor, and the days on which a product is sold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sopwb.demand.panel import SERIES, Array

__all__ = ["borrowed_history", "handed_over_rate", "heirs", "live_rate"]


def heirs(series: pd.DataFrame, product_successor: pd.DataFrame) -> pd.DataFrame:
    """Every successor in every market of its predecessor, with the row of the old series and the factor."""
    old = series[SERIES].assign(old_row=np.arange(len(series)))
    pairs = old.merge(product_successor, on="product", how="inner", validate="many_to_many")
    pairs = pairs[["successor", "market", "old_row", "factor_rate", "start_date", "product"]]
    pairs = pairs.rename(columns={"product": "predecessor", "successor": "product"})
    return pairs.sort_values([*SERIES, "predecessor"]).reset_index(drop=True)


def _carried(values: Array, season: int) -> Array:
    """Fill NaN after the last known bucket from the bucket one season before, then with the last known."""
    filled = values.copy()
    begun = np.maximum.accumulate(np.isfinite(filled), axis=1)
    for column in range(1, filled.shape[1]):
        missing = begun[:, column] & ~np.isfinite(filled[:, column])
        source = column - season if column >= season else column - 1
        year = filled[missing, source]
        filled[missing, column] = np.where(np.isfinite(year), year, filled[missing, column - 1])
    return filled


def borrowed_history(values: Array, series: pd.DataFrame, inherits: pd.DataFrame, season: int) -> Array:
    """History with the predecessor's demand times the factor before a successor's own first sale.

    Parameters
    ----------
    values
        Series by time, NaN before the first sale.
    series
        Series of the rows, successors without a sale included.
    inherits
        Result of :func:`heirs`; several predecessors of one successor add up.
    """
    if inherits.empty:
        return values
    row = pd.MultiIndex.from_frame(series[SERIES]).get_indexer(pd.MultiIndex.from_frame(inherits[SERIES]))
    old = _carried(values, season)[inherits["old_row"]] * inherits["factor_rate"].to_numpy()[:, None]
    loan = np.zeros_like(values)
    np.add.at(loan, row, np.nan_to_num(old))
    has_loan = np.zeros(values.shape, dtype=bool)
    np.logical_or.at(has_loan, row, np.isfinite(old))
    return np.where(np.isfinite(values) | ~has_loan, values, loan)


def live_rate(cells: pd.DataFrame, product: pd.DataFrame, period: pd.DataFrame) -> Array:
    """Share of each bucket's days on which the product is sold: from its launch to its last day.

    Parameters
    ----------
    cells
        Rows with product and ``period``.
    """
    spans = cells[["product", "period"]].merge(
        product[["product", "launch_date", "phase_out_date"]],
        on="product",
        how="left",
        validate="many_to_one",
    )
    spans = spans.merge(period[["period", "end_date"]], on="period", how="left", validate="many_to_one")
    first = spans["launch_date"].fillna(spans["period"])
    last = spans["phase_out_date"].fillna(spans["end_date"])
    begin = first.where(first > spans["period"], spans["period"])
    end = last.where(last < spans["end_date"], spans["end_date"])
    days = (spans["end_date"] - spans["period"]).dt.days + 1
    return np.asarray(((end - begin).dt.days + 1).clip(lower=0) / days, dtype=float)


def handed_over_rate(
    cells: pd.DataFrame, product_successor: pd.DataFrame, period: pd.DataFrame, as_of: pd.Timestamp
) -> Array:
    """Share of each bucket's demand that a product hands to successors that start after as-of."""
    coming = product_successor[product_successor["start_date"] > as_of]
    rate = np.zeros(len(cells))
    ends = cells[["period"]].merge(
        period[["period", "end_date"]], on="period", how="left", validate="many_to_one"
    )
    columns = ["product", "start_date", "factor_rate"]
    days = (ends["end_date"] - ends["period"]).dt.days + 1
    for old, start, factor in coming.sort_values(["product", "successor"])[columns].itertuples(
        index=False, name=None
    ):
        begin = ends["period"].where(ends["period"] > start, start)
        share = ((ends["end_date"] - begin).dt.days + 1).clip(lower=0) / days
        mine = (cells["product"] == old).to_numpy()
        rate += np.where(mine, share * min(factor, 1.0), 0.0)
    return np.clip(rate, 0.0, 1.0)
