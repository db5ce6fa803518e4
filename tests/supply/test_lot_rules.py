"""Rules about whole decisions: each alone without a solver, and small plans whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from sopwb.supply import lot_rules
from sopwb.supply.data import plan_data
from sopwb.supply.variables import variables_of
from tests.plans.plant import Plant, all_parts, by_month

ON = {name: {"mode": "hard"} for name in ("minimum_order", "minimum_run", "lot_multiple")}
ALONE = {"late_days_maximum": 0, "one_stage": True, "end_stock_value_rate": 0.0, "mip_gap_rate": 0.0}


def workshop(rules, rule="each", **settings) -> Plant:
    """Two drinks on one line of 100 hours a month, and a syrup that is bought."""
    plant = Plant(settings=ALONE | settings, rules=rules).market()
    plant.add("resource", resource="line", location="plant", hours_per_day=5.0, setup_rule=rule)
    for product, wanted in (("cola", [40, 40, 40]), ("lime", [10, 10, 10])):
        plant.product(product).demand(product, wanted, price=100.0)
        plant.add("routing", product=product, location="plant", operation=10, resource="line",
                  run_hours_per_unit=1.0, setup_hours_per_lot=20.0, setup_cost_per_lot=50.0,
                  lot_qty=1e6)  # fmt: skip
        plant.add("product_location", product=product, location="plant", holding_cost_per_unit_day=0.1)
    return plant


@pytest.fixture(scope="module")
def data():
    plant = workshop(ON, rule="sequence")
    plant.add("recipe", product="cola", location="plant", minimum_run_qty=30.0, lot_multiple_qty=10.0)
    plant.add("purchase_term", product="cola", supplier="maker", location="plant", currency="EUR",
              lead_time_days=0, price_per_unit=5.0, minimum_order_qty=25.0, order_cost_value=7.0)  # fmt: skip
    return plan_data(plant.tables(), plant.model(), all_parts())


def broken(name, data, **values):
    """By how much a rule is broken at most; variables that are not told are zero."""
    v = variables_of(data)
    for key, block in v.blocks().items():
        told = values.get(key.replace("option.", ""), 0.0)
        block.value = np.broadcast_to(np.asarray(told, float), block.size)
    found = [rule.violation() for rule in getattr(lot_rules, name)(data, v)]
    assert found, "the rule says nothing"
    return float(np.max(np.concatenate([np.ravel(part) for part in found])))


# things run over months: cola, then lime; changes: cola-cola, cola-lime, lime-cola, lime-lime
STAYS = {"setup": [1, 1, 1, 0, 0, 0], "changeover": [0, 1, 1] + [0] * 9}
TURNS = {"setup": [1, 0, 0, 0, 1, 1], "changeover": [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1]}
CASES = [
    ("yes_or_no", {"setup": 1, "order": 1, "run": 1}, {"setup": 2}, 1),
    ("setup", {"make": [30, 0, 0, 0, 0, 0], "setup": [1, 0, 0, 0, 0, 0]}, {"make": 3}, 3),
    ("one_setup", {"setup": [1, 0, 1, 0, 1, 0]}, {"setup": 1}, 1),
    ("changeover", STAYS, {"setup": STAYS["setup"]}, 1),
    ("changeover", TURNS, {"setup": TURNS["setup"], "changeover": STAYS["changeover"]}, 1),
    ("order", {"buy": [120, 0, 0], "order": [1, 0, 0]}, {"buy": 4}, 4),
    ("minimum_order", {"buy": [25, 0, 0], "order": [1, 0, 0]}, {"buy": 20, "order": 1}, 5),
    ("minimum_run", {"make": [30, 0, 0, 9, 9, 9], "run": [1, 0, 0]}, {"make": 20, "run": 1}, 10),
    ("minimum_run", {"make": [0, 0, 0, 9, 9, 9]}, {"make": [5, 0, 0, 0, 0, 0]}, 5),
    ("lot_multiple", {"make": [30, 0, 10, 9, 9, 9], "lot": [3, 0, 1]},
     {"make": [8, 0, 0, 0, 0, 0], "lot": [1, 0, 0]}, 2),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kept", "broke", "by"), CASES)
def test_a_limit_is_kept_and_broken_by_what_is_beyond_it(data, name, kept, broke, by):
    assert broken(name, data, **kept) == pytest.approx(0, abs=1e-9)
    assert broken(name, data, **broke) == pytest.approx(by)


def test_stock_covers_demand_until_the_next_set_up():
    data = plan_data((plant := workshop({})).tables(), plant.model(), all_parts())
    once = {"setup": [1, 0, 0, 1, 0, 0]}
    assert broken("setup_cover", data, stock=[80, 40, 0, 20, 10, 0], **once) == pytest.approx(0)
    assert broken("setup_cover", data, stock=[70, 40, 0, 20, 10, 0], **once) == pytest.approx(10)
    assert broken("setup_cover", data, lost=[0, 40, 40, 0, 10, 10], **once) == pytest.approx(0)


def test_every_rule_is_tried_here():
    assert {case[0] for case in CASES} | {"setup_cover"} == set(lot_rules.__all__)


def test_a_set_up_is_worth_it_when_it_costs_less_than_the_stock_it_saves():
    """To keep 40 cola a month costs 120, 10 lime 30, and a set-up 50: lime is made for two months."""
    plan = workshop({}).planned()
    told = plan["supply_decision"]
    assert by_month(told, "decided_count", detail="cola") == [1, 1, 1]
    lime = told[told["detail"] == "lime"]
    assert lime["cost_value"].sum() == pytest.approx(100)
    assert by_month(plan["supply_plan"], "planned_qty", product="lime") in ([10, 20], [20, 10])
    assert plan["shortage"].empty
    # hours: what is made and a set-up of 20 each time
    used = plan["capacity_use"]["required_hours"].sum()
    assert used == pytest.approx(150 + 5 * 20)
    assert plan["solver_log"]["goal"].iloc[0] == "whole decisions"
    assert plan["solver_log"]["gap_rate"].max() <= 1e-6


def test_without_the_rule_set_ups_are_free():
    plan = workshop({"setup": {"mode": "off"}, "setup_cover": {"mode": "off"}}).planned()
    assert plan["supply_decision"].empty
    assert by_month(plan["supply_plan"], "planned_qty", product="lime") == [10, 10, 10]


def second_solver(wanted, setup_hours, setup_cost, hours, holding):
    """Least cost of made, stock and set-up by product and month, written down by hand."""
    products, months = np.shape(wanted)
    size = products * months
    one, none = np.eye(size), np.zeros((size, size))
    roll = np.eye(size) - np.kron(np.eye(products), np.eye(months, k=-1))
    balance = np.hstack([one, -roll, none])
    most = np.hstack([one, none, -1000 * one])
    time = np.hstack(
        [
            np.tile(np.eye(months), products),
            np.zeros((months, size)),
            setup_hours * np.tile(np.eye(months), products),
        ]
    )
    cost = np.concatenate([np.zeros(size), np.full(size, holding), np.full(size, setup_cost)])
    kinds = np.concatenate([np.zeros(2 * size), np.ones(size)])
    found = milp(
        cost, integrality=kinds, bounds=Bounds(0, np.concatenate([np.full(2 * size, np.inf), np.ones(size)])),
        constraints=[
            LinearConstraint(balance, np.ravel(wanted), np.ravel(wanted)),
            LinearConstraint(most, -np.inf, 0),
            LinearConstraint(time, -np.inf, hours),
        ],
    )  # fmt: skip
    assert found.status == 0
    return float(found.fun)


@pytest.mark.parametrize("seed", range(4))
def test_set_ups_are_as_good_as_a_second_solver_finds(seed):
    chance = np.random.default_rng(seed)
    wanted = chance.integers(0, 30, (3, 5)).astype(float)
    wanted[:, 0] = chance.integers(5, 10, 3)
    plant = Plant(months=5, settings=ALONE | {"solver": "simplex"}).market()
    plant.add("resource", resource="line", location="plant", hours_per_day=6.0, setup_rule="each")
    for number, quantities in enumerate(wanted):
        name = f"p{number}"
        plant.product(name, cost=0.0).demand(name, list(quantities), price=1000.0)
        plant.add("routing", product=name, location="plant", operation=10, resource="line",
                  run_hours_per_unit=1.0, setup_hours_per_lot=15.0, setup_cost_per_lot=40.0)  # fmt: skip
        plant.add("product_location", product=name, location="plant", holding_cost_per_unit_day=0.05)
    plan = plant.planned()
    assert plan["shipment_plan"]["lost_qty"].sum() == pytest.approx(0, abs=1e-6)
    stock = plan["projected_inventory"]["closing_qty"].sum() * 1.5
    cost = plan["supply_decision"]["cost_value"].sum() + stock
    assert cost == pytest.approx(second_solver(wanted, 15.0, 40.0, 120.0, 1.5), rel=1e-6)


def test_relax_and_fix_finds_a_whole_plan_and_tells_its_distance():
    plan = workshop({}, mip_window_buckets=1).planned()
    first = plan["solver_log"].iloc[0]
    assert first["status"] == "optimal"
    # the best whole plan costs 5 set-ups of 50, 150 of conversion and lime kept for a month
    assert first["gap_rate"] < 0.2
    whole = plan["supply_decision"]["decided_count"]
    assert np.allclose(whole, whole.round())


def test_where_nothing_whole_is_found_the_plan_without_whole_decisions_stands():
    plan = workshop({}, mip_seconds=1e-9).planned()
    assert plan["solver_log"].iloc[0]["status"] in {"relaxed", "time limit"}
    assert plan["shipment_plan"]["lost_qty"].sum() == pytest.approx(0, abs=1e-6)


def test_runs_orders_and_multiples_are_kept_where_the_rules_are_on():
    plant = workshop({"minimum_run": {"mode": "hard"}, "lot_multiple": {"mode": "hard"}}, rule="spread")
    plant.add("recipe", product="cola", location="plant", minimum_run_qty=70.0)
    plant.add("recipe", product="lime", location="plant", lot_multiple_qty=15.0, cost_per_unit=0.5)
    plan = plant.planned()
    cola = plan["supply_plan"].query("product == 'cola'")["planned_qty"]
    lime = plan["supply_plan"].query("product == 'lime'")["planned_qty"]
    assert (cola >= 70 - 1e-6).all()
    assert np.allclose(lime % 15, 0)
    assert lime.sum() == pytest.approx(30)
    assert plan["shortage"].empty


def test_an_order_has_its_cost_and_is_no_smaller_than_the_least_order():
    plant = Plant(settings=ALONE, rules={"minimum_order": {"mode": "hard"}}).product("syrup").market()
    plant.demand("syrup", [10, 10, 10], price=100.0)
    plant.add("purchase_term", product="syrup", supplier="maker", location="plant", currency="EUR",
              lead_time_days=0, price_per_unit=1.0, order_cost_value=5.0, minimum_order_qty=25.0)  # fmt: skip
    plant.add("product_location", product="syrup", location="plant", holding_cost_per_unit_day=0.01)
    plan = plant.planned()
    # one order of 30 costs 5 and 30 unit-months at 0.3; a second one would be 25 more than wanted
    assert by_month(plan["supply_plan"], "planned_qty") == [30]
    assert list(plan["supply_decision"]["decision"]) == ["order"]
    assert plan["supply_decision"]["cost_value"].sum() == pytest.approx(5)


def test_one_set_up_at_a_time_and_the_changeover_is_paid():
    plant = workshop({}, rule="sequence")
    plant.add("changeover", resource="line", from_setup="cola", to_setup="lime", changeover_cost_value=11.0)
    plant.add("changeover", resource="line", from_setup="lime", to_setup="cola", changeover_cost_value=13.0,
              changeover_hours=10.0)  # fmt: skip
    plan = plant.planned()
    setups = plan["supply_decision"].query("decision == 'setup'")
    assert by_month(setups, "decided_count") == [1, 1, 1]
    # a month is cola's or lime's, so the first month sells only one of them
    assert set(
        plan["supply_decision"].query("decision == 'changeover' and cost_value > 0")["cost_value"]
    ) <= {11, 13}
    made = plan["supply_plan"].groupby("period")["product"].nunique()
    assert (made == 1).all()
