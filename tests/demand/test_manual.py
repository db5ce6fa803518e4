import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.calendar import plan_periods
from sopwb.config.demand import ManualSettings
from sopwb.demand.manual import manual_streams
from sopwb.demand.statement import standing_statements
from sopwb.errors import InputError
from tests.demand.conftest import market_table, product_table, statement_row

PERIOD = plan_periods(pd.Timestamp("2026-02-28"), weeks=6, end=pd.Timestamp("2026-05-31"))
SERIES = pd.DataFrame(
    [("cola", "north", "drinks"), ("cola", "south", "drinks"), ("chips", "north", "snacks")],
    columns=["product", "market", "family"],
)


def plan(automatic=None):
    cells = SERIES.merge(PERIOD[["period", "fiscal_period", "days"]], how="cross")
    quantity = np.arange(1.0, len(cells) + 1) if automatic is None else automatic
    return cells.assign(automatic_qty=quantity, open_days=cells["days"].astype(float))


def march(cells, **where):
    chosen = cells["fiscal_period"] == pd.Timestamp("2026-03-01")
    for name, value in where.items():
        chosen &= cells[name] == value
    return chosen


PRODUCT = product_table({"cola": "drinks", "chips": "snacks"}).assign(brand=["Kuura", "Halla"])
MARKET = market_table(["north", "south"]).assign(region=["Lapland", "Coast"])
AS_OF = pd.Timestamp("2026-02-28")
NO_SALES = pd.DataFrame(
    {
        "product": pd.Series(dtype=object),
        "market": pd.Series(dtype=object),
        "date": pd.Series(dtype="datetime64[ns]"),
        "sold_qty": pd.Series(dtype=float),
        "returned_qty": pd.Series(dtype=float),
    }
)


def voices(rows, cells, period=PERIOD, sales=NO_SALES, as_of=AS_OF, **settings):
    rows = standing_statements(rows, as_of)
    words = ManualSettings(**settings)
    return manual_streams(rows, cells, period, PRODUCT, MARKET, sales, words, as_of=as_of)


def spoken(rows, cells, **words):
    return voices(rows, cells, **words).streams


@pytest.mark.parametrize(
    ("mode", "amount", "total"),
    [
        ("absolute", 500.0, lambda old: 500.0),
        ("delta", -20.0, lambda old: old - 20),
        ("percent", 0.1, lambda old: 1.1 * old),
    ],
)
def test_a_statement_about_a_family_and_month_has_its_exact_total(statements, mode, amount, total):
    cells = plan()
    said = spoken(statements({"family": "drinks", "mode": mode, "amount": amount}), cells)["sales"]
    touched = march(cells, family="drinks")
    assert said[touched].sum() == pytest.approx(total(cells.loc[touched, "automatic_qty"].sum()))
    assert said[~touched].isna().all()
    before = cells.loc[touched, "automatic_qty"].to_numpy()
    assert said[touched].to_numpy() == pytest.approx(before * total(before.sum()) / before.sum(), abs=1)


@settings(max_examples=20)
@given(st.lists(st.floats(0, 1e6), min_size=30, max_size=30), st.floats(0, 1e7))
def test_totals_are_exact_whatever_the_automatic_forecast(automatic, amount):
    cells = plan()
    cells = cells.assign(automatic_qty=np.resize(automatic, len(cells)))
    said = spoken(pd.DataFrame([statement_row(mode="absolute", amount=amount)]), cells)["sales"]
    assert math.fsum(said.dropna()) == pytest.approx(amount, rel=1e-15)
    assert (said.dropna() >= 0).all()


def test_without_an_automatic_forecast_days_on_sale_share_the_total(statements):
    cells = plan(automatic=0.0)
    said = spoken(statements({"product": "cola", "mode": "absolute", "amount": 620.0}), cells)["sales"]
    touched = march(cells, product="cola")
    assert said[touched].to_numpy() == pytest.approx(cells.loc[touched, "days"].to_numpy() * 10.0)


def test_the_narrow_statement_counts_in_its_cells(statements):
    rows = statements(
        {
            "manual_forecast": "narrow",
            "product": "cola",
            "market": "north",
            "mode": "absolute",
            "amount": 10.0,
        },
        {"manual_forecast": "broad", "mode": "percent", "amount": 1.0, "entered_at": "2026-02-20"},
    )
    cells = plan()
    said = spoken(rows, cells)["sales"]
    assert said[march(cells, product="cola", market="north")].sum() == pytest.approx(10.0)
    other = march(cells, product="chips")
    assert said[other].to_numpy() == pytest.approx(2 * cells.loc[other, "automatic_qty"].to_numpy())


