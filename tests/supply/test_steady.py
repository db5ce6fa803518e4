"""Of equally good plans the one nearest to the earlier plan is taken, at no cost and the same prices."""

from __future__ import annotations

import numpy as np
import pytest

from sopwb.cycle.stages import STAGES, run_stage
from sopwb.supply.data import plan_data
from sopwb.supply.goals import goals_of
from sopwb.supply.program import program_of
from sopwb.supply.solve import solve
from sopwb.supply.steady import reference_of
from sopwb.supply.variables import variables_of
from tests.plans.plant import SCHEMA, Plant, all_parts

MAKERS = ("a maker", "b maker", "c maker")


def bought(last: dict[str, list[float]] | None = None, **settings) -> Plant:
    """Syrup that three suppliers sell at the same price; each sells at most 60 a month."""
    plant = Plant(settings={"late_days_maximum": 0, **settings}).product("syrup").market()
    plant.demand("syrup", [100, 100, 100])
    for maker in MAKERS:
        plant.add("purchase_term", product="syrup", supplier=maker, location="plant", currency="EUR",
                  price_per_unit=2.0, lead_time_days=0, capacity_qty_per_month=60 * 365.25 / 360)  # fmt: skip
    for maker, quantities in (last or {}).items():
        for period, quantity in zip(plant.periods, quantities, strict=True):
            plant.add("past_supply_plan", cycle="2025-12-01", option="buy", product="syrup", location="plant",
                      source=maker, period=period, planned_qty=quantity)  # fmt: skip
    return plant


def quantities(plan) -> dict[str, float]:
    """What is bought of each supplier."""
    return plan["supply_plan"].groupby("source")["planned_qty"].sum().round(6).to_dict()


@pytest.mark.parametrize(
    "last",
    [
        {"a maker": [60, 60, 60], "b maker": [40, 40, 40]},
        {"b maker": [50, 50, 50], "c maker": [50, 50, 50]},
        {"c maker": [60, 60, 60], "a maker": [40, 40, 40]},
        {"a maker": [30, 30, 30], "b maker": [35, 35, 35], "c maker": [35, 35, 35]},
    ],
)
@pytest.mark.parametrize("solver", ["simplex", "ipx"])
def test_a_plan_that_is_as_good_as_the_last_one_s_way_goes_that_way(last, solver):
    plan = bought(last, solver=solver).planned()
    assert quantities(plan) == {maker: pytest.approx(3 * most[0]) for maker, most in last.items()}
    assert plan["solver_log"]["goal"].iloc[-1] == "nearest to the last cycle"


def test_what_is_nearer_is_not_taken_where_it_costs():
    last = {"c maker": [60, 60, 60], "b maker": [40, 40, 40]}
    plant = bought(last)
    plant.rows["purchase_term"][2]["price_per_unit"] = 2.01
    assert quantities(plant.planned()) == {"a maker": 180, "b maker": 120}


def test_without_an_earlier_plan_nothing_is_solved_again():
    assert "nearest" not in " ".join(bought().planned()["solver_log"]["goal"])
    off = bought({"c maker": [60, 60, 60]}, least_change=False).planned()
    assert "nearest" not in " ".join(off["solver_log"]["goal"])


def test_a_split_that_the_last_plan_leaves_open_is_made_by_key():
    plan = bought({"c maker": [10, 10, 10]}).planned()
    assert quantities(plan) == {"a maker": 180, "b maker": 90, "c maker": 30}


def test_neither_objective_nor_prices_change():
    plant = bought({"b maker": [50, 50, 50], "c maker": [50, 50, 50]})
    plant.demand("syrup", [900, 900, 900], market="far").market("far", priority=2)
    tables, model, parts = plant.tables(), plant.model(), all_parts()
    data = plan_data(tables, model, parts)
    program = program_of(data, variables_of(data), parts, {})
    near = solve(program, *goals_of(data), model.supply, None, reference_of(tables, data))
    plain = solve(program, *goals_of(data), model.supply)
    for goal in goals_of(data):
        charge = program.spread(goal.charge)
        assert charge @ near.values == pytest.approx(charge @ plain.values, rel=1e-9, abs=1e-9)
    np.testing.assert_array_equal(near.price, plain.price)
    assert near.price.any()
    over = program.matrix @ near.values - program.most
    assert np.where(program.is_equal, np.abs(over), over).max() <= 1e-6


def test_a_scenario_is_held_against_its_base():
    base = bought({"a maker": [60, 60, 60], "b maker": [40, 40, 40]}).planned()
    rows = base["supply_plan"].replace({"source": {"a maker": "c maker"}})
    tables = {**base, "supply_plan": rows}
    stage = next(stage for stage in STAGES if stage.name == "supply")
    again = run_stage(stage, tables, bought().model(), all_parts(), SCHEMA)
    assert again["solver_log"]["goal"].iloc[-1] == "nearest to the base plan"
    assert again["supply_plan"].groupby("source")["planned_qty"].sum().to_dict() == {
        "b maker": pytest.approx(120), "c maker": pytest.approx(180),
    }  # fmt: skip
