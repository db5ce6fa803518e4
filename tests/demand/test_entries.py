import datetime as dt

import pandas as pd
import pytest

from sopwb.config.demand import ManualSettings
from sopwb.demand.entries import collected_statements, still_new
from sopwb.exchange.form import MODES, Entries

AS_OF = pd.Timestamp("2026-02-28")
NOW = pd.Timestamp("2026-02-28 23:59")
MARCH, APRIL = pd.to_datetime(["2026-03-01", "2026-04-01"])
NAN = float("nan")


def entries(cells=(), reasons=(), expires=(), before=(), before_reason=None, before_expires=None):
    """One line, two months: cells, reasons and days by mode, what stood there before."""
    cells, before = dict(cells), dict(before)
    rows = [
        {
            "line": 1,
            "mode": mode,
            "period": month,
            "cell": cells.get((mode, month)),
            "before": before.get((mode, month), NAN),
            "automatic_qty": 100.0,
            "place": f"a.xlsx, Forecast!{mode}{month.month}",
        }
        for mode in MODES
        for month in (MARCH, APRIL)
    ]
    asides = [
        {
            "line": 1,
            "mode": mode,
            "reason": dict(reasons).get(mode),
            "expires": dict(expires).get(mode),
            "before_reason": before_reason if any(known[0] == mode for known in before) else None,
            "before_expires": before_expires if any(known[0] == mode for known in before) else None,
            "reason_place": f"a.xlsx, Forecast!reason_{mode}",
            "expires_place": f"a.xlsx, Forecast!expires_{mode}",
        }
        for mode in MODES
    ]
    lines = pd.DataFrame(
        [{"line": 1, "stream": "sales", "family": "cola", "product": "*", "market": "north", "node": "*"}]
    )
    return Entries(
        pd.DataFrame(rows).astype({"cell": "object"}),
        pd.DataFrame(asides, dtype="object"),
        lines,
        "anna",
        AS_OF,
    )


def collect(**words):
    return collected_statements(entries(**words), ManualSettings(), NOW)


def told(**words):
    rows, faults = collect(**words)
    assert rows.empty
    return "\n".join(map(str, faults))


STOOD = {
    "before": {("absolute", MARCH): 120.0, ("absolute", APRIL): 130.0},
    "before_reason": "Listing",
    "before_expires": "2026-03-31",
}
AS_IT_WAS = {
    **STOOD,
    "cells": {("absolute", MARCH): 120.0, ("absolute", APRIL): 130.0},
    "reasons": {"absolute": "Listing"},
    "expires": {"absolute": dt.date(2026, 3, 31)},
}


def test_what_was_not_changed_is_no_statement():
    rows, faults = collect(**AS_IT_WAS)
    assert faults == []
    assert rows.empty


def test_a_new_entry_is_a_row_with_everything_that_is_known_of_it():
    rows, faults = collect(cells={("percent", MARCH): 0.05}, reasons={"percent": "Warm spring"})
    assert faults == []
    assert rows.iloc[0].to_dict() == {
        "author": "anna",
        "stream": "sales",
        "family": "cola",
        "product": "*",
        "market": "north",
        "node": "*",
        "period": MARCH,
        "span": "month",
        "mode": "percent",
        "amount": 0.05,
        "split": "proportion",
        "reference_qty": 100.0,
        "reason": "Warm spring",
        "expires_on": pd.Timestamp("2026-03-31"),
        "entered_at": NOW,
    }


def test_only_the_changed_month_is_entered_again():
    changed = AS_IT_WAS | {"cells": {("absolute", MARCH): 125, ("absolute", APRIL): 130.0}}
    rows, _ = collect(**changed)
    assert rows[["period", "amount"]].to_numpy().tolist() == [[MARCH, 125.0]]


def test_a_later_day_of_expiry_carries_the_whole_row_forward():
    rows, _ = collect(**AS_IT_WAS | {"expires": {"absolute": "2026-06-30"}})
    assert rows["amount"].tolist() == [120.0, 130.0]
    assert set(rows["expires_on"]) == {pd.Timestamp("2026-06-30")}


def test_an_emptied_cell_withdraws_what_stood_there():
    rows, faults = collect(**AS_IT_WAS | {"cells": {("absolute", APRIL): 130.0}})
    assert faults == []
    assert rows[["period", "amount"]].to_numpy().tolist() == [[MARCH, 120.0]]
    assert rows["expires_on"].iloc[0] < AS_OF


def test_another_mode_in_the_same_month_takes_its_place_and_withdraws_nothing():
    cells = {("absolute", APRIL): 130.0, ("delta", MARCH): -5.0}
    reasons = {"absolute": "Listing", "delta": "Rival's promotion"}
    rows, faults = collect(**AS_IT_WAS | {"cells": cells, "reasons": reasons})
    assert faults == []
    assert rows[["mode", "amount"]].to_numpy().tolist() == [["delta", -5.0]]


@pytest.mark.parametrize(("text", "amount"), [("5%", 0.05), ("-5 %", -0.05), ("0.1", 0.1), (0.2, 0.2)])
def test_a_percentage_may_be_written_as_text(text, amount):
    rows, _ = collect(cells={("percent", MARCH): text}, reasons={"percent": "So"})
    assert rows["amount"].iloc[0] == pytest.approx(amount)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (("absolute", "abc"), "a.xlsx, Forecast!absolute3: 'abc' is not a number"),
        (("absolute", True), "True is not a number"),
        (("absolute", "1,200"), "'1,200' is not a number"),
        (("absolute", float("inf")), "inf is not a number"),
        (("absolute", dt.date(2026, 3, 1)), "2026-03-01 is not a number"),
        (("absolute", -1.0), "Forecast!absolute3: -1 is a total below zero"),
        (("delta", -101.0), "takes away more than the 100 that are forecast"),
        (("percent", -1.2), "takes away more than there is"),
        (("percent", 5.0), "Forecast!percent3: is 500%\n  → write 5% if that is meant"),
    ],
)
def test_a_cell_that_cannot_be_meant_is_named_with_the_remedy(cell, words):
    mode, value = cell
    assert words in told(cells={(mode, MARCH): value}, reasons={mode: "Talks"})


def test_every_fault_is_told_at_once():
    text = told(
        cells={("absolute", MARCH): "abc", ("delta", APRIL): 5.0, ("percent", APRIL): 0.1},
        reasons={"percent": "So"},
        expires={"delta": "soon", "percent": dt.date(2026, 1, 31)},
    )
    for words in (
        "Forecast!absolute3: 'abc' is not a number",
        "Forecast!delta4: Forecast!percent4 speak of the same month",
        "Forecast!reason_delta: is empty, but Forecast!delta4 was filled in",
        "Forecast!expires_delta: 'soon' is not a day",
        "Forecast!expires_percent: 2026-01-31 has passed",
    ):
        assert words in text


def test_reading_twice_enters_nothing_twice():
    rows, _ = collect(cells={("percent", MARCH): 0.05}, reasons={"percent": "Warm spring"})
    standing = rows.assign(manual_forecast="M1")
    assert still_new(rows, standing).empty
    assert len(still_new(rows, standing.iloc[:0])) == 1
    assert len(still_new(rows, standing.assign(reason="Other"))) == 1
    gone, _ = collect(**AS_IT_WAS | {"cells": {("absolute", APRIL): 130.0}})
    assert still_new(gone, standing.iloc[:0]).empty
    assert len(still_new(gone, gone.assign(expires_on=AS_OF))) == 1
