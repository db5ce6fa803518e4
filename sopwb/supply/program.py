"""From rules to one linear programme: which rows there are, what breaking them costs, how it is scaled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.config.base import RuleSettings
from sopwb.errors import Fault, InputError
from sopwb.extend import Parts, mark_of
from sopwb.supply.buckets import Floats, Ints
from sopwb.supply.data import PlanData
from sopwb.supply.limits import Rows
from sopwb.supply.variables import Variables, units_of, whole_buckets

__all__ = ["HUNDREDTH", "Program", "RuleRows", "program_of", "rule_mode", "sizes_of"]

HUNDREDTH = 0.01
"""Share of a limit by whose worth limits of different units are ranked."""

Flags = np.ndarray


@dataclass(frozen=True)
class RuleRows:
    """The rows of one rule in the programme.

    Parameters
    ----------
    first, last
        Its rows, the last one excluded.
    price
        Charge for one unit by which a row is broken.
    is_soft, is_elastic
        Rows that may be broken at their price, and rows that are broken only where there is no
        plan without it. All others hold always.
    """

    name: str
    unit: str
    first: int
    last: int
    price: Floats
    is_soft: Flags
    is_elastic: Flags
    rows: Rows | None


@dataclass(frozen=True)
class Program:
    """Rows ``matrix @ x = most`` where ``is_equal``, else ``matrix @ x <= most``, with ``x >= 0``.

    Parameters
    ----------
    blocks
        Columns of each block of variables.
    unit
        Typical size of each column.
    whole_bucket
        Bucket of each column that must be whole; -1 for all others.
    """

    matrix: sp.csr_array
    most: Floats
    is_equal: Flags
    blocks: Mapping[str, slice]
    unit: Floats
    rules: tuple[RuleRows, ...]
    whole_bucket: Ints

    def spread(self, charge: Mapping[str, Floats]) -> Floats:
        """Charges by block as one entry a column."""
        whole = np.zeros(self.matrix.shape[1])
        for name, values in charge.items():
            whole[self.blocks[name]] = values
        return whole


PRICED_BY_COST = ("safety_stock", "stock_maximum")
"""Rules whose prices are shares of the cost of products, which may be nothing."""


def sizes_of(rule: RuleRows, program: Program) -> Floats:
    """Largest limit, in any bucket, of the subject of each row of a rule."""
    limits = pd.Series(np.abs(program.most[rule.first : rule.last]))
    if rule.rows is None:
        return limits.to_numpy(float)
    return limits.groupby(rule.rows.subject, sort=False).transform("max").to_numpy(float)


def rule_mode(name: str, options: Mapping[str, object], settings: Mapping[str, RuleSettings]) -> str:
    """Mode of a rule: that of the settings, else its own."""
    own = str(options.get("mode", "hard"))
    setting = settings.get(name)
    if setting is None or own == "law" or setting.mode is None:
        return own
    return setting.mode


def _prices(
    name: str, size: int, options: Mapping[str, object], setting: RuleSettings | None, data: PlanData
) -> Floats:
    rows = data.rows.get(name)
    if setting is not None and setting.price is not None:
        per_day = options.get("per_day") and rows is not None
        days = data.buckets.days[rows.bucket] if per_day and rows is not None else np.ones(size)
        return np.full(size, setting.price) * days
    return rows.price if rows is not None and len(rows.price) == size else np.zeros(size)


def _check_priced(name: str, mode: str, prices: Floats, setting: RuleSettings | None) -> None:
    """A soft rule has a price, unless it is soft by itself and what it is priced by costs nothing."""
    is_asked = name not in PRICED_BY_COST or (setting is not None and setting.mode == "soft")
    if mode == "soft" and is_asked and len(prices) and not (prices > 0).any():
        remedy = f"Set parts.constraints.{name}.price, in money for one unit."
        raise InputError([Fault(f"parts.constraints.{name}", "a soft rule has no price", (), remedy)])


def _canonical(constraints: list, variables: Variables) -> tuple[sp.csr_array, Floats, int, dict[str, slice]]:  # type: ignore[type-arg]
    """Matrix and right-hand side as cvxpy hands them to HiGHS: equalities first, both in their order."""
    import cvxpy as cp

    blocks = variables.blocks()
    everything = sum(cp.sum(block) for block in blocks.values() if block.size)
    problem = cp.Problem(cp.Minimize(everything), constraints)
    found, _, _ = problem.get_problem_data(cp.HIGHS)
    start = found["param_prob"].var_id_to_col
    places = {
        name: slice(start[block.id], start[block.id] + block.size) if block.size else slice(0, 0)
        for name, block in blocks.items()
    }
    return sp.csr_array(found["A"]), np.asarray(found["b"], float), int(found["dims"].zero), places


def _placed(yielded: list[tuple[str, list]]) -> list[tuple[str, int, int]]:  # type: ignore[type-arg]
    """Rows of each rule, given that equalities come first."""
    import cvxpy as cp

    placed: list[tuple[str, int, int]] = []
    at = 0
    for wanted in (True, False):
        for name, constraints in yielded:
            size = sum(c.size for c in constraints if isinstance(c, cp.constraints.Equality) is wanted)
            if size:
                placed.append((name, at, at + size))
            at += size
    return placed


def program_of(
    data: PlanData, variables: Variables, parts: Parts, settings: Mapping[str, RuleSettings]
) -> Program:
    """The programme of every rule that is not switched off.

    Raises
    ------
    InputError
        When a soft rule has no price.
    """
    marks = {name: mark_of(rule) for name, rule in parts.constraints.items()}
    options = {name: mark.options if mark else {} for name, mark in marks.items()}
    modes = {name: rule_mode(name, options[name], settings) for name in parts.constraints}
    yielded = [
        (name, list(rule(data, variables)))
        for name, rule in parts.constraints.items()
        if modes[name] != "off"
    ]
    matrix, most, equal, blocks = _canonical([c for _, some in yielded for c in some], variables)
    rules = []
    for name, first, last in _placed(yielded):
        size, rows = last - first, data.rows.get(name)
        prices = _prices(name, size, options[name], settings.get(name), data)
        _check_priced(name, modes[name], prices, settings.get(name))
        hard = rows.is_hard if rows is not None and len(rows.is_hard) == size else np.zeros(size, dtype=bool)
        soft = np.full(size, modes[name] == "soft") & ~hard
        elastic = (
            np.full(size, modes[name] in {"soft", "hard"} and not options[name].get("always_met")) & ~soft
        )
        of_limit = str(options[name].get("unit", "unit"))
        known = rows if rows is not None and len(rows.bucket) == size else None
        rules.append(RuleRows(name, of_limit, first, last, prices, soft, elastic, known))
    unit = np.ones(matrix.shape[1])
    for name, sizes in units_of(data).items():
        unit[blocks[name]] = sizes
    whole = np.full(matrix.shape[1], -1, dtype=np.int64)
    for name, bucket in whole_buckets(data).items():
        whole[blocks[name]] = bucket
    return Program(matrix, most, np.arange(len(most)) < equal, blocks, unit, tuple(rules), whole)
