"""Fingerprints: of a file, of a folder of sources, of the code that made a run."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

__all__ = ["code_commit", "file_digest", "folder_digest", "folder_digests", "rooms_digest", "rooms_used"]

CHUNK = 1 << 20
CODE = ("**/*.py", "**/*.yaml")
NAMED = re.compile(r"\bsopwb\.(\w+)")


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def folder_digests(folder: Path, patterns: Iterable[str] = ("**/*",)) -> dict[str, str]:
    """SHA-256 of every file of a folder that matches, by its path inside the folder."""
    files = sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()})
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}


def folder_digest(folder: Path, patterns: Iterable[str]) -> str:
    """One SHA-256 over the names and contents of the files of a folder that match."""
    whole = hashlib.sha256()
    for name, digest in folder_digests(folder, patterns).items():
        whole.update(f"{name}\0{digest}\n".encode())
    return whole.hexdigest()


def rooms_used(package: Path, room: str) -> frozenset[str]:
    """A room of the package with all that it names in its code, and all that these name in turn.

    A name in a comment or in a text counts as well: rather one room too many than one too few.
    """
    found, open_ = set[str](), {room}
    while open_:
        name = open_.pop()
        found.add(name)
        texts = [path.read_text(encoding="utf-8") for path in _files_of(package, name, ("**/*.py",))]
        named = {word for text in texts for word in NAMED.findall(text)}
        open_ |= {word for word in named if _files_of(package, word, ("**/*.py",))} - found
    return frozenset(found)


def rooms_digest(package: Path, rooms: Iterable[str]) -> str:
    """One SHA-256 over the code and declarations of rooms of the package."""
    whole = hashlib.sha256()
    for room in sorted(rooms):
        for path in _files_of(package, room, CODE):
            whole.update(f"{path.relative_to(package).as_posix()}\0{file_digest(path)}\n".encode())
    return whole.hexdigest()


def _files_of(package: Path, room: str, patterns: Iterable[str]) -> list[Path]:
    """Files of a room, which is a folder or a single module."""
    single = package / f"{room}.py"
    if single.is_file():
        return [single]
    return sorted(path for pattern in patterns for path in (package / room).glob(pattern))


def code_commit(folder: Path) -> dict[str, str | bool]:
    """Commit of the code and whether it was changed since; empty outside a repository."""
    git = shutil.which("git")
    if git is None or not (folder / ".git").exists():
        return {}

    def ask(*words: str) -> str:
        answer = subprocess.run([git, "-C", str(folder), *words], capture_output=True, text=True, check=False)
        return answer.stdout.strip()

    commit = ask("rev-parse", "HEAD")
    return {"commit": commit, "is_changed": bool(ask("status", "--porcelain"))} if commit else {}
