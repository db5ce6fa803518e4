from pathlib import Path

from sopwb.config.load import SET_WHEN_READ, model_json_schema
from sopwb.config.reference import settings_reference

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tailoring" / "settings.md"


def test_the_committed_reference_is_what_the_settings_say():
    remedy = "python -m sopwb.config.reference > docs/tailoring/settings.md"
    assert PAGE.read_text(encoding="utf-8") == settings_reference(), remedy


def test_every_setting_is_listed_with_a_meaning():
    page = settings_reference()
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    assert all(row[1].strip() for row in rows)
    keys = {row[0].removeprefix("| ").strip("`") for row in rows}
    top = set(model_json_schema()["properties"])
    assert {key.partition(".")[0] for key in keys} == top
    assert "parts.constraints.<name>.mode" in keys


def test_what_is_set_by_the_run_itself_is_no_setting():
    page = settings_reference()
    assert not any(f"| `{name}` |" in page for name in SET_WHEN_READ)


def test_a_setting_shows_its_limits_and_its_default():
    row = "| `calendar.history_bucket` | Bucket in which history is forecast. | `week` or `month` | `month` |"
    page = settings_reference()
    assert row in page
    assert "| `calendar.weekly_horizon_weeks` |" in page
    assert "| whole number, at least 0, at most 156 | `0` |" in page
    assert "| `name` | What the company is called on reports. | text | must be set |" in page
