"""The peer plans the same instance to the same objective, and says plainly when it cannot."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import peer
from benchmarks import plan as bench
from benchmarks.instance import read_instance, workbench_tables

T = 6
needs_linopy = pytest.mark.skipif(
    importlib.util.find_spec("linopy") is None, reason="linopy is not installed on this machine."
)


def frames(seed: int) -> dict[str, pd.DataFrame]:
    """Cheese and whey from milk, on one of two vats, sold at the dairy and at a shop with too little room."""
    chance = np.random.default_rng(seed)
    periods = np.arange(T)
    sites = [("cheese", "dairy"), ("cheese", "shop"), ("whey", "dairy"), ("milk", "dairy")]
    demand = [("d1", "cheese", "shop", 9.0, 0.5, 14.0), ("d2", "cheese", "shop", 8.0, 0.3, 8.0),
              ("d3", "whey", "dairy", 2.0, 0.1, 2.5)]  # fmt: skip
    return {
        "periods": pd.DataFrame({"period": periods}),
        "item_site": pd.DataFrame(
            [(item, site, 4.0, 0.05, 2.0, 0.6) for item, site in sites],
            columns=["item", "site", "initial", "holding_cost", "safety_stock", "ss_penalty"],
        ),
        "demand": pd.DataFrame(
            demand, columns=["demand", "item", "site", "price", "backlog_cost", "lost_cost"]
        ),
        "demand_qty": pd.DataFrame(
            [(row[0], t, float(chance.integers(0, 12))) for row in demand for t in periods],
            columns=["demand", "period", "qty"],
        ),
        "recipes": pd.DataFrame(
            {"recipe": ["slow", "fast"], "item": "cheese", "site": "dairy", "yield": [0.95, 0.8],
             "lead_time": [2, 1], "unit_cost": [1.0, 1.6]}
        ),
        "coproduct": pd.DataFrame({"recipe": ["slow", "fast"], "item": "whey", "qty_per": [0.5, 0.7]}),
        "bom": pd.DataFrame({"recipe": ["slow", "fast"], "component": "milk", "qty_per": [1.2, 1.3]}),
        "routing": pd.DataFrame(
            {"recipe": ["slow", "fast"], "resource": ["old vat", "new vat"], "hours_per_unit": [1.0, 0.5]}
        ),
        "capacity": pd.DataFrame(
            [(vat, t, float(chance.integers(0, 7)), 2.0, 4.0)
             for vat in ("old vat", "new vat") for t in periods],
            columns=["resource", "period", "hours", "overtime_max", "overtime_cost"],
        ),
        "purchase": pd.DataFrame(
            {"source": ["farm"], "item": "milk", "site": "dairy", "lead_time": 1, "unit_cost": 0.4}
        ),
        "purchase_cap": pd.DataFrame(
            {"source": "farm", "period": periods, "max_qty": chance.integers(4, 16, T).astype(float)}
        ),
        "lanes": pd.DataFrame(
            {"lane": ["van"], "item": "cheese", "from_site": "dairy", "to_site": "shop", "lead_time": 1,
             "unit_cost": 0.2}
        ),
        "storage": pd.DataFrame({"site": ["shop"], "max_volume": [9.0], "over_cost": [0.4]}),
        "item_volume": pd.DataFrame({"item": ["cheese"], "volume": [1.5]}),
        "receipts": pd.DataFrame({"item": ["milk"], "site": "dairy", "period": [2], "qty": [5.0]}),
    }  # fmt: skip


@pytest.fixture(params=[0, 1, 2])
def folder(request, tmp_path):
    for name, rows in frames(request.param).items():
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path


@needs_linopy
def test_linopy_finds_the_objective_of_the_workbench(folder):
    instance = read_instance(folder)
    own = bench.plan(instance, workbench_tables(instance), solver="simplex")
    model = peer.formulated(instance)
    model.solve("highs", io_api="direct", output_flag=False, progress=False)
    assert model.objective.value == pytest.approx(own.objective, rel=1e-6)


@needs_linopy
def test_both_are_measured_in_processes_of_their_own(tmp_path, capsys):
    for name, rows in frames(3).items():
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
    assert bench.main([str(tmp_path), "--out", str(tmp_path / "plan"), "--peer", "linopy"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["linopy_objective"] == pytest.approx(told["objective"], rel=1e-6)
    assert told["own_objective"] == pytest.approx(told["objective"], rel=1e-6)
    ratio = told["own_peak_rss_mb"] / told["linopy_peak_rss_mb"]
    assert told["memory_over_linopy"] == pytest.approx(ratio, abs=1e-3)
    assert min(told["linopy_build_s"], told["linopy_solve_s"]) > 0


def test_without_linopy_there_is_one_sentence_and_no_plan(folder, capsys, monkeypatch):
    monkeypatch.setattr(peer.importlib.util, "find_spec", lambda name: None)
    assert bench.main([str(folder), "--out", str(folder / "plan"), "--peer", "linopy"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "linopy is not installed" in told.err
    assert not (folder / "plan").exists()


def test_an_instance_with_whole_decisions_is_not_given_to_the_peer(folder, monkeypatch):
    monkeypatch.setattr(peer.importlib.util, "find_spec", lambda name: name)
    purchase = pd.read_csv(folder / "purchase.csv")
    purchase.assign(moq=3.0).to_csv(folder / "purchase.csv", index=False)
    with pytest.raises(peer.PeerError, match=r"purchase\.moq"):
        peer.check_peer(read_instance(folder))


def test_the_most_a_process_has_held_is_at_least_what_is_asked_of_it():
    before = peer.peak_mb()
    held = np.ones(int(before + 50) * 2**17)
    assert peer.peak_mb() >= before
    assert peer.peak_mb() >= held.nbytes / 2**20
