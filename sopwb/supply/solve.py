"""Solve the programme: service first, then contribution at held service, with prices of rows."""

from __future__ import annotations

from dataclasses import dataclass

from sopwb.config.supply import SupplySettings
from sopwb.supply.buckets import Floats
from sopwb.supply.goals import Goal
from sopwb.supply.program import Program
from sopwb.supply.session import MONEY, Basis, Session, Solved

__all__ = ["Solution", "solve"]

LEAST_CHARGE = 1.0
"""Charge for poor service, in money, below which service counts as perfect."""
HELD_WITHIN = 1e-3
"""Charge, in money, within which a held service is held."""


@dataclass(frozen=True)
class Solution:
    """The plan as variables of the programme, and what its rows are worth.

    Parameters
    ----------
    values
        Value of each column of the programme.
    service_price, price
        What one more unit of each row's limit is worth with service weighted, and at held service;
        never negative.
    log
        The solves, in order.
    basis
        Corner the plan stands in; None where the solver ended in no corner.
    """

    values: Floats
    service_price: Floats
    price: Floats
    log: tuple[Solved, ...]
    basis: Basis | None


def solve(
    program: Program,
    service: Goal,
    contribution: Goal,
    settings: SupplySettings,
    start: Basis | None = None,
) -> Solution:
    """The best plan: least charge for poor service, and at that service the best contribution.

    First both together, service weighted far above money. A plan that serves everything is then
    the best one. Otherwise the least charge for service is found alone, and contribution is made
    best once more with service held there, so that no money buys a worse service and the prices of
    limits are those at held service.

    Parameters
    ----------
    program
        Rows and columns of the plan.
    service, contribution
        What comes first, and what comes next.
    settings
        Weights, and how it is solved.
    start
        Corner of a plan of the same rules, from which the first solve goes on.

    Raises
    ------
    SopwbError
        The solver finds no plan; the programme is built so that there always is one.
    """
    session = Session(program, settings, start)
    served = session.charge(service)
    earned = session.charge(contribution) + session.steering
    both = settings.service_weight * served + earned
    session.fix_whole(both)
    found = session.best(f"{service.name} before {contribution.name}", both)
    service_price = price = session.prices(found)
    missing = float(served @ found.values)
    if missing > MONEY * LEAST_CHARGE:
        corner = session.basis()
        best = session.best(service.name, served + session.impossible, is_possible=True)
        least = min(missing, float(served @ best.values))
        session.hold(served, least * (1 + settings.service_slack_rate) + MONEY * HELD_WITHIN)
        if corner is not None:
            session.begin_at(corner)
        found = session.best(f"{contribution.name} at held {service.name}", earned, is_possible=True)
        price = session.prices(found)
    return Solution(session.plan(found), service_price, price, tuple(session.log), session.basis())
