"""What the command line says, and that no secret is in it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper

__all__ = ["say", "speak_any_language", "tell", "without_secrets"]


def say(text: str) -> None:
    """Say a result on the output stream."""
    print(text)


def tell(text: str) -> None:
    """Tell what a person should know on the error stream."""
    print(without_secrets(text), file=sys.stderr)


def without_secrets(text: str) -> str:
    """A text with the name of a secret in its place."""
    if not any(name.startswith("SOPWB_SECRET_") for name in os.environ):
        return text
    from sopwb.exchange.secret import masked

    return masked(text)


def speak_any_language() -> None:
    """Let a stream whose encoding lacks a sign, as € in an old locale, show a mark in its place."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            with suppress(OSError):
                stream.reconfigure(errors="replace")
