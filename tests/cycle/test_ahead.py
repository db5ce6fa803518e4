"""Stages of later meetings are made ahead, each by one side only, and come out as in their meeting."""

from __future__ import annotations

import json
from threading import Timer

import pandas as pd
import pytest

from sopwb.cycle.ahead import Ahead, next_stage
from sopwb.cycle.claims import AHEAD, claim, hand_over, hold_place, place_of, take_made
from sopwb.cycle.stages import EVERYTHING, STAGES, Stage, needs, seen
from sopwb.runs.store import read_table, write_table
from sopwb.schema import load_schema

SCHEMA = load_schema()
SUPPLIER = pd.DataFrame({"supplier": ["s1"], "description": ["s1"], "currency": ["EUR"]})


def stage(name: str, notebook: str, reads: tuple[str, ...], writes: tuple[str, ...], once: str = "") -> Stage:
    return Stage(name, notebook, "", reads, writes, once=once)


FLOW = (
    stage("demand", "20_demand_review", ("sales",), ("plan",)),
    stage("review", "20_demand_review", ("plan",), ("value_added",)),
    stage("stock", "30_inventory_targets", ("plan", "lane"), ("target",)),
    stage("whole", "40_supply_review", (EVERYTHING,), ("kpi",)),
    stage("scenario", "60_scenarios", (EVERYTHING,), ("scenario_kpi",), once="stock"),
)
INPUTS = {"sales", "lane"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / AHEAD).mkdir()
    return tmp_path


def test_the_meeting_that_is_held_makes_its_own_stages():
    assert next_stage(FLOW, "20_demand_review", INPUTS, set(), set()) is None
    assert next_stage(FLOW, "10_data_review", INPUTS, set(), set()).name == "demand"


def test_a_stage_is_made_ahead_as_soon_as_its_tables_are_there_and_once():
    assert next_stage(FLOW, "20_demand_review", INPUTS, {"demand"}, set()).name == "stock"
    assert next_stage(FLOW, "20_demand_review", INPUTS, {"demand"}, {"stock"}) is None


def test_a_stage_that_reads_all_made_so_far_waits_for_its_meeting_unless_it_says_when_it_may_begin():
    done = {"demand", "review", "stock"}
    assert next_stage(FLOW, "20_demand_review", INPUTS, done, set()).name == "scenario"
    assert next_stage(FLOW, "20_demand_review", INPUTS, done, {"scenario"}) is None


def test_such_a_stage_is_given_no_later_table_however_late_it_is_made():
    tables = dict.fromkeys(["sales", "lane", "plan", "value_added", "target", "kpi"], 1)
    assert set(seen(FLOW[4], tables, FLOW)) == {"sales", "lane", "plan", "value_added", "target"}
    assert set(seen(FLOW[3], tables, FLOW)) == set(tables)
    assert needs(FLOW[4], FLOW) == {"plan", "value_added", "target"}


def test_every_stage_that_says_when_it_may_begin_names_an_earlier_one():
    names = [item.name for item in STAGES]
    for item in STAGES:
        if item.once:
            assert names.index(item.once) < names.index(item.name), item.name
            assert EVERYTHING in item.reads, item.name


def test_a_stage_is_claimed_once(folder):
    assert claim(folder, "supply")
    assert not claim(folder, "supply")


def test_nothing_is_waited_for_that_nobody_makes(folder, tmp_path):
    assert take_made(folder, "supply", ["supplier"], tmp_path / "tables") is None
    assert not claim(folder, "supply"), "the meeting has claimed it"
    assert take_made(tmp_path / "elsewhere", "supply", ["supplier"], tmp_path / "tables") is None


def test_a_stage_in_the_making_is_waited_for_and_taken_over_whole(folder, tmp_path):
    lock = hold_place(folder)
    assert lock is not None
    assert claim(folder, "supply")

    def finish() -> None:
        write_table(place_of(folder, "supply") / "supplier.parquet", SUPPLIER, SCHEMA["supplier"])
        hand_over(folder, "supply", {"stage": "supply", "seconds": 1.0})

    timer = Timer(0.2, finish)
    timer.start()
    note = take_made(folder, "supply", ["supplier"], tmp_path / "tables")
    timer.join()
    lock.release()
    assert note == {"stage": "supply", "seconds": 1.0}
    assert len(read_table(tmp_path / "tables" / "supplier.parquet", SCHEMA["supplier"])) == 1


@pytest.mark.parametrize("is_gone", [True, False], ids=["the process is gone", "it gave up"])
def test_what_failed_ahead_is_made_in_its_meeting(folder, tmp_path, is_gone):
    lock = hold_place(folder)
    assert lock is not None
    assert claim(folder, "supply")
    if is_gone:
        lock.release()
    else:
        hand_over(folder, "supply", None)
    assert take_made(folder, "supply", ["supplier"], tmp_path / "tables") is None


def test_the_process_ends_with_the_run_and_leaves_nothing(tmp_path):
    (tmp_path / "order.json").write_text(json.dumps({}), encoding="utf-8")
    with Ahead(tmp_path) as ahead:
        ahead.begin("10_data_review")  # it cannot even begin, for there is no model: the meetings go on
        ahead.begin("20_demand_review")
    assert not (tmp_path / AHEAD).exists()
