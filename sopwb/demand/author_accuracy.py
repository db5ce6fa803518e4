"""How each single author did in earlier cycles, heard alone, and what following them was worth."""

from __future__ import annotations

import pandas as pd

from sopwb.demand.error_measure import MEASURES, measures_by, record_of
from sopwb.demand.panel import SERIES
from sopwb.demand.scope import ALL
from sopwb.demand.stream_accuracy import with_actual

__all__ = ["author_accuracy", "voice_of", "with_authors"]

KEYS = ["author", "family", "lag"]
SUMS = [
    "actual_qty",
    "said_qty",
    "automatic_qty",
    "absolute_error_qty",
    "automatic_absolute_error_qty",
    "value_added_value",
]


def voice_of(author: str) -> str:
    """Name under which an author is heard alone, beside the streams.

    >>> voice_of("anna")
    'author anna'
    """
    return f"author {author}"


def with_authors(manual_forecast: pd.DataFrame) -> pd.DataFrame:
    """Every statement twice: in its stream, and as the voice of its author alone."""
    names = manual_forecast["author"].astype(str)
    alone = manual_forecast.assign(
        stream=[voice_of(name) for name in names],
        manual_forecast=manual_forecast["manual_forecast"].astype(str) + " alone",
    )
    return pd.concat([manual_forecast, alone], ignore_index=True)


def author_accuracy(
    past: pd.DataFrame,
    manual_forecast: pd.DataFrame,
    sales: pd.DataFrame,
    margin: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Each author against the automatic forecast in the cells they spoke about, by family and lag.

    An author is heard alone, as if nobody else had spoken in the same stream. With f what the author
    said, a the automatic forecast and y what was sold, in each product, market and closed month:

        value added = sum of (abs(a - y) - abs(f - y)) x margin of a unit

    Parameters
    ----------
    past
        Result of `sopwb.demand.stream_accuracy.past_streams` in which the authors are heard.
    manual_forecast
        Table ``manual_forecast``, for the moments at which each author has spoken.
    sales
        Table ``sales_history`` up to as-of.
    margin
        Result of `sopwb.demand.value_added.unit_margin`.

    Returns
    -------
    pandas.DataFrame
        Table ``author_accuracy``, with a row for all families (``*``) of each author and lag.
    """
    cells = with_actual(past, sales).merge(margin, on=SERIES, how="left", validate="many_to_one")
    worth = cells["margin_per_unit"].fillna(0.0)
    other = (cells["automatic_qty"] - cells["actual_qty"]).abs()
    moments = _moments(manual_forecast)
    authors = sorted(set(moments["author"]))
    parts = []
    for author in authors:
        said = cells[voice_of(author)]
        error = (said - cells["actual_qty"]).abs()
        rows = cells[["family", "lag", "cycle", "actual_qty", "automatic_qty"]].assign(
            author=author,
            said_qty=said,
            absolute_error_qty=error,
            automatic_absolute_error_qty=other,
            value_added_value=(other - error) * worth,
        )
        parts.append(rows[said.notna()])
    columns = [*KEYS, "cycle", *SUMS]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    both = pd.concat([rows, rows.assign(family=ALL)], ignore_index=True)
    table = both.groupby(KEYS, as_index=False)[SUMS].sum()
    table = table.merge(_cycles(both, moments), on=KEYS, validate="one_to_one")
    record = record_of(cells, {author: voice_of(author) for author in authors}, sales, as_of)
    measures = measures_by(record, "family").rename(columns={"stream": "author"})[[*KEYS, *MEASURES[1:]]]
    table = table.merge(measures.astype({"author": object}), on=KEYS, how="left", validate="one_to_one")
    last = moments.groupby("author")["entered_at"].max().dt.normalize()
    actual = table["actual_qty"].where(table["actual_qty"] > 0)
    wmape, automatic = (table[f"{name}absolute_error_qty"] / actual for name in ("", "automatic_"))
    return table.assign(
        wmape_rate=wmape,
        automatic_wmape_rate=automatic,
        bias_rate=table["said_qty"] / actual - 1,
        value_added_rate=automatic - wmape,
        last_entered_on=pd.to_datetime(table["author"].map(last)),
    )


def _moments(manual_forecast: pd.DataFrame) -> pd.DataFrame:
    """When each author has entered anything."""
    moments = manual_forecast[["author", "entered_at"]].drop_duplicates()
    return moments.assign(author=moments["author"].astype(str))


def _cycles(rows: pd.DataFrame, moments: pd.DataFrame) -> pd.DataFrame:
    """Cycles in which an author was heard, and those of them in which nothing new had been said.

    New is what was entered in the month that the cycle closes.
    """
    heard = rows[[*KEYS, "cycle"]].drop_duplicates()
    months = moments.assign(month=moments["entered_at"].dt.to_period("M").astype("int64"))
    spoke = set(zip(months["author"], months["month"], strict=True))
    month = pd.to_datetime(heard["cycle"]).dt.to_period("M").astype("int64")
    fresh = [key in spoke for key in zip(heard["author"], month, strict=True)]
    heard = heard.assign(carried=1 - pd.Series(fresh, index=heard.index, dtype="int64"))
    return heard.groupby(KEYS, as_index=False).agg(judged=("cycle", "nunique"), carried=("carried", "sum"))
