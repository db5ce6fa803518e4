import json
import sys

import numpy as np
import pandas as pd
import pytest

from benchmarks import forecast
from benchmarks.synthetic import synthetic_sales
from sopwb.errors import InputError

MONTHS = pd.date_range("2020-01-01", periods=48, freq="MS")
YEAR = np.tile([80.0, 90, 100, 110, 120, 130, 140, 130, 120, 100, 90, 90], 4)


@pytest.fixture
def train(tmp_path):
    frames = [pd.DataFrame({"unique_id": f"s{n}", "ds": MONTHS, "y": YEAR * (n + 1)}) for n in range(4)]
    frames.append(pd.DataFrame({"unique_id": "empty", "ds": MONTHS, "y": np.nan}))
    path = tmp_path / "train.parquet"
    pd.concat(frames).to_parquet(path)
    return path


def run(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["forecast", *map(str, words)])
    forecast.main()
    return json.loads(capsys.readouterr().out)


def test_it_writes_a_row_per_series_and_step_and_one_line_of_cost(train, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out.parquet"
    options = ("--horizon", 6, "--season", 12, "--freq", "MS", "--out", out)
    told = run(monkeypatch, capsys, train, *options)
    assert told["series"] == 4
    assert told["cpu_s"] > 0
    assert told["peak_rss_mb"] > 10
    written = pd.read_parquet(out)
    assert list(written) == ["unique_id", "ds", "yhat", "q0.1", "q0.5", "q0.9"]
    assert len(written) == 24
    first = written[written["unique_id"] == "s0"]["yhat"].to_numpy()
    assert first == pytest.approx(YEAR[:6], rel=0.05)
    excluded = pd.read_parquet(tmp_path / "out.excluded.parquet")
    assert excluded["unique_id"].tolist() == ["empty"]


def test_the_peer_is_measured_in_the_same_run(train, tmp_path, monkeypatch, capsys):
    options = ("--horizon", 3, "--season", 12, "--freq", "MS", "--out", tmp_path / "out.parquet")
    told = run(monkeypatch, capsys, train, *options, "--peer", "darts")
    assert told["peer_cpu_s_per_series"] > 0
    assert told["peer_ratio"] == pytest.approx(told["peer_cpu_s_per_series"] * 4 / told["cpu_s"], rel=0.2)


def test_made_series_are_the_same_for_the_same_seed_and_need_no_table(tmp_path, monkeypatch, capsys):
    out = tmp_path / "out.parquet"
    told = run(monkeypatch, capsys, "--synthetic", 20, "--years", 2, "--horizon", 4, "--out", out)
    assert told["series"] == 20
    again = run(monkeypatch, capsys, "--synthetic", 20, "--years", 2, "--horizon", 4)
    assert again["series"] == 20
    made = [synthetic_sales(20, years=2, season=52, freq="W-MON", seed=seed) for seed in (1, 1, 2)]
    pd.testing.assert_frame_equal(made[0], made[1])
    assert not made[0].equals(made[2])
    assert len(pd.read_parquet(out)) == 80


@pytest.mark.parametrize(
    "words", [(), ("train.parquet", "--synthetic", 5), ("train.parquet", "--freq", "MS")]
)
def test_what_is_missing_is_said(words, monkeypatch, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, capsys, *words)
    assert stopped.value.code == 2
    assert "--" in capsys.readouterr().err


def test_the_country_of_the_holidays_is_an_option(train, tmp_path, monkeypatch, capsys):
    options = ("--horizon", 6, "--season", 12, "--freq", "MS", "--out", tmp_path / "out.parquet")
    assert run(monkeypatch, capsys, train, *options, "--country", "FI")["series"] == 4
    with pytest.raises(InputError, match="no known country"):
        run(monkeypatch, capsys, train, *options, "--country", "Atlantis")
