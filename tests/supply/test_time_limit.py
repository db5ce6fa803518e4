"""Where time ends the search the best plan found stands, marked as such; without one it is said plainly."""

from __future__ import annotations

import numpy as np
import pytest

from sopwb.config.supply import STOPPED
from sopwb.errors import InputError
from sopwb.supply import solve as solving
from sopwb.supply.data import plan_data
from sopwb.supply.goals import goals_of
from sopwb.supply.program import program_of
from sopwb.supply.session import Session
from sopwb.supply.variables import variables_of
from tests.plans.plant import Plant, all_parts

AT_ONCE = 1e-9


def short_of_hours(**settings) -> Plant:
    """An hour makes cola or water; water is worth more money, cola counts more in service."""
    told = {"late_days_maximum": 0, "priority_factor": 3.0, "service_weight": 1.0, **settings}
    made = Plant(months=1, settings=told)
    made.product("cola", 1.0).product("water", 1.0).market().market("far", priority=2)
    made.demand("cola", [400.0], "home", 10.0).demand("water", [400.0], "far", 25.0)
    made.line("cola", 10)
    return made.add("routing", product="water", location="plant", operation=10, resource="line",
                    run_hours_per_unit=1.0)  # fmt: skip


def kept(plan) -> bool:
    """Whether demand is shipped or lost, and no more hours are used than there are."""
    sent = plan["shipment_plan"]
    whole = np.allclose(sent["demand_qty"], sent[["shipped_qty", "lost_qty", "backlog_qty"]].sum(axis=1))
    use = plan["capacity_use"]
    return bool(whole and (use["required_hours"] <= use["capacity_hours"] + 1e-6).all())


@pytest.mark.parametrize("solver", ["simplex", "ipx"])
def test_no_plan_in_time_is_the_setting_s_fault_and_says_so(solver):
    with pytest.raises(
        InputError, match=r"supply\.solve_seconds: no plan was found in 1e-09 seconds"
    ) as fault:
        short_of_hours(solver=solver, solve_seconds=AT_ONCE).planned()
    assert fault.value.exit_code == 2
    assert "Allow more seconds" in str(fault.value)


def test_time_enough_changes_nothing():
    free, timed = short_of_hours().planned(), short_of_hours(solve_seconds=60.0).planned()
    for table in ("supply_plan", "solver_log", "constraint_price"):
        assert timed[table].equals(free[table])


def test_the_first_plan_stands_when_time_ends_before_the_money_at_held_service(monkeypatch):
    plain = Session.hold

    def late(session, charge, limit):
        session.allow(AT_ONCE)
        return plain(session, charge, limit)

    monkeypatch.setattr(Session, "hold", late)
    plan = short_of_hours(solve_seconds=60.0).planned()
    assert list(plan["solver_log"]["status"]) == ["optimal", "optimal", STOPPED]
    assert np.isnan(plan["solver_log"]["objective"].iloc[-1])
    assert kept(plan)
    assert plan["supply_plan"]["planned_qty"].sum() == pytest.approx(200)
    # nothing is said of what limits are worth, and no reason is tried
    assert plan["constraint_price"].empty
    assert plan["constraint_value"].empty
    assert plan["shortage_reason"].empty
    assert len(plan["plan_basis"])


def test_where_the_usual_way_takes_too_long_service_alone_gives_a_plan(monkeypatch):
    monkeypatch.setattr(solving, "USUAL_SHARE", AT_ONCE)
    plain = Session.afresh
    monkeypatch.setattr(Session, "afresh", lambda session, settings, _: plain(session, settings, 1.0))
    plan = short_of_hours(solve_seconds=60.0).planned()
    log = plan["solver_log"]
    assert log["status"].iloc[0] == STOPPED
    assert list(log["goal"].iloc[:3]) == [
        "service before contribution", "service", "service before contribution",
    ]  # fmt: skip
    assert log["status"].iloc[-1] == "optimal"
    assert kept(plan)
    # what comes first is served: cola, though water brings more
    made = plan["supply_plan"].groupby("product")["planned_qty"].sum()
    assert made["cola"] == pytest.approx(200, rel=1e-4)


def test_a_plan_that_time_ends_half_way_is_the_one_of_best_service(monkeypatch):
    plain = Session.afresh
    monkeypatch.setattr(solving, "USUAL_SHARE", AT_ONCE)
    monkeypatch.setattr(Session, "afresh", lambda session, settings, _: plain(session, settings, 1.0))
    best = Session.best

    def slow(session, goal, cost, *, is_possible=False):
        if is_possible:
            session.allow(AT_ONCE)
        return best(session, goal, cost, is_possible=is_possible)

    monkeypatch.setattr(Session, "best", slow)
    plant = short_of_hours(solve_seconds=60.0)
    data = plan_data(plant.tables(), plant.model(), all_parts())
    program = program_of(data, variables_of(data), all_parts(), {})
    solution = solving.solve(program, *goals_of(data), plant.model().supply)
    assert not solution.is_best
    assert not solution.price.any()
    over = program.matrix @ solution.values - program.most
    assert np.where(program.is_equal, np.abs(over), over).max() <= 1e-6
