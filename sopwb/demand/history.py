"""Clean history: sales in whole buckets, every adjustment on the way to the baseline in its own column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sopwb.calendar import history_bucket
from sopwb.config.demand import DemandSettings
from sopwb.demand.activities import (
    activity_cells,
    full_effect,
    inclusion_rate,
)
from sopwb.demand.cleaning import LEAST_QTY, filled_stock_outs, noise_rate, outlier_adjustment, usual_level
from sopwb.demand.panel import (
    SERIES,
    Array,
    bucket_frame,
    buckets_between,
    days_in,
    panel_of,
    season_of,
)
from sopwb.demand.scope import series_with_family
from sopwb.demand.uplift import measured_ratio, without_activities

__all__ = ["closed_buckets", "demand_history_clean", "out_of_stock_rate", "sold_by_bucket", "zero_filled"]


ADJUSTMENTS = (
    "sold_qty",
    "stock_out_adjustment_qty",
    "outlier_adjustment_qty",
    "demand_qty",
    "activity_qty",
    "baseline_qty",
)
YOUNG_SHARE = 6
"""Parts of a year: in the first of them, two months, no bucket of a new series is an outlier."""


def sold_by_bucket(sales: pd.DataFrame, bucket: str, week_start: str = "monday") -> pd.DataFrame:
    """Sales net of returns by product, market and whole week or month (``date``)."""
    frame = sales[SERIES].assign(
        date=history_bucket(sales["date"], bucket, week_start),
        sold_qty=sales["sold_qty"] - sales["returned_qty"],
    )
    return frame.groupby([*SERIES, "date"], as_index=False, sort=True)[["sold_qty"]].sum()


def closed_buckets(sold: pd.DataFrame, as_of: pd.Timestamp, bucket: str) -> pd.DatetimeIndex:
    """First days of the whole buckets from the first sale to the last that ends on or before as-of."""
    if sold.empty:
        return pd.DatetimeIndex([])
    dates = buckets_between(sold["date"].min(), sold["date"].max(), bucket)
    ends = bucket_frame(dates, bucket)["end_date"].to_numpy()
    return dates[ends <= as_of.to_datetime64()]


def zero_filled(
    sold: pd.DataFrame, series: pd.DataFrame, dates: pd.DatetimeIndex, product: pd.DataFrame
) -> Array:
    """Sales as series by time; NaN before the first sale and after the last day of the product."""
    values = panel_of(sold, "sold_qty", series, dates)
    begun = np.maximum.accumulate(np.nan_to_num(values) > 0, axis=1)
    ends = series.merge(
        product[["product", "phase_out_date"]], on="product", how="left", validate="many_to_one"
    )
    last = ends["phase_out_date"].fillna(pd.Timestamp.max).to_numpy()
    open_ = dates.to_numpy()[None, :] <= last[:, None]
    return np.where(begun & open_, np.nan_to_num(values), np.nan)


def out_of_stock_rate(
    stock_out: pd.DataFrame,
    market: pd.DataFrame,
    series: pd.DataFrame,
    dates: pd.DatetimeIndex,
    bucket: str,
    week_start: str = "monday",
) -> Array:
    """Share of each bucket's days on which the location that serves the market had no stock."""
    if stock_out.empty or series.empty:
        return np.zeros((len(series), len(dates)))
    days = stock_out[["product", "location"]].assign(
        date=history_bucket(stock_out["date"], bucket, week_start), days=stock_out["out_of_stock_days"]
    )
    days = days.groupby(["product", "location", "date"], as_index=False)[["days"]].sum()
    serves = market[["market", "location"]]
    by_market = days.merge(serves, on="location", how="inner", validate="many_to_many")
    out_days = np.nan_to_num(panel_of(by_market, "days", series, dates))
    return np.clip(out_days / days_in(dates, bucket)[None, :], 0.0, 1.0)


def _past_cells(
    activity: pd.DataFrame,
    series: pd.DataFrame,
    dates: pd.DatetimeIndex,
    bucket: str,
    settings: DemandSettings,
) -> pd.DataFrame:
    """Cells of the activities that took place and passed; lasting changes belong to the baseline."""
    length = (activity["end_date"] - activity["start_date"]).dt.days + 1
    passing = length <= settings.cleaning.longest_activity_days
    took_place = inclusion_rate(activity, settings) > 0
    chosen = activity[passing & took_place]
    cells = activity_cells(chosen, series, bucket_frame(dates, bucket))
    row = pd.MultiIndex.from_frame(series[SERIES]).get_indexer(pd.MultiIndex.from_frame(cells[SERIES]))
    return cells.assign(row=row, column=dates.get_indexer(pd.DatetimeIndex(cells["date"])))


def _summed(cells: pd.DataFrame, column: str, shape: tuple[int, int]) -> Array:
    """Cells summed into series by time."""
    total = np.zeros(shape)
    np.add.at(
        total, (cells["row"].to_numpy(), cells["column"].to_numpy()), cells[column].to_numpy(dtype=float)
    )
    return total


def _declared(
    cells: pd.DataFrame, usual: Array, kinds: Mapping[str, Any], settings: DemandSettings
) -> pd.DataFrame:
    """Cells with the usual level as baseline and the declared extra quantity."""
    known = cells.assign(baseline_qty=np.nan_to_num(usual)[cells["row"], cells["column"]])
    return known.assign(full_qty=full_effect(known, kinds, settings))


