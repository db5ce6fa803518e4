"""How well each product can be forecast: its error in the backtest, and the class that follows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sopwb.config.demand import PortfolioSettings
from sopwb.demand.accuracy import ahead_of
from sopwb.demand.backtest import Backtest
from sopwb.demand.panel import Array

__all__ = ["forecastability", "xyz_class"]

MONTHS = 12


def xyz_class(error_rate: pd.Series[float], settings: PortfolioSettings) -> pd.Series[str]:
    """X up to the error of X, Y up to that of Y, else Z; Z as well where no error is known.

    >>> xyz_class(pd.Series([0.1, 0.2, 0.3, 0.9, np.nan]), PortfolioSettings()).tolist()
    ['X', 'X', 'Y', 'Z', 'Z']
    """
    limits = [error_rate <= settings.class_x_rate, error_rate <= settings.class_y_rate]
    return pd.Series(np.select(limits, ["X", "Y"], "Z"), index=error_rate.index)


def forecastability(
    backtest: Backtest,
    demand: Array,
    activity: Array,
    product: pd.Series[str],
    settings: PortfolioSettings,
    season: int,
) -> pd.DataFrame:
    """Error of the automatic forecast of each product a month ahead, over the origins of the backtest.

    error = Σ |automatic − actual| ÷ Σ actual, both of the first month after each origin, at product and
    market. It is not the variation of demand: a season, a trend or a promotion that the forecast sees
    makes no product hard to forecast.

    Parameters
    ----------
    backtest
        Rolling origins.
    demand, activity
        Series by time: demand to be forecast and the part of it that activities caused.
    product
        Product of each series.
    season
        Buckets in a year.

    Returns
    -------
    pandas.DataFrame
        Table ``forecastability``.
    """
    month = max(1, round(season / MONTHS))
    if len(backtest.origins) == 0:
        actual = missed = np.full((1, len(product)), np.nan)
    else:
        came = ahead_of(demand, backtest)[:, :, :month]
        automatic = (backtest.forecast + np.nan_to_num(ahead_of(activity, backtest)))[:, :, :month]
        actual, missed = came.sum(axis=2), np.abs((automatic - came).sum(axis=2))
    known = np.isfinite(missed)
    rows = pd.DataFrame(
        {
            "product": product.to_numpy(),
            "judged": known.sum(axis=0),
            "actual_qty": np.where(known, actual, 0.0).sum(axis=0),
            "absolute_error_qty": np.where(known, missed, 0.0).sum(axis=0),
        }
    )
    sums = ["actual_qty", "absolute_error_qty"]
    table = rows.groupby("product", as_index=False).agg({"judged": "max", **dict.fromkeys(sums, "sum")})
    rate = table["absolute_error_qty"] / table["actual_qty"].where(table["actual_qty"] > 0)
    return table.assign(error_rate=rate, xyz_class=xyz_class(rate, settings))
