"""The example company of the finance room, with what finance and measure make of it."""

from __future__ import annotations

import importlib.util
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

import pytest

from sopwb.extend import Parts, mark_of

_PATH = Path(__file__).parents[1] / "finance" / "conftest.py"
_SPEC = importlib.util.spec_from_file_location("example_company", _PATH)
_EXAMPLE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_EXAMPLE)

company, model, planned = _EXAMPLE.company, _EXAMPLE.model, _EXAMPLE.planned


@pytest.fixture(scope="session")
def parts() -> Parts:
    """Key figures of the core."""
    found = {}
    for function in vars(import_module("sopwb.measure.kpi")).values():
        if (mark := mark_of(function)) is not None:
            found[mark.name] = function
    return Parts(kpis=MappingProxyType(found))
