"""Parts of a plan that share nothing are solved apart, and make the plan of one programme together."""

from __future__ import annotations

import numpy as np
import pytest

from sopwb.supply.data import plan_data
from sopwb.supply.goals import goals_of
from sopwb.supply.pieces import pieces_of, solve_apart
from sopwb.supply.program import program_of
from sopwb.supply.session import Session
from sopwb.supply.solve import solve
from sopwb.supply.steady import reference_of
from sopwb.supply.variables import variables_of
from tests.plans.plant import Plant, all_parts


def plants(names: str = "abc", months: int = 4) -> Plant:
    """For each name a plant with a product, line, component and market of its own, short of hours."""
    made = Plant(months=months, settings={"late_days_maximum": 0, "holding_cost_rate_per_year": 0.1})
    for number, name in enumerate(names):
        made.product(f"cola {name}", 6.0).product(f"syrup {name}", 1.0)
        made.market(f"home {name}", location=f"plant {name}")
        wanted = [150.0 + 10 * number, 250.0, 230.0, 100.0, 180.0, 210.0]
        made.demand(f"cola {name}", wanted[:months], f"home {name}", 10.0 + number)
        made.add("resource", resource=f"line {name}", location=f"plant {name}", hours_per_day=10.0)
        made.add(
            "cost_rate", resource=f"line {name}", cost_type="machine", rate_per_hour=1.0, is_variable=True
        )
        made.add("routing", product=f"cola {name}", location=f"plant {name}", operation=10,
                 resource=f"line {name}", run_hours_per_unit=1.0)  # fmt: skip
        made.add("bill_of_material", product=f"cola {name}", component=f"syrup {name}", qty_per_unit=1.0)
        for maker, price in (("x", 1.0), ("y", 1.0)):
            made.add("purchase_term", product=f"syrup {name}", supplier=f"{maker} {name}",
                     location=f"plant {name}", currency="EUR", price_per_unit=price, lead_time_days=0,
                     capacity_qty_per_month=150.0)  # fmt: skip
    return made


def problem(of: Plant):
    tables, model, parts = of.tables(), of.model(), all_parts()
    data = plan_data(tables, model, parts)
    program = program_of(data, variables_of(data), parts, model.parts.constraints)
    return tables, data, program, model.supply


def test_what_shares_no_row_is_a_piece_and_every_row_and_column_is_in_one():
    _, _, program, _ = problem(plants())
    pieces = pieces_of(program, least=50)
    assert len(pieces) == 3
    for part, size in (("rows", program.matrix.shape[0]), ("columns", program.matrix.shape[1])):
        everything = np.concatenate([getattr(piece, part) for piece in pieces])
        np.testing.assert_array_equal(np.sort(everything), np.arange(size))
    for piece in pieces:
        assert program.matrix[piece.rows].nnz == program.matrix[piece.rows][:, piece.columns].nnz


def test_small_pieces_stay_together():
    _, _, program, _ = problem(plants())
    assert len(pieces_of(program)) == 1


@pytest.mark.parametrize("solver", ["simplex", "ipx"])
def test_pieces_make_the_plan_the_prices_and_the_objective_of_one_programme(solver):
    _, data, program, settings = problem(plants())
    settings = settings.model_copy(update={"solver": solver})
    whole = solve(program, *goals_of(data), settings)
    apart = solve_apart(program, goals_of(data), settings, least=100)
    assert len(whole.log) == 3
    assert [line.goal for line in apart.log] == [line.goal for line in whole.log]
    for one, other in zip(apart.log, whole.log, strict=True):
        assert one.objective == pytest.approx(other.objective, rel=1e-5, abs=1e-3)
    np.testing.assert_allclose(apart.price, whole.price, atol=1e-6)
    for goal in goals_of(data):
        charge = program.spread(goal.charge)
        assert charge @ apart.values == pytest.approx(charge @ whole.values, rel=1e-5)
    blocks = program.blocks
    for name in ("option.make", "shipped", "lost", "stock"):
        np.testing.assert_allclose(apart.values[blocks[name]], whole.values[blocks[name]], atol=1e-2)


def test_the_corners_of_pieces_are_a_corner_of_the_whole():
    _, data, program, settings = problem(plants())
    apart = solve_apart(program, goals_of(data), settings, least=100)
    assert apart.basis is not None
    session = Session(program, settings, apart.basis)
    served, earned = (session.charge(goal) for goal in goals_of(data))
    session.best("again", settings.service_weight * served + earned + session.steering)
    afresh = Session(program, settings)
    afresh.best("afresh", settings.service_weight * served + earned + afresh.steering)
    assert session.solver.getInfo().simplex_iteration_count < afresh.solver.getInfo().simplex_iteration_count
    again = solve_apart(program, goals_of(data), settings, apart.basis, least=100)
    np.testing.assert_allclose(again.price, apart.price, atol=1e-6)


def test_each_piece_is_nearest_to_the_earlier_plan():
    made = plants("ab")
    for name in "ab":
        for period in made.periods:
            made.add("past_supply_plan", cycle="2025-12-01", option="buy", product=f"syrup {name}",
                     location=f"plant {name}", source=f"y {name}", period=period,
                     planned_qty=140.0)  # fmt: skip
    tables, data, program, settings = problem(made)
    reference = reference_of(tables, data)
    whole = solve(program, *goals_of(data), settings, None, reference)
    apart = solve_apart(program, goals_of(data), settings, None, reference, least=100)
    bought = program.blocks["option.buy"]
    np.testing.assert_allclose(apart.values[bought], whole.values[bought], atol=1e-2)
    assert apart.log[-1].goal == "nearest to the last cycle"


def test_one_row_over_everything_makes_one_piece():
    made = plants()
    made.add("target", target="limit", measure="purchase_value", sense="maximum", target_value=300.0,
             start_date="2026-01-01", end_date="2026-12-31", strength="hard")  # fmt: skip
    _, _, program, _ = problem(made)
    assert len(pieces_of(program, least=50)) == 1
