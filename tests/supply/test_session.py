"""A changed plan goes on from the corner of the last one, and ends where a fresh start ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sopwb.errors import SopwbError
from sopwb.supply.corner import basis_of, plan_basis
from sopwb.supply.data import PlanData, plan_data
from sopwb.supply.goals import contribution_goal, service_goal
from sopwb.supply.program import Program, program_of
from sopwb.supply.session import Session
from sopwb.supply.solve import solve
from sopwb.supply.variables import variables_of
from tests.plans.plant import Plant, all_parts


def plant(hours: float = 10.0) -> Plant:
    made = Plant(months=4, settings={"late_days_maximum": 0})
    made.product("cola", 6.0).market()
    made.demand("cola", [150.0, 250.0, 230.0, 100.0], "home", 10.0)
    return made.line("cola", hours)


def programme(of: Plant) -> tuple[PlanData, Program]:
    parts = all_parts()
    data = plan_data(of.tables(), of.model(), parts)
    return data, program_of(data, variables_of(data), parts, {})


def capacity_times(program: Program, factor: float) -> Program:
    most = program.most.copy()
    for rule in program.rules:
        if rule.name == "capacity":
            most[rule.first : rule.last] *= factor
    return replace(program, most=most)


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.1, 2.0])
def test_other_limits_are_solved_from_the_corner_of_the_last_solve(factor):
    data, program = programme(plant())
    session = Session(program, data.settings)
    cost = (
        session.charge(contribution_goal(data)) + 20 * session.charge(service_goal(data)) + session.steering
    )
    session.best("first", cost)
    other = capacity_times(program, factor)
    session.move_to(other)
    again = session.best("again", cost)
    afresh = Session(other, data.settings)
    assert cost @ again.values == pytest.approx(cost @ afresh.best("afresh", cost).values, rel=1e-9)


def test_a_session_does_not_move_to_another_plan():
    data, program = programme(plant())
    other = replace(program, matrix=program.matrix * 3.0)
    with pytest.raises(SopwbError, match="other rows or columns"):
        Session(program, data.settings).move_to(other)


def test_a_corner_comes_back_from_its_table():
    data, program = programme(plant())
    goals = service_goal(data), contribution_goal(data)
    solution = solve(program, *goals, data.settings)
    table = plan_basis(data, program, solution.basis)
    known = basis_of(table, data, program)
    assert known is not None
    assert solution.basis is not None
    for part in ("column", "beyond", "row", "slack"):
        np.testing.assert_array_equal(getattr(known, part), getattr(solution.basis, part))
    again = solve(program, *goals, data.settings, known)
    np.testing.assert_allclose(again.values, solution.values, atol=1e-9)


def test_a_plan_without_a_corner_has_no_rows_and_gives_no_start():
    data, program = programme(plant())
    table = plan_basis(data, program, None)
    assert table.empty
    assert basis_of(table, data, program) is None


def test_money_never_buys_a_worse_service():
    # an hour makes cola or water: water is worth more money, cola counts more in service
    made = Plant(months=1, settings={"late_days_maximum": 0, "priority_factor": 3.0, "service_weight": 1.0})
    made.product("cola", 1.0).product("water", 1.0).market().market("far", priority=2)
    made.demand("cola", [400.0], "home", 10.0).demand("water", [400.0], "far", 25.0)
    made.line("cola", 10)
    made.add("routing", product="water", location="plant", operation=10, resource="line",
             run_hours_per_unit=1.0)  # fmt: skip
    plan = made.planned()
    lost = plan["shipment_plan"].groupby("product")["lost_qty"].sum()
    assert lost["cola"] == pytest.approx(200.0, rel=1e-4)
    assert len(plan["solver_log"]) == 3


def test_a_corner_serves_a_plan_with_other_prices_by_the_side_that_is_nearer():
    data, program = programme(plant())
    service, contribution = service_goal(data), contribution_goal(data)
    basis = solve(program, service, contribution, data.settings).basis
    assert basis is not None
    session = Session(program, data.settings, basis)
    dear = replace(contribution, charge={**contribution.charge, "shipped": 0 * data.demand.price})
    cost = session.charge(dear) + session.steering
    found = session.best("no revenue", cost)
    afresh = Session(program, data.settings).best("afresh", cost)
    assert cost @ found.values == pytest.approx(cost @ afresh.values, rel=1e-9, abs=1e-9)
