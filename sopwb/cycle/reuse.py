"""What a run takes over from earlier ones, and what it leaves to later ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sopwb.cycle.fingerprint import Fingerprint, take_fingerprint
from sopwb.runs.cache import CACHE, Cache
from sopwb.runs.digest import folder_digests

__all__ = ["Reuse", "begin_reuse", "reuse_from", "table_digests"]


@dataclass(frozen=True)
class Reuse:
    """The cache of a customer, and the code with which its entries must have been made.

    Parameters
    ----------
    cache
        The customer's cache.
    fingerprint
        Of the code as it was when the run began.
    customer
        The customer's folder.
    """

    cache: Cache
    fingerprint: Fingerprint
    customer: Path

    def keep(self, key: str, folder: Path, names: Iterable[str], notes: Mapping[str, Any]) -> None:
        """Remember what a step made, unless the code was changed while it ran."""
        if take_fingerprint(self.customer) == self.fingerprint:
            self.cache.keep(key, folder, names, notes)

    def order(self) -> dict[str, Any]:
        """What a kernel has to be told to use the same cache with the same keys."""
        return {
            "cache": str(self.cache.folder),
            "is_fresh": self.cache.is_fresh,
            "fingerprint": asdict(self.fingerprint),
        }


def begin_reuse(runs: Path, customer: Path, *, is_fresh: bool = False) -> Reuse:
    """The cache of a customer beside its runs, with the fingerprint of the code as it is now."""
    return Reuse(Cache(runs / customer.name / CACHE, is_fresh), take_fingerprint(customer), customer)


def reuse_from(order: Mapping[str, Any], customer: Path) -> Reuse:
    """The cache that the process which began the run uses."""
    cache = Cache(Path(order["cache"]), order["is_fresh"])
    return Reuse(cache, Fingerprint(**order["fingerprint"]), customer)


def table_digests(*folders: Path) -> dict[str, str]:
    """Digest of every table in folders of a run, by name."""
    return {
        Path(name).stem: digest
        for folder in folders
        for name, digest in folder_digests(folder, ["*.parquet"]).items()
    }
