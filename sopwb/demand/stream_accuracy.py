"""How each function of the company did in earlier cycles, from what it said then and what was sold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sopwb.config.demand import ManualSettings
from sopwb.demand.error_measure import MEASURES, measures_by, record_of
from sopwb.demand.launches import live_rate
from sopwb.demand.manual import STREAMS, manual_streams
from sopwb.demand.panel import SERIES
from sopwb.demand.split import monthly_sales
from sopwb.demand.statement import standing_statements

__all__ = ["past_by_voice", "past_stream", "past_streams", "stream_accuracy", "with_actual"]

CELL = ["cycle", *SERIES, "period", "family", "lag", "automatic_qty"]
"""What is the same for every voice of :func:`past_streams`."""


def past_streams(
    past_demand_plan: pd.DataFrame,
    manual_forecast: pd.DataFrame,
    product: pd.DataFrame,
    market: pd.DataFrame,
    sales: pd.DataFrame,
    settings: ManualSettings,
    *,
    as_of: pd.Timestamp,
    streams: Sequence[str] = STREAMS,
) -> pd.DataFrame:
    """The archived plan of every cycle with what each stream said in it.

    The archive keeps the automatic forecast of each cycle, and the table ``manual_forecast`` keeps
    every row with the moment it was entered; so the streams of a cycle are heard again exactly as they
    stood then, on the automatic forecast of then.

    Parameters
    ----------
    streams
        Every voice that is heard apart, as the statements name it: the functions of the company, and
        single authors where `sopwb.demand.author_accuracy.with_authors` has added them.

    Returns
    -------
    pandas.DataFrame
        Closed months of ``past_demand_plan`` with family, lag (months ahead) and a column per voice;
        NaN where it was silent.
    """
    known = past_demand_plan[past_demand_plan["period"] > past_demand_plan["cycle"]]
    known = known.merge(product[["product", "family"]], on="product", how="inner", validate="many_to_one")
    parts = []
    for cycle, rows in known.groupby("cycle", sort=True):
        then = pd.Timestamp(str(cycle))
        period = _months(rows["period"])
        cells = rows.reset_index(drop=True).assign(fiscal_period=lambda frame: frame["period"])
        days = cells["period"].dt.days_in_month
        cells = cells.assign(open_days=live_rate(cells, product, period) * days)
        said = standing_statements(manual_forecast, then)
        before = sales[sales["date"] <= then]
        voices = manual_streams(
            said, cells, period, product, market, before, settings, as_of=then, streams=streams
        )
        parts.append(pd.concat([cells, voices.streams], axis=1))
    if not parts:
        return known.assign(lag=pd.Series(dtype="int64"), **dict.fromkeys(streams, np.nan))
    table = pd.concat(parts, ignore_index=True)
    closed = table[table["period"] + pd.offsets.MonthEnd(0) <= as_of]
    ahead = _ordinal(closed["period"]) - _ordinal(closed["cycle"])
    return closed.assign(lag=ahead).drop(columns=["fiscal_period", "open_days"]).reset_index(drop=True)


def past_stream(past: pd.DataFrame, voices: Sequence[str]) -> pd.DataFrame:
    """Table ``past_stream``: a row for each voice and cell it spoke about, from :func:`past_streams`."""
    rows = past.melt(CELL, list(voices), var_name="stream", value_name="stream_qty")
    return rows[rows["stream_qty"].notna()]


def past_by_voice(past: pd.DataFrame, voices: Sequence[str]) -> pd.DataFrame:
    """Table ``past_stream`` with a column per voice, NaN where silent; cells without a word are gone."""
    if past.empty:
        return past[CELL].assign(**dict.fromkeys(voices, np.nan))
    table = past.pivot(index=CELL, columns="stream", values="stream_qty")
    return table.reindex(columns=list(voices)).reset_index()


def _months(dates: pd.Series[pd.Timestamp]) -> pd.DataFrame:
    first = pd.Series(np.sort(dates.unique()))
    return pd.DataFrame(
        {
            "period": first,
            "end_date": first + pd.offsets.MonthEnd(0),
            "bucket": "month",
            "days": first.dt.days_in_month,
            "fiscal_period": first,
        }
    )


def _ordinal(dates: pd.Series[pd.Timestamp]) -> pd.Series[int]:
    return dates.dt.to_period("M").astype("int64")


def with_actual(
    cells: pd.DataFrame, sales: pd.DataFrame, name: str = "actual_qty", back: int = 0
) -> pd.DataFrame:
    """Cells of products, markets and months with the net sales of their month, or of some months before."""
    sold = monthly_sales(sales).rename(columns={"qty": name})
    wanted = cells.assign(month=_ordinal(cells["period"]) - back)
    joined = wanted.merge(sold, on=[*SERIES, "month"], how="left", validate="many_to_one")
    return joined.assign(**{name: joined[name].fillna(0.0)}).drop(columns="month")


def stream_accuracy(past: pd.DataFrame, sales: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """Each stream against the automatic forecast in the cells it spoke about, by family and lag.

    Parameters
    ----------
    past
        Result of :func:`past_streams`.
    sales
        Table ``sales_history`` up to as-of.

    Returns
    -------
    pandas.DataFrame
        Table ``stream_accuracy``.
    """
    cells = with_actual(past, sales)
    parts = []
    for stream in STREAMS:
        spoke = cells[cells[stream].notna()]
        error = spoke[stream] - spoke["actual_qty"]
        other = spoke["automatic_qty"] - spoke["actual_qty"]
        parts.append(
            spoke[["family", "lag", "cycle", "actual_qty"]].assign(
                stream=stream,
                stream_qty=spoke[stream],
                absolute_error_qty=error.abs(),
                statistical_absolute_error_qty=other.abs(),
                squared_error=error**2,
                statistical_squared_error=other**2,
            )
        )
    rows = pd.concat(parts, ignore_index=True)
    keys = ["stream", "family", "lag"]
    numbers = [name for name in rows.columns if name not in {*keys, "cycle"}]
    table = rows.groupby(keys, as_index=False)[numbers].sum()
    judged = rows.groupby(keys)["cycle"].nunique().rename("judged").reset_index()
    table = table.merge(judged, on=keys, validate="one_to_one")
    record = record_of(cells, {name: name for name in STREAMS}, sales, as_of)
    measures = measures_by(record, "family")[[*keys, *MEASURES[1:]]]
    table = table.merge(measures, on=keys, how="left", validate="one_to_one")
    gained = table["statistical_absolute_error_qty"] - table["absolute_error_qty"]
    return table.assign(value_added_rate=gained / table["actual_qty"].where(table["actual_qty"] > 0))
