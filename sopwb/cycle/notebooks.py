"""Execute the notebooks of a run with papermill, in one warm kernel that is reset between meetings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sopwb
from sopwb.cycle.stages import NOTEBOOKS
from sopwb.errors import Fault, InputError, SopwbError, SourceError
from sopwb.exchange.secret import PREFIX
from sopwb.lean import skip_address_grammar

__all__ = [
    "PARAMETERS",
    "Execute",
    "Progress",
    "chain",
    "check_notebooks",
    "executor",
    "kernel_environment",
    "notebook_folder",
    "own_notebooks",
]

PARAMETERS = ("customer", "scenario", "run_folder")
LONGEST_SOCKET = 100
"""Characters that every system takes as the address of a socket file."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

WARM = "--IPKernelApp.extra_extensions=sopwb.cycle.warm"

Progress = Callable[[str, int, int], None]
"""Told the name of the meeting that begins, its place, and how many there are."""

Execute = Callable[[Path, Mapping[str, str]], Path]
"""Executes a notebook with parameters in the folder of a run, and gives the executed one."""


def notebook_folder() -> Path:
    """Folder of the core's notebooks: the wheel's own copy, else that of the clone."""
    package = Path(sopwb.__file__).resolve().parent
    for folder in (package / "_share" / "notebooks", package.parent / "notebooks"):
        if folder.is_dir() and any(folder.glob("*.ipynb")):
            return folder
    raise SopwbError(f"the notebooks are missing beside {package}; install sopwb again")


def chain(customer: Path) -> list[Path]:
    """Notebooks of a run in order: the core's, replaced by or joined with those of the customer."""
    core = notebook_folder()
    files = {name: core / f"{name}.ipynb" for name in NOTEBOOKS}
    files |= own_notebooks(customer)
    return [files[name] for name in sorted(files)]


def own_notebooks(customer: Path) -> dict[str, Path]:
    """Notebooks of a customer by name: those in the place of the core's, and those between them."""
    return {path.stem: path for path in sorted((customer / "notebooks").glob("[0-9][0-9]_*.ipynb"))}


def check_notebooks(notebooks: Iterable[Path]) -> None:
    """Refuse notebooks that the chain could not execute, before a kernel starts.

    Raises
    ------
    InputError
        One cannot be read, or lacks a parameter; all faults at once.
    """
    faults = [fault for path in notebooks for fault in _notebook_faults(path)]
    if faults:
        raise InputError(faults)


