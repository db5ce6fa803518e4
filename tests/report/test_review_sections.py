"""Messages of the demand review: why the plan changed, what needs a word, who was right, what is asked."""

import pandas as pd
import pytest

from sopwb.report.charts import waterfall
from sopwb.report.section import section_html
from sopwb.report.sections import (
    accuracy,
    delivery,
    demand,
    family_sheet,
    launches,
    questions,
    review,
    voices,
)
from tests.report import plan

SECTIONS = {
    "change": review.demand_change,
    "exceptions": review.demand_exceptions,
    "outside": review.outside_the_plan,
    "added": accuracy.forecast_value_added,
    "lag": accuracy.accuracy_by_lag,
    "author": accuracy.accuracy_by_author,
    "delivery": delivery.deliveries_by_market,
    "families": family_sheet.family_sheets,
    "launches": launches.launch_scorecard,
    "decisions": questions.demand_decisions,
    "spoken": voices.who_has_spoken,
}
MARCH = pd.Timestamp("2026-03-01")


@pytest.fixture(scope="module")
def model():
    return plan.model()


@pytest.fixture
def tables():
    given = plan.empty_tables()
    given["product"] = pd.DataFrame(
        {"product": ["cola", "tea"], "family": ["soft", "hot"], "description": None}
    )
    given["market"] = pd.DataFrame({"market": ["north"], "description": ["The North"]})
    return given


def change(product, *, before, now, **causes):
    parts = ("launch_qty", "actuals_qty", "model_qty", "activity_qty", "override_qty")
    return {
        "product": product,
        "market": "north",
        "period": MARCH,
        "cycle": pd.Timestamp("2026-01-31"),
        "previous_qty": before,
        "current_qty": now,
        "net_price_per_unit": 2.0,
        "change_value": 2.0 * (now - before),
        **{name: causes.get(name, 0.0) for name in parts},
    }


def steps(rates, values, lag=1, family="*"):
    names = list(accuracy.STEPS)
    table = pd.DataFrame({"family": family, "lag": lag, "step": range(1, 7), "stream": names})
    table = table.assign(wmape_rate=rates, error_value=values, bias_rate=0.01)
    return table.assign(
        value_added_rate=table["wmape_rate"].shift() - table["wmape_rate"],
        value_added_value=table["error_value"].shift() - table["error_value"],
    )


@pytest.mark.parametrize("name", SECTIONS)
def test_an_empty_plan_gives_a_plain_sentence(name, model):
    section = SECTIONS[name](plan.empty_tables(), model)
    assert len(section.message) > 10
    assert "nan" not in section_html(section)


def test_the_change_has_its_largest_cause_in_money_and_closes(tables, model):
    rows = [
        change("cola", before=100.0, now=130.0, actuals_qty=-10.0, activity_qty=40.0),
        change("tea", before=50.0, now=45.0, override_qty=-5.0),
    ]
    tables["forecast_change"] = pd.DataFrame(rows)
    section = review.demand_change(tables, model)
    assert "+50.0\u202f€ (+16.7\u202f%) since the cycle of 2026-01-31" in section.message
    assert section.message.endswith("most of it by activities, +80.0\u202f€")
    bridge = review._bridge(300.0, {"New sales": -20.0, "Activities": 80.0, "Model": 0.0}, 350.0)
    assert bridge["label"].to_list() == ["Last cycle", "New sales", "Activities", "This cycle"]
    assert section.table.frame["cause"].to_list() == ["Activities", "What people say"]
    assert len(section.chart) == 3


def test_the_stair_goes_from_the_naive_error_to_that_of_the_consensus(tables, model):
    rates = [0.30, 0.20, 0.15, 0.10, 0.12, 0.11]
    values = [900.0, 600.0, 450.0, 300.0, 360.0, 330.0]
    tables["forecast_value_added"] = pd.concat([steps(rates, values), steps(rates, values, family="soft")])
    section = accuracy.forecast_value_added(tables, model)
    assert "take 19.0\u202fpp off the error, worth 570\u202f€ of margin" in section.message
    assert section.message.endswith("what people say makes it worse by 60.0\u202f€")
    stair = accuracy._stair(steps(rates, values), "error_value", "value_added_value")
    ends = stair["amount_value"]
    assert ends.iloc[0] + ends.iloc[1:-1].sum() == pytest.approx(ends.iloc[-1])
    assert accuracy.accuracy_by_lag(tables, model).message.startswith(
        "The consensus missed by 11.0\u202f% 1 month"
    )


