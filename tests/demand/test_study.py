import numpy as np
import pandas as pd
import pytest

from sopwb.demand.study import built_in_forecasters, dates_ahead, study
from sopwb.errors import InputError

YEAR = np.tile([80.0, 90, 100, 110, 120, 130, 140, 130, 120, 100, 90, 90], 4)
MONTHS = pd.date_range("2020-01-01", periods=48, freq="MS")


def rows(name, values, dates=MONTHS):
    return pd.DataFrame({"unique_id": name, "ds": dates[: len(values)], "y": values})


@pytest.fixture(scope="module")
def known():
    return built_in_forecasters()


def monthly(frame, known, **options):
    return study(frame, known, **({"freq": "MS", "season": 12, "horizon": 6} | options))


GAPPY = rows("gappy", YEAR).drop(index=[5, 6, 20, 33])
NOT_NUMBERS = rows("not a number", np.where(np.arange(48) % 7 == 3, np.nan, YEAR))
BAD = {
    "constant": (rows("constant", np.full(48, 7.0)), (7.0, 7.0)),
    "all zero": (rows("all zero", np.zeros(48)), (0.0, 0.0)),
    "one observation": (rows("one observation", [5.0]), (5.0, 5.0)),
    "two observations": (rows("two observations", [5.0, 6.0]), (4.0, 7.0)),
    "negative": (rows("negative", -YEAR), (0.0, 0.0)),
    "partly negative": (rows("partly negative", np.where(np.arange(48) == 9, -500, YEAR)), (60.0, 160.0)),
    "gappy": (GAPPY, (70.0, 150.0)),
    "doubled": (pd.concat([rows("doubled", YEAR)] * 2), (70.0, 150.0)),
    "not a number": (NOT_NUMBERS, (70.0, 150.0)),
    "endless": (rows("endless", np.where(np.arange(48) == 9, np.inf, YEAR)), (70.0, 150.0)),
    "giant at the end": (rows("giant at the end", np.r_[YEAR[:47], 1e12]), (0.0, np.inf)),
    "undated": (rows("undated", YEAR).assign(ds=lambda f: f["ds"].where(f.index != 4)), (70.0, 150.0)),
}
REMARKS = {
    "negative": "negative",
    "partly negative": "negative",
    "gappy": "without a row",
    "doubled": "doubled",
    "not a number": "not numbers",
    "endless": "not numbers",
    "undated": "without a date",
}


@pytest.mark.parametrize("name", list(BAD))
@pytest.mark.parametrize("company", ["alone", "among others"])
def test_a_bad_series_has_a_sensible_forecast_and_what_was_mended_is_said(name, company, known):
    frame, (least, most) = BAD[name]
    if company == "among others":
        frame = pd.concat([frame, *(rows(f"sound {n}", YEAR * (n + 1)) for n in range(5))])
    result = monthly(frame, known)
    own = result.forecast[result.forecast["unique_id"] == name]
    assert len(own) == 6
    numbers = own[["yhat", "q0.1", "q0.5", "q0.9"]].to_numpy()
    assert np.isfinite(numbers).all()
    assert (numbers >= 0).all()
    assert own["yhat"].between(least - 1e-9, most + 1e-9).all()
    assert (own["q0.1"] <= own["q0.5"]).all()
    assert (own["q0.5"] <= own["q0.9"]).all()
    said = result.remarks.loc[result.remarks["unique_id"] == name, "remark"]
    assert said.str.contains(REMARKS[name]).any() if name in REMARKS else said.empty


def test_a_series_without_a_value_is_excluded_with_the_reason_and_none_is_dropped(known):
    empty = rows("empty", np.full(48, np.nan))
    late = rows("late", YEAR, pd.date_range("2030-01-01", periods=48, freq="MS"))
    result = monthly(pd.concat([empty, late, rows("sound", YEAR)]), known, as_of=pd.Timestamp("2023-12-31"))
    assert result.forecast["unique_id"].unique().tolist() == ["sound"]
    reasons = result.excluded.set_index("unique_id")["reason"]
    assert reasons.to_dict() == {"empty": "no known value", "late": "no known value"}
    remark = result.remarks.set_index("unique_id")["remark"]
    assert remark["late"] == "48 rows after 2023-12-31 left out"


