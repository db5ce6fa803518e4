"""What finished steps made, kept by a key of all they were made from, so that nothing is made twice."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from sopwb.runs.digest import file_digest

__all__ = ["CACHE", "MOST_BYTES", "Cache", "key_of"]

CACHE = ".cache"
"""Folder of a customer's cache, beside its runs."""
MOST_BYTES = 4 << 30
"""What a cache may hold before what was used longest ago is taken out."""


def key_of(**parts: Any) -> str:
    """One SHA-256 over everything a step is made from; the order of the parts does not matter.

    >>> key_of(model="a", tables={"x": "1"}) == key_of(tables={"x": "1"}, model="a")
    True
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Cache:
    """Files by content, and steps by key: which files a step made, and what else is to be told of it.

    A cache is a convenience: an entry that is damaged, half written or taken away by somebody else is
    as good as none, and a cache that cannot be written stops no run.

    Parameters
    ----------
    folder
        Folder of the cache; it need not exist.
    is_fresh
        Whether what it holds is ignored; what is made is kept all the same.
    """

    folder: Path
    is_fresh: bool = False

    def take(self, key: str, target: Path) -> Mapping[str, Any] | None:
        """Put the files of a step into a folder; what is told of the step, or None when it must be made.

        Every file is compared with its digest. One that differs puts the whole entry out of use.
        """
        entry = None if self.is_fresh else self._read(key)
        if entry is None:
            return None
        for name, digest in entry["files"].items():
            if not self._fetch(digest, target / name):
                self._forget(key, entry, target)
                return None
        with suppress(OSError):  # the moment of use, by which old entries are found
            os.utime(self._step(key))
        notes: Mapping[str, Any] = entry["notes"]
        return notes

    def has(self, key: str) -> bool:
        """Whether there is an entry of a step."""
        return self.notes(key) is not None

    def notes(self, key: str) -> Mapping[str, Any] | None:
        """What is told of a step, without its files; None when there is no entry."""
        entry = None if self.is_fresh else self._read(key)
        return entry["notes"] if entry else None

    def keep(self, key: str, source: Path, names: Iterable[str], notes: Mapping[str, Any]) -> None:
        """Remember the files of a step, named by their paths inside a folder, and what is told of it."""
        with suppress(OSError):  # a full disk stops the run where the run itself writes
            files = {name: self._store(source / name) for name in sorted(names)}
            text = json.dumps({"files": files, "notes": dict(notes)}, sort_keys=True)
            whole = f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}\n"
            _write(self._step(key), whole.encode())

    def trim(self, most_bytes: int = MOST_BYTES) -> None:
        """Take out what was used longest ago until the rest fits; files no step needs go as well."""
        with suppress(OSError):
            steps = sorted(self.folder.glob("steps/*"), key=lambda path: path.stat().st_mtime, reverse=True)
            held, needed = 0, set[str]()
            for path in steps:
                entry = self._read(path.name)
                digests = set(entry["files"].values()) - needed if entry else set()
                held += sum(self._size(digest) for digest in digests)
                if entry is None or held > most_bytes:
                    path.unlink(missing_ok=True)
                else:
                    needed |= digests
            for path in self.folder.glob("files/*"):
                if path.name not in needed:
                    path.unlink(missing_ok=True)

    def _step(self, key: str) -> Path:
        return self.folder / "steps" / key

    def _file(self, digest: str) -> Path:
        return self.folder / "files" / digest

    def _size(self, digest: str) -> int:
        path = self._file(digest)
        return path.stat().st_size if path.exists() else 0

    def _read(self, key: str) -> dict[str, Any] | None:
        try:
            digest, _, text = self._step(key).read_text(encoding="utf-8").partition("\n")
        except (OSError, UnicodeDecodeError):
            return None
        text = text.removesuffix("\n")
        if hashlib.sha256(text.encode()).hexdigest() != digest:
            return None
        entry: dict[str, Any] = json.loads(text)
        return entry if all(map(_is_inside, entry["files"])) else None

    def _fetch(self, digest: str, target: Path) -> bool:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._file(digest), target)
        except FileNotFoundError:
            return False
        return file_digest(target) == digest

    def _store(self, path: Path) -> str:
        digest = file_digest(path)
        target = self._file(digest)
        if not target.exists() or file_digest(target) != digest:
            _write(target, path.read_bytes())
        return digest

    def _forget(self, key: str, entry: Mapping[str, Any], target: Path) -> None:
        """Take an entry that cannot be used out, and what was already fetched of it."""
        with suppress(OSError):
            self._step(key).unlink(missing_ok=True)
            for name, digest in entry["files"].items():
                (target / name).unlink(missing_ok=True)
                path = self._file(digest)
                if path.exists() and file_digest(path) != digest:
                    path.unlink(missing_ok=True)


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; two runs may write the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name[:16]}.{os.getpid()}")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