def test_what_has_expired_or_was_said_again_does_not_count(statements):
    rows = statements(
        {"manual_forecast": "first", "amount": 1.0, "entered_at": "2026-02-01"},
        {"manual_forecast": "again", "amount": 2.0, "entered_at": "2026-02-10"},
        {"manual_forecast": "expired", "author": "erik", "expires_on": "2026-02-27"},
    )
    assert list(standing_statements(rows, pd.Timestamp("2026-02-28"))["manual_forecast"]) == ["again"]


def test_of_a_month_that_is_partly_over_only_the_part_ahead_is_planned(statements):
    period = plan_periods(pd.Timestamp("2026-03-15"), weeks=0, end=pd.Timestamp("2026-04-30"))
    cells = SERIES.merge(period[["period", "fiscal_period", "days"]], how="cross")
    cells = cells.assign(automatic_qty=1.0, open_days=1.0)
    rows = statements({"mode": "absolute", "amount": 310.0})
    said = spoken(rows, cells, period=period, as_of=pd.Timestamp("2026-03-15"))
    assert said["sales"].sum() == pytest.approx(160.0)


def test_a_withdrawn_statement_is_silent_and_what_it_replaced_does_not_come_back(statements):
    rows = statements(
        {"manual_forecast": "first", "entered_at": "2026-01-10"},
        {"manual_forecast": "withdrawn", "entered_at": "2026-02-10", "expires_on": "2026-02-01"},
    )
    assert standing_statements(rows, AS_OF).empty


def test_a_statement_is_carried_until_it_expires_and_is_not_heard_before_it_was_entered(statements):
    rows = statements({"entered_at": "2025-12-10", "expires_on": "2026-02-28"})
    for day, standing in (("2025-11-30", 0), ("2025-12-31", 1), ("2026-02-28", 1), ("2026-03-31", 0)):
        assert len(standing_statements(rows, pd.Timestamp(day))) == standing


def test_a_delta_and_a_percentage_follow_the_automatic_forecast_and_an_absolute_total_as_it_is_set(
    statements,
):
    def total(now, mode, amount, **settings):
        rows = statements({"mode": mode, "amount": amount, "reference_qty": 100.0})
        cells = plan().assign(automatic_qty=0.0)
        touched = march(cells)
        cells.loc[touched, "automatic_qty"] = now / touched.sum()
        return spoken(rows, cells, **settings)["sales"].sum()

    assert total(150.0, "delta", 20.0) == pytest.approx(170.0)
    assert total(150.0, "percent", 0.2) == pytest.approx(180.0)
    assert total(150.0, "absolute", 120.0) == pytest.approx(120.0)
    assert total(150.0, "absolute", 120.0, rebase_absolute="difference") == pytest.approx(170.0)
    assert total(150.0, "absolute", 120.0, rebase_absolute="ratio") == pytest.approx(180.0)


def test_a_node_may_be_any_attribute_of_product_and_market(statements):
    cells = plan()
    rows = statements({"node": "brand=Kuura, region=Coast", "mode": "absolute", "amount": 50.0})
    said = spoken(rows, cells)["sales"]
    touched = march(cells, product="cola", market="south")
    assert said[touched].sum() == 50.0
    assert said[~touched].isna().all()


def test_a_node_that_neither_product_nor_market_knows_is_named_with_its_row(statements):
    with pytest.raises(
        InputError, match=r"manual_forecast=M1.*neither product nor market has a column colour"
    ):
        spoken(statements({"node": "colour=red"}), plan())


@pytest.mark.parametrize(
    ("span", "period", "months"),
    [("month", "2026-03-01", 1), ("quarter", "2026-03-01", 3), ("year", "2026-03-01", 3)],
)
def test_a_statement_may_be_about_a_month_a_quarter_or_a_year(statements, span, period, months):
    cells = plan()
    said = spoken(statements({"span": span, "period": period, "mode": "percent", "amount": 0.5}), cells)[
        "sales"
    ]
    spoken_months = cells.loc[said.notna(), "fiscal_period"].nunique()
    assert spoken_months == months
    assert said.sum() == pytest.approx(1.5 * cells.loc[said.notna(), "automatic_qty"].sum())


def test_a_statement_may_be_about_a_week_where_weeks_are_planned(statements):
    cells = plan()
    said = spoken(statements({"span": "week", "period": "2026-03-09", "amount": 7.0}), cells)["sales"]
    assert set(cells.loc[said.notna(), "period"]) == {pd.Timestamp("2026-03-09")}
    with pytest.raises(InputError, match=r"M1: the week of 2026-05-11 is planned as part of a month"):
        spoken(statements({"span": "week", "period": "2026-05-11"}), cells)


