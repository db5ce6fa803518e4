"""Read everything a customer has, from files and source systems, into raw tables of declared names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

from sopwb.errors import Fault, InputError, SourceError
from sopwb.exchange.files import KINDS_REMEDY, SUFFIXES, is_ignored, read_file
from sopwb.exchange.folder import folder, source_folder
from sopwb.exchange.mapping import Source, nearest, read_sources
from sopwb.exchange.raw import ASSUMPTION, Default, RawInputs, RawTable, with_defaults
from sopwb.exchange.secret import masked, masked_fault
from sopwb.schema import Schema

__all__ = ["BUILT_IN_SOURCES", "read_inputs", "source_files"]

Reader = Callable[[Source, Path | None, Collection[str] | None], RawInputs]

BUILT_IN_SOURCES: Mapping[str, Reader] = {"folder": folder}


def read_inputs(
    customer_folder: Path,
    schema: Schema,
    *,
    source: Path | None = None,
    only: Collection[str] | None = None,
    sources: Mapping[str, Reader] | None = None,
) -> RawInputs:
    """Every input table of a customer as found, where it was found, and the labelled defaults.

    Each file ``data/<table>.csv|parquet|xlsx`` is the table of that name; mappings in
    ``sources/*.yaml`` make further tables (see `sopwb.exchange.mapping`).

    Parameters
    ----------
    customer_folder
        The customer's folder.
    schema
        The declared tables.
    source
        Folder of the source system's files, given for this run.
    only
        Names of the tables wanted; None means all.
    sources
        Readers by kind, built-in and the customer's; None means the built-in ones.

    Raises
    ------
    InputError
        Anything cannot be read or is not declared, or a secret is not set; all faults at once.
    SourceError
        A source system cannot be read.
    """
    files, faults = _data_files(customer_folder / "data", schema)
    mapped, found = read_sources(customer_folder, schema)
    faults += found + _doubled(files, mapped) + _undirected(source, mapped)
    if not files and not mapped and not faults:
        remedy = "put files such as product.csv into data/, or a mapping into sources/"
        faults.append(Fault(customer_folder.name, "has no data", remedy=remedy))
    tables: dict[str, RawTable] = {}
    defaults: list[Default] = []
    for name, path in files.items():
        if only is None or name in only:
            faults += _read_table(name, path, tables)
    for one in mapped:
        faults += _read_source(one, source, only, sources or BUILT_IN_SOURCES, tables, defaults)
    if faults:
        raise InputError(faults)
    if defaults:
        origin = ", ".join(one.document.path.name for one in mapped if one.mapping.defaults)
        tables[ASSUMPTION] = with_defaults(tables.get(ASSUMPTION), defaults, origin)
    return RawInputs(dict(sorted(tables.items())), tuple(defaults))


def source_files(customer_folder: Path, schema: Schema, source: Path | None = None) -> list[Path] | None:
    """Every file a customer's tables are read from; None when one is read from anything but files.

    Parameters
    ----------
    customer_folder, schema, source
        As for `read_inputs`.

    Raises
    ------
    InputError
        The folder of a source does not exist.
    """
    mapped, faults = read_sources(customer_folder, schema)
    if faults or any(one.mapping.kind not in BUILT_IN_SOURCES for one in mapped):
        return None
    folders = [customer_folder / "data", *(source_folder(one, source) for one in mapped)]
    files = [path for place in folders for path in sorted(place.glob("*")) if path.is_file()]
    return [*files, *(one.document.path for one in mapped)]


def _data_files(data: Path, schema: Schema) -> tuple[dict[str, Path], list[Fault]]:
    files: dict[str, Path] = {}
    faults: list[Fault] = []
    for path in sorted(data.iterdir()) if data.is_dir() else []:
        if is_ignored(path):
            continue
        where = f"data/{path.name}"
        if path.suffix.lower() not in SUFFIXES:
            faults.append(Fault(where, "is not a file we read", remedy=KINDS_REMEDY))
        elif path.stem not in schema or not schema[path.stem].is_input:
            known = [table.name for table in schema.inputs()]
            problem = "is a table of results" if path.stem in schema else "is no declared table"
            faults.append(Fault(where, problem, remedy=nearest(path.stem, known)))
        elif path.stem in files:
            problem = f"{path.stem} is in {files[path.stem].name} too"
            faults.append(Fault(where, problem, remedy="keep one of the two files"))
        else:
            files[path.stem] = path
    return files, faults


def _doubled(files: Mapping[str, Path], mapped: list[Source]) -> list[Fault]:
    return [
        Fault(one.place("tables", name), f"{name} is in data/{path.name} too", remedy="keep one of them")
        for one in mapped
        for name, path in files.items()
        if name in one.mapping.tables
    ]


def _undirected(source: Path | None, mapped: list[Source]) -> list[Fault]:
    if source is None or len(mapped) == 1:
        return []
    problem = f"names one folder, but the customer has {len(mapped) or 'no'} mappings in sources/"
    return [Fault("--source", problem, remedy="leave it out, and set the path_from variables instead")]


def _read_table(name: str, path: Path, tables: dict[str, RawTable]) -> list[Fault]:
    try:
        tables[name] = RawTable(read_file(path, name), f"data/{path.name}")
    except InputError as error:
        return list(error.faults)
    return []


def _read_source(
    one: Source,
    location: Path | None,
    only: Collection[str] | None,
    readers: Mapping[str, Reader],
    tables: dict[str, RawTable],
    defaults: list[Default],
) -> list[Fault]:
    kind = one.mapping.kind
    if kind not in readers:
        problem = f"there is no source of the kind {kind!r}"
        return [Fault(one.place("kind"), problem, remedy=nearest(kind, readers))]
    try:
        found = _asked(readers[kind], one, location, only)
    except InputError as error:
        return [masked_fault(fault) for fault in error.faults]
    tables |= {
        name: RawTable(table.frame, masked(table.origin))
        for name, table in found.tables.items()
        if name not in tables
    }
    defaults += (replace(default, text=masked(default.text)) for default in found.defaults)
    return []


def _asked(reader: Reader, one: Source, location: Path | None, only: Collection[str] | None) -> RawInputs:
    """What a reader yields; whatever goes wrong in one of a customer is the source's, and tells no secret."""
    try:
        return reader(one, location, only)
    except InputError:
        raise
    except SourceError as error:
        raise SourceError(masked(str(error))) from None
    except Exception as error:
        if reader is folder:
            raise
        said = masked(f"{type(error).__name__}: {error}")
        raise SourceError(f"{one.place()}: the source {one.mapping.source} cannot be read: {said}") from None
