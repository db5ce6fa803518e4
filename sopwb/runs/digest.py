"""Fingerprints: of a file, of a folder of sources, of the code that made a run."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

__all__ = ["code_commit", "file_digest", "folder_digest", "folder_digests"]

CHUNK = 1 << 20


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
