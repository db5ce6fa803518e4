"""What people say beside the automatic forecast, split over products, markets and buckets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sopwb.demand.panel import SERIES, Array
from sopwb.demand.scope import SCOPE, breadth, matching_series

__all__ = ["STREAMS", "manual_streams", "standing_statements"]

STREAMS = ("sales", "marketing", "finance")


def standing_statements(manual_forecast: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Statements that still count: not expired, and the last of their author on the same matter.

    Returns
    -------
    pandas.DataFrame
        Rows of ``manual_forecast``, the broad before the narrow, the older before the younger.
    """
    open_ = manual_forecast[manual_forecast["expires_on"] >= as_of]
    ordered = open_.sort_values(["entered_at", "manual_forecast"], kind="stable")
    last = ordered.drop_duplicates(["author", "stream", *SCOPE, "period"], keep="last")
    ranked = last.assign(breadth=breadth(last))
    ranked = ranked.sort_values(["breadth", "entered_at", "manual_forecast"], ascending=[False, True, True])
    return ranked.drop(columns="breadth").reset_index(drop=True)


def _month_share(period: pd.DataFrame) -> pd.Series[float]:
    """Share of each fiscal month's days that the horizon holds."""
    days = period.groupby("fiscal_period")["days"].sum()
    whole = pd.DatetimeIndex(days.index).days_in_month
    return pd.Series(days.to_numpy(dtype=float) / whole.to_numpy(dtype=float), index=days.index)


def _shares(automatic: Array, open_days: Array) -> Array:
    """How a total is split: in proportion to the automatic forecast, else to days on sale."""
    weight = automatic if automatic.sum() > 0 else open_days
    total = weight.sum()
    return weight / total if total > 0 else np.zeros_like(weight)


def _total(mode: str, amount: float, automatic: float, share: float) -> float:
    """Total that a statement means: a quantity is about the whole month, a percentage about any part."""
    if mode == "percent":
        return automatic * (1 + amount)
    return max(0.0, amount * share + (automatic if mode == "delta" else 0.0))


def manual_streams(statements: pd.DataFrame, cells: pd.DataFrame, period: pd.DataFrame) -> pd.DataFrame:
    """Forecast of each function of the company for every cell it speaks about.

    A statement about a month, and perhaps a family or everything, is split in proportion to the
    automatic forecast; its total is exact. Where a function has said something broad and something
    narrow, the narrow counts in its cells; of two equally narrow ones, the younger.

    Parameters
    ----------
    statements
        Result of :func:`standing_statements`.
    cells
        Plan with product, market, family, ``period``, fiscal_period, automatic_qty and open_days
        (days of the bucket on which the product is sold).
    period
        Table ``period``.

    Returns
    -------
    pandas.DataFrame
        The columns sales, marketing and finance, one row per cell; NaN where a function is silent.
    """
    spoken = {stream: np.full(len(cells), np.nan) for stream in STREAMS}
    automatic = cells["automatic_qty"].to_numpy(dtype=float)
    open_days = cells["open_days"].to_numpy(dtype=float)
    series = cells[[*SERIES, "family"]].drop_duplicates()
    about = dict(iter(matching_series(statements, "manual_forecast", series).groupby("manual_forecast")))
    place = pd.Series(np.arange(len(cells)), index=pd.MultiIndex.from_frame(cells[SERIES]))
    month = cells["fiscal_period"].to_numpy()
    share = _month_share(period)
    columns = ["manual_forecast", "stream", "period", "mode", "amount"]
    for code, stream, first_day, mode, amount in statements[columns].itertuples(index=False, name=None):
        if code not in about or first_day not in share.index:
            continue
        wanted = pd.MultiIndex.from_frame(about[code][SERIES])
        mine = place[place.index.isin(wanted)].to_numpy()
        mine = mine[month[mine] == first_day.to_datetime64()]
        total = _total(mode, amount, float(automatic[mine].sum()), float(share[first_day]))
        spoken[stream][mine] = _shares(automatic[mine], open_days[mine]) * total
    return pd.DataFrame(spoken, index=cells.index)
