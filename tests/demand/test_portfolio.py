import pandas as pd
import pytest

from sopwb.config.demand import PortfolioSettings
from sopwb.demand.launch_review import launch_review
from sopwb.demand.portfolio import abc_class, portfolio_value
from tests.demand.conftest import AS_OF, monthly_sales, product_table

COST = pd.DataFrame({"product": ["best", "good", "tail", "new"], "standard_cost_per_unit": 1.0})
STOCK = pd.DataFrame({"product": ["tail", "tail"], "on_hand_qty": [5.0, 10.0]})
FAMILIES = {"best": "drinks", "good": "drinks", "tail": "snacks", "new": "snacks"}


def value(**sales):
    history = monthly_sales({(name, "shop"): list(values) for name, values in sales.items()})
    table = portfolio_value(product_table(FAMILIES), history, COST, STOCK, PortfolioSettings(), as_of=AS_OF)
    return table.set_index("product")


def test_products_are_ranked_by_the_margin_of_the_last_twelve_months():
    table = value(best=[90.0] * 24, good=[9.0] * 24, tail=[1.0] * 24)
    assert table["margin_rank"].to_dict() == {"best": 1, "good": 2, "tail": 3, "new": 4}
    assert table.loc["best", "revenue_value"] == 12 * 180
    assert table.loc["best", "margin_value"] == 12 * 90
    assert table["abc_class"].to_dict() == {"best": "A", "good": "B", "tail": "C", "new": "C"}
    assert table["is_tail"].to_dict() == {"best": False, "good": False, "tail": True, "new": False}
    assert table.loc["tail", "stock_value"] == 15.0


def test_stages_follow_dates_and_the_change_on_the_year_before():
    table = value(
        best=[10.0] * 12 + [20.0] * 12, good=[20.0] * 12 + [10.0] * 12, tail=[10.0] * 24, new=[5.0] * 3
    )
    assert table["life_stage"].to_dict() == {
        "best": "growth",
        "good": "decline",
        "tail": "mature",
        "new": "launch",
    }


def test_the_product_that_reaches_the_border_still_belongs_to_the_better_class():
    letters = abc_class(pd.Series([0.79, 0.9, 0.96, 1.0]), pd.Series([79.0, 11, 6, 4]), PortfolioSettings())
    assert letters.tolist() == ["A", "A", "B", "C"]


def test_a_launch_is_held_against_its_predecessors_year_before_times_the_factor():
    product = product_table({"old": "drinks", "new": "drinks"})
    product.loc[product["product"] == "new", "launch_date"] = pd.Timestamp("2026-01-01")
    successor = pd.DataFrame(
        [{"product": "old", "successor": "new", "start_date": pd.Timestamp("2026-01-01"), "factor_rate": 1.5}]
    )
    sales = monthly_sales({("old", "shop"): [100.0] * 14, ("new", "shop"): [90.0, 165.0]})
    cost = pd.DataFrame({"product": ["old", "new"], "standard_cost_per_unit": 2.0})
    stock = pd.DataFrame({"product": ["old"], "on_hand_qty": [30.0]})
    review = launch_review(product, successor, sales, cost, stock, as_of=AS_OF).set_index("month_number")
    assert review["product"].unique().tolist() == ["new"]
    assert review.loc[[1, 2], "planned_qty"].tolist() == [150.0, 150.0]
    assert review.loc[1, "attainment_rate"] == pytest.approx(0.6)
    assert review.loc[2, "attainment_rate"] == pytest.approx(255 / 300)
    assert pd.isna(review.loc[3, "actual_qty"])
    assert review.loc[1, "counterpart_stock_value"] == 60.0
