"""A run sees what was known on its as-of date, and nothing that was entered later."""

from __future__ import annotations

import pandas as pd
import pytest

from sopwb.config.load import load_setup
from sopwb.cycle import inputs as inputs_module
from sopwb.cycle.inputs import Request, load_inputs
from sopwb.schema import load_schema
from tests.cycle.customer import acme, append, cells, faults_of, write
from tests.runs.made import publish, run_id, write_plan

SCHEMA = load_schema()


def as_of(tmp_path, dates: list[str], bucket: str = "month", ledger: list[str] | None = None) -> str:
    folder = tmp_path / "acme"
    folder.mkdir()
    text = f"name: Acme\ncalendar: {{history_bucket: {bucket}}}\n"
    (folder / "model.yaml").write_text(text, encoding="utf-8")
    tables = {
        "sales_history": pd.DataFrame({"date": pd.to_datetime(dates)}),
        "ledger": pd.DataFrame({"version": "actual", "period": pd.to_datetime(ledger or [])}),
    }
    return str(inputs_module._as_of(Request(folder), load_setup(folder).model, tables).date())


@pytest.mark.parametrize(
    ("dates", "bucket", "expected"),
    [
        (["2025-11-01", "2025-12-01"], "month", "2025-12-31"),
        (["2025-12-22", "2025-12-29"], "week", "2025-12-31"),
        (["2025-12-15", "2025-12-22"], "week", "2025-12-31"),
        (["2025-12-08", "2025-12-15"], "week", "2025-11-30"),
        (["2025-12-29", "2026-01-01"], "week", "2025-12-31"),
        (["2025-12-02", "2025-12-30"], "month", "2025-12-31"),
        (["2025-12-02", "2025-12-10"], "month", "2025-11-30"),
    ],
)
def test_without_a_ledger_history_ends_with_the_last_full_month_of_sales(tmp_path, dates, bucket, expected):
    assert as_of(tmp_path, dates, bucket) == expected


def test_sales_dated_years_after_all_others_are_told_and_do_not_end_history(tmp_path):
    folder = acme(tmp_path)
    sales = cells(folder, "sales_history")
    wild = sales.tail(2).assign(date=["2087-01-01", "2087-02-01"])
    write(folder, "sales_history", pd.concat([sales, wild]))
    (fault,) = faults_of(folder)
    assert fault.where == "sales_history.date"
    assert fault.problem.startswith("2 rows from 2087-01-01 on follow 2025-12-01")
    said = load_inputs(Request(folder, as_of=pd.Timestamp("2025-12-31")))
    assert said.tables["sales_history"]["date"].max() == pd.Timestamp("2025-12-01")


def test_a_company_that_began_again_after_years_is_believed(tmp_path):
    dates = ["2019-05-01", *pd.date_range("2025-01-01", "2025-12-01", freq="MS").strftime("%Y-%m-%d")]
    assert as_of(tmp_path, dates) == "2025-12-31"


def test_with_a_ledger_history_ends_with_the_last_closed_month(tmp_path):
    assert as_of(tmp_path, ["2025-12-01"], ledger=["2025-10-01", "2025-11-01"]) == "2025-11-30"


def test_rows_entered_and_counted_after_the_as_of_date_are_not_seen():
    day = pd.Timestamp("2025-12-31")
    target = SCHEMA["target"].empty().reindex(range(2))
    target["entered_at"] = pd.to_datetime(["2025-12-31 23:59", "2026-01-01 00:00"])
    assert len(inputs_module._seen(target, SCHEMA["target"], day)) == 1
    stock = SCHEMA["stock_on_hand"].empty().reindex(range(3))
    stock["snapshot_date"] = pd.to_datetime(["2025-11-30", "2025-12-31", "2026-01-31"])
    assert inputs_module._seen(stock, SCHEMA["stock_on_hand"], day)["snapshot_date"].tolist() == [day]
    ledger = SCHEMA["ledger"].empty().reindex(range(3))
    ledger = ledger.assign(
        version=["actual", "actual", "budget"],
        period=pd.to_datetime(["2025-12-01", "2026-01-01", "2026-01-01"]),
    )
    assert inputs_module._seen(ledger, SCHEMA["ledger"], day)["version"].tolist() == ["actual", "budget"]
    past = SCHEMA["past_kpi"].empty().reindex(range(2)).assign(cycle=[day - pd.offsets.MonthEnd(1), day])
    assert len(inputs_module._seen(past, SCHEMA["past_kpi"], day)) == 1


def test_an_earlier_as_of_date_ends_history_and_begins_the_plan_there(tmp_path):
    found = load_inputs(Request(acme(tmp_path), as_of=pd.Timestamp("2025-06-30")))
    assert found.tables["sales_history"]["date"].max() == pd.Timestamp("2025-06-01")
    assert found.tables["period"]["period"].min() == pd.Timestamp("2025-07-01")
    assert str(found.model.as_of.date()) == "2025-06-30"


def test_every_declared_input_is_there_typed_even_when_it_was_not_provided(tmp_path):
    found = load_inputs(Request(acme(tmp_path)))
    for table in SCHEMA.inputs():
        assert {name: str(dtype) for name, dtype in found.tables[table.name].dtypes.items()} == table.dtypes


