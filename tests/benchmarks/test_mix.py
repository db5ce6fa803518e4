"""Volume and mix where families share scarce parts: always a plan that can be carried out."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import plan as bench
from benchmarks import prices
from benchmarks.bound import whole_instance
from benchmarks.mix import family_volumes, mix_of
from benchmarks.prices import Rounds

T = 6
ITEMS = ["bike", "cart", "sled"]
FIRST_WHEELS = 12.0
WHEELS = 15.0


@pytest.fixture
def folder(tmp_path):
    """Three products of two families on one line, all of bought wheels that are scarce until week 2."""
    every = range(T)
    wanted = np.random.default_rng(5).integers(4, 9, (3, T)).astype(float)
    demands = [f"d{item}" for item in ITEMS]
    frames = {
        "periods": pd.DataFrame({"period": every}),
        "items": pd.DataFrame({"item": [*ITEMS, "wheel"], "family": ["ride", "ride", "slide", "parts"]}),
        "item_site": pd.DataFrame(
            {"item": [*ITEMS, "wheel", "bike"], "site": ["plant"] * 4 + ["depot"],
             "initial": [2.0, 2.0, 2.0, FIRST_WHEELS, 0.0], "holding_cost": 0.1,
             "safety_stock": 0.0, "ss_penalty": 0.0}
        ),
        "demand": pd.DataFrame(
            {"demand": demands, "item": ITEMS, "site": "plant", "price": [20.0, 15.0, 11.0],
             "backlog_cost": 0.5, "lost_cost": [30.0, 20.0, 15.0]}
        ),
        "demand_qty": pd.DataFrame(
            [(name, t, wanted[d, t]) for d, name in enumerate(demands) for t in every],
            columns=["demand", "period", "qty"],
        ),
        "recipes": pd.DataFrame(
            {"recipe": ITEMS, "item": ITEMS, "site": "plant", "yield": 1.0, "lead_time": 0, "unit_cost": 1.0}
        ),
        "bom": pd.DataFrame({"recipe": ITEMS, "component": "wheel", "qty_per": [2.0, 4.0, 1.0]}),
        "routing": pd.DataFrame({"recipe": ITEMS, "resource": "line", "hours_per_unit": [1.0, 1.5, 0.5]}),
        "capacity": pd.DataFrame({"resource": "line", "period": every, "hours": 20.0}),
        "purchase": pd.DataFrame(
            {"source": ["v"], "item": "wheel", "site": "plant", "lead_time": 2, "unit_cost": 1.0}
        ),
        "purchase_cap": pd.DataFrame({"source": "v", "period": every, "max_qty": WHEELS}),
        "lanes": pd.DataFrame(
            {"lane": ["l"], "item": "bike", "from_site": "plant", "to_site": "depot", "lead_time": 0,
             "unit_cost": 0.5}
        ),
    }  # fmt: skip
    for name, rows in frames.items():
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path


@pytest.fixture
def is_large(monkeypatch):
    """The instance counts as one whose components the master plan cannot all hold."""
    monkeypatch.setattr(prices, "MOST_ROWS", 0)


def _wheels(plan: dict[str, pd.DataFrame]) -> np.ndarray:
    """Wheels left after each week by what is bought and used, counted by hand."""
    made = plan["production"].pivot_table(index="period", columns="recipe", values="qty", aggfunc="sum")
    made = made.reindex(index=range(T), columns=ITEMS).fillna(0.0)
    bought = plan["purchase"].groupby("period")["qty"].sum().reindex(range(T), fill_value=0.0)
    flow = bought.shift(2, fill_value=0.0) - made @ [2.0, 4.0, 1.0]
    return FIRST_WHEELS + flow.cumsum().to_numpy()


@pytest.mark.usefixtures("is_large")
@pytest.mark.parametrize("rounds", ["1", "12"])
def test_a_large_instance_ends_in_a_plan_with_the_parts_there_are(folder, capsys, rounds):
    out = folder / "plan"
    assert bench.main([str(folder), "--out", str(out), "--mode", "volume_mix", "--rounds", rounds]) == 0
    told = json.loads(capsys.readouterr().out)
    plan = {path.stem: pd.read_csv(path) for path in out.glob("*.csv")}
    left = _wheels(plan)
    assert left.min() >= -1e-6
    kept = plan["inventory"].query("item == 'wheel'").set_index("period")["qty"]
    assert kept.reindex(range(T), fill_value=0.0).to_numpy() == pytest.approx(left, abs=1e-5)
    assert told["bound"] <= told["objective"] + 1e-6
    assert told["gap"] == pytest.approx((told["objective"] - told["bound"]) / abs(told["bound"]))


@pytest.mark.usefixtures("is_large")
def test_products_that_miss_parts_are_planned_again_and_families_keep_the_rest(folder, monkeypatch):
    monkeypatch.setattr(prices, "PASSES", 0)
    mix = mix_of(whole_instance(folder), Rounds(most=1))
    assert mix.told["products_planned_again"] > 0
    assert 0 < mix.told["volume_gap"] < 1


def test_two_processes_find_the_plan_of_one(folder):
    whole = whole_instance(folder)
    alone, both = (mix_of(whole, Rounds(most=6), processes=many) for many in (1, 2))
    assert (alone.told["processes"], both.told["processes"]) == (1, 2)
    assert np.array_equal(alone.values, both.values)
    assert alone.bound == both.bound


def test_volumes_of_families_are_the_hours_of_the_line(folder):
    whole = whole_instance(folder)
    mix = mix_of(whole, Rounds(most=12))
    volumes = family_volumes(whole, mix.values)
    assert volumes.shape[1] == 2
    hours = np.flatnonzero(whole.rule == "capacity")
    used = whole.matrix[hours] @ np.where(whole.product >= 0, mix.values, 0.0)
    assert volumes.sum(axis=1) == pytest.approx(used / whole.elastic.row_scale[hours])
