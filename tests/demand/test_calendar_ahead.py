"""The calendar of the buckets ahead: measured without looking ahead, tested, put into the forecast."""

import numpy as np
import pandas as pd
import pytest

from sopwb.calendar import holiday_names, plan_periods
from sopwb.config.demand import ForecastSettings
from sopwb.config.model import Model
from sopwb.demand import stage
from sopwb.demand.backtest import Backtest, origins_of
from sopwb.demand.calendar_ahead import calendar_ahead, measured_causes
from sopwb.demand.calendar_effect import calendar_marks
from sopwb.demand.calendar_test import borne_out_rate
from sopwb.demand.lift import Lift
from sopwb.demand.panel import Panel
from sopwb.demand.study import built_in_forecasters, study
from sopwb.errors import InputError

WEEKS, AHEAD = 208, 26
DATES = pd.date_range("2022-02-28", periods=WEEKS + AHEAD, freq="W-MON")
MARKS = calendar_marks(DATES, "week", [holiday_names("FI", 2021, 2028)])
SETTINGS = ForecastSettings(regular=("theta",))
EASTER, DAYS = MARKS.names.index("Good Friday"), MARKS.names.index("working days")


def panel_of(easter, per_day, *, series=8, noise=0.03, seed=5):
    draw = np.random.default_rng(seed)
    time = np.arange(WEEKS + AHEAD)
    effect = easter * MARKS.marks[0, :, EASTER] + per_day * MARKS.marks[0, :, DAYS]
    logs = 6 + 0.2 * np.sin(time * 2 * np.pi / 52) + effect + draw.normal(0, noise, (series, len(time)))
    whole = np.exp(logs)
    return Panel(whole[:, :WEEKS], np.arange(series) % 2), whole[:, WEEKS:]


def found_in(panel, settings=SETTINGS):
    ordinary = np.ones(panel.history.shape, dtype=bool)
    carries = np.ones(len(panel.history), dtype=bool)
    return calendar_ahead(panel, ordinary, carries, built_in_forecasters(), settings, MARKS, season=52)


def test_known_effects_are_measured_from_the_history_alone():
    panel, _ = panel_of(0.15, 0.4)
    coefficient, sd = measured_causes(panel, np.ones(panel.history.shape, dtype=bool), MARKS, 52)
    assert coefficient[:, EASTER] == pytest.approx([0.15] * 2, abs=0.03)
    assert coefficient[:, DAYS] == pytest.approx([0.4] * 2, abs=0.06)
    assert (sd[:, EASTER] > 0).all()


def test_what_comes_true_is_used_and_what_is_chance_is_not():
    assert found_in(panel_of(0.15, 0.4)[0]).share == pytest.approx([1.0] * 2, abs=0.15)
    by_chance = [found_in(panel_of(0.0, 0.0, seed=seed)[0]) for seed in range(4)]
    assert None in by_chance
    assert all(found is None or np.abs(found.effect).max() < 0.01 for found in by_chance)


def test_weeks_of_a_moved_feast_are_forecast_better():
    panel, came = panel_of(0.15, 0.4)
    found = found_in(panel)
    carries = np.ones(len(panel.history), dtype=bool)
    theta = built_in_forecasters()["theta"]
    lift = found.lift(panel, carries)
    carried = theta(found.freed(panel, carries), 52, AHEAD) * lift.ahead
    plain = theta(panel, 52, AHEAD)
    felt = np.abs(lift.ahead[0] - 1) > 0.03
    assert felt.sum() >= 3
    error, before = (np.abs(path - came)[:, felt].sum() / came[:, felt].sum() for path in (carried, plain))
    assert error < 0.7 * before


def test_an_origin_knows_nothing_of_what_came_after_it():
    panel, _ = panel_of(0.15, 0.4)
    later = panel.history.copy()
    later[:, -18:] *= np.exp(2 * MARKS.marks[0, WEEKS - 18 : WEEKS, DAYS])
    found, other = found_in(panel), found_in(Panel(later, panel.group))
    assert found.first.tolist() == other.first.tolist()
    assert found.coefficient.tolist() != other.coefficient.tolist()
    # the share of an origin is told by the other origins; the effects by its own past alone
    place = int(np.flatnonzero(origins_of(WEEKS, 52, SETTINGS) <= WEEKS - 18)[-1])
    then, changed = (np.nan_to_num(which.then[place][0]) for which in (found, other))
    felt = np.abs(then) > 1e-6
    assert felt.any()
    assert np.ptp(changed[felt] / then[felt]) == pytest.approx(0, abs=1e-9)