def test_a_scenario_that_changes_one_cell_twice_is_refused(tmp_path):
    folder = acme(tmp_path)
    append(
        folder,
        "scenarios.yaml",
        "  twice:\n    title: Twice\n    tables:\n"
        "      - {table: product, set: {shelf_life_days: 90}}\n"
        "      - {table: product, where: {product: bag}, set: {shelf_life_days: 30}}\n",
    )
    [fault] = faults_of(folder, scenario="twice")
    assert fault.where == "scenario change 2 (product)"
    assert "shelf_life_days of 1 row(s) is already changed" in fault.problem


def test_an_extension_is_loaded_only_when_it_may_be(tmp_path):
    folder = acme(tmp_path)
    (folder / "extensions" / "broken.py").write_text("1 / 0\n", encoding="utf-8")
    [fault] = faults_of(folder)
    assert fault.where == "extensions/broken.py"
    assert load_inputs(Request(folder, use_extensions=False)).tables["product"].shape[0] == 5


def test_a_run_builds_on_the_latest_of_an_earlier_cycle_and_on_no_later_one(tmp_path):
    folder, runs = acme(tmp_path), tmp_path / "runs"
    for day, moment in ((1, "2025-11-30"), (2, "2025-12-31")):
        run = publish(runs, run_id(day), as_of=moment, builds_on=None)
        write_plan(run.folder)
    found = load_inputs(Request(folder, runs=runs))
    assert found.builds_on == run_id(1)
    assert found.tables["past_kpi"]["cycle"].tolist() == [pd.Timestamp("2025-11-30")]
    [fault] = faults_of(folder, runs=runs, builds_on=run_id(2))
    assert fault.where == "builds-on"
    assert "name a run of an earlier cycle" in fault.remedy


def test_a_customer_may_add_a_column_which_reaches_the_tables(tmp_path):
    folder = acme(tmp_path)
    text = "table: product\ncolumns:\n  is_organic: {type: flag, default: false, holds: Organic or not.}\n"
    (folder / "schema" / "product.yaml").write_text(text, encoding="utf-8")
    product = cells(folder, "product").assign(is_organic=["true", "", "no", "", "1"])
    write(folder, "product", product)
    assert load_inputs(Request(folder)).tables["product"]["is_organic"].tolist() == [
        True,
        False,
        False,
        False,
        True,
    ]


def test_a_word_a_customer_allows_is_read_and_another_is_told(tmp_path):
    folder = acme(tmp_path, "activity")
    text = "table: activity\ncolumns:\n  kind: {also_one_of: [sampling]}\n"
    (folder / "schema" / "activity.yaml").write_text(text, encoding="utf-8")
    write(folder, "activity", cells(folder, "activity").assign(kind="sampling"))
    assert load_inputs(Request(folder)).tables["activity"]["kind"].tolist() == ["sampling"]
    write(folder, "activity", cells(folder, "activity").assign(kind="tasting"))
    [fault] = faults_of(folder)
    assert fault.where == "activity.kind"
    assert "tender, sampling" in fault.problem


DECISION = (
    "decision,cycle,question,options,choice,decided_on,default_choice,owner,due_date,"
    "outcome_value,outcome_on,entered_at\n"
    "d1,2025-06-30,Overtime?,yes; no,yes,2025-07-05,no,coo,2025-07-10,900,2025-11-15,2025-06-28 09:00\n"
    "d2,2025-11-30,Second source?,yes; no,no,2025-12-05,no,cpo,2025-12-10,,,2025-11-28 09:00\n"
)


@pytest.mark.parametrize(
    ("day", "choices", "outcomes"),
    [
        ("2025-06-30", [None], [None]),
        ("2025-07-31", ["yes"], [None]),
        ("2025-11-30", ["yes", None], [900, None]),
        ("2025-12-31", ["yes", "no"], [900, None]),
    ],
)
def test_a_run_sees_a_decision_and_its_outcome_only_from_the_days_they_were_known(
    tmp_path, day, choices, outcomes
):
    folder = acme(tmp_path)
    (folder / "data" / "decision.csv").write_text(DECISION, encoding="utf-8")
    seen = load_inputs(Request(folder, as_of=pd.Timestamp(day))).tables["decision"]
    assert seen["choice"].tolist() == choices
    assert (
        seen["outcome_value"].astype(object).where(seen["outcome_value"].notna(), None).tolist() == outcomes
    )
    assert (seen["decided_on"].dropna() <= day).all()
    assert (seen["outcome_on"].dropna() <= day).all()


def test_an_outcome_that_does_not_say_since_when_it_is_known_is_told(tmp_path):
    folder = acme(tmp_path)
    (folder / "data" / "decision.csv").write_text(DECISION.replace("2025-11-15", ""), encoding="utf-8")
    [fault] = faults_of(folder)
    assert fault.where == "decision.outcome_value"
    assert fault.rows == ["row 2 (decision=d1)"]
    assert "fill outcome_on" in fault.remedy
