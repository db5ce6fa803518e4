import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.config.demand import DemandSettings
from sopwb.demand.history import closed_buckets, demand_history_clean, sold_by_bucket
from tests.demand.conftest import AS_OF, built_in_parts, market_table, monthly_sales, product_table

KINDS = built_in_parts().activity_kinds
NO_STOCK_OUT = pd.DataFrame(
    {
        "product": pd.Series(dtype=object),
        "location": pd.Series(dtype=object),
        "date": pd.Series(dtype="datetime64[ns]"),
        "out_of_stock_days": pd.Series(dtype=float),
    }
)


def clean(sales, activity, stock_out=NO_STOCK_OUT, product=None, bucket="month", as_of=AS_OF):
    products = product if product is not None else product_table({"cola": "drinks"})
    return demand_history_clean(
        sales,
        stock_out,
        activity,
        products,
        market_table(["shop"]),
        KINDS,
        DemandSettings(),
        as_of=as_of,
        bucket=bucket,
    )


def test_pieces_of_a_week_cut_at_the_month_end_become_one_week():
    days = pd.to_datetime(["2026-01-26", "2026-02-01", "2026-02-02"])
    sales = pd.DataFrame(
        {
            "product": "cola",
            "market": "shop",
            "date": days,
            "sold_qty": [5.0, 2.0, 9.0],
            "returned_qty": [0.0, 1.0, 0.0],
        }
    )
    weeks = sold_by_bucket(sales, "week")
    assert list(weeks["date"]) == list(pd.to_datetime(["2026-01-26", "2026-02-02"]))
    assert list(weeks["sold_qty"]) == [6.0, 9.0]


def test_only_whole_buckets_up_to_as_of_count():
    weeks = pd.DataFrame({"date": pd.to_datetime(["2026-02-09", "2026-02-16", "2026-02-23"])})
    # the week of 23 February ends on 1 March
    assert closed_buckets(weeks, pd.Timestamp("2026-02-28"), "week").max() == pd.Timestamp("2026-02-16")
    assert closed_buckets(weeks, pd.Timestamp("2026-03-01"), "week").max() == pd.Timestamp("2026-02-23")


def test_a_series_has_every_bucket_from_its_first_sale_to_the_last_closed_one(activities):
    sales = monthly_sales({("cola", "shop"): [0, 0, 5, 0, 0, 7, 0, 0]})
    table = clean(sales[sales["sold_qty"] > 0], activities({}).iloc[:0], as_of=AS_OF)
    # nothing is known after the last month in which anything was sold
    assert list(table["sold_qty"]) == [5.0, 0.0, 0.0, 7.0]


def test_a_declared_promotion_is_taken_out_of_the_baseline(activities):
    months = [100.0] * 20 + [150.0] + [100.0] * 5
    past = activities({"start_date": "2025-09-01", "end_date": "2025-09-30"})
    table = clean(monthly_sales({("cola", "shop"): months}), past)
    assert table["baseline_qty"].to_numpy() == pytest.approx([100.0] * 26)
    assert table["activity_qty"].sum() == pytest.approx(50.0)


def test_a_month_half_without_stock_is_filled_up(activities):
    months = [100.0] * 26
    months[20] = 50.0
    out = pd.DataFrame(
        {
            "product": ["cola"],
            "location": ["hub"],
            "date": [pd.Timestamp("2025-09-01")],
            "out_of_stock_days": [15.0],
        }
    )
    table = clean(monthly_sales({("cola", "shop"): months}), activities({}).iloc[:0], out)
    # half the days: 0.5 x 50 + 0.25 x 100
    assert table["stock_out_adjustment_qty"].sum() == pytest.approx(50.0)
    assert table["demand_qty"].to_numpy() == pytest.approx([100.0] * 26)


@settings(max_examples=15)
@given(st.lists(st.floats(-50, 1e5), min_size=1, max_size=40), st.floats(-0.9, 3), st.floats(0, 1))
def test_the_columns_always_add_up_and_the_baseline_is_never_negative(values, effect, dip):
    past = pd.DataFrame([_past(effect, dip)])
    table = clean(monthly_sales({("cola", "shop"): values}), past)
    total = table["sold_qty"] + table["stock_out_adjustment_qty"] + table["outlier_adjustment_qty"]
    assert total.to_numpy() == pytest.approx(table["demand_qty"].to_numpy())
    assert (table["baseline_qty"] + table["activity_qty"]).to_numpy() == pytest.approx(
        table["demand_qty"].to_numpy()
    )
    assert (table["baseline_qty"] >= 0).all()
    assert (table["demand_qty"] >= -1e-9).all()


def _past(effect, dip):
    from tests.demand.conftest import activity_row

    return activity_row(start_date="2025-10-10", end_date="2025-11-20", effect=effect, after_effect_rate=dip)
