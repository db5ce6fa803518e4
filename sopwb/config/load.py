"""Read a customer's model: core defaults, then model.yaml, then the scenario, then run parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from sopwb.config.base import Settings
from sopwb.config.model import BASELINE, Model, Scenario
from sopwb.config.overlay import TableChange
from sopwb.document import Document, load_yaml, read_document
from sopwb.errors import Fault, InputError

__all__ = [
    "Scenario",
    "Setup",
    "load_setup",
    "load_yaml",
    "model_from_yaml",
    "model_json_schema",
    "read_scenarios",
    "with_as_of",
    "with_settings",
]

CUSTOMER_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}\Z")
SET_WHEN_READ = ("customer", "scenario", "scenarios")


class _Scenarios(Settings):
    scenarios: Mapping[str, Scenario] = Field(default_factory=dict)


@dataclass(frozen=True)
class Setup:
    """A customer's model as it was read, and where each setting comes from.

    Parameters
    ----------
    folder
        The customer's folder.
    model
        The resolved model.
    origins
        Where each setting that is not a default was set, by dotted key.
    """

    folder: Path
    model: Model
    origins: Mapping[str, str]

    @property
    def changes(self) -> tuple[TableChange, ...]:
        """Changes of input tables that the scenario makes."""
        scenario = self.model.scenarios.get(self.model.scenario)
        return scenario.tables if scenario else ()


def load_setup(folder: Path, scenario: str = BASELINE, parameters: Mapping[str, Any] | None = None) -> Setup:
    """The resolved model of a customer in a scenario.

    Parameters
    ----------
    folder
        The customer's folder with ``model.yaml`` and perhaps ``scenarios.yaml``.
    scenario
        Name of the scenario.
    parameters
        Settings of this run by dotted key; they win over all others.

    Raises
    ------
    InputError
        A file cannot be read, a key is unknown or set twice, or a value does not fit.
    """
    if not CUSTOMER_NAME.match(folder.name):
        problem = f"{folder.name!r} cannot name a customer"
        remedy = "use lower-case letters, digits, - and _, at most 40"
        raise InputError([Fault("customer", problem, remedy=remedy)])
    document = read_document(folder / "model.yaml")
    if not isinstance(document.data, dict):
        raise InputError([Fault("model.yaml", "is not a list of settings", remedy="begin with `name: ...`")])
    scenarios = read_scenarios(folder)
    if scenario != BASELINE and scenario not in scenarios:
        raise InputError([_unknown_scenario(scenario, scenarios)])
    layers = [("scenario " + scenario, scenarios[scenario].settings if scenario in scenarios else {})]
    layers.append(("run parameter", parameters or {}))
    data, origins = _merged(document, layers)
    _refuse_reserved(document)
    listed = {name: read.model_dump(mode="json") for name, read in scenarios.items()}
    data |= {"customer": folder.name, "scenario": scenario, "scenarios": listed}
    model = _validated(data, document, origins)
    return Setup(folder, model, MappingProxyType(origins))


def read_scenarios(folder: Path) -> dict[str, Scenario]:
    """Scenarios of a customer by name; none when there is no ``scenarios.yaml``."""
    path = folder / "scenarios.yaml"
    if not path.exists():
        return {}
    document = read_document(path)
    try:
        read = _Scenarios.model_validate_json(json.dumps(document.data or {}), strict=True)
    except ValidationError as error:
        raise InputError(_faults(error, document, _Scenarios, {})) from None
    wrong = [name for name in read.scenarios if not re.fullmatch("[a-z0-9_]+", name) or name == BASELINE]
    if wrong:
        where = document.place(("scenarios", wrong[0]))
        remedy = f"use lower-case letters, digits and _, and not {BASELINE}"
        raise InputError([Fault(where, f"{wrong[0]!r} cannot name a scenario", remedy=remedy)])
    return dict(read.scenarios)


def with_as_of(setup: Setup, as_of: Any) -> Setup:
    """The same set-up with its as-of date resolved."""
    calendar = setup.model.calendar.model_copy(update={"as_of": as_of})
    model = setup.model.model_copy(update={"calendar": calendar})
    return Setup(setup.folder, model, setup.origins)


def with_settings(model: Model, settings: Mapping[str, Any], scenario: str) -> Model:
    """The model with the settings of a scenario laid over it.

    Raises
    ------
    InputError
        A setting is unknown or does not fit.
    """
    data = model.model_dump(mode="json")
    faults = _lay(data, settings, f"scenario {scenario}")
    if faults:
        raise InputError(faults)
    data["scenario"] = scenario
    origins = dict.fromkeys(settings, f"scenario {scenario}")
    return _validated(data, Document(Path("scenarios.yaml"), data, {}), origins)


def model_from_yaml(path: Path) -> Model:
    """A resolved model as a run stored it.

    Raises
    ------
    InputError
        It was stored by a version with other settings.
    """
    data = load_yaml(path)
    return _validated(data, Document(path, data, {}), {})


def model_json_schema() -> dict[str, Any]:
    """JSON schema of ``model.yaml``, for editors."""
    schema = Model.model_json_schema()
    for name in SET_WHEN_READ:
        schema["properties"].pop(name, None)
    return schema


def _unknown_scenario(scenario: str, known: Mapping[str, Scenario]) -> Fault:
    names = [BASELINE, *sorted(known)]
    near = get_close_matches(scenario, names, n=1)
    remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
    return Fault("scenario", f"{scenario!r} does not exist", remedy=remedy)


def _merged(
    document: Document, layers: list[tuple[str, Mapping[str, Any]]]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Lay dotted settings over the document; two settings of one layer may not touch the same key."""
    data: dict[str, Any] = json.loads(json.dumps(document.data))
    origins = {
        ".".join(map(str, keys)): f"{document.path.name} line {line}"
        for keys, line in document.lines.items()
        if keys
    }
    faults: list[Fault] = []
    for layer, settings in layers:
        keys = sorted(settings)
        for first, second in pairwise(keys):
            if second.startswith(first + "."):
                faults.append(Fault(layer, f"sets both {first} and {second}", remedy="keep one of them"))
        faults += _lay(data, settings, layer)
        origins |= dict.fromkeys(keys, layer)
    if faults:
        raise InputError(faults)
    return data, origins


