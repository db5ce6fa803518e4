"""What the workbench finds in a demo it has not seen, against the truth that demo was made from.

python -m benchmarks.activities [--seed N] [--variant multiplicative|additive|drifting]

Makes a demo in a temporary folder, cleans its history and measures its activities through the stages of
the workbench, and prints one line of JSON. Peers in the same run: sales taken as demand (for stock-outs),
effects taken as declared (for activities), demand taken as baseline (for what activities leave).

Promised on seeds and variants not used in development: censored_error_rate at most 0.10, coverage_rate
between 0.70 and 0.90, baseline_error_ratio at most 1.2.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sopwb.cycle.inputs import Inputs, Request, load_inputs
from sopwb.cycle.stages import STAGES, run_stage

DEMO = Path(__file__).resolve().parents[1] / "customers" / "demo"
VARIANTS = ("multiplicative", "additive", "drifting")
KEYS = ["product", "market", "date"]


def make_demo(folder: Path, seed: int, variant: str) -> Path:
    """A demo customer with its truth, made from the seed and variant."""
    command = [sys.executable, str(DEMO / "generate.py"), "--seed", str(seed), "--variant", variant]
    subprocess.run([*command, "--out", str(folder)], check=True)
    for name in ("model.yaml", "scenarios.yaml"):
        shutil.copy(DEMO / name, folder / name)
    return folder


def estimates(inputs: Inputs) -> dict[str, pd.DataFrame]:
    """The input tables with those of the stages up to the clean history."""
    tables = dict(inputs.tables)
    for stage in STAGES:
        if stage.name in ("product_cost", "demand_history"):
            tables |= run_stage(stage, tables, inputs.model, inputs.parts, inputs.schema)
    return tables


def truth(folder: Path, name: str) -> pd.DataFrame:
    """A table of the truth."""
    table = pd.read_parquet(folder / "truth" / f"{name}.parquet")
    return table.assign(date=pd.to_datetime(table["date"]))


def error_of_sum(estimate: pd.Series, true: pd.Series) -> float:
    """Distance of the sums, as a share of the true one."""
    return abs(float(estimate.sum()) - float(true.sum())) / float(true.sum())


def wape(cells: pd.DataFrame, column: str) -> float:
    """Weighted absolute error against the true baseline."""
    true = cells["true_baseline_qty"]
    return float((cells[column] - true).abs().sum() / true.sum())


def censored(cells: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Unconstrained demand of weeks with a stock-out: sum of what was estimated against the truth."""
    served = tables["market"][["market", "location"]]
    outs = tables["stock_out"].merge(served, on="location")[KEYS].drop_duplicates()
    weeks = cells.merge(outs, on=KEYS)
    weeks = weeks[weeks["unconstrained_qty"] > 0]
    return {
        "censored_error_rate": error_of_sum(weeks["demand_qty"], weeks["unconstrained_qty"]),
        "censored_error_rate_of_sales": error_of_sum(weeks["sold_qty"], weeks["unconstrained_qty"]),
        "censored_weeks": len(weeks),
    }


def coverage(folder: Path, tables: dict[str, pd.DataFrame], as_of: pd.Timestamp) -> dict[str, float]:
    """Share of past activities whose true own effect lies inside the interval, in units and as a rate."""
    own = truth(folder, "activity_effect").query("role == 'own'")
    base = truth(folder, "demand")[[*KEYS, "baseline_qty"]]
    own = own.merge(base, on=KEYS)
    own = own[own["date"] <= as_of].assign(true_qty=own["baseline_qty"] * (own["factor"] - 1))
    true = own.groupby("activity", as_index=False)[["true_qty", "baseline_qty"]].sum()
    true = true.rename(columns={"baseline_qty": "true_base_qty"})
    past = tables["activity"].loc[tables["activity"]["end_date"] <= as_of, ["activity"]]
    both = tables["activity_result"].merge(true, on="activity").merge(past, on="activity")
    rate = both["true_qty"] / both["true_base_qty"]
    missed = both["measured_qty"] - both["true_qty"]
    declared = both["declared_qty"] - both["true_qty"]
    return {
        "coverage_rate": float(both["true_qty"].between(both["lower_qty"], both["upper_qty"]).mean()),
        "coverage_of_rates": float(rate.between(both["lower_rate"], both["upper_rate"]).mean()),
        "activities": len(both),
        "effect_wape": float(missed.abs().sum() / both["true_qty"].abs().sum()),
        "effect_wape_as_declared": float(declared.abs().sum() / both["true_qty"].abs().sum()),
        "effect_bias_rate": float(missed.sum() / both["true_qty"].sum()),
    }


def baseline(cells: pd.DataFrame, folder: Path) -> dict[str, float]:
    """Error of the baseline in weeks that activities touch, against that of the other weeks."""
    own = truth(folder, "activity_effect").query("role == 'own'")[KEYS].drop_duplicates().assign(own=True)
    cells = cells.merge(own, on=KEYS, how="left")
    touched = (cells["activity_factor"] - 1).abs() > 1e-9
    promoted = cells["own"].notna()
    others = cells[~touched]
    same = others.groupby(["product", "market"]).apply(wape, "baseline_qty", include_groups=False)
    weight = cells[promoted].groupby(["product", "market"])["true_baseline_qty"].sum()
    like = float(
        (same.reindex(weight.index) * weight).sum() / weight[same.reindex(weight.index).notna()].sum()
    )
    return {
        "baseline_error_ratio": wape(cells[promoted], "baseline_qty") / wape(others, "baseline_qty"),
        "baseline_error_ratio_touched": wape(cells[touched], "baseline_qty") / wape(others, "baseline_qty"),
        "baseline_error_ratio_same_series": wape(cells[promoted], "baseline_qty") / like,
        "baseline_error_ratio_of_demand": wape(cells[promoted], "demand_qty") / wape(others, "baseline_qty"),
        "promoted_weeks": int(promoted.sum()),
        "other_weeks": len(others),
    }


def measure(seed: int, variant: str) -> dict[str, float | int | str]:
    """All figures of one demo."""
    with tempfile.TemporaryDirectory() as place:
        folder = make_demo(Path(place) / "kuura", seed, variant)
        inputs = load_inputs(Request(folder=folder))
        began = time.process_time()
        tables = estimates(inputs)
        seconds = time.process_time() - began
        as_of = inputs.model.as_of
        true = truth(folder, "demand").rename(columns={"baseline_qty": "true_baseline_qty"})
        cells = tables["demand_history_clean"].merge(true, on=KEYS, how="inner", validate="one_to_one")
        figures = censored(cells, tables) | coverage(folder, tables, as_of) | baseline(cells, folder)
    rounded = {
        name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()
    }
    return {"seed": seed, "variant": variant, **rounded, "cpu_seconds": round(seconds, 1)}


def tell(description: str | None, measure: Callable[[int, str], Mapping[str, Any]]) -> None:
    """Read seed and variant of a demo from the command line, measure it, print one line."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--variant", choices=VARIANTS, default="multiplicative")
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.seed, arguments.variant)))


if __name__ == "__main__":
    tell(__doc__, measure)
