"""Keep one slow import out: the grammar of international addresses, which nothing here checks."""

from __future__ import annotations

import sys

__all__ = ["skip_address_grammar"]


def skip_address_grammar() -> None:
    """Let jsonschema start without the grammar of IRIs.

    Compiling it costs 1.6 s of every process that imports Altair, nbformat or papermill; without
    it jsonschema only leaves out the check of the formats ``iri`` and ``iri-reference``.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
