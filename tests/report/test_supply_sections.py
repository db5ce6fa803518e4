"""Messages of the inventory and supply meetings."""

import re

import pandas as pd
import pytest

from sopwb.extend import mark_of
from sopwb.report.section import section_html
from sopwb.report.sections import (
    attainment,
    explained,
    inventory,
    mix,
    names,
    projection,
    solved,
    strategies,
    supply,
)
from sopwb.report.theme import light
from tests.report import plan

SECTIONS = [
    getattr(module, name)
    for module in (inventory, supply, projection, explained, attainment, strategies, mix, solved)
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
        constraint=["capacity"],
        subject="line",
        period=MONTHS[1],
        price_per_unit=50.0,
        hundredth_value=80.0,
        unit="hour",
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


def _thin(text):
    return re.sub(r"[\u202f\u2009\xa0]", "_", text)


def _plain(section, tables, model):
    return _thin(section(tables, model).message)


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


VALUES = {
    "constraint": "capacity",
    "subject": "line",
    "period": MONTHS[1],
    "place": 1,
    "unit": "hour",
    "limit_qty": 100.0,
    "price_per_unit": 50.0,
    "lower_qty": 95.0,
    "upper_qty": float("nan"),
    "step_qty": 1.0,
    "held_price_per_unit": 50.0,
    "hundredth_value": 50.0,
    "confirmed": "confirmed",
    "bought_contribution_value": 38.25,
    "bought_service_value": 60.0,
    "bought_service_qty": 20.0,
    "bought_service_rate": 0.05,
}


def test_a_limit_tells_both_its_price_and_what_one_more_buys(tables, model):
    tables["constraint_value"] = pd.DataFrame([VALUES])
    shown = explained.constraint_values(tables, model)
    assert "Line one is worth 50.0_€ in 2025-10 while service is held" in _thin(shown.message)
    assert "service free, it brings +38.2_€ of contribution and keeps 20.0 units" in _thin(shown.message)
    assert "95.0 to any" in section_html(shown)


def test_both_lists_of_limits_stand_in_the_order_of_what_a_hundredth_is_worth(tables, model):
    # a pallet is worth less than an hour, but there are many; by planning again the hour was worth most
    tables["constraint_price"] = _frame(
        constraint=["capacity", "capacity", "storage", "lane_capacity"],
        subject=["line", "line", "lahti", "north"],
        period=[MONTHS[0], MONTHS[1], MONTHS[1], MONTHS[1]],
        price_per_unit=[60.0, 50.0, 2.0, 900.0],
        hundredth_value=[40.0, 50.0, 70.0, 9.0],
        unit=["hour", "hour", "pallet", "unit"],
    )
    store = {**VALUES, "constraint": "storage", "subject": "lahti", "unit": "pallet", "place": 2}
    tables["constraint_value"] = pd.DataFrame([VALUES, {**store, "hundredth_value": 30.0}])
    shown = supply.constraint_prices(tables, model)
    assert list(shown.table.frame["subject"]) == ["Line one", "lahti", "north"]
    assert list(shown.table.frame["hundredth_value"]) == [50.0, 30.0, 9.0]
    assert list(shown.table.frame["price_per_unit"]) == [50.0, 2.0, 900.0]
    assert list(shown.table.frame["buckets"]) == [2, 1, 1]
    assert "Line one is worth 50.0_€ in 2025-10" in _thin(shown.message)
    assert list(explained.constraint_values(tables, model).table.frame["subject"]) == ["Line one", "lahti"]
    # where none was planned again, the prices of the plan give the order
    tables["constraint_value"] = tables["constraint_value"].iloc[:0]
    assert list(supply.constraint_prices(tables, model).table.frame["subject"]) == [
        "lahti",
        "Line one",
        "north",
    ]


def test_supply_of_a_limit_is_named_part_by_part(tables):
    tables["supplier"] = _frame(supplier=["aroma"], description=["Aroma Oy"])
    tables["location"] = _frame(location=["lahti"], description=["Lahti plant"])
    assert names.limit_name(tables, "aroma: cola at lahti") == "Aroma Oy: Cola at Lahti plant"
    assert names.limit_name(tables, "line") == "Line one"


def _strategies():
    money = {"unconstrained": 700.0, "priority_rule": 560.0, "optimum": 600.0}
    rows = [
        {
            "strategy": strategy,
            "family": "cola",
            "period": month,
            "demand_qty": 100.0,
            "made_qty": 90.0,
            "shipped_qty": 90.0,
            "late_qty": 5.0,
            "lost_qty": 5.0,
            "closing_qty": 10.0,
            "closing_value": 20.0,
            "over_hours": 4.0 if strategy == "unconstrained" else 0.0,
            "contribution_value": value / 2,
        }
        for strategy, value in money.items()
        for month in MONTHS
    ]
    return pd.DataFrame(rows)


def test_the_plan_is_held_against_other_ways_of_planning(tables, model):
    tables["plan_comparison"] = _strategies()
    shown = strategies.three_plans(tables, model)
    assert "600_€ of contribution, 40.0_€ more than a priority rule and 100_€ less" in _thin(shown.message)
    by_strategy = shown.table.frame.set_index("strategy")
    assert by_strategy.loc["This plan", "shipped_rate"] == pytest.approx(0.9)
    assert by_strategy.loc["Without limits", "over_hours"] == 8.0


def test_what_departs_from_equal_run_out_is_told_by_family(tables, model):
    tables["mix_plan"] = _frame(
        product=["cola", "zero", "water"], family=["cola", "cola", "water"], period=MONTHS[0],
        planned_qty=[60.0, 40.0, 9.0], run_out_qty=[50.0, 50.0, 9.0],
        planned_value=[60.0, 40.0, 100.0], run_out_value=[50.0, 50.0, 100.0], gap_value=[10.0, -10.0, 0.0],
        run_out_date=MONTHS[1],
    )  # fmt: skip
    shown = mix.mix_of_families(tables, model)
    assert "5.0_% of the volume, 10.0_€, goes to other products" in _thin(shown.message)
    by_family = shown.table.frame.set_index("family")
    assert by_family.loc["Cola", "beyond"] == "Cola in 2025-09"
    assert by_family.loc["Cola", "below_value"] == pytest.approx(-10.0)
    assert by_family.loc["Water", "beyond"] == ""
    assert by_family.loc["Water", "moved_rate"] == 0.0


def test_changes_are_ranked_by_money_and_only_those_against_the_last_cycle(tables, model):
    one = {
        "against": "cycle 2025-07-31",
        "option": "make",
        "product": "cola",
        "location": "lahti",
        "source": "std",
        "period": MONTHS[0],
        "place": 1,
        "reference_qty": 100.0,
        "planned_qty": 40.0,
        "change_qty": -60.0,
        "change_value": -120.0,
        "change": "less",
    }
    tables["plan_change"] = pd.DataFrame([one, {**one, "against": "cycle 2025-06-30", "change_value": 9e9}])
    shown = explained.plan_changes(tables, model)
    assert "1 decision differs from the last cycle, 120_€ in all" in _thin(shown.message)
    assert "make 60.0 less of Cola in 2025-09" in _thin(shown.message)


def test_a_shipment_counts_once_for_a_supplier_of_two_of_its_components(tables, model):
    one = {
        "source": "aroma",
        "item": "sugar",
        "location": "lahti",
        "product": "cola",
        "market": "fi",
        "period": MONTHS[0],
        "pegged_qty": 10.0,
        "share_rate": 1.0,
        "shipped_qty": 100.0,
        "revenue_value": 300.0,
        "slack_days": 3.0,
    }
    rows = [one, {**one, "item": "taste", "slack_days": 30.0}, {**one, "source": "stock"}]
    tables["pegging"] = pd.DataFrame(rows)
    message = _thin(explained.supplier_reach(tables, model).message)
    assert "stands behind 300_€ of the plan's revenue; 300_€ of it has less than two weeks" in message


def _kept(planned, made, sold):
    """One family over two closed months, planned a month ahead."""
    given = plan.empty_tables()
    closed = pd.to_datetime(["2025-07-01", "2025-08-01"])
    cycles = pd.to_datetime(["2025-06-30", "2025-07-31"])
    given["product"] = _frame(product=["cola"], family=["cola"], product_type="finished")
    given["product_cost"] = _frame(product=["cola"], standard_cost_per_unit=[2.0])
    given["past_demand_plan"] = _frame(
        cycle=cycles, product="cola", market="fi", period=closed, consensus_qty=planned
    )
    given["sales_history"] = _frame(
        product="cola", market="fi", date=closed, sold_qty=sold, returned_qty=0.0, net_sales_value=1.0
    )
    given["production_attainment"] = _frame(
        cycle=cycles,
        family="cola",
        period=closed,
        lag=1,
        planned_value=[2.0 * each for each in planned],
        made_value=[2.0 * each for each in made],
        kept_value=[2.0 * min(pair) for pair in zip(planned, made, strict=True)],
    )
    return given


def test_deviations_add_up_and_leave_the_tolerance(model):
    given = _kept([100.0, 100.0], [80.0, 90.0], [100.0, 100.0])
    shown = attainment.cumulative_deviation(given, model)
    message = _thin(shown.message)
    assert "of cola is 60.0_€ below plan after 2 months" in message
    assert "the most of 2 of 3 that have left the tolerance of 5_%" in message
    assert section_html(shown).count(light("bad")) == 4
    within = attainment.cumulative_deviation(_kept([100.0, 100.0], [99.0, 101.0], [100.0, 101.0]), model)
    assert "every family is within 5_%" in _thin(within.message)
    assert light("bad") not in section_html(within)


def test_stock_deviates_anew_in_each_month(model):
    given = _kept([100.0, 100.0], [150.0, 150.0], [100.0, 100.0])
    rows = attainment._deviations(given, model).set_index(["measure", "period"])["deviation"]
    assert list(rows["Stock"]) == [100.0, 100.0]
    assert list(rows["Production"]) == [100.0, 200.0]


def test_a_plan_that_lives_from_stock_says_so_beside_what_was_made(model):
    given = _kept([100.0, 100.0], [100.0, 100.0], [100.0, 100.0])
    given["production_attainment"]["planned_value"] = 60.0
    note = _thin(attainment.production_attainment(given, model).note)
    assert note.startswith(
        "The first months of these plans make 280_€ less than they sell: they live from stock"
    )
    assert note.endswith("In fact 0_€ more was made than sold.")
    even = attainment.production_attainment(_kept([100.0] * 2, [100.0] * 2, [100.0] * 2), model)
    assert even.note == ""


def test_attainment_tells_volume_and_mix(model):
    shown = attainment.production_attainment(_kept([100.0, 100.0], [80.0, 120.0], [1.0, 1.0]), model)
    assert _thin(shown.message).startswith(
        "Made was 100_% of what was planned a month ahead; 90_% of the plan"
    )


def _solves(*lines):
    columns = ["goal", "status", "gap_rate"]
    return pd.DataFrame(lines, columns=columns).assign(solve=range(1, len(lines) + 1))


def test_a_plan_that_time_ended_says_that_it_is_not_proven_best(tables, model):
    assert supply.supply_headline(tables, model).note == ""
    empty = plan.empty_tables()
    stopped = {
        **tables,
        "solver_log": _solves(("service before contribution", "time limit", float("nan"))),
        **{name: empty[name] for name in ("constraint_price", "constraint_value")},
    }
    assert "not proven best" in supply.supply_headline(stopped, model).note
    for section in (supply.constraint_prices, explained.constraint_values):
        assert "not known" in section(stopped, model).message
    idle = tables["capacity_use"].assign(price_per_hour=0.0)
    assert "not known" in supply.bottlenecks({**stopped, "capacity_use": idle}, model).message


def test_a_search_for_set_ups_that_time_ended_says_how_far_it_came(tables, model):
    log = _solves(("whole decisions", "time limit", 0.0234), ("service before contribution", "optimal", 0.0))
    note = supply.supply_headline({**tables, "solver_log": log}, model).note
    assert "2.34" in note
    assert solved.unknown_prices({"solver_log": log}) == ""


def test_limits_that_no_plan_keeps_are_told_with_what_each_costs_the_cheapest_first(tables, model):
    conflict = pd.DataFrame(
        {
            "conflict": 1,
            "constraint": ["safety_stock", "stock_maximum"],
            "subject": ["cola at lahti", "cola at lahti"],
            "first_period": MONTHS[0],
            "last_period": MONTHS[1],
            "unit": "unit",
            "give_way_qty": [30.0, 30.0],
            "cost_value": [900.0, 40.0],
            "lost_qty": [0.0, 3.0],
        }
    )
    section = solved.limit_conflicts({**tables, "limit_conflict": conflict}, model)
    assert _thin(section.message).endswith(
        "stock maximum of Cola at lahti gives way at the least cost, 40.0_€"
    )
    assert "900" in section_html(section)


def test_a_broken_limit_whose_conflict_was_not_found_is_told(tables, model):
    broken = pd.DataFrame({"constraint": ["budget"], "is_hard": [True]})
    assert (
        "1 hard limit is broken" in solved.limit_conflicts({**tables, "broken_limit": broken}, model).message
    )
