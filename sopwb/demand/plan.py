"""The demand plan: baseline, activities, manual forecast and consensus side by side, in units and money."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from sopwb.config.demand import FenceSettings
from sopwb.demand.activity_plan import distance_squares
from sopwb.demand.consensus import ALL_STREAMS, consensus, weight_rates
from sopwb.demand.fence import held_by_fence
from sopwb.demand.launches import live_rate
from sopwb.demand.panel import SERIES
from sopwb.demand.scope import ALL

__all__ = ["agreed_forecast", "automatic_plan", "demand_plan", "named_series", "plan_cells"]

FENCE = "fence"

COLUMNS = [
    *SERIES,
    "period",
    "baseline_qty",
    "calendar_qty",
    "activity_qty",
    "automatic_qty",
    "manual_qty",
    "consensus_qty",
    "near_horizon_qty",
    "order_qty",
    "lower_qty",
    "upper_qty",
    "net_price_per_unit",
    "consensus_value",
]


def named_series(
    rows: pd.DataFrame, forecast_series: pd.DataFrame, product: pd.DataFrame, market: pd.DataFrame
) -> pd.DataFrame:
    """Series without a forecast that people name: the product by its code, the market by code or ``*``.

    ``*`` means all markets only for a product that is forecast nowhere.
    """
    known = pd.MultiIndex.from_frame(forecast_series[SERIES])
    named = rows.loc[rows["product"].isin(product["product"]), SERIES].drop_duplicates()
    everywhere = named[(named["market"] == ALL) & ~named["product"].isin(forecast_series["product"])]
    pairs = pd.concat(
        [
            named[named["market"].isin(market["market"])],
            everywhere[["product"]].merge(market[["market"]], how="cross"),
        ]
    ).drop_duplicates()
    return pairs[~pd.MultiIndex.from_frame(pairs[SERIES]).isin(known)].reset_index(drop=True)


def plan_cells(
    statistical_forecast: pd.DataFrame,
    extra: pd.DataFrame,
    product: pd.DataFrame,
    market: pd.DataFrame,
    period: pd.DataFrame,
) -> pd.DataFrame:
    """Every series and bucket of the plan, with what is known of them; no gaps.

    Parameters
    ----------
    statistical_forecast
        Table of that name.
    extra
        Series without a statistical forecast that are planned nevertheless.

    Returns
    -------
    pandas.DataFrame
        One row per product, market and ``period`` with baseline, calendar, quantiles, family, currency,
        fiscal_period, open_days and is_forecast.
    """
    series = statistical_forecast[SERIES].drop_duplicates().assign(is_forecast=True)
    series = pd.concat([series, extra[SERIES].assign(is_forecast=False)], ignore_index=True)
    grid = series.merge(period[["period", "fiscal_period", "days"]], how="cross")
    keys = [*SERIES, "period"]
    cells = grid.merge(
        statistical_forecast.drop(columns=["method", "normal_qty"]),
        on=keys,
        how="left",
        validate="one_to_one",
    )
    numbers = ["baseline_qty", "calendar_qty", "lower_qty", "upper_qty"]
    cells[numbers] = cells[numbers].fillna(0.0)
    cells = cells.merge(product[["product", "family"]], on="product", how="left", validate="many_to_one")
    cells = cells.merge(market[["market", "currency"]], on="market", how="left", validate="many_to_one")
    cells = cells.sort_values(keys, kind="stable").reset_index(drop=True)
    return cells.assign(open_days=live_rate(cells, product, period) * cells["days"])


def _around(cells: pd.DataFrame) -> pd.DataFrame:
    """Quantiles around the consensus: those of the baseline, stretched as the consensus exceeds it.

    What activities may add or miss is independent of that: its distances come on top by their squares.
    """
    ratio = cells["consensus_qty"] / cells["baseline_qty"].where(cells["baseline_qty"] > 0)
    stretch = ratio.clip(0.25, 9.0).fillna(1.0) ** 0.5
    down = ((cells["baseline_qty"] - cells["lower_qty"]) * stretch) ** 2 + cells["activity_down_qty"] ** 2
    up = ((cells["upper_qty"] - cells["baseline_qty"]) * stretch) ** 2 + cells["activity_up_qty"] ** 2
    closed = cells["open_days"] <= 0
    return pd.DataFrame(
        {
            "lower_qty": (cells["consensus_qty"] - down.mask(closed, 0.0) ** 0.5).clip(lower=0),
            "upper_qty": cells["consensus_qty"] + up.mask(closed, 0.0) ** 0.5,
        }
    )


def automatic_plan(cells: pd.DataFrame, activity_effect: pd.DataFrame) -> pd.DataFrame:
    """The cells with activity_qty, how far it may be off, and automatic_qty = max(0, baseline + activities).

    Parameters
    ----------
    cells
        Result of :func:`plan_cells`.
    activity_effect
        Table of that name.
    """
    keys = [*SERIES, "period"]
    effect = activity_effect.assign(**distance_squares(activity_effect))
    sums = ["effect_qty", "down_square", "up_square"]
    plan = cells.merge(
        effect.groupby(keys, as_index=False)[sums].sum(), on=keys, how="left", validate="one_to_one"
    )
    added = plan[sums].fillna(0.0).mul(plan["open_days"] > 0, axis=0)
    return plan.drop(columns=sums).assign(
        activity_qty=added["effect_qty"],
        activity_down_qty=added["down_square"] ** 0.5,
        activity_up_qty=added["up_square"] ** 0.5,
        automatic_qty=(plan["baseline_qty"] + added["effect_qty"]).clip(lower=0),
    )


def agreed_forecast(
    plan: pd.DataFrame,
    spoken: pd.DataFrame,
    weights: pd.DataFrame,
    held_to: Callable[[pd.DataFrame], pd.Series[float]],
    settings: FenceSettings,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Streams weighted, and inside the fence mixed with what it holds to.

    Parameters
    ----------
    plan
        Result of :func:`automatic_plan`.
    spoken
        Streams of people, one row per cell; NaN where one is silent.
    weights
        Weight of each stream, one row per family.
    held_to
        What the fence says about each cell of a plan that has ``agreed_qty``; NaN where it is silent.

    Returns
    -------
    tuple of pandas.DataFrame
        The plan with manual_qty, ``agreed_qty`` by the streams and ``forecast_qty``, what the fence makes of
        it; and table ``demand_stream``.
    """
    statistical = plan["automatic_qty"].where(plan["is_forecast"] | (plan["automatic_qty"] > 0))
    streams = spoken.assign(statistical=statistical)
    manual, agreed = consensus(streams, plan["family"], weights)
    share = weight_rates(streams, plan["family"], weights)
    fence = held_to(plan.assign(agreed_qty=agreed))
    rate = settings.hold_rate * fence.notna()
    share = share.mul(1 - rate, axis=0).assign(**{FENCE: rate})
    held = held_by_fence(agreed, fence, settings)
    told = plan.assign(manual_qty=manual, agreed_qty=agreed, forecast_qty=held)
    return told, _apart(plan, streams.assign(**{FENCE: fence}), share)


