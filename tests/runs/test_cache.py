"""What was made once is taken again, byte for byte; what is damaged is made again."""

from __future__ import annotations

import os

import pytest

from sopwb.runs.cache import Cache, key_of


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "made"
    (folder / "tables").mkdir(parents=True)
    (folder / "tables" / "kpi.parquet").write_bytes(b"numbers")
    (folder / "page.html").write_bytes(b"page")
    return folder


NAMES = ["tables/kpi.parquet", "page.html"]


def test_what_was_kept_is_taken_with_what_is_told_of_it(cache, made, tmp_path):
    cache.keep("k", made, NAMES, {"seconds": 1.5})
    assert cache.take("k", tmp_path / "run") == {"seconds": 1.5}
    for name in NAMES:
        assert (tmp_path / "run" / name).read_bytes() == (made / name).read_bytes()


def test_another_key_is_not_known(cache, made, tmp_path):
    cache.keep("k", made, NAMES, {})
    assert cache.take("other", tmp_path / "run") is None
    assert not (tmp_path / "run").exists()


def test_who_wants_everything_fresh_is_given_nothing_but_leaves_what_is_made(cache, made, tmp_path):
    fresh = Cache(cache.folder, is_fresh=True)
    fresh.keep("k", made, NAMES, {})
    assert not fresh.has("k")
    assert fresh.take("k", tmp_path / "run") is None
    assert cache.take("k", tmp_path / "run") == {}


def damage_file(cache):
    path = max(cache.folder.glob("files/*"), key=lambda item: item.stat().st_size)
    path.write_bytes(b"x" * len(path.read_bytes()))


def lose_file(cache):
    next(cache.folder.glob("files/*")).unlink()


def cut_entry(cache):
    path = next(cache.folder.glob("steps/*"))
    path.write_bytes(path.read_bytes()[:-20])


def rename_in_entry(cache):
    path = next(cache.folder.glob("steps/*"))
    path.write_text(path.read_text().replace("page.html", "../../evil"))


@pytest.mark.parametrize("harm", [damage_file, lose_file, cut_entry, rename_in_entry])
def test_a_damaged_entry_is_as_good_as_none_and_can_be_kept_again(cache, made, tmp_path, harm):
    cache.keep("k", made, NAMES, {})
    harm(cache)
    assert cache.take("k", tmp_path / "run") is None
    assert [path for path in tmp_path.glob("run/**/*") if path.is_file()] == []
    cache.keep("k", made, NAMES, {})
    assert cache.take("k", tmp_path / "run") == {}
    assert (tmp_path / "run" / "tables" / "kpi.parquet").read_bytes() == b"numbers"


def test_the_same_bytes_are_kept_once(cache, made):
    cache.keep("one", made, NAMES, {})
    cache.keep("two", made, NAMES, {})
    assert len(list(cache.folder.glob("files/*"))) == 2


def test_what_was_used_longest_ago_makes_room(cache, made, tmp_path):
    for place, key in enumerate(("old", "new")):
        (made / "page.html").write_bytes(key.encode() * 100)
        cache.keep(key, made, ["page.html"], {})
        os.utime(cache.folder / "steps" / key, (place, place))
    cache.take("old", tmp_path / "run")
    cache.trim(most_bytes=350)
    assert cache.has("old")
    assert not cache.has("new")
    assert len(list(cache.folder.glob("files/*"))) == 1
    cache.trim(most_bytes=0)
    assert list(cache.folder.glob("*/*")) == []


def test_a_cache_that_cannot_be_written_stops_nothing(made, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    cache = Cache(tmp_path / "cache")
    cache.keep("k", made, NAMES, {})
    cache.trim()
    assert cache.take("k", tmp_path / "run") is None


def test_a_key_differs_with_every_part_and_not_with_their_order():
    assert key_of(a=1, b={"x": 1, "y": 2}) == key_of(b={"y": 2, "x": 1}, a=1)
    keys = {key_of(a=1), key_of(a="1"), key_of(b=1), key_of(a=[1]), key_of(a=1, b=None)}
    assert len(keys) == 5
