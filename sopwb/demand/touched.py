"""Which cells of history activities touch: their own spans, those after them, and sisters beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sopwb.config.demand import DemandSettings
from sopwb.demand.activities import activity_cells, full_effect, inclusion_rate
from sopwb.demand.measurement import SHARED_BY
from sopwb.demand.panel import SERIES, Array, bucket_frame
from sopwb.demand.response import Touched, answer_group

__all__ = ["past_activities", "past_cells", "touched_cells"]

LEAST_USUAL_QTY = 1e-6
NO_DIP_YET = 1e-9


def past_activities(activity: pd.DataFrame, as_of: pd.Timestamp, settings: DemandSettings) -> pd.DataFrame:
    """Activities that took place and passed, with ``is_lasting`` for the long ones.

    A change longer than the limit that still runs after as-of belongs to the baseline and is left out.
    """
    length = (activity["end_date"] - activity["start_date"]).dt.days + 1
    lasting = length > settings.cleaning.longest_activity_days
    running = lasting & (activity["end_date"] > as_of)
    took_place = (inclusion_rate(activity, settings) > 0) & (activity["start_date"] <= as_of)
    dips = activity["kind"].isin(settings.activities.dip_kinds) & ~lasting
    looked_for = activity["after_effect_rate"].mask(dips & (activity["after_effect_rate"] == 0), NO_DIP_YET)
    chosen = activity.assign(is_lasting=lasting, after_effect_rate=looked_for)[took_place & ~running]
    return chosen.reset_index(drop=True)


def past_cells(
    activity: pd.DataFrame, series: pd.DataFrame, dates: pd.DatetimeIndex, bucket: str
) -> pd.DataFrame:
    """Cells of past activities with their place in the arrays, and facts of the activity."""
    cells = activity_cells(activity, series, bucket_frame(dates, bucket))
    row = pd.MultiIndex.from_frame(series[SERIES]).get_indexer(pd.MultiIndex.from_frame(cells[SERIES]))
    facts = activity[["activity", "is_lasting", "after_effect_rate"]]
    cells = cells.merge(facts, on="activity", how="left", validate="many_to_one")
    return cells.assign(
        row=row,
        column=dates.get_indexer(pd.DatetimeIndex(cells["date"])),
        way=cells["effect_type"],
        group=answer_group(cells["kind"], cells["effect_type"]),
    )


def touched_cells(
    cells: pd.DataFrame,
    series: pd.DataFrame,
    usual: Array,
    regular: Any,
    shocks: Mapping[str, Array],
    kinds: Mapping[str, Any],
    settings: DemandSettings,
) -> Touched:
    """Cells with all that the response needs to know.

    Parameters
    ----------
    cells
        Result of :func:`past_cells`.
    usual
        Usual level, series by time.
    regular
        Series that sell regularly; the others are no sisters.
    shocks
        Variance of what a series shares in a bucket with its family, market and range; series by time.
    """
    season = _season_of_family(usual, series["family"], regular)
    row, column = cells["row"].to_numpy(dtype=int), cells["column"].to_numpy(dtype=int)
    quantity = np.nan_to_num(usual)[row, column]
    facts = cells.assign(
        baseline_qty=quantity,
        usual_qty=quantity,
        season=season[row, column],
        age=2 * column / max(usual.shape[1] - 1, 1) - 1,
        **{f"{scope}_shock": shocks[scope][row, column] for scope in SHARED_BY},
    )
    facts = facts[facts["usual_qty"] > LEAST_USUAL_QTY].reset_index(drop=True)
    # what the span itself would bring, also on the cells after it
    declared = full_effect(facts.assign(part_rate=1.0), kinds, settings)
    on_full_days = declared / (facts["usual_qty"] * facts["overlap_rate"])
    facts = facts.assign(declared_factor=1 + on_full_days, declared_qty=declared)
    own = facts[facts["part"] == "own"].reset_index(drop=True)
    after = facts[facts["part"] == "after"].reset_index(drop=True)
    cross = _sisters(own, series, usual, regular, settings)
    names = ["activity", "family", "market", "column"]
    taken = cross.groupby(names, sort=False).ngroup()
    number = cross[names].assign(taken=taken).drop_duplicates(names)
    found = own[names].merge(number, on=names, how="left", validate="many_to_one")["taken"]
    return Touched(own.assign(taken=found.fillna(-1).astype(int)), after, cross.assign(taken=taken))


def _season_of_family(usual: Array, families: pd.Series[str], regular: Any) -> Array:
    """How high the season stands in each bucket, read from the whole family.

    The level of a single series would not do: its errors are those of the measured effects with the
    sign turned round, and would look like effects that shrink in high season.
    """
    season = np.ones(usual.shape)
    for family in families.unique():
        rows = (families == family).to_numpy()
        total = np.nan_to_num(usual[rows & regular]).sum(axis=0)
        mean = total[total > 0].mean() if (total > 0).any() else 0.0
        season[rows] = np.where(total > 0, total / mean, 1.0) if mean > 0 else 1.0
    return season


def _sisters(
    own: pd.DataFrame, series: pd.DataFrame, usual: Array, regular: Any, settings: DemandSettings
) -> pd.DataFrame:
    """Series of the same family and market that an activity does not touch, in its buckets."""
    chosen = own[own["kind"].isin(settings.activities.cannibalising_kinds) & ~own["is_lasting"]]
    spans = chosen[["activity", "family", "market", "column"]].drop_duplicates()
    known = series[["product", "family", "market"]].assign(row=np.arange(len(series)))[regular]
    pairs = spans.merge(known, on=["family", "market"], how="inner", validate="many_to_many")
    scope = pd.MultiIndex.from_frame(chosen[["activity", "row"]].drop_duplicates())
    pairs = pairs[~pd.MultiIndex.from_frame(pairs[["activity", "row"]]).isin(scope)]
    quantity = np.nan_to_num(usual)[pairs["row"].to_numpy(dtype=int), pairs["column"].to_numpy(dtype=int)]
    pairs = pairs.assign(usual_qty=quantity)
    pairs = pairs[pairs["usual_qty"] > LEAST_USUAL_QTY]
    volume = pairs.groupby(["activity", "family", "market", "column"])["usual_qty"].transform("sum")
    return pairs.assign(volume_qty=volume).reset_index(drop=True)
