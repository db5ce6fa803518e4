"""What the room finds in the demo, against the truth the demo was made from; only tests may read it."""

from pathlib import Path

import pandas as pd
import pytest

from sopwb.config.demand import DemandSettings
from sopwb.demand.history import demand_history_clean

AS_OF = pd.Timestamp("2026-02-28")
DATES = ("date", "start_date", "end_date", "launch_date", "phase_out_date", "entered_at")


def _read(folder: Path, name: str) -> pd.DataFrame:
    found = next(folder.glob(f"{name}.*"))
    table = pd.read_parquet(found) if found.suffix == ".parquet" else pd.read_csv(found)
    return table.assign(**{c: pd.to_datetime(table[c]) for c in table.columns.intersection(list(DATES))})


@pytest.fixture(scope="module")
def found(demo_folder, parts):
    data, truth = demo_folder / "data", demo_folder / "truth"
    tables = {
        name: _read(data, name) for name in ("sales_history", "stock_out", "activity", "product", "market")
    }
    activity = tables["activity"].assign(
        **{name: tables["activity"][name].fillna("*") for name in ("family", "product", "market")}
    )
    sales = tables["sales_history"]
    clean = demand_history_clean(
        sales[sales["date"] <= AS_OF],
        tables["stock_out"],
        activity[activity["entered_at"] <= AS_OF],
        tables["product"],
        tables["market"],
        parts.activity_kinds,
        DemandSettings(price_elasticity=-2.0),
        as_of=AS_OF,
        bucket="week",
    )
    true = _read(truth, "demand").rename(columns={"baseline_qty": "true_baseline_qty"})
    return clean.merge(true, on=["product", "market", "date"], how="inner", validate="one_to_one")


def wape(estimate, truth):
    return (estimate - truth).abs().sum() / truth.sum()


def test_taking_activities_out_halves_what_they_do_to_the_baseline(found):
    touched = found[(found["activity_factor"] - 1).abs() > 0.02]
    truth = touched["true_baseline_qty"]
    chance = wape(touched["unconstrained_qty"] / touched["activity_factor"], truth)
    before, after = wape(touched["demand_qty"], truth), wape(touched["baseline_qty"], truth)
    assert after - chance < (before - chance) / 2
    assert abs(touched["baseline_qty"].sum() / truth.sum() - 1) < 0.03


def test_demand_is_nearer_to_what_was_wanted_than_sales_where_stock_was_out(found):
    out = found[found["stock_out_adjustment_qty"] > 0]
    filled = out["sold_qty"] + out["stock_out_adjustment_qty"]
    assert len(out) > 100
    assert wape(filled, out["unconstrained_qty"]) < wape(out["sold_qty"], out["unconstrained_qty"]) / 4
    assert abs(filled.sum() / out["unconstrained_qty"].sum() - 1) < 0.05


def test_most_true_outliers_are_found_and_little_else_is_changed(found, demo_folder):
    true = _read(demo_folder / "truth", "outlier")
    true = true.merge(found, on=["product", "market", "date"], how="inner")
    sellable = true[true["true_baseline_qty"] > 20]
    assert (sellable["outlier_adjustment_qty"] != 0).mean() > 0.6
    changed = (found["outlier_adjustment_qty"].abs() > 1).sum()
    assert changed < 2.5 * len(true)
