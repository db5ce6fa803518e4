#!/usr/bin/env python3
"""Set up the workbench on this machine and run it; needs nothing but Python itself.

python3 bootstrap.py setup           make .venv and install the locked packages
python3 bootstrap.py run [ARGS...]   plan the demo customer and say where the report is
python3 bootstrap.py test [ARGS...]  lint, types, layers, tests (--fast: only the quick tests)
python3 bootstrap.py lab [ARGS...]   open the notebooks in JupyterLab

Every command sets up first when something is missing and starts at once when nothing is.
This file keeps to the grammar of Python 3.6, so that an old Python can read it and say so.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parent
OLDEST = (3, 11)
NEWEST = (3, 13)
LOCKED_FILES = ("bootstrap.lock", "requirements.lock", "pyproject.toml")
STAMP = "sopwb-set-up.json"
UNFINISHED = "sopwb-set-up.unfinished"
SPELLED = ["sopwb", "tests", "docs", "notebooks", "templates", "benchmarks", "customers/demo"]
SPELLED = [*SPELLED, "customers/adventureworks", "README.md", "bootstrap.py", "environment.yml", ".ci"]
QUICK_TESTS = "not slow and not browser and not e2e"
MOST_WORKERS = 4
STOPPED = 130


class SetUpError(Exception):
    """Why set-up cannot go on, in words for the person at the keyboard."""


def main(arguments: Sequence[str]) -> int:
    """Exit code of the command the user asked for."""
    commands = {"setup": just_set_up, "run": run, "test": test, "lab": lab}
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(__doc__)
        return 0 if arguments else 2
    command = commands.get(arguments[0])
    if command is None:
        say("There is no command '{}'. There are: {}.".format(arguments[0], ", ".join(commands)))
        return 2
    try:
        demand_python(sys.version_info[:3], arguments)
        return command(list(arguments[1:]))
    except SetUpError as reason:
        say(str(reason))
        return 2
    except KeyboardInterrupt:
        say("Stopped. Call the same command again: it puts right what was left half done.")
        return STOPPED


def just_set_up(arguments: List[str]) -> int:
    """Exit code of set-up alone."""
    if arguments:
        raise SetUpError("'setup' takes no arguments, but got: {}".format(" ".join(arguments)))
    if not set_up():
        print("Set-up is complete; nothing to do.")
    return 0


def run(arguments: List[str]) -> int:
    """Exit code of the run; without a customer's name it is the demo."""
    set_up()
    named = bool(arguments) and not arguments[0].startswith("-")
    started = time.time()
    code = launch([venv_python(), "-m", "sopwb", "run"] + ([] if named else ["demo"]) + arguments)
    report = newest_report(started)
    if report is not None:
        print("Report: {}".format(report))
    return code


def lab(arguments: List[str]) -> int:
    """Exit code of JupyterLab."""
    set_up()
    return launch([venv_python(), "-m", "sopwb", "lab"] + arguments)


def test(arguments: List[str]) -> int:
    """Exit code of all checks; the tests come last, so that their closing line closes everything."""
    set_up()
    fast = "--fast" in arguments
    pytest = [venv_python(), "-m", "pytest"] + (["-m", QUICK_TESTS] if fast else [])
    pytest += [
        "-n",
        str(min(os.cpu_count() or 1, MOST_WORKERS)),
        "--dist",
        "loadfile",
        "--no-loadscope-reorder",
    ]
    pytest += [argument for argument in arguments if argument != "--fast"]
    failed = [] if fast else failed_checks()
    print("\n=== pytest", flush=True)
    code = launch(pytest, {"SOPWB_FAILED_CHECKS": ", ".join(failed)})
    return code or (1 if failed else 0)


# ---------------------------------------------------------------------------------- checks


def checks() -> List[Tuple[str, List[str]]]:
    """Name and command of every check but the tests, in the order in which they run."""
    notebooks = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("notebooks/*.ipynb"))]
    written = [name for name in SPELLED if (ROOT / name).exists()]
    return [
        ("ruff check", [venv_tool("ruff"), "check", "."]),
        ("ruff format", [venv_tool("ruff"), "format", "--check", "."]),
        ("mypy", [venv_tool("mypy")]),
        ("lint-imports", [venv_tool("lint-imports"), "--no-logo"]),
        ("deptry", [venv_tool("deptry"), "."]),
        ("codespell", [venv_tool("codespell")] + written),
        ("nbstripout", [venv_tool("nbstripout"), "--verify", "--keep-id"] + notebooks if notebooks else []),
    ]


def failed_checks() -> List[str]:
    """Names of the checks that failed; all run, and a summary is printed."""
    results = []
    for name, command in checks():
        print("\n=== {}".format(name), flush=True)
        started = time.time()
        code = launch(command) if command else 0
        results.append((name, code, time.time() - started))
    print("\n=== checks before the tests")
    for name, code, seconds in results:
        print("{:14} {:6} {:5.1f} s".format(name, "FAILED" if code else "ok", seconds))
    return [name for name, code, _ in results if code]


