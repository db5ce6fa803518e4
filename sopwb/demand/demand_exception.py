"""The few things of the demand plan that need a word, ranked by the money they can cost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sopwb.config.demand import ReviewSettings
from sopwb.demand.error_measure import tracking_signal
from sopwb.demand.forecast_change import CAUSES
from sopwb.demand.panel import SERIES
from sopwb.measure.wording import rate as percent

__all__ = ["demand_exception"]

PLACE = ["family", "market"]
COLUMNS = [
    "kind",
    *PLACE,
    "error_qty",
    "error_rate",
    "money_value",
    "message",
    "remedy",
]


def demand_exception(
    plan: pd.DataFrame,
    steps: pd.DataFrame,
    change: pd.DataFrame,
    margin: pd.DataFrame,
    product: pd.DataFrame,
    settings: ReviewSettings,
    *,
    most: int,
) -> pd.DataFrame:
    """At most so many exceptions, the largest money first; one per kind, family and market.

    Money is error x margin x time to act: what is, or may be, wrong each month, at the margin of its
    products, over the months until supply can follow a better forecast. Looked at are

    - bias: the consensus of earlier cycles at the lag of the time to act, on average too high or low,
      carried over to the coming months;
    - signal: in the place of bias where also the tracking signal of its shortest lag is beyond the limit,
      which tells that nearly every cycle erred to the same side, however little;
    - people: what people move the consensus away from the automatic forecast;
    - change: what the consensus has changed since the last cycle, with the largest cause.

    Parameters
    ----------
    plan
        Demand plan by month (product, market, ``period``, automatic_qty, near_horizon_qty, consensus_qty).
    steps
        Result of `sopwb.demand.value_added.archived_steps`.
    change
        Table ``forecast_change``.
    margin
        Result of `sopwb.demand.value_added.unit_margin`.
    product
        Table ``product``.
    settings
        Time to act, and the share from which an error counts.
    most
        Most exceptions.

    Returns
    -------
    pandas.DataFrame
        Table ``demand_exception``.
    """
    families = product[["product", "family"]]
    first = plan["period"].min()
    end = first + pd.DateOffset(months=settings.act_months)
    near = plan[plan["period"] < end].merge(families, on="product", how="left", validate="many_to_one")
    near = near.merge(margin, on=SERIES, how="left", validate="many_to_one").fillna({"margin_per_unit": 0.0})
    moved = change[change["period"] < end].merge(families, on="product", how="left", validate="many_to_one")
    moved = moved.merge(margin, on=SERIES, how="left", validate="many_to_one").fillna(
        {"margin_per_unit": 0.0}
    )
    judged = steps[steps["lag"] == min(settings.act_months, int(steps["lag"].max()) if len(steps) else 1)]
    bias = _one_sided(_bias(near, judged), steps, settings.tracking_signal_limit)
    found = pd.concat([bias, _people(near), _change(moved)], ignore_index=True)
    told = (found["error_rate"].abs() >= settings.exception_least_rate) | (found["kind"] == "signal")
    large = found[told & (found["money_value"] > 0)]
    top = large.sort_values(["money_value", "kind", *PLACE], ascending=[False, True, True, True]).head(most)
    return top.assign(
        rank=np.arange(1, len(top) + 1),
        start_period=first,
        end_period=end - pd.DateOffset(months=1),
    ).reset_index(drop=True)


def _side(quantity: float, up: str, down: str) -> str:
    return up if quantity > 0 else down


def _bias(near: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    past = judged.groupby(PLACE, as_index=False)[["consensus", "actual_qty"]].sum()
    rate = past["consensus"] / past["actual_qty"].where(past["actual_qty"] > 0) - 1
    worth = near.assign(money=near["consensus_qty"] * near["margin_per_unit"])
    ahead = worth.groupby(PLACE, as_index=False)[["consensus_qty", "money"]].sum()
    rows = (
        past.assign(error_rate=rate).merge(ahead, on=PLACE, validate="one_to_one").dropna(subset="error_rate")
    )
    off = rows["error_rate"] / (1 + rows["error_rate"]).clip(lower=0.1)
    lag = int(judged["lag"].max()) if len(judged) else 0
    return rows.assign(
        kind="bias",
        error_qty=off * rows["consensus_qty"],
        money_value=off.abs() * rows["money"],
        message=[
            f"Forecasts {lag} months ahead were {percent(abs(rate), 0)} too {_side(rate, 'high', 'low')}"
            for rate in rows["error_rate"]
        ],
        remedy="correct the forecast, or ask its authors why it should be right this time",
    )[COLUMNS]


def _one_sided(bias: pd.DataFrame, steps: pd.DataFrame, limit: float) -> pd.DataFrame:
    """The biases, each of which is a signal where nearly every cycle erred to its side."""
    nearest = steps[steps["lag"] == steps["lag"].min()]
    error = nearest["consensus"] - nearest["actual_qty"]
    totals = (
        nearest[[*PLACE, "cycle"]].assign(error=error).groupby([*PLACE, "cycle"])["error"].sum().unstack()
    )
    if totals.empty:
        return bias
    values = totals.to_numpy(dtype=float).T
    signal = pd.DataFrame(
        {
            "signal": tracking_signal(values),
            "up": (values > 0).sum(axis=0),
            "down": (values < 0).sum(axis=0),
            "cycles": np.isfinite(values).sum(axis=0),
        },
        index=totals.index,
    )
    rows = bias.merge(signal.reset_index(), on=PLACE, how="left", validate="one_to_one")
    beyond = (rows["signal"].abs() > limit) & (np.sign(rows["signal"]) == np.sign(rows["error_rate"]))
    lag = int(nearest["lag"].min())
    ahead = "a month" if lag == 1 else f"{lag} months"
    told = [
        f"Forecasts {ahead} ahead were too {_side(row['signal'], 'high', 'low')} in "
        f"{row['up'] if row['signal'] > 0 else row['down']} of {row['cycles']} cycles (tracking signal "
        f"{row['signal']:+.1f}); {str(row['message'])[0].lower()}{str(row['message'])[1:]}"
        for row in rows[beyond].astype({"up": int, "down": int, "cycles": int}).to_dict("records")
    ]
    rows.loc[beyond, "message"] = told
    rows.loc[beyond, "kind"] = "signal"
    return rows[COLUMNS]


def _people(near: pd.DataFrame) -> pd.DataFrame:
    gap = near["consensus_qty"] - near["near_horizon_qty"] - near["automatic_qty"]
    rows = near.assign(error_qty=gap, money_value=gap * near["margin_per_unit"])
    sums = rows.groupby(PLACE, as_index=False)[["error_qty", "money_value", "automatic_qty"]].sum()
    base = sums["automatic_qty"].where(sums["automatic_qty"] > 0)
    rate = (sums["error_qty"] / base).fillna(np.sign(sums["error_qty"]))
    return sums.assign(
        kind="people",
        error_rate=rate,
        money_value=sums["money_value"].abs(),
        message=[
            f"People see {percent(abs(share), 0)} {_side(share, 'more', 'less')} than the forecast"
            for share in rate
        ],
        remedy="ask for the reason, and look at what these voices have added before",
    )[COLUMNS]


def _change(moved: pd.DataFrame) -> pd.DataFrame:
    delta = moved["current_qty"] - moved["previous_qty"]
    rows = moved.assign(error_qty=delta, money_value=delta * moved["margin_per_unit"])
    causes = list(CAUSES)
    sums = rows.groupby(PLACE, as_index=False)[["error_qty", "money_value", "previous_qty", *causes]].sum()
    base = sums["previous_qty"].where(sums["previous_qty"] > 0)
    rate = (sums["error_qty"] / base).fillna(np.sign(sums["error_qty"]))
    aligned = sums[causes].mul(np.sign(sums["error_qty"]), axis=0)
    first = aligned.idxmax(axis=1) if len(aligned) else pd.Series(dtype=object)
    return sums.assign(
        kind="change",
        error_rate=rate,
        money_value=sums["money_value"].abs(),
        message=[
            f"The plan is {percent(abs(share), 0)} {_side(share, 'higher', 'lower')} than last cycle, "
            f"most of it by {CAUSES[cause]}"
            for share, cause in zip(rate, first, strict=True)
        ],
        remedy="agree on the cause before supply follows",
    )[COLUMNS]
