"""Markets of several countries: their own working days, feasts and holidays."""

import numpy as np
import pandas as pd
import pytest

from sopwb.calendar import holiday_names, plan_periods
from sopwb.config.model import Model
from sopwb.demand import stage
from sopwb.demand.calendar_effect import calendar_groups, calendar_marks, calendar_regression
from sopwb.demand.market_calendar import market_calendars
from sopwb.errors import InputError

WEEKS = pd.date_range("2022-02-28", periods=208, freq="W-MON")
DAY = "Grand sale"
SALE_DAYS = pd.to_datetime(["2022-05-10", "2023-06-13", "2024-05-21", "2025-07-01", "2026-05-12"])


def markets(**country):
    return pd.DataFrame({"market": list(country), "country": list(country.values())})


def holidays_table(*rows):
    columns = ["country", "date", "description", "is_worked"]
    return pd.DataFrame(rows, columns=columns).astype({"date": "datetime64[ns]"})


def test_without_a_country_or_a_table_all_markets_keep_the_calendar_of_the_setting():
    found = market_calendars(markets(shop=None, web=None), holidays_table(), "FI", 2026)
    assert found.names == ("FI",)
    assert found.days == (holiday_names("FI", 2016, 2031),)
    assert found.of(pd.Series(["web", "shop"])).tolist() == [0, 0]
    assert market_calendars(markets(shop=None), holidays_table(), None, 2026).days == ((),)


def test_each_market_keeps_the_calendar_of_its_country():
    found = market_calendars(markets(shop=None, berlin="DE", munich="DE-BY"), holidays_table(), "FI", 2026)
    by_name = {name: dict(days) for name, days in zip(found.names, found.days, strict=True)}
    unity, epiphany = np.datetime64("2026-10-03"), np.datetime64("2026-01-06")
    assert unity in by_name["DE"]
    assert epiphany not in by_name["DE"]
    assert epiphany in by_name["DE-BY"]
    assert unity not in by_name["FI"]
    assert [found.names[place] for place in found.of(pd.Series(["munich", "shop"]))] == ["DE-BY", "FI"]


def test_a_table_adds_holidays_works_on_others_and_makes_calendars_of_its_own():
    table = holidays_table(
        ("*", "2026-09-09", "Founders' day", False),
        ("FI", "2026-05-01", "May Day", True),
        ("Export", "2026-09-09", "Fair", False),
    )
    found = market_calendars(markets(shop=None, fair="Export"), table, "FI", 2026)
    days = {name: dict(own) for name, own in zip(found.names, found.days, strict=True)}
    assert days["FI"][np.datetime64("2026-09-09")] == "Founders' day"
    assert np.datetime64("2026-05-01") not in days["FI"]
    assert np.datetime64("2025-05-01") in days["FI"]
    assert days["Export"] == {np.datetime64("2026-09-09"): "Fair"}


def test_a_country_nobody_knows_is_named_with_its_market():
    with pytest.raises(InputError, match="market web is in 'Atlantis'"):
        market_calendars(markets(shop="FI", web="Atlantis"), holidays_table(), None, 2026)


def test_a_feast_moves_each_country_on_its_own_days_and_is_found_in_both():
    # orthodox and western Easter, both called Good Friday in their countries' calendars
    marks = calendar_marks(WEEKS, "week", [holiday_names("FI", 2021, 2027), holiday_names("GR", 2021, 2027)])
    feast, days = marks.names.index("Good Friday"), marks.names.index("working days")
    finnish, greek = (np.flatnonzero(own[:, feast]).tolist() for own in marks.marks)
    assert finnish != greek
    group, keeps = calendar_groups(np.array([0, 0]), np.array([0, 1]))
    draw = np.random.default_rng(6)
    season = 0.2 * np.sin(np.arange(208) * 2 * np.pi / 52)
    effect = 0.15 * marks.marks[keeps, :, feast] + 0.4 * marks.marks[keeps, :, days]
    values = (season + effect)[group] + draw.normal(0, 0.01, (2, 208))
    weight = np.full((2, 208), 1e4)
    found = calendar_regression(values, weight, marks, 52, keeps)
    assert found.coefficient[:, feast] == pytest.approx([0.15] * 2, abs=0.03)
    assert found.coefficient[:, days] == pytest.approx([0.4] * 2, abs=0.05)
    # held to the Finnish calendar alone, the Greek market hides its own feast
    alone = calendar_regression(values, weight, marks, 52)
    assert abs(alone.coefficient[1, feast] - 0.15) > 0.03