def _notebook_faults(path: Path) -> list[Fault]:
    skip_address_grammar()
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as error:
        return [Fault(path.name, f"cannot be read as a notebook: {error}", remedy="save it from JupyterLab")]
    tagged = [cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    missing = [
        name for name in PARAMETERS if not any(f"{name}:" in text or f"{name} =" in text for text in tagged)
    ]
    if missing:
        remedy = "tag a cell `parameters` that sets customer, scenario and run_folder"
        return [Fault(path.name, f"has no parameter {', '.join(missing)}", remedy=remedy)]
    return []


@dataclass
class _Kernel:
    """One kernel of a run; place is where it keeps files, used says whether a notebook has run in it."""

    manager: Any
    place: Path
    is_used: bool = False


@contextmanager
def executor(folder: Path, *, isolated: bool = False, is_begun: bool = False) -> Iterator[Execute]:
    """A way to execute notebooks in the folder of a run; the first starts a kernel, stopped at the end.

    Parameters
    ----------
    folder
        Folder of the run, in which the kernel works.
    isolated
        A kernel of its own for each notebook.
    is_begun
        The first kernel starts at once and loads the code of a run, before a notebook asks for it.

    Yields
    ------
    Execute
        It raises what a step raised in the kernel: InputError, SourceError or SopwbError in the step's words.
    """
    (folder / "notebooks").mkdir(exist_ok=True)
    with (
        TemporaryDirectory(prefix="sopwb-", ignore_cleanup_errors=True) as place,
        _kernels(Path(place), isolated=isolated) as kernel_for,
    ):
        if is_begun:
            _begin(kernel_for(), folder)
        yield lambda path, parameters: _execute(path, folder, parameters, kernel_for)


def _execute(
    path: Path, folder: Path, parameters: Mapping[str, str], kernel_for: Callable[[], _Kernel]
) -> Path:
    skip_address_grammar()
    import papermill
    from papermill.exceptions import PapermillExecutionError

    _register()
    target = folder / "notebooks" / path.name
    try:
        papermill.execute_notebook(
            str(path),
            str(target),
            parameters=dict(parameters),
            engine_name="sopwb",
            kernel_name="python3",
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            cwd=str(folder),
            kernel=kernel_for(),
        )
    except PapermillExecutionError as error:
        raise _as_told(path.stem, error) from None
    except RuntimeError as error:  # nbclient's and jupyter_client's word for a kernel that is gone
        remedy = "as the system does when memory runs out; the next run continues with this step"
        raise SopwbError(f"step {path.stem}: its process was ended, {remedy} ({error})") from None
    _forget_places(target)
    return target


def _forget_places(path: Path) -> None:
    """Take out of an executed notebook where on this machine it was."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    for word in ("input_path", "output_path"):
        notebook.metadata.papermill[word] = path.name
    nbformat.write(notebook, path)


def _as_told(name: str, error: Any) -> SopwbError:
    """The error of a step, in the step's own words and with its exit code."""
    if error.ename == "InputError":
        return InputError([Fault(f"step {name}", str(error.evalue))])
    kind = SourceError if error.ename == "SourceError" else SopwbError
    trace = "\n".join(error.traceback[-6:]) if kind is SopwbError else ""
    return kind(f"step {name}: {error.ename}: {error.evalue}\n{trace}")


@contextmanager
def _kernels(place: Path, *, isolated: bool) -> Iterator[Callable[[], _Kernel]]:
    """A giver of kernels: always the same one, or an unused one each time; all are shut down at the end."""
    given: list[_Kernel] = []

    def give() -> _Kernel:
        if not given or (isolated and given[-1].is_used):
            given.append(_Kernel(_manager(place, len(given)), place))
        return given[-1]

    try:
        yield give
    finally:
        for kernel in given:
            _stop(kernel)


def _manager(place: Path, number: int) -> Any:
    """Manager of a kernel that keeps its connection in a folder of ours; no home directory is needed.

    The kernel is the Python that runs us, whatever else a person has called ``python3``. Kernels talk over
    files where the system has them, so that no port is open.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    manager = AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
        connection_file=str(place / f"kernel-{number}.json"),
    )
    address = place / f"k{number}"
    if os.name == "posix" and len(f"{address}-5") < LONGEST_SOCKET:
        manager.transport, manager.ip = "ipc", str(address)
    return manager


def _begin(kernel: _Kernel, folder: Path) -> None:
    """Start a kernel that goes on to load the code of a run; nobody waits for it."""
    from jupyter_core.utils import run_sync

    run_sync(kernel.manager.start_kernel)(
        cwd=str(folder), env=kernel_environment(kernel.place), extra_arguments=[WARM]
    )


def _stop(kernel: _Kernel) -> None:
    from jupyter_core.utils import run_sync

    if kernel.manager.has_kernel:
        run_sync(kernel.manager.shutdown_kernel)(now=True)


def kernel_environment(place: Path) -> dict[str, str]:
    """What a kernel may know: no secrets, no settings of a person, one thread, copy-on-write."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    plain |= dict.fromkeys(ONE_THREAD, "1") | {"PANDAS_COPY_ON_WRITE": "1"}
    plain |= {"IPYTHONDIR": str(place / "ipython"), "JUPYTER_RUNTIME_DIR": str(place)}
    plain.pop("PYTHONDONTWRITEBYTECODE", None)
    return plain


def _register() -> None:
    """Make our engine known to papermill, through the door its own engines use."""
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    class WarmClient(PapermillNotebookClient):  # type: ignore[misc]
        """Executes in a kernel that may have run another notebook, and forgets that one first."""

        warm: _Kernel

        def papermill_execute_cells(self) -> None:
            if self.warm.is_used:
                self.wait_for_reply(self.kc.execute("%reset -f", silent=True))
            self.warm.is_used = True
            super().papermill_execute_cells()

    class WarmEngine(NBClientEngine):  # type: ignore[misc]
        """Executes every notebook of a run in one kernel."""

        @classmethod
        def execute_managed_notebook(
            cls, nb_man: Any, kernel_name: str, *, kernel: _Kernel, **_settings: Any
        ) -> None:
            client = WarmClient(nb_man, km=kernel.manager, kernel_name=kernel_name, timeout=None)
            client.warm = kernel
            try:
                client.execute(env=kernel_environment(kernel.place))
            finally:
                if client.kc is not None:
                    client.kc.stop_channels()

    papermill_engines.register("sopwb", WarmEngine)