def test_without_origins_or_a_series_that_sells_regularly_nothing_is_said():
    panel, _ = panel_of(0.15, 0.4)
    short = Panel(panel.history[:, -8:], panel.group)
    marks = calendar_marks(DATES[WEEKS - 8 :], "week", [()])
    every = np.ones(short.history.shape, dtype=bool)
    known = built_in_forecasters()
    assert calendar_ahead(short, every, every[:, 0], known, SETTINGS, marks, season=52) is None
    none = np.zeros(len(panel.history), dtype=bool)
    whole = np.ones(panel.history.shape, dtype=bool)
    assert calendar_ahead(panel, whole, none, known, SETTINGS, MARKS, season=52) is None


@pytest.mark.parametrize(("true", "share"), [(0.5, 0.5), (1.0, 1.0), (1.6, 1.0), (-1.0, 0.0), (0.0, 0.0)])
def test_the_share_is_the_part_that_came_true_held_between_nothing_and_all(true, share):
    draw = np.random.default_rng(2)
    expected = draw.normal(0, 0.1, (3, 60))
    missed = true * expected + draw.normal(0, 0.004, (3, 60))
    assert borne_out_rate(missed, expected) == pytest.approx([share] * 3, abs=0.03)


def test_one_group_against_which_the_effects_speak_does_not_use_them():
    expected = np.random.default_rng(3).normal(0, 0.1, (3, 60))
    missed = np.stack([expected[0], expected[1], -expected[2]])
    share = borne_out_rate(missed + np.random.default_rng(4).normal(0, 0.05, (3, 60)), expected)
    assert share[2] == 0
    assert (share[:2] > 0.8).all()


def test_a_lift_puts_back_what_each_origin_knew_and_leaves_what_came_and_the_benchmarks():
    history = np.array([[10.0, 10.0, 10.0, 20.0]])
    effect = np.array([[1.0, 1.0, 1.0, 2.0]])
    judged = Panel(history / effect, np.array([0]))
    raw = Backtest(
        *(np.full((1, 1, 2), v) for v in (9.0, 10.0, 11.0)), np.array([[[10.0, 10.0]]]), np.array([2])
    )
    then = np.array([[[1.0, 1.5]]])
    raised = Lift(judged, effect, np.ones((1, 2)), then, of_benchmarks=False).on(raw)
    assert raised.forecast.tolist() == [[[9.0, 13.5]]]
    assert raised.actual.tolist() == [[[10.0, 20.0]]]
    assert raised.naive.tolist() == [[[10.0, 10.0]]]
    assert Lift(judged, effect, np.ones((1, 2))).on(raw).naive.tolist() == [[[10.0, 20.0]]]


# ---------------------------------------------------------------- through the stage
@pytest.fixture
def weekly():
    calendar = {
        "history_bucket": "week",
        "weekly_horizon_weeks": 20,
        "horizon_months": 6,
        "as_of": "2026-02-28",
        "holidays": "FI",
    }
    demand = {"forecast": {"regular": ["theta"]}}
    return Model.model_validate({"name": "Weekly", "calendar": calendar, "demand": demand})


@pytest.fixture
def shop(small, weekly):
    tables = small({"cola": "drinks", "water": "drinks"}, {("cola", "shop"): [1.0]})
    panel, _ = panel_of(0.15, 0.4, series=4)
    frames = [
        pd.DataFrame({"product": product, "market": market, "date": DATES[:WEEKS], "sold_qty": sold})
        for (product, market), sold in zip(
            [("cola", "shop"), ("cola", "web"), ("water", "shop"), ("water", "web")],
            panel.history,
            strict=True,
        )
    ]
    sales = pd.concat(frames, ignore_index=True)
    tables["sales_history"] = sales.assign(returned_qty=0.0, net_sales_value=2 * sales["sold_qty"])
    tables["market"] = pd.concat([tables["market"], tables["market"].assign(market="web")])
    tables["period"] = plan_periods(
        weekly.as_of, weeks=20, end=pd.Timestamp("2026-08-31"), holidays=weekly.holidays
    )
    return tables


def forecast_of(tables, model, parts, schema):
    made = dict(tables)
    for door in (stage.portfolio, stage.demand_history, stage.statistical_forecast, stage.demand_plan):
        made |= {name: schema[name].shape(table) for name, table in door(made, model, parts).items()}
    return made


