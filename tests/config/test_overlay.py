"""A scenario changes input tables row by row; a change that meets nothing, or another change, is told."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.config.overlay import TableChange, apply_changes
from sopwb.errors import InputError
from sopwb.schema import load_schema

SCHEMA = load_schema()


def tables() -> dict[str, pd.DataFrame]:
    resource = SCHEMA["resource"].empty()
    for place, (name, hours) in enumerate({"line_1": 8, "line_2": 16}.items()):
        resource.loc[place] = [name, name, "plant", hours, "working", 0, 0, 0, "spread"]
    calendar = SCHEMA["resource_calendar"].empty()
    calendar.loc[0] = ["line_1", pd.Timestamp("2026-03-01"), pd.Timestamp("2026-03-08"), 0.0, None, "Repair"]
    location = SCHEMA["location"].empty()
    location.loc[0] = ["plant", "Plant", "plant", None, None]
    return {
        "location": location,
        "resource": SCHEMA["resource"].shape(resource),
        "resource_calendar": calendar,
    }


def apply(*changes: dict[str, object]) -> dict[str, pd.DataFrame]:
    return apply_changes(tables(), [TableChange.model_validate(change) for change in changes], SCHEMA)


def told(*changes: dict[str, object]) -> str:
    with pytest.raises(InputError) as caught:
        apply(*changes)
    return str(caught.value)


def hours(changed: dict[str, pd.DataFrame]) -> list[float]:
    return changed["resource"]["hours_per_day"].tolist()


def test_a_value_is_set_where_the_rows_say_and_the_base_stays_as_it_was():
    base = tables()
    change = TableChange(table="resource", where={"resource": "line_1"}, set={"hours_per_day": 20})
    assert hours(apply_changes(base, [change], SCHEMA)) == [20, 16]
    assert hours(base) == [8, 16]


@settings(max_examples=8)
@given(st.floats(0, 2, allow_subnormal=False))
def test_scaling_multiplies_what_is_there(factor):
    assert hours(apply({"table": "resource", "scale": {"hours_per_day": factor}})) == [
        8 * factor,
        16 * factor,
    ]


def test_a_list_means_any_of_its_values_and_days_are_written_as_days():
    both = {"table": "resource", "where": {"resource": ["line_1", "line_2"]}, "set": {"hours_per_day": 4}}
    assert hours(apply(both)) == [4, 4]
    change = {
        "table": "resource_calendar",
        "where": {"start_date": "2026-03-01"},
        "set": {"end_date": "2026-03-31"},
    }
    assert apply(change)["resource_calendar"]["end_date"].tolist() == [pd.Timestamp("2026-03-31")]


def test_rows_are_added_with_their_defaults_and_removed():
    row = {"resource": "line_3", "description": "New", "location": "plant", "hours_per_day": 8}
    added = apply({"table": "resource", "add": [row]})["resource"]
    assert added["days_basis"].tolist() == ["working"] * 3
    assert hours(apply({"table": "resource", "where": {"resource": "line_2"}, "remove": True})) == [8]


def test_an_added_row_can_be_changed_by_a_later_change():
    row = {"resource": "line_3", "description": "New", "location": "plant", "hours_per_day": 8}
    later = {"table": "resource", "where": {"resource": "line_3"}, "scale": {"hours_per_day": 2}}
    assert hours(apply({"table": "resource", "add": [row]}, later)) == [8, 16, 16]


def test_two_changes_of_the_same_cell_are_an_error_and_of_other_cells_none():
    one = {"table": "resource", "where": {"resource": "line_1"}, "set": {"hours_per_day": 20}}
    other = {"table": "resource", "where": {"resource": "line_2"}, "set": {"hours_per_day": 20}}
    assert hours(apply(one, other)) == [20, 20]
    message = told(one, {"table": "resource", "scale": {"hours_per_day": 2}})
    assert "scenario change 2 (resource): hours_per_day of 1 row(s) is already changed" in message
    assert "→ keep one of the two changes" in message


@pytest.mark.parametrize(
    ("change", "problem", "remedy"),
    [
        ({"table": "resources", "remove": True}, "is no input table", "resource"),
        ({"table": "demand_plan", "remove": True}, "is no input table", "known are"),
        ({"table": "resource", "set": {"hours": 1}}, "hours is not a column", "hours_per_day"),
        ({"table": "resource", "where": {"resource": "x"}, "remove": True}, "matches no row", "where"),
        ({"table": "resource", "scale": {"description": 2}}, "cannot be scaled", "numbers"),
        ({"table": "resource"}, "must do one thing", "add, or remove"),
        ({"table": "resource", "set": {"location": "x"}, "remove": True}, "must do one thing", "remove"),
        ({"table": "resource", "set": {"hours_per_day": "many"}}, "is not a finite number", "decimal point"),
        ({"table": "resource", "set": {"hours_per_day": -1}}, "is below 0", "Regular hours"),
        (
            {"table": "resource", "add": [{"resource": "line_3"}]},
            "the column hours_per_day is missing",
            "add it",
        ),
    ],
)
def test_a_change_that_cannot_be_made_is_told_with_what_would_be_right(change, problem, remedy):
    message = told(change)
    assert message.startswith("scenario change 1")
    assert problem in message
    assert remedy in message


def test_an_added_row_may_not_repeat_a_key():
    row = {"resource": "line_1", "description": "Twice", "location": "plant", "hours_per_day": 8}
    assert "2 rows share a key (resource)" in told({"table": "resource", "add": [row]})


def test_changes_that_leave_rows_without_what_they_name_are_told():
    row = {"resource": "line_3", "description": "New", "location": "nowhere", "hours_per_day": 8}
    message = told({"table": "resource", "add": [row]})
    assert "scenario: resource.location: 1 row(s) name a location that does not exist: nowhere" in message
    message = told({"table": "resource", "where": {"resource": "line_1"}, "remove": True})
    assert (
        "scenario: resource_calendar.resource: 1 row(s) name a resource that does not exist: line_1"
        in message
    )


def test_every_faulty_change_is_told_at_once():
    message = told({"table": "resource"}, {"table": "nowhere", "remove": True})
    assert "scenario change 1 (resource)" in message
    assert "scenario change 2 (nowhere)" in message
