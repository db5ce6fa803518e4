"""How good the forecasts were: rolling origins of this run, and earlier cycles against what was sold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sopwb.demand.backtest import Backtest
from sopwb.demand.combine import Route
from sopwb.demand.interval import band, error_model, summed_error
from sopwb.demand.panel import SERIES, Array
from sopwb.demand.scope import ALL

__all__ = ["archive_accuracy", "backtest_accuracy", "forecast_error"]

BACKTEST_STREAMS = ("naive", "seasonal_naive", "statistical", "automatic")
ARCHIVE_STREAMS = ("seasonal_naive", "statistical", "automatic", "manual", "consensus")
PRIOR_ORIGINS = 3.0
KEYS = ["stream", "family", "lag"]


def _rates(sums: pd.DataFrame, source: str, streams: tuple[str, ...]) -> pd.DataFrame:
    """Rates from summed quantities, and what each stream adds to the one before it."""
    total = pd.concat([sums, sums.assign(family=ALL)], ignore_index=True)
    names = [name for name in total.columns if name not in KEYS]
    table = total.groupby(KEYS, as_index=False)[names].sum()
    actual = table["actual_qty"].where(table["actual_qty"] > 0)
    table = table.assign(
        source=source,
        wmape_rate=table["absolute_error_qty"] / actual,
        bias_rate=(table["forecast_qty"] - table["actual_qty"]) / actual,
        coverage_rate=(table["inside"] / table["judged"].where(table["judged"] > 0))
        if "judged" in table
        else np.nan,
        order=table["stream"].map({name: place for place, name in enumerate(streams)}),
    )
    table = table.sort_values(["family", "lag", "order"])
    before = table.groupby(["family", "lag"])["wmape_rate"].shift()
    table = table.assign(value_added_rate=before - table["wmape_rate"])
    columns = ["source", *KEYS, "actual_qty", "forecast_qty", "absolute_error_qty"]
    return table[[*columns, "wmape_rate", "bias_rate", "coverage_rate", "value_added_rate"]].reset_index(
        drop=True
    )


def _held_out_inside(backtest: Backtest, level: Array, route: Route) -> tuple[Array, Array]:
    """Whether errors of the later origins lie in the band made from what was known then, and are judged."""
    half = len(backtest.origins) // 2
    error, forecast = backtest.error, backtest.forecast
    inside, judged = np.zeros(error.shape, dtype=bool), np.zeros(error.shape, dtype=bool)
    if half == 0:
        return inside, judged
    for origin in range(half, len(backtest.origins)):
        # an error of an earlier origin counts only if it was known at this one
        reach = backtest.origins[origin] - backtest.origins[:origin]
        seen = np.arange(error.shape[2])[None, :] < reach[:, None]
        past = np.where(seen[:, None, :], error[:origin], np.nan)
        model = error_model(past, forecast[:origin], level, route, backtest.origins[:origin])
        down, up = band(np.nan_to_num(forecast[origin]), level, route, model)
        judged[origin] = np.isfinite(error[origin])
        inside[origin] = judged[origin] & (error[origin] >= -down - 1e-9) & (error[origin] <= up + 1e-9)
    return inside, judged


def _ahead_of(values: Array, backtest: Backtest) -> Array:
    """Values of the buckets after each origin, origin by series by bucket ahead; NaN beyond the end."""
    horizon = backtest.forecast.shape[2]
    padded = np.pad(values, ((0, 0), (0, horizon)), constant_values=np.nan)
    return np.stack([padded[:, origin : origin + horizon] for origin in backtest.origins])


def backtest_accuracy(
    backtest: Backtest,
    demand: Array,
    activity: Array,
    families: pd.Series[str],
    level: Array,
    route: Route,
) -> pd.DataFrame:
    """Error of each stream from rolling origins, by family and bucket ahead.

    All streams are held against the same demand, stock-outs filled and outliers left in:
    naive → seasonal naive → statistical (the baseline) → automatic (with the activities that took
    place). The share inside the interval is measured on the later half of the origins, each with the
    band made from what was known then.

    Parameters
    ----------
    demand, activity
        Series by time: demand to be forecast and the part of it that activities caused.
    families
        Family of each series.

    Returns
    -------
    pandas.DataFrame
        Table ``backtest_accuracy``.
    """
    if len(backtest.origins) == 0 or demand.size == 0:
        return _rates(_no_sums(), "backtest", BACKTEST_STREAMS)
    actual = _ahead_of(demand, backtest)
    automatic = backtest.forecast + np.nan_to_num(_ahead_of(activity, backtest))
    inside, judged = _held_out_inside(backtest, level, route)
    naive, year = backtest.naive, backtest.seasonal_naive
    paths = dict(zip(BACKTEST_STREAMS, (naive, year, backtest.forecast, automatic), strict=True))
    valid = np.isfinite(actual) & np.isfinite(backtest.forecast)
    parts = [
        _family_sums(name, path, actual, valid, families, *_only(name == "statistical", inside, judged))
        for name, path in paths.items()
    ]
    return _rates(pd.concat(parts, ignore_index=True), "backtest", BACKTEST_STREAMS)


def _only(wanted: bool, inside: Array, judged: Array) -> tuple[Array, Array]:
    return (inside, judged) if wanted else (np.zeros_like(inside), np.zeros_like(judged))


def _no_sums() -> pd.DataFrame:
    numbers = ["actual_qty", "forecast_qty", "absolute_error_qty"]
    frame = pd.DataFrame({name: pd.Series(dtype=float) for name in numbers})
    return frame.assign(
        stream=pd.Series(dtype=object), family=pd.Series(dtype=object), lag=pd.Series(dtype="int64")
    )


def _family_sums(
    stream: str,
    path: Array,
    actual: Array,
    valid: Array,
    families: pd.Series[str],
    inside: Array,
    judged: Array,
) -> pd.DataFrame:
    """Sums over origins and the series of each family, one row per family and bucket ahead."""
    quantities: Mapping[str, Array] = {
        "actual_qty": np.where(valid, actual, 0.0),
        "forecast_qty": np.where(valid, path, 0.0),
        "absolute_error_qty": np.where(valid, np.abs(path - actual), 0.0),
        "inside": inside.astype(float),
        "judged": judged.astype(float),
    }
    frames = []
    for family in sorted(families.unique()):
        members = (families == family).to_numpy()
        sums = {name: values[:, members].sum(axis=(0, 1)) for name, values in quantities.items()}
        lags = np.arange(1, path.shape[2] + 1)
        frames.append(pd.DataFrame({"stream": stream, "family": family, "lag": lags, **sums}))
    return pd.concat(frames, ignore_index=True)


def archive_accuracy(
    past_demand_plan: pd.DataFrame, sales: pd.DataFrame, product: pd.DataFrame, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Error of each stream of earlier cycles against closed months of sales, by family and months ahead.

    A statement nobody made counts as agreement: where there was no manual forecast, that stream is
    the automatic one, so that every stream is judged on the same cells.

    Returns
    -------
    pandas.DataFrame
        Rows of ``forecast_accuracy`` with the source ``archive``.
    """
    month_end = past_demand_plan["period"] + pd.offsets.MonthEnd(0)
    closed = past_demand_plan[(month_end <= as_of) & (past_demand_plan["period"] > past_demand_plan["cycle"])]
    if closed.empty:
        return _rates(_no_sums(), "archive", ARCHIVE_STREAMS)
    month = sales["date"].dt.to_period("M").dt.to_timestamp()
    sold = sales[SERIES].assign(period=month, qty=sales["sold_qty"] - sales["returned_qty"])
    sold = sold.groupby([*SERIES, "period"], as_index=False)[["qty"]].sum()
    cells = _with_sales(_with_sales(closed, sold, "actual_qty", 0), sold, "seasonal_naive", 12)
    cells = cells.merge(product[["product", "family"]], on="product", how="left", validate="many_to_one")
    ahead = cells["period"].dt.to_period("M").astype("int64") - cells["cycle"].dt.to_period("M").astype(
        "int64"
    )
    cells = cells.assign(
        lag=ahead,
        family=cells["family"].fillna("unknown"),
        statistical=cells["baseline_qty"],
        automatic=cells["automatic_qty"],
        manual=cells["manual_qty"].fillna(cells["automatic_qty"]),
        consensus=cells["consensus_qty"],
    )
    return _rates(_stream_sums(cells), "archive", ARCHIVE_STREAMS)


