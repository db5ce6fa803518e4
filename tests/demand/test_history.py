import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.config.demand import DemandSettings
from sopwb.demand.adjustments import demand_adjustment, demand_history_clean
from sopwb.demand.history import closed_buckets, sold_by_bucket
from sopwb.demand.past import past_of
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


def past(sales, activity, stock_out=NO_STOCK_OUT, product=None, bucket="month", as_of=AS_OF):
    products = product if product is not None else product_table({"cola": "drinks"})
    return past_of(
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


def clean(*given, **named):
    return demand_history_clean(past(*given, **named))


def test_pieces_of_a_week_cut_at_the_month_end_become_one_week():
    days = pd.to_datetime(["2026-01-26", "2026-02-01", "2026-02-02"])
    sales = pd.DataFrame(
        {
            "product": "cola",
            "market": "shop",
            "date": days,
            "sold_qty": [5.0, 2.0, 9.0],
            "returned_qty": [0.0, 1.0, 0.0],
            "net_sales_value": [10.0, 2.0, 18.0],
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
    done = activities({"start_date": "2025-09-01", "end_date": "2025-09-30"})
    table = clean(monthly_sales({("cola", "shop"): months}), done)
    assert table["baseline_qty"].to_numpy() == pytest.approx([100.0] * 26, rel=0.01)
    assert table["activity_qty"].sum() == pytest.approx(50.0, rel=0.03)


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


def test_without_activities_nothing_is_an_effect(activities):
    draw = np.random.default_rng(3)
    table = clean(monthly_sales({("cola", "shop"): list(draw.uniform(80, 120, 40))}), activities({}).iloc[:0])
    assert (table["activity_qty"] == 0).all()
    assert (table["baseline_qty"] == table["demand_qty"]).all()


def test_more_returned_than_sold_is_taken_off_the_months_before(activities):
    table = clean(
        monthly_sales({("cola", "shop"): [100.0] * 20 + [-30.0] + [100.0] * 5}), activities({}).iloc[:0]
    )
    moved = table["return_adjustment_qty"]
    assert moved.iloc[19:21].tolist() == [-30.0, 30.0]
    assert moved.sum() == 0


def test_a_month_without_any_sale_of_a_whole_market_is_filled_as_a_gap(activities):
    products = {f"p{n}": "drinks" for n in range(4)}
    sales = {(name, "shop"): [50.0] * 20 + [0.0] + [50.0] * 9 for name in products}
    sales |= {(name, "other"): [50.0] * 30 for name in products}
    table = demand_history_clean(
        past_of(
            monthly_sales(sales),
            NO_STOCK_OUT,
            activities({}).iloc[:0],
            product_table(products),
            market_table(["shop", "other"]),
            KINDS,
            DemandSettings(),
            as_of=AS_OF,
            bucket="month",
        )
    )
    gaps = table[table["gap_adjustment_qty"] != 0]
    assert len(gaps) == 4
    assert set(gaps["market"]) == {"shop"}
    assert gaps["demand_qty"].to_numpy() == pytest.approx(np.full(4, 50.0), rel=0.02)


@settings(max_examples=15)
@given(st.lists(st.floats(-50, 1e5), min_size=1, max_size=40), st.floats(-0.9, 3), st.floats(0, 1))
def test_the_columns_always_add_up_and_the_baseline_is_never_negative(values, effect, dip):
    done = pd.DataFrame([_past(effect, dip)])
    found = past(monthly_sales({("cola", "shop"): values}), done)
    table = demand_history_clean(found)
    names = ["sold", "return_adjustment", "gap_adjustment", "stock_out_adjustment", "outlier_adjustment"]
    total = table[[f"{name}_qty" for name in names]].sum(axis=1)
    near = {"rel": 1e-9, "abs": 1e-6}
    assert total.to_numpy() == pytest.approx(table["demand_qty"].to_numpy(), **near)
    assert (table["baseline_qty"] + table["activity_qty"]).to_numpy() == pytest.approx(
        table["demand_qty"].to_numpy(), **near
    )
    assert (table["normal_qty"] + table["calendar_qty"]).to_numpy() == pytest.approx(
        table["baseline_qty"].to_numpy(), **near
    )
    assert (table["baseline_qty"] >= 0).all()
    assert (table["demand_qty"] >= -1e-9).all()
    layer = demand_adjustment(found)
    changes = layer.groupby("date")["adjustment_qty"].sum().reindex(table["date"]).fillna(0.0)
    gross = monthly_sales({("cola", "shop"): values}).set_index("date")["sold_qty"].reindex(table["date"])
    assert (table["normal_qty"].to_numpy() - gross.to_numpy()) == pytest.approx(changes.to_numpy(), **near)


def _past(effect, dip):
    from tests.demand.conftest import activity_row

    return activity_row(start_date="2025-10-10", end_date="2025-11-20", effect=effect, after_effect_rate=dip)
