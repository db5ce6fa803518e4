"""A solve ends at the same optimum however it is started."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from sopwb.config.supply import SupplySettings
from sopwb.supply.elastic import silent_highs
from sopwb.supply.starts import begin_without_limits, corner_of, optimise, statuses_of


def sold(price: float):
    """A solver that sells two products at most as much as an hour makes; without it, all there is demand for.

    Of the second product there is demand for three; of the first without end.
    """
    import highspy

    solver, lp = silent_highs(), highspy.HighsLp()
    matrix = sp.csc_array([[1.0, 2.0]])
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = np.array([-price, -3.0])
    lp.col_lower_, lp.col_upper_ = np.zeros(2), np.array([np.inf, 3.0])
    lp.row_lower_, lp.row_upper_ = np.array([-np.inf]), np.array([8.0])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
    lp.a_matrix_.value_ = matrix.data
    solver.passModel(lp)
    return solver


def limits(solver) -> tuple[list[float], list[float]]:
    lp = solver.getLp()
    return list(lp.row_lower_), list(lp.row_upper_)


@pytest.mark.parametrize("price", [1.0, -1.0])
def test_the_limits_are_back_after_the_plan_without_them(price):
    solver = sold(price)
    begin_without_limits(solver)
    assert limits(solver) == ([-np.inf], [8.0])


def test_what_is_worth_having_without_end_begins_from_nothing():
    solver = sold(1.0)
    begin_without_limits(solver)
    assert not solver.getBasis().valid
    bounded = sold(-1.0)
    begin_without_limits(bounded)
    assert bounded.getBasis().valid


@pytest.mark.parametrize("method", ["simplex", "ipx"])
@pytest.mark.parametrize(("price", "value"), [(1.0, -11.0), (2.0, -16.0), (-1.0, -9.0)])
def test_every_start_ends_at_the_best_plan(method, price, value):
    solver = sold(price)
    assert optimise(solver, SupplySettings(solver=method), is_possible=False) == "optimal"
    assert solver.getObjectiveValue() == pytest.approx(value)


@pytest.mark.parametrize("price", [1.0, 2.0, -1.0])
def test_a_corner_is_told_by_statuses_and_begins_a_solve_that_has_ended(price):
    solver = sold(price)
    optimise(solver, SupplySettings(solver="simplex"), is_possible=False)
    basis = solver.getBasis()
    column, row = statuses_of(solver)
    assert [int(status) for status in basis.col_status] == list(column)
    assert [int(status) for status in basis.row_status] == list(row)
    again = sold(price)
    again.setBasis(corner_of(column, row))
    again.setOptionValue("solver", "simplex")
    again.run()
    assert again.getInfo().simplex_iteration_count == 0
    assert again.getObjectiveValue() == pytest.approx(solver.getObjectiveValue())


def test_a_corner_that_no_solve_has_looked_at_is_told_as_well():
    solver = sold(1.0)
    solver.setBasis(corner_of(np.array([1, 2], np.int8), np.array([2], np.int8)))
    column, row = statuses_of(solver)
    assert (list(column), list(row)) == ([1, 2], [2])
