"""The progress of a run, for a person at a screen and for the log of a scheduler."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["meeting_bar"]


@contextmanager
def meeting_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar over the meetings of a run; where there is no screen, a line for each."""
    if not sys.stderr.isatty():
        yield _line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("reading data", total=None)

        def tell(name: str, place: int, count: int) -> None:
            bar.update(task, description=_title(name), completed=place - 1, total=count)

        yield tell
        bar.update(task, description="published", completed=bar.tasks[0].total or 0)


def _line(name: str, place: int, count: int) -> None:
    print(f"[{place}/{count}] {_title(name)}", file=sys.stderr, flush=True)


def _title(name: str) -> str:
    return name.partition("_")[2].replace("_", " ")
