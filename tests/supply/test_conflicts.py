"""Hard limits that cannot be kept together are told as smallest sets."""

from __future__ import annotations

from tests.plans.plant import Plant

LOST = {"late_days_maximum": 0}


def members(plan, conflict=1):
    rows = plan["limit_conflict"].query("conflict == @conflict")
    return set(zip(rows["constraint"], rows["subject"], strict=True))


def aimed(*names: str) -> Plant:
    """Products whose least stock is above the most, on one line."""
    rules = {"safety_stock": {"mode": "hard"}, "stock_maximum": {"mode": "hard"}}
    plant = Plant(settings=LOST, rules=rules).market()
    plant.add("resource", resource="line", location="plant", hours_per_day=10)
    for name in names:
        plant.product(name).demand(name, [10, 10, 10])
        plant.add(
            "routing", product=name, location="plant", operation=10, resource="line", run_hours_per_unit=1
        )
        for period in plant.periods:
            plant.add("inventory_target", product=name, location="plant", period=period,
                      safety_stock_qty=50.0, maximum_qty=20.0)  # fmt: skip
    return plant


def test_a_least_stock_above_the_most_conflicts_with_it_and_with_nothing_else():
    plan = aimed("cola").planned()
    assert members(plan) == {("safety_stock", "cola at plant"), ("stock_maximum", "cola at plant")}
    row = plan["limit_conflict"].iloc[0]
    assert row["first_period"] <= row["last_period"]


def test_conflicts_of_two_products_are_told_apart():
    plan = aimed("cola", "juice").planned()
    both = [members(plan, 1), members(plan, 2)]
    for name in ("cola", "juice"):
        assert {("safety_stock", f"{name} at plant"), ("stock_maximum", f"{name} at plant")} in both
    assert not members(plan, 3)


def fixed(quantity: float) -> Plant:
    """What stands already is to be bought of a supplier that can deliver four a month."""
    plant = Plant(settings=LOST).product("syrup").market().demand("syrup", [5, 5, 5])
    plant.add("purchase_term", product="syrup", supplier="maker", location="plant", currency="EUR",
              lead_time_days=0, capacity_qty_per_month=4 * 365.25 / 360)  # fmt: skip
    return plant.add("fixed_decision", option="buy", product="syrup", location="plant", source="maker",
                     period=plant.periods[0], fixed_qty=quantity)  # fmt: skip


def test_a_standing_decision_conflicts_with_the_supplier_it_asks_too_much_of():
    plan = fixed(9.0).planned()
    assert {rule for rule, _ in members(plan)} == {"fixed_decisions", "supplier_limit"}
    assert set(plan["limit_conflict"]["first_period"]) == {plan["period"]["period"].iloc[0]}


def test_limits_that_can_be_kept_conflict_with_nothing():
    assert fixed(3.0).planned()["limit_conflict"].empty
