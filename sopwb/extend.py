"""Marks by which a plain function becomes a part of the model, built-in or a customer's alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

import pandas as pd

__all__ = [
    "KINDS",
    "Mark",
    "Parts",
    "Tables",
    "activity_kind",
    "constraint",
    "forecaster",
    "kpi",
    "mark_of",
    "plan_check",
    "report_section",
    "source",
    "stage",
    "supply_option",
]

Tables = Mapping[str, pd.DataFrame]
Function = TypeVar("Function", bound=Callable[..., Any])

KINDS = (
    "constraint",
    "supply_option",
    "forecaster",
    "activity_kind",
    "kpi",
    "plan_check",
    "report_section",
    "source",
    "stage",
)


@dataclass(frozen=True)
class Mark:
    """What a function is marked as: its kind, its name, and what else the mark says."""

    kind: str
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


def _marker(kind: str, name: str, options: Mapping[str, Any]) -> Callable[[Function], Function]:
    def tag(function: Function) -> Function:
        vars(function)["__sopwb__"] = Mark(kind, name, MappingProxyType(dict(options)))
        return function

    return tag


def mark_of(thing: object) -> Mark | None:
    """Mark of a function, or None when it has none."""
    mark = getattr(thing, "__sopwb__", None)
    return mark if isinstance(mark, Mark) else None


def constraint(name: str, **options: Any) -> Callable[[Function], Function]:
    """Mark a rule of the supply plan; it yields plain cvxpy constraints."""
    return _marker("constraint", name, options)


def supply_option(name: str, **options: Any) -> Callable[[Function], Function]:
    """Mark a way to get stock: make, buy, move."""
    return _marker("supply_option", name, options)


def forecaster(name: str, **options: Any) -> Callable[[Function], Function]:
    """Mark a baseline forecaster: history (series x time), season and horizon to (series x horizon)."""
    return _marker("forecaster", name, options)


def activity_kind(name: str, **options: Any) -> Callable[[Function], Function]:
    """Mark the way in which a kind of activity changes demand."""
    return _marker("activity_kind", name, options)


def kpi(name: str, **options: Any) -> Callable[[Function], Function]:
    """Mark a key figure: tables and model to rows of the table kpi."""
    return _marker("kpi", name, options)


def plan_check(name: str, *, area: str, **options: Any) -> Callable[[Function], Function]:
    """Mark a check of the plan: tables and model to the offending rows."""
    return _marker("plan_check", name, {"area": area, **options})


def report_section(name: str, *, notebook: str, **options: Any) -> Callable[[Function], Function]:
    """Mark one message of a page: tables and model to a section."""
    return _marker("report_section", name, {"notebook": notebook, **options})


def source(name: str, **options: Any) -> Callable[[Function], Function]:
    """Mark a reader of a source system."""
    return _marker("source", name, options)


def stage(
    *, after: str, name: str = "", reads: tuple[str, ...] = (), writes: tuple[str, ...] = ()
) -> Callable[[Function], Function]:
    """Mark a customer's own stage, placed after a stage of the flow."""

    def tag(function: Function) -> Function:
        chosen = name or function.__name__
        return _marker("stage", chosen, {"after": after, "reads": reads, "writes": writes})(function)

    return tag


def _none() -> Mapping[str, Callable[..., Any]]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Parts:
    """Every marked function a run may use, by kind and name; made once per run, never changed.

    Beside them stand the declarations of tables (`sopwb.schema.Schema`), the core's and the customer's.
    """

    constraints: Mapping[str, Callable[..., Any]] = field(default_factory=_none)
    supply_options: Mapping[str, Callable[..., Any]] = field(default_factory=_none)
    forecasters: Mapping[str, Callable[..., Any]] = field(default_factory=_none)
    activity_kinds: Mapping[str, Callable[..., Any]] = field(default_factory=_none)
    kpis: Mapping[str, Callable[..., Any]] = field(default_factory=_none)
    plan_checks: Mapping[str, Callable[..., Any]] = field(default_factory=_none)
    report_sections: Mapping[str, Callable[..., Any]] = field(default_factory=_none)
    sources: Mapping[str, Callable[..., Any]] = field(default_factory=_none)
    stages: Mapping[str, Callable[..., Any]] = field(default_factory=_none)
    schema: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