def test_level_calendar_and_activities_add_up_and_every_cause_is_told(shop, weekly, parts, schema):
    made = forecast_of(shop, weekly, parts, schema)
    forecast, effect, plan = (made[n] for n in ("statistical_forecast", "calendar_effect", "demand_plan"))
    both = forecast["normal_qty"] + forecast["calendar_qty"]
    assert both.to_numpy() == pytest.approx(forecast["baseline_qty"].to_numpy(), abs=1e-9)
    assert forecast["calendar_qty"].abs().sum() > 0.005 * forecast["baseline_qty"].sum()
    by_bucket = forecast.groupby("period")["calendar_qty"].sum()
    causes = effect.groupby("period")["effect_qty"].sum().reindex(by_bucket.index).fillna(0.0)
    assert causes.to_numpy() == pytest.approx(by_bucket.to_numpy(), abs=1e-6)
    assert plan["calendar_qty"].to_numpy() == pytest.approx(forecast["calendar_qty"].to_numpy())
    normal = plan["baseline_qty"] - plan["calendar_qty"]
    parts_of = normal + plan["calendar_qty"] + plan["activity_qty"]
    assert parts_of.to_numpy() == pytest.approx(plan["automatic_qty"].to_numpy())
    assert effect["measured_rate"].between(effect["lower_rate"], effect["upper_rate"]).all()


def test_both_pieces_of_a_week_cut_at_the_end_of_a_month_have_the_factor_of_the_week(
    shop, weekly, parts, schema
):
    effect = forecast_of(shop, weekly, parts, schema)["calendar_effect"]
    easter = effect[effect["cause"] == "Good Friday"].set_index("period")["factor_rate"]
    # Good Friday is on 3 April; its week begins on 30 March and is cut on 1 April
    first, second = easter[pd.Timestamp("2026-03-30")], easter[pd.Timestamp("2026-04-01")]
    assert first == pytest.approx(second)
    assert first > 1.05


def test_switched_off_the_calendar_stays_in_the_history(shop, weekly, parts, schema):
    forecast = weekly.demand.forecast.model_copy(update={"calendar": False})
    off = weekly.model_copy(update={"demand": weekly.demand.model_copy(update={"forecast": forecast})})
    made = forecast_of(shop, off, parts, schema)
    assert made["calendar_effect"].empty
    assert not made["statistical_forecast"]["calendar_qty"].any()


def test_a_long_table_of_months_gets_its_working_days():
    months = pd.date_range("2014-01-01", periods=120, freq="MS")
    marks = calendar_marks(months, "month", [()])
    draw = np.random.default_rng(1)
    frames = [
        pd.DataFrame(
            {
                "unique_id": f"s{n}",
                "ds": months,
                "y": np.exp(5 + marks.marks[0, :, 0] + draw.normal(0, 0.02, 120)),
            }
        )
        for n in range(6)
    ]
    long = pd.concat(frames, ignore_index=True)
    train, test = long[long["ds"] < "2023-01-01"], long[long["ds"] >= "2023-01-01"]
    settings = ForecastSettings(regular=("theta",), family_benchmark="", backtest_years=1.0)
    error = {}
    for on in (True, False):
        chosen = settings.model_copy(update={"calendar": on})
        made = study(
            train, built_in_forecasters(), freq="MS", season=12, horizon=12, settings=chosen
        ).forecast
        both = made.merge(test, on=["unique_id", "ds"])
        error[on] = (both["yhat"] - both["y"]).abs().sum()
    assert error[True] < 0.8 * error[False]


def test_a_long_table_of_months_gets_the_feasts_of_the_country_that_is_named():
    months = pd.date_range("2012-01-01", periods=144, freq="MS")
    marks = calendar_marks(months, "month", [holiday_names("FI", 2011, 2024)])
    feast = 0.2 * marks.marks[0, :, marks.names.index("Good Friday")]
    draw = np.random.default_rng(1)
    frames = [
        pd.DataFrame({"unique_id": f"s{n}", "ds": months, "y": np.exp(5 + feast + draw.normal(0, 0.02, 144))})
        for n in range(6)
    ]
    long = pd.concat(frames, ignore_index=True)
    train, test = long[long["ds"] < "2023-01-01"], long[long["ds"] >= "2023-01-01"]
    error = {}
    for on in ("FI", None):
        made = study(train, built_in_forecasters(), freq="MS", season=12, horizon=12, country=on).forecast
        both = made.merge(test, on=["unique_id", "ds"])
        error[on] = (both["yhat"] - both["y"]).abs().sum()
    assert error["FI"] < 0.85 * error[None]


def test_a_country_that_is_not_known_is_a_fault_of_the_user():
    long = pd.DataFrame({"unique_id": "a", "ds": [DATES[0]], "y": [1.0]})
    with pytest.raises(InputError, match="'XX' is no known country"):
        study(long, built_in_forecasters(), freq="W-MON", season=52, horizon=2, country="XX")
