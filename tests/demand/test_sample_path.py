import numpy as np
import pandas as pd
import pytest

from sopwb.calendar import plan_periods
from sopwb.config.demand import PathSettings
from sopwb.demand import sample_path as room
from sopwb.demand.activity_plan import distance_squares
from sopwb.demand.sample_path import backtest_error, bucket_shares, paths_of_series, sample_path
from sopwb.runs.store import arrow_bytes
from sopwb.schema import load_schema

LAST = pd.Timestamp("2026-02-16")
KEYS = ["product", "market", "period"]


@pytest.fixture(scope="module")
def schema():
    return load_schema()


@pytest.fixture(scope="module")
def period():
    as_of, end = pd.Timestamp("2026-02-28"), pd.Timestamp("2026-08-31")
    return plan_periods(as_of, weeks=9, end=end)


@pytest.fixture(scope="module")
def share(period):
    return bucket_shares(LAST, period, "week")


@pytest.fixture(scope="module")
def errors():
    """Products a and b err together in both markets, c errs by itself."""
    dice = np.random.default_rng(3)
    common = dice.normal(0, 10, (12, 1, 1)) + dice.normal(0, 6, (12, 1, 13))
    own = dice.normal(0, 10, (12, 2, 13))
    error = np.concatenate([common] * 4 + [own], axis=1)
    series = pd.DataFrame({"product": list("aabbcc"), "market": ["north", "south"] * 3})
    dates = pd.date_range("2024-12-02", LAST, freq="7D")
    return backtest_error(error, np.arange(12) + 40, series, dates)


@pytest.fixture(scope="module")
def plan(period, errors):
    cells = errors[["product", "market"]].drop_duplicates().merge(period[["period", "days"]], how="cross")
    centre = cells["days"] * 60.0
    return cells.assign(
        consensus_qty=centre,
        lower_qty=centre - 8 * cells["days"] ** 0.7,
        upper_qty=centre + 10 * cells["days"] ** 0.7,
        net_price_per_unit=cells["market"].map({"north": 2.0, "south": 3.0}),
    ).sort_values(KEYS, ignore_index=True)


@pytest.fixture(scope="module")
def nothing(schema):
    return schema["activity_effect"].empty()


def cube(plan, errors, effect, share, **options):
    """Series by path by planning bucket."""
    blocks = paths_of_series(plan, errors, effect, share, PathSettings(**{"number": 200} | options))
    return np.concatenate([block[2] for block in blocks])


def table(plan, errors, effect, share, **options):
    return sample_path(plan, errors, effect, share, PathSettings(**{"number": 50} | options))


def effect_of(plan, full=100.0, reach=30.0, rate=1.0, product="a"):
    rows = plan.loc[plan["product"] == product, KEYS]
    frame = rows.assign(
        activity="summer",
        full_qty=full,
        full_lower_qty=full - reach,
        full_upper_qty=full + reach,
        inclusion_rate=rate,
    )
    return frame.assign(effect_qty=frame["full_qty"] * rate)


def widened(plan, effect):
    """The plan with the interval that an activity widens."""
    squares = effect[KEYS].assign(**distance_squares(effect))
    both = plan.merge(squares, on=KEYS, how="left").fillna({"down_square": 0.0, "up_square": 0.0})
    centre = both["consensus_qty"]
    return plan.assign(
        lower_qty=centre - np.sqrt((centre - both["lower_qty"]) ** 2 + both["down_square"]),
        upper_qty=centre + np.sqrt((both["upper_qty"] - centre) ** 2 + both["up_square"]),
    )


def width(values, axis=0):
    low, high = np.quantile(values, [0.1, 0.9], axis=axis)
    return high - low


def test_every_product_market_and_bucket_keeps_the_published_interval_and_mean(plan, errors, nothing, share):
    drawn = cube(plan, errors, nothing, share)
    shape = drawn.shape[0], drawn.shape[2]
    lower, middle, upper = (
        plan[f"{n}_qty"].to_numpy().reshape(shape) for n in ("lower", "consensus", "upper")
    )
    assert np.quantile(drawn, 0.1, axis=1) == pytest.approx(lower, abs=0.01 * (upper - lower).min())
    assert np.quantile(drawn, 0.9, axis=1) == pytest.approx(upper, abs=0.01 * (upper - lower).min())
    assert drawn.mean(axis=1) == pytest.approx(middle, rel=1e-3)


def test_a_manual_edit_moves_the_paths_to_the_new_plan(plan, errors, nothing, share):
    edited = plan.assign(
        **{n: plan[n] + 500.0 * (plan["product"] == "b") for n in ("consensus_qty", "lower_qty", "upper_qty")}
    )
    before, after = cube(plan, errors, nothing, share), cube(edited, errors, nothing, share)
    assert after[2:4] == pytest.approx(before[2:4] + 500.0)
    assert after[:2] == pytest.approx(before[:2])


def test_a_total_is_surer_than_the_sum_of_its_parts_but_not_as_if_they_were_independent(
    plan, errors, nothing, share
):
    drawn = cube(plan, errors, nothing, share)
    parts, total = width(drawn, axis=1), width(drawn.sum(axis=0))
    independent, alike = np.sqrt((parts**2).sum(axis=0)), parts.sum(axis=0)
    assert (total < 0.98 * alike).all()
    assert (total > 1.1 * independent).mean() > 0.8
    together = width(drawn[:4].sum(axis=0))
    assert together == pytest.approx(parts[:4].sum(axis=0), rel=0.01)


