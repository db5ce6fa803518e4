"""The time fence: what the plan of the last cycle says about near buckets, and how firmly it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sopwb.config.supply import SupplySettings
from sopwb.supply.buckets import Buckets, Floats, Ints, day_numbers, overlap_days
from sopwb.supply.limits import Fixed, Rows
from sopwb.supply.network import positions

__all__ = ["Fence", "fence_of", "last_plan"]

KEY = ["product", "location", "source"]


@dataclass(frozen=True)
class Fence:
    """Decisions near enough to be held to the plan of the last cycle.

    Parameters
    ----------
    frozen, slushy
        By option: decisions that stay as they were planned, and those that should.
    price
        By option: charge for one unit by which a slushy decision changes.
    """

    frozen: Mapping[str, Fixed]
    slushy: Mapping[str, Fixed]
    price: Mapping[str, Floats]

    def rows(self, zone: str, keys: Mapping[str, pd.DataFrame], buckets: Buckets) -> Rows:
        """Names of the rows of a zone, ``frozen`` or ``slushy``: no more, and no less, than was planned."""
        fixed: Mapping[str, Fixed] = getattr(self, zone)
        named = Fixed.rows(fixed, keys, buckets)
        if zone == "frozen" or not fixed:
            return named
        twice = [np.concatenate([self.price[name]] * 2) for name in fixed]
        return replace(named, price=np.concatenate(twice))


def last_plan(
    past_supply_plan: pd.DataFrame, option: str, keys: pd.DataFrame, buckets: Buckets
) -> tuple[Floats, Ints]:
    """What the last cycle planned of each decision in each bucket, and the buckets it speaks of.

    A bucket of then that reaches over several of now is shared out by days. A bucket is spoken of
    where all its days are in buckets of then.

    Returns
    -------
    tuple
        Quantities, decisions by buckets; positions of buckets.
    """
    planned = np.zeros((len(keys), buckets.count))
    last = past_supply_plan[past_supply_plan["cycle"] == past_supply_plan["cycle"].max()]
    starts = np.unique(day_numbers(last["period"]))
    if len(starts) <= 1:
        return planned, np.zeros(0, dtype=np.int64)
    ends = np.append(starts[1:], 2 * starts[-1] - starts[-2])
    shared = overlap_days(buckets, starts, ends)
    rows = last[last["option"] == option]
    thing = positions(keys[KEY], rows[KEY])
    then = np.searchsorted(starts, day_numbers(rows["period"]))
    share = shared / (ends - starts)[:, None]
    part = share[then] * rows["planned_qty"].to_numpy(float)[:, None]
    np.add.at(planned, thing[thing >= 0], part[thing >= 0])
    return planned, np.flatnonzero(shared.sum(axis=0) >= buckets.days)


def fence_of(
    past_supply_plan: pd.DataFrame,
    keys: Mapping[str, pd.DataFrame],
    cost: pd.Series[float],
    standing: Mapping[str, Fixed],
    buckets: Buckets,
    settings: SupplySettings,
) -> Fence:
    """Frozen and slushy decisions of the options that have a fence.

    Parameters
    ----------
    keys
        ``product``, ``location`` and ``source`` of the decisions of each option.
    cost
        Standard cost of one unit by product.
    standing
        Decisions that stand anyway; the fence leaves them alone.
    """
    frozen: dict[str, Fixed] = {}
    slushy: dict[str, Fixed] = {}
    price: dict[str, Floats] = {}
    from_start = buckets.starts - buckets.starts[0]
    thaws = from_start >= settings.frozen_days
    zones = {
        "frozen": ~thaws,
        "slushy": thaws & (from_start < settings.frozen_days + settings.slushy_days),
    }
    if past_supply_plan.empty or not (zones["frozen"].any() or zones["slushy"].any()):
        return Fence(frozen, slushy, price)
    for name in (option for option in settings.fence_options if option in keys):
        planned, known = last_plan(past_supply_plan, name, keys[name], buckets)
        free = np.ones(planned.size, dtype=bool)
        if name in standing:
            free[standing[name].place] = False
        for zone, found in (("frozen", frozen), ("slushy", slushy)):
            inside = np.zeros(buckets.count, dtype=bool)
            inside[known] = zones[zone][known]
            place = np.flatnonzero(np.tile(inside, len(planned)) & free)
            if len(place):
                found[name] = Fixed(place, planned.ravel()[place])
        if name in slushy:
            each = keys[name]["product"].map(cost).fillna(0.0).to_numpy(float)
            of_change = settings.change_price_rate * each[slushy[name].place // buckets.count]
            price[name] = np.asarray(of_change, dtype=np.float64)
    return Fence(frozen, slushy, price)
