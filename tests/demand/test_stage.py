import numpy as np
import pandas as pd
import pytest

from sopwb.config.model import Model
from sopwb.demand import stage
from tests.demand.conftest import activity_row, statement_row

SEASON = np.tile([80.0, 90, 100, 110, 120, 130, 140, 130, 120, 100, 90, 90], 3)


def run(tables, model, parts, schema):
    made = dict(tables)
    for door in (stage.portfolio, stage.demand_history, stage.statistical_forecast, stage.demand_plan):
        made |= {name: schema[name].shape(table) for name, table in door(made, model, parts).items()}
    return made


@pytest.fixture
def company(small):
    draw = np.random.default_rng(7)
    families = {"cola": "drinks", "water": "drinks", "chips": "snacks"}
    sales = {
        (product, market): list(np.round(SEASON * size * draw.uniform(0.9, 1.1, 36)))
        for product, size in (("cola", 10.0), ("water", 5.0), ("chips", 1.0))
        for market in ("north", "south")
    }
    return small(families, sales)


@pytest.fixture
def planned(company, model, parts, schema):
    company["activity"] = pd.DataFrame([activity_row()])
    company["manual_forecast"] = pd.DataFrame([statement_row()])
    return company, run(company, model, parts, schema)


def test_every_live_series_has_every_bucket_and_every_sum_ties(planned):
    company, made = planned
    plan = made["demand_plan"]
    assert len(plan) == 6 * len(company["period"])
    automatic = (plan["baseline_qty"] + plan["activity_qty"]).clip(lower=0)
    assert plan["automatic_qty"].to_numpy() == pytest.approx(automatic.to_numpy())
    value = plan["consensus_qty"] * plan["net_price_per_unit"]
    assert plan["consensus_value"].to_numpy() == pytest.approx(value.to_numpy())
    assert (plan["lower_qty"] <= plan["consensus_qty"] + 1e-9).all()
    assert (plan["consensus_qty"] <= plan["upper_qty"] + 1e-9).all()
    march = plan[plan["period"] == pd.Timestamp("2026-03-01")]
    assert march["manual_qty"].sum() == pytest.approx(march["automatic_qty"].sum() + 100)
    assert plan.loc[plan["period"] > pd.Timestamp("2026-03-01"), "manual_qty"].isna().all()
    forecast = made["statistical_forecast"]
    cola = forecast[(forecast["product"] == "cola") & (forecast["market"] == "north")]
    assert cola["baseline_qty"].iloc[:3].to_numpy() == pytest.approx(SEASON[:3] * 10, rel=0.12)
    assert cola["method"].unique().tolist() == [
        "theta + holt_winters + holt_winters_additive + holt_winters_log + young_damped_trend + boosted"
    ]


def test_the_same_tables_twice_give_the_same_bytes_and_nothing_given_is_written_into(
    planned, model, parts, schema
):
    company, first = planned
    before = {name: table.copy(deep=True) for name, table in company.items()}
    second = run(company, model, parts, schema)
    for name, table in second.items():
        pd.testing.assert_frame_equal(first[name], table, check_exact=True)
    for name, table in before.items():
        pd.testing.assert_frame_equal(company[name], table)


BAD = {
    "nothing at all": [0.0] * 36,
    "always the same": [7.0] * 36,
    "one month only": [0.0] * 35 + [9.0],
    "two months": [0.0] * 34 + [9.0, 4.0],
    "more returned than sold": [-5.0] * 36,
    "returned in the end": [10.0] * 35 + [-50.0],
    "silent for a year": [10.0] * 24 + [0.0] * 12,
    "a giant last month": [1.0] * 35 + [1e12],
    "now and then": [0.0, 0.0, 5.0] * 12,
}


