"""Activities as people declare them: which cells they touch and what they are said to add."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from sopwb.config.demand import DemandSettings
from sopwb.demand.scope import matching_series
from sopwb.extend import activity_kind

__all__ = [
    "activity_cells",
    "declared_elasticity",
    "full_effect",
    "inclusion_rate",
    "percent_effect",
    "price_effect",
    "quantity_effect",
    "still_to_come",
]

Effect = Callable[[pd.DataFrame, DemandSettings], "pd.Series[Any]"]


def declared_elasticity(family: pd.Series[str], settings: DemandSettings) -> pd.Series[Any]:
    """Price elasticity that is set for each family, else for the model."""
    own = family.map(dict(settings.price_elasticity_by_family)).astype(float)
    declared: pd.Series[Any] = own.fillna(settings.price_elasticity)
    return declared


@activity_kind("percent")
def percent_effect(cells: pd.DataFrame, _settings: DemandSettings) -> pd.Series[Any]:
    """Extra quantity of an uplift that is declared as a share of the baseline.

    extra = baseline x effect x share of the bucket's days on which the activity runs.
    """
    return cells["baseline_qty"] * cells["effect"] * cells["overlap_rate"]


@activity_kind("price")
def price_effect(cells: pd.DataFrame, settings: DemandSettings) -> pd.Series[Any]:
    """Extra quantity of a price change that works through a constant elasticity.

    extra = baseline x ((1 + effect) ** elasticity - 1) x share of days; effect is the relative
    price change, elasticity that of the family, else the model's.
    """
    power = declared_elasticity(cells["family"], settings)
    change = (1 + cells["effect"]).clip(lower=0.05) ** power - 1
    return cells["baseline_qty"] * change * cells["overlap_rate"]


@activity_kind("quantity")
def quantity_effect(cells: pd.DataFrame, _settings: DemandSettings) -> pd.Series[Any]:
    """Extra quantity of an activity that is declared as a quantity in all.

    The quantity is split over its days and series in proportion to the baseline, or to days
    where there is no baseline; the part outside the buckets given is left out.
    """
    weight = cells["baseline_qty"] * cells["overlap_rate"]
    span = [cells["activity"], cells["part"]]
    total = weight.groupby(span).transform("sum")
    days = cells["overlap_days"].astype(float)
    share = (weight / total.where(total > 0)).fillna(days / days.groupby(span).transform("sum"))
    return cells["effect"] * cells["inside_rate"] * share


def _spans(activity: pd.DataFrame) -> pd.DataFrame:
    """Each activity's own span and, where something is missing after it, the equally long span after."""
    length = (activity["end_date"] - activity["start_date"]).dt.days + 1
    own = activity.assign(part="own", part_rate=1.0, begin=activity["start_date"], last=activity["end_date"])
    after = activity.assign(
        part="after",
        part_rate=-activity["after_effect_rate"],
        begin=activity["end_date"] + pd.Timedelta(days=1),
        last=activity["end_date"] + pd.to_timedelta(length, unit="D"),
    )
    return pd.concat([own, after[after["after_effect_rate"] > 0]], ignore_index=True)


def activity_cells(activity: pd.DataFrame, series: pd.DataFrame, buckets: pd.DataFrame) -> pd.DataFrame:
    """Every activity, series and bucket that touch, with the share of days they touch.

    Parameters
    ----------
    activity
        Table ``activity``.
    series
        Series with product, market and family.
    buckets
        One row per bucket with ``begin_date`` and ``end_date``.

    Returns
    -------
    pandas.DataFrame
        One row per activity, part (``own`` or ``after``), product, market and ``date``
        (``begin_date`` of the bucket), with overlap_days, overlap_rate (of the bucket's days),
        inside_rate (share of the part's days inside all buckets), part_rate and the activity's effect.
    """
    wanted = ["activity", "kind", "effect_type", "effect", "part", "part_rate", "begin", "last"]
    spans = _spans(activity)[wanted].merge(buckets[["begin_date", "end_date"]], how="cross")
    first = spans[["begin", "begin_date"]].max(axis=1)
    final = spans[["last", "end_date"]].min(axis=1)
    spans["overlap_days"] = (final - first).dt.days + 1
    spans = spans[spans["overlap_days"] > 0]
    bucket_days = (spans["end_date"] - spans["begin_date"]).dt.days + 1
    inside = spans.groupby(["activity", "part"])["overlap_days"].transform("sum")
    spans = spans.assign(
        overlap_rate=spans["overlap_days"] / bucket_days,
        inside_rate=inside / ((spans["last"] - spans["begin"]).dt.days + 1),
        date=spans["begin_date"],
    ).drop(columns=["begin", "last", "begin_date", "end_date"])
    pairs = matching_series(activity, "activity", series)
    return spans.merge(pairs, on="activity", how="inner", validate="many_to_many")


def full_effect(cells: pd.DataFrame, kinds: Mapping[str, Effect], settings: DemandSettings) -> pd.Series[Any]:
    """Quantity each activity adds in each cell if it takes place.

    A kind has its own function where one is marked with its name, else that of its effect type.

    Parameters
    ----------
    cells
        Cells of :func:`activity_cells` with ``baseline_qty``.
    kinds
        Marked functions by name: percent, quantity, price, and what a customer adds.
    """
    way = cells["kind"].where(cells["kind"].isin(list(kinds)), cells["effect_type"])
    result = pd.Series(0.0, index=cells.index)
    for name in sorted(way.unique()):
        chosen = cells[way == name]
        result.loc[chosen.index] = kinds[name](chosen, settings)
    return result * cells["part_rate"]


def inclusion_rate(activity: pd.DataFrame, settings: DemandSettings) -> pd.Series[Any]:
    """Share of each activity that enters the plan.

    Expected: its probability; for a kind that happens once, all of it from the threshold on and
    else nothing, since half a tender never happens. Full: all of it. Out: nothing.
    """
    one_off = activity["kind"].isin(settings.one_off_kinds)
    certain = (activity["probability"] >= settings.one_off_threshold_rate).astype(float)
    expected = activity["probability"].where(~one_off, certain)
    return expected.mask(activity["inclusion"] == "full", 1.0).mask(activity["inclusion"] == "out", 0.0)


def still_to_come(activity: pd.DataFrame, as_of: pd.Timestamp, longest_days: int) -> pd.DataFrame:
    """Activities whose effect lies ahead; a lasting change that has begun is in the baseline already."""
    length = (activity["end_date"] - activity["start_date"]).dt.days + 1
    after_days = pd.to_timedelta(length.where(activity["after_effect_rate"] > 0, 0), unit="D")
    lasting = (length > longest_days) & (activity["start_date"] <= as_of)
    return activity[(activity["end_date"] + after_days > as_of) & ~lasting].reset_index(drop=True)
