"""What the calendar adds to the baseline forecast of a demo it has not seen, against the truth of that demo.

python -m benchmarks.calendar [--seed N] [--variant multiplicative|additive|drifting]

Makes a demo in a temporary folder, cleans its history, and forecasts the baseline of the weeks ahead twice
through the stages of the workbench: with the calendar taken off the history and put into each week, and
without. Both are held against the true baseline, in all weekly buckets, and in those that the calendar moves
by more than two percent. Prints one line of JSON.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd

from benchmarks.activities import KEYS, estimates, make_demo, tell, truth
from sopwb.calendar import spread_to_periods
from sopwb.config.model import Model
from sopwb.cycle.inputs import Inputs, Request, load_inputs
from sopwb.cycle.stages import STAGES, run_stage

FELT_RATE = 0.02
"""Change of a bucket's baseline by the calendar from which the bucket counts as touched by it."""


def with_calendar(model: Model, on: bool) -> Model:
    """The model with the calendar in the forecast, or without."""
    forecast = model.demand.forecast.model_copy(update={"calendar": on})
    return model.model_copy(update={"demand": model.demand.model_copy(update={"forecast": forecast})})


def forecasts(inputs: Inputs, tables: dict[str, pd.DataFrame], on: bool) -> dict[str, pd.DataFrame]:
    """The tables of the statistical forecast."""
    stage = next(stage for stage in STAGES if stage.name == "statistical_forecast")
    return run_stage(stage, tables, with_calendar(inputs.model, on), inputs.parts, inputs.schema)


def true_by_period(folder: Path, inputs: Inputs, period: pd.DataFrame) -> pd.DataFrame:
    """True baseline of each product and market in the weekly buckets ahead that it covers whole."""
    true = truth(folder, "demand").rename(columns={"baseline_qty": "true_qty"})[[*KEYS, "true_qty"]]
    ahead = true[true["date"] + pd.Timedelta(days=6) >= period["period"].min()]
    cells = spread_to_periods(ahead, period, ["true_qty"], bucket="week", holidays=inputs.model.holidays)
    weeks = period.loc[period["bucket"] == "week", ["period", "end_date"]]
    known = weeks[weeks["end_date"] <= true["date"].max() + pd.Timedelta(days=6)]
    return cells.merge(known[["period"]], on="period")


def error(cells: pd.DataFrame, column: str) -> float:
    """Sum of the absolute errors over the true baseline."""
    return float((cells[column] - cells["true_qty"]).abs().sum() / cells["true_qty"].sum())


def backtest_error(made: dict[str, pd.DataFrame]) -> float:
    """WMAPE of the statistical forecast in the backtest."""
    rows = made["backtest_accuracy"].query("stream == 'statistical'")
    return float(rows["absolute_error_qty"].sum() / rows["actual_qty"].sum())


def measure(seed: int, variant: str) -> dict[str, float | int | str]:
    """All figures of one demo."""
    with tempfile.TemporaryDirectory() as place:
        folder = make_demo(Path(place) / "kuura", seed, variant)
        inputs = load_inputs(Request(folder=folder))
        tables = estimates(inputs)
        without = forecasts(inputs, tables, False)
        carried = forecasts(inputs, tables, True)
        true = true_by_period(folder, inputs, tables["period"])
    keys = ["product", "market", "period"]
    plain = without["statistical_forecast"][[*keys, "baseline_qty"]].rename(
        columns={"baseline_qty": "plain_qty"}
    )
    cells = carried["statistical_forecast"].merge(true, on=keys, validate="one_to_one")
    cells = cells.merge(plain, on=keys, validate="one_to_one")
    bucket = cells.groupby("period")[["calendar_qty", "normal_qty"]].sum()
    felt = bucket.index[(bucket["calendar_qty"] / bucket["normal_qty"]).abs() > FELT_RATE]
    touched = cells[cells["period"].isin(felt)]
    figures = {
        "error": error(cells, "baseline_qty"),
        "error_without": error(cells, "plain_qty"),
        "touched_buckets": len(felt),
        "error_touched": error(touched, "baseline_qty") if len(touched) else 0.0,
        "error_touched_without": error(touched, "plain_qty") if len(touched) else 0.0,
        "backtest_error": backtest_error(carried),
        "backtest_error_without": backtest_error(without),
    }
    rounded = {name: round(value, 4) for name, value in figures.items()}
    return {"seed": seed, "variant": variant, **rounded}


if __name__ == "__main__":
    tell(__doc__, measure)
