"""The way in and out: one readable message for every mistake, and an exit code a scheduler can read."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

import typer

from sopwb.cli.commands import app
from sopwb.cli.say import speak_any_language, tell, without_secrets
from sopwb.errors import SopwbError

__all__ = ["main"]

STOPPED = 130
OUR_FAULT = 70
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    """Run the command line; every mistake is one message on the error stream, and an exit code."""
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    os.environ.setdefault("PANDAS_COPY_ON_WRITE", "1")
    speak_any_language()
    _stop_when_told()
    try:
        code = app(standalone_mode=False)  # of a command that ends with `typer.Exit`, or was stopped
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except SopwbError as error:
        tell(str(error))
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last door: nobody should read a traceback
        sys.exit(_usage_or_ours(error))
    if code == STOPPED:
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # what the stop interrupted is no news
        tell("Stopped. Nothing was published. The next run continues after the last finished step.")
    sys.exit(code)


def _stop_when_told() -> None:
    """Let a scheduler that ends a job stop it as a person does with Ctrl-C, so that it cleans up."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _usage_or_ours(error: Exception) -> int:
    """Exit code of an error nobody named: wrong usage, else our fault, with its trace in a file."""
    show = getattr(error, "show", None)
    if callable(show):  # the parser's own errors, whichever copy of click it carries
        show()
        return 2
    tell(f"This is our fault: {type(error).__name__}: {error}\n{_details(error)}")
    return OUR_FAULT


def _details(error: Exception) -> str:
    """Where the trace of an error was written; the trace itself where nothing can be written."""
    import tempfile
    import traceback

    trace = without_secrets("".join(traceback.format_exception(error)))
    try:
        with tempfile.NamedTemporaryFile(
            "w", suffix=".txt", prefix="sopwb-", delete=False, encoding="utf-8"
        ) as file:
            file.write(trace)
    except OSError as unwritable:
        last = traceback.extract_tb(error.__traceback__)[-1]
        reason = unwritable.strerror
        return f"The details cannot be written ({reason}); it was in {last.name}, line {last.lineno}."
    return f"The details are in {file.name}"
