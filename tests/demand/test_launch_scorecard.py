"""A launch as a whole: where its volume came from, what it cost, what is left of the old product."""

import pandas as pd
import pytest

from sopwb.demand.launch_review import launch_review
from sopwb.demand.launch_scorecard import launch_scorecard
from tests.demand.conftest import monthly_sales, product_table

AS_OF = pd.Timestamp("2026-02-28")
FAMILIES = {"old": "cola", "new": "cola", "sister": "cola", "far": "water"}
COST = pd.DataFrame({"product": list(FAMILIES), "standard_cost_per_unit": 1.0})


def card(sales, *, stock=120.0, ends="2026-04-30", spend=(300.0, 200.0)):
    """Two years of months to February 2026; new replaces old from December 2025 on."""
    product = product_table(FAMILIES).set_index("product")
    product["launch_date"] = pd.Series({"new": pd.Timestamp("2025-12-01")})
    product["phase_out_date"] = pd.Series({"old": pd.Timestamp(ends)})
    product = product.reset_index()
    successor = pd.DataFrame(
        {
            "product": ["old"],
            "successor": ["new"],
            "start_date": pd.to_datetime(["2025-12-01"]),
            "factor_rate": [1.0],
        }
    )
    history = monthly_sales({(name, "shop"): list(values) for name, values in sales.items()})
    on_hand = pd.DataFrame({"product": ["old"], "on_hand_qty": [stock]})
    activity = pd.DataFrame(
        {
            "kind": ["launch", "launch", "promotion"],
            "product": ["new", "new", "new"],
            "start_date": pd.to_datetime(["2025-12-01", "2026-05-01", "2025-12-01"]),
            "cost_value": [spend[1], 999.0, 999.0],
        }
    )
    cost_line = pd.DataFrame(
        {
            "product": ["new", None],
            "behaviour": "fixed",
            "valid_from": pd.to_datetime(["2026-01-01", "2025-01-01"]),
            "valid_to": pd.to_datetime(["2026-06-30", None]),
            "amount": [spend[0] / 2, 5000.0],
        }
    )
    review = launch_review(product, successor, history, COST, on_hand, as_of=AS_OF)
    table = launch_scorecard(
        review, product, successor, history, COST, on_hand, activity, cost_line, as_of=AS_OF
    )
    return table.set_index("product")


SALES = {
    "old": [100.0] * 21 + [40.0] * 3,
    "new": [80.0] * 3,
    "sister": [50.0] * 21 + [45.0] * 3,
    "far": [10.0] * 24,
}


def test_volume_came_from_the_predecessor_then_from_sisters_and_the_rest_is_new():
    new = card(SALES).loc["new"]
    # 3 months: the old product lost 60 a month, the sister 5, and 80 were sold
    assert new[["predecessor_qty", "sister_qty", "new_qty"]].tolist() == [180.0, 15.0, 45.0]
    assert new["predecessor_qty"] + new["sister_qty"] + new["new_qty"] == new["sold_qty"] == 240.0


def test_sisters_that_fell_with_the_whole_market_lost_nothing_to_the_launch():
    fallen = SALES | {"far": [10.0] * 21 + [9.0] * 3}
    assert card(fallen).loc["new", "sister_qty"] == 0.0


def test_a_launch_takes_no_more_than_it_sold():
    new = card(SALES | {"new": [10.0] * 3}).loc["new"]
    assert new[["predecessor_qty", "sister_qty", "new_qty"]].tolist() == [30.0, 0.0, 0.0]


def test_earned_is_margin_less_all_that_it_cost():
    table = card(SALES)
    new = table.loc["new"]
    assert new["development_value"] == 300.0
    assert new["launch_value"] == 200.0
    assert new["earned_value"] == pytest.approx(
        new["margin_value"] - new["lost_margin_value"] - 500.0 - new["write_off_value"]
    )
    assert pd.isna(table.loc["old", "earned_value"])


def test_what_the_old_one_cannot_sell_before_its_last_day_may_be_written_off():
    old = card(SALES).loc["old"]
    # 40 a month at a cost of 1, two months left of 120 in stock
    assert old["run_out_months"] == pytest.approx(3.0)
    assert old["write_off_value"] == pytest.approx(120 - 40 * 61 / (365.25 / 12))
    assert card(SALES, ends="2026-02-15").loc["old", "write_off_value"] == 120.0
    assert card(SALES, ends="2026-12-31").loc["old", "write_off_value"] == 0.0
