"""Built-in parts and a customer's come through the same door, and a name exists once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sopwb.config.model import Model
from sopwb.cycle import parts as parts_module
from sopwb.cycle.parts import collect_parts
from sopwb.errors import InputError
from sopwb.extend import KINDS, mark_of
from sopwb.schema import load_schema

SCHEMA = load_schema()
ROOT = Path(__file__).resolve().parents[2]
TRIED_BY_KIND = ("report_section", "forecaster")
"""Kinds of which one test takes every part: each section is shown, each forecaster tried on hard series."""
FORECASTER = """
from sopwb.extend import forecaster

@forecaster("{name}")
def mine(panel, season, horizon):
    return "{says}"
"""


def extension(folder: Path, name: str, says: str = "mine", file: str = "mine.py") -> Path:
    (folder / "extensions").mkdir(parents=True, exist_ok=True)
    (folder / "extensions" / file).write_text(FORECASTER.format(name=name, says=says), encoding="utf-8")
    return folder


def told(model: Model, folder: Path | None = None) -> str:
    with pytest.raises(InputError) as caught:
        collect_parts(model, SCHEMA, folder)
    return str(caught.value)


class TestWithEveryRoom:
    def test_every_kind_of_part_has_a_place_and_names_are_its_keys(self):
        parts = collect_parts(Model(name="Acme"), SCHEMA)
        for kind in KINDS:
            for name, function in getattr(parts, f"{kind}s").items():
                assert mark_of(function).kind == kind
                assert mark_of(function).name == name

    def test_the_settings_of_a_model_name_parts_that_exist(self):
        model = Model(name="Acme")
        parts = collect_parts(model, SCHEMA)
        forecast = model.demand.forecast
        named = {
            *forecast.regular,
            *forecast.intermittent,
            *forecast.in_season,
            forecast.family_benchmark,
        } - {""}
        assert named <= set(parts.forecasters)

    def test_a_part_that_exists_cannot_be_taken_silently_but_can_be_replaced(self, tmp_path):
        name = next(iter(collect_parts(Model(name="Acme"), SCHEMA).forecasters))
        folder = extension(tmp_path / "acme", name)
        message = told(Model(name="Acme"), folder)
        assert f"forecaster {name}: exists already" in message
        assert "parts.replace" in message
        extension(folder, "own")
        model = Model.model_validate({"name": "Acme", "parts": {"replace": {f"forecaster.{name}": "own"}}})
        parts = collect_parts(model, SCHEMA, folder)
        assert parts.forecasters[name](None, 1, 1) == "mine"
        assert "own" not in parts.forecasters

    def test_two_customers_in_one_process_do_not_collide(self, tmp_path):
        folders = [extension(tmp_path / name, "own", says=name) for name in ("acme", "other")]
        both = [collect_parts(Model(name="Acme"), SCHEMA, folder) for folder in folders]
        assert [parts.forecasters["own"](None, 1, 1) for parts in both] == ["acme", "other"]
        assert "own" not in collect_parts(Model(name="Acme"), SCHEMA).forecasters

    def test_an_extension_changed_between_two_runs_of_one_process_is_read_anew(self, tmp_path):
        folder = extension(tmp_path / "acme", "own", says="before")
        collect_parts(Model(name="Acme"), SCHEMA, folder)
        extension(folder, "own", says="after")
        assert collect_parts(Model(name="Acme"), SCHEMA, folder).forecasters["own"](None, 1, 1) == "after"

    @pytest.mark.parametrize("text", ["import nowhere_at_all", "def broken(:", "1 / 0"])
    def test_an_extension_that_cannot_be_loaded_is_named_and_leaves_nothing(self, tmp_path, text):
        folder = extension(tmp_path / "acme", "own")
        (folder / "extensions" / "broken.py").write_text(text, encoding="utf-8")
        assert "extensions/broken.py: cannot be loaded" in told(Model(name="Acme"), folder)
        assert not [name for name in sys.modules if name.endswith("_broken")]

    def test_every_faulty_extension_is_named_at_once(self, tmp_path):
        folder = tmp_path / "acme"
        for name in ("a.py", "b.py"):
            extension(folder, "own", file=name)
        (folder / "extensions" / "c.py").write_text("1 / 0", encoding="utf-8")
        message = told(Model(name="Acme"), folder)
        assert "forecaster own: exists already" in message
        assert "extensions/c.py" in message

    def test_a_rule_that_does_not_exist_is_told_the_nearest(self):
        rule = next(iter(collect_parts(Model(name="Acme"), SCHEMA).constraints))
        model = Model.model_validate(
            {"name": "Acme", "parts": {"constraints": {rule + "s": {"mode": "off"}}}}
        )
        message = told(model)
        assert f"parts.constraints.{rule}s: is no rule of the supply plan" in message
        assert f"did you mean {rule}?" in message

    def test_a_stand_in_for_nothing_and_by_nothing_are_told(self, tmp_path):
        name = next(iter(collect_parts(Model(name="Acme"), SCHEMA).forecasters))
        replace = {"forecaster.none": "other", f"forecaster.{name}": "nobody", "source.folder": "own"}
        model = Model.model_validate({"name": "Acme", "parts": {"replace": replace}})
        message = told(model, extension(tmp_path / "acme", "own"))
        assert "parts.replace.forecaster.none: there is no forecaster.none" in message
        assert (
            f"parts.replace.forecaster.{name}: no forecaster of the extensions is named 'nobody'" in message
        )
        assert "parts.replace.source.folder: no source of the extensions is named 'own'" in message
        assert collect_parts(model, SCHEMA).forecasters[name]

    def test_every_marked_part_of_the_core_is_named_in_a_test(self):
        parts = collect_parts(Model(name="Acme"), SCHEMA)
        written = "\n".join(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("tests/**/*.py")))
        kinds = [kind for kind in KINDS if kind not in TRIED_BY_KIND]
        named = {
            (kind, name): function for kind in kinds for name, function in getattr(parts, f"{kind}s").items()
        }
        untried = [
            f"{kind} {name}"
            for (kind, name), function in named.items()
            if f'"{name}"' not in written
            and function.__name__ not in written
            and any(ROOT.glob(f"tests/{function.__module__.split('.')[1]}/test_*.py"))
        ]
        assert untried == []


def test_two_marks_of_one_name_in_the_core_would_be_told(monkeypatch, tmp_path):
    (tmp_path / "twin_part.py").write_text(FORECASTER.format(name="twin", says="a"), encoding="utf-8")
    (tmp_path / "other_twin.py").write_text(FORECASTER.format(name="twin", says="b"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(parts_module, "BUILT_IN_MODULES", ("twin_part", "other_twin"))
    assert "forecaster twin: exists already" in told(Model(name="Acme"))
