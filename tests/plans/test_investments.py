"""Investments as a decision of the plan: found on paper and by trying every one, told as finance counts."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from sopwb.errors import InputError
from sopwb.finance import checks
from sopwb.finance.stage import finance, outside_plan
from sopwb.inventory.stage import projection
from sopwb.schema.validate import validate
from sopwb.supply import investing
from sopwb.supply.data import plan_data
from sopwb.supply.goals import goals_of
from sopwb.supply.investing import again, invest, investment_decision
from sopwb.supply.mixed import Whole
from sopwb.supply.program import program_of
from sopwb.supply.review_stage import supply_review
from sopwb.supply.session import UnfinishedError
from sopwb.supply.solve import solve
from sopwb.supply.stage import supply
from sopwb.supply.variables import variables_of
from tests.plans.plant import SCHEMA, Plant, all_parts, by_month, rows_of

YEAR = 365.25


def shop(hours: float = 10.0, months: int = 4, **settings) -> Plant:
    """300 cola a month at 10, each of an hour at 1, where 20 working days of 10 hours make 200."""
    told = {"late_days_maximum": 0, "end_stock_value_rate": 0.0, **settings}
    plant = Plant(months=months, settings=told).product("cola", 2.0).market()
    return plant.demand("cola", [300.0] * months).line("cola", hours)


def line(plant: Plant, name: str = "second", **more) -> Plant:
    """The plant with the choice of a line of 5 hours a day, 100 a month, of which 100 are wanted."""
    usual = {"name": name, "resource": "line", "hours_per_day": 5.0, "capex_value": 1000.0, "life_years": 5.0}
    return plant.add("investment_option", investment=name, **(usual | more))


def decided(tables, name: str = "second") -> pd.Series:
    return tables["investment_decision"].set_index("investment").loc[name]


def annuity(capex: float, years: float, rate: float = 0.08) -> float:
    return capex * rate / (1 - (1 + rate) ** -years)


def test_a_line_that_earns_its_capital_is_built_and_its_worth_is_that_on_paper():
    found = decided(line(shop(), running_cost_per_month=10.0).planned())
    # 100 units more a month, each at 10 less the hour at 1, in 4 months of 30 days
    earned = 4 * 100 * 9.0 * YEAR / 120
    assert found["choice"] == "built"
    assert found["period"] == pd.Timestamp("2026-01-01") == found["available_date"]
    assert found["contribution_value_per_year"] == pytest.approx(earned)
    assert found["served_qty_per_year"] == pytest.approx(4 * 100 * YEAR / 120)
    assert found["service_value_per_year"] == pytest.approx(4 * 100 * 10.0 * YEAR / 120)
    assert found["capital_value_per_year"] == pytest.approx(annuity(1000.0, 5.0))
    assert found["charge_value"] == pytest.approx(annuity(1000.0, 5.0) * 120 / YEAR + 4 * 10.0)
    flows = [-1000.0, *[earned - 120.0] * 5]
    assert found["npv_value"] == pytest.approx(sum(flow / 1.08**year for year, flow in enumerate(flows)))
    assert found["payback_years"] == pytest.approx(1000.0 / (earned - 120.0))


def test_what_is_built_is_there_in_hours_and_in_what_is_shipped():
    tables = line(shop()).planned()
    assert by_month(tables["capacity_use"], "capacity_hours") == [300.0] * 4
    assert by_month(tables["shipment_plan"], "shipped_qty") == [300.0] * 4
    assert tables["supply_decision"].empty
    assert tables["solver_log"]["goal"].iloc[0] == "investments"


def test_forced_and_forbidden_differ_by_what_the_table_says():
    money = {}
    for status in ("build", "refuse"):
        tables = line(shop(), status=status).planned()
        made, shipped = (tables[name] for name in ("supply_plan", "shipment_plan"))
        money[status] = 10.0 * shipped["shipped_qty"].sum() - made["cost_value"].sum()
        assert decided(tables)["choice"] == {"build": "built", "refuse": "not_built"}[status]
        told = decided(tables)["contribution_value_per_year"]
    assert (money["build"] - money["refuse"]) * YEAR / 120 == pytest.approx(told)


@pytest.mark.parametrize(("share", "choice"), [(0.99, "built"), (1.01, "not_built")])
def test_it_is_built_exactly_up_to_the_capital_that_its_year_earns(share, choice):
    # contribution 9 and the charge for losing one, 10, for each of the 400 units it saves
    yearly = 4 * 100 * (9.0 + 10.0) * YEAR / 120
    capex = share * yearly * (1 - 1.08**-5) / 0.08
    found = decided(line(shop(), capex_value=capex).planned())
    assert found["choice"] == choice


@pytest.mark.parametrize(("share", "choice"), [(0.99, "built"), (1.01, "not_built")])
def test_an_investment_that_saves_overtime_alone_is_built_exactly_where_its_net_present_value_is_above_zero(
    share, choice
):
    plant = shop()
    plant.rows["resource"][0] |= {"overtime_hours_per_day": 10.0, "overtime_cost_per_hour": 4.0}
    saved = 4 * 100 * 4.0 * YEAR / 120
    capex = share * saved * (1 - 1.08**-5) / 0.08
    found = decided(line(plant, capex_value=capex).planned())
    assert found["choice"] == choice
    assert (found["npv_value"] > 0) == (choice == "built")
    assert found["npv_value"] == pytest.approx((1 / share - 1) * capex, rel=1e-6)
    assert found["service_value_per_year"] == pytest.approx(0.0, abs=1e-6)


def test_the_plan_without_rows_is_the_same_programme():
    bare, other = shop().planned(), line(shop(), status="refuse").planned()
    assert bare["investment_decision"].empty
    assert bare["investment_spend"].empty
    pd.testing.assert_frame_equal(
        bare["solver_log"],
        other["solver_log"]
        .iloc[1:]
        .assign(solve=range(1, 1 + len(bare["solver_log"])))
        .reset_index(drop=True),
    )
    pd.testing.assert_frame_equal(bare["supply_plan"], other["supply_plan"])


def test_a_lead_time_delays_the_hours_and_wages_and_not_the_payment():
    tables = line(shop(), lead_time_days=45, running_cost_per_month=30.0).planned()
    assert decided(tables)["available_date"] == pd.Timestamp("2026-02-15")
    # half of the second month, and all of the others
    assert by_month(tables["capacity_use"], "capacity_hours") == [200.0, 250.0, 300.0, 300.0]
    spend = tables["investment_spend"]
    assert by_month(spend, "capex_value") == [1000.0, 0.0, 0.0, 0.0]
    assert by_month(spend, "running_value") == [0.0, 15.0, 30.0, 30.0]
    assert by_month(spend, "depreciation_value") == [0.0, 8.3333, 16.6667, 16.6667]


def test_what_cannot_be_used_in_the_plan_is_not_decided_in_it():
    found = decided(line(shop(), lead_time_days=120).planned())
    assert found["choice"] == "no_month"
    assert pd.isna(found["npv_value"])
    with pytest.raises(InputError, match="second"):
        line(shop(), lead_time_days=120, status="build").planned()


def test_it_is_decided_between_its_dates_and_at_the_start_of_a_month():
    tables = line(shop(), earliest_date="2026-02-10", latest_date="2026-03-20").planned()
    assert decided(tables)["period"] == pd.Timestamp("2026-03-02")
    assert by_month(tables["capacity_use"], "capacity_hours") == [200.0, 200.0, 300.0, 300.0]


def test_it_waits_until_the_demand_is_there():
    plant = Plant(months=4, settings={"late_days_maximum": 0, "end_stock_value_rate": 0.0})
    plant.product("cola", 2.0).market().demand("cola", [100.0, 100.0, 300.0, 300.0]).line("cola", 10)
    # nothing is made ahead: a month in stock costs 30
    plant.add("product_location", product="cola", location="plant", holding_cost_per_unit_day=1.0)
    assert decided(line(plant).planned())["period"] == pd.Timestamp("2026-03-02")


def test_payments_are_made_when_they_are_due_and_discounted():
    plant = line(shop())
    for months, rate in ((0, 0.5), (2, 0.25), (12, 0.25)):
        plant.add("investment_payment", investment="second", months_after=months, payment_rate=rate)
    tables = plant.planned()
    assert by_month(tables["investment_spend"], "capex_value") == [500.0, 0.0, 250.0, 0.0]
    now = 500 + 250 / 1.08 ** (2 / 12) + 250 / 1.08
    assert decided(tables)["capital_value_per_year"] == pytest.approx(annuity(now, 5.0))
    assert decided(tables)["paid_value"] == pytest.approx(750.0)


def test_places_are_an_investment_too():
    plant = Plant(months=2, settings={"late_days_maximum": 0, "end_stock_value_rate": 0.0})
    plant.product("cola", 2.0).market().demand("cola", [100.0, 300.0]).line("cola", 10)
    plant.add("location", location="plant", location_type="plant", storage_pallets=10.0,
              storage_price_per_pallet_day=1.0)  # fmt: skip
    plant.add("unit_conversion", product="cola", unit="pallet", qty_per_unit=2.0)
    plant.add("investment_option", investment="hall", name="Hall", location="plant", storage_pallets=40.0,
              capex_value=100.0, life_years=10.0)  # fmt: skip
    tables = plant.planned()
    # 100 of the second month are made in the first and need 50 places, of which 10 are there
    assert tables["broken_limit"].empty
    assert decided(tables, "hall")["choice"] == "built"
    assert decided(tables, "hall")["subject"] == "plant"
    tight = plant.add("investment_option", investment="hall", name="Hall", location="plant",
                      storage_pallets=40.0, capex_value=1e6, life_years=10.0)  # fmt: skip
    del tight.rows["investment_option"][0]
    assert decided(tight.planned(), "hall")["choice"] == "not_built"


CHOICES = {
    "small": {"hours_per_day": 2.0, "capex_value": 2000.0},
    "large": {"hours_per_day": 5.0, "capex_value": 9000.0},
    "cheap": {"hours_per_day": 1.0, "capex_value": 100.0, "running_cost_per_month": 20.0},
}


def worth_of(names: tuple[str, ...]) -> float:
    """Money and service of the plan with these lines, less what the plan is charged for them, on paper."""
    more = min(sum(20 * CHOICES[name]["hours_per_day"] for name in names), 100.0)
    running = sum(CHOICES[name].get("running_cost_per_month", 0.0) for name in names)
    capital = sum(annuity(CHOICES[name]["capex_value"], 5.0) for name in names) * 120 / YEAR
    return 4 * more * (9.0 + 10.0) - 4 * running - capital


@pytest.mark.parametrize("group", [(), ("small", "large"), ("large", "cheap"), ("small", "large", "cheap")])
def test_of_several_the_best_set_is_built_and_of_a_group_one(group):
    plant = shop()
    for name, more in CHOICES.items():
        line(plant, name, exclusive_group="hall" if name in group else None, **more)
    found = plant.planned()["investment_decision"]
    every = [set(names) for size in range(4) for names in itertools.combinations(CHOICES, size)]
    allowed = [names for names in every if len(names & set(group)) <= 1]
    best = max(allowed, key=lambda names: worth_of(tuple(names)))
    assert set(found.loc[found["choice"] == "built", "investment"]) == best


def test_what_excludes_it_gives_way_when_its_worth_is_told():
    plant = line(shop(), "good", exclusive_group="hall")
    line(plant, "poor", exclusive_group="hall", hours_per_day=1.0)
    tables = plant.planned()
    assert list(tables["investment_decision"]["choice"]) == ["built", "not_built"]
    # 20 hours a month in place of 100
    assert decided(tables, "poor")["contribution_value_per_year"] == pytest.approx(-4 * 80 * 9.0 * YEAR / 120)


def booked(plant: Plant, **more):
    """Every table of the plan and of finance, without tax, in calendar months."""
    own = {"income_tax_rate": 0.0, "run_rate_months": 0, "opening_cash_value": 5000.0, **more}
    model = plant.model()
    model = model.model_copy(
        update={
            "finance": model.finance.model_copy(update=own),
            "calendar": model.calendar.model_copy(update={"as_of": date(2025, 12, 31)}),
        }
    )
    tables, parts = plant.tables(), all_parts()
    for stage in (outside_plan, supply, projection, finance):
        tables |= {name: SCHEMA[name].shape(rows) for name, rows in stage(tables, model, parts).items()}
    return tables, model


def fiscal(plant: Plant) -> Plant:
    """The plant in calendar months, so that money has its months."""
    plant.rows["period"], plant.rows["demand_plan"] = [], []
    for month in pd.date_range("2026-01-01", periods=plant.months, freq="MS"):
        plant.add("period", period=month, end_date=month + pd.offsets.MonthEnd(0), bucket="month",
                  days=month.days_in_month, working_days=20, fiscal_period=month,
                  fiscal_year=2026)  # fmt: skip
        plant.add("demand_plan", product="cola", market="home", period=month, consensus_qty=300.0,
                  net_price_per_unit=10.0)  # fmt: skip
    return plant


def limit(plant: Plant, value: float, measure: str = "capex", sense: str = "maximum", **more) -> Plant:
    told = {"strength": "hard", "start_date": "2026-01-01", "end_date": "2026-12-31"} | more
    return plant.add("target", target="limit", measure=measure, sense=sense, target_value=value, **told)


@pytest.mark.parametrize(
    ("value", "more", "choice"),
    [
        (1000.0, {}, "built"),
        (999.0, {}, "not_built"),
        (999.0, {"strength": "report"}, "built"),
        (999.0, {"strength": "soft", "price_per_unit": 1.0}, "built"),
        (0.0, {"strength": "soft", "price_per_unit": 1000.0}, "not_built"),
    ],
)
def test_a_limit_on_capex_is_kept_or_broken_at_its_price(value, more, choice):
    tables, _ = booked(limit(line(fiscal(shop())), value, **more))
    assert decided(tables)["choice"] == choice
    gap = tables["target_gap"].set_index("target").loc["limit"]
    spent = 1000.0 if choice == "built" else 0.0
    assert (0.0 if pd.isna(gap["planned_value"]) else gap["planned_value"]) == pytest.approx(spent)
    broken = tables["broken_limit"]
    over = spent - value if more.get("strength") == "soft" else 0.0
    assert broken["broken_by_qty"].sum() == pytest.approx(max(over, 0.0))


def test_given_capex_counts_against_the_limit():
    plant = limit(line(fiscal(shop())), 1500.0)
    plant.add("cash_item", cash_item="roof", period="2026-02-01", kind="capex", amount_value=-600.0)
    assert decided(booked(plant)[0])["choice"] == "not_built"


def test_a_limit_that_holds_in_one_year_moves_the_decision_out_of_it():
    plant = limit(line(fiscal(shop())), 0.0, end_date="2026-02-15")
    assert decided(booked(plant)[0])["period"] == pd.Timestamp("2026-03-01")


def test_what_people_ask_for_breaks_a_hard_limit_and_the_plan_says_so():
    broken = booked(limit(line(fiscal(shop()), status="build"), 400.0))[0]["broken_limit"]
    assert broken[["constraint", "subject", "broken_by_qty", "is_hard"]].to_numpy().tolist() == [
        ["capex_limit", "limit", pytest.approx(600.0), True]
    ]


@pytest.mark.parametrize(("cash", "choice"), [(3000.0, "built"), (500.0, "not_built")])
def test_a_floor_of_cash_knows_what_an_investment_takes(cash, choice):
    plant = fiscal(shop())
    plant.rows["payment_term"] = []
    plant.add("payment_term", party_type="customer", days=60).add(
        "payment_term", party_type="supplier", days=0
    )
    plant.add("account", account="1", name="bank", account_type="asset", operator=1, plan_line="cash")
    plant.add("account", account="2", name="owed", account_type="asset", operator=1, plan_line="receivables")
    for account, amount in (("1", cash), ("2", 0.0)):
        plant.add("ledger", version="actual", account=account, period="2025-12-01", amount_value=amount)
    # hours of the first month cost 300 at most, and nothing is collected before the third
    tables, _ = booked(limit(line(plant, latest_date="2026-01-31"), 0.0, "cash", "minimum"))
    assert decided(tables)["choice"] == choice
    sheet = tables["balance_sheet"]
    assert (sheet.loc[sheet["line"] == "cash", "amount_value"] >= -1e-6).all()


def test_ebit_of_the_plan_is_after_running_cost_and_depreciation():
    # 100 more a month bring 900; 500 of running and 16.67 of depreciation leave less than without
    plant = fiscal(shop(months=2))
    tables, _ = booked(limit(line(plant, running_cost_per_month=500.0), 1e6, "ebit", "minimum"))
    gap = tables["target_gap"].set_index("target").loc["limit", "planned_value"]
    lost = tables["broken_limit"].set_index("constraint").loc["ebit_goal", "broken_by_qty"]
    assert gap == pytest.approx(1e6 - lost)
    assert decided(tables)["choice"] == "built"


def test_the_books_hold_what_the_plan_builds():
    plant = line(fiscal(shop()), residual_value=40.0, running_cost_per_month=31.0, lead_time_days=45,
                 plan_line="distribution")  # fmt: skip
    for months, rate in ((0, 0.6), (1, 0.4)):
        plant.add("investment_payment", investment="second", months_after=months, payment_rate=rate)
    plant.add("cost_line", cost_line="old", valid_from="2025-01-01", plan_line="depreciation",
              behaviour="fixed", amount=7.0, is_cash=False)  # fmt: skip
    tables, model = booked(plant)
    bare, _ = booked(fiscal(shop()).add("cost_line", cost_line="old", valid_from="2025-01-01",
                                        plan_line="depreciation", behaviour="fixed", amount=7.0,
                                        is_cash=False))  # fmt: skip
    profit = tables["profit_and_loss"].query("version == 'forecast'")
    monthly = (1000.0 - 40.0) / 5 / 12
    # it is there on 15 February, for 14 of 28 days
    share = np.array([0.0, 14 / 28, 1.0, 1.0])
    assert by_month(profit, "amount_value", line="depreciation") == pytest.approx(
        7 + monthly * share, abs=1e-4
    )
    assert by_month(profit, "amount_value", line="distribution") == pytest.approx(31.0 * share, abs=1e-4)
    flow = tables["cash_flow"].query("method == 'indirect'")
    assert by_month(flow, "amount_value", line="capex") == [-600.0, -400.0, 0.0, 0.0]
    assets = tables["balance_sheet"]
    fixed = np.cumsum([600.0, 400.0, 0.0, 0.0]) - np.cumsum(7 + monthly * share)
    assert by_month(assets, "amount_value", line="fixed_assets") == pytest.approx(fixed, abs=1e-4)
    for name in checks.__all__:
        assert getattr(checks, name)(tables, model).empty, name
    # contribution of the profit and loss knows nothing of the investment but what it lets be sold
    profits = [one["profit_and_loss"].query("version == 'forecast'") for one in (tables, bare)]
    margin = [by_month(rows, "amount_value", line="gross_margin") for rows in profits]
    assert np.subtract(*margin).sum() == pytest.approx(100 * 9.0 * share.sum(), abs=1e-3)


def test_a_plan_whose_books_miss_an_investment_fails_its_check():
    tables, model = booked(line(fiscal(shop())))
    flow = tables["cash_flow"]
    spoilt = flow.assign(amount_value=flow["amount_value"].where(flow["line"] != "capex", 0.0))
    wrong = checks.investments_are_in_the_books({**tables, "cash_flow": spoilt}, model)
    assert wrong["planned_value"].tolist() == [1000.0]


def test_other_ways_of_planning_have_the_hours_that_are_built():
    tables, model = booked(line(fiscal(shop())))
    rows = supply_review(tables, model, all_parts())["plan_comparison"]
    sent = rows[rows["strategy"] == "priority_rule"]["shipped_qty"].sum()
    assert sent == pytest.approx(1200.0)


FAULTS = [
    ({"resource": None}, "hours_per_day", "add nothing"),
    ({"hours_per_day": 0.0}, "hours_per_day", "add nothing"),
    ({"location": "plant", "storage_pallets": 5.0}, "location", "no limit"),
    ({"earliest_date": "2026-03-01", "latest_date": "2026-02-01"}, "latest_date", "on no day"),
    ({"residual_value": 2000.0}, "residual_value", "more at the end"),
    ({"life_years": 0.0}, "life_years", "below 0.25"),
    ({"resource": "nothing"}, "resource", "does not exist"),
    ({"status": "perhaps"}, "status", "none of open"),
]


def faults_of(plant: Plant):
    plant.add("location", location="plant", location_type="plant")
    known = ("location", "resource", "investment_option", "investment_payment")
    tables = {name: rows_of(name, plant.rows.get(name, [])) for name in known}
    return [fault for fault in validate(tables, SCHEMA) if fault.where.startswith("investment_")]


@pytest.mark.parametrize(("more", "column", "problem"), FAULTS)
def test_a_wrong_row_is_told_with_its_remedy(more, column, problem):
    (fault,) = faults_of(line(shop(), **more))
    assert fault.where == f"investment_option.{column}"
    assert problem in fault.problem
    assert "second" in str(fault.rows)
    assert fault.remedy


def test_two_of_a_group_cannot_both_be_asked_for():
    plant = line(
        line(shop(), status="build", exclusive_group="hall"), "third", status="build", exclusive_group="hall"
    )
    (fault,) = faults_of(plant)
    assert fault.where == "investment_option.exclusive_group"
    assert len(fault.rows) == 2


def test_payments_sum_to_the_whole():
    plant = line(shop()).add("investment_payment", investment="second", months_after=0, payment_rate=0.7)
    (fault,) = faults_of(plant)
    assert fault.where == "investment_payment.payment_rate"
    assert "second" in fault.problem


def test_a_sound_row_has_no_fault():
    assert faults_of(line(shop())) == []


def test_where_time_is_over_the_worth_is_not_known():
    plant = line(shop())
    tables, model, parts = plant.tables(), plant.model(), all_parts()
    invested = invest(plan_data(tables, model, parts), parts, {})
    program = program_of(invested.data, variables_of(invested.data), parts, {})
    solution = solve(program, *goals_of(invested.data), model.supply)

    def unfinished(data):
        raise UnfinishedError(1.0)

    def told(solution, planned):
        found = investment_decision(invested, program, solution, planned, tables, 0.08)
        return found.loc[0, ["choice", "npv_value"]].to_list()

    again_planned = again(parts, {}, model.supply, solution)
    assert told(solution, again_planned)[1] > 0
    assert told(solution, unfinished) == ["built", pytest.approx(np.nan, nan_ok=True)]
    not_best = replace(solution, is_best=False)
    assert told(not_best, again_planned) == ["built", pytest.approx(np.nan, nan_ok=True)]


def test_what_earns_next_to_nothing_never_pays_back():
    found = decided(line(shop(hours=15.0)).planned())
    assert found["choice"] == "not_built"
    assert pd.isna(found["payback_years"])


def test_where_no_plan_is_found_only_what_is_asked_for_is_built(monkeypatch):
    lost = lambda program, elastic, cost, settings: Whole(elastic, "relaxed", np.nan, np.inf)  # noqa: E731
    monkeypatch.setattr(investing, "whole_decisions", lost)
    monkeypatch.setattr(investing, "_unparted", lambda *told: (None, ()))
    plant = line(line(shop(), status="build", lead_time_days=31), "third")
    tables = plant.planned()
    assert tables["investment_decision"]["choice"].tolist() == ["built", "not_built"]
    assert decided(tables)["period"] == plant.periods[0]
    assert tables["solver_log"]["status"].iloc[0] == "relaxed"