# ---------------------------------------------------------------- through the stages
@pytest.fixture
def abroad(small):
    """Two markets alike, but for a holiday abroad that moves and lifts its week by a quarter."""
    tables = small({"cola": "drinks", "water": "drinks"}, {("cola", "shop"): [1.0], ("cola", "web"): [1.0]})
    draw = np.random.default_rng(8)
    on = (
        (SALE_DAYS.to_numpy()[:, None] >= WEEKS.to_numpy())
        & (SALE_DAYS.to_numpy()[:, None] <= (WEEKS + pd.Timedelta(days=6)).to_numpy())
    ).any(axis=0)
    frames = []
    for product in ("cola", "water"):
        for market in ("shop", "web"):
            level = np.exp(6 + draw.normal(0, 0.03, len(WEEKS)) + 0.25 * on * (market == "web"))
            frames.append(
                pd.DataFrame({"product": product, "market": market, "date": WEEKS, "sold_qty": level})
            )
    sales = pd.concat(frames, ignore_index=True)
    tables["sales_history"] = sales.assign(returned_qty=0.0, net_sales_value=2 * sales["sold_qty"])
    tables["market"] = tables["market"].assign(country=[None, "EE"])
    tables["holiday"] = holidays_table(*(("EE", day, DAY, False) for day in SALE_DAYS))
    return tables


@pytest.fixture
def weekly():
    calendar = {"history_bucket": "week", "weekly_horizon_weeks": 20, "horizon_months": 6, "holidays": "FI"}
    forecast = {"forecast": {"regular": ["theta"]}}
    return Model.model_validate(
        {"name": "Weekly", "calendar": calendar | {"as_of": "2026-02-28"}, "demand": forecast}
    )


def planned(tables, model, parts, schema):
    period = plan_periods(model.as_of, weeks=20, end=pd.Timestamp("2026-08-31"))
    made = tables | {"period": period}
    for door in (stage.demand_history, stage.statistical_forecast):
        made |= {name: schema[name].shape(table) for name, table in door(made, model, parts).items()}
    return made


def test_the_forecast_of_a_market_has_the_holidays_of_its_country_and_no_other_market_has(
    abroad, weekly, parts, schema
):
    made = planned(abroad, weekly, parts, schema)
    effect = made["calendar_effect"]
    assert set(effect.loc[effect["cause"] == DAY, "country"]) == {"EE"}
    forecast = made["statistical_forecast"]
    week = forecast[forecast["period"] == pd.Timestamp("2026-05-11")].groupby("market")["calendar_qty"]
    assert week.min()["web"] > 30
    assert week.max()["shop"] < 10
    sums = made["statistical_forecast"].groupby("period")["calendar_qty"].sum()
    causes = effect.groupby("period")["effect_qty"].sum().reindex(sums.index).fillna(0.0)
    assert causes.to_numpy() == pytest.approx(sums.to_numpy(), abs=1e-6)


def test_the_cleaned_history_tells_the_holidays_of_each_country(abroad, weekly, parts, schema):
    made = planned(abroad, weekly, parts, schema)
    moved = made["demand_adjustment"].query(f"cause == {DAY!r}")
    week = moved[moved["date"] == pd.Timestamp("2025-06-30")].groupby("market")["adjustment_qty"].sum()
    assert week.index.tolist() == ["web"]
    assert week["web"] < -100
