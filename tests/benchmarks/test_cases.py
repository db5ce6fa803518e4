"""Small cases of each kind, with the answer found on paper, go the same way as the published ones."""

from __future__ import annotations

import json

import pytest

from benchmarks import cases
from benchmarks.cases import Result, solved

CASES = {
    # one order for the first two months keeps 20 at 2 and saves an order of 50; 30 more would cost 120
    "uncapacitated lot sizing": (
        {"demand": [10, 20, 30], "setup": [50, 60, 50], "holding": 2},
        {"cost": 140},
    ),
    # 100 hours a month, 60 and 10 wanted: the 10 are made ahead for 10, which saves a set-up of 15
    "CLSP with setup times": (
        {"n": 2, "T": 2, "capacity": 100, "unit_time": [1, 1], "holding": [1, 1], "setup_time": [5, 5],
         "setup_cost": [15, 15], "demand_item_by_period": [[60, 60], [10, 10]]},
        {"cost": 55},
    ),
    # the last unit is a's: b has to be early by one period, and one change is paid
    "discrete lot sizing, sequence-dependent changeover": (
        {"T": 3, "n": 2, "due": [[0, 0, 1], [0, 0, 1]], "stocking_cost": 10.0,
         "changeover": [[0.0, 7.0], [5.0, 0.0]]},
        {"cost": 15},
    ),
    # the machine is down in February: 50 are made ahead, the most that may be kept, at 1 each
    "multi-period production LP (max profit)": (
        {"T": 3, "profit": [10], "hours_per_unit": {"press": [2]}, "machines": {"press": 2},
         "hours_per_machine_month": 100, "max_sales": [[60], [60], [60]], "max_stock_each": 50,
         "holding": 1.0, "initial_stock": 0, "final_stock_each": 10, "down": [["Feb", "press", 2]]},
        # 100 can be made in January, so 40 are left for February, and 10 at the end
        {"profit": 10 * (60 + 40 + 60) - 40 - 10},
    ),
    # hard costs 10, soft 30: two parts hard to one part soft stay within 6
    "purchase+blend+storage LP": (
        {"T": 1, "price_by_month": [[10, 30]], "oils": ["veg1", "oil1"], "hardness": [8, 2],
         "hardness_range": [0, 6], "revenue_per_ton": 100, "veg_cap": 40, "nonveg_cap": 90, "store_each": 100,
         "storage_cost": 5, "initial_each": 0, "final_each": 0},
        {"profit": 130 * 100 - 40 * 10 - 90 * 30},
    ),
    # two a day, four wanted on the third day, a day of making and one of delivery: two are a day late
    "capacity + lead time, daily buckets": (
        {"start": "2026-01-01", "make": {"lead_days": 1, "capacity_units_per_day": 2},
         "delivery_lead_days": 1,
         "orders": [{"id": "a", "qty": 2, "due": "2026-01-03", "priority": 1},
                    {"id": "b", "qty": 2, "due": "2026-01-03", "priority": 2}]},
        {"late_unit_days": 2},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
def test_a_small_case_has_the_answer_on_paper(kind):
    data, known = CASES[kind]
    (result,) = solved("small", {"kind": kind, "data": data, "known": known})
    assert result.computed == pytest.approx(result.expected, rel=1e-6)
    assert result.is_solved


def test_a_work_force_is_hired_when_that_is_cheaper_than_overtime_and_subcontract():
    """Two heads make 2 × 160 / 4 = 80; the 40 more need one head: 100 + 640 against 40 × 30 bought."""
    cost = {"material": 10, "holding": 2, "backlog": 5, "hire": 100, "layoff": 500, "regular_hour": 4,
            "overtime_hour": 6, "subcontract": 30}  # fmt: skip
    data = {"T": 1, "price": 40, "initial_inventory": 0, "final_inventory_min": 0, "final_backlog": 0,
            "initial_workforce": 2, "cost": cost, "labour_hours_per_unit": 4, "days_per_month": 20,
            "hours_per_day": 8, "overtime_max_hours_per_worker": 0, "demand": [120]}  # fmt: skip
    known = {"lp_cost": 120 * 10 + 3 * 640 + 100, "integer_cost": 3220.0}
    results = solved("crew", {"kind": "aggregate planning LP", "data": data, "known": known})
    assert [result.computed for result in results] == pytest.approx([3220.0, 3220.0])


def test_a_kind_without_an_answer_is_told_as_not_yet_and_a_wrong_one_as_beyond(tmp_path, capsys):
    told = {"kind": "newsvendor_normal", "data": {}, "known": {"cost": 1.0}}
    (tmp_path / "a.json").write_text(json.dumps(told), encoding="utf-8")
    assert cases.main([str(tmp_path)]) == 0
    assert "not yet" in capsys.readouterr().out
    data, _ = CASES["uncapacitated lot sizing"]
    wrong = {"kind": "uncapacitated lot sizing", "data": data, "known": {"cost": 139}}
    (tmp_path / "b.json").write_text(json.dumps(wrong), encoding="utf-8")
    assert cases.main([str(tmp_path)]) == 1
    assert "BEYOND TOLERANCE" in capsys.readouterr().out


LOTS = {"demand": [10, 20, 30], "setup": [50, 60, 50], "holding": 2}
NO_ANSWER = {
    "kind that nobody knows": ({"kind": "knapsack", "data": {}, "known": {}}, "is not known"),
    "no kind": ({"data": {}}, "does not say its kind"),
    "no field": ({"kind": "clsp", "data": {"n": 1}, "known": {"cost": 1}}, "the field 'T' is missing"),
    "no known answer": ({"kind": "lot sizing", "data": LOTS, "known": {}}, "no known answer"),
    "too short": (
        {"kind": "clsp", "data": {"n": 1, "T": 2, "capacity": 9, "demand_item_by_period": [[1]]},
         "known": {"cost": 1}},
        "a field is not as it should be",
    ),
    "more than there are hours for": (
        {"kind": "clsp", "data": {"n": 1, "T": 1, "capacity": 5, "demand_item_by_period": [[9]]},
         "known": {"cost": 1}},
        "no plan meets all demand",
    ),
    "may wait at the end": (
        {"kind": "aggregate planning", "data": {"final_backlog": 5}, "known": {"lp_cost": 1}},
        "final_backlog",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", NO_ANSWER)
def test_a_case_without_an_answer_says_why_and_is_no_success(what):
    case, said = NO_ANSWER[what]
    (result,) = solved("case", case)
    assert said in result.fault
    assert not result.is_solved


def test_a_file_that_is_no_case_does_not_keep_the_others_from_being_solved(tmp_path, capsys):
    (tmp_path / "a.json").write_text('{"kind": "lot', encoding="utf-8")
    right = {"kind": "lot sizing", "data": LOTS, "known": {"cost": 140}}
    (tmp_path / "b.json").write_text(json.dumps(right), encoding="utf-8")
    assert cases.main([str(tmp_path)]) == 1
    told = capsys.readouterr().out.splitlines()
    assert "NO ANSWER: the file cannot be read" in told[1]
    assert " ok " in told[2]
    assert cases.main([str(tmp_path / "nothing")]) == 2
    assert "there is no case" in capsys.readouterr().err


def test_stock_that_costs_more_in_some_months_is_charged_by_month():
    """Ten a month, orders of 15: keeping ten costs 10 in the first month and 30 in the second."""
    data = {"demand": [10, 10, 10], "setup": 15, "holding": [1, 3, 1], "unit_cost": [2, 2, 2]}
    (result,) = solved("case", {"kind": "lot sizing", "data": data, "known": {"cost": 15 + 10 + 15 + 60}})
    assert result.computed == pytest.approx(100.0)
    assert result.is_solved


def test_oils_are_known_by_their_names_however_written_and_stock_is_optional():
    data = {"T": 1, "price_by_month": [[10, 30]], "oils": ["VEG 1", "Oil 1"], "hardness": [8, 2],
            "hardness_range": [0, 6], "revenue_per_ton": 100, "veg_cap": 40, "nonveg_cap": 90}  # fmt: skip
    known = {"profit": 130 * 100 - 40 * 10 - 90 * 30}
    (result,) = solved("case", {"kind": "blend", "data": data, "known": known})
    assert result.is_solved


def test_a_bound_may_be_beaten_and_not_be_missed():
    assert Result("b", "late", 10.0, 8.0, 1e-6, is_bound=True).is_solved
    assert not Result("b", "late", 10.0, 10.1, 1e-6, is_bound=True).is_solved
    assert not Result("b", "cost", 10.0, 8.0, 1e-6).is_solved
