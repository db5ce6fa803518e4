"""Rules about investments: each is made once at most, and one of a group that excludes itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.extend import constraint
from sopwb.supply.data import PlanData
from sopwb.supply.investments import BLOCK
from sopwb.supply.limits import incidence
from sopwb.supply.variables import Variables

if TYPE_CHECKING:
    import cvxpy as cp

    Rules = Iterator[cp.Constraint]

__all__ = ["exclusive_investments", "investment_once"]


@constraint("investment_once", mode="law", always_met=True)
def investment_once(data: PlanData, v: Variables) -> Rules:
    """An investment is made at most once, in a month that allows it; people may ask for it or refuse it."""
    import cvxpy as cp

    if BLOCK not in v.decided:
        return
    found, made = data.investments, v.decided[BLOCK]
    closed = np.flatnonzero(~found.is_possible)
    if len(closed):
        yield made[closed] <= 0
    status = found.option["status"]
    times = cp.Constant(found.of_option) @ made
    at_most, at_least = (
        np.asarray(flags, dtype=np.float64) for flags in (status != "refuse", status == "build")
    )
    yield times <= at_most
    yield -times <= -at_least


def _groups(option: pd.DataFrame) -> sp.csr_array:
    """Adds up the investments of each group; groups by investments."""
    member = np.flatnonzero(option["exclusive_group"].notna())
    group, names = pd.factorize(option["exclusive_group"].iloc[member])
    pick = sp.csr_array(
        (np.ones(len(member)), (np.arange(len(member)), member)), shape=(len(member), len(option))
    )
    return sp.csr_array(incidence(group.astype(np.int64), len(names)) @ pick)


@constraint("exclusive_investments", mode="hard", always_met=True)
def exclusive_investments(data: PlanData, v: Variables) -> Rules:
    """Of investments that exclude each other one is made at most."""
    import cvxpy as cp

    if BLOCK not in v.decided:
        return
    groups = _groups(data.investments.option)
    if groups.shape[0]:
        yield cp.Constant(sp.csr_array(groups @ data.investments.of_option)) @ v.decided[BLOCK] <= 1
