"""A table is written in one way only: what is read back is what was written, and the bytes are the same."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb.errors import InputError
from sopwb.runs.store import arrow_bytes, read_table, read_tables, write_table, write_tables
from sopwb.schema import load_schema

SCHEMA = load_schema()
PRODUCT = SCHEMA["product"]
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
ROWS = st.tuples(
    NAMES, st.none() | st.integers(1, 999), st.none() | st.dates().map(lambda day: day.replace(year=2026))
)


def products(rows: list[tuple]) -> pd.DataFrame:
    unique = {row[0]: row for row in rows}.values()
    return pd.DataFrame(
        {
            "product": [row[0] for row in unique],
            "description": "Tea",
            "family": "tea",
            "product_type": "finished",
            "base_unit": "piece",
            "shelf_life_days": pd.array([row[1] for row in unique], dtype="Int64"),
            "launch_date": pd.to_datetime(pd.Series([row[2] for row in unique], dtype="object")),
            "phase_out_date": pd.NaT,
        }
    )


@settings(max_examples=15)
@given(st.lists(ROWS, max_size=6))
def test_what_is_written_is_read_back_and_its_bytes_do_not_depend_on_the_order_of_rows(
    tmp_path_factory, rows
):
    frame = products(rows)
    path = tmp_path_factory.mktemp("store") / "product.parquet"
    write_table(path, frame, PRODUCT)
    back = read_table(path, PRODUCT)
    pd.testing.assert_frame_equal(back, PRODUCT.shape(frame))
    assert path.read_bytes() == arrow_bytes(frame.iloc[::-1], PRODUCT) == arrow_bytes(back, PRODUCT)


@pytest.mark.parametrize("name", ["product", "resource", "activity", "target", "capacity_use"])
def test_an_empty_table_keeps_its_types(tmp_path, name):
    write_tables(tmp_path, {name: SCHEMA[name].empty()}, SCHEMA)
    back = read_table(tmp_path / f"{name}.parquet", SCHEMA[name])
    pd.testing.assert_frame_equal(back, SCHEMA[name].empty())


def test_attributes_and_the_index_of_a_frame_leave_no_trace():
    frame = products([("a", 1, None), ("b", None, None)])
    other = frame.set_axis([7, 3])
    other.attrs["secret"] = "canary"
    assert arrow_bytes(other, PRODUCT) == arrow_bytes(frame, PRODUCT)
    assert b"canary" not in arrow_bytes(other, PRODUCT)


def test_a_table_of_an_older_version_gets_the_columns_it_lacks(tmp_path):
    path = tmp_path / "product.parquet"
    products([("a", 1, None)]).drop(columns=["base_unit", "shelf_life_days"]).to_parquet(path)
    back = read_table(path, PRODUCT)
    assert back["base_unit"].tolist() == ["piece"]
    assert back["shelf_life_days"].isna().all()


def test_a_table_that_was_not_made_is_named_and_a_table_is_read_from_the_first_folder_that_has_it(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    write_table(second / "product.parquet", products([("a", 1, None)]), PRODUCT)
    assert len(read_tables([first, second], ["product"], SCHEMA)["product"]) == 1
    with pytest.raises(InputError, match="market: has not been made yet"):
        read_tables([first, second], ["market"], SCHEMA)


def test_a_table_written_by_another_declaration_is_shaped_again(tmp_path):
    path = tmp_path / "product.parquet"
    write_table(path, products([("b", 1, None), ("a", 2, None)]), PRODUCT)
    by_age = replace(PRODUCT, key=("shelf_life_days",))
    assert read_table(path, by_age)["product"].tolist() == ["b", "a"]
    assert read_table(path, PRODUCT)["product"].tolist() == ["a", "b"]
