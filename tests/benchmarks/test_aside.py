"""Another process finds out something meanwhile, and tells it."""

from __future__ import annotations

import os

import pytest

from benchmarks import aside
from benchmarks.aside import Aside


def test_another_process_finds_it_out(monkeypatch):
    monkeypatch.setattr(aside, "_cores", lambda: 2)
    assert Aside(os.getpid).found() != os.getpid()


def test_without_a_second_core_this_one_finds_it_out(monkeypatch):
    monkeypatch.setattr(aside, "_cores", lambda: 1)
    assert Aside(os.getpid).found() == os.getpid()


def test_a_process_that_ends_without_an_answer_is_told(monkeypatch):
    monkeypatch.setattr(aside, "_cores", lambda: 2)
    with pytest.raises(RuntimeError, match="without an answer"):
        Aside(lambda: os._exit(3)).found()
