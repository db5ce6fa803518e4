"""Whether a published run is still what it was when it was published, and whether it can be made again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sopwb.config.load import model_from_yaml
from sopwb.cycle.fingerprint import take_fingerprint
from sopwb.cycle.inputs import schema_of
from sopwb.cycle.manifest import code_digests
from sopwb.cycle.memory import run_stages
from sopwb.cycle.parts import collect_parts
from sopwb.cycle.stages import flow
from sopwb.cycle.step import INPUTS, TABLES
from sopwb.runs.digest import folder_digests
from sopwb.runs.publish import MANIFEST, Published
from sopwb.runs.store import arrow_bytes, read_table
from sopwb.schema import Table

__all__ = ["Verdict", "first_difference", "verify_files", "verify_tables"]

TOLERANCE = 1e-9
"""Relative difference of numbers up to which another machine makes the same."""


@dataclass(frozen=True)
class Verdict:
    """What a verification found.

    Parameters
    ----------
    changed
        What is not as it was published, a sentence each; nothing means that the run is whole.
    warnings
        What has changed since beside the run, so that it would be made differently today.
    file_count
        How many files were compared.
    """

    changed: tuple[str, ...]
    warnings: tuple[str, ...]
    file_count: int


def verify_files(run: Published, customer: Path | None) -> Verdict:
    """Every file of a run against its manifest, and today's code against that which made it.

    Parameters
    ----------
    run
        The published run.
    customer
        The customer's folder; None when it is not on this machine.
    """
    sealed: Mapping[str, str] = run.manifest["files"]
    found = folder_digests(run.folder)
    found.pop(MANIFEST, None)
    changed = [*_differing(sealed, found), *_approved_otherwise(run)]
    if customer is None:
        warnings = [f"{run.manifest['customer']} is not on this machine: its code cannot be compared"]
    else:
        warnings = list(_code_changes(run, customer))
    return Verdict(tuple(changed), tuple(warnings), len(sealed))


def verify_tables(run: Published, customer: Path) -> Iterator[str]:
    """Plan again from the run's own inputs and settings; a sentence for each table that comes out different.

    Tables are the same when their bytes are, or when every number is within 1e-9.

    Raises
    ------
    InputError
        The customer's code of today cannot be loaded.
    """
    schema = schema_of(customer)
    model = model_from_yaml(run.folder / "model.yaml")
    parts = collect_parts(model, schema, customer)
    given = {
        path.stem: read_table(path, schema[path.stem])
        for path in sorted((run.folder / INPUTS).glob("*.parquet"))
        if path.stem in schema
    }
    given |= {table.name: table.empty() for table in schema.inputs() if table.name not in given}
    stages = flow(parts)
    made = run_stages(given, model, parts, schema, stages)
    for name in (name for stage in stages for name in stage.writes):
        path = run.folder / TABLES / f"{name}.parquet"
        if not path.exists():
            yield f"{name} is made today, but is not in the run"
        elif path.read_bytes() != arrow_bytes(made[name], schema[name]):
            difference = first_difference(read_table(path, schema[name]), made[name], schema[name])
            if difference:
                yield f"{name}: {difference}"


def first_difference(stored: pd.DataFrame, made: pd.DataFrame, table: Table) -> str:
    """The first row and column in which two versions of a table differ, in words; empty when none does."""
    key = list(table.key)
    rows = stored.merge(made, on=key, how="outer", suffixes=("", "_made"), indicator="_side", validate="1:1")
    alone = rows[rows["_side"] != "both"]
    if len(alone):
        where = "is only in the run" if alone["_side"].iloc[0] == "left_only" else "is made only today"
        return f"the row {_row(alone.iloc[0], key)} {where}"
    for name in (name for name in table.columns if name not in key):
        different = ~_same(rows[name], rows[f"{name}_made"])
        if different.any():
            row = rows[different].iloc[0]
            return f"{name} of {_row(row, key)} is {row[name]} in the run and {row[f'{name}_made']} today"
    return ""


def _same(one: pd.Series, other: pd.Series) -> pd.Series:
    both_missing = one.isna() & other.isna()
    if one.dtype.kind == "f":
        close = np.isclose(one, other, rtol=TOLERANCE, atol=TOLERANCE)
        return pd.Series(close, index=one.index) | both_missing
    return (one == other).fillna(value=False).astype(bool) | both_missing


def _row(row: pd.Series, key: list[str]) -> str:
    cells = [row[name].date() if isinstance(row[name], pd.Timestamp) else row[name] for name in key]
    return ", ".join(f"{name}={cell}" for name, cell in zip(key, cells, strict=True))


def _differing(sealed: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*sealed, *found}):
        if name not in found:
            yield f"{name} is missing"
        elif name not in sealed:
            yield f"{name} was added"
        elif sealed[name] != found[name]:
            yield f"{name} was changed"


def _approved_otherwise(run: Published) -> Iterator[str]:
    path = run.approval
    if path.exists():
        approved = json.loads(path.read_text(encoding="utf-8"))["files"]
        if approved != run.manifest["files"]:
            yield f"{MANIFEST} was changed: it names other digests than were approved"


def _code_changes(run: Published, customer: Path) -> Iterator[str]:
    """What of the code is not what made the run."""
    before, now = run.manifest, code_digests(customer, take_fingerprint(customer))
    words = {
        "package_digest": "the workbench has changed since",
        "customer_digest": "settings, mappings or code of the customer have changed since",
        "lock_digest": "the packages' lock has changed since",
    }
    for key, text in words.items():
        if before.get(key) != now[key]:
            yield text
    present = now["notebook_digests"]
    sealed = before.get("notebook_digests", present)  # manifests of earlier versions do not tell
    for name in sorted({*sealed, *present}):
        if sealed.get(name) != present.get(name):
            yield f"the notebook {name} has changed since"
