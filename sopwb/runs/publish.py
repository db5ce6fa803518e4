"""Runs become visible whole or not at all: built aside, sealed by a manifest, shown by one rename."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sopwb.config.load import CUSTOMER_NAME
from sopwb.errors import Fault, InputError, SopwbError
from sopwb.runs.digest import folder_digests
from sopwb.runs.lock import Lock, try_lock

__all__ = [
    "MANIFEST",
    "Published",
    "RunFolder",
    "begin_run",
    "clear_dead_runs",
    "find_run",
    "latest_run",
    "list_runs",
    "new_run_id",
    "unwritable",
]

RUN_ID = re.compile(r"\d{8}T\d{6}Z-[a-z0-9_]+-[0-9a-f]{6}\Z")
BUILDING = ".building-"
LOCK = ".lock"
MANIFEST = "manifest.json"
LONGEST_PATH = 200


@dataclass(frozen=True)
class Published:
    """One published run: where it is and what its manifest says."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def run_id(self) -> str:
        """Name of the run."""
        return self.folder.name

    @property
    def approval(self) -> Path:
        """File that records its approval, where it was approved."""
        return self.folder.parent / "approvals" / f"{self.run_id}.json"


@dataclass(frozen=True)
class RunFolder:
    """A run being built, hidden until it is published, and locked by the process that builds it."""

    root: Path
    customer: str
    run_id: str
    lock: Lock
    made: tuple[Path, ...] = ()
    """Folders that were not there before, innermost first."""

    @property
    def building(self) -> Path:
        """Folder in which it is built."""
        return self.root / self.customer / f"{BUILDING}{self.run_id}"

    @property
    def published(self) -> Path:
        """Folder under which it will be seen."""
        return self.root / self.customer / self.run_id

    def publish(self, manifest: Mapping[str, Any]) -> Published:
        """Seal the run with its manifest, written last, and show it by one rename.

        Raises
        ------
        SopwbError
            A path of the run would be too long to be copied to every system.
        """
        files = folder_digests(self.building)
        longest = max((len(f"{self.customer}/{self.run_id}/{name}") for name in files), default=0)
        if longest > LONGEST_PATH:
            raise SopwbError(f"a path of the run has {longest} characters, more than {LONGEST_PATH}")
        sealed = {**manifest, "files": files}
        _write_json(self.building / MANIFEST, sealed)
        self.building.rename(self.published)
        self.lock.release()
        pointer = {"run": self.run_id}
        _write_json(self.root / self.customer / "latest.json", pointer)
        return Published(self.published, sealed)

    def discard(self) -> None:
        """Remove what was built, and the folders made for it in which nothing else lies."""
        shutil.rmtree(self.building, ignore_errors=True)
        self.lock.release()
        with suppress(OSError):
            for folder in self.made:
                folder.rmdir()


def new_run_id(moment: str, scenario: str) -> str:
    """Name of a new run, such as ``20261122T215410Z-baseline-3f9a1c``."""
    return f"{moment}-{scenario}-{secrets.token_hex(3)}"


def begin_run(root: Path, customer: str, run_id: str) -> RunFolder:
    """A hidden, empty folder for a new run, locked as long as this process lives.

    Raises
    ------
    SopwbError
        The names cannot name a run.
    FileExistsError
        A run of this name is being built.
    """
    if not RUN_ID.match(run_id) or not CUSTOMER_NAME.match(customer):
        raise SopwbError(f"{run_id!r} cannot name a run of {customer!r}")
    place = root / customer
    made = tuple(folder for folder in (place, *place.parents) if not folder.exists())
    place.mkdir(parents=True, exist_ok=True)
    lock = try_lock(place / f"{BUILDING}{run_id}{LOCK}")
    if lock is None:
        raise FileExistsError(f"{run_id} is being built")
    run = RunFolder(root, customer, run_id, lock, made)
    run.building.mkdir()
    return run


def clear_dead_runs(root: Path, customer: str) -> list[str]:
    """Remove what runs of a customer left behind whose process is gone; their names.

    What they finished is in the cache. A run that another process is building is left alone.
    """
    place = root / customer
    found = {path.name.removesuffix(LOCK) for path in place.glob(f"{BUILDING}*")}
    cleared = []
    for name in sorted(found):
        lock = try_lock(place / f"{name}{LOCK}")
        if lock is not None:
            if (place / name).exists():
                cleared.append(name.removeprefix(BUILDING))
            shutil.rmtree(place / name, ignore_errors=True)
            lock.release()
    return cleared


def list_runs(root: Path, customer: str | None = None) -> list[Published]:
    """Published runs, oldest first; what is still being built, or was killed, is not among them."""
    if customer and not CUSTOMER_NAME.match(customer):
        return []
    pattern = f"{customer}/*/{MANIFEST}" if customer else f"*/*/{MANIFEST}"
    folders = [path.parent for path in root.glob(pattern) if RUN_ID.match(path.parent.name)]
    ordered = sorted(folders, key=lambda folder: (folder.name, folder.parent.name))
    return [Published(folder, _read_json(folder / MANIFEST)) for folder in ordered]


def find_run(root: Path, name: str, customer: str | None = None) -> Published:
    """One published run by its name, by the beginning of its name, or ``latest``.

    Raises
    ------
    InputError
        No run, or more than one, is meant.
    """
    runs = list_runs(root, customer)
    if name == "latest" and runs:
        return runs[-1]
    meant = [run for run in runs if run.run_id == name] or [
        run for run in runs if run.run_id.startswith(name)
    ]
    if len(meant) == 1:
        return meant[0]
    problem = f"{name!r} names {len(meant)} runs" if meant else f"{name!r} is no published run"
    shown = [run.run_id for run in (meant or runs)][-5:]
    remedy = "`sopwb runs` lists them" if shown else "there is none yet: `sopwb run` makes one"
    raise InputError([Fault("run", problem, shown, remedy)])


def latest_run(
    root: Path, customer: str, scenario: str | None = None, before: str | None = None
) -> Published | None:
    """The newest published run of a customer, perhaps of one scenario and of an as-of date before a day.

    Runs of a later as-of date are newer; among those of one date an approved one counts first.
    """
    meant = [
        run
        for run in list_runs(root, customer)
        if (scenario is None or run.manifest["scenario"] == scenario)
        and (before is None or run.manifest["as_of"] < before)
    ]

    def newest(run: Published) -> tuple[str, bool, str]:
        is_approved = (run.folder.parent / "approvals" / f"{run.run_id}.json").exists()
        return (run.manifest["as_of"], is_approved, run.run_id)

    return max(meant, key=newest, default=None)


def unwritable(error: OSError) -> InputError:
    """What a planner is told when the folder of runs cannot be written: a full disk, no right to write."""
    remedy = "free some space, or let SOPWB_RUNS name a folder on a disk with room that you may write to"
    problem = f"cannot be written: {error.strerror or error}"
    return InputError([Fault("runs", problem, remedy=remedy)])


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _write_json(path: Path, content: Any) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    aside.replace(path)
