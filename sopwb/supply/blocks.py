"""Decisions that are no quantity of a product: set-ups, orders, heads; each with its charge and its hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.supply.buckets import Floats

__all__ = ["Block", "decision_hours", "supply_decision"]

NOISE = 1e-9


@dataclass(frozen=True)
class Block:
    """Decisions of one kind, one per thing and bucket, buckets fastest; never negative.

    Parameters
    ----------
    keys
        ``subject`` and ``detail`` of each thing, as in ``supply_decision``.
    charge
        Cost of one of each decision, in money.
    hours
        Hours that one takes of each resource and bucket.
    regular, overtime
        Regular and overtime hours that one adds to each resource and bucket.
    is_whole
        Whether only whole ones can be had.
    is_told
        Whether the decisions are rows of ``supply_decision``.
    """

    keys: pd.DataFrame
    charge: Floats
    hours: sp.csr_array
    regular: sp.csr_array
    overtime: sp.csr_array
    is_whole: bool = True
    is_told: bool = True

    @staticmethod
    def of(
        keys: pd.DataFrame,
        charge: Floats,
        resource_rows: int,
        *,
        hours: sp.csr_array | None = None,
        regular: sp.csr_array | None = None,
        overtime: sp.csr_array | None = None,
        is_whole: bool = True,
        is_told: bool = True,
    ) -> Block:
        """A block; hours that are not told are none."""
        none = sp.csr_array((resource_rows, len(charge)))
        return Block(
            keys.reset_index(drop=True), charge, none if hours is None else hours,
            none if regular is None else regular, none if overtime is None else overtime, is_whole, is_told,
        )  # fmt: skip

    @property
    def size(self) -> int:
        """Number of decisions."""
        return len(self.charge)


def decision_hours(blocks: Mapping[str, Block], values: Mapping[str, Floats], what: str) -> Floats | float:
    """Hours of each resource and bucket that decisions take (``hours``) or add (``regular``, ``overtime``).

    Zero where no decision takes or adds any.
    """
    total: Floats | float = 0.0
    for name, block in blocks.items():
        matrix = getattr(block, what)
        if matrix.nnz:
            total = total + matrix @ values[name]
    return total


def supply_decision(
    blocks: Mapping[str, Block], values: Mapping[str, Floats], period: np.ndarray
) -> pd.DataFrame:
    """Every decision that is taken, with its hours and its cost; a block by name, a row by bucket."""
    frames = []
    for name, block in blocks.items():
        if not block.is_told:
            continue
        taken = np.flatnonzero(values[name] > NOISE)
        thing, bucket = np.divmod(taken, len(period))
        hours = np.asarray(block.hours.sum(axis=0)).ravel()[taken]
        frames.append(
            block.keys.iloc[thing].assign(
                decision=name,
                period=period[bucket],
                decided_count=values[name][taken],
                decided_hours=values[name][taken] * hours,
                cost_value=values[name][taken] * block.charge[taken],
            )
        )
    columns = ["decision", "subject", "detail", "period", "decided_count", "decided_hours", "cost_value"]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)