# ---------------------------------------------------------------------------------- set-up


def set_up() -> bool:
    """Whether there was anything to do; afterwards .venv holds exactly what the locks name."""
    if is_set_up():
        return False
    demand_venv_module()
    started = time.time()
    steps = [
        ("make .venv with Python {}.{}.{}".format(*sys.version_info[:3]), make_venv),
        ("install uv", install_uv),
        ("install {} packages".format(len(locked_packages())), install_packages),
        ("install sopwb", install_sopwb),
    ]
    for number, (what, step) in enumerate(steps, start=1):
        print("{:4.0f} s  {}/{} {}".format(time.time() - started, number, len(steps), what), flush=True)
        step()
    finish()
    print("{:4.0f} s  set-up is complete".format(time.time() - started), flush=True)
    return True


def is_set_up() -> bool:
    """Whether the stamp of the last complete set-up still fits the locks and the Python in .venv."""
    if (venv() / UNFINISHED).exists():
        return False
    try:
        stamp = json.loads((venv() / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(stamp == stamp_now())


def stamp_now() -> Dict[str, str]:
    """What a complete set-up of this folder must have been made from."""
    stamp = {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in LOCKED_FILES}
    stamp["python"] = venv_version()
    stamp["folder"] = str(ROOT)
    return stamp


def make_venv() -> None:
    """Make .venv; a sound one of the user's is kept, a half-made, moved or broken one is made anew."""
    if venv().exists() and not venv_is_sound():
        print("        the .venv that is there is incomplete or does not fit; it is made anew", flush=True)
        remove_venv()
    was_there = venv().exists()
    venv().mkdir(exist_ok=True)
    (venv() / UNFINISHED).write_text("set-up was begun here and is not complete\n", encoding="utf-8")
    if not was_there:
        base = getattr(sys, "_base_executable", None) or sys.executable
        demand_success([base, "-m", "venv", str(venv())], "A virtual environment could not be made.")


def venv_is_sound() -> bool:
    """Whether the .venv that is there can be built upon."""
    version = tuple(int(part) for part in re.findall(r"\d+", venv_version())[:2])
    return not (venv() / UNFINISHED).exists() and OLDEST <= version <= NEWEST and not was_moved()


def was_moved() -> bool:
    """Whether .venv was set up while the repository lay in another folder."""
    try:
        stamp = json.loads((venv() / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(stamp.get("folder") != str(ROOT))


def remove_venv() -> None:
    """Remove .venv, or say why it cannot be removed."""
    try:
        shutil.rmtree(str(venv()))
    except OSError as reason:
        raise SetUpError(
            "{} cannot be removed ({}). Close what uses it and remove it.".format(venv(), reason)
        )


def install_uv() -> None:
    """Install the locked uv with pip, from wherever this machine's pip takes its packages."""
    pip = [venv_python(), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    demand_success(
        pip + ["--require-hashes", "--only-binary", ":all:", "-r", str(ROOT / "bootstrap.lock")],
        "uv could not be installed. Is the network there, and does pip know your company's mirror?",
    )


def install_packages() -> None:
    """Install every locked package, compiled, so that the first start is as quick as the second."""
    uv = uv_install() + ["--require-hashes", "-r", str(ROOT / "requirements.lock")]
    demand_success(
        uv,
        "The packages could not be installed. Call the same command again: what is already\n"
        "downloaded is kept. Behind a company's mirror set UV_DEFAULT_INDEX or pip's index-url.",
        mirror_of_pip(),
    )


def install_sopwb() -> None:
    """Install this folder itself, editable; its build backend is among the locked packages."""
    uv = uv_install() + ["--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    demand_success(uv, "sopwb itself could not be installed.", {"UV_OFFLINE": "1"})


def finish() -> None:
    """Write the stamp in one move, then take away the mark of an unfinished set-up."""
    draft = venv() / (STAMP + ".draft")
    draft.write_text(json.dumps(stamp_now(), indent=1) + "\n", encoding="utf-8")
    draft.replace(venv() / STAMP)
    (venv() / UNFINISHED).unlink()


def uv_install() -> List[str]:
    """Begin of every uv command; quiet where no person watches."""
    quiet = [] if sys.stderr.isatty() else ["--quiet"]
    return [venv_python(), "-m", "uv", "pip", "install", "--python", venv_python()] + quiet


def mirror_of_pip() -> Dict[str, str]:
    """Settings that make uv use the mirror and certificate this machine's pip is told to use."""
    listing = subprocess.run(
        [venv_python(), "-m", "pip", "config", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
        check=False,
    ).stdout.decode("utf-8", "replace")
    given = {
        variable: re.search(r"^[\w:]+\.{}='(.+)'\s*$".format(key), listing, re.MULTILINE)
        for key, variable in (("index-url", "UV_DEFAULT_INDEX"), ("cert", "SSL_CERT_FILE"))
    }
    return {name: found.group(1) for name, found in given.items() if found and not os.environ.get(name)}


def locked_packages() -> List[str]:
    """Names in requirements.lock, in its order; some are for other systems only."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return sorted(set(re.findall(r"^([A-Za-z0-9][\w.-]*)==", text, re.MULTILINE)))


# ------------------------------------------------------------------------------- conditions


def demand_python(version: Sequence[int], arguments: Sequence[str]) -> None:
    """Stop when this Python is too old or too new; name one that is there, if there is one."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return
    call = "bootstrap.py " + " ".join(arguments)
    other = suitable_python()
    words = "sopwb needs Python 3.{} to 3.{}, this is {}.\n".format(
        OLDEST[1], NEWEST[1], ".".join(str(part) for part in version[:3])
    )
    if other:
        raise SetUpError(words + "There is one on this machine: call  {} {}".format(other, call))
    raise SetUpError(
        words + "Install Python 3.{}, then call  python3.{} {}".format(OLDEST[1], OLDEST[1], call)
    )


def suitable_python() -> Optional[str]:
    """Name of a Python on the search path that would do, or None."""
    for minor in range(OLDEST[1], NEWEST[1] + 1):
        name = "python3.{}".format(minor)
        if shutil.which(name) and quietly([name, "-c", "import venv, ensurepip"]) == 0:
            return name
    return None


def demand_venv_module() -> None:
    """Stop when Python cannot make virtual environments (Debian packs that part separately)."""
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing and not venv_is_sound():
        raise SetUpError(
            "This Python lacks '{}', which makes virtual environments.\n"
            "On Debian and Ubuntu:  apt-get install python3-venv   (as root), then call this again.".format(
                "' and '".join(missing)
            )
        )


def demand_success(command: List[str], otherwise: str, extra: Optional[Mapping[str, str]] = None) -> None:
    """Stop with a sentence when a command of set-up fails; its own words stand above it."""
    code = launch(command, extra)
    if code == STOPPED:
        raise KeyboardInterrupt
    if code:
        raise SetUpError(otherwise)


# ------------------------------------------------------------------------------- processes


def launch(command: List[str], extra: Optional[Mapping[str, str]] = None) -> int:
    """Exit code of a command run in this folder; Ctrl-C gives it time to end by itself."""
    sys.stdout.flush()
    env = environment()
    env.update(extra or {})
    try:
        process = subprocess.Popen(command, cwd=str(ROOT), env=env)
    except OSError as reason:
        raise SetUpError("{} cannot be started: {}".format(command[0], reason))
    try:
        code = process.wait()
    except KeyboardInterrupt:
        end(process)
        raise
    return STOPPED if code == -signal.SIGINT else 128 - code if code < 0 else code


def end(process: "subprocess.Popen[bytes]") -> None:
    """Wait for a process that was told to stop; after 15 seconds, or a second Ctrl-C, kill it."""
    try:
        process.wait(15)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()


def quietly(command: List[str]) -> int:
    """Exit code of a command whose words nobody needs."""
    try:
        return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return 1


def environment() -> Dict[str, str]:
    """Environment of everything launched: .venv first, one thread per process, bytecode kept."""
    env = dict(os.environ)
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"):
        env.pop(name, None)
    env.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", PANDAS_COPY_ON_WRITE="1", PYTHONUTF8="1")
    env.update(UV_COMPILE_BYTECODE="1", UV_PYTHON_DOWNLOADS="never", VIRTUAL_ENV=str(venv()))
    env.setdefault("UV_HTTP_TIMEOUT", "180")
    env["PATH"] = os.pathsep.join([str(Path(venv_python()).parent), env.get("PATH", "")])
    return env


def venv() -> Path:
    """Folder of the virtual environment."""
    return ROOT / ".venv"


def venv_python() -> str:
    """Python in .venv."""
    return venv_tool("python")


def venv_tool(name: str) -> str:
    """Program in .venv."""
    return str(venv() / ("Scripts/" + name + ".exe" if os.name == "nt" else "bin/" + name))


def venv_version() -> str:
    """Full version of the Python in .venv; empty when it does not start."""
    try:
        command = [venv_python(), "-c", "import pip, platform; print(platform.python_version())"]
        return subprocess.check_output(command, stderr=subprocess.DEVNULL).decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def newest_report(since: float) -> Optional[Path]:
    """First page of the report that was published since then, or None."""
    runs = Path(os.environ.get("SOPWB_RUNS") or str(ROOT / "runs"))
    pages = [page for page in runs.glob("*/*/index.html") if page.stat().st_mtime >= since - 1]
    return max(pages, key=lambda page: page.stat().st_mtime) if pages else None


def say(words: str) -> None:
    """Print a sentence for the user on the error stream."""
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