def _with_sales(cells: pd.DataFrame, sold: pd.DataFrame, name: str, months_back: int) -> pd.DataFrame:
    """Cells with the sales of their month, or of the month some months before; zero where none."""
    shifted = sold.assign(period=sold["period"] + pd.DateOffset(months=months_back)).rename(
        columns={"qty": name}
    )
    joined = cells.merge(shifted, on=[*SERIES, "period"], how="left", validate="many_to_one")
    return joined.assign(**{name: joined[name].fillna(0.0)})


def _stream_sums(cells: pd.DataFrame) -> pd.DataFrame:
    """Sums of each archived stream by family and lag."""
    frames = [
        cells[["family", "lag", "actual_qty"]].assign(
            stream=name,
            forecast_qty=cells[name],
            absolute_error_qty=(cells[name] - cells["actual_qty"]).abs(),
        )
        for name in ARCHIVE_STREAMS
    ]
    numbers = ["actual_qty", "forecast_qty", "absolute_error_qty"]
    return pd.concat(frames).groupby(KEYS, as_index=False)[numbers].sum()


def forecast_error(
    backtest: Backtest, series: pd.DataFrame, market: pd.DataFrame, forecast: Array, most: int
) -> pd.DataFrame:
    """Spread of the forecast error of each product at each location, summed over 1 … n buckets.

    Errors of the markets a location serves are added up before they are squared, so what one market
    lacks another makes up. The root mean square over the origins is shrunk to the usual relative
    error, which also serves products too young for the backtest.

    Parameters
    ----------
    series
        Series of the backtest, in order.
    forecast
        Forecast of this run, series by bucket; the level of young products is read from it.
    most
        Most buckets.

    Returns
    -------
    pandas.DataFrame
        Table ``forecast_error``.
    """
    keys = series[SERIES].merge(
        market[["market", "location"]], on="market", how="left", validate="many_to_one"
    )
    item = keys.groupby(["product", "location"], sort=True).ngroup().to_numpy()
    items = keys[["product", "location"]].drop_duplicates().sort_values(["product", "location"])
    member = (item[None, :] == np.arange(len(items))[:, None]).astype(float)
    most = min(most, forecast.shape[1])
    error, actual = (_by_item(values, member) for values in (backtest.error, backtest.actual))
    spread, mean, origins = summed_error(error, actual, min(most, backtest.error.shape[2]))
    spread, mean, origins = (_widened(values, most) for values in (spread, mean, origins.astype(float)))
    expected = (member @ forecast[:, :most]).cumsum(axis=1)
    mean = np.where(np.isfinite(mean) & (mean > 0), mean, expected)
    usual = _usual_relative(spread, mean)
    square = np.where(origins > 0, np.nan_to_num(spread) ** 2, 0.0)
    shrunk = (origins * square + PRIOR_ORIGINS * (usual * mean) ** 2) / (origins + PRIOR_ORIGINS)
    row, column = np.indices(mean.shape).reshape(2, -1)
    return (
        items.iloc[row]
        .reset_index(drop=True)
        .assign(buckets=column + 1, error_qty=np.sqrt(shrunk).ravel(), mean_qty=mean.ravel())
    )


def _by_item(values: Array, member: Array) -> Array:
    """Sum over the series of each item; NaN where none of them was known."""
    known = np.isfinite(values)
    total = np.einsum("ij,ojh->oih", member, np.nan_to_num(values))
    count = np.einsum("ij,ojh->oih", member, known.astype(float))
    return np.where(count > 0, total, np.nan)


def _widened(values: Array, most: int) -> Array:
    return np.pad(values, ((0, 0), (0, most - values.shape[1])), constant_values=np.nan)[:, :most]


def _usual_relative(spread: Array, mean: Array) -> Array:
    """Median relative error over all items, by number of buckets."""
    relative = np.divide(spread, mean, out=np.full(spread.shape, np.nan), where=mean > 0)
    known = np.isfinite(relative).any(axis=0)
    usual = np.array([0.5 / np.sqrt(n) for n in range(1, spread.shape[1] + 1)])
    usual[known] = np.nanmedian(relative[:, known], axis=0)
    return usual
