"""Set-ups that are planned one by one: what a resource must be set up for, and what changing it costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.extend import Tables
from sopwb.supply.blocks import Block
from sopwb.supply.buckets import Buckets, Floats, Ints
from sopwb.supply.network import Network, positions

__all__ = ["Setups", "setup_blocks", "setups_of"]

RECIPE = ["product", "location", "recipe"]
SETUP = ["resource", "setup"]


@dataclass(frozen=True)
class Setups:
    """Set-up groups by resource, and the recipes that need them.

    Parameters
    ----------
    groups
        ``resource``, ``setup``, ``setup_hours`` and ``setup_cost`` of each group, sorted by key.
    recipe, group
        Recipe and the group it needs, one of each per pair.
    lines
        Groups of each resource that holds one set-up at a time; such resources by groups.
    changes
        ``resource``, groups before and after, hours and cost of each change; to stay as it is included.
    """

    groups: pd.DataFrame
    recipe: Ints
    group: Ints
    lines: sp.csr_array
    changes: pd.DataFrame

    @property
    def count(self) -> int:
        """Number of groups."""
        return len(self.groups)


def _operations(tables: Tables, network: Network) -> pd.DataFrame:
    """Operations whose set-up is planned by itself, with their group and the recipe's row."""
    resource = tables["resource"].set_index("resource")["setup_rule"]
    routing = tables["routing"]
    planned = routing[routing["resource"].map(resource).isin(["each", "sequence"])]
    return planned.assign(
        setup=planned["setup_group"].fillna(planned["product"]),
        rule=planned["resource"].map(resource),
        recipe_row=positions(network.recipes[RECIPE], planned[RECIPE]),
    )


def _changes(groups: pd.DataFrame, changeover: pd.DataFrame) -> pd.DataFrame:
    """Every pair of groups of a resource that holds one set-up at a time; free where no row says a cost."""
    lines = groups[groups["rule"] == "sequence"][["resource", "setup", "group"]]
    pairs = lines.merge(lines, on="resource", suffixes=("_before", "_after"), validate="many_to_many")
    told = changeover.rename(columns={"from_setup": "setup_before", "to_setup": "setup_after"})
    key = ["resource", "setup_before", "setup_after"]
    return pairs.merge(told, on=key, how="left", validate="one_to_one").fillna(
        {"changeover_hours": 0.0, "changeover_cost_value": 0.0}
    )


def _no_setups() -> Setups:
    none = np.zeros(0, dtype=np.int64)
    groups = pd.DataFrame(columns=[*SETUP, "setup_hours", "setup_cost", "rule", "group"])
    changes = pd.DataFrame(columns=["resource", "group_before", "group_after"])
    return Setups(groups, none, none, sp.csr_array((0, 0)), changes)


def setups_of(tables: Tables, network: Network) -> Setups:
    """Set-up groups of every resource whose set-ups are not spread over a usual lot."""
    steps = _operations(tables, network)
    if steps.empty:
        return _no_setups()
    grouped = steps.groupby(SETUP, as_index=False, sort=True)
    groups = grouped.agg(
        setup_hours=("setup_hours_per_lot", "max"),
        setup_cost=("setup_cost_per_lot", "max"),
        rule=("rule", "first"),
    )
    alone = groups["rule"].eq("each")
    groups = groups.assign(
        group=np.arange(len(groups)),
        # where one set-up follows another, only the changeover takes time and money
        setup_hours=groups["setup_hours"] * alone,
        setup_cost=groups["setup_cost"] * alone,
    )
    pairs = pd.DataFrame(
        {"recipe": steps["recipe_row"], "group": positions(groups[SETUP], steps[SETUP])}
    ).drop_duplicates()
    single = groups[groups["rule"] == "sequence"]
    line, _ = pd.factorize(single["resource"], sort=True)
    shape = (int(line.max(initial=-1)) + 1, len(groups))
    return Setups(
        groups=groups,
        recipe=pairs["recipe"].to_numpy(np.int64),
        group=pairs["group"].to_numpy(np.int64),
        lines=sp.csr_array((np.ones(len(single)), (line, single["group"].to_numpy(np.int64))), shape=shape),
        changes=_changes(groups, tables["changeover"]),
    )


def _hours(resource: pd.Series, hours: Floats, network: Network) -> sp.csr_array:
    """Hours of each resource for one of each thing, in the same bucket."""
    row = pd.Index(network.resources["resource"]).get_indexer(resource)
    shape = (len(network.resources), len(hours))
    matrix = sp.csr_array((hours, (row, np.arange(len(hours)))), shape=shape)
    return sp.csr_array(sp.kron(matrix, sp.eye_array(network.buckets.count), format="csr"))


def setup_blocks(setups: Setups, network: Network, hour_cost: Floats) -> dict[str, Block]:
    """Whether a resource is set up for a group in a bucket, and its changeovers.

    A changeover takes place in the bucket of the set-up it leads to. Their hours are paid as all
    hours are.

    Parameters
    ----------
    hour_cost
        Variable cost of an hour of each resource.
    """
    if setups.count == 0:
        return {}
    buckets: Buckets = network.buckets
    rows, groups, changes = len(network.resources) * buckets.count, setups.groups, setups.changes
    rate = pd.Series(hour_cost, index=pd.Index(network.resources["resource"]))

    def charge(rows: pd.DataFrame, cost: str, hours: str) -> Floats:
        paid = rows[cost] + rows[hours] * rows["resource"].map(rate)
        return np.repeat(paid.to_numpy(float), buckets.count)

    blocks = {
        "setup": Block.of(
            pd.DataFrame({"subject": groups["resource"], "detail": groups["setup"]}),
            charge(groups, "setup_cost", "setup_hours"),
            rows,
            hours=_hours(groups["resource"], groups["setup_hours"].to_numpy(float), network),
        )
    }
    if len(changes):
        told = changes["setup_before"] + " to " + changes["setup_after"]
        blocks["changeover"] = Block.of(
            pd.DataFrame({"subject": changes["resource"], "detail": told}),
            charge(changes, "changeover_cost_value", "changeover_hours"),
            rows,
            hours=_hours(changes["resource"], changes["changeover_hours"].to_numpy(float), network),
            is_whole=False,
        )
    return blocks
