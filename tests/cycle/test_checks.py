"""Every check is a row: it holds, it warns, or it fails with its first offender in words."""

from __future__ import annotations

from types import MappingProxyType

import pandas as pd

from sopwb.config.model import Model
from sopwb.cycle.checks import check, has_failed
from sopwb.extend import Parts, plan_check
from sopwb.schema import load_schema


def rows(**found: pd.DataFrame) -> pd.DataFrame:
    marked = {
        name: plan_check(name, area="supply")(lambda tables, model, f=frame: f)
        for name, frame in found.items()
    }
    made = check({}, Model(name="Acme"), Parts(plan_checks=MappingProxyType(marked)))["check"]
    return load_schema()["check"].shape(made).set_index("check")


OFFENDER = pd.DataFrame(
    {"product": ["tea", "mate"], "period": pd.Timestamp("2026-01-01"), "gap_qty": [1234567.891, 2]}
)


def test_a_check_without_offenders_passes():
    found = rows(stock_balances=OFFENDER.iloc[:0])
    assert found.loc["stock_balances", ["area", "status", "offender_count", "message"]].tolist() == [
        "supply",
        "pass",
        0,
        "holds",
    ]
    assert not has_failed(found)


def test_a_check_with_offenders_fails_and_names_the_first():
    found = rows(stock_balances=OFFENDER)
    assert found.loc["stock_balances", "status"] == "fail"
    assert found.loc["stock_balances", "offender_count"] == 2
    assert found.loc["stock_balances", "message"] == "product tea, period 2026-01-01, gap_qty 1.23457e+06"
    assert has_failed(found)


def test_offenders_that_are_all_warnings_warn_and_one_failure_among_them_fails():
    warn = rows(a=OFFENDER.assign(severity="warn"), b=OFFENDER.assign(severity=["warn", "fail"]))
    assert warn["status"].to_dict() == {"a": "warn", "b": "fail"}


def test_a_check_may_say_it_in_its_own_words():
    found = rows(a=OFFENDER.assign(message="Tea is short."))
    assert found.loc["a", "message"] == "Tea is short."


def test_without_checks_there_is_an_empty_table():
    assert rows().empty
