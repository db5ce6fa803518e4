"""What the most valuable limits are worth, confirmed by planning again with a little more of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopwb.config.supply import SupplySettings
from sopwb.errors import SopwbError
from sopwb.supply.buckets import Floats
from sopwb.supply.data import PlanData
from sopwb.supply.goals import Goal, goals_of
from sopwb.supply.program import HUNDREDTH, Program, sizes_of
from sopwb.supply.session import MONEY, Basis, Found, Session, UnfinishedError
from sopwb.supply.solve import HELD_WITHIN, LEAST_CHARGE, Solution

__all__ = ["Stand", "constraint_value", "stand_of", "valuable_limits"]

LEAST_PRICE = 1e-6
AGREES = 0.01
"""Part of a price by which planning again may differ from it."""
USUAL_STEP = 0.01
"""Step as a share of the limit, where the range is not narrower."""
LEAST_ROOM = 1e-6
"""Share of a limit below which its range counts as none."""
COLUMNS = [
    "constraint", "subject", "period", "place", "unit", "limit_qty", "price_per_unit", "lower_qty",
    "upper_qty", "step_qty", "held_price_per_unit", "hundredth_value", "confirmed",
    "bought_contribution_value", "bought_service_value", "bought_service_qty", "bought_service_rate",
]  # fmt: skip


@dataclass
class Stand:
    """A solver that stands in the plan: its service, and the row that holds it where it is not perfect.

    It knows the corner in which service is best and the one of the plan: what is tried begins there, so
    that little has to be mended, and what one trial tells does not hang on the one before.
    """

    session: Session
    served: Floats
    earned: Floats
    settings: SupplySettings
    found: Found
    held: int | None = None
    level: float = 0.0
    best_served: Basis | None = None
    planned: Basis | None = None

    @property
    def cost(self) -> Floats:
        """What is made least at held service; perfect service is held by its weight."""
        if self.held is not None:
            return self.earned
        return np.asarray(self.settings.service_weight * self.served + self.earned)

    def again(self, goal: str) -> Found:
        """The plan at held service."""
        return self._from(self.planned, goal, self.cost)

    def both(self, goal: str) -> Found:
        """The plan when service is made best anew, and contribution after it."""
        if self.held is None:
            return self.again(goal)
        session = self.session
        session.hold_at(self.held, self.served, np.inf)
        served = self._from(self.best_served, "service", self.served + session.impossible)
        session.hold_at(self.held, self.served, _held(_sum(self.served, served), self.settings))
        found = self._from(self.planned, goal, self.earned)
        session.hold_at(self.held, self.served, self.level)
        return found

    def _from(self, corner: Basis | None, goal: str, cost: Floats) -> Found:
        if corner is not None:
            self.session.begin_at(corner)
        return self.session.best(goal, cost)


def _sum(charge: Floats, found: Found) -> float:
    return float(charge @ found.values)  # noqa: PD011 - no frame


def _held(least: float, settings: SupplySettings) -> float:
    return least * (1 + settings.service_slack_rate) + MONEY * HELD_WITHIN


def stand_of(
    program: Program, solution: Solution, goals: tuple[Goal, Goal], settings: SupplySettings
) -> Stand:
    """The solver as it stood when the plan was found.

    Raises
    ------
    UnfinishedError
        The time allowed is over before it stands there.
    """
    session = Session(program, settings, solution.basis, is_proof=True)
    served = session.charge(goals[0])
    earned = session.charge(goals[1]) + session.steering
    both = settings.service_weight * served + earned
    session.keep_whole(solution.values)
    if solution.basis is not None:
        session.begin_at(solution.basis)
    found = session.best("both", both)
    stand = Stand(session, served, earned, settings, found)
    missing = _sum(served, found)
    if missing > MONEY * LEAST_CHARGE:
        possible = served + session.impossible
        least = _sum(served, session.best("service", possible, is_possible=True))
        stand.best_served = session.basis()
        stand.level = _held(min(least, missing), settings)
        stand.held = session.hold(served, stand.level)
        if solution.basis is not None:
            session.begin_at(solution.basis)
        stand.found = session.best("held", earned)
    stand.planned = session.basis()
    return stand


def valuable_limits(data: PlanData, program: Program, price: Floats, count: int) -> pd.DataFrame:
    """Binding limits by money: the dearest bucket of each subject, ranked by the price of a hundredth of it.

    Parameters
    ----------
    price
        What one more unit of each row is worth.
    count
        How many to give.

    Returns
    -------
    pandas.DataFrame
        ``constraint``, ``subject``, ``period``, ``unit``, and ``row`` of the programme.
    """
    frames = []
    for rule in program.rules:
        if rule.rows is None:
            continue
        part = price[rule.first : rule.last]
        binding = np.flatnonzero(part > LEAST_PRICE)
        size = sizes_of(rule, program)
        frames.append(
            pd.DataFrame(
                {
                    "constraint": rule.name,
                    "subject": rule.rows.subject[binding],
                    "period": data.buckets.period[rule.rows.bucket[binding]],
                    "unit": rule.unit,
                    "row": rule.first + binding,
                    "size": size[binding],
                    "worth": part[binding] * size[binding],
                    "price": part[binding],
                }
            )
        )
    if not frames:
        return pd.DataFrame(columns=["constraint", "subject", "period", "unit", "row", "size"])
    keys = ["worth", "constraint", "subject", "period"]
    ordered = pd.concat(frames).sort_values(keys, ascending=[False, True, True, True], kind="stable")
    return ordered.drop_duplicates(["constraint", "subject"]).head(count).reset_index(drop=True)


def _step(limit: float, lower: float, upper: float, size: float) -> float:
    """Step inside the range: up where the price holds upwards, else down; a usual one without a range."""
    whole = max(abs(limit), size, 1.0)
    usual, least = USUAL_STEP * whole, LEAST_ROOM * whole
    up, down = upper - limit, limit - lower
    if up > least:
        return float(min(usual, up / 2))
    if down > least:
        return -float(min(usual, down / 2))
    return float(usual)


def _tried(stand: Stand, row: int, step: float) -> tuple[Found, Found] | None:
    """The plan with a limit moved by a step at held service, and with one unit more in both stages."""
    try:
        again = stand.again("held")
        stand.session.loosen(row, abs(step))
        return again, again if step > 0 and stand.held is None else stand.both("both")
    except SopwbError:
        return None


def _stood(
    program: Program, solution: Solution, goals: tuple[Goal, Goal], settings: SupplySettings
) -> Stand | None:
    """The solver as it stood, unless time is over before."""
    try:
        return stand_of(program, solution, goals, settings)
    except UnfinishedError:
        return None


def constraint_value(
    data: PlanData, program: Program, solution: Solution, settings: SupplySettings
) -> pd.DataFrame:
    """Table ``constraint_value``: prices of the most valuable limits, each with its range and confirmed.

    The price at held service is the dual of the limit; within its range, the plan solved again with
    a step more at that service must bring price times step. Beside it stands what one unit more buys
    when service is made best anew and contribution after it, which is less or more wherever a scarce
    limit first serves more. A limit is left out where no plan is found once it is moved, as when whole
    decisions that are kept leave none, or the time allowed is over; its price stands in
    ``constraint_price`` alone.
    """
    chosen = valuable_limits(data, program, solution.price, settings.confirmed_limits)
    stand = None if chosen.empty else _stood(program, solution, goals_of(data), settings)
    if stand is None:
        return pd.DataFrame(columns=COLUMNS)
    rows = chosen["row"].to_numpy(np.int64)
    lower, upper = stand.session.ranges(rows)
    price = stand.session.prices(stand.found)[rows]
    lost = stand.session.program.blocks["lost"]
    wanted = float(data.demand.class_demand.sum())
    told = []
    for place, row in enumerate(rows):
        limit, size = float(program.most[row]), float(chosen["size"].iloc[place])
        step = _step(limit, lower[place], upper[place], size)
        session = stand.session
        if not session.loosen(int(row), step):
            continue
        tried = _tried(stand, int(row), step)
        session.loosen(int(row), 0.0)
        if tried is None:
            continue
        (again, new), more = tried, abs(step)
        held = (_sum(stand.cost, stand.found) - _sum(stand.cost, again)) / MONEY / step
        earned, served = (
            (_sum(charge, stand.found) - _sum(charge, new)) / MONEY / more
            for charge in (stand.earned, stand.served)
        )
        gone = (session.plan(stand.found) - session.plan(new))[lost].sum()
        sign = -1.0 if limit < 0 else 1.0
        ends = sorted(sign * end + 0.0 for end in (lower[place], upper[place]))
        agrees = abs(held - price[place]) <= AGREES * price[place]
        told.append(
            {
                **{name: chosen[name].iloc[place] for name in ("constraint", "subject", "period", "unit")},
                "limit_qty": sign * limit + 0.0,
                "price_per_unit": price[place],
                "lower_qty": ends[0] if np.isfinite(ends[0]) else np.nan,
                "upper_qty": ends[1] if np.isfinite(ends[1]) else np.nan,
                "step_qty": sign * step,
                "held_price_per_unit": held,
                "hundredth_value": HUNDREDTH * held * size,
                "confirmed": "confirmed" if agrees else "not confirmed",
                "bought_contribution_value": earned,
                "bought_service_value": served,
                "bought_service_qty": float(gone) / more,
                "bought_service_rate": float(gone) / more / wanted if wanted > 0 else 0.0,
            }
        )
    if not told:
        return pd.DataFrame(columns=COLUMNS)
    made = pd.DataFrame(told).sort_values(
        "hundredth_value", ascending=False, kind="stable", ignore_index=True
    )
    return made.assign(place=np.arange(1, len(made) + 1))[COLUMNS]