def test_what_was_sold_in_closed_months_is_taken_off_an_absolute_total(statements):
    sales = pd.DataFrame(
        {
            "product": "cola",
            "market": ["north", "south", "south"],
            "date": pd.to_datetime(["2026-01-10", "2026-02-10", "2025-12-31"]),
            "sold_qty": [40.0, 30.0, 500.0],
            "returned_qty": [0.0, 5.0, 0.0],
        }
    )
    rows = statements({"span": "quarter", "period": "2026-01-01", "mode": "absolute", "amount": 100.0})
    said = spoken(rows, plan(), sales=sales)["sales"]
    assert said.sum() == 35.0
    assert said[~march(plan())].isna().all()


def test_an_absolute_total_holds_for_its_node_with_what_narrower_statements_said_in_it(statements):
    rows = statements(
        {"manual_forecast": "family", "family": "drinks", "mode": "absolute", "amount": 1000.0},
        {"manual_forecast": "one", "product": "cola", "market": "north", "mode": "absolute", "amount": 300.0},
    )
    cells = plan()
    heard = voices(rows, cells)
    said = heard.streams["sales"]
    assert said[march(cells, product="cola", market="north")].sum() == 300.0
    assert said.sum() == 1000.0
    counted = heard.heard.set_index("manual_forecast")
    assert counted.loc["family", ["total_qty", "counted_qty"]].tolist() == [1000.0, 700.0]


ORDER = [
    {"product": "cola", "market": "north", "span": "month"},
    {"product": "cola", "market": "north", "span": "quarter"},
    {"product": "cola", "node": "region=Lapland"},
    {"product": "cola", "market": "*"},
    {"family": "drinks", "market": "north"},
    {"node": "brand=Kuura", "market": "*"},
    {"family": "*", "market": "north"},
    {"family": "*", "market": "*", "entered_at": "2026-02-02"},
    {"family": "*", "market": "*", "author": "erik", "entered_at": "2026-02-01"},
]


@pytest.mark.parametrize("place", range(len(ORDER) - 1))
def test_the_order_of_statements_is_as_stated(statements, place):
    first, second = ORDER[place], ORDER[place + 1]
    rows = statements(
        {"manual_forecast": "second", "mode": "absolute", "amount": 2.0, **second},
        {"manual_forecast": "first", "mode": "absolute", "amount": 1.0, **first},
    )
    assert standing_statements(rows, AS_OF)["manual_forecast"].tolist() == ["first", "second"]
    cells = plan()
    said = spoken(rows, cells)["sales"]
    assert said[march(cells, product="cola", market="north")].sum() <= 1.0


def test_streams_do_not_hear_each_other(statements):
    rows = statements(
        {"manual_forecast": "a", "stream": "sales", "mode": "absolute", "amount": 10.0},
        {"manual_forecast": "b", "stream": "finance", "mode": "absolute", "amount": 20.0},
    )
    said = spoken(rows, plan())
    assert said.sum().to_dict() == {"sales": 10.0, "marketing": 0.0, "finance": 20.0}
    assert said["marketing"].isna().all()


SCOPES = st.fixed_dictionaries(
    {
        "product": st.sampled_from(["*", "cola", "chips"]),
        "market": st.sampled_from(["*", "north", "south"]),
        "span": st.sampled_from(["month", "quarter"]),
        "amount": st.integers(0, 10_000).map(float),
    }
)


@settings(max_examples=25, deadline=None)
@given(st.lists(SCOPES, min_size=1, max_size=5))
def test_whatever_overlaps_the_total_of_a_node_holds_or_what_is_narrower_exceeds_it(scopes):
    rows = [
        statement_row(manual_forecast=f"M{n}", mode="absolute", **scope) for n, scope in enumerate(scopes)
    ]
    cells = plan()
    heard = voices(pd.DataFrame(rows), cells)
    counted = heard.heard.set_index("manual_forecast")
    for code, row in counted.iterrows():
        scope = scopes[int(code[1:])]
        node = cells["fiscal_period"] >= pd.Timestamp("2026-03-01")
        if scope["span"] == "month":
            node &= march(cells)
        for name in ("product", "market"):
            node &= (cells[name] == scope[name]) | (scope[name] == "*")
        total = heard.streams.loc[node, "sales"].sum()
        assert (
            total == row["total_qty"]
            or (total > row["total_qty"] and row["counted_qty"] == 0)
            or (row["counted_cells"] == 0)
        )
