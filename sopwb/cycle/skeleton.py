"""The folder of a new customer: a small company that plans at once, to be changed into the real one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import sopwb
from sopwb.config.load import CUSTOMER_NAME, model_json_schema
from sopwb.errors import Fault, InputError, SopwbError

__all__ = ["new_customer", "skeleton_folder"]

FOLDER = "customer"
LEFT_BEHIND = ("__pycache__", "runs", ".pytest_cache", ".ruff_cache")
"""What tools may have left in the skeleton, and no customer should begin with."""


def skeleton_folder() -> Path:
    """Folder of the skeleton: the wheel's own copy, else that of the clone.

    Raises
    ------
    SopwbError
        Neither exists: the installation is broken.
    """
    package = Path(sopwb.__file__).resolve().parent
    for folder in (package / "_share" / "templates", package.parent / "templates"):
        if (folder / FOLDER / "model.yaml").is_file():
            return folder / FOLDER
    raise SopwbError(f"the skeleton of a customer is missing beside {package}; install sopwb again")


def new_customer(path: Path) -> Path:
    """The folder of a new customer that can be checked and planned at once.

    It holds the skeleton, the JSON schema of its settings for editors, and the version of
    sopwb it was made with. It is built aside and appears by one rename.

    Parameters
    ----------
    path
        Folder to make; its name becomes the name of the customer.

    Raises
    ------
    InputError
        The folder exists, cannot name a customer, or cannot be written.
    """
    target = path.expanduser().absolute()
    _refuse(target)
    aside = target.with_name(f".new-{target.name}")
    try:
        shutil.copytree(skeleton_folder(), aside, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
        _write(aside / "requirements.txt", f"sopwb=={sopwb.__version__}\n")
        _write(aside / "model.schema.json", json.dumps(model_json_schema(), indent=2) + "\n")
        aside.rename(target)
    except OSError as error:
        problem = f"cannot be made: {error.strerror or error}"
        remedy = "choose a folder you may write to"
        raise InputError([Fault(str(path), problem, remedy=remedy)]) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return target


def _refuse(target: Path) -> None:
    faults = []
    if not CUSTOMER_NAME.match(target.name):
        remedy = "use lower-case letters, digits, - and _, at most 40"
        faults.append(Fault("customer", f"{target.name!r} cannot name a customer", remedy=remedy))
    if target.exists() or target.is_symlink():
        faults.append(Fault(str(target), "exists already", remedy="choose a folder that does not exist"))
    if not target.parent.is_dir():
        faults.append(Fault(str(target.parent), "is no folder", remedy="make it first, or correct the path"))
    if faults:
        raise InputError(faults)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
