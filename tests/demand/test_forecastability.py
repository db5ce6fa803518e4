import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from sopwb.config.demand import PortfolioSettings
from sopwb.demand.backtest import Backtest
from sopwb.demand.forecastability import forecastability, xyz_class

PRODUCT = pd.Series(["cola", "cola", "water", "new"])


def backtest(forecast, origins):
    path = np.array(forecast)
    return Backtest(path, path, path, path, np.array(origins))


def of(demand, forecast, origins, activity=None, season=12, **settings):
    demand = np.array(demand)
    activity = np.zeros(demand.shape) if activity is None else np.array(activity)
    table = forecastability(
        backtest(forecast, origins), demand, activity, PRODUCT, PortfolioSettings(**settings), season
    )
    return table.set_index("product")


DEMAND = [[9.0, 10, 12, 8], [9, 20, 18, 22], [9, 5, 50, 5], [np.nan, np.nan, np.nan, 4]]
FORECAST = [
    [[10.0, 99], [20, 99], [20, 99], [np.nan, np.nan]],
    [[10.0, 99], [20, 99], [20, 99], [np.nan, np.nan]],
    [[10.0, 99], [20, 99], [20, 99], [np.nan, np.nan]],
]


def test_the_error_is_that_of_the_first_month_at_product_and_market_over_demand():
    table = of(DEMAND, FORECAST, [1, 2, 3])
    # cola: 0 + 2 + 2 of 30 in one market, 0 + 2 + 2 of 60 in the other, never made up for by one another
    assert table.loc["cola", ["actual_qty", "absolute_error_qty"]].tolist() == [90.0, 8.0]
    assert table.loc["cola", "error_rate"] == pytest.approx(8 / 90)
    assert table.loc["water", "error_rate"] == pytest.approx((15 + 30 + 15) / 60)
    assert table["xyz_class"].to_dict() == {"cola": "X", "water": "Z", "new": "Z"}
    assert table["judged"].to_dict() == {"cola": 3, "water": 3, "new": 0}
    assert np.isnan(table.loc["new", "error_rate"])


def test_a_month_of_weeks_is_added_up_before_it_is_compared():
    weeks = [[5.0, 10, 14, 8, 8], [1] * 5, [1] * 5, [1] * 5]
    table = of(weeks, [[[10.0] * 4, [1] * 4, [1] * 4, [1] * 4]], [1], season=52)
    # 10 + 14 + 8 + 8 against 40: the weeks make up for one another
    assert table.loc["cola", "absolute_error_qty"] == pytest.approx(0.0)


def test_what_the_forecast_sees_coming_makes_no_product_hard():
    promoted = [[9.0, 10, 30, 10], *DEMAND[1:]]
    unseen = of(promoted, FORECAST, [1, 2, 3])
    seen = of(promoted, FORECAST, [1, 2, 3], activity=[[0.0, 0, 20, 0], *([[0.0] * 4] * 3)])
    assert unseen.loc["cola", "absolute_error_qty"] == pytest.approx(20 + 4)
    assert seen.loc["cola", "absolute_error_qty"] == pytest.approx(0 + 4)


def test_limits_are_declared_and_in_order():
    assert of(DEMAND, FORECAST, [1, 2, 3], class_x_rate=0.05).loc["cola", "xyz_class"] == "Y"
    rates = pd.Series([0.2, 0.21, 0.5, 0.51, np.nan])
    assert xyz_class(rates, PortfolioSettings()).tolist() == ["X", "Y", "Y", "Z", "Z"]
    with pytest.raises(ValidationError, match="class_y_rate must not be smaller"):
        PortfolioSettings(class_x_rate=0.6)


def test_without_an_origin_nothing_is_judged():
    table = forecastability(
        backtest(np.zeros((0, 4, 2)), np.zeros(0, dtype=int)),
        np.array(DEMAND),
        np.zeros((4, 4)),
        PRODUCT,
        PortfolioSettings(),
        12,
    )
    assert (table["judged"] == 0).all()
    assert (table["xyz_class"] == "Z").all()
