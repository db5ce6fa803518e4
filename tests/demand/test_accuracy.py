import numpy as np
import pandas as pd
import pytest

from sopwb.demand.accuracy import archive_accuracy, backtest_accuracy, level_accuracy
from sopwb.demand.backtest import Backtest
from sopwb.demand.combine import REGULAR
from sopwb.demand.interval import band, error_model
from sopwb.demand.value_added import archived_steps
from tests.demand.conftest import AS_OF, monthly_sales, product_table

NO_BAND = pd.DataFrame(columns=["cycle", "level", "node", "period", "lower_qty", "upper_qty"]).astype(
    {"cycle": "datetime64[ns]", "period": "datetime64[ns]"}
)


def archived(**quantities):
    row = {
        "cycle": pd.Timestamp("2025-11-30"),
        "product": "cola",
        "market": "shop",
        "period": pd.Timestamp("2026-01-01"),
        "baseline_qty": 80.0,
        "automatic_qty": 90.0,
        "manual_qty": float("nan"),
        "consensus_qty": 110.0,
    }
    return pd.DataFrame([row | quantities])


def steps_of(past, sales, families=None):
    return archived_steps(past, sales, product_table(families or {"cola": "drinks"}), as_of=AS_OF)


def test_each_stream_of_a_past_cycle_is_held_against_what_was_sold():
    sales = monthly_sales({("cola", "shop"): [50.0] + [100.0] * 13})
    table = archive_accuracy(steps_of(archived(), sales), sales, as_of=AS_OF)
    rows = table[table["family"] == "drinks"].set_index("stream")
    assert rows["lag"].unique().tolist() == [2]
    expected = {"seasonal_naive": 0.5, "statistical": 0.2, "automatic": 0.1, "manual": 0.1, "consensus": 0.1}
    # the same month a year before sold 50
    sales.loc[sales["date"] == pd.Timestamp("2025-01-01"), "sold_qty"] = 50.0
    rows = archive_accuracy(steps_of(archived(), sales), sales, as_of=AS_OF)
    rows = rows[rows["family"] == "drinks"].set_index("stream")
    assert rows["wmape_rate"].to_dict() == pytest.approx(expected)
    assert rows.loc["statistical", "value_added_rate"] == pytest.approx(0.3)
    assert rows.loc["consensus", "bias_rate"] == pytest.approx(0.1)


def test_months_that_are_not_closed_are_not_judged():
    open_month = archived(period=pd.Timestamp("2026-03-01"))
    sales = monthly_sales({("cola", "shop"): [100.0] * 14})
    steps = steps_of(open_month, sales)
    assert archive_accuracy(steps, sales, as_of=AS_OF).empty
    assert level_accuracy(steps, sales, NO_BAND, 4.0, as_of=AS_OF).empty


def test_a_product_that_is_gone_from_the_master_is_still_judged():
    sales = monthly_sales({("cola", "shop"): [100.0] * 14})
    table = archive_accuracy(steps_of(archived(), sales, {"water": "drinks"}), sales, as_of=AS_OF)
    assert set(table["family"]) == {"unknown", "*"}


def two_cycles():
    """Cola too high and water too low by the same, in two cycles, one month ahead."""
    return pd.concat(
        [
            archived(
                cycle=pd.Timestamp(cycle), period=pd.Timestamp(month), product=product, consensus_qty=said
            )
            for cycle, month in (("2025-11-30", "2025-12-01"), ("2025-12-31", "2026-01-01"))
            for product, said in (("cola", 110.0), ("water", 90.0))
        ]
    )


