import numpy as np
import pandas as pd
import pytest

from sopwb.demand.error_measure import (
    Record,
    added_up,
    measures_by,
    naive_scale,
    pinball_loss,
    record_of,
    scaled_errors,
    tracking_signal,
)
from tests.demand.conftest import AS_OF, monthly_sales

NAN = float("nan")


def test_the_tracking_signal_of_the_bakery_is_that_of_the_textbook():
    """Heizer and Render (2014), Carlson's Bakery: actual less forecast is +35, the mean deviation 85 / 6."""
    demand = np.array([90.0, 95, 115, 100, 125, 140])
    forecast = np.array([100.0, 100, 100, 110, 110, 110])
    assert tracking_signal(forecast - demand) == pytest.approx(-35 / (85 / 6))


@pytest.mark.parametrize(
    ("errors", "signal"),
    [
        ([2.0, 2.0, 2.0, 2.0, 2.0], 5.0),
        ([-3.0, -1.0], -2.0),
        ([4.0, -4.0], 0.0),
        ([0.0, 0.0], 0.0),
        ([NAN, 5.0, NAN, 1.0], 2.0),
    ],
)
def test_a_tracking_signal_counts_origins_when_all_err_to_one_side(errors, signal):
    assert tracking_signal(np.array(errors)) == pytest.approx(signal)


def test_without_an_origin_there_is_no_tracking_signal():
    assert np.isnan(tracking_signal(np.array([[NAN], [NAN]]))).all()


def test_scales_are_made_of_what_was_known_from_the_first_sale_on():
    history = np.array([[NAN, 2.0, 6.0, 5.0, 9.0], [7.0, 7.0, 7.0, 7.0, 7.0]])
    mean, square = naive_scale(history, np.array([3, 5]), season=2)
    # three known: |6 - 2|, for a year of two buckets is not over yet; five known: |5 - 2| and |9 - 6|
    assert mean[:, 0].tolist() == [4.0, 3.0]
    # 4^2; then the mean of 4^2, 1^2 and 4^2
    assert square[:, 0].tolist() == [16.0, 11.0]
    # what never changed has no scale
    assert np.isnan(mean[:, 1]).all()
    assert np.isnan(square[:, 1]).all()


def test_mase_and_rmsse_are_means_over_origins_in_units_of_the_scale_of_each():
    error = np.array([[[2.0], [1.0]], [[-6.0], [NAN]]])
    mase, rmsse = scaled_errors(
        error, np.array([[4.0, NAN], [3.0, NAN]]), np.array([[16.0, 4.0], [9.0, 4.0]])
    )
    assert mase[0] == pytest.approx((2 / 4 + 6 / 3) / 2)
    assert rmsse[0] == pytest.approx(np.sqrt((4 / 16 + 36 / 9) / 2))
    assert np.isnan(mase[1])
    assert rmsse[1] == pytest.approx(0.5)


def test_the_loss_of_the_median_is_half_the_absolute_error():
    came, said = np.array([10.0, 4.0]), np.array([7.0, 9.0])
    assert pinball_loss(came, said, 0.5) == pytest.approx(np.abs(came - said) / 2)
    assert pinball_loss(came, said, 0.1) == pytest.approx([0.3, 4.5])


def record():
    """Two products of one market, three origins, one bucket ahead."""
    return Record(
        pd.DataFrame({"product": ["cola", "water"], "market": "shop", "family": ["soft", "still"]}),
        np.array([[[10.0], [20.0]], [[12.0], [18.0]], [[8.0], [NAN]]]),
        {"consensus": np.array([[[13.0], [17.0]], [[13.0], [19.0]], [[12.0], [5.0]]])},
        np.array([[8.0, 10.0, 12.0, 8.0], [20.0, 24.0, 18.0, 20.0]]),
        np.array([2, 3, 4]),
        12,
    )


def test_measures_are_taken_of_each_family_and_of_all_together():
    table = measures_by(record(), "family").set_index("family")
    # cola: +3, +1, +4; water: -3, +1; together: 0, +2, +4
    assert table["tracking_signal"].to_dict() == pytest.approx(
        {"*": 6 / (6 / 3), "soft": 3.0, "still": -2 / (4 / 2)}
    )
    assert table["judged"].to_dict() == {"*": 3, "soft": 3, "still": 2}
    # scales of cola: 2, 2, (2 + 2 + 4) / 3; of water: 4, (4 + 6) / 2
    cola, water = (3 / 2 + 1 / 2 + 4 / (8 / 3)) / 3, (3 / 4 + 1 / 5) / 2
    assert table["mase"].to_dict() == pytest.approx({"*": (cola + water) / 2, "soft": cola, "still": water})
    squares = np.sqrt((9 / 4 + 1 / 4 + 16 / ((4 + 4 + 16) / 3)) / 3)
    assert table.loc["soft", "rmsse"] == pytest.approx(squares)


def test_added_up_forecasts_make_up_for_one_another():
    company = added_up(record(), [])
    error = company.paths["consensus"] - company.actual
    # the last origin knows nothing of water, whose forecast then counts neither
    assert error.ravel().tolist() == [0.0, 2.0, 4.0]
    by_family = added_up(record(), ["family"])
    assert by_family.series["family"].tolist() == ["soft", "still"]
    assert np.isnan(by_family.paths["consensus"][2, 1, 0])


def test_the_record_of_archived_cycles_knows_what_was_sold_then():
    sales = monthly_sales({("cola", "shop"): [0.0, 4.0, 7.0, 9.0, 5.0]})
    cells = pd.DataFrame(
        {
            "cycle": pd.to_datetime(["2025-12-31", "2025-12-31", "2026-01-31"]),
            "product": "cola",
            "market": "shop",
            "family": "soft",
            "lag": [1, 2, 1],
            "actual_qty": [9.0, 5.0, 5.0],
            "said": [10.0, NAN, 4.0],
        }
    )
    made = record_of(cells, {"anna": "said"}, sales, AS_OF)
    # from October to February; the first sale was in November
    assert np.isnan(made.history[0, 0])
    assert made.history[0, 1:].tolist() == [4.0, 7.0, 9.0, 5.0]
    assert made.known.tolist() == [3, 4]
    assert made.actual.ravel().tolist() == pytest.approx([9.0, 5.0, 5.0, NAN], nan_ok=True)
    absolute, square = made.scale
    assert absolute[:, 0].tolist() == [3.0, 2.5]
    assert square[:, 0].tolist() == [9.0, 6.5]
    table = measures_by(made, "family")
    # silent two months ahead, and therefore not judged there
    assert table["lag"].unique().tolist() == [1]
    assert table["tracking_signal"].tolist() == [0.0, 0.0]
    assert table["mase"].tolist() == pytest.approx([(1 / 3 + 1 / 2.5) / 2] * 2)
