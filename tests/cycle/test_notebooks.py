"""Notebooks are executed in a kernel that knows no secret, needs no home, and leaves nothing but outputs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import sopwb.report.sections
from sopwb.config.model import Model
from sopwb.cycle.notebooks import PARAMETERS, chain, check_notebooks, executor, notebook_folder
from sopwb.cycle.parts import BUILT_IN_MODULES, collect_parts
from sopwb.errors import InputError, SopwbError
from sopwb.schema import load_schema
from tests.cycle.customer import acme

GIVEN = {"customer": "acme", "scenario": "baseline", "run_folder": "."}
LOOK = """
import os, sys
from pathlib import Path
Path(f"{seen}.txt").write_text("\\n".join([sys.executable, *map("=".join, os.environ.items())]))
"""


def notebook(path: Path, code: str, parameters: str = "customer = scenario = run_folder = ''") -> Path:
    cells = [
        {"cell_type": "code", "source": parameters, "metadata": {"tags": ["parameters"]}},
        {"cell_type": "code", "source": code, "metadata": {}},
    ]
    whole = [{**cell, "outputs": [], "execution_count": None} for cell in cells]
    path.parent.mkdir(exist_ok=True)
    content = {"cells": whole, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def test_a_kernel_knows_no_secret_needs_no_home_and_leaves_no_socket(folder, monkeypatch):
    monkeypatch.setenv("SOPWB_SECRET_ERP", "kanarie")
    monkeypatch.setenv("HOME", "/proc/nohome")
    first = notebook(folder.parent / "10_first.ipynb", "seen = 'first'" + LOOK)
    second = notebook(
        folder.parent / "20_second.ipynb", "kept = 'seen' in globals()\nseen = str(kept)" + LOOK
    )
    with executor(folder) as execute:
        for path in (first, second):
            assert execute(path, GIVEN).parent == folder / "notebooks"
    seen = (folder / "first.txt").read_text(encoding="utf-8")
    assert "SOPWB_SECRET" not in seen
    assert "kanarie" not in seen
    assert "OMP_NUM_THREADS=1" in seen
    names = {path.name for path in folder.iterdir()}
    assert names == {"notebooks", "first.txt", "False.txt"}  # the second did not see what the first had set
    assert str(folder.parent) not in (folder / "notebooks" / "10_first.ipynb").read_text(encoding="utf-8")


def test_a_kernel_begun_early_has_loaded_the_code_of_a_run_and_works_in_its_folder(folder):
    look = "import sys\nopen('found', 'w').write(str('sopwb.demand.stage' in sys.modules))"
    path = notebook(folder.parent / "10_first.ipynb", look)
    with executor(folder, isolated=True, is_begun=True) as execute:
        execute(path, GIVEN)
    assert (folder / "found").read_text(encoding="utf-8") == "True"


def test_a_kernel_that_is_ended_by_the_system_is_one_sentence(folder):
    path = notebook(folder.parent / "40_supply_review.ipynb", "import os\nos._exit(9)")
    with executor(folder) as execute, pytest.raises(SopwbError) as caught:
        execute(path, GIVEN)
    assert str(caught.value).startswith("step 40_supply_review: its process was ended")
    assert "the next run continues" in str(caught.value)
    assert caught.value.exit_code == 70


def test_the_notebooks_of_a_customer_stand_in_the_place_of_the_cores_or_between_them(tmp_path):
    customer = acme(tmp_path)
    own = [
        notebook(customer / "notebooks" / name, "") for name in ("40_supply_review.ipynb", "45_toll.ipynb")
    ]
    notebook(customer / "notebooks" / "draft.ipynb", "")
    found = chain(customer)
    assert [path.stem for path in found] == sorted(path.stem for path in found)
    assert len(found) == 9
    assert set(own) <= set(found)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "cannot be read as a notebook"),
        ("", f"has no parameter {', '.join(PARAMETERS)}"),
    ],
)
def test_a_notebook_that_cannot_be_executed_is_told_before_a_kernel_starts(tmp_path, text, problem):
    path = notebook(tmp_path / "45_toll.ipynb", "", parameters="x = 1")
    if text:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        check_notebooks([path, path])
    assert len(caught.value.faults) == 2
    assert problem in caught.value.faults[0].problem


def test_every_section_a_notebook_shows_exists():
    sections = collect_parts(Model(name="Company", currency="EUR"), load_schema()).report_sections
    sources = [path.read_text(encoding="utf-8") for path in sorted(notebook_folder().glob("*.ipynb"))]
    shown = [name for text in sources for name in re.findall(r'step\.show\(\\"(\w+)\\"\)', text)]
    assert len(shown) > len(sources)
    assert [name for name in shown if name not in sections] == []


def test_every_module_of_sections_is_among_the_parts():
    folder = Path(sopwb.report.sections.__file__).parent
    texts = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.py")}
    marked = {f"sopwb.report.sections.{name}" for name, text in texts.items() if "@report_section" in text}
    assert marked <= set(BUILT_IN_MODULES)