def test_at_each_level_what_one_lacks_another_makes_up():
    sales = monthly_sales({(product, "shop"): [80.0] + [100.0] * 13 for product in ("cola", "water")})
    steps = steps_of(two_cycles(), sales, {"cola": "drinks", "water": "drinks"})
    kept = pd.DataFrame(
        {
            "cycle": pd.Timestamp("2025-12-31"),
            "level": "product",
            "node": ["cola", "water"],
            "period": pd.Timestamp("2026-01-01"),
            "lower_qty": [105.0, 80.0],
            "upper_qty": [120.0, 101.0],
        }
    )
    table = level_accuracy(steps, sales, kept, 1.5, as_of=AS_OF)
    agreed = table[table["stream"] == "consensus"].set_index("level")
    assert agreed["wmape_rate"].to_dict() == pytest.approx(
        {"series": 0.1, "product": 0.1, "family_market": 0.0, "family": 0.0, "market": 0.0, "company": 0.0}
    )
    assert agreed["nodes"].to_dict() == {
        "series": 2,
        "product": 2,
        "family_market": 1,
        "family": 1,
        "market": 1,
        "company": 1,
    }
    assert (agreed["judged"] == 2).all()
    # of two bands that were kept one held; its loss 0.9 x 5 + 0.1 x 20, and 0.1 x 20 + 0.1 x 1
    assert agreed.loc["product", "coverage_rate"] == 0.5
    assert agreed.loc["product", "pinball_rate"] == pytest.approx((4.5 + 2.0 + 2.0 + 0.1) / 200)
    assert agreed["coverage_rate"].drop("product").isna().all()
    # both products err to one side in both cycles, together they do not
    assert agreed["beyond_signal_rate"].to_dict() == {
        name: float(name in {"series", "product"}) for name in agreed.index
    }
    # known history moved by 20 once, in 10 and in 11 months; a year was not over
    first, second = 10 / (20 / 10), 10 / (20 / 11)
    assert agreed.loc["product", "mase"] == pytest.approx((first + second) / 2)


def test_a_limit_that_so_few_cycles_cannot_reach_says_nothing():
    sales = monthly_sales({(product, "shop"): [100.0] * 14 for product in ("cola", "water")})
    steps = steps_of(two_cycles(), sales, {"cola": "drinks", "water": "drinks"})
    assert level_accuracy(steps, sales, NO_BAND, 4.0, as_of=AS_OF)["beyond_signal_rate"].isna().all()


def test_the_backtest_tells_the_loss_of_its_band_and_the_side_it_errs_to():
    actual = np.array([[[10.0, 12.0]], [[12.0, 9.0]], [[9.0, 11.0]], [[11.0, np.nan]]])
    forecast = np.full(actual.shape, 10.0)
    known = np.array([4, 5, 6, 7])
    backtest = Backtest(forecast, forecast, forecast, actual, known)
    demand = np.array([[8.0, 9.0, 12.0, 8.0, 10.0, 12.0, 9.0, 11.0]])
    level, route = np.array([10.0]), np.array([REGULAR])
    table = backtest_accuracy(
        backtest, demand, np.zeros(demand.shape), pd.Series(["drinks"]), level, route, season=12
    )
    row = table[(table["stream"] == "statistical") & (table["family"] == "drinks")].set_index("lag")
    # forecast less actual: 0, -2, 1, -1 over a mean size of 1
    assert row.loc[1, "tracking_signal"] == pytest.approx(-2.0)
    assert row["judged"].tolist() == [4, 3]
    # moves of one bucket known at the origins: 1, 3, 4; and 2; and 2; and 3
    assert row.loc[1, "mase"] == pytest.approx((0 / (8 / 3) + 2 / (10 / 4) + 1 / (12 / 5) + 1 / (15 / 6)) / 4)
    squares = np.array([0 / (26 / 3), 4 / (30 / 4), 1 / (34 / 5), 1 / (43 / 6)])
    assert row.loc[1, "rmsse"] == pytest.approx(np.sqrt(squares.mean()))
    loss = 0.0
    for origin in (2, 3):
        reach = known[origin] - known[:origin]
        seen = np.arange(2)[None, :] < reach[:, None]
        past = np.where(seen[:, None, :], (actual - forecast)[:origin], np.nan)
        model = error_model(past, forecast[:origin], level, route, known[:origin])
        down, up = (side[0, 0] for side in band(forecast[origin], level, route, model))
        error = actual[origin, 0, 0] - 10.0
        loss += 0.1 * (error + down) if error > -down else 0.9 * (-down - error)
        loss += 0.9 * (error - up) if error > up else 0.1 * (up - error)
    assert row.loc[1, "pinball_rate"] == pytest.approx(loss / (9.0 + 11.0))
    assert table.loc[table["stream"] != "statistical", "pinball_rate"].isna().all()
