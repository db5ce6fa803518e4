"""Solve the programme: service first, then contribution at held service, with prices of rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sopwb.config.supply import SupplySettings
from sopwb.supply.buckets import Floats
from sopwb.supply.goals import Goal
from sopwb.supply.program import Program
from sopwb.supply.session import MONEY, Basis, Found, Session, Solved, UnfinishedError
from sopwb.supply.steady import Reference, nearest

__all__ = ["Solution", "solve"]

LEAST_CHARGE = 1.0
"""Charge for poor service, in money, below which service counts as perfect."""
HELD_WITHIN = 1e-3
"""Charge, in money, within which a held service is held."""
USUAL_SHARE = 0.5
"""Share of the time allowed after which the usual way to a first plan is given up for a quicker one."""


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
    is_best
        Whether no plan is better. Where the time limit ended the search, prices of limits are not
        known and are nothing.
    """

    values: Floats
    service_price: Floats
    price: Floats
    log: tuple[Solved, ...]
    basis: Basis | None
    is_best: bool = True


def solve(
    program: Program,
    service: Goal,
    contribution: Goal,
    settings: SupplySettings,
    start: Basis | None = None,
    reference: Reference | None = None,
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
    reference
        Earlier plan, to which the nearest of all equally good plans is taken; None takes any of them.

    Raises
    ------
    UnfinishedError
        The time allowed is over before there is a plan.
    SopwbError
        The solver finds no plan; the programme is built so that there always is one.
    """
    session = Session(program, settings, start)
    served = session.charge(service)
    earned = session.charge(contribution) + session.steering
    both = settings.service_weight * served + earned
    session.fix_whole(both)
    goal = f"{service.name} before {contribution.name}"
    try:
        session.allow(USUAL_SHARE)
        found = session.best(goal, both)
    except UnfinishedError:
        session = session.afresh(settings.model_copy(update={"solver": "simplex"}), USUAL_SHARE)
        found = _quick(session, (service.name, goal), served, both)
    else:
        session.allow(1.0)
    service_price = price = session.prices(found)
    cost = both
    if found.is_best and float(served @ found.values) > MONEY * LEAST_CHARGE:
        found = _held(session, (service.name, contribution.name), served, earned, found)
        price, cost = session.prices(found), earned
    if not found.is_best:
        price = np.zeros_like(price)
    basis = session.basis()
    if reference is not None:
        found = nearest(session, found, cost, reference)
    return Solution(session.plan(found), service_price, price, tuple(session.log), basis, found.is_best)


def _quick(session: Session, goals: tuple[str, str], served: Floats, both: Floats) -> Found:
    """A plan that serves as well as can be, made better in money as long as there is time."""
    first = session.best(goals[0], served + session.impossible)
    try:
        return session.best(goals[1], both, is_possible=True)
    except UnfinishedError:
        return replace(first, is_best=False)


def _held(session: Session, goals: tuple[str, str], served: Floats, earned: Floats, first: Found) -> Found:
    """The best contribution at the best service; the plan there was where time does not allow it."""
    service, contribution = goals
    missing, corner = float(served @ first.values), session.basis()
    try:
        best = session.best(service, served + session.impossible, is_possible=True)
        least = min(missing, float(served @ best.values))
        session.hold(served, least * (1 + session.settings.service_slack_rate) + MONEY * HELD_WITHIN)
        if corner is not None:
            session.begin_at(corner)
        return session.best(f"{contribution} at held {service}", earned, is_possible=True)
    except UnfinishedError:
        if corner is not None:
            session.begin_at(corner)
        return replace(first, is_best=False)
