"""Collect the marked functions of the core and of a customer into one set of parts per run."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from sopwb.config.model import Model
from sopwb.errors import Fault, InputError
from sopwb.extend import KINDS, Parts, mark_of
from sopwb.runs.digest import folder_digest
from sopwb.schema import Schema

__all__ = ["BUILT_IN_MODULES", "collect_parts"]

BUILT_IN_MODULES: tuple[str, ...] = (
    "sopwb.exchange.folder",
    "sopwb.demand.forecasters",
    "sopwb.demand.activities",
    "sopwb.demand.checks",
    "sopwb.supply.options",
    "sopwb.supply.constraints",
    "sopwb.supply.lot_rules",
    "sopwb.supply.contract_rules",
    "sopwb.supply.money_rules",
    "sopwb.supply.investment_rules",
    "sopwb.supply.checks",
    "sopwb.inventory.checks",
    "sopwb.measure.kpi",
    "sopwb.measure.checks",
    "sopwb.finance.checks",
    "sopwb.report.sections.data",
    "sopwb.report.sections.portfolio",
    "sopwb.report.sections.launches",
    "sopwb.report.sections.demand",
    "sopwb.report.sections.demand_range",
    "sopwb.report.sections.activities",
    "sopwb.report.sections.calendar",
    "sopwb.report.sections.voices",
    "sopwb.report.sections.near_horizon",
    "sopwb.report.sections.review",
    "sopwb.report.sections.family_sheet",
    "sopwb.report.sections.accuracy",
    "sopwb.report.sections.delivery",
    "sopwb.report.sections.questions",
    "sopwb.report.sections.inventory",
    "sopwb.report.sections.load",
    "sopwb.report.sections.projection",
    "sopwb.report.sections.supply",
    "sopwb.report.sections.solved",
    "sopwb.report.sections.explained",
    "sopwb.report.sections.investments",
    "sopwb.report.sections.attainment",
    "sopwb.report.sections.strategies",
    "sopwb.report.sections.mix",
    "sopwb.report.sections.finance",
    "sopwb.report.sections.cash",
    "sopwb.report.sections.scenario",
    "sopwb.report.sections.executive",
    "sopwb.report.sections.evidence",
    "sopwb.report.sections.family",
    "sopwb.report.sections.since",
)
"""Modules of the core that hold marked functions, in the order in which their parts are listed."""

Marked = dict[str, dict[str, Callable[..., Any]]]


def collect_parts(model: Model, schema: Schema, folder: Path | None = None) -> Parts:
    """Every marked function a run may use.

    Parameters
    ----------
    model
        The resolved model; its part sections are checked against what exists.
    schema
        Declarations of tables.
    folder
        The customer's folder, whose ``extensions/*.py`` are loaded; None loads none.

    Raises
    ------
    InputError
        An extension cannot be loaded, takes a name that is in use, or the model names no part.
    """
    marked: Marked = {kind: {} for kind in KINDS}
    faults: list[Fault] = []
    for name in BUILT_IN_MODULES:
        faults += _add(marked, import_module(name), {})
    if folder is not None:
        for module in _extensions(folder, faults):
            faults += _add(marked, module, dict(model.parts.replace))
        faults += _unused_replacements(model, marked)
    faults += _unknown_rules(model, marked)
    if faults:
        raise InputError(faults)
    by_kind = {f"{kind}s": MappingProxyType(found) for kind, found in marked.items()}
    return Parts(**by_kind, schema=schema)


def _functions(module: ModuleType) -> Iterable[Callable[..., Any]]:
    for thing in vars(module).values():
        if mark_of(thing) is not None and getattr(thing, "__module__", None) == module.__name__:
            yield thing


def _add(marked: Marked, module: ModuleType, replace: dict[str, str]) -> list[Fault]:
    faults = []
    for function in _functions(module):
        mark = mark_of(function)
        if mark is None:
            continue
        stands_in = [
            target
            for target, own in replace.items()
            if own == mark.name and target.startswith(f"{mark.kind}.")
        ]
        if not stands_in and mark.name in marked[mark.kind]:
            remedy = f"choose another name, or set parts.replace {mark.kind}.{mark.name}"
            faults.append(Fault(f"{mark.kind} {mark.name}", "exists already", remedy=remedy))
            continue
        names = [target.partition(".")[2] for target in stands_in] or [mark.name]
        marked[mark.kind] |= dict.fromkeys(names, function)
    return faults


def _unused_replacements(model: Model, marked: Marked) -> list[Fault]:
    """Faults for replacements of parts that do not exist, or by parts that do not."""
    faults = []
    for target, own in model.parts.replace.items():
        kind, _, name = target.partition(".")
        stood_in = marked.get(kind, {}).get(name)
        mark = mark_of(stood_in)
        if mark is None or mark.name != own:
            problem = (
                f"there is no {target}" if mark is None else f"no {kind} of the extensions is named {own!r}"
            )
            remedy = "write kind.name of a built-in part, and the name of one of yours"
            faults.append(Fault(f"parts.replace.{target}", problem, remedy=remedy))
    return faults


def _extensions(folder: Path, faults: list[Fault]) -> list[ModuleType]:
    modules = []
    place = folder / "extensions"
    space = (
        f"sopwb_extension_{folder.name.replace('-', '_')}_{folder_digest(folder, ['extensions/*.py'])[:8]}"
    )
    for path in sorted(place.glob("*.py")):
        name = f"{space}_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            continue
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except Exception as error:  # noqa: BLE001 - whatever a customer's file raises is told, not hidden
            del sys.modules[name]
            problem = f"cannot be loaded: {type(error).__name__}: {error}"
            faults.append(Fault(f"extensions/{path.name}", problem, remedy="mend the file"))
            continue
        modules.append(module)
    return modules


def _unknown_rules(model: Model, marked: Marked) -> list[Fault]:
    faults = []
    known = sorted(marked["constraint"])
    for name in model.parts.constraints:
        if known and name not in known:
            near = get_close_matches(name, known, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            faults.append(Fault(f"parts.constraints.{name}", "is no rule of the supply plan", remedy=remedy))
    return faults
