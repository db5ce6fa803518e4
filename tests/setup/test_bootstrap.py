"""The first minute with the workbench: what set-up says and does, without a network."""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def fresh(bootstrap, tmp_path, monkeypatch):
    """The set-up script in a folder of its own, where every launched command is only written down."""
    for name in bootstrap.LOCKED_FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    launched: list[list[str]] = []

    def launch(command, extra=None):
        launched.append(command)
        if "venv" in command:
            (tmp_path / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
        return 0

    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "launch", launch)
    monkeypatch.setattr(bootstrap, "mirror_of_pip", dict)
    monkeypatch.setattr(bootstrap, "venv_version", lambda: "3.11.9" if bootstrap.venv().exists() else "")
    bootstrap.launched = launched
    return bootstrap


def python_is(version, monkeypatch, module):
    """Make the script believe that this Python has another version."""
    monkeypatch.setattr(module, "sys", type("Sys", (), {"version_info": version, "stderr": sys.stderr}))


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13), (3, 14, 0)])
def test_a_python_outside_the_range_is_told_what_to_call_instead(bootstrap, capsys, monkeypatch, version):
    monkeypatch.setattr(bootstrap, "suitable_python", lambda: None)
    python_is(version, monkeypatch, bootstrap)
    assert bootstrap.main(["run", "--as-of", "2026-01-31"]) == 2
    words = capsys.readouterr().err
    assert "needs Python 3.11 to 3.13, this is {}.{}.{}.".format(*version) in words
    assert "python3.11 bootstrap.py run --as-of 2026-01-31" in words


def test_a_suitable_python_that_is_there_is_named(bootstrap, capsys, monkeypatch):
    monkeypatch.setattr(bootstrap, "suitable_python", lambda: "python3.12")
    python_is((3, 9, 2), monkeypatch, bootstrap)
    assert bootstrap.main(["test"]) == 2
    assert "call  python3.12 bootstrap.py test" in capsys.readouterr().err


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 4), (3, 13, 9)])
def test_a_python_within_the_range_is_welcome(bootstrap, version):
    bootstrap.demand_python(version, ["run"])


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_that_cannot_make_environments_is_told_which_package_to_install(
    fresh, capsys, monkeypatch, missing
):
    monkeypatch.setattr(fresh.importlib.util, "find_spec", lambda name: None if name == missing else object())
    assert fresh.main(["setup"]) == 2
    words = capsys.readouterr().err
    assert f"lacks '{missing}'" in words
    assert "apt-get install python3-venv" in words
    assert not fresh.venv().exists()


@pytest.mark.parametrize(("arguments", "code"), [(["frobnicate"], 2), ([], 2), (["--help"], 0)])
def test_an_unknown_command_is_a_mistake_and_help_is_not(bootstrap, capsys, arguments, code):
    assert bootstrap.main(arguments) == code
    captured = capsys.readouterr()
    assert all(command in captured.out + captured.err for command in ("setup", "run", "test", "lab"))


def test_set_up_goes_from_the_environment_through_uv_and_the_lock_to_sopwb(fresh, capsys):
    assert fresh.main(["setup"]) == 0
    first, uv, packages, sopwb = fresh.launched
    assert first[1:3] == ["-m", "venv"]
    assert "--require-hashes" in uv
    assert uv[-1].endswith("bootstrap.lock")
    assert packages[1:5] == ["-m", "uv", "pip", "install"]
    assert packages[-1].endswith("requirements.lock")
    assert "--require-hashes" in packages
    assert sopwb[-4:-1] == ["--no-deps", "--no-build-isolation", "-e"]
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("s  ")[1][:3] for line in lines] == ["1/4", "2/4", "3/4", "4/4", "set"]


def test_a_second_set_up_has_nothing_to_do(fresh, capsys):
    fresh.main(["setup"])
    fresh.launched.clear()
    assert fresh.main(["setup"]) == 0
    assert fresh.launched == []
    assert "nothing to do" in capsys.readouterr().out


