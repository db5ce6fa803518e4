"""The command line."""

from sopwb.cli.commands import app
from sopwb.cli.main import main

__all__ = ["app", "main"]
