"""What every room's tests share: a browser, the real company's data, and a quiet, single-threaded process."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# Before numpy and pandas are imported: the same process whether pytest or bootstrap.py started it.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", PANDAS_COPY_ON_WRITE="1")

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("sopwb", deadline=None, derandomize=True)
settings.load_profile("sopwb")


def skip_or_fail(sentence: str, variable: str) -> None:
    """Skip with a plain sentence; fail with it where the environment says that nothing may be missing."""
    if os.environ.get(variable, "") not in {"", "0"}:
        pytest.fail(f"{sentence} {variable} forbids to skip this.", pytrace=False)
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that can open pages."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        skip_or_fail("This machine has no Chromium to open the pages with.", "SOPWB_REQUIRE_CHROMIUM")
    return str(found)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of public data beside the repository, or where SOPWB_SHARED_DATA says."""
    folder = Path(os.environ.get("SOPWB_SHARED_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        skip_or_fail(f"The public data is not on this machine ({folder}).", "SOPWB_REQUIRE_DATA")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole companies first: they take longest, and the other core tests the rest meanwhile."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Recall, just above the closing line, the checks that failed before the tests began."""
    failed = os.environ.get("SOPWB_FAILED_CHECKS", "")
    if failed:
        terminalreporter.section("checks that failed before the tests", red=True)
        terminalreporter.line(failed)