def _corrected(
    cells: pd.DataFrame, demand: Array, usual: Array, noise: Array, prior_evidence: float
) -> pd.DataFrame:
    """Cells with ``effect_qty``: the declared extra times what was measured of it."""
    row, column = cells["row"].to_numpy(), cells["column"].to_numpy()
    declared = _summed(cells, "full_qty", demand.shape)
    measured = cells.assign(
        declared_qty=declared[row, column],
        extra_qty=(demand - usual)[row, column],
        noise_qty=(noise[:, None] * usual)[row, column],
    )
    own = measured[(measured["part"] == "own") & measured["extra_qty"].notna()]
    ratio = measured_ratio(own, prior_evidence)
    return cells.assign(effect_qty=cells["full_qty"] * cells["activity"].map(ratio).fillna(1.0))


def _factor_and_quantity(cells: pd.DataFrame, usual: Array) -> tuple[Array, Array]:
    """Uplift as a share of the baseline, and quantity, of all activities in each bucket."""
    is_quantity = cells["effect_type"] == "quantity"
    uplift = _summed(cells[~is_quantity], "effect_qty", usual.shape)
    factor = np.divide(uplift, usual, out=np.zeros_like(uplift), where=np.nan_to_num(usual) > LEAST_QTY)
    return factor, _summed(cells[is_quantity], "effect_qty", usual.shape)


def demand_history_clean(
    sales: pd.DataFrame,
    stock_out: pd.DataFrame,
    activity: pd.DataFrame,
    product: pd.DataFrame,
    market: pd.DataFrame,
    kinds: Mapping[str, Any],
    settings: DemandSettings,
    *,
    as_of: pd.Timestamp,
    bucket: str,
    week_start: str = "monday",
) -> pd.DataFrame:
    """Demand in whole weeks or months, from what was sold to what would have sold without activities.

    sold + stock-out adjustment + outlier adjustment = demand = baseline + activities.

    Parameters
    ----------
    sales, stock_out, activity, product, market
        Input tables.
    kinds
        Marked activity kinds by name.
    as_of
        Last day of history; only buckets that end on or before it count.
    bucket
        ``week`` or ``month``.

    Returns
    -------
    pandas.DataFrame
        Table ``demand_history_clean``; a series has a row for every bucket from its first sale on.
    """
    sold_table = sold_by_bucket(sales, bucket, week_start)
    dates = closed_buckets(sold_table, as_of, bucket)
    pairs = sold_table.loc[sold_table["date"].isin(dates) & (sold_table["sold_qty"] > 0), SERIES]
    series = series_with_family(pairs.drop_duplicates().reset_index(drop=True), product)
    if series.empty:
        return pd.DataFrame({name: [] for name in [*SERIES, "date", *ADJUSTMENTS]})
    sold = zero_filled(sold_table, series, dates, product)
    out_rate = out_of_stock_rate(stock_out, market, series, dates, bucket, week_start)
    cells = _past_cells(activity, series, dates, bucket, settings)
    columns = _cleaned(sold, out_rate, cells, series, kinds, settings, season_of(bucket))
    return _as_table(columns, series, dates, np.isfinite(sold))


def _cleaned(
    sold: Array,
    out_rate: Array,
    cells: pd.DataFrame,
    series: pd.DataFrame,
    kinds: Mapping[str, Any],
    settings: DemandSettings,
    season: int,
) -> dict[str, Array]:
    """Every column of the clean history as series by time."""
    cleaning = settings.cleaning
    group = np.asarray(pd.factorize(series["family"], sort=True)[0], dtype=np.int64)
    touched = np.zeros(sold.shape, dtype=bool)
    touched[cells["row"], cells["column"]] = True
    ordinary = np.isfinite(sold) & ~touched & (out_rate == 0)
    usual = usual_level(sold, ordinary, group, season, cleaning.neighbour_buckets)
    noise = noise_rate(sold, usual, ordinary)
    declared = _declared(cells, usual, kinds, settings)
    expected = usual + _summed(declared, "full_qty", sold.shape)
    missing = filled_stock_outs(sold, out_rate, np.maximum(expected, 0.0))
    effects = _corrected(declared, sold + missing, usual, noise, cleaning.measured_activity_evidence)
    factor, quantity = _factor_and_quantity(effects, usual)
    expected = np.maximum(usual * (1 + factor) + quantity, 0.0)
    zero_rate = (sold <= 0).sum(axis=1) / np.maximum(np.isfinite(sold).sum(axis=1), 1)
    regular = zero_rate < settings.forecast.intermittent_zero_rate / 2
    outlier = outlier_adjustment(
        sold + missing, expected, noise, regular, cleaning.outlier_threshold, young=season // YOUNG_SHARE
    )
    demand = sold + missing + outlier
    baseline = without_activities(demand, factor, quantity)
    columns = (sold, missing, outlier, demand, demand - baseline, baseline)
    return dict(zip(ADJUSTMENTS, columns, strict=True))


def _as_table(
    columns: Mapping[str, Array], series: pd.DataFrame, dates: pd.DatetimeIndex, known: Any
) -> pd.DataFrame:
    """Known cells of the arrays as a long table."""
    row, column = np.nonzero(known)
    keys = series[SERIES].iloc[row].reset_index(drop=True).assign(date=dates[column])
    return keys.assign(**{name: values[row, column] for name, values in columns.items()})
