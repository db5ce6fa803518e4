"""The account of stock in money: what comes in and goes out is what is left."""

from __future__ import annotations

import pandas as pd
import pytest

from sopwb.finance.production import conversion_spent, split_scheduled, stock_account, usage_beyond_mean

JANUARY = pd.Timestamp("2026-01-01")
FEBRUARY = pd.Timestamp("2026-02-01")
STANDARD = pd.Series({"F": 12.0, "M": 7.0})
ADDED = pd.Series({"F": 5.0, "M": 0.0})


def movements(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["product", "period", "movement", "moved_qty"])


def test_goods_on_the_way_stay_in_stock_but_not_on_hand():
    moved = movements(("F", JANUARY, "moved_out", -10.0), ("F", FEBRUARY, "moved_in", 10.0))
    account = stock_account(moved, STANDARD, ADDED, pd.Series(dtype=float), 240.0, 0.0)
    assert account["closing"].to_list() == [240.0, 240.0]
    assert account["on_hand"].to_list() == [120.0, 240.0]


def test_material_in_process_waits_for_its_output():
    rows = movements(("M", JANUARY, "consumed", -10.0), ("F", FEBRUARY, "made", 10.0))
    account = stock_account(rows, STANDARD, ADDED, pd.Series(dtype=float), 70.0, 0.0)
    assert account["on_hand"].to_list() == [0.0, 120.0]
    assert account["closing"].to_list() == [70.0, 120.0]
    assert account["conversion"].to_list() == [0.0, 50.0]


def test_receipts_of_our_own_are_no_purchases():
    receipts = pd.DataFrame(
        {"product": ["F", "F"], "receipt_type": ["transfer", "purchase"], "receipt_qty": [3.0, 1.0]}
    )
    split = split_scheduled(movements(("F", JANUARY, "scheduled", 8.0)), receipts).set_index("movement")[
        "moved_qty"
    ]
    assert split["scheduled"] == 2.0
    assert split["own_scheduled"] == 6.0


def test_another_recipe_than_the_mean_is_usage():
    consumed = movements(("M", JANUARY, "consumed", -12.0))
    plan = pd.DataFrame(
        {
            "option": ["make"],
            "product": ["F"],
            "location": ["L"],
            "source": ["main"],
            "period": [JANUARY],
            "planned_qty": [10.0],
        }
    )
    routing = pd.DataFrame({"product": ["F"], "location": ["L"], "recipe": ["main"], "yield_rate": [1.0]})
    beyond = usage_beyond_mean(consumed, plan, routing, pd.Series({"F": 7.0}), STANDARD)
    assert beyond.to_list() == [14.0]


@pytest.mark.parametrize(
    ("share", "hours"), [(0.0, 60 * 10 + 60 * 5), (0.5, 60 * 10 + 80 * 5), (1.0, 60 * 10 + 160 * 5)]
)
def test_fixed_hours_are_paid_as_set(share, hours):
    use = pd.DataFrame(
        {
            "resource": ["line"],
            "period": [JANUARY],
            "capacity_hours": [160.0],
            "required_hours": [60.0],
            "overtime_hours": [3.0],
            "overload_hours": [1.0],
        }
    )
    rate = pd.DataFrame(
        {
            "resource": ["line", "line"],
            "cost_type": ["machine", "labour"],
            "rate_per_hour": [10.0, 5.0],
            "is_variable": [True, False],
        }
    )
    own = pd.DataFrame(
        {"resource": ["line"], "overtime_cost_per_hour": [2.0], "take_or_pay_hours_per_month": [0.0]}
    )
    period = pd.DataFrame({"period": [JANUARY], "fiscal_period": [JANUARY]})
    spent = conversion_spent(use, rate, own, period, share).loc[JANUARY]
    assert spent["hours"] == pytest.approx(hours)
    assert spent["overtime"] == 8.0
    promised = own.assign(take_or_pay_hours_per_month=100.0)
    unused = conversion_spent(use, rate, promised, period, share).loc[JANUARY]
    assert unused["take_or_pay"] == pytest.approx(40 * 15)
    assert unused["hours"] == pytest.approx(60 * 15)
