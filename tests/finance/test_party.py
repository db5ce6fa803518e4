"""What is owed to suppliers: each by its own days, and orders of no known supplier by the product's."""

from __future__ import annotations

import pandas as pd
import pytest

from sopwb.finance.party import (
    days_of_offers,
    days_of_products,
    old_payables,
    open_purchases,
    stand_in_payables,
)

MONTHS = pd.DatetimeIndex(pd.to_datetime(["2026-03-01", "2026-04-01", "2026-05-01"]), name="period")
TERMS = pd.DataFrame({"party_type": "supplier", "party": ["*", "quick", "slow"], "days": [30, 15, 60]})
OFFERS = pd.DataFrame({"product": ["can", "can", "cap"], "supplier": ["quick", "slow", "slow"]})


def test_the_plan_pays_by_its_suppliers_and_an_open_order_by_the_mean_of_who_offers_it():
    plan = pd.DataFrame(
        {
            "option": ["buy", "buy", "make"],
            "product": "can",
            "source": ["quick", "slow", ""],
            "cost_value": [3.0, 1.0, 9.0],
        }
    )
    bought, offered = days_of_products(plan, TERMS, 30), days_of_offers(OFFERS, TERMS, 30)
    assert bought.to_dict() == {"can": pytest.approx((3 * 15 + 60) / 4)}
    assert offered.to_dict() == {"can": 37.5, "cap": 60.0}


def test_purchases_are_owed_for_their_own_days_and_add_up_to_what_they_cost():
    coming = pd.DataFrame(
        {"period": MONTHS[[0, 0, 1]], "days": [15.0, 60.0, 60.0], "value": [100.0, 200.0, 50.0]}
    )
    cost = pd.Series([330.0, 50.0, 0.0], index=MONTHS)  # March costs a tenth more than standard
    owed = open_purchases(coming, cost, 30, 30)
    assert owed.to_list() == pytest.approx([0.5 * 110 + 220, 220 + 50, 50])


def test_what_has_no_standard_is_owed_for_the_usual_days():
    coming = pd.DataFrame({"period": MONTHS[:1], "days": [60.0], "value": [0.0]})
    owed = open_purchases(coming, pd.Series([80.0, 0.0, 0.0], index=MONTHS), 45, 30)
    assert owed.to_list() == pytest.approx([80, 40, 0])


def test_what_came_before_the_plan_is_owed_by_the_days_of_who_brought_it():
    receipt = pd.DataFrame(
        {
            "supplier": ["quick", "slow"],
            "product": "can",
            "received_qty": [10.0, 20.0],
            "received_date": pd.to_datetime(["2026-02-10", "2026-02-10"]),
        }
    )
    cost = pd.DataFrame({"product": ["can"], "standard_cost_per_unit": [2.0]})
    assert old_payables(receipt, cost, TERMS, 30, 30, MONTHS).to_list() == [40.0, 0.0, 0.0]


def test_where_no_purchase_before_the_plan_is_known_its_mean_stands_in():
    assert stand_in_payables(pd.Series([30.0, 60.0, 90.0], index=MONTHS), 60, 30).to_list() == [
        60.0,
        0.0,
        0.0,
    ]
