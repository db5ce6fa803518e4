"""The real company, read once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sopwb.exchange import RawInputs, read_inputs
from sopwb.schema import Schema, load_schema
from sopwb.schema.parse import parse
from sopwb.schema.validate import validate

CUSTOMER = Path(__file__).resolve().parents[2] / "customers" / "adventureworks"


@pytest.fixture(scope="session")
def extract(shared_data: Path) -> Path:
    """Folder of the extract as it came."""
    return shared_data / "adventureworks"


@pytest.fixture(scope="session")
def schema() -> Schema:
    return load_schema()


@pytest.fixture(scope="session")
def raw(extract: Path, schema: Schema) -> RawInputs:
    return read_inputs(CUSTOMER, schema, source=extract)


@pytest.fixture(scope="session")
def tables(raw: RawInputs, schema: Schema) -> dict[str, pd.DataFrame]:
    """Every table of the mapping, parsed and without a fault."""
    parsed = {}
    for name, frame in raw.frames.items():
        parsed[name], faults = parse(frame, schema[name])
        assert faults == []
    assert validate(parsed, schema) == []
    return {name: schema[name].shape(frame) for name, frame in parsed.items()}
