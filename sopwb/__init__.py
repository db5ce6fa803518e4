"""An open workbench for Sales & Operations Planning with finance inside.

``sopwb.run_cycle("demo")`` plans a customer in memory and returns every table.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "run_cycle"]


def __getattr__(name: str) -> Any:
    """`run_cycle`, imported when it is asked for, so that the command line answers at once."""
    if name == "run_cycle":
        return import_module("sopwb.cycle.memory").run_cycle
    raise AttributeError(f"module 'sopwb' has no attribute {name!r}")
