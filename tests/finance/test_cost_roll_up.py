"""The cost roll-up through tables: recipes, hours, prices, currencies and what outranks them."""

from __future__ import annotations

import pandas as pd
import pytest

from sopwb.config.finance import FinanceSettings
from sopwb.errors import InputError
from sopwb.finance.cost_roll_up import cost_roll_up, purchase_price, usage_per_unit
from sopwb.finance.product_cost import product_cost
from sopwb.schema import load_schema

DATE = pd.Timestamp("2026-01-01")


def table(name: str, rows: list[dict]) -> pd.DataFrame:
    declared = load_schema()[name]
    defaults = {column.name: column.default for column in declared.columns.values()}
    return declared.shape(pd.DataFrame([{**defaults, **row} for row in rows])) if rows else declared.empty()


def products(*names: str) -> pd.DataFrame:
    rows = [{"product": n, "description": n, "family": "x", "product_type": "finished"} for n in names]
    return table("product", rows)


def term(product: str, supplier: str, price: float, **more) -> dict:
    row = {"product": product, "supplier": supplier, "location": "L", "price_per_unit": price}
    return {**row, "currency": "EUR", "lead_time_days": 1, **more}


EXAMPLE = {
    "product": products("F", "P1", "P2", "S"),
    "bill_of_material": table(
        "bill_of_material",
        [
            {"product": "S", "component": "P2", "qty_per_unit": 4},
            {"product": "F", "component": "S", "qty_per_unit": 2},
            {"product": "F", "component": "P1", "qty_per_unit": 3, "scrap_rate": 0.05},
        ],
    ),
    "routing": table(
        "routing",
        [
            {
                "product": "S",
                "location": "L",
                "operation": 1,
                "resource": "r24",
                "run_hours_per_unit": 0.05,
                "setup_hours_per_lot": 0.5,
                "lot_qty": 100,
            },
            {
                "product": "F",
                "location": "L",
                "operation": 1,
                "resource": "r30",
                "run_hours_per_unit": 0.10,
                "setup_hours_per_lot": 1,
                "lot_qty": 50,
            },
        ],
    ),
    "cost_rate": table(
        "cost_rate",
        [
            {"resource": "r24", "cost_type": "labour", "rate_per_hour": 24, "is_variable": True},
            {"resource": "r30", "cost_type": "labour", "rate_per_hour": 30, "is_variable": False},
        ],
    ),
    "purchase_term": table("purchase_term", [term("P1", "v", 1.50), term("P2", "v", 0.80)]),
    "standard_cost": table("standard_cost", []),
    "currency_rate": table("currency_rate", []),
}
OVERHEAD = FinanceSettings(overhead_rate_of_labour=0.60, overhead_rate_of_purchased_material=0.02)


def cost_of(settings: FinanceSettings = OVERHEAD, **change) -> pd.DataFrame:
    given = {**EXAMPLE, **change}
    return product_cost(*given.values(), currency="EUR", date=DATE, settings=settings).set_index("product")


def test_the_published_example_through_tables():
    rolled = cost_of()["rolled_up_per_unit"]
    assert rolled["S"] == pytest.approx(5.3760, abs=5e-5)
    assert rolled["F"] == pytest.approx(21.3436, abs=5e-5)


def test_yield_raises_material_and_hours_of_all_that_is_started():
    halved = EXAMPLE["routing"].assign(yield_rate=[0.5, 1.0])  # F first, then S
    plain, lossy = cost_of(FinanceSettings()), cost_of(FinanceSettings(), routing=halved)
    assert lossy["rolled_up_per_unit"]["F"] == pytest.approx(2 * plain["rolled_up_per_unit"]["F"])
    assert lossy["rolled_up_per_unit"]["S"] == plain["rolled_up_per_unit"]["S"]


def test_the_standard_of_the_source_outranks_and_scales_the_variable_part():
    source = table("standard_cost", [{"product": "F", "cost_per_unit": 40.0}])
    cost = cost_of(standard_cost=source).loc["F"]
    assert cost["basis"] == "source"
    assert cost["standard_cost_per_unit"] == 40.0
    share = (11.1368 + 2 * 1.32) / 21.3436  # material and the variable labour of S
    assert cost["variable_cost_per_unit"] == pytest.approx(40 * share, rel=1e-4)


def test_the_cheapest_valid_price_at_least_order_counts_in_reporting_currency():
    terms = table(
        "purchase_term",
        [
            term("P1", "home", 1.50),
            term("P1", "north", 12.0, currency="SEK"),
            term("P1", "north", 1.0, currency="SEK", from_qty=1000),
            term("P1", "later", 0.10, valid_from=pd.Timestamp("2027-01-01")),
        ],
    )
    rates = table(
        "currency_rate",
        [
            {"currency": "SEK", "rate_type": "actual", "period": DATE, "rate": 0.20},
            {"currency": "SEK", "rate_type": "plan", "period": DATE, "rate": 0.10},
        ],
    )
    assert purchase_price(terms, rates, "EUR", DATE)["price"].to_list() == pytest.approx([1.2])


def test_a_product_without_price_or_recipe_costs_nothing():
    cost = cost_of(product=products("F", "P1", "P2", "S", "X")).loc["X"]
    assert cost["standard_cost_per_unit"] == 0
    assert cost["basis"] == "roll_up"


def test_only_the_main_recipe_makes_the_standard():
    other = EXAMPLE["bill_of_material"].query("product == 'S'").assign(recipe="dear", qty_per_unit=400.0)
    both = pd.concat([EXAMPLE["bill_of_material"], other], ignore_index=True)
    routes = EXAMPLE["routing"]
    dear = routes[routes["product"] == "S"].assign(recipe="dear", run_hours_per_unit=9.0)
    changed = cost_of(bill_of_material=both, routing=pd.concat([routes, dear], ignore_index=True))
    assert changed["rolled_up_per_unit"]["F"] == pytest.approx(21.3436, abs=5e-5)


def test_alternative_locations_count_the_same():
    routes = EXAMPLE["routing"]
    slow = routes[routes["product"] == "S"].assign(location="M", run_hours_per_unit=0.15)
    cost = cost_of(FinanceSettings(), routing=pd.concat([routes, slow], ignore_index=True)).loc["S"]
    assert cost["labour_per_unit"] == pytest.approx((0.055 + 0.155) / 2 * 24)
    assert cost["material_per_unit"] == pytest.approx(3.2)


def test_a_recipe_that_has_ended_is_left_out():
    ended = EXAMPLE["bill_of_material"].assign(valid_to=pd.Timestamp("2025-12-31"))
    assert usage_per_unit(ended, EXAMPLE["routing"], DATE).empty


def test_a_product_inside_itself_is_said():
    circle = pd.DataFrame({"product": ["A", "B"], "component": ["B", "A"], "usage_qty": [1.0, 1.0]})
    hours = pd.DataFrame(
        {"product": ["A"], "labour": [1.0], "machine": 0.0, "overhead": 0.0, "variable": 0.0}
    )
    price = pd.DataFrame({"product": pd.Series(dtype=object), "price": pd.Series(dtype=float)})
    with pytest.raises(InputError, match="part of itself"):
        cost_roll_up(products("A", "B"), circle, hours, price)
