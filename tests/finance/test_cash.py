"""Cash and tax: what must hold whatever the flows are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.finance.balance_sheet import balance_sheet, opening_position
from sopwb.finance.cash import cash_flow, direct_cash_flow, income_tax

money = st.floats(min_value=-1e6, max_value=1e6)
FLOWS = ["revenue", "purchases", "conversion", "expenses", "non_cash", "interest", "income_tax"]
LEVELS = ["receivable_value", "payable_value", "stock_value"]
ITEMS = ["capex", "loan", "dividend", "equity"]


@st.composite
def plans(draw):
    """Flows and balances of some months; net income follows from them as in a real plan."""
    count = draw(st.integers(1, 4))
    names = [*FLOWS, *LEVELS, *ITEMS]
    frame = pd.DataFrame({name: draw(st.lists(money, min_size=count, max_size=count)) for name in names})
    opening = pd.Series({name: draw(money) for name in ["cash", *LEVELS]})
    stock_change = frame["stock_value"] - frame["stock_value"].shift(1).fillna(opening["stock_value"])
    cost = frame["purchases"] + frame["conversion"] - stock_change
    frame["net_income"] = (
        frame["revenue"] - cost - frame[["expenses", "non_cash", "interest", "income_tax"]].sum(axis=1)
    )
    return frame.assign(period=pd.date_range("2026-01-01", periods=count, freq="MS")), opening


@settings(max_examples=25)
@given(plans())
def test_direct_is_indirect_and_cash_moves_by_what_flows(plan):
    months, opening = plan
    flow = cash_flow(months, opening).pivot_table(
        index=["method", "period"], columns="line", values="amount_value"
    )
    direct, indirect = flow.loc["direct"], flow.loc["indirect"]
    assert np.allclose(direct["operating_cash_flow"], indirect["operating_cash_flow"], atol=1e-6)
    assert np.allclose(direct["closing_cash"] - direct["opening_cash"], direct["net_cash_flow"], atol=1e-6)
    assert np.allclose(direct["opening_cash"].iloc[1:], direct["closing_cash"].iloc[:-1])


@settings(max_examples=25)
@given(
    plans(),
    st.dictionaries(st.sampled_from(["cash", "receivables", "payables", "loans", "other_assets"]), money),
)
def test_the_balance_sheet_balances_whatever_the_ledger_says(plan, booked):
    months, levels = plan
    own = {"stock": levels["stock_value"], "receivables": 1.0, "payables": 2.0, "cash": 3.0}
    sheet = opening_position(booked, {"other_assets": "asset", "loans": "liability"}, own)
    start = sheet.set_index("line")["amount_value"]
    opening = pd.Series(
        {
            "cash": start["cash"],
            "receivable_value": start["receivables"],
            "payable_value": start["payables"],
            "stock_value": start["stock"],
        }
    )
    change = months["stock_value"] - months["stock_value"].shift(1).fillna(opening["stock_value"])
    months["net_income"] = (
        months["revenue"]
        - months["purchases"]
        - months["conversion"]
        + change
        - months[["expenses", "non_cash", "interest", "income_tax"]].sum(axis=1)
    )
    closing = direct_cash_flow(months, opening)["closing_cash"]
    made = balance_sheet(sheet, months, closing)
    signed = made["amount_value"].where(made["side"] == "asset", -made["amount_value"])
    assert signed.groupby(made["period"]).sum().abs().max() < 1e-5


def test_losses_of_earlier_years_are_set_off_first():
    tax = income_tax(pd.Series([100.0, 100.0]), pd.Series([0.2, 0.2]), loss_carried_forward=150.0)
    assert tax.to_list() == pytest.approx([0.0, 10.0])


@settings(max_examples=25)
@given(st.lists(money, min_size=1, max_size=12))
def test_tax_is_never_more_than_the_rate_on_the_best_cumulated_profit(profit):
    tax = income_tax(pd.Series(profit), pd.Series(0.2, index=range(len(profit))))
    assert (tax >= 0).all()
    assert tax.sum() == pytest.approx(0.2 * max(0.0, *np.cumsum(profit)), abs=1e-6)