def test_a_changed_lock_is_installed_into_the_same_environment(fresh):
    fresh.main(["setup"])
    fresh.launched.clear()
    lock = fresh.ROOT / "requirements.lock"
    lock.write_text(lock.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    assert fresh.main(["setup"]) == 0
    assert [command[2] for command in fresh.launched] == ["pip", "uv", "uv"]


def test_an_environment_whose_python_is_gone_is_made_anew(fresh, monkeypatch):
    fresh.main(["setup"])
    fresh.launched.clear()
    monkeypatch.setattr(fresh, "venv_version", lambda: "")
    fresh.main(["setup"])
    assert [command[2] for command in fresh.launched] == ["venv", "pip", "uv", "uv"]


def test_a_moved_folder_gets_its_environment_anew(fresh, monkeypatch, tmp_path):
    fresh.main(["setup"])
    fresh.launched.clear()
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in (".venv", *fresh.LOCKED_FILES):
        shutil.move(tmp_path / name, moved / name)
    monkeypatch.setattr(fresh, "ROOT", moved)
    assert not fresh.is_set_up()
    assert not fresh.venv_is_sound()


@pytest.mark.parametrize("interrupted_at", [1, 2, 3, 4])
def test_an_interrupted_set_up_is_repaired_by_the_next(fresh, monkeypatch, capsys, interrupted_at):
    whole = fresh.launch

    def interrupted(command, extra=None):
        whole(command)
        if len(fresh.launched) == interrupted_at:
            raise KeyboardInterrupt
        return 0

    monkeypatch.setattr(fresh, "launch", interrupted)
    assert fresh.main(["setup"]) == 130
    assert not fresh.is_set_up()
    fresh.launched.clear()
    monkeypatch.setattr(fresh, "launch", whole)
    assert fresh.main(["setup"]) == 0
    assert [command[2] for command in fresh.launched] == ["venv", "pip", "uv", "uv"]
    assert fresh.is_set_up()


def test_a_failed_download_says_what_to_do_and_counts_as_not_set_up(fresh, monkeypatch, capsys):
    monkeypatch.setattr(fresh, "launch", lambda command, extra=None: 1 if "uv" in command else 0)
    assert fresh.main(["run"]) == 2
    assert "Call the same command again" in capsys.readouterr().err
    assert not fresh.is_set_up()


def test_run_plans_the_demo_unless_a_customer_is_named(fresh):
    fresh.main(["setup"])
    calls = {(): ["demo"], ("--as-of", "2026-01-31"): ["demo", "--as-of", "2026-01-31"], ("acme",): ["acme"]}
    for arguments, expected in calls.items():
        fresh.main(["run", *arguments])
        assert fresh.launched[-1][1:] == ["-m", "sopwb", "run", *expected]


def test_run_tells_where_the_report_is_and_hands_the_exit_code_through(fresh, monkeypatch, capsys):
    fresh.main(["setup"])
    page = fresh.ROOT / "runs" / "demo" / "20260131T000000Z-baseline-abcdef" / "index.html"

    def launch(command, extra=None):
        page.parent.mkdir(parents=True)
        page.write_text("<h1>plan</h1>", encoding="utf-8")
        return 1

    monkeypatch.setattr(fresh, "launch", launch)
    monkeypatch.delenv("SOPWB_RUNS", raising=False)
    assert fresh.main(["run"]) == 1
    assert f"Report: {page}" in capsys.readouterr().out


@pytest.mark.parametrize(("check", "tests", "code"), [(0, 0, 0), (1, 0, 1), (0, 5, 5), (1, 5, 5)])
def test_all_checks_run_then_pytest_last_and_any_failure_counts(
    fresh, monkeypatch, capsys, check, tests, code
):
    fresh.main(["setup"])
    ran = []

    def launch(command, extra=None):
        ran.append((Path(command[0]).stem if command[1:2] != ["-m"] else command[2], extra))
        return tests if "pytest" in command else check if command[0].endswith("mypy") else 0

    monkeypatch.setattr(fresh, "launch", launch)
    assert fresh.main(["test", "-k", "stock"]) == code
    assert [name for name, _ in ran] == [
        *("ruff", "ruff", "mypy", "lint-imports", "deptry", "codespell"),
        "pytest",
    ]
    assert ran[-1][1] == {"SOPWB_FAILED_CHECKS": "mypy" if check else ""}
    assert ("FAILED" in capsys.readouterr().out) is bool(check)


def test_fast_runs_the_quick_tests_only(fresh):
    fresh.main(["setup"])
    fresh.launched.clear()
    fresh.main(["test", "--fast", "tests/demand"])
    [command] = fresh.launched
    assert command[1:5] == ["-m", "pytest", "-m", "not slow and not browser and not e2e"]
    assert command[-1] == "tests/demand"


def test_tests_run_on_every_core_and_those_of_one_file_together(fresh, monkeypatch):
    fresh.main(["setup"])
    fresh.launched.clear()
    monkeypatch.setattr(fresh.os, "cpu_count", lambda: 2)
    fresh.main(["test"])
    words = " ".join(fresh.launched[-1])
    assert "-n 2 --dist loadfile" in words


def test_what_is_launched_runs_on_one_thread_and_keeps_its_bytecode(bootstrap, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    env = bootstrap.environment()
    assert "PYTHONDONTWRITEBYTECODE" not in env
    assert {env[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PANDAS_COPY_ON_WRITE")} == {
        "1"
    }


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such signals.")
def test_exit_codes_pass_through_and_a_stopped_program_is_130(bootstrap):
    assert bootstrap.launch([sys.executable, "-c", "raise SystemExit(3)"]) == 3
    end = "import os; os.kill(os.getpid(), {})"
    assert bootstrap.launch([sys.executable, "-c", end.format(int(signal.SIGKILL))]) == 137
    interrupt = "import signal; signal.signal(2, signal.SIG_DFL); " + end.format(int(signal.SIGINT))
    assert bootstrap.launch([sys.executable, "-c", interrupt]) == 130


def test_uv_takes_its_packages_where_this_machines_pip_is_told_to(bootstrap, monkeypatch):
    listing = b"global.index-url='file:///mirror/simple'\n:env:.cert='/etc/company.pem'\nglobal.timeout='9'\n"
    answer = type("Answer", (), {"stdout": listing})
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda *_args, **_options: answer)
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/mine.pem")
    assert bootstrap.mirror_of_pip() == {"UV_DEFAULT_INDEX": "file:///mirror/simple"}
