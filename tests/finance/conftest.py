"""A company small enough to check by hand: one product of one component, the example of the formulas."""

from __future__ import annotations

import pandas as pd
import pytest

from sopwb.config.model import Model
from sopwb.extend import Parts
from sopwb.schema import load_schema

MONTHS = pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01"])
SOLD = [100.0, 120.0, 90.0]
MADE = [110.0, 115.0, 95.0]


def _model(**finance) -> Model:
    return Model.model_validate(
        {"name": "Example", "calendar": {"as_of": "2025-12-31"}, "finance": finance or {}}
    )


@pytest.fixture(scope="session")
def model():
    """Model of the example, with settings of finance as keywords."""
    return _model


def _rows(schema, name: str, rows: list[dict]) -> pd.DataFrame:
    table = schema[name]
    defaults = {column.name: column.default for column in table.columns.values()}
    return table.shape(pd.DataFrame([{**defaults, **row} for row in rows]))


@pytest.fixture(scope="session")
def company() -> dict[str, pd.DataFrame]:
    """Every table: price 20, standard 12 (material 7, conversion 5 an hour), units as in the example."""
    schema = load_schema()
    tables = {name: schema[name].empty() for name in schema}
    ends = MONTHS + pd.offsets.MonthEnd(0)

    def by_month(**columns):
        return [
            {
                "period": month,
                **{name: value[n] if isinstance(value, list) else value for name, value in columns.items()},
            }
            for n, month in enumerate(MONTHS)
        ]

    own = {
        "period": [
            {
                "period": month,
                "end_date": end,
                "bucket": "month",
                "days": end.day,
                "working_days": 20,
                "fiscal_period": month,
                "fiscal_year": 2026,
            }
            for month, end in zip(MONTHS, ends, strict=True)
        ],
        "product": [
            {"product": "F", "description": "Good", "family": "goods", "product_type": "finished"},
            {"product": "M", "description": "Material", "family": "parts", "product_type": "component"},
        ],
        "market": [
            {
                "market": "home",
                "description": "Home",
                "region": "north",
                "channel": "shop",
                "currency": "EUR",
                "location": "plant",
            }
        ],
        "location": [{"location": "plant", "description": "Plant", "location_type": "plant"}],
        "bill_of_material": [{"product": "F", "component": "M", "qty_per_unit": 1.0}],
        "routing": [
            {
                "product": "F",
                "location": "plant",
                "operation": 10,
                "resource": "line",
                "run_hours_per_unit": 1.0,
            }
        ],
        "resource": [{"resource": "line", "description": "Line", "location": "plant", "hours_per_day": 8}],
        "cost_rate": [{"resource": "line", "cost_type": "labour", "rate_per_hour": 5.0, "is_variable": True}],
        "purchase_term": [
            {
                "product": "M",
                "supplier": "S",
                "location": "plant",
                "price_per_unit": 7.0,
                "currency": "EUR",
                "lead_time_days": 0,
            }
        ],
        "demand_plan": by_month(
            product="F",
            market="home",
            baseline_qty=SOLD,
            activity_qty=0.0,
            automatic_qty=SOLD,
            consensus_qty=SOLD,
            lower_qty=0.0,
            upper_qty=200.0,
            net_price_per_unit=20.0,
            consensus_value=[20 * q for q in SOLD],
        ),
        "shipment_plan": by_month(
            product="F",
            market="home",
            location="plant",
            demand_qty=SOLD,
            shipped_qty=SOLD,
            backlog_qty=0.0,
            lost_qty=0.0,
        ),
        "supply_plan": [
            *by_month(
                option="make",
                product="F",
                location="plant",
                source="main",
                planned_qty=MADE,
                cost_value=[5 * q for q in MADE],
            ),
            *by_month(
                option="buy",
                product="M",
                location="plant",
                source="S",
                planned_qty=MADE,
                cost_value=[7 * q for q in MADE],
            ),
        ],
        "stock_movement": [
            *by_month(product="F", location="plant", movement="made", moved_qty=MADE),
            *by_month(product="F", location="plant", movement="shipped", moved_qty=[-q for q in SOLD]),
            *by_month(product="M", location="plant", movement="bought", moved_qty=MADE),
            *by_month(product="M", location="plant", movement="consumed", moved_qty=[-q for q in MADE]),
        ],
        "capacity_use": by_month(
            resource="line",
            capacity_hours=160.0,
            required_hours=MADE,
            overtime_hours=0.0,
            overload_hours=0.0,
            utilisation_rate=0.6,
            price_per_hour=0.0,
        ),
        "projected_inventory": by_month(
            product="F",
            location="plant",
            opening_qty=[60.0, 70.0, 65.0],
            receipt_qty=MADE,
            issue_qty=SOLD,
            closing_qty=[70.0, 65.0, 70.0],
            target_qty=60.0,
            safety_stock_qty=60.0,
            closing_value=[840.0, 780.0, 840.0],
        ),
        "sales_history": [
            {
                "product": "F",
                "market": "home",
                "date": pd.Timestamp("2025-12-01"),
                "sold_qty": 100.0,
                "net_sales_value": 2000.0,
            },
            {
                "product": "F",
                "market": "home",
                "date": pd.Timestamp("2025-11-01"),
                "sold_qty": 100.0,
                "net_sales_value": 2000.0,
            },
        ],
        "payment_term": [
            {"party_type": "customer", "party": "*", "days": 45},
            {"party_type": "supplier", "party": "*", "days": 30},
        ],
        "tax_rule": [{"tax": "income", "tax_rate": 0.2}],
        "cost_line": [
            {
                "cost_line": "office",
                "valid_from": pd.Timestamp("2026-01-01"),
                "plan_line": "administration",
                "behaviour": "fixed",
                "amount": 500.0,
            },
            {
                "cost_line": "wear",
                "valid_from": pd.Timestamp("2026-01-01"),
                "plan_line": "depreciation",
                "behaviour": "fixed",
                "amount": 80.0,
                "is_cash": False,
            },
        ],
        "cash_item": [{"cash_item": "machine", "period": MONTHS[1], "kind": "capex", "amount_value": -200.0}],
        "account": [
            {"account": code, "description": line, "account_type": kind, "plan_line": line}
            for code, line, kind in (
                ("1000", "cash", "asset"),
                ("1100", "receivables", "asset"),
                ("1200", "stock", "asset"),
                ("1500", "fixed_assets", "asset"),
                ("2000", "payables", "liability"),
                ("2500", "equity", "equity"),
                ("3000", "revenue", "revenue"),
            )
        ],
        "ledger": [
            {
                "version": "actual",
                "period": pd.Timestamp("2025-12-01"),
                "account": code,
                "amount_value": amount,
            }
            for code, amount in (
                ("1000", 1000.0),
                ("1100", 3000.0),
                ("1200", 720.0),
                ("1500", 4000.0),
                ("2000", 700.0),
                ("2500", 8020.0),
                ("3000", 2000.0),
            )
        ],
    }
    return tables | {name: _rows(schema, name, rows) for name, rows in own.items()}


@pytest.fixture(scope="session")
def planned(company, model):
    """Every table of the example with what finance makes of it."""
    from sopwb.finance.stage import finance, product_cost

    schema = load_schema()
    made = dict(company)
    for door in (product_cost, finance):
        made |= {name: schema[name].shape(rows) for name, rows in door(made, model(), Parts()).items()}
    return made