def demand_plan(
    agreed: pd.DataFrame, order_consumption: pd.DataFrame, net_price: pd.Series[float]
) -> pd.DataFrame:
    """Demand of every product, market and bucket: the agreed forecast, or orders and what they leave of it.

    value = consensus x net price.

    Parameters
    ----------
    agreed
        Plan of :func:`agreed_forecast`.
    order_consumption
        Table of that name; empty where orders do not eat the forecast.
    net_price
        Net price of each cell.

    Returns
    -------
    pandas.DataFrame
        Table ``demand_plan``.
    """
    keys = [*SERIES, "period"]
    orders = order_consumption[[*keys, "order_qty", "demand_qty"]]
    plan = agreed.merge(orders, on=keys, how="left", validate="one_to_one")
    plan = plan.assign(
        order_qty=plan["order_qty"].fillna(0.0),
        consensus_qty=plan["demand_qty"].fillna(plan["forecast_qty"]),
        net_price_per_unit=net_price.to_numpy(),
    )
    plan = plan.assign(
        **_around(plan),
        near_horizon_qty=plan["consensus_qty"] - plan["agreed_qty"],
        consensus_value=plan["consensus_qty"] * plan["net_price_per_unit"],
    )
    return plan[COLUMNS]


def _apart(plan: pd.DataFrame, streams: pd.DataFrame, share: pd.DataFrame) -> pd.DataFrame:
    """Table ``demand_stream``: one row per cell and stream that speaks."""
    keys = plan[[*SERIES, "period"]]
    parts = [
        keys.assign(stream=name, stream_qty=streams[name], weight_rate=share[name])[streams[name].notna()]
        for name in (*ALL_STREAMS, FENCE)
    ]
    return pd.concat(parts, ignore_index=True)
