"""The key of a step changes with everything that can change what it makes, and with nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import sopwb
from sopwb.config.model import Model
from sopwb.cycle.fingerprint import PLANNING_ROOMS, Fingerprint, take_fingerprint, versions
from sopwb.cycle.replaced import Replaced, replaced_notebooks, replacement_warnings
from sopwb.cycle.stages import STAGES

PRINT = Fingerprint("code", "", "packages")
MODEL = Model(name="Acme")
STAGE = {stage.name: stage for stage in STAGES}
TABLES = {"product": "1", "market": "2", "kpi": "3"}


def demand(print_=PRINT, tables=TABLES, **settings) -> str:
    model = Model.model_validate({"name": "Acme", **settings})
    return print_.stage_key(STAGE["demand_history"], tables, model)


@pytest.mark.parametrize(
    ("words", "is_same"),
    [
        ({}, True),
        ({"tables": {**TABLES, "product": "x"}}, False),
        ({"tables": {**TABLES, "kpi": "x"}}, True),
        ({"demand": {"price_elasticity": -3.0}}, False),
        ({"name": "Other"}, False),
        ({"scenario": "strong"}, True),
        ({"report": {"most_cards": 3}}, True),
        ({"print_": replace(PRINT, own_code="x")}, False),
        ({"print_": replace(PRINT, packages="x")}, False),
        ({"print_": replace(PRINT, own_code="x"), "scenario": "strong"}, False),
    ],
)
def test_a_planning_stage_depends_on_what_it_reads_and_not_on_scenarios_or_reports(words, is_same):
    assert (demand(**words) == demand()) == is_same


def test_with_code_of_its_own_a_customer_may_look_at_every_setting():
    own = replace(PRINT, own_code="x")
    assert demand(own) != demand(own, scenario="strong")


def test_a_stage_that_reads_everything_depends_on_every_table():
    key = PRINT.stage_key(STAGE["measures"], TABLES, MODEL)
    assert key != PRINT.stage_key(STAGE["measures"], {**TABLES, "kpi": "x"}, MODEL)
    assert key != PRINT.stage_key(STAGE["scenarios"], TABLES, MODEL)


def test_a_stage_of_a_customer_depends_on_the_whole_package():
    own = replace(STAGE["measures"], function=lambda tables, model, parts: {})
    changed = replace(PRINT, code="changed")
    assert PRINT.stage_key(own, TABLES, MODEL) != changed.stage_key(own, TABLES, MODEL)
    assert demand(changed) == demand()


@pytest.mark.parametrize("room", PLANNING_ROOMS)
def test_planning_rooms_look_at_no_scenario_and_no_report_setting(room):
    for path in sorted((Path(sopwb.__file__).parent / room).glob("**/*.py")):
        assert not re.search(r"model\.(scenario|scenarios|report)\b", path.read_text(encoding="utf-8")), path


def test_own_code_is_extensions_and_declarations_and_no_notes(tmp_path):
    assert take_fingerprint(tmp_path).own_code == ""
    for name in ("extensions/README.md", "notebooks/x.ipynb", "data/x.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert take_fingerprint(tmp_path).own_code == ""
    found = set()
    for name in ("extensions/a.py", "extensions/rates.csv", "schema/product.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
        found.add(take_fingerprint(tmp_path).own_code)
    assert len(found - {""}) == 3


def test_versions_are_those_of_python_the_workbench_and_what_it_needs():
    assert {"python", "sopwb", "pandas", "cvxpy"} <= set(versions())


class TestReplacedNotebooks:
    def own(self, customer: Path, text: str = "# Mine") -> None:
        (customer / "notebooks").mkdir(exist_ok=True)
        content = f'{{"cells": [{{"cell_type": "markdown", "source": ["{text}"]}}]}}'
        for name in ("40_supply_review", "45_own_review"):
            (customer / "notebooks" / f"{name}.ipynb").write_text(content, encoding="utf-8")

    def test_only_a_notebook_in_the_place_of_another_is_named(self, tmp_path):
        self.own(tmp_path)
        [found] = replaced_notebooks(tmp_path)
        assert found.notebook == "40_supply_review"
        assert found.replaces == found.built_in != found.own
        [warning] = replacement_warnings([found])
        assert warning == "40_supply_review is the customer's own notebook, not the workbench's"

    def test_a_copy_that_says_the_same_replaces_nothing(self, tmp_path):
        (tmp_path / "notebooks").mkdir()
        source = Path(sopwb.__file__).parents[1] / "notebooks" / "40_supply_review.ipynb"
        text = source.read_text(encoding="utf-8").replace("\n", "\n ")
        (tmp_path / "notebooks" / source.name).write_text(text, encoding="utf-8")
        assert replaced_notebooks(tmp_path) == []

    def test_it_is_said_when_the_workbenchs_has_moved_on_until_the_customers_is_saved_again(self, tmp_path):
        self.own(tmp_path)
        [now] = replaced_notebooks(tmp_path)
        before = {"notebook": now.notebook, "own": now.own, "built_in": "old", "replaces": "old"}
        [found] = replaced_notebooks(tmp_path, [before])
        assert found == Replaced(now.notebook, now.own, now.built_in, "old")
        assert "the workbench's has changed since" in replacement_warnings([found])[0]
        self.own(tmp_path, "# Mine, compared")
        [again] = replaced_notebooks(tmp_path, [before])
        assert again.replaces == again.built_in
