"""A measurement that another process takes while this one takes its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from multiprocessing import get_all_start_methods, get_context
from typing import Any, Generic, TypeVar

__all__ = ["Aside"]

Found = TypeVar("Found")


class Aside(Generic[Found]):
    """What another process finds out meanwhile, on a second core.

    Two measurements that are held against each other then meet the same other load on the machine, and
    take half the time. Without a second core, or where a process cannot be split in two, as on Windows, it
    is found out when it is asked for.

    Parameters
    ----------
    find
        Finds it out.
    """

    def __init__(self, find: Callable[[], Found]) -> None:
        self._find, self._process = find, None
        if _cores() > 1 and "fork" in get_all_start_methods():
            context = get_context("fork")
            self._door, other = context.Pipe(duplex=False)
            self._process = context.Process(target=_tell, args=(other, find), daemon=True)
            self._process.start()
            other.close()

    def found(self) -> Found:
        """What was found out; waits for it.

        Raises
        ------
        RuntimeError
            The other process ended without an answer; what ended it is printed by it.
        """
        if self._process is None:
            return self._find()
        try:
            answer: Found = self._door.recv()
        except EOFError:
            raise RuntimeError("the process beside this one ended without an answer") from None
        finally:
            self._process.join()
        return answer


def _cores() -> int:
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _tell(door: Any, find: Callable[[], Any]) -> None:
    door.send(find())