def test_no_series_is_so_bad_that_it_fails_or_vanishes(small, model, parts, schema):
    families = dict.fromkeys([*BAD, "sound"], "all")
    sales = {(name, "shop"): values for name, values in BAD.items()} | {("sound", "shop"): list(SEASON)}
    made = run(small(families, sales), model, parts, schema)
    forecast, excluded = made["statistical_forecast"], made["forecast_exclusion"]
    assert set(forecast["product"]) | set(excluded["product"]) == set(families)
    assert set(forecast["product"]).isdisjoint(excluded["product"])
    assert np.isfinite(forecast[["baseline_qty", "lower_qty", "upper_qty"]].to_numpy()).all()
    assert (forecast["baseline_qty"] >= 0).all()
    same = forecast[forecast["product"] == "always the same"]["baseline_qty"]
    assert same.sum() == pytest.approx(7 * 12, rel=0.13)
    reasons = excluded.set_index("product")["reason"]
    assert reasons["silent for a year"].startswith("no sale since")
    assert "needs a manual forecast" in reasons["nothing at all"]


def test_without_any_sale_there_are_empty_tables_and_a_reason(small, model, parts, schema):
    made = run(small({"cola": "drinks"}, {}), model, parts, schema)
    assert made["demand_plan"].empty
    assert made["forecast_exclusion"]["product"].tolist() == ["cola"]


def test_a_new_product_without_history_is_planned_by_what_people_say(small, model, parts, schema):
    tables = small({"cola": "drinks", "new": "drinks"}, {("cola", "shop"): list(SEASON)})
    rows = [statement_row(product="new", market="shop", mode="absolute", amount=310.0)]
    tables["manual_forecast"] = pd.DataFrame(rows)
    plan = run(tables, model, parts, schema)["demand_plan"]
    new = plan[plan["product"] == "new"].set_index("period")
    assert new.loc[pd.Timestamp("2026-03-01"), "consensus_qty"] == pytest.approx(310.0)
    assert new["consensus_qty"].sum() == pytest.approx(310.0)


def test_a_successor_that_has_not_begun_is_forecast_from_its_predecessor(small, model, parts, schema):
    tables = small({"old": "drinks", "new": "drinks"}, {("old", "shop"): [100.0] * 36})
    product = tables["product"].set_index("product")
    product.loc["old", "phase_out_date"] = pd.Timestamp("2026-06-30")
    product.loc["new", "launch_date"] = pd.Timestamp("2026-07-01")
    tables["product"] = product.reset_index()
    tables["product_successor"] = pd.DataFrame(
        [{"product": "old", "successor": "new", "start_date": pd.Timestamp("2026-07-01"), "factor_rate": 1.2}]
    )
    plan = run(tables, model, parts, schema)["demand_plan"]
    total = plan.pivot(index="period", columns="product", values="consensus_qty")
    assert total.loc["2026-06-01"].to_dict() == pytest.approx({"old": 100.0, "new": 0.0})
    assert total.loc["2026-07-01"].to_dict() == pytest.approx({"old": 0.0, "new": 120.0})


def test_weeks_are_spread_over_buckets_without_loss(small, parts, schema):
    calendar = {
        "history_bucket": "week",
        "weekly_horizon_weeks": 13,
        "horizon_months": 6,
        "as_of": "2026-02-28",
    }
    weekly = Model.model_validate({"name": "Weekly", "calendar": calendar})
    tables = small({"cola": "drinks"}, {("cola", "shop"): [1.0]})
    weeks = pd.date_range("2024-01-01", "2026-02-16", freq="W-MON")
    tables["sales_history"] = pd.DataFrame(
        {
            "product": "cola",
            "market": "shop",
            "date": weeks,
            "sold_qty": 70.0,
            "returned_qty": 0.0,
            "net_sales_value": 140.0,
        }
    )
    from sopwb.calendar import plan_periods

    tables["period"] = plan_periods(weekly.as_of, weeks=13, end=pd.Timestamp("2026-08-31"))
    forecast = run(tables, weekly, parts, schema)["statistical_forecast"].merge(tables["period"], on="period")
    assert (forecast["baseline_qty"] / forecast["working_days"]).to_numpy() == pytest.approx(
        np.full(len(forecast), 14.0)
    )
