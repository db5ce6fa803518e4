import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.calendar import plan_periods
from sopwb.demand.manual import manual_streams, standing_statements
from tests.demand.conftest import statement_row

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


def spoken(rows, cells):
    return manual_streams(standing_statements(rows, pd.Timestamp("2026-02-28")), cells, PERIOD)


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
    share = said[touched] / cells.loc[touched, "automatic_qty"]
    assert share.to_numpy() == pytest.approx(np.full(touched.sum(), share.iloc[0]))


@settings(max_examples=20)
@given(st.lists(st.floats(0, 1e6), min_size=30, max_size=30), st.floats(0, 1e7))
def test_totals_are_exact_whatever_the_automatic_forecast(automatic, amount):
    cells = plan()
    cells = cells.assign(automatic_qty=np.resize(automatic, len(cells)))
    said = spoken(pd.DataFrame([statement_row(mode="absolute", amount=amount)]), cells)["sales"]
    assert said.sum() == pytest.approx(amount, rel=1e-9, abs=1e-9)
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
    rows = standing_statements(statements({"mode": "absolute", "amount": 310.0}), pd.Timestamp("2026-03-15"))
    assert manual_streams(rows, cells, period)["sales"].sum() == pytest.approx(160.0)
