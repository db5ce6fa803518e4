"""Stages made ahead of their meeting, by a process beside the run while the meeting before it is drawn."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Self

from sopwb.cycle.beside import Beside
from sopwb.cycle.claims import AHEAD, claim, hand_over, hold_place, place_of
from sopwb.cycle.notebooks import kernel_environment
from sopwb.cycle.reuse import table_digests
from sopwb.cycle.stages import Stage, needs, seen
from sopwb.cycle.step import INPUTS, TABLES, Step, noted, open_step
from sopwb.cycle.warm import load_code

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Ahead", "next_stage"]

PAUSE_S = 0.05
PATIENCE_S = 5.0


class Ahead:
    """Has stages of later meetings made by another process, where there is a core for it.

    Parameters
    ----------
    folder
        Folder of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._maker: Beside | None = None

    def __enter__(self) -> Self:
        """No process is begun before it is asked for."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process: it stops by itself when nobody speaks to it any more."""
        if self._maker is None:
            return
        self._maker.end(PATIENCE_S)
        shutil.rmtree(self._folder / AHEAD, ignore_errors=True)

    def prepare(self) -> None:
        """Begin the process, which reads its code while the inputs of the run are read."""
        if self._maker is not None or os.cpu_count() == 1:
            return
        (self._folder / AHEAD).mkdir(exist_ok=True)
        environment = kernel_environment(self._folder / AHEAD)
        self._maker = Beside("sopwb.cycle.ahead", str(self._folder), environment=environment)
        self._maker.begin()

    def begin(self, notebook: str) -> None:
        """Say which meeting begins; the stages of later ones may be made ahead."""
        self.prepare()
        if self._maker is not None:
            self._maker.tell(notebook)  # where it has ended, every stage is made in its meeting


def next_stage(
    stages: Sequence[Stage], meeting: str, inputs: set[str], finished: set[str], passed: set[str]
) -> Stage | None:
    """The first stage of a later meeting whose tables are all there; None where there is none.

    Parameters
    ----------
    stages
        The flow.
    meeting
        Notebook of the meeting that is held.
    inputs
        Names of the input tables.
    finished
        Names of the stages whose tables are there.
    passed
        Names of the stages that are not to be made ahead.
    """
    there = inputs | {name for stage in stages if stage.name in finished for name in stage.writes}
    for stage in stages:
        if stage.notebook <= meeting or stage.name in finished | passed:
            continue
        if needs(stage, stages) <= there:
            return stage
    return None


class _Maker:
    """Makes stages of a run ahead until the run is gone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._meeting = ""
        self._made: set[str] = set()
        self._passed: set[str] = set()

    def hear(self) -> None:
        """Take note of each meeting that begins; end when nobody speaks any more."""
        for line in sys.stdin:
            self._meeting = line.strip()
        for child in multiprocessing.active_children():
            child.kill()
        os._exit(0)

    def work(self) -> None:
        """Make one stage after the other."""
        load_code()
        while not self._meeting:  # the run has no settings yet, and no inputs
            time.sleep(PAUSE_S)
        while True:
            finished = self._made | {note["stage"] for note in noted(self._folder)}
            stage = next_stage(self._step.stages, self._meeting, self._inputs, finished, self._passed)
            if stage is None:
                time.sleep(PAUSE_S)
            elif self._is_known(stage) or not claim(self._folder, stage.name):
                self._passed.add(stage.name)
            else:
                self._make(stage)

    @cached_property
    def _step(self) -> Step:
        return open_step("", "", run_folder=str(self._folder))

    @cached_property
    def _inputs(self) -> set[str]:
        return {path.stem for path in (self._folder / INPUTS).glob("*.parquet")}

    def _is_known(self, stage: Stage) -> bool:
        """Whether an earlier run made the same, which its meeting will take over."""
        reuse, folder = self._step.reuse, self._folder
        if reuse is None:
            return False
        digests = table_digests(
            folder / INPUTS, folder / TABLES, *(place_of(folder, name) for name in self._made)
        )
        return reuse.cache.has(
            reuse.fingerprint.stage_key(stage, seen(stage, digests, self._step.stages), self._step.model)
        )

    def _make(self, stage: Stage) -> None:
        place = place_of(self._folder, stage.name)
        try:
            note = replace(self._step, notebook=stage.notebook).make_in(stage, place)
        except Exception:  # noqa: BLE001 - the meeting makes it again, and tells in its own words why it fails
            hand_over(self._folder, stage.name, None)
            self._passed.add(stage.name)
            return
        hand_over(self._folder, stage.name, {**note, "is_ahead": True})
        self._made.add(stage.name)


def _make_ahead(folder: Path) -> None:
    lock = hold_place(folder)
    if lock is None:
        return
    maker = _Maker(folder)
    Thread(target=maker.hear, daemon=True).start()
    maker.work()


if __name__ == "__main__":
    _make_ahead(Path(sys.argv[1]))
