"""A bound is below the best plan, and the plan of volume and mix is between the two."""

from __future__ import annotations

import json

import pytest

from benchmarks import bound
from benchmarks import plan as bench
from tests.benchmarks.test_instance import by_hand, frames


@pytest.mark.parametrize("rounds", [1, 12])
@pytest.mark.parametrize("seed", [0, 2])
def test_no_plan_costs_less_than_the_bound(tmp_path, capsys, rounds, seed):
    tables = frames(seed)
    for name, rows in tables.items():
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
    best = by_hand(tables)
    assert bound.main([str(tmp_path), "--rounds", str(rounds), "--objective", str(best)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["bound"] <= best + 1e-5
    assert told["gap"] >= -1e-6
    if rounds > 1:
        assert told["bound"] == pytest.approx(best, rel=0.03)


def test_more_rounds_never_cost_more(tmp_path, capsys):
    for name, rows in frames(1).items():
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
    found = []
    for rounds in ("1", "4"):
        assert bench.main([str(tmp_path), "--out", str(tmp_path / rounds), "--mode", "volume_mix",
                           "--rounds", rounds]) == 0  # fmt: skip
        found.append(json.loads(capsys.readouterr().out)["objective"])
    assert found[1] <= found[0] + 1e-6
