"""Price, volume and mix against the published answers, and what must always hold."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.finance.bridges import year_on_year_bridges
from sopwb.finance.price_volume_mix import price_volume_mix
from sopwb.schema import load_schema


def span(rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["product", "qty", "price_per_unit", "fx_rate", "cost_per_unit"])


def value(frame: pd.DataFrame, *, margin: bool) -> float:
    cost = frame["cost_per_unit"] if margin else 0.0
    return float((frame["qty"] * (frame["price_per_unit"] * frame["fx_rate"] - cost)).sum())


def test_the_real_company_has_the_published_steps(shared_data):
    lines = pd.read_parquet(shared_data / "adventureworks" / "sales_lines.parquet")

    def year(first: str, last: str) -> pd.DataFrame:
        inside = lines[lines["period"].between(first, last)]
        sums = inside.groupby("item_id", as_index=False)[["qty", "net_sales"]].sum()
        return sums.assign(price_per_unit=sums["net_sales"] / sums["qty"], fx_rate=1.0)

    base, current = year("2012-05", "2013-04"), year("2013-05", "2014-04")
    assert base["net_sales"].sum() == pytest.approx(33_792_674.15, abs=0.005)
    assert current["net_sales"].sum() == pytest.approx(51_387_676.90, abs=0.005)
    steps = price_volume_mix(base, current, ["item_id"]).round(2)
    expected = {
        "volume": -229_101.20,
        "mix": -8_805_376.14,
        "price": 3_905_499.70,
        "fx": 0,
        "cost": 0,
        "new": 27_574_710.69,
        "lost": -4_850_730.30,
    }
    assert steps.to_dict() == pytest.approx(expected, abs=0.005)


amounts = st.floats(min_value=0.5, max_value=1e4)
products = st.dictionaries(
    st.sampled_from("ABCDEF"), st.tuples(amounts, amounts, amounts, amounts), min_size=1
)


@settings(max_examples=25)
@given(products, products, st.booleans())
def test_the_steps_are_always_the_whole_change(before, after, margin):
    base = span([(name, *values) for name, values in before.items()])
    current = span([(name, *values) for name, values in after.items()])
    steps = price_volume_mix(base, current, ["product"], margin=margin)
    change = value(current, margin=margin) - value(base, margin=margin)
    scale = value(current, margin=False) + value(base, margin=False) + 1e9
    assert steps.sum() == pytest.approx(change, abs=1e-9 * scale)


def test_bridges_of_sales_close_on_net_sales_with_returns_and_another_currency():
    schema = load_schema()
    market = pd.DataFrame({"market": ["home", "north"], "currency": ["EUR", "SEK"]})
    rows = [
        ("A", "home", "2024-06-01", 10.0, 0.0, 100.0),
        ("A", "home", "2025-06-01", 12.0, 0.0, 132.0),
        ("A", "north", "2024-06-01", 5.0, 0.0, 45.0),
        ("A", "north", "2025-06-01", 5.0, 0.0, 50.0),
        ("B", "home", "2025-06-01", 0.0, 2.0, -8.0),
    ]
    names = ["product", "market", "date", "sold_qty", "returned_qty", "net_sales_value"]
    sales = pd.DataFrame(rows, columns=names).assign(date=lambda frame: pd.to_datetime(frame["date"]))
    rates = pd.DataFrame(
        {
            "currency": "SEK",
            "rate_type": "actual",
            "period": pd.to_datetime(["2024-06-01", "2025-06-01"]),
            "rate": [0.09, 0.10],
        }
    )
    cost = pd.DataFrame({"product": ["A", "B"], "standard_cost_per_unit": [6.0, 3.0]})
    bridges = year_on_year_bridges(
        sales, market, rates, cost, currency="EUR", as_of=pd.Timestamp("2025-12-31"), months=12
    )
    revenue = schema["bridge"].shape(bridges[0])
    assert revenue["amount_value"].iloc[0] == pytest.approx(145.0)
    assert revenue["amount_value"].iloc[-1] == pytest.approx(174.0)
    by_label = revenue.set_index("label")["amount_value"]
    assert by_label["Currency"] == pytest.approx(5.0)
    assert by_label["New products"] == pytest.approx(-8.0)


def test_without_two_spans_of_sales_there_is_no_bridge():
    empty = load_schema()
    found = year_on_year_bridges(
        empty["sales_history"].empty(),
        empty["market"].empty(),
        empty["currency_rate"].empty(),
        empty["product_cost"].empty(),
        currency="EUR",
        as_of=pd.Timestamp("2025-12-31"),
        months=12,
    )
    assert found == []
