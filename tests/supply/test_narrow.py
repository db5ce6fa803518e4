"""A plan found first among few decisions is as good as one found among all."""

from __future__ import annotations

import numpy as np
import pytest

from sopwb.supply import narrow
from sopwb.supply.goals import contribution_goal, service_goal
from sopwb.supply.narrow import begin_near, is_worth_narrowing
from sopwb.supply.session import Session
from sopwb.supply.starts import BASIC, is_nearly_possible, optimise, statuses_of
from tests.plans.plant import Plant
from tests.supply.test_session import capacity_times, programme

SEASON = [120.0, 260.0, 90.0, 240.0, 300.0, 80.0, 210.0, 150.0]


def plant() -> Plant:
    made = Plant(months=8, settings={"late_days_maximum": 60}).market()
    for number, product in enumerate(("cola", "water", "juice", "tea")):
        made.product(product, 4.0 + number)
        made.demand(
            product, [each * (1 + 0.1 * number) for each in np.roll(SEASON, number)], "home", 9.0 + number
        )
        if number:
            made.add("routing", product=product, location="plant", operation=10, resource="line",
                     run_hours_per_unit=0.4)  # fmt: skip
        else:
            made.line(product, 14.0)
    return made


def cost_of(session: Session, data) -> np.ndarray:
    return (
        session.charge(contribution_goal(data)) + 20 * session.charge(service_goal(data)) + session.steering
    )


@pytest.fixture
def no_plan_is_small(monkeypatch):
    monkeypatch.setattr(narrow, "LEAST_ROWS", 1)
    monkeypatch.setattr(narrow, "LEAST_BROKEN", 0.0)


def moved(factor: float) -> tuple[Session, np.ndarray]:
    """A session that stands in the corner of the plan before capacity changed."""
    data, program = programme(plant())
    before = Session(program, data.settings)
    before.best("before", cost_of(before, data))
    session = Session(capacity_times(program, factor), data.settings, before.basis())
    return session, cost_of(session, data)


@pytest.mark.parametrize("factor", [0.3, 0.9, 1.1, 2.0])
def test_less_or_more_capacity_ends_at_the_same_cost(factor, no_plan_is_small):
    session, cost = moved(factor)
    afresh = Session(session.program, session.settings)
    assert cost @ session.best("narrow", cost).values == pytest.approx(
        cost @ afresh.best("afresh", cost).values, rel=1e-9
    )


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_the_corner_it_begins_in_keeps_every_row_of_the_whole_programme(factor, no_plan_is_small):
    session, cost = moved(factor)
    assert looked_at(session, cost) > 0
    assert begin_near(session.solver)
    assert looked_at(session, cost) == 0


def test_without_a_plan_of_a_part_it_stands_where_it_was(no_plan_is_small, monkeypatch):
    session, cost = moved(0.9)
    broken = looked_at(session, cost)
    monkeypatch.setattr(narrow, "_solved", lambda *_: None)
    assert not begin_near(session.solver)
    assert looked_at(session, cost) == broken


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_prices_of_settled_rows_are_those_the_whole_programme_would_have(factor):
    session, cost = moved(factor)
    looked_at(session, cost)
    solver = session.solver
    whole, (column, row) = narrow._whole(solver), statuses_of(solver)
    price = np.asarray(solver.getSolution().row_dual, float)
    part = narrow._part(whole, column == BASIC, column, row)
    settled = np.concatenate([wave.row for wave in part.waves])
    assert len(settled) > 5
    assert part.prices(whole, price[part.rows])[settled] == pytest.approx(price[settled], abs=1e-9)


def test_what_broken_rows_pull_at_is_nearer(no_plan_is_small):
    session, cost = moved(0.9)
    looked_at(session, cost)
    solver = session.solver
    whole, price = narrow._whole(solver), np.abs(np.asarray(solver.getSolution().col_dual, float))
    near = narrow._nearness(solver, whole, price)
    before, _ = statuses_of(solver)
    optimise(solver, session.settings, is_possible=False)
    after, _ = statuses_of(solver)
    others = whole.is_free & (before != BASIC)
    entered = others & (after == BASIC)
    assert entered.any()
    assert np.median(near[entered]) < np.median(near[others])


def test_nothing_is_narrowed_where_prices_change_or_a_plan_is_small(no_plan_is_small, monkeypatch):
    session, cost = moved(0.9)
    looked_at(session, cost)
    assert is_worth_narrowing(session.solver)
    looked_at(session, -cost)
    assert not is_worth_narrowing(session.solver)
    looked_at(session, cost)
    monkeypatch.setattr(narrow, "LEAST_ROWS", session.solver.getNumRow() + 1)
    assert not is_worth_narrowing(session.solver)


def looked_at(session: Session, cost: np.ndarray) -> int:
    """How many rows and bounds the corner breaks in which the session begins."""
    solver = session.solver
    solver.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), cost)
    assert not is_nearly_possible(solver) or solver.getInfo().num_dual_infeasibilities > 0
    return solver.getInfo().num_primal_infeasibilities
