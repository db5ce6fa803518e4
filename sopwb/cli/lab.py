"""Start JupyterLab on the notebooks: on this machine only, with a token, asking nothing of the network."""

from __future__ import annotations

import os
import subprocess
import sys

from sopwb.cycle.notebooks import notebook_folder

__all__ = ["LAB_OPTIONS", "open_lab"]

LAB_OPTIONS = (
    "--ip=127.0.0.1",
    "--LabApp.extension_manager=readonly",
    "--LabApp.news_url=",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)


def open_lab() -> int:
    """Exit code of JupyterLab, opened on the folder of the notebooks."""
    command = [sys.executable, "-m", "jupyterlab", *LAB_OPTIONS, f"--notebook-dir={notebook_folder()}"]
    environment = os.environ | {"SOPWB_RUNS": os.environ.get("SOPWB_RUNS", os.path.join(os.getcwd(), "runs"))}  # noqa: PTH109, PTH118
    return subprocess.run(command, env=environment, check=False).returncode
