"""The processes that hold the meetings of a run: the kernel, and one that makes later stages ahead."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sopwb.cycle.ahead import Ahead
from sopwb.cycle.notebooks import Execute, executor

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Crew"]


class Crew:
    """Holds the meetings of a run; its processes begin when they are needed, or are prepared before.

    Parameters
    ----------
    folder
        Folder of the run.
    isolated
        A kernel of its own for each notebook.
    """

    def __init__(self, folder: Path, *, isolated: bool) -> None:
        self._folder, self._isolated = folder, isolated
        self._stack = ExitStack()
        self._hands: tuple[Ahead, Execute] | None = None

    def __enter__(self) -> Self:
        """Nothing is begun yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every process."""
        self.dismiss()

    def prepare(self) -> None:
        """Begin the processes, so that they load their code while the inputs are read."""
        ahead, _ = self._begun(is_begun=True)
        ahead.prepare()

    def hold(self, notebook: Path, parameters: Mapping[str, str]) -> Path:
        """Execute a notebook, while stages of later ones are made ahead; the executed one."""
        ahead, execute = self._begun()
        ahead.begin(notebook.stem)
        return execute(notebook, parameters)

    def dismiss(self) -> None:
        """End every process; the next meeting begins new ones."""
        self._hands = None
        self._stack.close()

    def _begun(self, *, is_begun: bool = False) -> tuple[Ahead, Execute]:
        if self._hands is None:
            ahead = self._stack.enter_context(Ahead(self._folder))
            kernel = executor(self._folder, isolated=self._isolated, is_begun=is_begun)
            self._hands = (ahead, self._stack.enter_context(kernel))
        return self._hands
