"""A model is the defaults, then model.yaml, then the scenario, then the run's own settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from sopwb.config.load import load_setup, model_from_yaml, model_json_schema, with_settings
from sopwb.document import dump_yaml
from sopwb.errors import InputError

SCENARIOS = """
scenarios:
  crisis:
    title: Crisis
    settings: {supply.late_days_maximum: 7, finance.days_per_month: 31}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "acme"
    place.mkdir()
    (place / "model.yaml").write_text("name: Acme\nsupply:\n  late_days_maximum: 14\n", encoding="utf-8")
    (place / "scenarios.yaml").write_text(SCENARIOS, encoding="utf-8")
    return place


def message(folder: Path, *words: object) -> str:
    with pytest.raises(InputError) as caught:
        load_setup(folder, *words)
    return str(caught.value)


def test_each_layer_wins_over_the_one_before_and_is_remembered(folder):
    base = load_setup(folder)
    crisis = load_setup(folder, "crisis")
    run = load_setup(folder, "crisis", {"supply.late_days_maximum": 3})
    assert [setup.model.supply.late_days_maximum for setup in (base, crisis, run)] == [14, 7, 3]
    assert base.origins["supply.late_days_maximum"] == "model.yaml line 3"
    assert crisis.origins["supply.late_days_maximum"] == "scenario crisis"
    assert run.origins["supply.late_days_maximum"] == "run parameter"
    assert run.model.finance.days_per_month == 31


def test_two_settings_of_one_layer_may_not_touch_the_same_key(folder):
    told = message(folder, "baseline", {"supply": {}, "supply.late_days_maximum": 3})
    assert "run parameter: sets both supply and supply.late_days_maximum" in told


def test_a_setting_below_a_single_value_is_no_setting(folder):
    assert "name.first is not a setting" in message(folder, "baseline", {"name.first": "A"})


def test_a_section_left_empty_can_be_set_by_the_run(folder):
    (folder / "model.yaml").write_text("name: Acme\nsupply:\n", encoding="utf-8")
    assert load_setup(folder, "baseline", {"supply.late_days_maximum": 3}).model.supply.late_days_maximum == 3


def test_what_is_set_when_the_model_is_read_is_refused_in_the_file(folder):
    (folder / "model.yaml").write_text("name: Acme\ncustomer: other\n", encoding="utf-8")
    assert "model.yaml line 2: customer is not set here" in message(folder)


def test_every_wrong_setting_is_told_at_once_with_its_line(folder):
    (folder / "model.yaml").write_text(
        "currency: euro\ncalendar:\n  history_bucket: day\n  holidays: ZZ\n  horizon_months: '12'\n",
        encoding="utf-8",
    )
    told = message(folder)
    for words in (
        "name is missing",
        "line 1: currency",
        "line 3: calendar.history_bucket",
        "line 4",
        "line 5",
    ):
        assert words in told


def test_words_of_yaml_that_look_like_truth_are_not_taken_for_it(folder):
    (folder / "model.yaml").write_text("name: NO\nreport: off\n", encoding="utf-8")
    assert 'report is "off"' in message(folder)


@pytest.mark.parametrize("name", ["baseline", "Crisis", "a b", "../x"])
def test_a_scenario_needs_a_plain_name(folder, name):
    text = dump_yaml({"scenarios": {name: {"title": "T"}}})
    (folder / "scenarios.yaml").write_text(text, encoding="utf-8")
    told = message(folder)
    assert "scenarios.yaml line 2" in told
    assert "cannot name a scenario" in told


def test_an_unknown_word_of_a_scenario_is_told_its_line_and_nearest_name(folder):
    (folder / "scenarios.yaml").write_text(SCENARIOS.replace("settings", "setting"), encoding="utf-8")
    told = message(folder)
    assert "scenarios.yaml line 5: scenarios.crisis.setting is not a setting" in told


@pytest.mark.parametrize("name", ["..", "A", "a b", "-a", "x" * 41])
def test_a_customer_needs_a_plain_name(tmp_path, name):
    assert "cannot name a customer" in message(tmp_path / name)


def test_a_resolved_model_is_read_back_from_a_run_as_it_was(folder, tmp_path):
    model = load_setup(folder, "crisis").model
    path = tmp_path / "model.yaml"
    path.write_text(dump_yaml(model.model_dump(mode="json")), encoding="utf-8")
    assert model_from_yaml(path) == model


def test_a_stored_model_with_a_setting_that_is_gone_is_told_by_name(tmp_path):
    path = tmp_path / "model.yaml"
    path.write_text("name: Acme\nsupply:\n  magic: true\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"supply\.magic is not a setting"):
        model_from_yaml(path)


def test_a_scenario_laid_over_a_model_in_memory_is_what_reading_it_gives(folder):
    base = load_setup(folder).model
    assert (
        with_settings(base, base.scenarios["crisis"].settings, "crisis") == load_setup(folder, "crisis").model
    )
    with pytest.raises(InputError, match=r"supply\.frozen is not a setting"):
        with_settings(base, {"supply.frozen": 1}, "crisis")
    with pytest.raises(InputError, match=r"name\.first is not a setting"):
        with_settings(base, {"name.first": "A"}, "crisis")


def test_a_model_cannot_be_changed_after_it_was_read(folder):
    model = load_setup(folder).model
    with pytest.raises(ValueError, match="frozen"):
        model.supply.late_days_maximum = 3


def test_the_schema_for_editors_describes_every_setting_a_customer_may_write():
    schema = model_json_schema()
    assert {"name", "currency", "calendar", "parts"} <= set(schema["properties"])
    assert {"customer", "scenario", "scenarios"}.isdisjoint(schema["properties"])
    silent = [
        f"{section}.{name}"
        for section, words in schema["$defs"].items()
        for name, field in words.get("properties", {}).items()
        if not field.get("description") and "$ref" not in field
    ]
    assert silent == []
    assert schema["additionalProperties"] is False
