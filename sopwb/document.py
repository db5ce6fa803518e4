"""Read one YAML document as it looks: YAML 1.2 core scalars, no duplicate keys, no aliases, lines kept."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sopwb.errors import Fault, InputError

__all__ = ["Document", "dump_yaml", "load_yaml", "read_document", "scalar"]

INTEGER = re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$")
DECIMAL = re.compile(r"^[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")
WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
Path_ = tuple[Hashable, ...]


@dataclass(frozen=True)
class Document:
    """One YAML file as plain data, with the line on which each key stands.

    Parameters
    ----------
    path
        The file.
    data
        Plain dictionaries, lists and scalars.
    lines
        Line (from 1) of each key or list item, by its path of keys.
    """

    path: Path
    data: Any
    lines: Mapping[Path_, int]

    def place(self, keys: Path_) -> str:
        """Where a setting stands, as ``model.yaml line 12``; the nearest parent's line when it has none."""
        for length in range(len(keys), -1, -1):
            if keys[:length] in self.lines:
                return f"{self.path.name} line {self.lines[keys[:length]]}"
        return self.path.name


def load_yaml(path: Path) -> Any:
    """Plain data of one YAML file; see `read_document` for what is refused."""
    return read_document(path).data


def read_document(path: Path) -> Document:
    """One YAML file as plain data with the line of each key.

    Scalars are read as YAML 1.2's core schema has them, but for two things that
    people never mean: ``0012`` stays text, and a number too large to hold is refused.
    ``NO``, ``off``, ``12:30`` and dates stay text.

    Raises
    ------
    InputError
        The file is missing, is not UTF-8 or not YAML, repeats a key, or uses an alias or a tag.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError([Fault(path.name, "the file does not exist", remedy=f"write {path}")]) from None
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text (byte {error.start})"
        raise InputError([Fault(path.name, problem, remedy="save the file as UTF-8")]) from None
    try:
        root = yaml.compose(text, Loader=_EventsOnly)
    except yaml.MarkedYAMLError as error:
        raise InputError([_syntax_fault(path, error)]) from None
    except yaml.YAMLError as error:
        raise InputError([Fault(path.name, f"is not YAML: {error}", remedy="correct the line")]) from None
    lines: dict[Path_, int] = {}
    data = {} if root is None else _plain(root, (), lines, path)
    return Document(path, data, lines)


def _composer() -> Any:
    """What makes nodes of text: by libyaml in a tenth of the time, where PyYAML was built with it."""
    if not yaml.__with_libyaml__:
        return yaml.SafeLoader
    parser: Any = vars(yaml.cyaml)["CParser"]

    class Composer(yaml.composer.Composer, parser, yaml.resolver.Resolver):  # type: ignore[misc]
        def __init__(self, stream: str) -> None:
            parser.__init__(self, stream)
            yaml.composer.Composer.__init__(self)
            yaml.resolver.Resolver.__init__(self)

    return Composer


COMPOSER: Any = _composer()


class _EventsOnly(COMPOSER):  # type: ignore[misc]
    """Composes nodes only; an alias or a tag is refused as soon as it is met."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()
        problem = ""
        if isinstance(event, yaml.AliasEvent):
            problem = "aliases (*name) are not allowed; write the value out"
        elif event.tag is not None:
            problem = f"the tag {event.tag} is not allowed; write the value without it"
        if problem:
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


def _syntax_fault(path: Path, error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    where = f"{path.name} line {mark.line + 1}" if mark else path.name
    return Fault(where, f"is not YAML as we read it: {error.problem}", remedy="correct the line")


def _plain(node: yaml.Node, keys: Path_, lines: dict[Path_, int], path: Path) -> Any:
    lines.setdefault(keys, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode):
        return scalar(node, path)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*keys, place), lines, path) for place, item in enumerate(node.value)]
    return _mapping(node, keys, lines, path)


def _mapping(node: yaml.Node, keys: Path_, lines: dict[Path_, int], path: Path) -> dict[Hashable, Any]:
    plain: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        key = _plain(key_node, (*keys, "?"), {}, path)
        if not isinstance(key, Hashable):
            raise _refused(path, key_node, "a key must be a word or a number", "write a plain key")
        if key in plain:
            raise _refused(path, key_node, f"the key {key!r} stands twice", "keep one of them")
        lines[(*keys, key)] = key_node.start_mark.line + 1
        plain[key] = _plain(value_node, (*keys, key), lines, path)
    return plain


def scalar(node: yaml.ScalarNode, path: Path) -> Any:
    """The value of one scalar by YAML 1.2's core schema, as `read_document` reads it."""
    text: str = node.value
    if node.style in {"'", '"', "|", ">"}:
        return text
    if text.lower() in WORDS and text in {text.lower(), text.upper(), text.capitalize()}:
        return WORDS[text.lower()]
    if INTEGER.match(text):
        return int(text)
    if DECIMAL.match(text):
        number = float(text)
        if number in {float("inf"), float("-inf")}:
            raise _refused(path, node, f"the number {text} is too large", "write a number that can be held")
        return number
    return text


def _refused(path: Path, node: yaml.Node, problem: str, remedy: str) -> InputError:
    where = f"{path.name} line {node.start_mark.line + 1}" if node.start_mark else path.name
    return InputError([Fault(where, problem, remedy=remedy)])


class _Plainly(yaml.SafeDumper):
    """Writes text so that `read_document` reads it as the same text."""


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    looks_like_more = INTEGER.match(text) or DECIMAL.match(text) or text.lower() in WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if looks_like_more else None)


_Plainly.add_representer(str, _write_text)


def dump_yaml(data: Any) -> str:
    """YAML text of plain data, which `read_document` reads back as it was."""
    text: str = yaml.dump(data, Dumper=_Plainly, sort_keys=False, allow_unicode=True, width=100)
    return text
