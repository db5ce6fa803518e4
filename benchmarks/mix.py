"""Volume and mix: prices of hours and components find the volume of each family, and its plan is the mix.

1. *Volume.* Products answer prices with plans, of which a mix keeps within hours and components at least
   cost. What its products make with which hours in each bucket is the volume of a family.
2. *Mix.* Where a component cannot be there in time for the volume, the products that use it are planned
   once more within their hours and with their part of what there is; then components once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from benchmarks.prices import Rounds, Volume, price_rounds
from benchmarks.products import Account, Desks
from benchmarks.whole import Whole
from sopwb.supply.buckets import Floats, Ints

__all__ = ["Mix", "accounts_of", "family_volumes", "mix_of"]

LEAST = 1e-10
"""Scaled units of a component from which it is missing."""
SMALL = 1e-9
MOST_CUTS = 2
"""How often products are planned again with their part of what there is."""
MARGIN = 1e-5
"""How much less than there is is told to products, so that what is planned with it can be had."""


@dataclass(frozen=True)
class Mix:
    """A plan of every column, the best bound met on the way, and what there was of each step."""

    values: Floats
    bound: float
    told: dict[str, Any]


def family_volumes(whole: Whole, values: Floats) -> Floats:
    """Hours of each resource and bucket that each family works with: rows by families."""
    hours = np.flatnonzero((whole.rule == "capacity") & ~whole.is_component)
    sold = np.flatnonzero(whole.product >= 0)
    family, names = pd.factorize(whole.family[sold], sort=True)
    of_family = sp.csr_array((values[sold], (np.arange(len(sold)), family)), shape=(len(sold), len(names)))
    used = sp.csr_array(sp.csc_array(whole.matrix[hours])[:, sold]) @ of_family
    return np.asarray(used.todense()) / whole.elastic.row_scale[hours][:, None]


def accounts_of(whole: Whole, columns: list[Ints], plan: Floats, missing: Floats) -> dict[int, Account]:
    """What each product that uses something missing may have: its own hours, its part of what there is."""
    use = whole.matrix @ np.where(whole.product >= 0, plan, 0.0)
    there = np.where(use > 0, 1.0 - missing / np.where(use > 0, use, 1.0), 1.0).clip(0.0, 1.0)
    short, by_column = missing > LEAST, sp.csc_array(whole.matrix)
    balance = whole.is_component & (whole.rule == "stock_balance")
    hours = (whole.rule == "capacity") & ~whole.is_component
    accounts = {}
    for number, own in enumerate(columns):
        part = by_column[:, own]
        rows, place = np.unique(part.indices, return_inverse=True)
        used = np.bincount(place, part.data * np.repeat(plan[own], np.diff(part.indptr)), len(rows))
        if (used[short[rows]] > SMALL).any():
            known, mine = rows[hours[rows]], rows[balance[rows]]
            order = np.lexsort((whole.row_bucket[mine], whole.node[mine]))
            mine = mine[order]
            comes = used[balance[rows]][order] * there[mine] * (1 - MARGIN)
            most = np.maximum(used[hours[rows]], 0.0)
            accounts[number] = Account(known, most, mine, np.maximum(comes, 0.0))
    return accounts


def _rationed(whole: Whole, desks: Desks, volume: Volume) -> tuple[Floats, Floats, int]:
    """Plans of products with what there is, components for them, and how many were planned again."""
    plan, supplied, numbers = volume.plan, volume.supplied, set[int]()
    for _ in range(MOST_CUTS):
        changed = plan.copy()
        accounts = accounts_of(whole, desks.columns, plan, supplied.missing)
        numbers |= accounts.keys()
        for number, found in desks.within(volume.price, accounts).items():
            changed[desks.columns[number]] = found
        use, less = (whole.matrix @ values for values in (plan, changed))
        again = volume.components.plan(less)
        if again.missing.max(initial=0.0) <= LEAST:
            return changed, again.plan, len(numbers)
        # what was made ready and is not used stays in stock, which is always possible
        idle = np.where(whole.is_component, use - supplied.missing - less, 0.0)
        left = whole.with_left_over(supplied.plan, idle)
        plan, supplied = changed, again
    return plan, left, len(numbers)


def mix_of(whole: Whole, rounds: Rounds, processes: int = 2) -> Mix:
    """The plan of volume and mix, and how it came about."""
    by_column, sold = sp.csc_array(whole.matrix), whole.product >= 0
    with Desks(whole, by_column, processes) as desks:
        begun = desks.cpu_s()
        volume = price_rounds(whole, desks, rounds)
        between = desks.cpu_s()
        plan, others = volume.plan, volume.supplied.plan
        of_volume, again = family_volumes(whole, plan), 0
        if volume.supplied.missing.max(initial=0.0) > LEAST:
            plan, others, again = _rationed(whole, desks, volume)
        of_mix, ended = family_volumes(whole, plan), desks.cpu_s()
    told = {
        "families": len(set(whole.family) - {""}), "processes": desks.processes, "rounds": volume.rounds,
        "stopped_by": volume.stopped_by, "master_rows": volume.rows, "products_planned_again": again,
        "volume_gap": float(np.abs(of_mix - of_volume).sum() / max(of_volume.sum(), SMALL)),
        "volume_cpu_s": round(between - begun, 3), "mix_cpu_s": round(ended - between, 3),
    }  # fmt: skip
    return Mix(whole.completed(whole.balanced(np.where(sold, plan, others))), volume.bound, told)
