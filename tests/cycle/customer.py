"""A copy of the skeleton that tests may break."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from sopwb.cycle.inputs import Request, load_inputs
from sopwb.cycle.skeleton import skeleton_folder
from sopwb.errors import Fault, InputError

NEEDED = ("product", "location", "market", "sales_history")
MADE = ("bill_of_material", "stock_on_hand", "purchase_term", "supplier")


def acme(place: Path, *more: str) -> Path:
    """The skeleton with only the tables it cannot do without, and those named."""
    folder = place / "acme"
    shutil.copytree(skeleton_folder(), folder, ignore=shutil.ignore_patterns("data", "__pycache__"))
    (folder / "data").mkdir()
    for name in (*NEEDED, *more):
        shutil.copy(skeleton_folder() / "data" / f"{name}.csv", folder / "data")
    return folder


def cells(folder: Path, table: str) -> pd.DataFrame:
    """Cells of one table as text."""
    return pd.read_csv(folder / "data" / f"{table}.csv", dtype=str, keep_default_na=False)


def write(folder: Path, table: str, frame: pd.DataFrame) -> None:
    """Put other cells in the place of a table."""
    frame.to_csv(folder / "data" / f"{table}.csv", index=False)


def append(folder: Path, name: str, text: str) -> None:
    """Add lines to a settings file."""
    path = folder / name
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def faults_of(folder: Path, **words: object) -> tuple[Fault, ...]:
    """Every fault of a customer that cannot be read."""
    with pytest.raises(InputError) as caught:
        load_inputs(Request(folder, **words))
    return caught.value.faults