def test_dates_gone_wild_are_an_exclusion_not_a_giant_array(known):
    wild = rows("wild", YEAR)
    wild.loc[:11, "ds"] = wild.loc[:11, "ds"] - pd.DateOffset(years=300)
    daily = study(pd.concat([wild, rows("sound", YEAR)]), known, freq="D", season=1, horizon=3)
    assert daily.excluded["unique_id"].tolist() == ["wild"]
    assert "span more than" in daily.excluded["reason"].iloc[0]


def test_rows_after_as_of_do_not_reach_the_forecast(known):
    future = rows("dated ahead", np.r_[YEAR[:36], np.full(12, 1e6)])
    result = monthly(future, known, as_of=pd.Timestamp("2022-12-31"))
    assert result.forecast["ds"].min() == pd.Timestamp("2023-01-01")
    assert result.forecast["yhat"].max() < 200


def test_a_table_without_rows_gives_a_table_without_rows(known):
    assert monthly(rows("none", []), known).forecast.empty


def test_a_missing_column_and_an_unknown_frequency_are_named(known):
    with pytest.raises(InputError, match="column y is missing"):
        monthly(rows("a", YEAR).drop(columns="y"), known)
    with pytest.raises(InputError, match="unknown frequency '7D'"):
        monthly(rows("a", YEAR), known, freq="7D")


def test_every_series_goes_on_from_its_own_end(known):
    short = rows("short", YEAR[:40])
    result = monthly(pd.concat([short, rows("long", YEAR)]), known, horizon=3)
    begin = result.forecast.groupby("unique_id")["ds"].min()
    assert begin.to_dict() == {"long": pd.Timestamp("2024-01-01"), "short": pd.Timestamp("2023-05-01")}
    may = result.forecast[result.forecast["unique_id"] == "short"]["yhat"]
    assert may.to_numpy() == pytest.approx(YEAR[4:7], rel=0.06)


def test_what_is_known_ahead_moves_the_forecast_and_names_do_not_matter(known):
    draw = np.random.default_rng(12)
    weeks = pd.date_range("2022-01-06", periods=110, freq="W-THU")
    frames = []
    for shop in range(12):
        price = draw.choice([1.0, 0.7], 110, p=[0.8, 0.2])
        demand = 100 * (shop + 1) * price**-3 * np.exp(draw.normal(0, 0.1, 110))
        frames.append(
            pd.DataFrame(
                {"unique_id": f"S{shop}", "ds": weeks, "y": demand, "price": price, "brand": shop % 2}
            )
        )
    whole = pd.concat(frames)
    train, future = whole[whole["ds"] <= weeks[99]], whole[whole["ds"] > weeks[99]]
    options = {"freq": "W-THU", "season": 52, "horizon": 10}
    result = study(train, known, **options, future=future.drop(columns="y"))
    both = result.forecast.merge(future, on=["unique_id", "ds"], validate="one_to_one")
    assert len(both) == 120
    assert (both["yhat"] - both["y"]).abs().sum() / both["y"].sum() < 0.15
    inside = both["y"].between(both["q0.1"], both["q0.9"]).mean()
    assert 0.65 < inside < 0.95
    renamed = {f"S{n}": f"{chr(120 - n)}" for n in range(12)}
    again = study(
        train.assign(unique_id=train["unique_id"].map(renamed)).sample(frac=1, random_state=1),
        known,
        **options,
        future=future.drop(columns="y").assign(unique_id=future["unique_id"].map(renamed)),
    ).forecast
    back = again.assign(unique_id=again["unique_id"].map({b: a for a, b in renamed.items()}))
    joined = result.forecast.merge(back, on=["unique_id", "ds"], validate="one_to_one")
    assert joined["yhat_x"].to_numpy() == pytest.approx(joined["yhat_y"].to_numpy(), rel=0.02)


