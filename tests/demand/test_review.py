import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.calendar import plan_periods
from sopwb.config.demand import ReviewSettings
from sopwb.demand import stage
from sopwb.demand.demand_exception import demand_exception
from sopwb.demand.forecast_change import CAUSES, forecast_change
from sopwb.demand.review_stage import demand_review
from sopwb.demand.value_added import STAIR, archived_steps, forecast_value_added, unit_margin
from sopwb.runs.archive import remembered
from tests.demand.conftest import monthly_sales, product_table

AS_OF = pd.Timestamp("2026-02-28")
PRODUCT = product_table({"cola": "drinks", "chips": "snacks"})
MONTHS = pd.to_datetime(["2026-03-01", "2026-04-01"])
PERIOD = pd.DataFrame(
    {"period": MONTHS, "fiscal_period": MONTHS, "end_date": MONTHS + pd.offsets.MonthEnd(0)}
)
MARGIN = pd.DataFrame({"product": ["cola", "chips"], "market": "shop", "margin_per_unit": [2.0, 5.0]})


def archive(*rows):
    columns = ["cycle", "product", "period", "baseline_qty", "automatic_qty", "manual_qty", "consensus_qty"]
    frame = pd.DataFrame(rows, columns=columns)
    dates = {name: pd.to_datetime(frame[name]) for name in ("cycle", "period")}
    return frame.assign(market="shop", **dates)


# ------------------------------------------------------------------ value added


@pytest.fixture
def steps():
    sales = monthly_sales({("cola", "shop"): [100.0] * 10 + [80.0, 90.0, 110.0, 120.0]})
    plans = archive(
        ("2025-12-31", "cola", "2026-01-01", 105.0, 108.0, np.nan, 108.0),
        ("2025-12-31", "cola", "2026-02-01", 100.0, 104.0, 130.0, 117.0),
        ("2026-01-31", "cola", "2026-02-01", 110.0, 115.0, 121.0, 118.0),
        ("2026-01-31", "cola", "2026-03-01", 110.0, 115.0, 121.0, 118.0),
    )
    return archived_steps(plans, sales, PRODUCT, as_of=AS_OF)


def test_every_step_is_held_against_what_was_sold(steps):
    cells = steps.set_index(["cycle", "period"])
    far = cells.loc[(pd.Timestamp("2025-12-31"), pd.Timestamp("2026-02-01"))]
    assert far[["lag", "actual_qty", "naive", "seasonal_naive"]].tolist() == [2, 120.0, 90.0, 100.0]
    near = cells.loc[(pd.Timestamp("2025-12-31"), pd.Timestamp("2026-01-01"))]
    assert near["manual"] == near["automatic"] == 108.0
    assert steps["period"].max() == pd.Timestamp("2026-02-01")


def test_the_stair_counts_points_and_money_and_sums_to_the_whole_way(steps):
    table = forecast_value_added(steps, MARGIN)
    stair = table[(table["family"] == "*") & (table["lag"] == 2)].set_index("stream")
    assert stair["absolute_error_qty"].to_dict() == {
        "naive": 30.0,
        "seasonal_naive": 20.0,
        "statistical": 20.0,
        "automatic": 16.0,
        "manual": 10.0,
        "consensus": 3.0,
    }
    assert stair.loc["automatic", "value_added_rate"] == pytest.approx(4 / 120)
    assert stair.loc["automatic", "value_added_value"] == pytest.approx(4 * 2.0)
    way = stair["error_value"].iloc[0] - stair["error_value"].iloc[-1]
    assert stair["value_added_value"].sum() == pytest.approx(way)
    assert np.isnan(stair["value_added_value"].iloc[0])


def test_without_an_archive_there_is_no_stair():
    sales = monthly_sales({("cola", "shop"): [100.0]})
    empty = archive().astype(dict.fromkeys(("baseline_qty", "automatic_qty", "consensus_qty"), float))
    steps = archived_steps(empty, sales, PRODUCT, as_of=AS_OF)
    assert forecast_value_added(steps, MARGIN).empty


