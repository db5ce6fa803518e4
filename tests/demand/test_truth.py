"""What the room finds in the demo, against the truth the demo was made from; only tests may read it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sopwb.calendar import holiday_names
from sopwb.config.demand import DemandSettings, ForecastSettings
from sopwb.demand.activity_review import activity_result
from sopwb.demand.adjustments import demand_adjustment, demand_history_clean
from sopwb.demand.answers import activity_response
from sopwb.demand.calendar_effect import calendar_marks
from sopwb.demand.forecast import histories, outlook
from sopwb.demand.market_calendar import MarketCalendars
from sopwb.demand.panel import buckets_on, panel_of
from sopwb.demand.past import past_of
from sopwb.demand.waterfall import demand_waterfall

AS_OF = pd.Timestamp("2026-02-28")
WEEKS_AHEAD = 26
DATES = ("date", "start_date", "end_date", "launch_date", "phase_out_date", "entered_at")


def _read(folder: Path, name: str) -> pd.DataFrame:
    found = next(folder.glob(f"{name}.*"))
    table = pd.read_parquet(found) if found.suffix == ".parquet" else pd.read_csv(found)
    return table.assign(**{c: pd.to_datetime(table[c]) for c in table.columns.intersection(list(DATES))})


NO_COST = pd.DataFrame({"product": [], "variable_cost_per_unit": []})
SETTINGS = DemandSettings(price_elasticity=-2.0)
KEYS = ["product", "market", "date"]


@pytest.fixture(scope="module")
def activity(demo_folder):
    table = _read(demo_folder / "data", "activity")
    named = {name: table[name].fillna("*") for name in ("family", "product", "market")}
    return table[table["entered_at"] <= AS_OF].assign(**named)


@pytest.fixture(scope="module")
def past(demo_folder, parts, activity):
    names = ("sales_history", "stock_out", "product", "market")
    tables = {name: _read(demo_folder / "data", name) for name in names}
    sales = tables["sales_history"]
    return past_of(
        sales[sales["date"] <= AS_OF],
        tables["stock_out"],
        activity,
        tables["product"],
        tables["market"],
        parts.activity_kinds,
        SETTINGS,
        as_of=AS_OF,
        bucket="week",
        calendars=MarketCalendars(("FI",), (holiday_names("FI", 2021, 2028),)),
    )


@pytest.fixture(scope="module")
def found(demo_folder, past):
    true = _read(demo_folder / "truth", "demand").rename(columns={"baseline_qty": "true_baseline_qty"})
    return demand_history_clean(past).merge(true, on=KEYS, how="inner", validate="one_to_one")


@pytest.fixture(scope="module")
def own_truth(demo_folder):
    """True effect in the spans of past activities: quantity and the baseline it stands on."""
    own = _read(demo_folder / "truth", "activity_effect").query("role == 'own'")
    base = _read(demo_folder / "truth", "demand")[[*KEYS, "baseline_qty"]]
    own = own[own["date"] <= AS_OF].merge(base, on=KEYS)
    own = own.assign(true_qty=own["baseline_qty"] * (own["factor"] - 1))
    return own.groupby("activity")[["true_qty"]].sum()


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


def test_censored_weeks_add_up_to_the_demand_there_was(found):
    out = found[found["stock_out_adjustment_qty"] > 0]
    assert abs(out["demand_qty"].sum() / out["unconstrained_qty"].sum() - 1) < 0.10


def test_true_effects_lie_inside_the_intervals_in_seven_to_nine_cases_of_ten(past, own_truth, activity):
    result = activity_result(past, NO_COST).set_index("activity").join(own_truth, how="inner")
    over = activity.loc[activity["end_date"] <= AS_OF, "activity"]
    result = result[result.index.isin(over)]
    inside = result["true_qty"].between(result["lower_qty"], result["upper_qty"])
    assert len(result) > 150
    assert 0.7 <= inside.mean() <= 0.9


def test_measured_effects_are_nearer_to_the_truth_than_declared_ones_and_unbiased(past, own_truth):
    result = activity_result(past, NO_COST).set_index("activity").join(own_truth, how="inner")
    declared, measured = (wape(result[name], result["true_qty"]) for name in ("declared_qty", "measured_qty"))
    assert measured < declared / 2
    assert abs(result["measured_qty"].sum() / result["true_qty"].sum() - 1) < 0.05


def test_the_baseline_is_not_much_worse_where_there_were_promotions(found, demo_folder):
    own = _read(demo_folder / "truth", "activity_effect").query("role == 'own'")[KEYS].drop_duplicates()
    promoted = found.merge(own, on=KEYS)
    others = found[found["activity_factor"] == 1]
    like = others[
        pd.MultiIndex.from_frame(others[KEYS[:2]]).isin(pd.MultiIndex.from_frame(promoted[KEYS[:2]]))
    ]
    error = wape(promoted["baseline_qty"], promoted["true_baseline_qty"])
    assert error <= 1.2 * wape(others["baseline_qty"], others["true_baseline_qty"])
    assert error <= 1.2 * wape(like["baseline_qty"], like["true_baseline_qty"])


def test_elasticities_of_families_lie_near_the_truth(past, demo_folder):
    answers = activity_response(past, SETTINGS)
    families = answers[
        (answers["group"] == "price") & (answers["family"] != "*") & (answers["product"] == "*")
    ]
    true = _read(demo_folder / "truth", "elasticity")
    true = true[~true["is_intermittent"].astype(bool)]
    product = _read(demo_folder / "data", "product")[["product", "family"]]
    mean = true.merge(product, on="product").groupby("family")["elasticity_last"].mean()
    found = families.set_index("family")["elasticity"]
    assert set(found.index) == set(mean.index)
    assert (found - mean.reindex(found.index)).abs().max() < 0.45


def test_sisters_lose_and_dips_follow_as_the_truth_says(past):
    answers = activity_response(past, SETTINGS).set_index(["answer", "group", "family"])["value"].sort_index()
    assert answers.loc[("cross", "*", "*")].iloc[0] == pytest.approx(0.18, abs=0.08)
    assert answers.loc[("after", "price", "*")].iloc[0] == pytest.approx(0.0, abs=0.05)


def test_calendar_effects_come_out_as_they_went_in(past):
    marks = past.calendar.marks
    coefficient = dict(zip(marks.names, past.calendar.coefficient.mean(axis=0), strict=True))
    # a working day more or less moves 45 percent of the volume
    assert coefficient["working days"] == pytest.approx(0.45, abs=0.1)
    assert coefficient["Good Friday"] == pytest.approx(0.07, abs=0.04)
    assert coefficient["week before Pentecost"] == 0.0


def test_the_adjustment_layer_adds_up_to_the_normal_level(past, demo_folder):
    sales = _read(demo_folder / "data", "sales_history")
    monday = sales["date"] - pd.to_timedelta(sales["date"].dt.dayofweek, unit="D")
    gross = sales.assign(date=monday).groupby(KEYS)["sold_qty"].sum()
    clean = demand_history_clean(past).set_index(KEYS)["normal_qty"]
    added = demand_adjustment(past).groupby(KEYS)["adjustment_qty"].sum()
    rest = clean - gross.reindex(clean.index).fillna(0.0) - added.reindex(clean.index).fillna(0.0)
    assert rest.abs().max() < 1e-6


def test_waterfalls_close_for_every_product_and_family(past):
    table = demand_waterfall(past)
    steps = table[~table["is_total"] | (table["step"] == 1)]
    for last in table.loc[table["is_total"] & (table["step"] > 1), "step"].unique():
        total = table[table["step"] == last].set_index(["family", "product"])["amount_qty"]
        summed = steps[steps["step"] < last].groupby(["family", "product"])["amount_qty"].sum()
        assert (total - summed.reindex(total.index)).abs().max() < 1e-6 * total.max()
    whole = table[(table["family"] == "*") & (table["product"] == "*")].set_index("step")["amount_qty"]
    parts = table[(table["product"] != "*")].groupby("step")["amount_qty"].sum()
    assert parts.to_numpy() == pytest.approx(whole.to_numpy())


@pytest.fixture(scope="module")
def ahead(demo_folder, past, parts):
    """True baseline of the known weeks ahead, and forecasts with the calendar and without; series by week."""
    product, successor = (_read(demo_folder / "data", name) for name in ("product", "product_successor"))
    settings = ForecastSettings(regular=("theta",))
    clean = demand_history_clean(past)
    series = histories(clean, product, successor, settings, as_of=AS_OF, bucket="week")
    marks = calendar_marks(
        buckets_on(series.dates, WEEKS_AHEAD, "week"), "week", [holiday_names("FI", 2021, 2028)]
    )
    forecasts = [
        outlook(
            series, parts.forecasters, settings, horizon=WEEKS_AHEAD, season=52, marks=given, banded=False
        )
        for given in (marks, None)
    ]
    weeks = buckets_on(series.dates, WEEKS_AHEAD, "week")[len(series.dates) :]
    true = _read(demo_folder / "truth", "demand")
    return panel_of(true, "baseline_qty", series.series, weeks), *forecasts


def _error(forecast, truth, weeks):
    known = np.isfinite(truth) & weeks[None, :]
    return np.abs(forecast - truth)[known].sum() / truth[known].sum()


def test_the_calendar_makes_the_weeks_it_moves_better_and_the_others_no_worse(ahead):
    truth, carried, plain = ahead
    total = carried.forecast.sum(axis=0) / carried.normal.sum(axis=0)
    moved = np.abs(total - 1) > 0.02
    assert moved.sum() >= 3
    for weeks, gain in ((moved, 0.75), (~moved, 1.0), (np.ones_like(moved), 0.95)):
        assert _error(carried.forecast, truth, weeks) < gain * _error(plain.forecast, truth, weeks)


def test_the_calendar_makes_the_backtest_better_too(ahead):
    _, carried, plain = ahead
    errors = [np.nansum(np.abs(found.backtest.error)) for found in (carried, plain)]
    assert errors[0] < errors[1]
    assert np.nansum(carried.backtest.actual) == pytest.approx(np.nansum(plain.backtest.actual))
