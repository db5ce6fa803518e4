"""Every product of a customer is planned or named with the reason, however odd its sales are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sopwb.cycle.inputs import Request, load_inputs
from sopwb.cycle.memory import run_stages
from sopwb.cycle.stages import flow
from tests.cycle.customer import acme, cells, faults_of, write

MONTHS = pd.date_range("2023-07-01", "2025-12-01", freq="MS")
EVEN = np.full(len(MONTHS), 40.0)
ODD = {
    "constant": (MONTHS, EVEN, 0.0),
    "all_zero": (MONTHS, 0 * EVEN, 0.0),
    "one_observation": (MONTHS[-1:], EVEN[:1], 0.0),
    "one_long_ago": (MONTHS[:1], EVEN[:1], 0.0),
    "gappy": (MONTHS[::3], EVEN[::3], 0.0),
    "more_returned_than_sold": (MONTHS, EVEN, 90.0),
    "giant_once": (MONTHS, np.where(np.arange(len(MONTHS)) == 11, 1e9, EVEN), 0.0),
    "never_sold": (MONTHS[:0], EVEN[:0], 0.0),
    "empty_cells": (MONTHS, np.where(np.arange(len(MONTHS)) % 10 == 5, np.nan, EVEN), 0.0),
    "all_empty": (MONTHS[-3:], np.full(3, np.nan), 0.0),
    "booked_back": (MONTHS, np.where(np.arange(len(MONTHS)) % 10 == 5, -5.0, EVEN), 0.0),
    "all_negative": (MONTHS, -EVEN, 0.0),
    "future": (pd.DatetimeIndex(["2027-03-01", "2031-01-01"]), EVEN[:2], 0.0),
    "also_future": (MONTHS.append(pd.DatetimeIndex(["2026-06-01"])), np.append(EVEN, 40.0), 0.0),
}
STARTS = ("10_", "15_", "20_")


ALLOWED = {"data.empty_sales": "leave_out", "data.negative_sales": "as_return"}


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """A company with ordinary and odd products."""
    folder = acme(tmp_path_factory.mktemp("odd"))
    product, sales = cells(folder, "product"), cells(folder, "sales_history")
    like = product[product["product"] == "espresso_1kg"]
    rows = [
        pd.DataFrame({"date": dates.strftime("%Y-%m-%d"), "sold_qty": sold, "returned_qty": back}).assign(
            product=name, market="cafes", net_sales_value=10 * (sold - back)
        )
        for name, (dates, sold, back) in ODD.items()
    ]
    write(folder, "product", pd.concat([product, *(like.assign(product=name) for name in ODD)]))
    write(folder, "sales_history", pd.concat([sales, *rows]))
    return folder


@pytest.fixture(scope="module")
def inputs(company):
    """What is read where the settings allow rows to be left out and taken for returns."""
    return load_inputs(Request(company, parameters=ALLOWED, as_of=MONTHS[-1] + pd.offsets.MonthEnd(0)))


@pytest.fixture(scope="module")
def made(inputs):
    """Tables of the demand review of this company."""
    stages = [stage for stage in flow(inputs.parts) if stage.notebook.startswith(STARTS)]
    return run_stages(inputs.tables, inputs.model, inputs.parts, inputs.schema, stages)


@pytest.mark.parametrize("name", list(ODD))
def test_an_odd_product_is_planned_or_named_with_its_reason(made, name):
    plan, excluded = made["demand_plan"], made["forecast_exclusion"]
    planned = plan[plan["product"] == name]
    reasons = excluded.loc[excluded["product"] == name, "reason"]
    assert len(planned) > 0 or len(reasons) > 0
    assert (reasons.str.len() > 5).all()
    numbers = planned[["lower_qty", "consensus_qty", "upper_qty"]].to_numpy()
    assert np.isfinite(numbers).all()
    assert (np.diff(numbers, axis=1) >= 0).all()


def test_what_can_be_forecast_is_near_what_sells(made):
    plan = made["demand_plan"]
    months = plan["period"].dt.to_period("M")
    for name in ("constant", "giant_once", "also_future"):
        monthly = plan[plan["product"] == name].groupby(months)["consensus_qty"].sum()
        assert monthly.to_numpy() == pytest.approx(np.full(len(monthly), 40.0), rel=0.2)


def test_what_never_sold_or_only_came_back_waits_for_people(made):
    excluded = made["forecast_exclusion"].set_index("product")["reason"]
    for name in ("all_zero", "never_sold", "more_returned_than_sold", "all_empty", "all_negative", "future"):
        assert excluded[name] == "no sale and no predecessor; needs a manual forecast"


def test_the_sample_paths_have_every_planned_product(made):
    paths, plan = made["sample_path"], made["demand_plan"]
    assert set(paths["product"]) == set(plan["product"])
    mean = (
        paths.groupby(["product", "period", "path"])["demand_qty"].sum().groupby(["product", "period"]).mean()
    )
    total = plan.groupby("product")["consensus_qty"].sum()
    assert mean.groupby("product").sum()["espresso_1kg"] == pytest.approx(total["espresso_1kg"], rel=0.01)


def test_what_was_left_out_or_taken_for_a_return_is_named_with_count_rows_and_remedy(inputs):
    rejects = inputs.tables["reject"].set_index(["column", "problem"])
    empty = rejects.loc[("sold_qty", "is empty")]
    assert (empty["row_count"], empty["done"]) == (6, "left out")
    assert "row " in empty["first_rows"]
    assert "product=empty_cells, market=cafes, date=2023-12-01" in empty["first_rows"]
    assert empty["first_rows"].endswith(" and 1 more")
    assert empty["remedy"].startswith("fill the cell")
    back = rejects.loc[("sold_qty", "is negative")]
    assert (back["row_count"], back["done"]) == (3 + 30, "taken for a return")
    assert "product=booked_back" in back["first_rows"]
    later = rejects.loc[("date", "is after the as-of date 2025-12-31")]
    assert (later["row_count"], later["done"], later["is_expected"]) == (3, "not used", True)
    assert "product=future, market=cafes, date=2027-03-01" in later["first_rows"]


def test_what_was_taken_for_a_return_came_back_and_what_was_empty_is_gone(inputs):
    sales = inputs.tables["sales_history"]
    net = sales.assign(net=sales["sold_qty"] - sales["returned_qty"]).groupby("product")["net"].sum()
    assert net["booked_back"] == 40.0 * 27 - 5.0 * 3
    assert net["all_negative"] == -40.0 * 30
    assert (sales["sold_qty"] >= 0).all()
    assert (sales["product"] == "empty_cells").sum() == 27
    assert "all_empty" not in set(sales["product"])


def test_the_data_review_names_them(inputs, made):
    section = inputs.parts.report_sections["data_rejects"](made, inputs.model)
    assert section.message.startswith("39 rows are not used as given: ")
    text = section.table.frame.astype(str).agg(" ".join, axis=1)
    for name in ("empty_cells", "booked_back", "future"):
        assert text.str.contains(f"product={name}").any()
    check = inputs.parts.plan_checks["rows_are_used_as_given"](made, inputs.model)
    assert check["severity"].eq("warn").all()
    assert check["message"].iloc[0].startswith("sales_history.sold_qty: 6 rows, is empty: left out")
    assert not check["message"].str.contains("as-of").any()


def test_every_odd_product_is_in_the_words_of_the_report(inputs, made):
    """Each is planned, or a line of the exclusions says why not."""
    section = inputs.parts.report_sections["forecast_exclusions"](made, inputs.model)
    told = set(section.table.frame["product"]) | set(made["demand_plan"]["product"])
    described = made["product"].set_index("product")["description"]
    assert all(name in told or described[name] in told for name in ODD)


def test_without_the_settings_each_is_a_fault_that_tells_the_way_out(company):
    faults = {(fault.where, fault.problem): fault for fault in faults_of(company)}
    empty = faults["sales_history.sold_qty", "6 cell(s): is empty"]
    assert empty.remedy.endswith("data.empty_sales: leave_out")
    below = faults["sales_history.sold_qty", "33 cell(s): is below 0"]
    assert below.remedy.endswith("data.negative_sales: as_return")
    assert len(empty.rows) == 6


def test_a_repeated_key_stays_a_fault_whatever_the_settings(company, tmp_path):
    import shutil

    folder = tmp_path / "acme"
    shutil.copytree(company, folder)
    sales = cells(folder, "sales_history")
    write(folder, "sales_history", pd.concat([sales, sales[sales["product"] == "constant"].iloc[:1]]))
    [fault] = faults_of(folder, parameters=ALLOWED)
    assert fault.problem.startswith("2 rows share a key")
    assert "product=constant" in fault.rows[0]
    assert fault.remedy == "keep one row per key, or sum them"


def test_a_history_of_which_nothing_is_left_is_refused(tmp_path):
    folder = acme(tmp_path)
    write(folder, "sales_history", cells(folder, "sales_history").assign(sold_qty=""))
    [fault] = faults_of(folder, parameters=ALLOWED)
    assert fault.problem == "has no row without an empty cell"


def test_where_every_row_is_used_the_review_says_so(inputs, made):
    sound = dict(made) | {"reject": made["reject"].iloc[:0]}
    show, check = (
        inputs.parts.report_sections["data_rejects"],
        inputs.parts.plan_checks["rows_are_used_as_given"],
    )
    assert show(sound, inputs.model).message == "Every row is used as it was given"
    assert check(sound, inputs.model).empty
    later = dict(made) | {"reject": made["reject"][made["reject"]["is_expected"]]}
    assert show(later, inputs.model).message == "Every row up to the as-of date is used as it was given"
