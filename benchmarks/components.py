"""Components are planned for what is used of them: one programme, solved again at every new use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from benchmarks.products import DUAL, TOLERANCE, highs, solved
from benchmarks.whole import Whole
from sopwb.supply.buckets import Floats
from sopwb.supply.session import MONEY

__all__ = ["SHORT_TIMES_COST", "Components", "Supplied"]

SHORT_TIMES_COST = 30.0
"""Price of a component that is not there, as a multiple of its cost."""
LEAST = 1e-7


@dataclass(frozen=True)
class Supplied:
    """Components for a use of them.

    Parameters
    ----------
    plan
        Value of each column of the whole; 0 for those of products.
    missing, price
        Of each row: what is not there in time, and what one unit more costs.
    cost
        Their charges, and those of what is missing.
    """

    plan: Floats
    missing: Floats
    price: Floats
    cost: float


class Components:
    """All that comes before what is sold: purchases, makes, moves and stocks, and hours for them."""

    def __init__(self, whole: Whole) -> None:
        self.whole = whole
        planned = np.isin(whole.rule, ["stock_balance", "capacity", "storage"])
        self.rows = np.flatnonzero(whole.is_shared & planned)
        part = sp.csc_array(whole.matrix[self.rows])
        self.columns = np.flatnonzero((whole.product < 0) & (np.diff(part.indptr) > 0))
        self.balance = np.flatnonzero(whole.rule[self.rows] == "stock_balance")
        count, elastic = len(self.balance), whole.elastic
        short = sp.csc_array(
            (-np.ones(count), (self.balance, np.arange(count))), shape=(len(self.rows), count)
        )
        charge = SHORT_TIMES_COST * np.maximum(whole.cost_price[self.rows][self.balance], LEAST)
        none = np.zeros(count)
        self._solver: Any = highs(
            np.concatenate([whole.cost[self.columns], charge]), sp.hstack([part[:, self.columns], short]),
            (elastic.row_lower[self.rows], elastic.row_upper[self.rows]),
            (np.concatenate([elastic.lower[self.columns], none]),
             np.concatenate([elastic.upper[self.columns], none])),
        )  # fmt: skip
        self._solver.setOptionValue("presolve", "off")
        self._solver.setOptionValue("primal_feasibility_tolerance", TOLERANCE)
        self._solver.setOptionValue("simplex_strategy", DUAL)

    def plan(self, use: Floats, times: float = SHORT_TIMES_COST) -> Supplied:
        """The least cost at which they are there for a use of each row of the whole."""
        whole, solver, rows = self.whole, self._solver, self.rows
        elastic = whole.elastic
        least, most = (limit[rows] - use[rows] for limit in (elastic.row_lower, elastic.row_upper))
        solver.changeRowsBounds(len(rows), np.arange(len(rows), dtype=np.int32), least, most)
        # what products do not use themselves cannot be short to them
        short = np.arange(len(self.columns), solver.getNumCol(), dtype=np.int32)
        charge = times * np.maximum(whole.cost_price[rows][self.balance], LEAST)
        solver.changeColsCost(len(short), short, charge * MONEY)
        used = np.maximum(use[rows][self.balance], 0.0)
        solver.changeColsBounds(len(short), short, np.zeros(len(short)), used)
        values, dual = solved(solver)
        rows_, columns_ = whole.matrix.shape
        plan, missing, price = np.zeros(columns_), np.zeros(rows_), np.zeros(rows_)
        plan[self.columns] = values[: len(self.columns)]
        missing[rows[self.balance]] = values[len(self.columns) :]
        price[rows] = np.maximum(-dual, 0.0)
        return Supplied(plan, missing, price, solver.getObjectiveValue() / MONEY)
