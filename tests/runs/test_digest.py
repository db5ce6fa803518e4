"""Code is fingerprinted by room, with all that a room rests on and nothing beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

import sopwb
from sopwb.runs.digest import folder_digest, rooms_digest, rooms_used

PACKAGE = Path(sopwb.__file__).parent


@pytest.fixture
def package(tmp_path):
    for name, text in {
        "supply/stage.py": "from sopwb.config.model import Model",
        "config/model.py": "import sopwb.errors",
        "errors.py": "",
        "report/page.py": "from sopwb.config.model import Model",
        "schema/tables/kpi.yaml": "table: kpi",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_room_rests_on_what_it_names_and_on_what_that_names(package):
    assert rooms_used(package, "supply") == {"supply", "config", "errors"}
    assert rooms_used(package, "errors") == {"errors"}


@pytest.mark.parametrize(
    ("name", "is_changed"),
    [("supply/stage.py", True), ("supply/new.py", True), ("errors.py", True), ("report/page.py", False)],
)
def test_a_change_counts_for_those_who_rest_on_it(package, name, is_changed):
    before = rooms_digest(package, rooms_used(package, "supply"))
    with (package / name).open("a", encoding="utf-8") as file:
        file.write("\nX = 1\n")
    assert (rooms_digest(package, rooms_used(package, "supply")) != before) == is_changed


def test_a_declaration_of_a_table_is_code(package):
    before = rooms_digest(package, {"schema"})
    (package / "schema" / "tables" / "kpi.yaml").write_text("table: kpis", encoding="utf-8")
    assert rooms_digest(package, {"schema"}) != before


@pytest.mark.parametrize("room", ["demand", "inventory", "supply", "finance"])
def test_planning_does_not_rest_on_how_reports_look_nor_on_other_plans(room):
    used = rooms_used(PACKAGE, room)
    assert {"config", "schema", "errors"} <= used
    assert not used & ({"report", "cycle", "scenario", "cli", "demand", "inventory", "supply"} - {room})


def test_a_renamed_file_is_another_folder(tmp_path):
    (tmp_path / "a.py").write_text("x")
    before = folder_digest(tmp_path, ["*.py"])
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert folder_digest(tmp_path, ["*.py"]) != before