def author(name, worth, rate, bias, carried=0):
    return {
        "author": name,
        "family": "*",
        "lag": 1,
        "judged": 4,
        "carried": carried,
        "last_entered_on": pd.Timestamp("2025-05-31"),
        "wmape_rate": 0.1 - rate,
        "automatic_wmape_rate": 0.1,
        "value_added_rate": rate,
        "bias_rate": bias,
        "tracking_signal": 4.0 if bias > 0 else -1.5,
        "value_added_value": worth,
    }


def test_authors_are_ranked_by_what_believing_them_was_worth(tables, model):
    rows = [author("erik", 500.0, 0.01, 0.0), author("anna", -900.0, -0.03, 0.08, carried=3)]
    tables["author_accuracy"] = pd.DataFrame(rows)
    section = accuracy.accuracy_by_author(tables, model)
    assert section.message.startswith("Believing anna (bias +8.0\u202f%) would have cost 900\u202f€")
    assert section.message.endswith("1 author of 2 beat the automatic forecast")
    verdicts = section.table.frame["verdict"].to_list()
    assert verdicts == ["nothing new since 2025-05-31, too high", "better than the automatic forecast"]
    assert section.table.frame["tracking_signal"].to_list() == ["+4.0", "\u22121.5"]


def test_the_error_of_the_consensus_is_shown_at_every_level_that_the_archive_was_added_up_to(tables, model):
    rates = [0.30, 0.20, 0.15, 0.10, 0.12, 0.11]
    tables["forecast_value_added"] = steps(rates, [900.0] * 6)
    assert len(accuracy.accuracy_by_lag(tables, model).chart) == 2
    tables["level_accuracy"] = pd.DataFrame(
        {
            "level": ["company", "series", "family"],
            "stream": "consensus",
            "lag": 1,
            "wmape_rate": [0.02, 0.11, 0.05],
            "coverage_rate": float("nan"),
        }
    )
    told = accuracy.accuracy_by_lag(tables, model)
    assert len(told.chart) == 3
    assert told.note.endswith("another makes up.")
    held = pd.DataFrame(
        {"level": "product", "lag": [1, 3], "stream": "consensus", "coverage_rate": [0.81, 0.7]}
    )
    bands = tables | {"level_accuracy": pd.concat([tables["level_accuracy"], held])}
    said = "held 81\u202f% of its months 1 month ahead and 70\u202f% 3 months ahead."
    assert accuracy.accuracy_by_lag(bands, model).note.endswith(f"The 80 percent band of a product {said}")
    shown = accuracy._by_level(tables["level_accuracy"])
    assert shown["row"].to_list() == ["Product and market", "Family", "Company"]
    assert shown["value"].to_list() == [0.11, 0.05, 0.02]


def test_the_title_says_what_is_counted_against_which_day_over_which_months(tables):
    settings = {"date_basis": "promised", "late_days": 2, "early_days": 1, "unit": "order", "months": 6}
    strict = plan.model(delivery=settings)
    rates = {"on_time_rate": 0.9, "in_full_rate": 0.95, "on_time_in_full_rate": 0.88}
    base = {"unit": "order", "total": 10.0, "missed_value": 5000.0, **rates}
    rows = [{"scope": scope, "period": "*", **base} for scope in ("*", "market=north")]
    tables["delivery_performance"] = pd.DataFrame(rows)
    section = delivery.deliveries_by_market(tables, strict)
    words = "% of orders against the promised date, up to 2 days late, at most 1 day early, 6 months to"
    assert words in section.title
    assert section.message.startswith("88.0\u202f% of orders came on time and in full; The North is lowest")


def test_decisions_come_from_authors_activities_and_exceptions_by_money(tables, model):
    tables["author_accuracy"] = pd.DataFrame([author("anna", -900.0, -0.03, 0.08)])
    tables["standing_forecast"] = pd.DataFrame({"author": ["anna"]})
    keys = {"product": ["cola"], "market": ["north"], "period": [MARCH]}
    tables["demand_plan"] = pd.DataFrame({**keys, "net_price_per_unit": [2.0]})
    tables["activity_effect"] = pd.DataFrame(
        {**keys, "activity": ["T"], "full_qty": [1000.0], "effect_qty": [0.0]}
    )
    tables["activity"] = pd.DataFrame(
        {
            "activity": ["T"],
            "description": ["Ferry tender"],
            "probability": [0.5],
            "owner": ["erik"],
            "start_date": [MARCH],
        }
    )
    asked = questions.demand_decisions(tables, model).table.frame
    assert asked["money"].to_list() == [2000.0, 900.0]
    assert asked["question"].iloc[0] == "Ferry tender, 50\u202f% likely: is it in the plan?"
    assert asked["default"].to_list() == ["out", "as before"]


