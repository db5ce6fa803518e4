"""The committed files are what the generator makes, what the workbench declares, and small."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sopwb.config.load import load_setup, read_scenarios
from sopwb.config.overlay import apply_changes
from sopwb.cycle.inputs import parse_all
from sopwb.exchange import read_inputs
from sopwb.schema import Schema, load_schema

LARGEST_BYTES = 3_000_000
NOT_OF_DRINKS = {
    "author_scope", "blend_limit", "changeover", "co_product", "fixed_decision", "holiday",
    "investment_option", "investment_payment", "lane_product", "product_property", "recipe",
    "shortage_price", "work_force",
}  # fmt: skip
"""What a maker of drinks can do without; other companies plan with it."""
SOURCE = Path(__file__).resolve().parents[2] / "sopwb"


@pytest.fixture(scope="module")
def schema() -> Schema:
    """The declarations."""
    return load_schema()


@pytest.fixture(scope="module")
def tables(demo: Path, schema: Schema) -> dict[str, pd.DataFrame]:
    """The demo customer's tables, parsed and checked as a run does it; any fault would raise."""
    return parse_all(read_inputs(demo, schema).frames, schema)


def _files(folder: Path) -> dict[str, bytes]:
    found = [*(folder / "data").iterdir(), *(folder / "truth").iterdir()]
    return {f"{p.parent.name}/{p.name}": p.read_bytes() for p in sorted(found)}


def test_the_same_seed_gives_the_same_bytes(demo: Path, tmp_path: Path, world: Any) -> None:
    from generate import write_world

    write_world(world, tmp_path)
    made, kept = _files(tmp_path), _files(demo)
    assert sorted(made) == sorted(name for name in kept if not name.startswith("data/past_"))
    assert [name for name in made if made[name] != kept[name]] == []


def test_the_files_stay_small(demo: Path) -> None:
    assert sum(map(len, _files(demo).values())) <= LARGEST_BYTES


def test_every_input_table_is_provided_and_valid(
    demo: Path, schema: Schema, tables: dict[str, pd.DataFrame]
) -> None:
    wanted = {table.name for table in schema.inputs() if table.kind in ("master", "fact", "people")}
    given = {p.stem for p in (demo / "data").iterdir()}
    assert {name for name in given if not name.startswith("past_")} == wanted - NOT_OF_DRINKS
    assert all(len(tables[name]) for name in wanted - NOT_OF_DRINKS)


def test_nobody_entered_anything_after_the_as_of(tables: dict[str, pd.DataFrame]) -> None:
    entered = {name: t["entered_at"].max() for name, t in tables.items() if "entered_at" in t and len(t)}
    assert max(entered.values()) < pd.Timestamp("2026-03-01")


def test_every_scenario_can_be_laid_over_the_tables(
    demo: Path, schema: Schema, tables: dict[str, pd.DataFrame]
) -> None:
    wanted = {"strong_summer", "supplier_outage", "new_line_lahti", "price_increase", "weak_krona"}
    assert set(read_scenarios(demo)) == wanted
    for name in sorted(wanted):
        changed = apply_changes(tables, load_setup(demo, name).changes, schema)
        assert any(not changed[t].equals(tables[t]) for t in tables)


def test_variants_change_the_truth_and_nothing_else_before_it(
    world: Any, make: Callable[[int, str], Any]
) -> None:
    for variant in ("additive", "drifting"):
        other = make(7, variant)
        np.testing.assert_array_equal(other.base, world.base)
        assert other.plan.equals(world.plan)
        assert (other.joint != world.joint).any()
        assert not other.history["sold_qty"].equals(world.history["sold_qty"])


def test_an_unknown_variant_is_refused(make: Callable[[int, str], Any]) -> None:
    with pytest.raises(ValueError, match="multiplicative, additive, drifting"):
        make(7, "quadratic")


def test_the_package_knows_nothing_of_the_truth() -> None:
    sources = [p.read_text(encoding="utf-8") for p in sorted(SOURCE.rglob("*.py"))]
    assert sources
    assert not [text for text in sources if "truth/" in text or '"truth"' in text]
