from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sopwb.errors import InputError
from sopwb.exchange.append import append_rows, known_codes, next_codes
from sopwb.exchange.files import read_file
from sopwb.exchange.write import write_workbook
from sopwb.schema import Schema
from sopwb.schema.parse import parse

OLD = (
    "manual_forecast,author,stream,family,product,market,period,mode,amount,reason,expires_on,entered_at\r\n"
    'MF00009,anna,sales,cola,*,*,2026-03-01,absolute,64670,"Talks, again",2026-03-30,2026-02-25 12:00'
)


def row(schema: Schema, **changes) -> pd.DataFrame:
    said = {
        "manual_forecast": "MF00010",
        "author": "anna",
        "stream": "sales",
        "family": "cola",
        "product": "*",
        "market": "*",
        "node": "*",
        "period": pd.Timestamp("2026-04-01"),
        "span": "month",
        "mode": "delta",
        "amount": -12.5,
        "split": "proportion",
        "reference_qty": float("nan"),
        "reason": "=cmd",
        "expires_on": pd.Timestamp("2026-04-30"),
        "entered_at": pd.Timestamp("2026-02-28 23:59"),
    }
    return schema["manual_forecast"].shape(pd.DataFrame([said | changes]))


def test_rows_of_a_csv_stay_byte_for_byte_and_new_ones_follow(customer: Path, schema: Schema):
    path = customer / "data" / "manual_forecast.csv"
    path.write_bytes(OLD.encode())
    assert append_rows(customer, schema["manual_forecast"], row(schema), schema) == path
    content = path.read_bytes()
    assert content.startswith(OLD.encode())
    new = content[len(OLD) :].decode()
    assert (
        new
        == "\r\nMF00010,anna,sales,cola,*,*,2026-04-01,delta,-12.5,'=cmd,2026-04-30,2026-02-28 23:59:00\r\n"
    )
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_a_column_is_added_only_when_a_new_row_needs_it(customer: Path, schema: Schema):
    path = customer / "data" / "manual_forecast.csv"
    path.write_bytes(OLD.encode())
    append_rows(customer, schema["manual_forecast"], row(schema, reference_qty=7.25), schema)
    cells = read_file(path)
    assert list(cells.columns)[-1] == "reference_qty"
    assert "node" not in cells.columns
    frame, faults = parse(cells, schema["manual_forecast"])
    assert faults == []
    assert frame["amount"].tolist() == [64670.0, -12.5]
    assert frame["reason"].tolist() == ["Talks, again", "'=cmd"]
    assert frame["reference_qty"].tolist()[1] == 7.25


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet", ""])
def test_rows_are_added_to_the_kind_of_file_there_is(customer: Path, schema: Schema, suffix: str):
    table, path = schema["manual_forecast"], customer / "data" / f"manual_forecast{suffix or '.csv'}"
    before = row(schema, manual_forecast="MF00001")
    if suffix == ".xlsx":
        write_workbook(path, {"manual_forecast": before})
    elif suffix:
        before.to_parquet(path)
    append_rows(customer, table, row(schema), schema)
    frame, faults = parse(read_file(path, "manual_forecast"), table)
    assert faults == []
    assert frame["manual_forecast"].tolist() == (["MF00001"] if suffix else []) + ["MF00010"]
    assert frame["entered_at"].iloc[-1] == pd.Timestamp("2026-02-28 23:59")
    assert known_codes(customer, table).tolist() == frame["manual_forecast"].tolist()


def test_a_table_that_a_mapping_makes_takes_no_rows(mapped, customer: Path, schema: Schema):
    mapped(
        "source: acme\nkind: folder\npath_from: SOPWB_ACME\n"
        "tables:\n  manual_forecast:\n    sql: select 1 as a\n"
    )
    with pytest.raises(InputError, match=r"manual_forecast: is made by sources/acme.yaml"):
        append_rows(customer, schema["manual_forecast"], row(schema), schema)
    assert not list((customer / "data").iterdir())


def test_what_fails_in_writing_leaves_the_old_file(customer: Path, schema: Schema, monkeypatch):
    path = customer / "data" / "manual_forecast.csv"
    path.write_bytes(OLD.encode())

    def broken(self, target):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        append_rows(customer, schema["manual_forecast"], row(schema), schema)
    assert path.read_bytes() == OLD.encode()
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_codes_go_on_where_they_end():
    assert next_codes(pd.Series(["MF00009", "MF2", "x"]), 2, "MF") == ["MF00010", "MF00011"]
    assert next_codes(pd.Series([], dtype=object), 1, "MF") == ["MF00001"]
    assert next_codes(pd.Series(["own"]), 1, "MF") == ["MF00001"]
