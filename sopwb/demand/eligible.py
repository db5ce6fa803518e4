"""Which series are forecast, and why the others are not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.demand.panel import SERIES, Array
from sopwb.demand.scope import ALL

__all__ = ["exclusion_reasons", "never_sold"]

LONGEST_WAIT = 3.0
MOSTLY_SILENT = 0.1


def exclusion_reasons(
    values: Array,
    series: pd.DataFrame,
    dates: pd.DatetimeIndex,
    product: pd.DataFrame,
    as_of: pd.Timestamp,
    ended_after_months: int,
) -> pd.Series[str]:
    """Why each series is not forecast, in words; empty where it is.

    A series has ended when its last sale lies longer back than the months set and than three of its
    usual waits between sales, unless it was as silent in the same buckets of the year before.
    """
    phase_out = series.merge(product[["product", "phase_out_date"]], on="product", how="left")[
        "phase_out_date"
    ]
    sold = np.nan_to_num(values) > 0
    count = sold.sum(axis=1)
    last = np.where(count > 0, values.shape[1] - 1 - np.argmax(sold[:, ::-1], axis=1), 0)
    last_date = pd.Series(dates[last])
    wait = np.isfinite(values).sum(axis=1) / np.maximum(count, 1)
    silent = values.shape[1] - 1 - last
    patience = dates <= dates[-1] - pd.DateOffset(months=ended_after_months)
    ended = (last < patience.sum()) & (silent > LONGEST_WAIT * wait)
    ended &= ~_silent_the_year_before(sold, last, dates)
    reason = pd.Series("", index=series.index)
    reason = reason.mask(ended, "no sale since the bucket of " + last_date.dt.strftime("%Y-%m-%d"))
    reason = reason.mask(count == 0, "never sold")
    gone = (phase_out <= as_of).to_numpy()
    return reason.mask(gone, "phased out on " + phase_out.dt.strftime("%Y-%m-%d"))


def never_sold(product: pd.DataFrame, series: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Finished products still to be sold that have neither a sale nor a predecessor's; market is ``*``."""
    open_ = product["phase_out_date"].isna() | (product["phase_out_date"] > as_of)
    waiting = product[(product["product_type"] == "finished") & open_]
    names = waiting.loc[~waiting["product"].isin(series["product"]), ["product"]]
    return names.assign(market=ALL, reason="no sale and no predecessor; needs a manual forecast")[
        [*SERIES, "reason"]
    ]


def _silent_the_year_before(
    sold: npt.NDArray[np.bool_], last: npt.NDArray[np.int64], dates: pd.DatetimeIndex
) -> npt.NDArray[np.bool_]:
    """Whether each series was mostly silent in the buckets that, a year later, follow its last sale."""
    year = int((dates > dates[-1] - pd.DateOffset(years=1)).sum())
    place = np.arange(sold.shape[1])[None, :]
    shifted = (place > (last - year)[:, None]) & (place < sold.shape[1] - year)
    told = (last >= year) & shifted.any(axis=1)
    busy = (sold & shifted).sum(axis=1) / np.maximum(shifted.sum(axis=1), 1)
    return np.asarray(told & (busy < MOSTLY_SILENT))
