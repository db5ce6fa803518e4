"""Checks pass on a sound plan and find what is broken in it."""

from __future__ import annotations

import pytest

from sopwb.extend import mark_of
from sopwb.finance import checks

ALL = [getattr(checks, name) for name in checks.__all__]


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.__name__)
def test_a_sound_plan_passes(check, planned, model):
    assert mark_of(check).name == check.__name__
    assert check(planned, model()).empty


def changed(rows, column: str, **where):
    """The rows with 10 added in those that match."""
    match = rows[column].notna()
    for name, value in where.items():
        match &= rows[name] == value
    assert match.any()
    return rows.assign(**{column: rows[column] + 10.0 * match})


@pytest.mark.parametrize(
    ("name", "table", "column", "where"),
    [
        ("balance_sheet_balances", "balance_sheet", "amount_value", {"line": "stock"}),
        (
            "cash_flows_agree",
            "cash_flow",
            "amount_value",
            {"method": "direct", "line": "operating_cash_flow"},
        ),
        ("cash_moves_as_it_flows", "balance_sheet", "amount_value", {"line": "cash"}),
        ("stock_value_rolls_forward", "stock_account", "amount_value", {"movement": "conversion"}),
        ("stock_value_rolls_forward", "projected_inventory", "closing_value", {}),
        ("revenue_is_quantity_at_net_price", "shipment_plan", "shipped_qty", {}),
        ("plan_money_is_in_the_profit_and_loss", "supply_plan", "cost_value", {"option": "make"}),
        ("bridges_close", "bridge", "amount_value", {"step": 2}),
    ],
)
def test_a_broken_plan_is_found(name, table, column, where, planned, model):
    rows = planned[table]
    if table == "bridge":
        from sopwb.measure.bridge import bridge

        rows = bridge("b", ("a", 1.0), {"x": 2.0}, ("z", 3.0), "line")
    broken = planned | {table: changed(rows, column, **where)}
    assert len(getattr(checks, name)(broken, model()))
