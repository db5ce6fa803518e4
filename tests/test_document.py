"""A YAML file is read as it looks, or refused with its line."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sopwb import document
from sopwb.document import dump_yaml, read_document
from sopwb.errors import InputError

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(
        st.characters(
            exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\x85\u2028\u2029\ufffe\uffff"
        )
    ),
    st.sampled_from(
        ["NO", "off", "0012", "12:30", "1e400", "~", "", "true", "2026-02-28", "-1", ".5", "=", "<<"]
    ),
)
KEYS = st.text("abc_019", min_size=1, max_size=6)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "model.yaml"
    path.write_text(text, encoding="utf-8")
    return read_document(path).data


def fault_of(tmp_path: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    return str(caught.value)


@settings(max_examples=60)
@given(st.dictionaries(KEYS, TREES, max_size=4))
def test_what_is_written_is_read_back_as_it_was(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("yaml") / "model.yaml"
    path.write_text(dump_yaml(data), encoding="utf-8")
    assert read_document(path).data == data


@pytest.mark.parametrize(
    "word", ["NO", "off", "yes", "0012", "12:30", "2026-02-28", "1_000", "0x1F", "1.2.3", "nan"]
)
def test_words_that_other_readers_guess_at_stay_as_written(tmp_path, word):
    assert read(tmp_path, f"a: {word}") == {"a": word}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
    ],
)
def test_numbers_and_truth_are_read(tmp_path, text, value):
    assert read(tmp_path, f"a: {text}") == {"a": value}


def test_quoted_numbers_stay_text(tmp_path):
    assert read(tmp_path, "a: '12'\nb: \"true\"") == {"a": "12", "b": "true"}


def test_an_empty_file_holds_nothing(tmp_path):
    assert read(tmp_path, "# only a note\n") == {}


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "'a' stands twice"),
        ("a: &x [1]\nb: *x\n", 2, "aliases"),
        ("a: 1\nb: !!python/object:os.system x\n", 2, "tag"),
        ("a: !custom 1\n", 1, "tag"),
        ("a: !custom [1]\n", 1, "tag"),
        ("a: !!str 12\n", 1, "tag"),
        ("a: 1\nb: 1e400\n", 2, "too large"),
        ("a: 1\n b: 2\n", 2, "not YAML"),
        ("a: [1, 2\n", 2, "not YAML"),
        ("? [1]\n: 2\n", 1, "plain key"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML"),
    ],
)
def test_a_fault_names_file_line_and_remedy(tmp_path, text, line, word):
    message = fault_of(tmp_path, text)
    assert f"model.yaml line {line}" in message
    assert word in message
    assert "→" in message


def test_a_bomb_of_aliases_is_refused_before_it_is_unfolded(tmp_path):
    levels = [
        f"{name}: &{name} [{', '.join(['*' + before] * 9)}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    assert "aliases" in fault_of(tmp_path, "\n".join(["a: &a [x]", *levels]))


def test_a_missing_file_and_a_file_of_other_letters_are_named(tmp_path):
    with pytest.raises(InputError, match=r"model\.yaml: the file does not exist"):
        read_document(tmp_path / "model.yaml")
    (tmp_path / "model.yaml").write_bytes(b"name: caf\xe9")
    with pytest.raises(InputError, match="not UTF-8"):
        read_document(tmp_path / "model.yaml")


def test_the_place_of_a_setting_is_its_line_or_that_of_its_parent(tmp_path):
    path = tmp_path / "model.yaml"
    path.write_text("name: x\ncalendar:\n  week_start: monday\n", encoding="utf-8")
    document = read_document(path)
    assert document.place(("calendar", "week_start")) == "model.yaml line 3"
    assert document.place(("calendar", "unknown")) == "model.yaml line 2"


def test_without_libyaml_a_file_reads_the_same(tmp_path, monkeypatch):
    path = tmp_path / "model.yaml"
    path.write_text("a: 0012\nb:\n  - {c: NO, d: 1.5e3}\n  - |\n    two\n    lines\n", encoding="utf-8")
    ours = read_document(path)
    with monkeypatch.context() as patch:
        patch.setattr(yaml, "__with_libyaml__", False)
        slow = importlib.reload(document)
        theirs = slow.read_document(path)
        assert issubclass(slow._EventsOnly, yaml.SafeLoader)
    importlib.reload(document)
    assert (ours.data, ours.lines) == (theirs.data, theirs.lines)