def test_the_margin_is_price_less_standard_cost_and_never_below_zero():
    plan = pd.DataFrame({"product": ["cola", "chips", "new"], "market": "shop", "period": MONTHS[0]})
    plan = plan.assign(net_price_per_unit=[5.0, 1.0, np.nan])
    cost = pd.DataFrame({"product": ["cola", "chips"], "standard_cost_per_unit": [3.0, 2.0]})
    margin = unit_margin(plan, cost, PERIOD).set_index("product")["margin_per_unit"]
    assert margin.to_dict() == {"chips": 0.0, "cola": 2.0, "new": 0.0}


# ------------------------------------------------------------------ change since the last cycle


def plan(*rows):
    columns = ["product", "period", "baseline_qty", "automatic_qty", "consensus_qty"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(market="shop", period=pd.to_datetime(frame["period"]), net_price_per_unit=2.0)


def refit(*rows):
    frame = pd.DataFrame(rows, columns=["product", "period", "baseline_qty"])
    frame = frame.astype({"baseline_qty": float, "product": object})
    return frame.assign(market="shop", period=pd.to_datetime(frame["period"]))


def test_every_part_of_a_change_has_its_cause():
    then = archive(("2026-01-31", "cola", "2026-03-01", 100.0, 110.0, np.nan, 115.0))
    now = plan(("cola", "2026-03-01", 130.0, 145.0, 152.0))
    row = forecast_change(now, PERIOD, then, refit(("cola", "2026-03-01", 104.0))).iloc[0]
    assert {name: row[name] for name in CAUSES} == {
        "launch_qty": 0.0,
        "actuals_qty": 26.0,
        "model_qty": 4.0,
        "activity_qty": 5.0,
        "override_qty": 2.0,
    }
    assert row[["previous_qty", "current_qty", "change_value"]].tolist() == [115.0, 152.0, 74.0]


def test_what_only_one_plan_has_is_a_launch_or_an_end():
    then = archive(("2026-01-31", "chips", "2026-03-01", 9.0, 9.0, np.nan, 9.0))
    now = plan(("cola", "2026-03-01", 50.0, 60.0, 70.0))
    table = forecast_change(now, PERIOD, then, refit()).set_index("product")
    assert table["launch_qty"].to_dict() == {"chips": -9.0, "cola": 70.0}
    assert (table.drop(columns=["launch_qty"])[[name for name in CAUSES if name != "launch_qty"]] == 0).all(
        axis=None
    )


def test_only_the_latest_cycle_and_the_months_of_both_plans_are_compared():
    then = archive(
        ("2025-12-31", "cola", "2026-03-01", 1.0, 1.0, np.nan, 1.0),
        ("2026-01-31", "cola", "2026-02-01", 2.0, 2.0, np.nan, 2.0),
        ("2026-01-31", "cola", "2026-03-01", 3.0, 3.0, np.nan, 3.0),
    )
    now = plan(("cola", "2026-03-01", 5.0, 5.0, 5.0), ("cola", "2026-04-01", 6.0, 6.0, 6.0))
    table = forecast_change(now, PERIOD, then, refit())
    assert table[["period", "previous_qty", "current_qty"]].to_numpy().tolist() == [[MONTHS[0], 3.0, 5.0]]


CELL = st.tuples(*[st.floats(0, 1e6)] * 7, st.sampled_from(["both", "now", "then"]), st.booleans())


@settings(max_examples=60)
@given(st.lists(CELL, min_size=1, max_size=12))
def test_nothing_of_a_change_is_left_over(cells):
    then_rows, now_rows, refit_rows = [], [], []
    for number, (b0, a0, c0, b1, a1, c1, again, where, is_refit) in enumerate(cells):
        name, month = f"P{number // 2}", MONTHS[number % 2]
        if where != "now":
            then_rows.append(("2026-01-31", name, month, b0, a0, np.nan, c0))
        if where != "then":
            now_rows.append((name, month, b1, a1, c1))
        if is_refit:
            refit_rows.append((name, month, again))
    if not then_rows or not now_rows:
        return
    table = forecast_change(plan(*now_rows), PERIOD, archive(*then_rows), refit(*refit_rows))
    whole = table["previous_qty"] + table[list(CAUSES)].sum(axis=1)
    assert whole.to_numpy() == pytest.approx(table["current_qty"].to_numpy(), abs=1e-6)


# ------------------------------------------------------------------ exceptions


def exceptions(consensus, automatic, previous, most=10, earlier=None, **words):
    names = ["cola", "chips"]
    near = pd.DataFrame({"product": names, "market": "shop", "period": MONTHS[0]})
    near = near.assign(consensus_qty=consensus, automatic_qty=automatic, near_horizon_qty=0.0)
    moved = near.assign(previous_qty=previous, current_qty=consensus, **dict.fromkeys(CAUSES, 0.0))
    moved = moved.assign(activity_qty=moved["current_qty"] - moved["previous_qty"])
    steps = pd.DataFrame(
        {
            "family": ["drinks", "snacks"],
            "market": "shop",
            "lag": 3,
            "cycle": MONTHS[0],
            "consensus": [120.0, 100.0],
            "actual_qty": 100.0,
        }
    )
    if earlier is not None:
        steps = pd.concat([steps, earlier])
    return demand_exception(near, steps, moved, MARGIN, PRODUCT, ReviewSettings(**words), most=most)


def test_exceptions_are_ranked_by_money_and_name_their_kind_and_cause():
    found = exceptions([120.0, 100.0], [120.0, 80.0], [120.0, 70.0])
    assert found[["rank", "kind", "family"]].to_numpy().tolist() == [
        [1, "change", "snacks"],
        [2, "people", "snacks"],
        [3, "bias", "drinks"],
    ]
    assert found["money_value"].tolist() == pytest.approx([30 * 5.0, 20 * 5.0, 20 * 2.0])
    assert found["message"].tolist() == [
        "The plan is 43\u202f% higher than last cycle, most of it by activities",
        "People see 25\u202f% more than the forecast",
        "Forecasts 3 months ahead were 20\u202f% too high",
    ]
    assert found["end_period"].iloc[0] == pd.Timestamp("2026-05-01")


def nearest(cola, chips):
    """Consensus one month ahead of what was sold, 100, in as many cycles."""
    parts = [
        pd.DataFrame({"family": family, "market": "shop", "lag": 1, "consensus": values, "actual_qty": 100.0})
        for family, values in (("drinks", cola), ("snacks", chips))
    ]
    return pd.concat([part.assign(cycle=MONTHS[0] - pd.to_timedelta(part.index, unit="D")) for part in parts])


def test_a_forecast_that_errs_month_after_month_to_one_side_is_a_signal_however_little():
    earlier = nearest([101.0, 102, 101, 100, 101, 102], [96.0, 104, 97, 103, 96, 104])
    same = [1000.0, 1000.0]
    before = exceptions(same, same, same)
    assert before["kind"].tolist() == ["bias"]
    row = exceptions(same, same, same, earlier=earlier).iloc[0]
    assert row["kind"] == "signal"
    # 7 over a mean size of 7 / 6, five of six too high
    assert row["message"] == (
        "Forecasts a month ahead were too high in 5 of 6 cycles (tracking signal +6.0); "
        "forecasts 3 months ahead were 20\u202f% too high"
    )
    # one exception, at the money of the bias
    assert row["money_value"] == before["money_value"].iloc[0]
    assert len(exceptions(same, same, same, earlier=earlier)) == 1
    # small as it is, it is told; a bias is not
    assert exceptions(same, same, same, exception_least_rate=0.5).empty
    assert len(exceptions(same, same, same, earlier=earlier, exception_least_rate=0.5)) == 1
    assert exceptions(same, same, same, earlier=earlier, tracking_signal_limit=6.0)["kind"].tolist() == [
        "bias"
    ]


def test_no_more_than_the_most_and_nothing_small_is_shown():
    assert len(exceptions([120.0, 100.0], [120.0, 80.0], [120.0, 70.0], most=2)) == 2
    assert exceptions([120.0, 100.0], [120.0, 80.0], [120.0, 70.0], exception_least_rate=0.5).empty
    quiet = exceptions([120.0, 100.0], [120.0, 100.0], [120.0, 100.0])
    assert quiet["kind"].tolist() == ["bias"]


# ------------------------------------------------------------------ the stage


def made_as_of(day, tables, model, parts, schema):
    calendar = model.calendar.model_copy(update={"as_of": pd.Timestamp(day).date()})
    then = model.model_copy(update={"calendar": calendar})
    sold = tables["sales_history"]
    known = tables | {"sales_history": sold[sold["date"] <= pd.Timestamp(day)]}
    known["period"] = plan_periods(pd.Timestamp(day), weeks=0, end=pd.Timestamp("2027-02-28"))
    for door in (stage.demand_history, stage.statistical_forecast, stage.demand_plan):
        known |= {name: schema[name].shape(table) for name, table in door(known, then, parts).items()}
    return known


def test_with_the_same_model_a_change_is_laid_at_the_door_of_new_sales(small, model, parts, schema):
    season = np.tile([80.0, 90, 100, 110, 120, 130, 140, 130, 120, 100, 90, 90], 3)
    season[-1] = 300.0
    tables = small({"cola": "drinks"}, {("cola", "shop"): list(season)})
    then = made_as_of("2026-01-31", tables, model, parts, schema)
    tables["past_demand_plan"] = remembered(
        then | {"supply_plan": schema["supply_plan"].empty(), "kpi": schema["kpi"].empty()},
        pd.Timestamp("2026-01-31"),
    )["past_demand_plan"]
    now = made_as_of("2026-02-28", tables, model, parts, schema)
    made = {name: schema[name].shape(table) for name, table in demand_review(now, model, parts).items()}
    change = made["forecast_change"]
    assert len(change) == 12
    assert change["model_qty"].abs().max() < 1e-6
    assert change["actuals_qty"].sum() > 0
    whole = change["previous_qty"] + change[list(CAUSES)].sum(axis=1)
    assert whole.to_numpy() == pytest.approx(change["current_qty"].to_numpy())
    stair = made["forecast_value_added"]
    assert set(stair["stream"]) == set(STAIR)
    assert "bias" in set(made["demand_exception"]["kind"])
    # a small product that is easy to forecast waits for the end of the quarter
    portfolio = pd.DataFrame({"product": ["cola"], "abc_class": ["C"]})
    easy = now | {
        "portfolio_value": portfolio,
        "forecastability": now["forecastability"].assign(xyz_class="X"),
    }
    waiting = demand_review(easy, model, parts)
    assert waiting["demand_exception"].empty
    assert waiting["review_cadence"]["is_due"].tolist() == [False]
    hard = easy | {"forecastability": now["forecastability"].assign(xyz_class="Z")}
    assert "bias" in set(demand_review(hard, model, parts)["demand_exception"]["kind"])


def test_without_an_earlier_cycle_or_any_sale_the_review_is_empty(small, model, parts, schema):
    for families, sales in (({"cola": "drinks"}, {("cola", "shop"): [100.0] * 36}), ({"cola": "drinks"}, {})):
        now = made_as_of("2026-02-28", small(families, sales), model, parts, schema)
        made = {name: schema[name].shape(table) for name, table in demand_review(now, model, parts).items()}
        assert all(table.empty for table in made.values())
