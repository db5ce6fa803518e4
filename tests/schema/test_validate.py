"""What is wrong between rows and tables is found, named and counted."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from sopwb.schema import load_schema
from sopwb.schema.table import Column, Table
from sopwb.schema.validate import bill_of_material_cycles, table_faults, validate

SCHEMA = load_schema()
NAMES = st.sampled_from("abcdef")


def edges(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["product", "component"])


def reaches_itself(pairs: list[tuple[str, str]]) -> bool:
    follows: dict[str, set[str]] = {}
    for product, component in pairs:
        follows.setdefault(product, set()).add(component)
    for start, first in follows.items():
        seen: set[str] = set()
        ahead = set(first)
        while ahead:
            if start in ahead:
                return True
            seen |= ahead
            ahead = {after for name in ahead for after in follows.get(name, set())} - seen
    return False


def test_a_cycle_is_shown_as_the_path_a_planner_can_follow():
    [fault] = bill_of_material_cycles(edges(("a", "b"), ("b", "c"), ("c", "a"), ("x", "a"), ("c", "z")))
    assert fault.where == "bill_of_material"
    assert fault.problem == "3 product(s) contain themselves"
    assert fault.rows == ["a → b → c → a"]
    assert fault.remedy == "remove one of these rows"


def test_a_product_made_of_itself_is_a_cycle_and_a_shared_component_is_none():
    assert bill_of_material_cycles(edges(("a", "a")))
    assert not bill_of_material_cycles(edges(("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")))
    assert not bill_of_material_cycles(None)


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=9))
def test_a_cycle_is_found_exactly_when_there_is_one(pairs):
    assert bool(bill_of_material_cycles(edges(*pairs))) == reaches_itself(pairs)


def test_required_tables_that_are_missing_or_empty_are_all_named():
    faults = validate({"product": SCHEMA["product"].empty()}, SCHEMA)
    told = {fault.where: fault.problem for fault in faults}
    assert told == {
        "location": "is missing",
        "market": "is missing",
        "product": "has no rows",
        "sales_history": "is missing",
    }
    assert all(fault.remedy.startswith("provide it: ") for fault in faults)


def test_bounds_and_allowed_words_are_told_with_row_key_and_value():
    columns = {
        "code": Column("code", "text", "Code."),
        "share_rate": Column("share_rate", "number", "The share.", minimum=0, maximum=1),
        "kind": Column("kind", "text", "The kind.", optional=True, one_of=("a", "b")),
    }
    table = Table("things", "fact", "One thing.", ("code",), columns)
    frame = pd.DataFrame({"code": ["x", "y", "z"], "share_rate": [0.5, -1, 2], "kind": ["a", "c", None]})
    faults = {fault.problem: fault for fault in table_faults(frame, table)}
    assert faults["1 cell(s): is below 0"].rows == ["row 3 (code=y): -1.0"]
    assert faults["1 cell(s): is above 1"].rows == ["row 4 (code=z): 2.0"]
    assert faults["1 cell(s): is none of a, b"].remedy == "it should hold: The kind."


def test_rows_that_share_a_key_are_all_shown():
    table = SCHEMA["supplier"]
    frame = pd.DataFrame({"supplier": ["s", "t", "s"], "description": ["A", "B", "C"], "currency": "EUR"})
    [fault] = table_faults(frame, table)
    assert fault.problem == "2 rows share a key (supplier)"
    assert fault.rows == ["row 2 (supplier=s)", "row 4 (supplier=s)"]


def test_a_word_that_stands_for_all_is_no_unknown_product():
    activity = SCHEMA["activity"].empty()
    activity.loc[0, ["activity", "product", "market"]] = ["A1", "*", "nowhere"]
    wheres = [fault.where for fault in validate({"activity": activity}, SCHEMA)]
    assert "activity.market" in wheres
    assert "activity.product" not in wheres
