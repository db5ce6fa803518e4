"""The one list of stages holds together: what is read was made before, what is declared is made once."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType

import pandas as pd
import pytest

from sopwb.config.model import Model
from sopwb.cycle.stages import EVERYTHING, NOTEBOOKS, STAGES, Stage, flow, run_stage, stages_of
from sopwb.errors import InputError, SopwbError
from sopwb.extend import Parts, stage
from sopwb.schema import load_schema

SCHEMA = load_schema()
GIVEN = {table.name for table in SCHEMA.inputs()} | {"period", "input_origin", "reject"}
MODEL = Model(name="Acme")


def own_stage(**words: object) -> Parts:
    marked = stage(**words)(lambda tables, model, parts: {})
    return Parts(stages=MappingProxyType({"own": marked}))


def test_every_table_a_stage_reads_is_an_input_or_was_written_before():
    known = set(GIVEN)
    for item in STAGES:
        assert set(item.reads) - {EVERYTHING} <= known, item.name
        known |= set(item.writes)


def test_every_table_of_results_is_written_by_exactly_one_stage():
    written = Counter(name for item in STAGES for name in item.writes)
    results = {table.name for table in SCHEMA.values() if table.kind == "result"} - {"period"}
    assert set(written) <= set(SCHEMA)
    assert {name for name, count in written.items() if count > 1} == set()
    assert results - set(written) == set()
    assert set(written) - results == set()


def test_no_stage_writes_a_table_of_the_customer():
    assert {name for item in STAGES for name in item.writes} & GIVEN == set()


def test_stages_have_names_of_their_own_and_stand_in_the_order_of_the_meetings():
    assert len({item.name for item in STAGES}) == len(STAGES)
    places = [NOTEBOOKS.index(item.notebook) for item in STAGES]
    assert places == sorted(places)
    assert set(places) == set(range(len(NOTEBOOKS)))


@pytest.mark.parametrize("item", STAGES, ids=lambda item: item.name)
def test_the_door_of_a_stage_opens(item):
    assert callable(item.door)


def test_a_stage_is_given_only_what_it_reads_and_its_tables_are_shaped():
    seen = {}

    def door(tables, model, parts):
        seen.update(tables)
        return {"lane": SCHEMA["lane"].empty()[::-1], "extra": pd.DataFrame()}

    tables = {name: SCHEMA[name].empty() for name in ("product", "market")}
    made = run_stage(
        Stage("own", NOTEBOOKS[0], door, ("product",), ("lane",)), tables, MODEL, Parts(), SCHEMA
    )
    assert set(seen) == {"product"}
    assert set(made) == {"lane"}
    everything = Stage("own", NOTEBOOKS[0], door, (EVERYTHING,), ())
    run_stage(everything, tables, MODEL, Parts(), SCHEMA)
    assert set(seen) == {"product", "market"}


def test_a_stage_that_leaves_out_a_table_is_our_fault():
    idle = Stage("idle", NOTEBOOKS[0], lambda tables, model, parts: {}, (), ("lane",))
    with pytest.raises(SopwbError, match="the stage idle did not make lane"):
        run_stage(idle, {}, MODEL, Parts(), SCHEMA)


def test_a_stage_of_the_customer_stands_after_the_one_it_names():
    stages = flow(own_stage(after="supply", reads=("supply_plan",), writes=("toll_plan",)))
    names = [item.name for item in stages]
    assert names[names.index("supply") + 1] == "own"
    assert "own" in [item.name for item in stages_of("40_supply_review", stages)]
    assert flow(Parts()) == STAGES


@pytest.mark.parametrize(
    ("words", "problem", "remedy"),
    [
        ({"after": "suply"}, "comes after 'suply'", "supply"),
        ({"after": "supply", "writes": ("kpi",)}, "writes kpi, which another stage writes", "schema/"),
    ],
)
def test_a_stage_that_cannot_be_placed_is_told(words, problem, remedy):
    with pytest.raises(InputError) as caught:
        flow(own_stage(**words))
    assert problem in str(caught.value)
    assert remedy in str(caught.value)