@pytest.mark.parametrize(
    ("freq", "last", "expected"),
    [
        ("MS", "2024-01-01", ["2024-02-01", "2024-03-01"]),
        ("ME", "2024-01-31", ["2024-02-29", "2024-03-31"]),
        ("QS", "2024-01-01", ["2024-04-01", "2024-07-01"]),
        ("W-SUN", "2024-01-07", ["2024-01-14", "2024-01-21"]),
        ("D", "2024-02-28", ["2024-02-29", "2024-03-01"]),
        ("YS", "2024-01-01", ["2025-01-01", "2026-01-01"]),
    ],
)
def test_dates_go_on_as_the_frequency_says(freq, last, expected):
    found = dates_ahead(pd.Series([pd.Timestamp(last)]), freq, 2)
    assert [str(day)[:10] for day in found[0]] == expected


def test_weeks_are_tried_for_a_year_even_when_no_season_is_named(known):
    weeks = pd.date_range("2020-01-05", periods=230, freq="W-SUN")
    year = 100 + 40 * np.sin(2 * np.pi * np.arange(230) / 52)
    frame = pd.concat([rows(f"w{n}", year * (n + 1), weeks) for n in range(3)])
    options = {"freq": "W-SUN", "horizon": 4}
    none, named = (study(frame, known, season=season, **options).forecast for season in (1, 52))
    pd.testing.assert_frame_equal(none, named)


def test_what_is_read_of_the_drivers_is_judged_as_it_was_read_before_the_first_origin(known):
    draw = np.random.default_rng(3)
    dates = pd.date_range("2024-01-01", periods=110, freq="W-MON")
    frames = []
    for name in range(12):
        price = draw.choice([1.0, 0.8], len(dates), p=[0.7, 0.3])
        y = 100 * price ** draw.normal(-2, 1) * np.exp(draw.normal(0, 0.2, len(dates)))
        frames.append(pd.DataFrame({"unique_id": f"s{name}", "ds": dates, "y": y, "price": price}))
    whole = pd.concat(frames)
    train, test = whole[whole["ds"] < dates[98]], whole[whole["ds"] >= dates[98]]
    found = study(train, known, freq="W-MON", season=52, horizon=12, future=test.drop(columns="y"))
    both = found.forecast.merge(test, on=["unique_id", "ds"], validate="one_to_one")
    inside = (both["y"] >= both["q0.1"]) & (both["y"] <= both["q0.9"])
    assert 0.72 < inside.mean() < 0.9


def test_series_named_by_numbers_come_back_by_the_same_numbers(known):
    frame = pd.concat([rows(7, YEAR), rows(11, YEAR * 2), rows(2, np.full(48, np.nan))])
    result = monthly(frame.sample(frac=1, random_state=0), known)
    assert result.forecast["unique_id"].dtype == frame["unique_id"].dtype
    assert set(result.forecast["unique_id"]) == {7, 11}
    assert result.excluded["unique_id"].tolist() == [2]
    assert result.remarks["unique_id"].tolist() == [2]


def test_rows_that_name_no_series_are_left_out_and_counted(known):
    result = monthly(pd.concat([rows("named", YEAR), rows(None, YEAR[:3])]), known)
    assert set(result.forecast["unique_id"]) == {"named"}
    assert result.remarks["remark"].tolist() == ["3 rows without a unique_id left out"]


def test_hours_are_forecast_by_the_day(known):
    hours = pd.date_range("2026-01-01", periods=24 * 12, freq="h")
    day = 100 + 50 * np.sin(np.arange(len(hours)) * 2 * np.pi / 24)
    result = study(rows("hourly", day, hours), known, freq="h", season=24, horizon=24)
    assert result.forecast["ds"].tolist() == list(pd.date_range("2026-01-13", periods=24, freq="h"))
    assert result.forecast["yhat"].to_numpy() == pytest.approx(day[:24], rel=0.15)


