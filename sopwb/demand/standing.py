"""What is carried forward: every statement that still counts, and what it means on today's forecast."""

from __future__ import annotations

import pandas as pd

__all__ = ["standing_forecast"]


def standing_forecast(statements: pd.DataFrame, heard: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """Statements that count in this plan, with author, reason and expiry, and what became of them.

    A statement of an earlier cycle, entered by the end of the month before as-of, is carried. Those
    that are about nothing in the plan are left out.

    Parameters
    ----------
    statements
        Standing rows of ``manual_forecast``.
    heard
        How they were heard (`sopwb.demand.manual.Voices`).

    Returns
    -------
    pandas.DataFrame
        Table ``standing_forecast``.
    """
    table = statements.merge(heard, on="manual_forecast", how="inner", validate="one_to_one")
    last_cycle = as_of - pd.offsets.MonthEnd(1) + pd.Timedelta(days=1)
    return table.assign(
        is_carried=table["entered_at"] < last_cycle,
        moved_qty=table["automatic_qty"] - table["reference_qty"],
    )
