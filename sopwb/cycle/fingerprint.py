"""What a step is made from, in one key: tables, settings, code, packages. Same key, same tables."""

from __future__ import annotations

import platform
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import sopwb
from sopwb.config.model import Model
from sopwb.cycle.stages import EVERYTHING, Stage
from sopwb.runs.cache import key_of
from sopwb.runs.digest import file_digest, folder_digests, rooms_digest, rooms_used

__all__ = ["PLANNING_ROOMS", "REPOSITORY", "Fingerprint", "take_fingerprint", "versions"]

REPOSITORY = Path(sopwb.__file__).resolve().parents[1]
PACKAGE = Path(sopwb.__file__).resolve().parent
TOLD_PACKAGES = ("pandas", "numpy", "darts", "cvxpy", "highspy", "altair", "papermill")
OWN_CODE = ("extensions/**/*", "schema/*.yaml")
NO_CODE = (".md", ".pyc")
PLANNING_ROOMS = ("demand", "inventory", "supply", "finance")
"""Rooms whose stages know neither which scenario they plan nor how a report looks (a test holds this)."""
NOT_FOR_PLANNING = frozenset({"scenario", "scenarios", "report"})


@dataclass(frozen=True)
class Fingerprint:
    """Everything but its tables and settings that a run is made with.

    Parameters
    ----------
    code
        Digest of the package's code, declarations, templates and notebooks.
    own_code
        Digest of the customer's extensions and declarations; empty when it has none.
    packages
        Digest of the lock, the versions of packages and of Python, and the kind of machine.
    """

    code: str
    own_code: str
    packages: str

    def stage_key(self, stage: Stage, tables: Mapping[str, str], model: Model) -> str:
        """Key of what one stage makes, given the digest of each table that there is.

        Only the tables it reads count, and only the code of its room and of those below.
        """
        room = _room(stage)
        reads = sorted(tables) if EVERYTHING in stage.reads else sorted(stage.reads)
        is_planning = room in PLANNING_ROOMS and not self.own_code
        return key_of(
            kind="stage",
            stage=stage.name,
            writes=stage.writes,
            reads={name: tables[name] for name in reads if name in tables},
            model=model.model_dump(mode="json", exclude=set(NOT_FOR_PLANNING) if is_planning else None),
            code=_room_digest(PACKAGE, room) if room else self.code,
            own_code=self.own_code,
            packages=self.packages,
        )

    def key(self, kind: str, model: Model, **parts: Any) -> str:
        """Key of anything that may show every table: a meeting, a page."""
        settings = model.model_dump(mode="json")
        return key_of(kind=kind, model=settings, **asdict(self), **parts)


def take_fingerprint(customer: Path) -> Fingerprint:
    """The fingerprint of the code as it is on disk now, and of a customer's own."""
    own = [f"{name} {digest}" for name, digest in _own_files(customer).items()]
    code = {"package": folder_digests(PACKAGE, ["**/*.py", "**/*.yaml"]), "share": _shared_files()}
    return Fingerprint(key_of(**code), key_of(files=own) if own else "", _packages())


def versions() -> dict[str, str]:
    """Version of Python, of the workbench, and of the packages whose figures are in the tables."""
    found = {"python": platform.python_version(), "sopwb": sopwb.__version__}
    for name in TOLD_PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@cache
def _packages() -> str:
    """Digest of every package there is, by the names of its folders, which say the version."""
    lock = REPOSITORY / "requirements.lock"
    places = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    return key_of(
        lock=file_digest(lock) if lock.exists() else "",
        installed=sorted({path.name for place in places for path in place.glob("*.dist-info")}),
        python=platform.python_version(),
        machine=(sys.platform, platform.machine()),
    )


def _own_files(customer: Path) -> dict[str, str]:
    found = folder_digests(customer, OWN_CODE)
    return {name: digest for name, digest in found.items() if not name.endswith(NO_CODE)}


def _shared_files() -> dict[str, str]:
    folders = [PACKAGE / "_share", REPOSITORY / "templates" / "report"]
    return {
        f"{folder.name}/{name}": digest
        for folder in folders
        if folder.is_dir()
        for name, digest in folder_digests(folder).items()
    }


def _room(stage: Stage) -> str:
    """Room of the package that a stage lives in; empty for one of a customer."""
    module = stage.function.partition(":")[0] if isinstance(stage.function, str) else ""
    parts = module.split(".")
    return parts[1] if parts[0] == "sopwb" and len(parts) > 1 else ""


@cache
def _room_digest(package: Path, room: str) -> str:
    return rooms_digest(package, rooms_used(package, room))