def test_a_sum_over_time_is_surer_than_the_sum_of_its_buckets_but_not_as_if_they_were_independent(
    plan, errors, nothing, share
):
    drawn = cube(plan, errors, nothing, share)
    parts = width(drawn, axis=1)
    total = width(drawn.sum(axis=2), axis=1)
    assert (total < 0.98 * parts.sum(axis=1)).all()
    assert (total[:4] > 1.2 * np.sqrt((parts**2).sum(axis=1))[:4]).all()


def test_an_activity_in_the_plan_by_its_probability_takes_place_in_that_share_of_the_paths(
    plan, errors, share
):
    none = plan.assign(lower_qty=plan["consensus_qty"], upper_qty=plan["consensus_qty"])
    effect = effect_of(plan, full=40.0, reach=0.0, rate=0.3)
    drawn = cube(widened(none, effect), errors, effect, share)[0]
    high = drawn > drawn.mean(axis=0)
    assert high.mean() == pytest.approx(0.3, abs=0.02)
    assert (high == high[:, :1]).all()
    assert drawn.mean(axis=0) == pytest.approx(none["consensus_qty"].to_numpy()[: drawn.shape[1]], rel=0.02)


def test_an_activity_is_off_by_one_ratio_wherever_it_acts(plan, errors, share):
    none = plan.assign(lower_qty=plan["consensus_qty"], upper_qty=plan["consensus_qty"])
    effect = effect_of(plan)
    drawn = cube(widened(none, effect), errors, effect, share)
    assert np.corrcoef(drawn[0].T) == pytest.approx(np.ones((drawn.shape[2],) * 2), abs=0.02)
    assert np.ptp(drawn[2:], axis=1) == pytest.approx(0.0, abs=1e-6)


def test_what_activities_may_miss_comes_on_top_of_the_baseline(plan, errors, share):
    effect = effect_of(plan, reach=60.0)
    wide = widened(plan, effect)
    drawn = cube(wide, errors, effect, share)
    upper = wide["upper_qty"].to_numpy().reshape(drawn.shape[0], drawn.shape[2])
    assert np.quantile(drawn, 0.9, axis=1) == pytest.approx(upper, rel=1e-6)
    assert abs(np.corrcoef(drawn[0, :, 0], drawn[2, :, 0])[0, 1]) < 0.97


def test_an_activity_left_out_of_the_plan_is_left_out_of_the_paths(plan, errors, nothing, share):
    out = effect_of(plan, rate=0.0)
    assert table(plan, errors, out, share).equals(table(plan, errors, nothing, share))


def test_the_table_sums_markets_in_units_and_at_net_prices(plan, errors, nothing, share, schema):
    drawn = cube(plan, errors, nothing, share, number=50)
    made = schema["sample_path"].shape(table(plan, errors, nothing, share))
    shape = 3, drawn.shape[2], 50
    quantity = made["demand_qty"].to_numpy().reshape(shape)
    value = made["demand_value"].to_numpy().reshape(shape)
    north, south = drawn[::2].swapaxes(1, 2), drawn[1::2].swapaxes(1, 2)
    assert quantity == pytest.approx(north + south, rel=1e-6)
    assert value == pytest.approx(2 * north + 3 * south, rel=1e-6)


def test_the_same_seed_makes_the_same_bytes_and_another_seed_other_paths(
    plan, errors, nothing, share, schema
):
    shuffled = plan.sample(frac=1.0, random_state=1)
    once, again = (table(rows, errors, nothing, share) for rows in (plan, shuffled))
    declared = schema["sample_path"]
    assert arrow_bytes(once, declared) == arrow_bytes(again, declared)
    assert not once.equals(table(plan, errors, nothing, share, seed=2))


def test_many_series_are_drawn_in_blocks_that_belong_together(plan, errors, share, monkeypatch):
    effect = effect_of(plan, product="b")
    whole = cube(plan, errors, effect, share)
    monkeypatch.setattr(room, "BLOCK", 2)
    assert cube(plan, errors, effect, share) == pytest.approx(whole)


def test_none_are_drawn_when_none_are_wanted(plan, errors, nothing, share, schema):
    made = schema["sample_path"].shape(table(plan, errors, nothing, share, number=0))
    assert made.empty


def test_without_a_backtest_the_interval_is_kept_and_products_err_by_themselves(plan, errors, nothing, share):
    drawn = cube(plan, errors.iloc[:0], nothing, share)
    upper = plan["upper_qty"].to_numpy().reshape(drawn.shape[0], drawn.shape[2])
    assert np.quantile(drawn, 0.9, axis=1) == pytest.approx(upper, rel=1e-6)
    assert np.corrcoef(drawn[0, :, 0], drawn[0, :, -1])[0, 1] == pytest.approx(1.0, abs=1e-6)
    parts = width(drawn, axis=1)[:, 0]
    assert width(drawn.sum(axis=0))[0] < 0.8 * parts.sum()


def test_shares_of_whole_weeks_sum_to_one_inside_the_horizon(share, period):
    assert share.shape[1] == len(period)
    # the first week began before the horizon, the last one ends after it
    assert share[1:-1].sum(axis=1) == pytest.approx(1.0)
