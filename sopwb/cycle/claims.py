"""Who makes a stage: the notebook whose turn it is, or the process beside the run that is ahead of it.

Both sides claim a stage before they make it, so that nothing is made twice and nothing is waited for that
nobody makes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sopwb.runs.lock import Lock, try_lock

__all__ = ["AHEAD", "claim", "hand_over", "hold_place", "place_of", "take_made"]

AHEAD = ".ahead"
"""Folder in the folder of a run in which stages are made before their meeting; gone when the run is seen."""
LOCK, NOTE, GIVEN_UP = "lock", "note.json", "given_up"
PAUSE_S = 0.02


def place_of(folder: Path, stage: str) -> Path:
    """Folder in which a stage of a run is made ahead."""
    return folder / AHEAD / stage


def hold_place(folder: Path) -> Lock | None:
    """The right to make stages of a run ahead, held as long as the process lives; None when it is taken."""
    return try_lock(folder / AHEAD / LOCK)


def claim(folder: Path, stage: str) -> bool:
    """Whether a stage is now the caller's to make, for nobody has claimed it before."""
    try:
        (folder / AHEAD / f"{stage}.claim").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def hand_over(folder: Path, stage: str, note: dict[str, Any] | None) -> None:
    """Say that the tables of a stage are whole in its place, or that it could not be made."""
    place = place_of(folder, stage)
    place.mkdir(exist_ok=True)
    if note is None:
        (place / GIVEN_UP).touch()
        return
    aside = place / f"{NOTE}.aside"
    aside.write_text(json.dumps(note), encoding="utf-8")
    aside.replace(place / NOTE)


def take_made(folder: Path, stage: str, names: Iterable[str], target: Path) -> dict[str, Any] | None:
    """Take over the tables of a stage that was made ahead, waiting for them while they are being made.

    Parameters
    ----------
    folder
        Folder of the run.
    stage
        Name of the stage.
    names
        Tables it writes.
    target
        Folder into which they are moved.

    Returns
    -------
    dict or None
        What it cost. None when the caller has to make it: nobody has, or the one who tried failed or is gone.
    """
    if not (folder / AHEAD).is_dir() or claim(folder, stage):
        return None
    place = place_of(folder, stage)
    while not (place / NOTE).exists():
        if (place / GIVEN_UP).exists() or _is_deserted(folder):
            if (place / NOTE).exists():
                break
            return None
        time.sleep(PAUSE_S)
    target.mkdir(exist_ok=True)
    for name in names:
        (place / f"{name}.parquet").replace(target / f"{name}.parquet")
    note: dict[str, Any] = json.loads((place / NOTE).read_text(encoding="utf-8"))
    return note


def _is_deserted(folder: Path) -> bool:
    """Whether no process makes stages ahead any more."""
    lock = hold_place(folder)
    if lock is None:
        return False
    lock.release()
    return True
