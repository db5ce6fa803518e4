"""The mapping of the real company says what its source says: counts, sums and every measured oddity."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sopwb.exchange import RawInputs

CUSTOMER = Path(__file__).resolve().parents[2] / "customers" / "adventureworks"

Tables = dict[str, pd.DataFrame]

LAST_YEAR = pd.period_range("2013-05", "2014-04", freq="M")
BOOKED_YEAR = pd.period_range("2013-06", "2014-05", freq="M")
COMPLETE = pd.period_range("2011-05", "2014-04", freq="M")


def within(dates: pd.Series, months: pd.PeriodIndex) -> pd.Series:
    return dates.dt.to_period("M").isin(months)


def by_month(values: pd.Series, dates: pd.Series) -> pd.Series:
    return values.groupby(dates.dt.to_period("M")).sum().reindex(COMPLETE)


def load_rate(tables: Tables, hours: pd.Series, months: pd.PeriodIndex) -> pd.Series:
    resource = tables["resource"].set_index("resource")
    days = sum(month.days_in_month for month in months)
    return (hours / (resource["hours_per_day"] * days)).round(2)


def booked(tables: Tables, months: pd.PeriodIndex) -> pd.Series:
    history = tables["resource_history"]
    chosen = history[within(history["period"], months)]
    return load_rate(tables, chosen.groupby("resource")["booked_hours"].sum(), months)


def implied(tables: Tables, months: pd.PeriodIndex) -> pd.Series:
    history = tables["production_history"]
    made = history[within(history["period"], months)].groupby("product")["made_qty"].sum()
    routing = tables["routing"]
    hours = routing["product"].map(made).fillna(0) * routing["run_hours_per_unit"]
    return load_rate(tables, hours.groupby(routing["resource"]).sum(), months)


def ledger_amount(tables: Tables, accounts: list[str]) -> pd.Series:
    ledger = tables["ledger"]
    rows = ledger[(ledger["version"] == "actual") & ledger["account"].isin(accounts)]
    return by_month(rows["amount_value"], rows["period"])


def test_the_repository_holds_no_data_of_the_company() -> None:
    kinds = {path.suffix for path in CUSTOMER.rglob("*") if path.is_file()}
    assert kinds <= {".yaml", ".md", ".py", ".pyc"}


def test_every_order_line_stands_behind_the_sales(tables: Tables) -> None:
    assert len(tables["delivery"]) == 121_253
    assert tables["delivery"]["order_line"].str.split("-").str[0].nunique() == 31_455
    assert tables["sales_history"]["sold_qty"].sum() == tables["delivery"]["ordered_qty"].sum()


def test_sales_are_of_266_products_in_20_markets(tables: Tables) -> None:
    product = tables["product"].set_index("product")["product_type"]
    sold = tables["sales_history"]["product"].unique()
    assert len(sold) == 266
    assert set(product[product == "finished"].index) == set(sold)
    assert len(tables["market"]) == 20


def test_revenue_is_exact_to_the_cent(tables: Tables) -> None:
    sales = tables["sales_history"]
    months = by_month(sales["net_sales_value"], sales["date"])
    assert round(months[LAST_YEAR].sum(), 2) == 51_387_676.90
    assert round(months[LAST_YEAR - 12].sum(), 2) == 33_792_674.15


def test_36_months_are_complete_in_both_channels(tables: Tables) -> None:
    sales = tables["sales_history"].merge(tables["market"], on="market", validate="m:1")
    months = sales["date"].dt.to_period("M")
    channels = sales.groupby(months)["channel"].nunique()
    complete = channels.index[channels == 2]
    assert list(complete) == list(COMPLETE)
    assert len(complete) == 36


def test_the_current_bill_of_material_has_2383_rows_and_no_end(tables: Tables) -> None:
    assert len(tables["bill_of_material"]) == 2_383
    assert tables["bill_of_material"]["valid_to"].isna().all()


def test_there_are_seven_work_centres_and_a_route_for_all_that_is_made(tables: Tables) -> None:
    assert len(tables["resource"]) == 7
    made = set(tables["bill_of_material"]["product"])
    assert made == set(tables["routing"]["product"])
    bought = set(tables["purchase_term"]["product"])
    assert made | bought == set(tables["product"]["product"])
    assert not made & bought


def test_the_booked_load_is_what_the_company_says_of_itself(tables: Tables) -> None:
    load = booked(tables, BOOKED_YEAR)
    assert (load["final_assembly"], load["subassembly"]) == (1.01, 1.04)
    load = booked(tables, LAST_YEAR)
    assert (load["final_assembly"], load["subassembly"]) == (0.95, 1.01)


def test_work_orders_by_routing_hours_load_within_ten_percent_of_the_booked_load(tables: Tables) -> None:
    assemblies = ["final_assembly", "subassembly"]
    load = implied(tables, BOOKED_YEAR)[assemblies]
    assert load.to_list() == [0.93, 0.99]
    assert ((load / booked(tables, BOOKED_YEAR)[assemblies] - 1).abs() < 0.10).all()


def test_resellers_reach_80_to_89_percent_of_their_quota_in_all_12_quarters(tables: Tables) -> None:
    sales = tables["sales_history"].merge(tables["market"], on="market", validate="m:1")
    reseller = sales[sales["channel"] == "reseller"]
    target = tables["target"]
    attained = [
        reseller.loc[reseller["date"].between(quota.start_date, quota.end_date), "net_sales_value"].sum()
        / quota.target_value
        for quota in target.itertuples()
    ]
    assert len(attained) == 12
    assert (min(round(rate, 2) for rate in attained), max(round(rate, 2) for rate in attained)) == (
        0.80,
        0.89,
    )
    assert list(target["start_date"].dt.to_period("M")) == list(COMPLETE[::3])


def test_the_ledger_ties_to_operations_as_loosely_as_it_does(tables: Tables) -> None:
    sales = tables["sales_history"]
    operations = by_month(sales["net_sales_value"], sales["date"])
    trade = ledger_amount(tables, ["4200", "4500"]) / operations
    assert (round(trade.min(), 2), round(trade.max(), 2)) == (0.68, 1.26)
    alone = ledger_amount(tables, ["4200"]) / operations
    assert (round(alone.min(), 2), round(alone.max(), 2)) == (0.64, 1.22)


def test_the_revenue_accounts_are_those_that_tie_to_operations(tables: Tables) -> None:
    account = tables["account"]
    revenue = account[(account["account_type"] == "revenue") & (account["plan_line"] == "revenue")]
    assert set(revenue["account"]) == {"4200", "4500"}
    cost = account[account["plan_line"] == "cost_of_sales"]
    assert set(cost["account"]) == {"5020"}


def test_the_balance_sheet_balances_and_profit_adds_to_retained_earnings(tables: Tables) -> None:
    rows = tables["ledger"].merge(tables["account"], on="account", validate="m:1")
    rows = rows[(rows["version"] == "actual") & within(rows["period"], COMPLETE)]
    signed = rows["amount_value"] * rows["operator"]
    kind = rows["account_type"]
    balance = signed.where(kind == "asset", -signed).where(kind.isin(["asset", "liability", "equity"]), 0)
    assert by_month(balance, rows["period"]).abs().max() < 0.01
    income = signed.where(rows["plan_line"] == "revenue", -signed)
    income = income.where(kind.isin(["revenue", "cost_of_sales", "expense"]), 0)
    profit = by_month(income, rows["period"])
    earned = ledger_amount(tables, ["3550"])
    assert earned[LAST_YEAR].diff().dropna().round(2).equals(profit[LAST_YEAR].iloc[1:].round(2))
    assert earned["2013-05"] == pytest.approx(profit["2013-05"])


def test_the_budget_covers_the_first_twelve_months_only(tables: Tables) -> None:
    budget = tables["ledger"].loc[tables["ledger"]["version"] == "budget", "period"].dt.to_period("M")
    assert sorted(budget.unique()) == list(COMPLETE[:12])


def test_margins_at_standard_cost_are_thin_for_resellers_and_rich_online(tables: Tables) -> None:
    sales = tables["sales_history"].merge(tables["market"], on="market", validate="m:1").sort_values("date")
    cost = tables["standard_cost"].rename(columns={"valid_from": "date"}).sort_values("date")
    priced = pd.merge_asof(sales, cost, on="date", by="product")
    assert priced["cost_per_unit"].notna().all()
    cost_value = (priced["sold_qty"] * priced["cost_per_unit"]).groupby(priced["channel"]).sum()
    margin = 1 - cost_value / priced.groupby("channel")["net_sales_value"].sum()
    assert margin["reseller"] == pytest.approx(0.006, abs=0.003)
    assert margin["online"] == pytest.approx(0.411, abs=0.003)


def test_prices_give_the_revenue_of_the_last_year_again(tables: Tables) -> None:
    sales = tables["sales_history"]
    year = sales[within(sales["date"], LAST_YEAR)]
    priced = year.merge(tables["price"], on=["product", "market"], how="left", validate="m:1")
    value = (priced["sold_qty"] * priced["price_per_unit"]).sum()
    assert value == pytest.approx(51_387_676.90, rel=1e-6)


def test_every_cost_line_comes_from_the_ledger(tables: Tables) -> None:
    rows = tables["ledger"].merge(tables["account"], on="account", validate="m:1")
    rows = rows[(rows["version"] == "actual") & within(rows["period"], LAST_YEAR)]
    booked_value = (rows["amount_value"] * rows["operator"]).groupby(rows["plan_line"]).sum()
    fixed = tables["cost_line"][tables["cost_line"]["behaviour"] == "fixed"].set_index("plan_line")["amount"]
    for line in ("administration", "development", "distribution", "depreciation", "interest", "other_cost"):
        assert fixed[line] * 12 == pytest.approx(booked_value[line], abs=0.1)


def test_what_is_on_order_of_bought_products_lasts_through_their_lead_time(tables: Tables) -> None:
    product = tables["product"].set_index("product")["product_type"]
    receipt = tables["scheduled_receipt"]
    ordered = receipt[receipt["receipt_type"] == "purchase"]
    assert ordered["product"].nunique() == 119
    assert set(product[product == "component"].index) <= set(ordered["product"])
    made = tables["production_history"]
    last = made[within(made["period"], LAST_YEAR)].groupby("product")["made_qty"].sum() / 365
    bill = tables["bill_of_material"]
    use = (bill["product"].map(last).fillna(0) * bill["qty_per_unit"]).groupby(bill["component"]).sum()
    days = tables["purchase_term"].groupby("product")["lead_time_days"].max()
    needed = (use * days).reindex(ordered["product"].unique()).fillna(0)
    assert (ordered.groupby("product")["receipt_qty"].sum() >= needed * 0.99).all()


def test_every_default_is_labelled_and_holds_for_every_as_of_date(raw: RawInputs, tables: Tables) -> None:
    assumption = tables["assumption"]
    assert assumption["is_default"].all()
    assert (assumption["entered_at"] == pd.Timestamp("1900-01-01")).all()
    assert len(raw.defaults) == len(assumption)
    subjects = set(assumption["subject"])
    for subject in (
        "routing.run_hours_per_unit",
        "resource.hours_per_day",
        "purchase_term.price_per_unit",
        "standard_cost",
        "stock_on_hand.snapshot_date",
        "payment_term.days",
        "cost_line.amount",
        "product_successor",
    ):
        assert subject in subjects


def test_the_defaults_say_the_measured_figures(tables: Tables) -> None:
    text = tables["assumption"].set_index("subject")["text"]
    assert "101% of capacity in final assembly and 104% in subassembly" in text["resource.hours_per_day"]
    assert "95% and 101%" in text["resource.hours_per_day"]
    assert "93% of final assembly and 99% of subassembly" in text["routing.run_hours_per_unit"]
    assert "0.68 to 1.26" in text["ledger"]
    assert "0.23 to 0.49" in text["ledger"]
    assert "121,253 order lines, 31,455 orders" in text["sales_history.date"]


def test_the_model_and_its_scenarios_fit_the_tables(tables: Tables, schema: object) -> None:
    from sopwb.config.load import load_setup, read_scenarios
    from sopwb.config.overlay import apply_changes

    setup = load_setup(CUSTOMER)
    assert str(setup.model.as_of.date()) == "2014-04-30"
    full = tables | {"activity": schema["activity"].empty()}
    for name, scenario in read_scenarios(CUSTOMER).items():
        changed = apply_changes(full, scenario.tables, schema)
        assert any(not changed[change.table].equals(full[change.table]) for change in scenario.tables), name