def _lay(data: dict[str, Any], settings: Mapping[str, Any], layer: str) -> list[Fault]:
    """Lay dotted settings over nested ones, in place; faults for those that have no place there."""
    faults = []
    for dotted in sorted(settings):
        *parents, last = dotted.split(".")
        here: Any = data
        for key in parents:
            if isinstance(here, dict) and here.get(key) is None:
                here[key] = {}
            here = here[key] if isinstance(here, dict) else None
        if [*parents, last][0] in SET_WHEN_READ:
            faults.append(Fault(layer, f"{dotted} is not set here", remedy="leave it out"))
        elif isinstance(here, dict):
            here[last] = settings[dotted]
        else:
            remedy = f"{'.'.join(parents)} is one value; set it itself"
            faults.append(Fault(layer, f"{dotted} is not a setting", remedy=remedy))
    return faults


def _refuse_reserved(document: Document) -> None:
    for key in SET_WHEN_READ:
        if key in document.data:
            where = document.place((key,))
            raise InputError([Fault(where, f"{key} is not set here", remedy="remove the line")])


def _validated(data: dict[str, Any], document: Document, origins: Mapping[str, str]) -> Model:
    try:
        return Model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        raise InputError(_faults(error, document, Model, origins)) from None


def _faults(
    error: ValidationError, document: Document, root: type[BaseModel], origins: Mapping[str, str]
) -> list[Fault]:
    faults = []
    for item in error.errors():
        keys = tuple(item["loc"])
        dotted = ".".join(map(str, keys))
        where = origins.get(dotted) or document.place(keys)
        if item["type"] == "extra_forbidden":
            faults.append(Fault(where, f"{dotted} is not a setting", remedy=_nearest(keys, root)))
        elif item["type"] == "missing":
            faults.append(Fault(where, f"{dotted} is missing", remedy=f"add `{keys[-1]}: ...`"))
        else:
            given = json.dumps(item["input"], default=str)[:60]
            faults.append(
                Fault(where, f"{dotted} is {given}", remedy=item["msg"].removeprefix("Value error, "))
            )
    return faults


def _nearest(keys: tuple[int | str, ...], root: type[BaseModel]) -> str:
    here: Any = root
    for key in keys[:-1]:
        fields = getattr(here, "model_fields", {})
        here = fields[key].annotation if key in fields else here
    known = [name for name in getattr(here, "model_fields", {}) if name not in SET_WHEN_READ]
    near = get_close_matches(str(keys[-1]), known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
