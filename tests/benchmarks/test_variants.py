"""Other cases of the published kinds, with the truth found by a second, independent method."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from benchmarks.cases import solved


def best_orders(demand, setup, holding, unit) -> float:
    """Least cost by going back over the periods of the last order (Wagner and Whitin, 1958)."""
    best = [0.0]
    for last in range(1, len(demand) + 1):
        ways = []
        for first in range(last):
            kept = sum(holding * (t - first) * demand[t] for t in range(first, last))
            bought = unit[first] * sum(demand[first:last])
            ordered = setup[first] if sum(demand[first:last]) else 0.0
            ways.append(best[first] + ordered + bought + kept)
        best.append(min(ways))
    return best[-1]


@pytest.mark.parametrize("seed", range(3))
def test_orders_of_one_product_cost_what_the_dynamic_programme_finds(seed):
    chance = np.random.default_rng(seed)
    periods = int(chance.integers(5, 9))
    demand = chance.integers(0, 60, periods).astype(float)
    setup = chance.integers(40, 120, periods).astype(float)
    unit = chance.integers(0, 4, periods).astype(float) if seed else np.zeros(periods)
    data = {"demand": list(demand), "setup": list(setup), "holding": 1.5}
    if seed:
        data["unit_cost"] = list(unit)
    known = {"cost": best_orders(demand, setup, 1.5, unit)}
    (result,) = solved("variant", {"kind": "uncapacitated lot sizing", "data": data, "known": known})
    assert result.is_solved
    assert result.computed == pytest.approx(known["cost"], rel=1e-6)


@pytest.mark.parametrize("seed", range(2))
def test_products_on_machines_earn_what_a_second_solver_finds(seed):
    """Made, sold and kept by product and month; one machine of a kind is down in one month."""
    chance = np.random.default_rng(10 + seed)
    products, periods = 3, 4
    profit = chance.integers(5, 20, products).astype(float)
    hours = {name: chance.choice([0.0, 0.5, 1.0, 2.0], products) for name in ("lathe", "drill")}
    machines, month = {"lathe": 2, "drill": 3}, 60.0
    sales = chance.integers(10, 60, (periods, products)).astype(float)
    size = products * periods
    one = np.eye(size)
    balance = np.hstack([one, -one, np.kron(np.eye(products), np.eye(periods, k=-1) - np.eye(periods))])
    use, most = [], []
    for name, of in hours.items():
        for number in range(periods):
            row = np.zeros((products, periods))
            row[:, number] = of
            use.append(np.concatenate([row.ravel(), np.zeros(2 * size)]))
            most.append((machines[name] - (name == "drill" and number == 1)) * month)
    last = np.zeros((products, periods))
    last[:, -1] = 1
    kept = np.diag(last.ravel())[last.ravel() > 0]
    ends = np.hstack([np.zeros((products, 2 * size)), -kept])
    bounds = [(0, None)] * size + [(0, value) for value in sales.T.ravel()] + [(0, 40.0)] * size
    cost = np.concatenate([np.zeros(size), -np.repeat(profit, periods), np.full(size, 0.5)])
    found = linprog(cost, np.vstack([np.array(use), ends]), [*most, *[-5.0] * products], balance,
                    np.zeros(size), bounds)  # fmt: skip
    assert found.status == 0
    data = {
        "T": periods, "profit": list(profit), "hours_per_unit": {k: list(v) for k, v in hours.items()},
        "machines": machines, "hours_per_machine_month": month, "max_sales": sales.tolist(),
        "max_stock_each": 40.0, "holding": 0.5, "final_stock_each": 5.0, "down": [[1, "drill", 1]],
    }  # fmt: skip
    case = {"kind": "multi-period production LP", "data": data, "known": {"profit": -found.fun}}
    (result,) = solved("variant", case)
    assert result.computed == pytest.approx(-found.fun, rel=1e-6)
