"""Every table says what a row is, every column what it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from sopwb.errors import InputError, SopwbError
from sopwb.schema import load_schema
from sopwb.schema.table import INPUT_KINDS

SCHEMA = load_schema()
COLUMNS = [(table, column) for table in SCHEMA.values() for column in table.columns.values()]


@pytest.mark.parametrize("table", SCHEMA.values(), ids=lambda table: table.name)
def test_a_table_has_a_grain_in_a_sentence_a_key_and_a_file_of_its_name(table):
    assert table.grain.strip().endswith(".")
    assert table.key
    assert all(name in table.columns for name in table.key)
    assert table.dated_by is None or table.columns[table.dated_by].type in {"date", "timestamp"}


def test_every_column_is_described_in_a_sentence():
    silent = [
        f"{table.name}.{column.name}" for table, column in COLUMNS if not column.holds.strip().endswith(".")
    ]
    assert silent == []


def test_a_reference_leads_to_a_table_with_one_key():
    for _table, column in COLUMNS:
        if column.references is not None:
            assert len(SCHEMA[column.references].key) == 1


def test_no_key_column_of_an_input_may_be_missing():
    missing = [
        f"{table.name}.{name}"
        for table in SCHEMA.inputs()
        for name in table.key
        if table.columns[name].optional
    ]
    assert missing == []


def test_rows_of_people_say_when_they_were_entered():
    for table in SCHEMA.values():
        if table.kind == "people":
            assert table.dated_by == "entered_at"
            assert "entered_at" in table.columns


def test_quantities_money_and_rates_carry_their_suffix():
    for table, column in COLUMNS:
        if column.name.startswith("is_"):
            assert column.type == "flag", f"{table.name}.{column.name}"
        if column.name.endswith(("_qty", "_value", "_hours", "_rate")):
            assert column.type in {"number", "integer"}, f"{table.name}.{column.name}"


def test_only_four_tables_are_required():
    assert {table.name for table in SCHEMA.values() if table.required} == {
        "product",
        "market",
        "location",
        "sales_history",
    }
    assert {table.kind for table in SCHEMA.inputs()} <= set(INPUT_KINDS)


@pytest.mark.parametrize("table", SCHEMA.values(), ids=lambda table: table.name)
def test_an_empty_table_has_its_columns_and_types(table):
    empty = table.empty()
    assert {name: str(dtype) for name, dtype in empty.dtypes.items()} == table.dtypes
    assert table.shape(empty).equals(empty)


def test_a_frame_is_shaped_to_the_declared_order_and_types_and_sorted_by_key():
    table = SCHEMA["lane"]
    raw = table.empty().astype("object")
    raw.loc[0] = ["b", "c", 1, 0, None, "all"]
    raw.loc[1] = ["a", "c", 2, 0, 5, "all"]
    shaped = table.shape(raw[raw.columns[::-1]])
    assert list(shaped.columns) == list(table.columns)
    assert shaped["from_location"].tolist() == ["a", "b"]
    assert {name: str(dtype) for name, dtype in shaped.dtypes.items()} == table.dtypes


def test_a_frame_without_a_column_or_with_a_doubled_key_is_our_fault():
    table = SCHEMA["supplier"]
    with pytest.raises(SopwbError, match="supplier: the columns currency were not made") as caught:
        table.shape(table.empty().drop(columns="currency"))
    assert caught.value.exit_code == 70
    frame = table.empty()
    frame.loc[0] = frame.loc[1] = ["s", "S", "EUR"]
    with pytest.raises(SopwbError, match="repeat a key"):
        table.shape(frame)


def declare(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_customer_adds_a_column_and_a_table_and_the_core_stays_as_it_is(tmp_path):
    column = declare(
        tmp_path,
        "table: product\ncolumns:\n  is_organic: {type: flag, default: false, holds: Organic or not.}\n",
    )
    own = load_schema([column])
    assert own["product"].columns["is_organic"].type == "flag"
    assert "is_organic" not in load_schema()["product"].columns
    table = declare(
        tmp_path,
        "table: toll_plan\nkind: result\ngrain: One toll.\nkey: [toll]\n"
        "columns:\n  toll: {type: text, holds: Its code.}\n",
    )
    assert "toll_plan" in load_schema([table])


@pytest.mark.parametrize(
    ("text", "line", "problem", "remedy"),
    [
        ("kind: fact\n", "own.yaml", "declares no table", "table: NAME"),
        ("table: toll\nkind: fact\n", "own.yaml", "has no grain", "what one row is"),
        ("table: toll\nkinds: fact\n", "line 2", "'kinds' is not known here", "did you mean kind"),
        (
            "table: product\ncolumns:\n  family: {type: text, default: x, holds: Family.}\n",
            "line 3",
            "product.family is a column of the core",
            "another name",
        ),
        (
            "table: product\ncolumns:\n  is_organic: {type: flag, holds: Whether.}\n",
            "line 3",
            "added without a default",
            "optional or default",
        ),
        (
            "table: product\ncolumns:\n  is_organic: {type: boolean, default: false, holds: Whether.}\n",
            "line 3",
            "type 'boolean'",
            "flag",
        ),
        (
            "table: product\ncolumns:\n  is_organic: {type: flag, default: false}\n",
            "line 3",
            "what it holds",
            "add holds",
        ),
        ("table: product\ncolumns:\n  is_organic:\n", "line 3", "no description", "type and holds"),
        (
            "table: product\ncolumns:\n  grade: {type: text, optional: true, dated_by: day, holds: Grade.}\n",
            "line 3",
            "grade is dated by 'day'",
            "a column of days",
        ),
        (
            "table: product\ncolumns:\n  grade: {type: text, default: a, dated_by: launch_date, holds: x}\n",
            "line 3",
            "may be missing before",
            "add optional",
        ),
    ],
)
def test_a_wrong_declaration_names_line_and_remedy(tmp_path, text, line, problem, remedy):
    with pytest.raises(InputError) as caught:
        load_schema([declare(tmp_path, text)])
    message = str(caught.value)
    for words in (line, problem, remedy):
        assert words in message


KINDS = load_schema()["activity"].columns["kind"].one_of


def test_a_customer_allows_more_words_where_the_list_is_open(tmp_path):
    text = "table: activity\ncolumns:\n  kind: {also_one_of: [sampling, trade_fair]}\n"
    text += "  is_national: {type: flag, default: false, holds: Whether it is seen everywhere.}\n"
    table = load_schema([declare(tmp_path, text)])["activity"]
    assert table.columns["kind"].one_of == (*KINDS, "sampling", "trade_fair")
    assert list(table.columns) == [*SCHEMA["activity"].columns, "is_national"]
    assert (
        SCHEMA["activity"].columns["kind"].one_of == load_schema()["activity"].columns["kind"].one_of == KINDS
    )


@pytest.mark.parametrize(
    ("table", "column", "line", "problem", "remedy"),
    [
        (
            "activity",
            "inclusion: {also_one_of: [half]}",
            3,
            "the words of activity.inclusion are fixed",
            "open lists of this table: activity.kind",
        ),
        ("market", "channel: {also_one_of: [web]}", 3, "the words of market.channel are fixed", "no list"),
        ("activity", "kind: {also_one_of: sampling}", 3, "is no list of words", "also_one_of: [word, ...]"),
        ("activity", "kind: {also_one_of: [1]}", 3, "is no list of words", "also_one_of: [word, ...]"),
        ("activity", "kind: {also_one_of: [launch]}", 3, "allows launch already", "leave the word out"),
        ("activity", "kind: {also_one_of: [a, a]}", 3, "allows a already", "leave the word out"),
        (
            "activity",
            "kind: {also_one_of: [a], type: text}",
            3,
            "type of activity.kind is the core's",
            "only",
        ),
    ],
)
def test_more_words_that_cannot_be_allowed_are_told(tmp_path, table, column, line, problem, remedy):
    with pytest.raises(InputError) as caught:
        load_schema([declare(tmp_path, f"table: {table}\ncolumns:\n  {column}\n")])
    [fault] = caught.value.faults
    assert fault.where == f"own.yaml line {line}"
    assert problem in fault.problem
    assert remedy in fault.remedy


def test_every_list_that_a_text_promises_to_be_open_is_open():
    promised = {column.name for _, column in COLUMNS if "customers add" in column.holds}
    assert promised == {column.name for _, column in COLUMNS if column.is_open} == {"kind", "measure"}
