"""Secrets: named in the options of a mapping, found in the environment, and told to nobody.

A mapping writes ``password: ${SOPWB_SECRET_ERP}``; only the reader of the source is given what the
variable holds. Messages, origins and texts that go elsewhere have the reference in its place.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from sopwb.errors import Fault

__all__ = ["PREFIX", "masked", "masked_fault", "references", "resolved", "secret_faults"]

PREFIX = "SOPWB_SECRET_"
REFERENCE = re.compile(r"\$\{([^}]*)\}")
SHORTEST = 3
"""Characters below which a secret is not looked for in texts: it would be found in every word."""

Keys = tuple[str | int, ...]


def references(data: Any, keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """Every ``${NAME}`` in the texts of plain data, with the keys that lead to it."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from references(value, (*keys, key))
    elif isinstance(data, list | tuple):
        for place, value in enumerate(data):
            yield from references(value, (*keys, place))
    elif isinstance(data, str):
        yield from ((keys, name) for name in REFERENCE.findall(data))


def secret_faults(data: Mapping[str, Any], place: Any) -> list[Fault]:
    """What is wrong with the secrets of a mapping: where they stand, their names, what is not set.

    Parameters
    ----------
    data
        The mapping as plain data.
    place
        Gives the file and line of keys.
    """
    faults = []
    for keys, name in references(data):
        where = place(keys)
        if not name.startswith(PREFIX):
            remedy = f"name a variable that begins with {PREFIX}; others are not looked up"
            faults.append(Fault(where, f"${{{name}}} is no secret", remedy=remedy))
        elif keys[:1] != ("options",):
            remedy = "put it into options, which only the reader of the source sees"
            faults.append(Fault(where, f"the secret {name} would get into tables or files", remedy=remedy))
        elif not os.environ.get(name):
            remedy = f"set the environment variable {name} for whoever runs sopwb"
            faults.append(Fault(where, f"the secret {name} is not set", remedy=remedy))
    return list({(fault.where, fault.problem): fault for fault in faults}.values())


def resolved(data: Any) -> Any:
    """Plain data with what the environment holds in the place of each reference.

    Raises
    ------
    KeyError
        A variable is not set; `secret_faults` tells that in words.
    """
    if isinstance(data, Mapping):
        return {key: resolved(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [resolved(value) for value in data]
    return REFERENCE.sub(lambda found: os.environ[found[1]], data) if isinstance(data, str) else data


def masked(text: str) -> str:
    """A text with the reference in the place of every secret, also of one written as in an address."""
    known = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    for name, value in sorted(known.items(), key=lambda item: -len(item[1])):
        for form in (value, quote(value, safe=""), quote(value), quote_plus(value), repr(value)[1:-1]):
            if len(form) >= SHORTEST:
                text = text.replace(form, f"${{{name}}}")
    return text


def masked_fault(fault: Fault) -> Fault:
    """A fault whose words hold no secret."""
    rows = [masked(row) for row in fault.rows]
    return Fault(masked(fault.where), masked(fault.problem), rows, masked(fault.remedy))
