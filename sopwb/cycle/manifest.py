"""The evidence of a run: what it was made from, with what, and what came out."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

from sopwb.cycle.inputs import Inputs, Request
from sopwb.cycle.step import INPUTS, TIMINGS
from sopwb.report.context import CheckLine, Link, ReportContext, RunSummary
from sopwb.report.numbers import by_unit
from sopwb.runs.digest import code_commit, file_digest, folder_digest
from sopwb.runs.publish import Published

__all__ = ["FAILED", "PUBLISHED", "manifest_of", "report_context", "run_summary", "short_commit"]

PACKAGES = ("sopwb", "pandas", "numpy", "darts", "statsforecast", "cvxpy", "highspy", "altair", "papermill")
SHOWN_KPIS = ("revenue", "ebit", "service", "stock_value")
PUBLISHED = "published"
FAILED = "failed_checks"
REPOSITORY = Path(__file__).resolve().parents[2]


def manifest_of(
    request: Request,
    inputs: Inputs,
    run_id: str,
    made_at: str,
    folder: Path,
    tables: Mapping[str, pd.DataFrame],
) -> dict[str, Any]:
    """Everything a reader needs to trust a run, but for the digests of its files, added at publishing.

    Parameters
    ----------
    request, inputs
        What was asked for, and what the run started from.
    run_id, made_at
        Name of the run and the moment it was begun.
    folder
        Folder in which it was made.
    tables
        Its tables; of them the solver's log, checks, key figures and headline.
    """
    model = inputs.model
    checks = tables["check"]
    scenario = model.scenarios.get(model.scenario)
    lock = REPOSITORY / "requirements.lock"
    return {
        "run": run_id,
        "customer": model.customer,
        "company": model.name,
        "currency": model.currency,
        "scenario": model.scenario,
        "scenario_title": scenario.title if scenario else "Baseline",
        "as_of": str(model.as_of.date()),
        "builds_on": inputs.builds_on,
        "made_at": made_at,
        "status": FAILED if (checks["status"] == "fail").any() else PUBLISHED,
        "parameters": dict(request.parameters or {}),
        "origins": dict(inputs.setup.origins),
        "code": code_commit(REPOSITORY),
        "package_digest": folder_digest(Path(__file__).resolve().parents[1], ["**/*.py", "**/*.yaml"]),
        "customer_digest": folder_digest(
            inputs.setup.folder, ["*.yaml", "sources/*", "schema/*", "extensions/*.py"]
        ),
        "lock_digest": file_digest(lock) if lock.exists() else "",
        "inputs_digest": folder_digest(folder / INPUTS, ["*.parquet"]),
        "versions": {"python": platform.python_version(), **_versions()},
        "solver": tables["solver_log"].to_dict("records"),
        "seeds": {},
        "timings": _timings(folder),
        "checks": checks[["check", "status", "message"]].to_dict("records"),
        "kpi": _kpi(tables["kpi"]),
        "headline": str(tables["headline"]["message"].iloc[0]) if len(tables["headline"]) else "",
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _timings(folder: Path) -> list[dict[str, Any]]:
    path = folder / TIMINGS
    return (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    )


def _kpi(kpi: pd.DataFrame) -> list[dict[str, Any]]:
    known = (kpi["scope"] == "*") & kpi["kpi_value"].notna()
    whole = kpi.loc[known, ["kpi", "kpi_value", "unit"]]
    return [{str(name): value for name, value in row.items()} for row in whole.to_dict("records")]


def report_context(
    manifest: Mapping[str, Any], pages: tuple[Link, ...] = (), tables: str = "../tables"
) -> ReportContext:
    """Facts of a run as its pages carry them.

    Parameters
    ----------
    manifest
        The manifest.
    pages
        Pages of the run, seen from the page that shows them.
    tables
        Folder of the tables, seen from that page.
    """
    return ReportContext(
        company=manifest["company"],
        customer=manifest["customer"],
        scenario=manifest["scenario"],
        scenario_title=manifest["scenario_title"],
        run_id=manifest["run"],
        as_of=manifest["as_of"],
        currency=manifest["currency"],
        status=manifest["status"],
        made_at=manifest["made_at"],
        builds_on=manifest["builds_on"] or "",
        code_commit=str(manifest["code"].get("commit", ""))[:12],
        is_dirty=bool(manifest["code"].get("is_changed", False)),
        versions=manifest["versions"],
        digests={
            "inputs": manifest["inputs_digest"],
            "package": manifest["package_digest"],
            "lock": manifest["lock_digest"],
        },
        solver=[f"{row['goal']}: {row['status']}, gap {row['gap_rate']:.2g}" for row in manifest["solver"]],
        checks=[CheckLine(row["check"], row["status"], row["message"]) for row in manifest["checks"]],
        pages=pages,
        table_href=tables + "/{table}.parquet",
    )


def run_summary(run: Published, root: Path) -> RunSummary:
    """One run as the list of runs shows it."""
    figures = {row["kpi"]: row for row in run.manifest["kpi"]}
    shown = {
        name.replace("_", " "): by_unit(
            figures[name]["kpi_value"], figures[name]["unit"], run.manifest["currency"]
        )
        for name in SHOWN_KPIS
        if name in figures
    }
    href = (run.folder.relative_to(root) / "index.html").as_posix()
    return RunSummary(report_context(run.manifest), href, shown, run.manifest["headline"])


def short_commit(manifest: Mapping[str, Any]) -> str:
    """Commit a run was made with, short, with a mark when the code had changes."""
    code = manifest["code"]
    return str(code.get("commit", ""))[:8] + ("+" if code.get("is_changed") else "")
