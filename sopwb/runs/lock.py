"""A lock that is gone when the process that held it is gone, however it ended."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any

__all__ = ["Lock", "try_lock"]


@dataclass(frozen=True)
class Lock:
    """A file that is locked by this process."""

    path: Path
    stream: IO[bytes]

    def release(self) -> None:
        """Give the lock up and take its file away; a second time does nothing."""
        if not self.stream.closed:
            self.stream.close()
            self.path.unlink(missing_ok=True)

    def __del__(self) -> None:
        """Free the lock with the last one who knows it; its file stays, as after a kill."""
        self.stream.close()


def try_lock(path: Path) -> Lock | None:
    """The lock of a file, which is made when it is missing; None while another process holds it.

    The operating system frees it with the last handle of the process, so a killed process, or a machine
    that lost power, leaves a file but no lock.
    """
    stream = path.open("ab")
    try:
        _lock(stream)
    except OSError:
        stream.close()
        return None
    return Lock(path, stream)


def _lock(stream: IO[bytes]) -> None:
    if os.name == "posix":
        posix: Any = import_module("fcntl")
        posix.flock(stream, posix.LOCK_EX | posix.LOCK_NB)
    else:
        windows: Any = import_module("msvcrt")
        windows.locking(stream.fileno(), windows.LK_NBLCK, 1)