def test_an_axis_is_cut_only_where_the_steps_are_small_beside_the_totals():
    bridge = pd.DataFrame(
        {
            "step": [1, 2, 3],
            "label": ["then", "why", "now"],
            "amount_value": [1000.0, 10.0, 1010.0],
            "is_total": [True, False, True],
        }
    )
    cut = waterfall(bridge, unit="units", is_cut=True)
    assert "axis cut" in cut.spec["title"]["text"]
    large = bridge.assign(amount_value=[1000.0, 900.0, 1900.0])
    assert "axis cut" not in waterfall(large, unit="units", is_cut=True).spec["title"]["text"]
    assert "axis cut" not in waterfall(bridge, unit="units").spec["title"]["text"]


def test_a_bridge_of_losses_has_the_unit_of_its_numbers():
    loss = pd.DataFrame(
        {
            "step": [1, 2],
            "label": ["margin", "earned"],
            "amount_value": [-145_000.0, -145_000.0],
            "is_total": [True, True],
        }
    )
    assert waterfall(loss, unit="USD", heading="bike").spec["title"]["text"] == "bike, k USD"


def test_a_launch_is_judged_after_all_that_it_cost(tables, model):
    row = {
        "product": "cola",
        "change": "launch",
        "months": 3,
        "attainment_rate": 0.9,
        "sold_qty": 100.0,
        "margin_value": 1000.0,
        "predecessor_qty": 40.0,
        "sister_qty": 10.0,
        "lost_margin_value": 500.0,
        "development_value": 300.0,
        "launch_value": 100.0,
        "old_stock_value": 50.0,
        "run_out_months": 2.0,
        "write_off_value": 20.0,
        "earned_value": 80.0,
    }
    tables["launch_scorecard"] = pd.DataFrame([row])
    section = launches.launch_scorecard(tables, model)
    assert "1 launch with sales have" not in section.message
    assert "50\u202f% of what they sold came from own products" in section.message
    amounts = launches._bridge(row)["amount_value"]
    assert amounts.iloc[:-1].sum() == pytest.approx(amounts.iloc[-1])


def test_the_quality_of_the_forecast_is_told_in_points_and_in_units_of_the_naive_error(tables, model):
    rows = [
        {
            "source": "backtest",
            "stream": stream,
            "family": "*",
            "lag": lag,
            "actual_qty": 100.0,
            "forecast_qty": 105.0,
            "absolute_error_qty": error,
            "coverage_rate": 0.8,
            "mase": scaled + lag / 10,
            "rmsse": scaled,
            "pinball_rate": float("nan") if stream == "naive" else 0.04 * lag,
        }
        for stream, error, scaled in (("naive", 30.0, 1.1), ("statistical", 20.0, 0.7))
        for lag in (1, 2, 3, 4)
    ]
    tables["forecast_accuracy"] = pd.DataFrame(rows)
    section = demand.forecast_quality(tables, model)
    shown = section.table.frame.set_index("stream")
    # means of one to three buckets ahead
    assert shown.loc["statistical", ["mase", "rmsse", "pinball_rate"]].tolist() == pytest.approx(
        [0.9, 0.7, 0.08]
    )
    assert pd.isna(shown.loc["naive", "pinball_rate"])
    assert {section.table.heading(name) for name in ("mase", "rmsse", "pinball_rate")} == {
        "MASE",
        "RMSSE",
        "pinball",
    }


def test_products_whose_class_is_not_due_are_named_with_the_cycle_they_wait_for(tables, model):
    tables["review_cadence"] = pd.DataFrame(
        {
            "product": ["cola", "tea"],
            "abc_class": ["A", "C"],
            "xyz_class": "X",
            "every_months": [1, 3],
            "is_due": [True, False],
            "next_review_date": pd.to_datetime(["2026-02-28", "2026-03-31"]),
        }
    )
    told = review.demand_exceptions(tables, model)
    assert told.note == "Left out until 2026-03-31: 1 product of class CX, by margin and error."
