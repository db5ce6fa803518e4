"""Activities ahead: what each is expected to add, from what such activities were measured to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sopwb.config.demand import DemandSettings
from sopwb.demand.activities import Effect, activity_cells, full_effect, inclusion_rate
from sopwb.demand.answers import NORMAL_80, answers_for
from sopwb.demand.panel import SERIES, Array
from sopwb.demand.response import LEAST_FACTOR, MOST_FACTOR, answer_group
from sopwb.demand.scope import matching_series

__all__ = ["activity_effect", "distance_squares"]

KEYS = [*SERIES, "period"]
QUANTITIES = ["full_qty", "full_lower_qty", "full_upper_qty"]
MOST_LOST = 0.5
"""Share of its baseline that a sister product loses at most to one activity."""


def activity_effect(
    activity: pd.DataFrame,
    baseline: pd.DataFrame,
    series: pd.DataFrame,
    period: pd.DataFrame,
    kinds: Mapping[str, Effect],
    settings: DemandSettings,
    response: pd.DataFrame,
) -> pd.DataFrame:
    """Effect of every activity that lies ahead, on each product, market and planning bucket.

    What was declared is the prior: a declared factor F becomes F ** ratio, a declared quantity ratio
    times itself, with the ratio measured for the product, else its family, else the group of
    activities, else one. The dip after it and what sisters lose are part of its effect.

    Parameters
    ----------
    activity
        Activities still to come.
    baseline
        Baseline by product, market and ``period``.
    series
        Series with product, market and family.
    period
        Table ``period``.
    response
        Table ``activity_response``; without rows every effect is as declared.

    Returns
    -------
    pandas.DataFrame
        Table ``activity_effect``.
    """
    looked_for = _with_measured_dip(activity, response, settings)
    buckets = period[["period", "end_date"]].rename(columns={"period": "begin_date"})
    cells = activity_cells(looked_for, series, buckets).rename(columns={"date": "period"})
    cells = cells.merge(baseline[[*KEYS, "baseline_qty"]], on=KEYS, how="left", validate="many_to_one")
    cells["baseline_qty"] = cells["baseline_qty"].fillna(0.0)
    cells = cells.merge(period[["period", "end_date"]], on="period", how="left", validate="many_to_one")
    cells = _expected(cells, kinds, settings, response)
    lost = _lost_by_sisters(cells, activity, baseline, series, settings, response)
    columns = ["activity", *KEYS, *QUANTITIES]
    total = cells[columns] if lost.empty else pd.concat([cells[columns], lost[columns]], ignore_index=True)
    total = total.groupby(["activity", *KEYS], as_index=False, sort=True)[QUANTITIES].sum()
    rates = activity[["activity"]].assign(inclusion_rate=inclusion_rate(activity, settings))
    table = total.merge(rates, on="activity", how="left", validate="many_to_one")
    planned: pd.DataFrame = table.assign(effect_qty=table["full_qty"] * table["inclusion_rate"])
    return planned


def distance_squares(effect: pd.DataFrame) -> dict[str, pd.Series[float]]:
    """Squared distance of the 10 and 90 percent quantile from what the plan holds of each activity.

    An activity in the plan by its probability p is off by its effect's own interval where it takes place,
    and by whether it does, with variance p (1 - p) x effect**2.

    Parameters
    ----------
    effect
        Table ``activity_effect``.

    Returns
    -------
    dict
        ``down_square`` and ``up_square``, by row.
    """
    rate, full = effect["inclusion_rate"], effect["full_qty"]
    chance = NORMAL_80**2 * rate * (1 - rate) * full**2
    return {
        "down_square": rate * (full - effect["full_lower_qty"]) ** 2 + chance,
        "up_square": rate * (effect["full_upper_qty"] - full) ** 2 + chance,
    }


def _with_measured_dip(
    activity: pd.DataFrame, response: pd.DataFrame, settings: DemandSettings
) -> pd.DataFrame:
    """Activities with the share missing afterwards moved by what was measured of their group."""
    known = response[response["answer"] == "after"].set_index("group")["value"]
    moved = answer_group(activity["kind"], activity["effect_type"]).map(known).fillna(0.0)
    has_dip = (activity["after_effect_rate"] > 0) | activity["kind"].isin(settings.activities.dip_kinds)
    rate = (activity["after_effect_rate"] + moved).clip(0.0, 1.0)
    return activity.assign(after_effect_rate=rate.where(has_dip, activity["after_effect_rate"]))


def _expected(
    cells: pd.DataFrame, kinds: Mapping[str, Effect], settings: DemandSettings, response: pd.DataFrame
) -> pd.DataFrame:
    """Cells with the expected extra quantity and the ends of its 80 percent interval."""
    declared = full_effect(cells.assign(part_rate=1.0), kinds, settings)
    cells = cells.assign(
        group=answer_group(cells["kind"], cells["effect_type"]), declared_qty=declared
    ).reset_index(drop=True)
    answers = answers_for(cells, response)
    reach = NORMAL_80 * answers["ratio_sd"]
    ends = [
        cells["declared_qty"] * _correction(cells, ratio, answers["additive"]) * cells["part_rate"]
        for ratio in (answers["ratio"], answers["ratio"] - reach, answers["ratio"] + reach)
    ]
    lower, upper = np.minimum(ends[1], ends[2]), np.maximum(ends[1], ends[2])
    return cells.assign(full_qty=ends[0], full_lower_qty=lower, full_upper_qty=upper)


def _correction(cells: pd.DataFrame, ratio: pd.Series[Any], additive: pd.Series[Any]) -> Array:
    """Expected over declared extra of each cell."""
    on_days = cells["baseline_qty"] * cells["overlap_rate"]
    factor = (1 + cells["declared_qty"] / on_days.where(on_days > 0)).clip(LEAST_FACTOR, MOST_FACTOR)
    power = (factor**ratio).clip(LEAST_FACTOR, MOST_FACTOR) - 1
    days = (cells["end_date"] - cells["period"]).dt.days + 1
    daily = cells["baseline_qty"] / days
    season = daily / daily.groupby([cells["product"], cells["market"]]).transform("mean")
    season = season.where(season > 0, 1.0).fillna(1.0).clip(0.25, 4.0)
    power = power * (season**-additive).where((power > 0) & (cells["effect_type"] != "quantity"), 1.0)
    by_factor = power / (factor - 1).where((factor - 1).abs() > LEAST_UPLIFT)
    linear = (cells["effect_type"] == "quantity") | by_factor.isna()
    return np.where(linear, ratio, by_factor)


LEAST_UPLIFT = 1e-9


def _lost_by_sisters(
    cells: pd.DataFrame,
    activity: pd.DataFrame,
    baseline: pd.DataFrame,
    series: pd.DataFrame,
    settings: DemandSettings,
    response: pd.DataFrame,
) -> pd.DataFrame:
    """What products of the same family and market lose to an activity, by their baseline."""
    taking = activity[activity["kind"].isin(settings.activities.cannibalising_kinds)]
    own = cells[(cells["part"] == "own") & cells["activity"].isin(taking["activity"])]
    extra = own.groupby(["activity", "family", "market", "period"], as_index=False)[QUANTITIES].sum()
    rate = answers_for(extra.assign(group="", product=""), response)["cross"].clip(0.0, 1.0)
    known = baseline[[*KEYS, "baseline_qty"]].merge(series, on=SERIES, how="inner", validate="many_to_one")
    joined = extra.assign(rate=rate).merge(
        known, on=["family", "market", "period"], how="inner", validate="many_to_many"
    )
    scope = pd.MultiIndex.from_frame(matching_series(taking, "activity", series)[["activity", *SERIES]])
    inside = pd.MultiIndex.from_frame(joined[["activity", *SERIES]]).isin(scope)
    joined = joined[~inside & (joined["baseline_qty"] > 0) & (joined["rate"] > 0)]
    volume = joined.groupby(["activity", "family", "market", "period"])["baseline_qty"].transform("sum")
    share = joined["rate"] * joined["baseline_qty"] / volume
    most = MOST_LOST * joined["baseline_qty"]
    lost = {name: -(joined[name] * share).clip(-most, most) for name in QUANTITIES}
    bounds = {"full_lower_qty": lost["full_upper_qty"], "full_upper_qty": lost["full_lower_qty"]}
    return joined.assign(**lost).assign(**bounds)
