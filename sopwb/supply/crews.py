"""Crews, shifts and rented machines: hours that a resource can have more or fewer of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.extend import Tables
from sopwb.supply.blocks import Block
from sopwb.supply.buckets import Floats
from sopwb.supply.limits import Rows
from sopwb.supply.network import Network

__all__ = ["Crews", "crew_blocks", "crews_of"]


@dataclass(frozen=True)
class Crews:
    """Crews by resource, and how many of each there may be.

    Parameters
    ----------
    opening
        How many there are before the horizon; one a crew.
    least, most
        Fewest and most there may be, by crew and bucket; the most is infinite without limit.
    """

    crew: pd.DataFrame
    opening: Floats
    least: Floats
    most: Floats
    rows: Rows

    @property
    def count(self) -> int:
        """Number of crews."""
        return len(self.crew)


def crews_of(tables: Tables, network: Network) -> Crews:
    """Crews of the resources there are."""
    table = tables["work_force"]
    known = table["resource"].isin(network.resources["resource"])
    crew = table[known].sort_values(["resource", "crew"]).reset_index(drop=True)
    buckets = network.buckets
    most = crew["maximum_count"].fillna(np.inf).to_numpy(float)
    return Crews(
        crew,
        crew["opening_count"].to_numpy(float),
        np.repeat(crew["minimum_count"].to_numpy(float), buckets.count),
        np.repeat(most, buckets.count),
        Rows.of(crew["resource"] + ": " + crew["crew"], np.zeros(1), buckets),
    )


def crew_blocks(crews: Crews, network: Network, open_days: Floats) -> dict[str, Block]:
    """Heads there are, and heads that come and go, of each crew and bucket.

    Parameters
    ----------
    open_days
        Days each resource runs; resources by buckets.
    """
    if crews.count == 0:
        return {}
    count = network.buckets.count
    row = pd.Index(network.resources["resource"]).get_indexer(crews.crew["resource"])
    days = open_days[row]
    place = (row[:, None] * count + np.arange(count)[None, :]).ravel()
    size = (len(network.resources) * count, crews.count * count)
    each = np.arange(size[1])

    def hours(column: str) -> sp.csr_array:
        daily = crews.crew[column].to_numpy(float)[:, None]
        return sp.csr_array(((daily * days).ravel(), (place, each)), shape=size)

    def cost(column: str) -> Floats:
        return np.repeat(crews.crew[column].to_numpy(float), count)

    keys = pd.DataFrame({"subject": crews.crew["resource"], "detail": crews.crew["crew"]})
    whole = bool(crews.crew["is_whole"].any())
    daily = crews.crew["cost_per_day"].to_numpy(float)[:, None]
    return {
        "heads": Block.of(
            keys, (daily * days).ravel(), size[0], regular=hours("hours_per_day"),
            overtime=hours("overtime_hours_per_day"), is_whole=whole,
        ),
        "hired": Block.of(keys, cost("hire_cost_per_unit"), size[0], is_whole=False),
        "laid_off": Block.of(keys, cost("layoff_cost_per_unit"), size[0], is_whole=False),
    }  # fmt: skip
