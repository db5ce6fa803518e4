"""Marks only tag: a marked function is the same function, with a name a run can find."""

from __future__ import annotations

import pytest

from sopwb import extend
from sopwb.extend import KINDS, mark_of


def plain(tables, model):
    return tables


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"plan_check", "report_section", "stage"}))
def test_a_mark_leaves_the_function_as_it_is_and_tells_kind_and_name(kind):
    def function():
        return 12

    marked = getattr(extend, kind)("toll", unit="hours")(function)
    assert marked is function
    assert marked() == 12
    mark = mark_of(marked)
    assert (mark.kind, mark.name, dict(mark.options)) == (kind, "toll", {"unit": "hours"})


def test_a_check_has_an_area_a_section_a_meeting_and_a_stage_a_place():
    check = extend.plan_check("balances", area="supply")(lambda tables, model: None)
    section = extend.report_section("map", notebook="40_supply_review")(lambda tables, model: None)

    @extend.stage(after="supply", reads=("product",), writes=("toll_plan",))
    def toll(tables, model, parts):
        return {}

    assert mark_of(check).options["area"] == "supply"
    assert mark_of(section).options["notebook"] == "40_supply_review"
    assert mark_of(toll).name == "toll"
    assert mark_of(toll).options == {"after": "supply", "reads": ("product",), "writes": ("toll_plan",)}


def test_what_is_not_marked_has_no_mark():
    assert mark_of(plain) is None
    assert mark_of(12) is None


def test_the_options_of_a_mark_cannot_be_changed():
    mark = mark_of(extend.kpi("service", unit="rate")(lambda tables, model: None))
    with pytest.raises(TypeError):
        mark.options["unit"] = "money"
