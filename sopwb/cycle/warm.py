"""Load the code of a run before it is needed, while another process reads the data."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sopwb.cycle.parts import BUILT_IN_MODULES
from sopwb.cycle.stages import STAGES

__all__ = ["load_code", "load_ipython_extension"]


def load_code() -> None:
    """Import every module that a meeting calls by name."""
    doors = (stage.function for stage in STAGES if isinstance(stage.function, str))
    for name in (*BUILT_IN_MODULES, *(door.partition(":")[0] for door in doors)):
        import_module(name)


def load_ipython_extension(_shell: Any) -> None:
    """What a kernel does that was started with this module as an extension."""
    import_module("sopwb.cycle.step")
    load_code()
