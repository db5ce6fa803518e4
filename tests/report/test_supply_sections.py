"""Messages of the inventory and supply meetings."""

import re

import pandas as pd
import pytest

from sopwb.extend import mark_of
from sopwb.report.section import section_html
from sopwb.report.sections import inventory, projection, supply
from tests.report import plan

SECTIONS = [
    getattr(module, name)
    for module in (inventory, supply, projection)
    for name in module.__all__
    if mark_of(getattr(module, name)) is not None
]
MONTHS = pd.to_datetime(["2025-09-01", "2025-10-01"])


def _frame(**columns):
    return pd.DataFrame(columns)


@pytest.fixture
def model():
    return plan.model()


@pytest.fixture
def tables():
    """Two products of two families, one resource, two months; the second month is short of hours."""
    given = plan.empty_tables()
    codes = {"product": ["cola", "water"], "location": "lahti"}
    sent = {"product": ["cola", "cola", "water", "water"], "market": "fi", "period": [*MONTHS, *MONTHS]}
    given["product"] = _frame(
        product=["cola", "water"],
        description=["Cola", "Water"],
        family=["cola", "water"],
        product_type="finished",
    )
    given["product_cost"] = _frame(product=["cola", "water"], standard_cost_per_unit=[2.0, 1.0])
    given["period"] = _frame(period=MONTHS, bucket="month")
    given["resource"] = _frame(resource=["line"], description=["Line one"])
    given["stock_on_hand"] = _frame(**codes, on_hand_qty=[100.0, 10.0])
    given["inventory_target"] = _frame(
        **codes,
        period=MONTHS[0],
        safety_stock_qty=[10.0, 20.0],
        target_qty=[30.0, 60.0],
        basis=["forecast error", "cover"],
        target_value=[60.0, 60.0],
    )
    given["inventory_health"] = _frame(
        **codes,
        on_hand_value=[200.0, 10.0],
        safety_value=[20.0, 10.0],
        cycle_value=[40.0, 0.0],
        anticipation_value=[40.0, 0.0],
        excess_value=[100.0, 0.0],
        run_out_date=[pd.NaT, MONTHS[1]],
        expiring_value=[5.0, 0.0],
    )
    given["capacity_use"] = _frame(
        resource="line",
        period=MONTHS,
        capacity_hours=[100.0, 100.0],
        required_hours=[80.0, 100.0],
        overtime_hours=0.0,
        overload_hours=0.0,
        utilisation_rate=[0.8, 1.0],
        price_per_hour=[0.0, 50.0],
    )
    given["demand_plan"] = _frame(**sent, net_price_per_unit=[3.0, 3.0, 2.0, 2.0])
    given["shipment_plan"] = _frame(
        **sent,
        demand_qty=100.0,
        shipped_qty=[100.0, 80.0, 100.0, 100.0],
        backlog_qty=0.0,
        lost_qty=[0.0, 20.0, 0.0, 0.0],
    )
    given["shortage"] = _frame(
        product=["cola"],
        market="fi",
        period=MONTHS[1],
        late_qty=0.0,
        lost_qty=20.0,
        short_value=60.0,
        reason="capacity",
        subject="line",
    )
    given["constraint_price"] = _frame(
        constraint=["capacity"], subject="line", period=MONTHS[1], price_per_unit=50.0, unit="hour"
    )
    given["projected_inventory"] = _frame(
        **{name: [*value, *value] if isinstance(value, list) else value for name, value in codes.items()},
        period=[MONTHS[0], MONTHS[0], MONTHS[1], MONTHS[1]],
        closing_qty=[50.0, 30.0, 5.0, 5.0],
        target_qty=30.0,
        safety_stock_qty=10.0,
        closing_value=[100.0, 30.0, 10.0, 5.0],
    )
    return given


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_an_empty_plan_gives_a_plain_sentence(section, model):
    shown = section(plan.empty_tables(), model)
    assert len(shown.message) > 10
    assert "nan" not in section_html(shown)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_a_plan_is_shown_with_its_source_and_without_missing_numbers(section, tables, model):
    shown = section(tables, model)
    assert shown.source[0] in tables
    assert not re.search(r"\b(nan|nat)\b", section_html(shown), re.IGNORECASE)


def _plain(section, tables, model):
    return re.sub(r"[\u202f\u2009\xa0]", "_", section(tables, model).message)


def test_surplus_and_missing_stock_do_not_offset_each_other(tables, model):
    assert _plain(inventory.stock_against_target, tables, model).startswith(
        "140_€ of stock is above target in some places and 50.0_€ is missing in others"
    )


def test_the_dearest_hour_is_named_with_its_bucket(tables, model):
    message = _plain(supply.bottlenecks, tables, model)
    assert "Line one is worth 50.0_€ in 2025-10" in message


def test_lost_demand_is_told_at_net_prices_with_its_reason(tables, model):
    assert "loses 60.0_€" in _plain(supply.supply_headline, tables, model)
    assert "60.0_€ of it for capacity" in _plain(supply.shortages, tables, model)
    assert "Cola is served worst: 90.0_% on time" in _plain(supply.service_by_family, tables, model)


def test_stock_below_safety_is_dated(tables, model):
    assert "below safety stock at 1 month end, first 2025-10" in _plain(
        projection.projected_stock, tables, model
    )
