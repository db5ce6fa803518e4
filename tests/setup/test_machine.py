"""What a poor machine may skip, the machine that decides about a change may not."""

from __future__ import annotations

import pytest

from tests.conftest import skip_or_fail


def test_without_a_browser_a_test_is_skipped_with_a_sentence(monkeypatch):
    monkeypatch.delenv("SOPWB_REQUIRE_CHROMIUM", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no Chromium"):
        skip_or_fail("This machine has no Chromium.", "SOPWB_REQUIRE_CHROMIUM")


def test_where_a_browser_is_required_its_absence_is_a_failure(monkeypatch):
    monkeypatch.setenv("SOPWB_REQUIRE_CHROMIUM", "1")
    with pytest.raises(pytest.fail.Exception, match="no Chromium"):
        skip_or_fail("This machine has no Chromium.", "SOPWB_REQUIRE_CHROMIUM")
