"""A process beside the run does what it is told and is gone with the run."""

from __future__ import annotations

import os
import time

import pytest

from sopwb.cycle.beside import Beside

SLOW = "import sys, time\nfor line in sys.stdin:\n    pass\ntime.sleep(60)\n"
EAGER = "import sys\nfor line in sys.stdin:\n    open(line.strip(), 'w').close()\n"
BROKEN = "raise SystemExit('no such order')\n"


@pytest.fixture
def process(tmp_path):
    def of(code: str) -> Beside:
        (tmp_path / "told.py").write_text(code, encoding="utf-8")
        return Beside("told", environment={**os.environ, "PYTHONPATH": str(tmp_path)}, is_heard=True)

    return of


def test_it_does_every_line_it_was_told(process, tmp_path):
    beside = process(EAGER)
    for name in ("one", "two"):
        beside.tell(str(tmp_path / name))
    assert beside.finish() == ""
    assert (tmp_path / "one").exists()
    assert (tmp_path / "two").exists()
    beside.end()


def test_one_that_fails_says_why_and_is_spoken_to_in_vain(process):
    beside = process(BROKEN)
    beside.tell("first")
    while beside.is_running:
        time.sleep(0.01)
    beside.tell("second")
    assert "no such order" in beside.finish()
    beside.end()


def test_one_that_does_not_end_is_ended(process):
    beside = process(SLOW)
    beside.tell("go")
    assert beside.is_running
    begun = time.monotonic()
    beside.end(0.2)
    assert not beside.is_running
    assert time.monotonic() - begun < 30


def test_one_that_was_told_nothing_was_never_begun(process):
    beside = process(BROKEN)
    assert beside.finish() == ""
    beside.end()
    assert not beside.is_running
