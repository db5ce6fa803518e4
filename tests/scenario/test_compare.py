"""Key figures of plans stand side by side, and a difference is the second less the first."""

from __future__ import annotations

import pandas as pd

from sopwb.scenario.compare import compare_kpi, compare_runs, scenario_kpi
from sopwb.schema import load_schema

SCHEMA = load_schema()


def kpi(**values: float | None) -> pd.DataFrame:
    rows = [
        {"kpi": name, "scope": scope, "kpi_value": value, "unit": "currency", "sense": "higher_better"}
        for name, value in values.items()
        for scope in ("*", "family=tea")
    ]
    return pd.DataFrame(rows)


def test_each_scenario_stands_beside_the_base_for_the_whole_company_only():
    made = compare_kpi(
        kpi(ebit=10.0, cash=5.0),
        scenario_kpi({"good": kpi(ebit=12.0, cash=5.0), "bad": kpi(ebit=7.0, cash=None)}),
    )
    table = SCHEMA["scenario_comparison"].shape(made).set_index(["scenario", "kpi"])
    assert len(table) == 4
    assert table.loc[("good", "ebit"), ["kpi_value", "base_value", "delta_value"]].tolist() == [12, 10, 2]
    assert table.loc[("bad", "ebit"), "delta_value"] == -3
    assert pd.isna(table.loc[("bad", "cash"), "delta_value"])


def test_a_key_figure_that_only_a_scenario_has_has_no_base():
    made = compare_kpi(kpi(ebit=10.0), scenario_kpi({"toll": kpi(ebit=10.0, toll_margin=3.0)})).set_index(
        "kpi"
    )
    assert made.loc["toll_margin", "kpi_value"] == 3
    assert pd.isna(made.loc["toll_margin", "base_value"])


def test_without_scenarios_the_comparison_is_empty():
    assert SCHEMA["scenario_comparison"].shape(compare_kpi(kpi(ebit=10.0), scenario_kpi({}))).empty


def test_two_runs_show_all_that_either_has():
    made = compare_runs(kpi(ebit=10.0, cash=5.0), kpi(ebit=12.5, stock=3.0))
    whole = made[made["scope"] == "*"].set_index("kpi")
    assert list(whole.index) == ["cash", "ebit", "stock"]
    assert whole.loc["ebit", "delta_value"] == 2.5
    assert pd.isna(whole.loc["cash", "second_value"])
    assert (whole["unit"] == "currency").all()
