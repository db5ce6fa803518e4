"""A small customer to read, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from sopwb.errors import Fault, InputError
from sopwb.exchange import RawInputs, read_inputs
from sopwb.schema import Schema, load_schema

MAPPING = """
source: acme
kind: folder
path_from: SOPWB_ACME
tables:
  product:
    sql: select item as product, name as description, 'juice' as family, 'finished' as product_type from items
"""


@pytest.fixture(scope="session")
def schema() -> Schema:
    return load_schema()


@pytest.fixture
def customer(tmp_path: Path) -> Path:
    folder = tmp_path / "acme"
    (folder / "data").mkdir(parents=True)
    return folder


@pytest.fixture
def exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of a source system, found through the environment."""
    folder = tmp_path / "exports"
    folder.mkdir()
    pd.DataFrame({"item": ["0012", "NO"], "name": ["Apple", "Norway mix"]}).to_csv(
        folder / "items.csv", index=False
    )
    monkeypatch.setenv("SOPWB_ACME", str(folder))
    return folder


@pytest.fixture
def mapped(customer: Path) -> Callable[[str], Path]:
    """Write the mapping of the customer."""

    def write(text: str = MAPPING) -> Path:
        (customer / "sources").mkdir(exist_ok=True)
        (customer / "sources" / "acme.yaml").write_text(text, encoding="utf-8")
        return customer

    return write


@pytest.fixture
def faults_of(schema: Schema) -> Callable[..., tuple[Fault, ...]]:
    """The faults of reading a customer that cannot be read."""

    def read(folder: Path, **words: object) -> tuple[Fault, ...]:
        with pytest.raises(InputError) as caught:
            read_inputs(folder, schema, **words)
        return caught.value.faults

    return read


@pytest.fixture
def read(schema: Schema) -> Callable[..., RawInputs]:
    def reading(folder: Path, **words: object) -> RawInputs:
        return read_inputs(folder, schema, **words)

    return reading
