"""Where the templates of the pages are, in a clone and in an installed package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sopwb
from sopwb.errors import SopwbError

__all__ = ["read_template", "template_folder"]

FOLDER = "report"


def template_folder() -> Path:
    """Folder of the report templates: the wheel's own copy, else that of the clone.

    Raises
    ------
    SopwbError
        When neither exists: the installation is broken.
    """
    package = Path(sopwb.__file__).resolve().parent
    for folder in (package / "_share" / "templates", package.parent / "templates"):
        if (folder / FOLDER).is_dir():
            return folder / FOLDER
    raise SopwbError(f"the report templates are missing beside {package}; install sopwb again")


@cache
def read_template(name: str) -> str:
    """Text of one template file."""
    return (template_folder() / name).read_text(encoding="utf-8")
