"""The command line."""

from sopwb.cli.commands import app, main

__all__ = ["app", "main"]
