"""The editor of the demand review in JupyterLab: a browser types, the customer's table has the row."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest

from sopwb.cli.lab import LAB_OPTIONS
from sopwb.cycle.notebooks import notebook_folder
from sopwb.exchange.files import read_file
from tests.cycle.customer import acme

ROOT = Path(__file__).resolve().parents[2]
CELLS = ("parameters", "run", "edit-forecast")
PATIENCE = 60_000
LOADED = """
import pandera.pandas, scipy.special
import sopwb.cycle.step, sopwb.demand.review_stage, sopwb.measure.stage, sopwb.widgets.forecast_editor
from sopwb.config.model import Model
from sopwb.cycle.parts import collect_parts
from sopwb.schema import load_schema

collect_parts(Model(name="Loaded"), load_schema())
"""
"""What the kernel loads while the page opens; the cells would load it one after the other."""


@pytest.fixture
def customer(tmp_path):
    folder = acme(tmp_path)
    scopes = "author,stream,family,product,market\nanna,sales,*,*,*\n"
    (folder / "data" / "author_scope.csv").write_text(scopes, encoding="utf-8")
    return folder


@pytest.fixture
def notebooks(tmp_path, customer):
    """The cells of the demand review that open its meeting and the editor, about this customer."""
    whole = nbformat.read(notebook_folder() / "20_demand_review.ipynb", as_version=4)
    cells = [cell for cell in whole.cells if cell.id in CELLS]
    assert len(cells) == len(CELLS)
    cells[0].source = f"customer = {str(customer)!r}\nscenario = 'baseline'\nrun_folder = ''"
    folder = tmp_path / "notebooks"
    folder.mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=whole.metadata), folder / "review.ipynb")
    return folder


@pytest.fixture
def lab(tmp_path, notebooks):
    """A JupyterLab on this machine only, as it starts: its process, address and token."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-loaded.py").write_text(LOADED, encoding="utf-8")
    environment = os.environ | {
        "JUPYTER_TOKEN": token,
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_DATA_DIR": str(tmp_path / "jupyter"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "PYTHONPATH": str(ROOT),
        "SOPWB_RUNS": str(tmp_path / "runs"),
    }
    command = [sys.executable, "-m", "jupyterlab", *LAB_OPTIONS, "--no-browser", f"--ServerApp.port={port}"]
    command += ["--ServerApp.port_retries=0", "--ServerApp.terminals_enabled=False", "--allow-root"]
    # a kernel that has nothing left to save may go at once
    command += [f"--notebook-dir={notebooks}", "--KernelManager.shutdown_wait_time=1"]
    with (tmp_path / "lab.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield server, f"http://127.0.0.1:{port}", token
        finally:
            server.terminate()
            server.wait(timeout=20)


def _wait_for(server: subprocess.Popen[bytes], address: str, token: str) -> None:
    for _ in range(300):
        assert server.poll() is None, "JupyterLab did not start"
        try:
            with urllib.request.urlopen(f"{address}/api/status?token={token}", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("JupyterLab does not answer")


def _start_kernel(address: str, token: str) -> None:
    """Have the notebook's kernel started, so that it does while the page loads; the page then takes it."""
    session = {
        "path": "review.ipynb",
        "name": "review.ipynb",
        "type": "notebook",
        "kernel": {"name": "python3"},
    }
    headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/api/sessions", json.dumps(session).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 201


def _refused(address: str) -> int:
    try:
        with urllib.request.urlopen(f"{address}/api/contents", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.browser
def test_what_an_author_types_in_jupyterlab_is_a_row_of_the_table(chromium, lab, customer):
    from playwright.sync_api import expect, sync_playwright

    server, address, token = lab
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        _wait_for(server, address, token)
        assert _refused(address) == 403
        _start_kernel(address, token)
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/lab/tree/review.ipynb?token={token}&reset")
        page.get_by_text("| Idle").wait_for()
        page.locator(".jp-CodeCell .cm-content").first.click()
        for _ in CELLS:
            page.keyboard.press("Shift+Enter")
        page.locator(".sopwb-author select").select_option("anna")
        _type(page, "percent-2026-02", "abc")
        page.locator("button.sopwb-check").click()
        message = page.locator(".sopwb-message")
        expect(message).to_contain_text("Feb 2026 or change in %", timeout=PATIENCE)
        assert not (customer / "data" / "manual_forecast.csv").exists()
        _type(page, "percent-2026-02", "5%")
        _type(page, "reason-percent", "Winter campaign")
        _type(page, "until-percent", "2026-04-30")
        page.locator("button.sopwb-save").click()
        expect(message).to_contain_text("1 row(s) are added", timeout=PATIENCE)
        browser.close()
    row = read_file(customer / "data" / "manual_forecast.csv").iloc[0]
    said = ["author", "period", "mode", "amount", "reason", "expires_on"]
    assert row[said].tolist() == ["anna", "2026-02-01", "percent", "0.05", "Winter campaign", "2026-04-30"]


def _type(page, name: str, text: str) -> None:
    """Fill one field and leave it, so that the kernel hears of it."""
    field = page.locator(f".sopwb-{name} input")
    field.fill(text)
    field.press("Enter")
