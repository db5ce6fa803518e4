"""The reference of settings: every key of ``model.yaml`` in words, as one page of Markdown.

``python -m sopwb.config.reference`` prints it; ``docs/tailoring/settings.md`` is what it printed.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from sopwb.config.base import Settings
from sopwb.config.load import SET_WHEN_READ
from sopwb.config.model import Model

__all__ = ["settings_reference"]

INTRODUCTION = """\
# Settings

Made from the declared settings by `python -m sopwb.config.reference`; do not edit.

These are the keys of `model.yaml`. Write only what differs from the default; an unknown key is an error
that names the nearest known one. What is set later wins: defaults, then `model.yaml`, then `settings` of the
scenario, then `--set` of the run. `sopwb schema FILE` writes the same as a JSON schema, with which an editor
completes and checks the file. The resolved settings are in every run as `model.yaml`, and `origins` in its
manifest says which line or which layer set each.

In scenarios and on the command line a key is written with its dots: `--set supply.late_days_maximum=14`.
"""

WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}
LIMITS = (("ge", "at least {}"), ("gt", "above {}"), ("le", "at most {}"), ("lt", "below {}"))
RULES_KEY = "<name>"
"""Stands for the name in settings that are given by name."""


def settings_reference() -> str:
    """Every setting with its meaning, values and default, as Markdown in the order of ``model.yaml``."""
    return "\n".join([INTRODUCTION, *_sections("", Model, "The company")])


def _sections(prefix: str, settings: type[Settings], title: str) -> Iterator[str]:
    """The settings of one group, then its groups within."""
    fields = {name: info for name, info in settings.model_fields.items() if name not in SET_WHEN_READ}
    single = {name: info for name, info in fields.items() if _group(info) is None}
    head = f"## `{prefix.rstrip('.')}`\n" if prefix else f"## {title}\n"
    if single:
        yield head + (f"\n{title}\n" if prefix else "")
        yield _table(prefix, single)
    for name, info in fields.items():
        inner = _group(info)
        if inner is not None:
            by_name = f"{RULES_KEY}." if _is_mapping(info.annotation) else ""
            yield from _sections(f"{prefix}{name}.{by_name}", inner, info.description or "")


def _group(info: FieldInfo) -> type[Settings] | None:
    """Class of the settings within, when the setting is a group or a mapping of groups."""
    kind = info.annotation
    if _is_mapping(kind):
        kind = get_args(kind)[1]
    return kind if isinstance(kind, type) and issubclass(kind, Settings) else None


def _is_mapping(kind: Any) -> bool:
    return get_origin(kind) is Mapping


def _table(prefix: str, fields: Mapping[str, FieldInfo]) -> str:
    lines = ["| setting | meaning | values | default |", "|---|---|---|---|"]
    for name, info in fields.items():
        meaning = (info.description or "").replace("``", "`")
        cells = [f"`{prefix}{name}`", meaning, _values(info), _default(info)]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _values(info: FieldInfo) -> str:
    return ", ".join([_kind(info.annotation), *_limits(info)])


def _kind(kind: Any) -> str:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(f"`{word}`" for word in inner)
    if origin in {Union, types.UnionType}:
        return " or ".join(_kind(one) for one in inner if one is not type(None))
    if origin is tuple:
        return f"list of {_kind(inner[0])}"
    if origin is Mapping:
        return f"{_kind(inner[1])} by name"
    return WORDS.get(kind, getattr(kind, "__name__", str(kind)))


def _limits(info: FieldInfo) -> Iterable[str]:
    for limit in info.metadata:
        for name, words in LIMITS:
            value = getattr(limit, name, None)
            if value is not None:
                yield words.format(f"{value:g}")


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "must be set"
    value = info.get_default(call_default_factory=True)
    if value is None:
        return "unset"
    if isinstance(value, Mapping):
        return ", ".join(f"`{name}: {_plain(one)}`" for name, one in value.items()) or "none"
    if isinstance(value, tuple):
        return ", ".join(f"`{_plain(one)}`" for one in value) or "none"
    return f"`{_plain(value)}`"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.stdout.write(settings_reference())