def test_no_bucket_ahead_is_a_named_mistake(known):
    with pytest.raises(InputError, match="horizon: 0 buckets"):
        monthly(rows("sound", YEAR), known, horizon=0)


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.assign(ds=frame["ds"].dt.strftime("%Y-%m-%d")),
        lambda frame: frame.assign(ds=frame["ds"].dt.date),
        lambda frame: frame.assign(y=frame["y"].astype(str)),
        lambda frame: frame.assign(y=frame["y"].astype("float32")),
        lambda frame: frame.assign(unique_id=frame["unique_id"].astype("category")),
        lambda frame: frame.assign(unknown_ahead=np.arange(len(frame)) * 1.5),
        lambda frame: frame.sample(frac=1, random_state=3),
        lambda frame: frame.set_index("ds", drop=False),
    ],
)
def test_the_same_table_written_another_way_gives_the_same_forecast(change, known):
    frame = pd.concat([rows("one", YEAR), rows("two", YEAR * 3)], ignore_index=True)
    plain, other = monthly(frame, known).forecast, monthly(change(frame), known).forecast
    assert other["yhat"].to_numpy() == pytest.approx(plain["yhat"].to_numpy(), rel=1e-4)
    assert other["unique_id"].tolist() == plain["unique_id"].tolist()
    assert other["ds"].tolist() == plain["ds"].tolist()


# ---------------------------------------------------------------- dates, names and the future
def remarks_of(result, name):
    return " | ".join(result.remarks.loc[result.remarks["unique_id"] == name, "remark"])


@pytest.mark.parametrize("day", ["2099-01-01", "1900-01-01"])
def test_a_row_dated_far_from_all_others_is_left_out_and_named(known, day):
    slip = pd.concat([rows("slip", YEAR), rows("slip", [1.0]).assign(ds=pd.Timestamp(day))])
    result = monthly(pd.concat([slip, rows("sound", YEAR)]), known)
    assert "1 rows dated far from all others left out" in remarks_of(result, "slip")
    both = result.forecast.pivot(index="ds", columns="unique_id", values="yhat")
    assert both["slip"].to_numpy() == pytest.approx(both["sound"].to_numpy())


def test_dates_in_a_time_zone_are_those_of_the_clock_on_the_wall(known):
    plain = monthly(rows("a", YEAR), known).forecast
    zoned = rows("a", YEAR)
    for given in (
        zoned["ds"].dt.tz_localize("Europe/Helsinki"),
        zoned["ds"].dt.tz_localize("UTC").astype(str),
    ):
        pd.testing.assert_frame_equal(monthly(zoned.assign(ds=given), known).forecast, plain)


def test_columns_are_known_in_any_case_and_numbers_are_no_dates(known):
    plain = monthly(rows("a", YEAR), known).forecast
    shouted = rows("a", YEAR).rename(columns=str.upper)
    pd.testing.assert_frame_equal(monthly(shouted, known).forecast, plain)
    with pytest.raises(InputError, match="numbers, which say no date"):
        monthly(rows("a", YEAR).assign(ds=range(len(YEAR))), known)


def test_text_that_is_no_iso_date_is_not_guessed_at(known):
    odd = rows("odd", YEAR)
    result = monthly(odd.assign(ds=odd["ds"].dt.strftime("%d/%m/%Y")), known)
    assert result.excluded["unique_id"].tolist() == ["odd"]
    assert "without a date" in remarks_of(result, "odd")


def test_what_a_future_leaves_open_or_says_in_vain_is_named(known):
    priced = pd.concat([rows(name, YEAR) for name in ("full", "part", "none")], ignore_index=True)
    priced["price"] = 1 + 0.1 * np.random.default_rng(2).random(len(priced))
    after = pd.date_range(priced["ds"].max() + pd.DateOffset(months=1), periods=12, freq="MS")
    full = pd.DataFrame({"unique_id": "full", "ds": after, "price": 1.05})
    part = full.assign(unique_id="part").iloc[[0, 0, 1]]
    far = full.assign(unique_id="full", ds=full["ds"] + pd.DateOffset(years=1))
    future = pd.concat([full, part, far, full.assign(unique_id="stranger")], ignore_index=True)
    result = study(priced, known, freq="MS", season=12, horizon=12, future=future)
    assert result.forecast.groupby("unique_id").size().to_dict() == {"full": 12, "part": 12, "none": 12}
    assert np.isfinite(result.forecast["yhat"]).all()
    assert remarks_of(result, "full") == "12 rows of the future outside the horizon left out"
    assert "1 doubled rows of the future" in remarks_of(result, "part")
    assert "price is not told for 10 buckets ahead" in remarks_of(result, "part")
    assert "price is not told for 12 buckets ahead" in remarks_of(result, "none")
    assert "no series of that name" in remarks_of(result, "stranger")
