"""Ways of making: yield, scrap, dates, alternatives and what comes beside; every plan found on paper."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.plans.plant import Plant, by_month

LOST = {"late_days_maximum": 0, "holding_cost_rate_per_year": 0.1}  # so that nothing is made early


def bottled(**step) -> Plant:
    """Cola from two syrups that are bought at 2 and at 3, on a line of 200 hours a month."""
    plant = Plant(settings=LOST).product("cola", 5.0).product("cane", 2.0).product("beet", 3.0).market()
    plant.demand("cola", [100, 100, 100]).line("cola", 10, recipe="main", **step)
    for syrup, price in (("cane", 2.0), ("beet", 3.0)):
        plant.add("purchase_term", product=syrup, supplier="farm", location="plant", currency="EUR",
                  price_per_unit=price, lead_time_days=0)  # fmt: skip
    return plant


def needs(plant: Plant, component: str, recipe: str = "main", **more) -> Plant:
    return plant.add(
        "bill_of_material", product="cola", recipe=recipe, component=component, qty_per_unit=1.0, **more
    )


def bought(plan, product: str) -> list[float]:
    return by_month(plan["supply_plan"], "planned_qty", option="buy", product=product)


def test_more_is_started_and_more_is_bought_than_comes_out():
    """Of 125 started 100 come out; each takes 1 / 0.8 of syrup."""
    plan = needs(bottled(yield_rate=0.8), "cane", scrap_rate=0.2).planned()
    assert by_month(plan["supply_plan"], "planned_qty", option="make") == [125, 125, 125]
    assert bought(plan, "cane") == [156.25] * 3
    assert by_month(plan["capacity_use"], "required_hours") == [125, 125, 125]
    assert plan["shortage"].empty


def test_a_component_is_replaced_on_its_day():
    """Cane until the middle of the second month, beet from then on."""
    middle = Plant().periods[1] + pd.Timedelta(days=15)
    plant = bottled()
    plant.settings["holding_cost_rate_per_year"] = 2.0
    plant = needs(plant, "cane", valid_to=middle - pd.Timedelta(days=1))
    plan = needs(plant, "beet", valid_from=middle).planned()
    assert bought(plan, "cane") == [100, 50]
    assert bought(plan, "beet") == [50, 100]


def test_the_dearer_recipe_makes_what_the_cheaper_one_cannot():
    """The line has 200 hours and the main recipe takes 3: the quick one, with beet, takes 1."""
    plant = needs(needs(bottled(), "cane"), "beet", recipe="quick")
    plant.rows["routing"][0]["run_hours_per_unit"] = 3.0
    plant.add("routing", product="cola", location="plant", recipe="quick", operation=10, resource="line",
              run_hours_per_unit=1.0)  # fmt: skip
    plant.add("recipe", product="cola", location="plant", recipe="quick", cost_per_unit=3.0)
    plan = plant.planned()
    # main costs 3 + 2, quick 1 + 3 + 3; 50 of each fill the hours
    assert by_month(plan["supply_plan"], "planned_qty", source="main") == pytest.approx([50] * 3)
    assert by_month(plan["supply_plan"], "planned_qty", source="quick") == pytest.approx([50] * 3)


def test_a_recipe_is_started_on_its_days_only():
    plant = needs(needs(bottled(), "cane"), "beet", recipe="old")
    plant.add("routing", product="cola", location="plant", recipe="old", operation=10, resource="line",
              run_hours_per_unit=1.0)  # fmt: skip
    plant.add("recipe", product="cola", location="plant", recipe="main", valid_from=plant.periods[1])
    plan = plant.planned()
    assert bought(plan, "beet") == [100]
    assert bought(plan, "cane") == [100, 100]


def test_what_comes_beside_is_sold_and_what_nobody_wants_of_it_stays():
    """Each cola leaves half a peel that sells for itself."""
    plant = needs(bottled(), "cane").product("peel", 0.0).demand("peel", [40, 40, 70])
    plant.settings["holding_cost_rate_per_year"] = 2.0
    plant.add("co_product", product="cola", recipe="main", co_product="peel", qty_per_unit=0.5)
    plan = plant.planned()
    made = plan["stock_movement"].query("product == 'peel' and movement == 'made'")
    assert by_month(made, "moved_qty") == [50, 50, 50]
    peel = plan["shipment_plan"].query("product == 'peel'")
    assert by_month(peel, "lost_qty") == [0, 0, 0]
    kept = plan["projected_inventory"].query("product == 'peel'")
    assert by_month(kept, "closing_qty") == [10, 20, 0]


def test_three_levels_are_planned_back_by_their_lead_times():
    plant = Plant(settings=LOST).product("case", 3.0).product("cola", 2.0).product("syrup", 1.0).market()
    plant.demand("case", [0, 0, 60]).line("case", 10, lead_time_days=30)
    plant.add("routing", product="cola", location="plant", operation=10, resource="line",
              run_hours_per_unit=1.0, lead_time_days=30)  # fmt: skip
    plant.add("bill_of_material", product="case", component="cola", qty_per_unit=6.0)
    plant.add("bill_of_material", product="cola", component="syrup", qty_per_unit=0.5)
    plant.add("purchase_term", product="syrup", supplier="farm", location="plant", currency="EUR",
              lead_time_days=0)  # fmt: skip
    plant.rows["resource"][0]["hours_per_day"] = 100.0
    plan = plant.planned()
    first, second = plant.periods[:2]
    rows = plan["supply_plan"].set_index("product")
    assert rows.loc["case", "period"] == second
    assert rows.loc["cola", "period"] == first
    assert rows["planned_qty"].round(6).to_dict() == {"case": 60, "cola": 360, "syrup": 180}
