"""Notebooks that a customer has put in the place of the workbench's, and whether the workbench moved on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sopwb.cycle.notebooks import notebook_folder, own_notebooks
from sopwb.cycle.stages import NOTEBOOKS

__all__ = ["Replaced", "replaced_notebooks", "replacement_warnings"]


@dataclass(frozen=True)
class Replaced:
    """One notebook that is executed in the place of one of the workbench, by digests of what they say.

    Parameters
    ----------
    notebook
        Name of both.
    own, built_in
        What the customer's says, and what the workbench's says now.
    replaces
        What the workbench's said when a run first saw the customer's as it is.
    """

    notebook: str
    own: str
    built_in: str
    replaces: str


def replaced_notebooks(customer: Path, before: Iterable[Mapping[str, str]] = ()) -> list[Replaced]:
    """Notebooks of a customer that have the name of one of the workbench but say something else.

    Parameters
    ----------
    customer
        The customer's folder.
    before
        What the manifest of the run before says of replaced notebooks.
    """
    known = {(row["notebook"], row["own"]): row["replaces"] for row in before}
    found = []
    for name, path in own_notebooks(customer).items():
        if name in NOTEBOOKS:
            own, built_in = _said(path), _said(notebook_folder() / f"{name}.ipynb")
            if own != built_in:
                found.append(Replaced(name, own, built_in, known.get((name, own), built_in)))
    return found


def replacement_warnings(replaced: Iterable[Replaced]) -> list[str]:
    """What a reader of the run has to know about its replaced notebooks."""
    warnings = []
    for item in replaced:
        text = f"{item.notebook} is the customer's own notebook, not the workbench's"
        if item.replaces != item.built_in:
            text += "; the workbench's has changed since: compare the two, then save yours"
        warnings.append(text)
    return warnings


def _said(path: Path) -> str:
    """Digest of the cells of a notebook, without outputs and however it was saved."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    said = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
