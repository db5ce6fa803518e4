"""An instance's tables become the workbench's; the plan is as good as a second solver's."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from benchmarks import plan as bench
from benchmarks.instance import plan_tables, read_instance, workbench_tables
from sopwb.errors import InputError

T = 5
HOURS, OVERTIME, OVERTIME_COST = [30.0, 10.0, 30.0, 0.0, 25.0], 4.0, 3.0
MAKE, BUY, MOVE, HOLD, SAFETY, SAFETY_COST = 1.0, 2.0, 0.5, 0.1, 3.0, 0.7
YIELD, PER_UNIT = 0.8, 1.5
LIMIT = [20.0, 12.0, 20.0, 8.0, 20.0]
STREAMS = {"d1": (10.0, 0.4, 15.0), "d2": (12.0, 0.2, 9.0)}


def frames(seed: int) -> dict[str, pd.DataFrame]:
    """A drink made at a plant of bought syrup and moved to a depot, where two classes want it."""
    chance = np.random.default_rng(seed)
    wanted = chance.integers(0, 14, (2, T)).astype(float)
    every = range(T)
    sites = [("drink", "plant"), ("drink", "depot"), ("syrup", "plant")]
    return {
        "periods": pd.DataFrame({"period": every}),
        "item_site": pd.DataFrame(
            [(item, site, 6.0, HOLD, SAFETY, SAFETY_COST) for item, site in sites],
            columns=["item", "site", "initial", "holding_cost", "safety_stock", "ss_penalty"],
        ),
        "demand": pd.DataFrame(
            [(name, "drink", "depot", *terms) for name, terms in STREAMS.items()],
            columns=["demand", "item", "site", "price", "backlog_cost", "lost_cost"],
        ),
        "demand_qty": pd.DataFrame(
            [(name, t, wanted[d, t]) for d, name in enumerate(STREAMS) for t in every],
            columns=["demand", "period", "qty"],
        ),
        "recipes": pd.DataFrame(
            {"recipe": ["r"], "item": "drink", "site": "plant", "yield": YIELD, "lead_time": 1,
             "unit_cost": MAKE}
        ),
        "bom": pd.DataFrame({"recipe": ["r"], "component": "syrup", "qty_per": PER_UNIT}),
        "routing": pd.DataFrame({"recipe": ["r"], "resource": "line", "hours_per_unit": 2.0}),
        "capacity": pd.DataFrame(
            {"resource": "line", "period": every, "hours": HOURS, "overtime_max": OVERTIME,
             "overtime_cost": OVERTIME_COST}
        ),
        "purchase": pd.DataFrame(
            {"source": ["v"], "item": "syrup", "site": "plant", "lead_time": 1, "unit_cost": BUY}
        ),
        "purchase_cap": pd.DataFrame({"source": "v", "period": every, "max_qty": LIMIT}),
        "lanes": pd.DataFrame(
            {"lane": ["l"], "item": "drink", "from_site": "plant", "to_site": "depot", "lead_time": 0,
             "unit_cost": MOVE}
        ),
        "storage": pd.DataFrame(
            {"site": ["plant", "depot"], "max_volume": [20.0, 8.0], "over_cost": [1.0, 0.3]}
        ),
    }  # fmt: skip


def by_hand(tables: dict[str, pd.DataFrame]) -> float:
    """Least cost less revenue, written down as one matrix by hand."""
    names = ("make", "buy", "move", "plant", "depot", "syrup", "ship1", "ship2", "late1", "late2", "lost1",
             "lost2", "over", "extra", "short1", "short2", "short3", "full1", "full2")  # fmt: skip
    at = {name: np.arange(T) + place * T for place, name in enumerate(names)}
    one, before = np.eye(T), np.eye(T, k=-1)
    equal, right, least, bound = [], [], [], []

    def row(into, limits, limit, **blocks):
        whole = np.zeros((T, T * len(names)))
        for name, matrix in blocks.items():
            whole[:, at[name]] += matrix
        into.append(whole)
        limits.append(np.broadcast_to(limit, T))

    start = np.zeros(T)
    start[0] = 6.0
    roll = one - before
    row(equal, right, start, plant=roll, make=-YIELD * before, move=one)
    row(equal, right, start, depot=roll, move=-one, ship1=one, ship2=one)
    row(equal, right, start, syrup=roll, buy=-before, make=PER_UNIT * one)
    wanted = tables["demand_qty"]["qty"].to_numpy().reshape(2, T)
    for number in (1, 2):
        row(
            equal,
            right,
            wanted[number - 1],
            **{f"ship{number}": one, f"lost{number}": one, f"late{number}": roll},
        )
    row(least, bound, HOURS, make=2 * one, over=-one, extra=-one)
    for number, stock in enumerate(("plant", "depot", "syrup"), 1):
        row(least, bound, -SAFETY, **{stock: -one, f"short{number}": -one})
    row(least, bound, 20.0, plant=one, syrup=one, full1=-one)
    row(least, bound, 8.0, depot=one, full2=-one)
    charge = dict.fromkeys(names, 0.0) | {
        "make": MAKE, "buy": BUY, "move": MOVE, "plant": HOLD, "depot": HOLD, "syrup": HOLD,
        "over": OVERTIME_COST, "extra": 150.0, "full1": 1.0, "full2": 0.3,
        "short1": SAFETY_COST, "short2": SAFETY_COST, "short3": SAFETY_COST,
    }  # fmt: skip
    for number, (price, late, lost) in enumerate(STREAMS.values(), 1):
        charge |= {f"ship{number}": -price, f"late{number}": late, f"lost{number}": lost}
    cost = np.repeat([charge[name] for name in names], T)
    for number, (_, _, lost) in enumerate(STREAMS.values(), 1):
        cost[at[f"late{number}"][-1]] += lost
    most = np.full(T * len(names), np.inf)
    most[at["over"]] = OVERTIME
    most[at["buy"]] = tables["purchase_cap"]["max_qty"]
    found = linprog(
        cost, A_ub=np.vstack(least), b_ub=np.concatenate(bound), A_eq=np.vstack(equal),
        b_eq=np.concatenate(right), bounds=np.column_stack([np.zeros(len(most)), most]),
    )  # fmt: skip
    assert found.status == 0
    return float(found.fun)


@pytest.fixture(params=[0, 1, 2])
def folder(request, tmp_path):
    for name, rows in frames(request.param).items():
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path


def test_the_plan_is_as_good_as_a_second_solver_finds(folder):
    instance = read_instance(folder)
    planned = bench.plan(instance, workbench_tables(instance), solver="simplex")
    assert planned.objective == pytest.approx(by_hand(instance.tables), rel=1e-6)


def test_the_plan_s_tables_balance_and_cost_what_is_told(folder, capsys):
    out = folder / "plan"
    assert bench.main([str(folder), "--out", str(out), "--change", "capacity:line:0.9"]) == 0
    told = json.loads(capsys.readouterr().out)
    plan = {path.stem: pd.read_csv(path) for path in out.glob("*.csv")}
    made = plan["production"].groupby("period")["qty"].sum().reindex(range(T), fill_value=0.0)
    stock = plan["inventory"].query("item == 'drink'").groupby("period")["qty"].sum()
    shipped = plan["shipments"].groupby("period")["qty"].sum()
    arrived = YIELD * made.shift(fill_value=0.0)
    assert np.allclose(stock.diff().fillna(stock.iloc[0] - 12.0), arrived - shipped, atol=1e-6)
    hours = plan["overtime"].groupby("period")["hours"].sum().reindex(range(T), fill_value=0.0)
    over = plan["capacity_over"].groupby("period")["hours"].sum().reindex(range(T), fill_value=0.0)
    assert (2 * made <= np.array(HOURS) + hours + over + 1e-6).all()
    assert told["rows"] > 0
    assert told["total_over_pure"] > 0
    assert told["cold_objective"] >= told["objective"] - 1e-6
    assert told["resolve_objective"] == pytest.approx(told["cold_objective"], rel=1e-6)
    assert told["pure_objective"] == pytest.approx(told["objective"], rel=1e-6)
    assert told["resolve_gap"] <= 1e-6
    assert told["resolve_service_gap"] <= 1e-6
    assert told["resolve_over_cold"] > 0


def test_of_several_rounds_the_least_seconds_count(folder, capsys):
    with_rounds = [str(folder), "--out", str(folder / "plan"), "--solver", "simplex", "--repeat", "3"]
    assert bench.main(with_rounds) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rounds"] == 3
    assert told["build_cpu_s"] <= told["first_build_cpu_s"]
    assert bench.Took.least([bench.Took(3.0, 1.0), bench.Took(2.0, 4.0)]) == (2.0, 1.0)


def test_a_change_of_a_resource_that_is_not_there_is_refused(folder):
    tables = workbench_tables(read_instance(folder))
    with pytest.raises(InputError, match="capacity:RESOURCE:FACTOR"):
        bench.changed(tables, "capacity:oven:0.9")
    assert bench.changed(tables, "capacity:line:0.5")["resource"]["hours_per_day"].max() == pytest.approx(0.5)


def test_tables_that_are_missing_are_named_all_at_once(tmp_path):
    with pytest.raises(
        InputError, match=r"periods: the table is missing[\s\S]*recipes: the table is missing"
    ):
        read_instance(tmp_path)


WRONG = {
    "hours below zero": ("capacity", {"hours": -5.0}, "capacity.hours.*below zero"),
    "a cost that is not there": ("recipes", {"unit_cost": np.nan}, "recipes.unit_cost.*is not a number"),
    "stock below zero": ("item_site", {"initial": -1.0}, "item_site.initial.*below zero"),
    "demand for what is not kept": ("demand", {"item": "soup"}, "demand.site.*names no row of item_site"),
    "work of no recipe": ("routing", {"recipe": "q"}, "routing.recipe.*names no row of recipes"),
    "a part that is not at the plant": ("bom", {"component": "gas"}, "bom.component.*recipe's site"),
    "a lane to itself": ("lanes", {"to_site": "plant"}, "lanes.to_site.*a lane to itself"),
    "a period beyond the end": ("purchase_cap", {"period": T}, "purchase_cap.period.*from 0 to 4"),
    "half a period of lead time": ("recipes", {"lead_time": 0.5}, "recipes.lead_time.*whole number"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_row_is_named_with_its_remedy_and_ends_with_2(what, tmp_path, capsys):
    table, cells, said = WRONG[what]
    for name, rows in frames(0).items():
        changed = rows.astype(dict.fromkeys(cells, object)) if name == table else rows
        if name == table:
            changed.loc[0, list(cells)] = list(cells.values())
        changed.to_csv(tmp_path / f"{name}.csv", index=False)
    assert bench.main([str(tmp_path), "--out", str(tmp_path / "plan")]) == 2
    told = capsys.readouterr().err
    assert re.search(said.replace(".*", r"[\s\S]*"), told)
    assert "row 2 (" in told
    assert "→" in told


def test_two_rows_of_a_key_are_told_together(tmp_path, capsys):
    for name, rows in frames(0).items():
        twice = pd.concat([rows, rows.iloc[:1]]) if name == "item_site" else rows
        twice.to_csv(tmp_path / f"{name}.csv", index=False)
    assert bench.main([str(tmp_path), "--out", str(tmp_path / "plan")]) == 2
    assert "2 row(s): share the key item site" in capsys.readouterr().err


def cost_of(folder, tables: dict[str, pd.DataFrame]) -> float:
    """Objective of the plan of some tables."""
    for name, rows in tables.items():
        rows.to_csv(folder / f"{name}.csv", index=False)
    instance = read_instance(folder)
    planned = bench.plan(instance, workbench_tables(instance), solver="simplex")
    plan_tables(instance, planned.plan())
    return planned.objective


def test_codes_that_are_numbers_plan_as_well_as_words(folder, tmp_path_factory):
    codes = {"drink": 1, "syrup": 2, "plant": 10, "depot": 20, "line": 3, "r": 4, "v": 5, "l": 6}
    other = {
        name: rows.apply(lambda cells: cells.map(lambda cell: codes.get(cell, cell)))
        for name, rows in read_instance(folder).tables.items()
        if len(rows)
    }
    again = cost_of(tmp_path_factory.mktemp("codes"), other)
    assert again == pytest.approx(by_hand(read_instance(folder).tables), rel=1e-6)


def test_without_lanes_and_without_a_price_of_safety_stock_there_is_a_plan(tmp_path):
    """Two are there, one is wanted in each of two periods: they are sold at 10, the second kept for 1."""
    tables = {
        "periods": pd.DataFrame({"period": [0, 1]}),
        "item_site": pd.DataFrame(
            {"item": ["a"], "site": "s", "initial": 2.0, "holding_cost": 1.0, "safety_stock": 5.0}
        ),
        "demand": pd.DataFrame(
            {"demand": ["d"], "item": "a", "site": "s", "price": 10.0, "backlog_cost": 1.0, "lost_cost": 5.0}
        ),
        "demand_qty": pd.DataFrame({"demand": "d", "period": [0, 1], "qty": 1.0}),
        "recipes": pd.DataFrame(columns=["recipe", "item", "site", "yield", "lead_time", "unit_cost"]),
    }
    assert cost_of(tmp_path, tables) == pytest.approx(1.0 - 20.0)


def test_stock_that_nobody_wants_goes_where_it_costs_less(tmp_path):
    """Ten cost 1 each a period at the plant and nothing at the depot; to move one costs 0.5."""
    tables = {
        "periods": pd.DataFrame({"period": [0, 1]}),
        "item_site": pd.DataFrame(
            {"item": "a", "site": ["plant", "depot"], "initial": [10.0, 0.0], "holding_cost": [1.0, 0.0]}
        ),
        "demand": pd.DataFrame(
            {"demand": ["d"], "item": "a", "site": "depot", "price": 1.0, "backlog_cost": 1.0,
             "lost_cost": 5.0}
        ),
        "demand_qty": pd.DataFrame({"demand": ["d"], "period": 0, "qty": 0.0}),
        "recipes": pd.DataFrame(columns=["recipe", "item", "site", "yield", "lead_time", "unit_cost"]),
        "lanes": pd.DataFrame(
            {"lane": ["l"], "item": "a", "from_site": "plant", "to_site": "depot", "lead_time": 0,
             "unit_cost": 0.5}
        ),
    }  # fmt: skip
    assert cost_of(tmp_path, tables) == pytest.approx(5.0)


def test_runs_orders_fences_and_days_in_stock_are_kept(folder):
    rows = {name: pd.read_csv(folder / f"{name}.csv") for name in ("recipes", "purchase", "item_site")}
    rows["recipes"].assign(min_run=9.0, frozen_until=1).to_csv(folder / "recipes.csv", index=False)
    rows["purchase"].assign(moq=11.0).to_csv(folder / "purchase.csv", index=False)
    rows["item_site"].assign(shelf_life=[np.nan, 2, np.nan]).to_csv(folder / "item_site.csv", index=False)
    pd.DataFrame({"table": ["purchase"], "key": ["v"], "period": [0], "qty": [13.0]}).to_csv(
        folder / "frozen.csv", index=False
    )
    instance = read_instance(folder)
    planned = bench.plan(instance, workbench_tables(instance), solver="simplex", mip_gap_rate=1e-6)
    plan = plan_tables(instance, planned.plan())
    made, bought = plan["production"], plan["purchase"]
    assert (made["qty"] >= 9.0 - 1e-6).all()
    assert (made["period"] >= 1).all()
    assert (bought["qty"] >= 11.0 - 1e-6).all()
    assert bought.query("period == 0")["qty"].sum() == pytest.approx(13.0)
    depot = plan["inventory"].query("site == 'depot'").set_index("period")["qty"]
    shipped = plan["shipments"].groupby("period")["qty"].sum()
    used_later = [shipped[t + 1 : t + 3].sum() for t in range(T - 2)]
    assert (depot.iloc[: T - 2].to_numpy() <= np.array(used_later) + 1e-6).all()


def test_a_limit_that_no_plan_can_keep_is_named(folder, capsys):
    assert bench.main([str(folder), "--out", str(folder / "plan")]) == 0
    kept = capsys.readouterr()
    assert (json.loads(kept.out)["broken_limits"], kept.err) == (0, "")
    # no syrup is there for so much in the first period
    pd.DataFrame({"table": ["production"], "key": ["r"], "period": [0], "qty": [1e4]}).to_csv(
        folder / "frozen.csv", index=False
    )
    assert bench.main([str(folder), "--out", str(folder / "plan")]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["broken_limits"] > 0
    assert "in period 0 cannot be kept: broken by" in told.err


def test_volume_and_mix_ends_in_a_plan_that_balances_and_is_no_better_than_the_best(folder, capsys):
    pd.DataFrame({"item": ["drink", "syrup"], "family": ["drinks", "parts"]}).to_csv(
        folder / "items.csv", index=False
    )
    out = folder / "mix"
    assert bench.main([str(folder), "--out", str(out), "--mode", "volume_mix", "--rounds", "30"]) == 0
    told = json.loads(capsys.readouterr().out)
    best = by_hand(read_instance(folder).tables)
    assert best - 1e-6 <= told["objective"] <= best + 0.05 * abs(best)
    plan = {path.stem: pd.read_csv(path) for path in out.glob("*.csv")}
    made = plan["production"].groupby("period")["qty"].sum().reindex(range(T), fill_value=0.0)
    bought = plan["purchase"].groupby("period")["qty"].sum().reindex(range(T), fill_value=0.0)
    syrup = plan["inventory"].query("item == 'syrup'").set_index("period")["qty"]
    flow = bought.shift(fill_value=0.0) - PER_UNIT * made
    assert np.allclose(syrup.to_numpy(), 6.0 + flow.cumsum().to_numpy(), atol=1e-5)
    assert (syrup >= -1e-9).all()
