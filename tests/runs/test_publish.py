"""A run is seen whole or not at all, and found again by its name."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from sopwb.errors import InputError, SopwbError
from sopwb.runs.digest import file_digest
from sopwb.runs.lock import try_lock
from sopwb.runs.publish import begin_run, clear_dead_runs, find_run, latest_run, list_runs, new_run_id
from tests.runs.made import publish, run_id


def test_the_manifest_is_written_last_and_holds_the_digest_of_every_file(tmp_path, monkeypatch):
    run = begin_run(tmp_path, "acme", run_id(1))
    (run.building / "tables").mkdir()
    (run.building / "tables" / "kpi.parquet").write_bytes(b"numbers")
    (run.building / "model.yaml").write_text("name: Acme\n", encoding="utf-8")
    published = run.publish({"as_of": "2025-12-31"})
    assert set(published.manifest["files"]) == {"model.yaml", "tables/kpi.parquet"}
    assert published.manifest["files"]["model.yaml"] == file_digest(published.folder / "model.yaml")
    newest = max(published.folder.rglob("*.*"), key=lambda path: path.stat().st_mtime_ns)
    assert newest.name == "manifest.json"
    assert json.loads((tmp_path / "acme" / "latest.json").read_text(encoding="utf-8")) == {"run": run_id(1)}
    assert [item.manifest for item in list_runs(tmp_path)] == [published.manifest]


def test_a_run_that_was_killed_is_not_listed_and_the_last_one_stays_the_latest(tmp_path):
    publish(tmp_path, run_id(1))
    killed = begin_run(tmp_path, "acme", run_id(2))
    (killed.building / "manifest.json").write_text("{", encoding="utf-8")
    assert [item.run_id for item in list_runs(tmp_path)] == [run_id(1)]
    assert find_run(tmp_path, "latest").run_id == run_id(1)
    assert json.loads((tmp_path / "acme" / "latest.json").read_text(encoding="utf-8"))["run"] == run_id(1)
    killed.discard()
    assert not killed.building.exists()


def test_a_killed_copy_to_another_system_without_its_manifest_is_not_listed(tmp_path):
    published = publish(tmp_path, run_id(1))
    (published.folder / "manifest.json").unlink()
    assert list_runs(tmp_path) == []


def test_two_runs_at_once_do_not_share_a_folder(tmp_path):
    one, other = (begin_run(tmp_path, "acme", run_id(1, digits=digits)) for digits in ("00aa11", "00aa12"))
    (one.building / "a").write_text("one", encoding="utf-8")
    assert not (other.building / "a").exists()
    with pytest.raises(FileExistsError):
        begin_run(tmp_path, "acme", run_id(1))


KILLED = """
import os, signal, sys
from pathlib import Path
from sopwb.runs.publish import begin_run
run = begin_run(Path(sys.argv[1]), "acme", sys.argv[2])
(run.building / "half").write_text("half")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="Only POSIX systems kill without a word.")
def test_what_a_killed_run_left_is_cleared_and_what_a_living_one_builds_is_not(tmp_path):
    living = begin_run(tmp_path, "acme", run_id(1))
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), run_id(2)], check=False)
    assert (tmp_path / "acme" / f".building-{run_id(2)}" / "half").exists()
    assert clear_dead_runs(tmp_path, "acme") == [run_id(2)]
    assert clear_dead_runs(tmp_path, "acme") == []
    assert [path.name for path in (tmp_path / "acme").iterdir() if path.is_dir()] == [living.building.name]
    living.publish({"as_of": "2025-12-31"})
    assert sorted(path.name for path in (tmp_path / "acme").iterdir()) == [run_id(1), "latest.json"]


def test_a_folder_of_a_version_without_locks_is_cleared(tmp_path):
    (tmp_path / "acme" / f".building-{run_id(1)}").mkdir(parents=True)
    assert clear_dead_runs(tmp_path, "acme") == [run_id(1)]
    assert list((tmp_path / "acme").iterdir()) == []
    assert clear_dead_runs(tmp_path, "nobody") == []


def test_a_lock_is_held_by_one_until_it_is_released(tmp_path):
    first = try_lock(tmp_path / "a")
    assert try_lock(tmp_path / "a") is None
    first.release()
    again = try_lock(tmp_path / "a")
    assert again is not None
    again.release()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../x", "20260101T080000Z-../x-00aa11", "x", "", "20260101T080000Z-base line-00aa11"]
)
def test_a_name_that_would_leave_the_folder_names_no_run(tmp_path, name):
    with pytest.raises(SopwbError, match="cannot name a run"):
        begin_run(tmp_path, "acme", name)
    publish(tmp_path, run_id(1))
    if name:
        with pytest.raises(InputError):
            find_run(tmp_path, name)


@pytest.mark.parametrize("customer", ["../acme", "..", "a/b", "*"])
def test_a_customer_that_would_leave_the_folder_has_no_runs(tmp_path, customer):
    publish(tmp_path / "runs", run_id(1))
    publish(tmp_path, run_id(1))
    assert list_runs(tmp_path / "runs", customer) == []
    with pytest.raises(SopwbError, match="cannot name a run"):
        begin_run(tmp_path / "runs", customer, run_id(2))


def test_a_new_name_is_one_a_run_can_have(tmp_path):
    assert begin_run(tmp_path, "acme", new_run_id("20260101T080000Z", "dear_coffee")).building.is_dir()


def test_a_path_too_long_for_other_systems_is_refused_before_anything_is_seen(tmp_path):
    run = begin_run(tmp_path, "acme", run_id(1))
    (run.building / ("x" * 180)).write_text("", encoding="utf-8")
    with pytest.raises(SopwbError, match="more than 200"):
        run.publish({})
    assert list_runs(tmp_path) == []


def test_a_run_is_found_by_its_beginning_unless_more_than_one_is_meant(tmp_path):
    publish(tmp_path, run_id(1))
    publish(tmp_path, run_id(2))
    assert find_run(tmp_path, "20260102").run_id == run_id(2)
    assert find_run(tmp_path, run_id(1)).run_id == run_id(1)
    with pytest.raises(InputError, match="names 2 runs") as caught:
        find_run(tmp_path, "2026")
    assert run_id(1) in str(caught.value)
    with pytest.raises(InputError, match="is no published run"):
        find_run(tmp_path, "2027")
    with pytest.raises(InputError, match="there is none yet"):
        find_run(tmp_path / "empty", "latest")


def test_a_run_of_another_customer_is_not_meant(tmp_path):
    publish(tmp_path, run_id(1), customer="other")
    with pytest.raises(InputError):
        find_run(tmp_path, run_id(1), "acme")


def test_the_latest_run_is_of_the_latest_as_of_date_of_the_scenario_asked_for(tmp_path):
    publish(tmp_path, run_id(1), as_of="2025-12-31")
    publish(tmp_path, run_id(2), as_of="2025-11-30")
    publish(tmp_path, run_id(3, "crisis"), as_of="2026-01-31", scenario="crisis")
    assert latest_run(tmp_path, "acme", "baseline").run_id == run_id(1)
    assert latest_run(tmp_path, "acme").run_id == run_id(3, "crisis")
    assert latest_run(tmp_path, "acme", "baseline", before="2025-12-31").run_id == run_id(2)
    assert latest_run(tmp_path, "acme", "baseline", before="2025-11-30") is None
