import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sopwb.config.delivery import DeliverySettings
from sopwb.measure.delivery import delivery_performance, judged_lines, with_overdue

AS_OF = pd.Timestamp("2026-02-28")
PRODUCT = pd.DataFrame({"product": ["cola", "water"], "family": ["soft", "still"]})
MARKET = pd.DataFrame(
    {
        "market": ["north", "south"],
        "customer_group": ["chains", "pubs"],
        "region": ["n", "s"],
        "channel": ["grocery", "horeca"],
    }
)
SALES = pd.DataFrame(
    {
        "product": ["cola"],
        "market": ["north"],
        "date": [AS_OF],
        "sold_qty": [12.0],
        "returned_qty": [2.0],
        "net_sales_value": [20.0],
    }
)


def lines(*rows):
    """Order line, market, days late, ordered, delivered; due on 10 February 2026, promised two days later."""
    frame = pd.DataFrame(rows, columns=["order_line", "market", "late", "ordered_qty", "delivered_qty"])
    due = pd.Timestamp("2026-02-10")
    return frame.assign(
        product="cola",
        requested_date=due,
        promised_date=due + pd.Timedelta(days=2),
        delivered_date=due + pd.to_timedelta(frame["late"], unit="D"),
    ).drop(columns="late")


DAY = lines(
    ("SO1-1", "north", 0, 10.0, 10.0),
    ("SO1-2", "north", 2, 10.0, 10.0),
    ("SO2-1", "north", 0, 10.0, 9.0),
    ("SO3-1", "south", -5, 10.0, 12.0),
)


def rates(delivery=DAY, scope="*", **settings):
    table = delivery_performance(delivery, PRODUCT, MARKET, SALES, DeliverySettings(**settings), as_of=AS_OF)
    return table[(table["scope"] == scope) & (table["period"] == "*")].iloc[0]


@pytest.mark.parametrize(
    ("settings", "rate"),
    [
        ({}, 2 / 4),
        ({"late_days": 2}, 3 / 4),
        ({"date_basis": "promised"}, 3 / 4),
        ({"early_days": 3}, 1 / 4),
        ({"in_full_rate": 0.9}, 3 / 4),
        ({"unit": "order"}, 1 / 3),
        ({"unit": "order", "late_days": 2}, 2 / 3),
        ({"unit": "order", "order_pattern": "^(no match)$"}, 2 / 4),
        ({"unit": "quantity"}, 29 / 40),
    ],
)
def test_what_is_on_time_and_in_full_is_what_the_settings_declare(settings, rate):
    assert rates(**settings)["on_time_in_full_rate"] == pytest.approx(rate)


def test_every_scope_has_its_own_rate_and_the_parts_count_the_whole():
    assert rates(scope="market=north")["on_time_in_full_rate"] == pytest.approx(1 / 3)
    assert rates(scope="customer_group=pubs")["on_time_in_full_rate"] == 1.0
    assert rates(scope="family=soft")["total"] == 4
    assert rates()["on_time_rate"] == 3 / 4
    assert rates()["in_full_rate"] == 3 / 4


def test_what_was_missed_is_worth_its_net_price():
    north = rates(scope="market=north")
    assert north["missed_value"] == pytest.approx((10 + 1) * 2.0)
    assert pd.isna(rates(scope="market=south")["missed_value"])


def test_only_lines_due_in_the_months_of_the_settings_count():
    old = DAY.assign(requested_date=pd.Timestamp("2025-02-28"))
    assert judged_lines(old, DeliverySettings(), as_of=AS_OF).empty
    edge = DAY.assign(requested_date=pd.Timestamp("2025-03-01"))
    assert len(judged_lines(edge, DeliverySettings(), as_of=AS_OF)) == 4
    assert judged_lines(edge, DeliverySettings(months=11), as_of=AS_OF).empty


def test_without_a_delivery_the_table_is_empty():
    table = delivery_performance(DAY.iloc[:0], PRODUCT, MARKET, SALES, DeliverySettings(), as_of=AS_OF)
    assert table.empty


@given(
    st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 50), st.integers(0, 60)), min_size=1, max_size=30),
    st.sampled_from(["line", "order", "quantity"]),
)
def test_on_time_in_full_is_never_more_than_either_and_markets_add_up(rows, unit):
    made = lines(*[(f"SO{n // 2}-{n}", ("north", "south")[n % 2], *row) for n, row in enumerate(rows)])
    table = delivery_performance(made, PRODUCT, MARKET, SALES, DeliverySettings(unit=unit), as_of=AS_OF)
    assert (table["on_time_in_full"] <= table[["on_time", "in_full"]].min(axis=1) + 1e-9).all()
    assert (table["total"] >= table[["on_time", "in_full"]].max(axis=1) - 1e-9).all()
    if unit != "order":
        total = table[table["period"] == "*"].set_index("scope")["on_time_in_full"]
        assert total[total.index.str.startswith("market=")].sum() == pytest.approx(total["*"])


@pytest.mark.parametrize("pattern", ["(", "SO", "(a)(b)"])
def test_a_pattern_without_the_number_of_the_order_is_refused(pattern):
    with pytest.raises(ValueError, match=r"is no pattern|groups"):
        DeliverySettings(order_pattern=pattern)


def test_an_open_order_that_was_due_is_a_line_that_did_not_come():
    open_order = pd.DataFrame(
        {
            "order_line": ["SO9-1", "SO9-2", "SO1-1"],
            "product": "cola",
            "market": "south",
            "due_date": pd.to_datetime(["2026-02-27", "2026-03-01", "2026-02-10"]),
            "open_qty": 5.0,
        }
    )
    both = with_overdue(DAY, open_order, AS_OF)
    assert both["order_line"].tolist() == [*DAY["order_line"], "SO9-1"]
    assert rates(both, scope="market=south")["on_time_in_full_rate"] == 0.5
    assert with_overdue(DAY, open_order.iloc[:0], AS_OF) is DAY
