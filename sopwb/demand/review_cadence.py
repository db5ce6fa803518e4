"""How often each product is looked at in the demand review, by its class of margin and of forecastability."""

from __future__ import annotations

import pandas as pd

from sopwb.config.demand import ReviewSettings

__all__ = ["months_between_reviews", "review_cadence"]

UNKNOWN = "Z"
"""Class of what no backtest has judged: it is taken as hard to forecast until it has been."""
YEAR = 12


def months_between_reviews(abc: str, xyz: str, settings: ReviewSettings) -> int:
    """Months from one review of a product to the next: those of the pair, else of the XYZ class, else one.

    >>> settings = ReviewSettings(every_months_by_class={"CX": 3, "X": 2})
    >>> [months_between_reviews(*pair, settings) for pair in ("CX", "AX", "AZ")]
    [3, 2, 1]
    """
    declared = {str(name): months for name, months in settings.every_months_by_class.items()}
    return int(declared.get(f"{abc}{xyz}", declared.get(xyz, 1)))


def review_cadence(
    portfolio_value: pd.DataFrame,
    forecastability: pd.DataFrame,
    settings: ReviewSettings,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Every product of the portfolio with its classes, and whether it is looked at in this cycle.

    A product that is reviewed every n months is due in the cycles whose month, counted through the years, is
    a multiple of n: with three, after March, June, September and December.

    Parameters
    ----------
    portfolio_value, forecastability
        Tables of that name, with the ABC and the XYZ class.
    as_of
        Last day of history.

    Returns
    -------
    pandas.DataFrame
        Table ``review_cadence``.
    """
    judged = forecastability.set_index("product")["xyz_class"]
    rows = portfolio_value[["product", "abc_class"]].sort_values("product", ignore_index=True)
    rows = rows.assign(xyz_class=rows["product"].map(judged).fillna(UNKNOWN))
    pairs = zip(rows["abc_class"], rows["xyz_class"], strict=True)
    every = pd.Series([months_between_reviews(abc, xyz, settings) for abc, xyz in pairs], dtype="int64")
    month = as_of.year * YEAR + as_of.month
    wait = -month % every
    end = [as_of + pd.offsets.MonthEnd(0) + pd.offsets.MonthEnd(int(months)) for months in wait]
    return rows.assign(every_months=every, is_due=wait == 0, next_review_date=pd.to_datetime(end))
