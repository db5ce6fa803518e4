"""Prices of limits against whole plans made anew with a little more of the limit, on made seasons."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.plans.plant import Plant

DAYS = 30
HOURS = 6.0


def season(seed: int, more: float = 0.0, month: int = 0) -> Plant:
    """Two products on a line that is full in some months, with other months to make ahead in.

    Parameters
    ----------
    more
        Hours that the line has in one month beyond the others.
    """
    chance = np.random.default_rng(seed)
    plant = Plant(months=4, settings={"late_days_maximum": 0})
    plant.product("cola", cost=2.0).product("juice", cost=3.0).market()
    late = np.array([0.5, 0.6, 1.5, 1.2])
    for name, level in (("cola", 60.0), ("juice", 40.0)):
        plant.demand(name, list(np.round(level * late * chance.uniform(0.85, 1.1, 4), 1)))
        holding = float(np.round(chance.uniform(0.002, 0.02), 4))
        plant.add("product_location", product=name, location="plant", holding_cost_per_unit_day=holding)
    plant.line("cola", HOURS).add(
        "routing", product="juice", location="plant", operation=10, resource="line", run_hours_per_unit=1.3
    )
    start = plant.periods[month]
    plant.add("resource_calendar", resource="line", start_date=start, reason="more",
              end_date=start + pd.Timedelta(days=DAYS - 1),
              capacity_rate=1.0 + more / (HOURS * 20))  # fmt: skip
    return plant


def contribution(plan: dict[str, pd.DataFrame]) -> float:
    """Contribution of a plan as the solver's last goal says it."""
    return -float(plan["solver_log"]["objective"].iloc[-1])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_price_times_step_is_what_a_plan_with_more_hours_earns(seed):
    first = season(seed).planned()
    values = first["constraint_value"]
    values = values[values["constraint"].eq("capacity") & values["confirmed"].eq("confirmed")]
    assert len(values)
    assert first["shipment_plan"]["lost_qty"].sum() == pytest.approx(0.0, abs=1e-6)
    row = values.iloc[0]
    month = list(season(seed).periods).index(row["period"])
    step = 0.5 * min(1.0, float(row["upper_qty"] - row["limit_qty"]))
    if step <= 0:
        step = -0.5 * float(row["limit_qty"] - row["lower_qty"])
    again = season(seed, step, month).planned()
    assert again["shipment_plan"]["lost_qty"].sum() == pytest.approx(0.0, abs=1e-6)
    earned = contribution(again) - contribution(first)
    assert earned == pytest.approx(row["held_price_per_unit"] * step, rel=0.01)
    assert earned != 0
    assert row["bought_service_qty"] == pytest.approx(0.0, abs=1e-6)
