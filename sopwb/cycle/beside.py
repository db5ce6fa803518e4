"""A process beside the run that is told what to do a line at a time, and never outlives the run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress

from sopwb.errors import SopwbError

__all__ = ["Beside"]


class Beside:
    """A module run as a process of its own, begun with the first line it is told at the latest.

    Parameters
    ----------
    module
        Name of the module.
    arguments
        What it is called with.
    environment
        Its environment.
    is_heard
        Whether what it says on its way is kept, for ``finish`` to give.
    """

    def __init__(
        self, module: str, *arguments: str, environment: Mapping[str, str], is_heard: bool = False
    ) -> None:
        self._command = [sys.executable, "-m", module, *arguments]
        self._environment, self._is_heard = dict(environment), is_heard
        self._process: subprocess.Popen[str] | None = None

    @property
    def is_running(self) -> bool:
        """Whether it was begun and has not ended."""
        return self._process is not None and self._process.poll() is None

    def begin(self) -> subprocess.Popen[str]:
        """Begin it, where it was not; it may load its code before it is told anything."""
        if self._process is None:
            quiet = subprocess.DEVNULL
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=quiet,
                stderr=subprocess.PIPE if self._is_heard else quiet,
                encoding="utf-8",
                env=self._environment,
                start_new_session=True,
            )
        return self._process

    def tell(self, line: str) -> None:
        """Tell it a line; one that has ended hears no more, and `finish` tells why."""
        spoken_to = self.begin().stdin
        if spoken_to is None:
            raise SopwbError("the process beside the run cannot be spoken to")
        with suppress(BrokenPipeError):
            spoken_to.write(f"{line}\n")
            spoken_to.flush()

    def finish(self) -> str:
        """Wait until it has done all it was told; what it said where it failed, else nothing."""
        if self._process is None:
            return ""
        _, said = self._process.communicate()
        return (said or "it says nothing") if self._process.returncode else ""

    def end(self, patience_s: float = 0.0) -> None:
        """End it, by force where it does not end by itself in some seconds once nobody speaks to it."""
        if self._process is None:
            return
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()
