"""A notebook runs its meeting once and looks at tables and sections by their names."""

from __future__ import annotations

import json
from types import MappingProxyType

import pandas as pd
import pytest

from sopwb.config.model import Model
from sopwb.cycle.stages import EVERYTHING, Stage
from sopwb.cycle.step import TIMINGS, Step
from sopwb.errors import InputError
from sopwb.extend import Parts, report_section
from sopwb.runs.store import write_tables
from sopwb.schema import load_schema

SCHEMA = load_schema()
MODEL = Model(name="Acme")
MEETING = "40_supply_review"


def suppliers(count: int) -> pd.DataFrame:
    names = [f"s{place}" for place in range(count)]
    return pd.DataFrame({"supplier": names, "description": names, "currency": "EUR"})


def step_of(folder=None, **tables: pd.DataFrame) -> Step:
    def door(given, model, parts):
        return {"lane": SCHEMA["lane"].empty(), "supplier": suppliers(len(given["supplier"]) + 1)}

    stages = (
        Stage("one", MEETING, door, ("supplier",), ("lane",)),
        Stage("two", "50_finance_reconciliation", door, (EVERYTHING,), ("supplier",)),
    )
    section = report_section("load_heat_map", notebook=MEETING)(lambda given, model: sorted(given))
    parts = Parts(report_sections=MappingProxyType({"load_heat_map": section}))
    return Step(MEETING, MODEL, parts, SCHEMA, stages, folder, dict(tables))


def test_only_the_stages_of_the_meeting_are_run_and_their_tables_can_be_seen():
    step = step_of(supplier=suppliers(1))
    step.run()
    assert step.table("lane").empty
    assert len(step.table("supplier")) == 1
    assert step.show("load_heat_map") == ["lane", "supplier"]


def test_in_a_run_inputs_come_from_its_folder_and_results_and_timings_go_there(tmp_path):
    write_tables(tmp_path / "inputs", {"supplier": suppliers(2)}, SCHEMA)
    step = step_of(tmp_path)
    step.run()
    assert (tmp_path / "tables" / "lane.parquet").is_file()
    [note] = (tmp_path / TIMINGS).read_text(encoding="utf-8").splitlines()
    assert json.loads(note)["stage"] == "one"
    assert step_of(tmp_path).show("load_heat_map") == ["lane", "supplier"]


@pytest.mark.parametrize(
    ("ask", "name", "words"),
    [
        ("show", "load_heatmap", ("there is no section 'load_heatmap'", "did you mean load_heat_map?")),
        ("show", "zzz", ("there is no section 'zzz'", "known are load_heat_map")),
        ("table", "suplier", ("there is no table 'suplier'", "did you mean supplier?")),
        ("table", "supply_plan", ("supply_plan: has not been made yet", "run the steps before this one")),
    ],
)
def test_an_unknown_name_is_told_the_nearest(ask, name, words):
    with pytest.raises(InputError) as caught:
        getattr(step_of(), ask)(name)
    for word in words:
        assert word in str(caught.value)
