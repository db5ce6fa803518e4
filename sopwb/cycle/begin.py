"""The beginning of a run: its input tables and resolved settings, read, or taken over when unchanged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from sopwb.config.load import Setup, load_setup, with_as_of
from sopwb.config.model import Model
from sopwb.cycle.inputs import Inputs, Request, base_run, load_inputs, schema_of
from sopwb.cycle.parts import collect_parts
from sopwb.cycle.reuse import Reuse
from sopwb.cycle.step import INPUTS, TABLES
from sopwb.document import dump_yaml
from sopwb.errors import InputError
from sopwb.exchange.read import source_files
from sopwb.extend import Parts
from sopwb.runs.archive import READ_TABLES, cycle_chain
from sopwb.runs.cache import key_of
from sopwb.runs.digest import file_digest
from sopwb.runs.store import write_tables
from sopwb.schema import Schema

__all__ = ["Beginning", "Found", "begin", "look"]

MODEL = "model.yaml"


@dataclass(frozen=True)
class Beginning:
    """What a run starts from; its input tables are in its folder.

    Parameters
    ----------
    request
        What was asked for.
    setup
        The settings with the as-of date resolved, and where each comes from.
    schema
        The core's declarations with those of the customer.
    builds_on
        Run of an earlier cycle it builds on.
    from_cache
        Whether the input tables are those of an earlier run.
    """

    request: Request
    setup: Setup
    schema: Schema
    builds_on: str | None
    from_cache: bool

    @property
    def model(self) -> Model:
        """The resolved model."""
        return self.setup.model

    @cached_property
    def parts(self) -> Parts:
        """Marked functions; collected when something has to be made."""
        folder = self.request.folder if self.request.use_extensions else None
        return collect_parts(self.model, self.schema, folder)


@dataclass(frozen=True)
class Found:
    """What is known of the inputs before the run has a folder.

    Parameters
    ----------
    setup
        The settings; with the as-of date resolved when an earlier run resolved it.
    schema
        The declared tables.
    builds_on
        Run of an earlier cycle it builds on, when no data had to be read to know.
    files_key
        Key of the files and settings; None when data comes from anything but files.
    whole_key
        Key of the inputs an earlier run made of them; None when there was none.
    inputs
        The inputs, read and checked; None when those of the earlier run are taken.
    """

    setup: Setup
    schema: Schema
    builds_on: str | None = None
    files_key: str | None = None
    whole_key: str | None = None
    inputs: Inputs | None = None


def look(request: Request, reuse: Reuse, *, before_reading: Callable[[], None] = lambda: None) -> Found:
    """The inputs, read and checked unless an earlier run has read the same files with the same settings.

    Parameters
    ----------
    request, reuse
        What is asked for, and what may be taken over.
    before_reading
        Called when data has to be read, which takes seconds.

    Raises
    ------
    InputError, SourceError
        Settings or data are wrong, or a source cannot be read.
    """
    setup = load_setup(request.folder, request.scenario, request.parameters)
    schema = schema_of(request.folder)
    key = _files_key(request, reuse, schema, setup.model)
    notes = reuse.cache.notes(key) if key else None
    if key and notes:
        as_of = pd.Timestamp(notes["as_of"])
        chain = _chain(request, as_of)
        whole = key_of(files=key, chain=chain)
        if reuse.cache.has(whole):
            return Found(with_as_of(setup, as_of.date()), schema, next(iter(chain), None), key, whole)
    before_reading()
    return Found(setup, schema, files_key=key, inputs=load_inputs(request))


def begin(folder: Path, request: Request, reuse: Reuse, found: Found) -> Beginning:
    """Put input tables and resolved settings into the folder of a run.

    Parameters
    ----------
    folder
        Folder of the run.
    request, reuse
        What is asked for, and what may be taken over.
    found
        Of `look`. Inputs of an earlier run that turn out to be damaged are read again.
    """
    if found.inputs is None and found.whole_key and reuse.cache.take(found.whole_key, folder) is not None:
        return Beginning(request, found.setup, found.schema, found.builds_on, from_cache=True)
    inputs = found.inputs or load_inputs(request)
    write_tables(folder / INPUTS, inputs.tables, inputs.schema, is_shaped=True)
    settings = dump_yaml(inputs.model.model_dump(mode="json"))
    (folder / MODEL).write_text(settings, encoding="utf-8")
    _remember(folder, request, reuse, found, inputs)
    return Beginning(request, inputs.setup, inputs.schema, inputs.builds_on, from_cache=False)


def _remember(folder: Path, request: Request, reuse: Reuse, found: Found, inputs: Inputs) -> None:
    setup = load_setup(request.folder, request.scenario, request.parameters)
    key = _files_key(request, reuse, found.schema, setup.model)
    if key is None or key != found.files_key:  # somebody saved a file while it was read
        return
    as_of = inputs.model.as_of
    names = [f"{INPUTS}/{path.name}" for path in (folder / INPUTS).glob("*.parquet")]
    reuse.keep(key, folder, [], {"as_of": str(as_of.date())})
    reuse.keep(key_of(files=key, chain=_chain(request, as_of)), folder, [*names, MODEL], {})


def _chain(request: Request, as_of: pd.Timestamp) -> dict[str, Mapping[str, Any]]:
    """The earlier runs this one builds on, nearest first, with the digests of what it reads of them."""
    if request.runs is None:
        return {}
    read = {f"{folder}/{name}.parquet" for folder in (TABLES, INPUTS) for name in READ_TABLES}
    return {
        run.run_id: {name: digest for name, digest in run.manifest.get("files", {}).items() if name in read}
        for run in cycle_chain(request.runs, base_run(request, as_of))
    }


def _files_key(request: Request, reuse: Reuse, schema: Schema, model: Model) -> str | None:
    """Key of the files and settings that inputs are made from; None when they are not only files."""
    if "source.folder" in model.parts.replace:
        return None
    try:
        files = source_files(request.folder, schema, request.source)
        digests = [(path.name, file_digest(path)) for path in files or ()]
    except (InputError, OSError):
        return None  # reading tells what is wrong
    if files is None:
        return None
    return key_of(
        kind="inputs",
        files=digests,
        model=model.model_dump(mode="json"),
        as_of=str(request.as_of),
        use_extensions=request.use_extensions,
        code=reuse.fingerprint.code,
        own_code=reuse.fingerprint.own_code,
        packages=reuse.fingerprint.packages,
    )
