"""What is true behind the demo customer fits together, and sales follow from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

AS_OF = pd.Timestamp("2026-02-28")
Read = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def truth(read: Read) -> pd.DataFrame:
    """True demand by product, market and week."""
    return read("demand", "truth")


@pytest.fixture(scope="module")
def weekly(sales: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """True demand of the past with what was sold of it."""
    monday = sales["date"] - pd.to_timedelta(sales["date"].dt.dayofweek, unit="D")
    sold = sales.assign(date=monday).groupby(["product", "market", "date"], as_index=False)["sold_qty"].sum()
    past = truth[truth["date"] <= AS_OF]
    found = past.merge(sold, on=["product", "market", "date"], how="outer", validate="one_to_one")
    return found.fillna({"sold_qty": 0})


def test_baseline_times_activities_times_chance_is_unconstrained_demand(truth: pd.DataFrame) -> None:
    product = truth["baseline_qty"] * truth["activity_factor"] * truth["chance_factor"]
    assert (product - truth["unconstrained_qty"]).abs().max() <= 0.5 + 1e-6


def test_activity_factors_are_the_product_of_the_single_effects(truth: pd.DataFrame, read: Read) -> None:
    key = ["product", "market", "date"]
    single = read("activity_effect", "truth").groupby(key, as_index=False)["factor"].prod()
    both = truth.merge(single, on=key, how="left", validate="one_to_one").fillna({"factor": 1.0})
    free = both["activity_factor"] > 0.1
    assert (both["activity_factor"] - both["factor"])[free].abs().max() < 1e-3
    assert (both["factor"] != 1).sum() > 1000


def test_chance_has_the_mean_one(truth: pd.DataFrame) -> None:
    weight = truth["baseline_qty"] * truth["activity_factor"]
    assert np.average(truth["chance_factor"], weights=weight) == pytest.approx(1.0, abs=0.01)


def test_nothing_is_sold_beyond_demand_and_all_of_it_where_stock_was_there(
    weekly: pd.DataFrame, read: Read
) -> None:
    assert (weekly["sold_qty"] <= weekly["unconstrained_qty"]).all()
    outs = read("stock_out").merge(read("market")[["market", "location"]], on="location")
    short = weekly.merge(outs, on=["product", "market", "date"], how="left", validate="one_to_one")
    there = short["out_of_stock_days"].isna()
    assert (short["sold_qty"] == short["unconstrained_qty"])[there].all()
    lost = (short["unconstrained_qty"] - short["sold_qty"])[~there]
    assert (lost > 0).mean() > 0.7


def test_price_promotions_follow_the_true_elasticity(read: Read, world: Any) -> None:
    plan = read("activity")
    cuts = plan[(plan["kind"] == "promotion") & (plan["effect_type"] == "price")]
    own = read("activity_effect", "truth").query("role == 'own'")
    both = own.merge(cuts[["activity", "effect"]], on="activity").merge(
        read("elasticity", "truth"), on=["product", "market"]
    )
    expected = (1 + both["effect"]) ** both["elasticity_first"]
    assert len(both) > 200
    assert (both["factor"] - expected).abs().max() < 1e-3


def test_authors_are_as_biased_as_the_truth_says(read: Read, world: Any) -> None:
    from generator.world import expected_months

    months = expected_months(world).groupby(["family", "market", "period"], as_index=False)["qty"].sum()
    said = read("manual_forecast").merge(months, on=["family", "market", "period"], validate="many_to_one")
    bias = said.groupby("author")["amount"].sum() / said.groupby("author")["qty"].sum() - 1
    true = read("author_bias", "truth").set_index("author")["bias_rate"]
    assert sorted(bias.index) == ["anna.virtanen", "erik.lindqvist"]
    assert (bias - true.reindex(bias.index)).abs().max() < 0.01


def test_assortment_seasons_and_rare_sales_are_as_promised(read: Read) -> None:
    series = read("elasticity", "truth")
    assert 350 <= len(series) <= 420
    assert series["is_intermittent"].mean() == pytest.approx(0.15, abs=0.02)
    products = read("product")
    assert products["product_type"].value_counts().to_dict() == {
        "finished": 72,
        "component": 40,
        "semi_finished": 10,
    }
    past = read("activity").query("kind == 'promotion' and start_date <= '2026-02-28'")
    assert len(past) == 160
