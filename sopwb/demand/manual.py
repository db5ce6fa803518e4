"""What people say beside the automatic forecast, split over products, markets and buckets."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.config.demand import ManualSettings
from sopwb.demand.panel import SERIES, Array
from sopwb.demand.split import monthly_sales, split_change, split_quantity, split_weights
from sopwb.demand.statement import span_end, statement_series
from sopwb.errors import Fault, InputError

__all__ = ["STREAMS", "Voices", "manual_streams"]

Places = npt.NDArray[np.int64]

STREAMS = ("sales", "marketing", "finance")


@dataclass(frozen=True)
class Voices:
    """What the functions of the company say.

    Parameters
    ----------
    streams
        One column per voice (sales, marketing, finance), one row per cell; NaN where it is silent.
    heard
        One row per statement, in the order in which they were heard: ``automatic_qty`` of its
        cells, ``total_qty`` it means, ``counted_qty`` in the cells where it counts, and the number of
        ``cells`` and ``counted_cells``.
    """

    streams: pd.DataFrame
    heard: pd.DataFrame


@dataclass
class _Room:
    """The cells of the plan as arrays, and what has been said in them."""

    automatic: Array
    weights: Mapping[str, Array]
    spoken: dict[str, Array]
    settings: ManualSettings
    heard: list[tuple[str, float, float, float, int, int]] = field(default_factory=list)

    def hear(self, statement: Mapping[Hashable, Any], mine: Places) -> None:
        """Write one statement into the cells of its stream where nothing narrower or younger stands."""
        said = self.spoken[statement["stream"]]
        free = mine[np.isnan(said[mine])]
        before = float(self.automatic[mine].sum())
        if statement["mode"] == "absolute":
            total = self._total(statement, before)
            left = max(0.0, total - float(np.nansum(said[mine])))
            parts = split_quantity(left, self._weight(statement["split"], free), self.settings.split_unit_qty)
        else:
            total, whole = self._changed(statement, mine, before)
            parts = whole[np.isin(mine, free)]
        said[free] = parts
        code = str(statement["manual_forecast"])
        self.heard.append((code, before, total, float(parts.sum()), len(mine), len(free)))

    def _total(self, statement: Mapping[Hashable, Any], before: float) -> float:
        """Total of an absolute statement for what lies ahead, moved with the forecast if it shall be."""
        done, share, reference = (
            float(statement[name]) for name in ("done_qty", "ahead_rate", "reference_qty")
        )
        amount = max(0.0, float(statement["amount"]) - done) * share
        if math.isnan(reference):
            return amount
        seen = max(0.0, reference - done) * share
        return max(0.0, amount + _rebase(amount, seen, before, self.settings.rebase_absolute))

    def _changed(self, statement: Mapping[Hashable, Any], mine: Places, before: float) -> tuple[float, Array]:
        """Total and parts of the automatic forecast with a delta or a percentage laid over it."""
        is_percent = statement["mode"] == "percent"
        change = statement["amount"] * (before if is_percent else statement["ahead_rate"])
        unit = 0.0 if is_percent else self.settings.split_unit_qty
        weight = self._weight(statement["split"], mine)
        return max(0.0, before + change), split_change(self.automatic[mine], change, weight, unit)

    def _weight(self, split: str, place: Places) -> Array:
        """Weights of the split asked for; where they are all zero, the forecast, then days on sale."""
        for name in (split, "proportion", "even"):
            weight: Array = self.weights[name][place]
            if weight.sum() > 0:
                return weight
        return np.zeros(len(place))


def manual_streams(
    statements: pd.DataFrame,
    cells: pd.DataFrame,
    period: pd.DataFrame,
    product: pd.DataFrame,
    market: pd.DataFrame,
    sales: pd.DataFrame,
    settings: ManualSettings,
    *,
    as_of: pd.Timestamp,
    streams: Sequence[str] = STREAMS,
) -> Voices:
    """Forecast of each function of the company for every cell it speaks about.

    A statement is about any node: products and markets by code, family or attribute, over a week, a
    month, a quarter or a year. An absolute quantity is the total of its node; a delta and a
    percentage are laid over the automatic forecast, and so follow it when it moves. What was sold
    in the closed months of a span is taken off an absolute total; of a month that is partly over,
    the share of its days that lie ahead is planned, and likewise of a delta over a longer span. In a
    cell the first statement of its stream in the order of :func:`by_precedence` counts; what narrower
    statements have said inside an absolute total is taken off before the rest is split.

    Parameters
    ----------
    statements
        Result of :func:`standing_statements`.
    cells
        Plan with product, market, family, ``period``, fiscal_period, automatic_qty and open_days
        (days of the bucket on which the product is sold).
    period
        Table ``period``.
    product, market
        Tables whose columns a node may name.
    sales
        Table ``sales_history`` up to as-of.
    streams
        Every voice that is heard apart; the functions of the company.

    Raises
    ------
    InputError
        A statement is about a week that the plan holds only as part of a month.
    """
    series = cells[[*SERIES, "family"]].drop_duplicates(SERIES).reset_index(drop=True)
    about = statement_series(statements, series, product, market)
    names = pd.MultiIndex.from_frame(series[SERIES])
    number = names.get_indexer(pd.MultiIndex.from_frame(cells[SERIES]))
    bucket = pd.Index(period["period"]).get_indexer(cells["period"])
    room = _Room(
        automatic=cells["automatic_qty"].to_numpy(dtype=float),
        weights=split_weights(cells, sales, as_of=as_of),
        spoken={stream: np.full(len(cells), np.nan) for stream in streams},
        settings=settings,
    )
    ahead = statements.assign(
        ahead_rate=_ahead_rate(statements, period, as_of),
        done_qty=_sold_already(statements, about, names, sales, as_of),
    )
    rows = zip(ahead.to_dict("records"), _buckets_of(statements, period), strict=True)
    for statement, buckets in rows:
        in_scope = _marked(len(series), about[statement["manual_forecast"]])[number]
        mine = np.flatnonzero(in_scope & _marked(len(period), buckets)[bucket])
        if len(mine):
            room.hear(statement, mine)
    columns = ["manual_forecast", "automatic_qty", "total_qty", "counted_qty", "cells", "counted_cells"]
    return Voices(pd.DataFrame(room.spoken, index=cells.index), pd.DataFrame(room.heard, columns=columns))


def _sold_already(
    statements: pd.DataFrame,
    about: Mapping[str, Sequence[int]],
    names: pd.MultiIndex,
    sales: pd.DataFrame,
    as_of: pd.Timestamp,
) -> list[float]:
    """What was sold in the closed months of each absolute statement; 0 for the others."""
    sold = monthly_sales(sales)
    place = names.get_indexer(pd.MultiIndex.from_frame(sold[SERIES]))
    month = sold["month"].to_numpy()
    open_month = (as_of + pd.Timedelta(days=1)).to_period("M").ordinal
    first = statements["period"].dt.to_period("M").astype("int64")
    quantities = []
    for code, mode, begin in zip(statements["manual_forecast"], statements["mode"], first, strict=True):
        if mode != "absolute" or begin >= open_month:
            quantities.append(0.0)
            continue
        closed = (month >= begin) & (month < open_month) & np.isin(place, about[code])
        quantities.append(float(sold.loc[closed, "qty"].sum()))
    return quantities


def _marked(size: int, places: Sequence[int] | Places) -> npt.NDArray[np.bool_]:
    """Whether each place is among some; an array as long as there are places."""
    marked = np.zeros(size, dtype=bool)
    marked[np.asarray(places, dtype=np.int64)] = True
    return marked


def _rebase(amount: float, seen: float, now: float, how: str) -> float:
    """What is added to an absolute total since the forecast its author saw has moved."""
    if how == "difference":
        return now - seen
    if how == "ratio" and seen > 0:
        return amount * (now / seen - 1)
    return 0.0


def _buckets_of(statements: pd.DataFrame, period: pd.DataFrame) -> list[Places]:
    """Places in ``period`` of the buckets that each statement is about.

    A bucket belongs to a month, quarter or year by its fiscal month, to a week by its first day.
    """
    begin = period["period"].to_numpy()
    month = period["fiscal_period"].to_numpy()
    weekly = (period["bucket"] == "week").to_numpy()
    finish = period["end_date"].to_numpy()
    found, faults = [], []
    rows = zip(
        statements["manual_forecast"],
        statements["period"],
        span_end(statements),
        statements["span"],
        strict=True,
    )
    for code, first, last, span in rows:
        first_day, last_day = first.to_datetime64(), last.to_datetime64()
        if span != "week":
            found.append(np.flatnonzero((month >= first_day) & (month <= last_day)))
            continue
        found.append(np.flatnonzero(weekly & (begin >= first_day) & (begin <= last_day)))
        if (~weekly & (begin <= last_day) & (finish >= first_day)).any():
            where = f"manual_forecast.span, manual_forecast={code}"
            problem = f"the week of {first.date()} is planned as part of a month"
            remedy = "say month, or plan more weeks (calendar.weekly_horizon_weeks)"
            faults.append(Fault(where, problem, remedy=remedy))
    if faults:
        raise InputError(faults)
    return found


def _ahead_rate(statements: pd.DataFrame, period: pd.DataFrame, as_of: pd.Timestamp) -> list[float]:
    """Share of each statement's days that lie ahead; closed months of an absolute total are not counted.

    They are taken off by what was sold in them.
    """
    open_month = (as_of + pd.Timedelta(days=1)).replace(day=1)
    end = period["end_date"].max()
    shares = []
    rows = zip(statements["period"], span_end(statements), statements["mode"], strict=True)
    for first, last, mode in rows:
        begin = max(first, open_month) if mode == "absolute" else first
        whole = (last - begin).days + 1
        ahead = (min(last, end) - max(begin, as_of + pd.Timedelta(days=1))).days + 1
        shares.append(min(1.0, max(0, ahead) / whole) if whole > 0 else 0.0)
    return shares
