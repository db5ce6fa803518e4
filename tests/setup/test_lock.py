"""One set of packages, told in four files: pyproject, both locks and the conda environment."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.lock", "bootstrap.lock")
PACKAGE_HOSTS = ("pypi", "pythonhosted", "anaconda", "npmjs", "npmmirror", "jsdelivr", "unpkg", "cdnjs")


def declared() -> list[Requirement]:
    """What pyproject asks for, to run and to develop."""
    texts = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    return [Requirement(text) for text in texts]


def entries(lock: str) -> list[str]:
    """The packages of a lock, each with its hashes on one line."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def locked() -> dict[str, list[Version]]:
    """Versions of each package in requirements.lock; a package may have one per system."""
    found: dict[str, list[Version]] = {}
    for entry in entries("requirements.lock"):
        name, version = entry.split()[0].split("==")
        found.setdefault(canonicalize_name(name.partition("[")[0]), []).append(Version(version))
    return found


def tracked_files() -> list[Path]:
    """Files that are, or are about to be, under version control."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("Without git nobody can say which files are ours.")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listing.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize("requirement", declared(), ids=lambda requirement: requirement.name)
def test_every_declared_package_is_locked_at_a_version_that_satisfies_it(requirement):
    versions = locked().get(canonicalize_name(requirement.name), [])
    assert versions, f"{requirement.name} is not in requirements.lock: compile it anew"
    assert all(requirement.specifier.contains(version) for version in versions)


def test_the_lock_was_compiled_from_what_is_declared_now():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    blocks = re.split(r"^(?=\w)", text, flags=re.MULTILINE)
    ours = {canonicalize_name(block.split("==")[0]) for block in blocks if "sopwb (pyproject.toml" in block}
    ours |= {canonicalize_name(block.split("==")[0]) for block in blocks if "sopwb:dev" in block}
    assert ours == {canonicalize_name(requirement.name) for requirement in declared()}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_one_version_and_hashes(lock):
    for entry in entries(lock):
        assert re.match(r"^[A-Za-z0-9][\w.-]*==[\w.+!-]+\s", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_no_address_and_no_folder_of_a_machine(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(
        r"https?://|file:|--(extra-)?index-url|--find-links|(?<!\w)/(tmp|home|work|root)/", text
    )


def test_the_lock_brings_no_torch():
    assert not [name for name in locked() if name.startswith(("torch", "pytorch", "nvidia"))]


def test_the_bootstrap_lock_holds_uv_alone():
    assert [entry.split("==")[0] for entry in entries("bootstrap.lock")] == ["uv"]


def test_no_file_names_the_address_of_a_package_host():
    address = re.compile(rf"https?://[\w.-]*({'|'.join(PACKAGE_HOSTS)})")
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in tracked_files()}
    assert not [str(path.relative_to(ROOT)) for path, text in texts.items() if address.search(text)]


def test_conda_installs_the_same_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, packages = environment["dependencies"]
    assert pip == "pip"
    assert packages == {"pip": ["--requirement requirements.lock"]}
    version = Version(python.removeprefix("python="))
    assert version in SpecifierSet(PROJECT["project"]["requires-python"])


def test_the_range_of_pythons_is_the_same_everywhere(bootstrap):
    oldest, newest = bootstrap.OLDEST, bootstrap.NEWEST
    assert PROJECT["project"]["requires-python"] == f">=3.{oldest[1]},<3.{newest[1] + 1}"
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py3{oldest[1]}"
    assert PROJECT["tool"]["mypy"]["python_version"] == f"3.{oldest[1]}"


def test_bootstrap_can_be_read_by_an_old_python():
    text = (ROOT / "bootstrap.py").read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 6))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert "__future__" not in imported
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_the_build_backend_is_locked_because_sopwb_is_built_without_a_network():
    assert PROJECT["build-system"]["requires"] == ["hatchling"]
    assert {"hatchling", "editables"} <= set(locked())
