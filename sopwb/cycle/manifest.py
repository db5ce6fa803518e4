"""The evidence of a run: what it was made from, with what, and what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from sopwb.config.supply import STOPPED
from sopwb.cycle.begin import Beginning
from sopwb.cycle.fingerprint import REPOSITORY, Fingerprint, versions
from sopwb.cycle.notebooks import chain
from sopwb.cycle.replaced import replaced_notebooks, replacement_warnings
from sopwb.cycle.step import INPUTS, TABLES
from sopwb.report.context import CheckLine, Link, ReportContext, RunSummary
from sopwb.report.numbers import by_unit
from sopwb.runs.digest import code_commit, file_digest, folder_digest
from sopwb.runs.publish import Published, RunFolder, list_runs
from sopwb.runs.store import read_table

__all__ = [
    "FAILED",
    "PUBLISHED",
    "code_digests",
    "manifest_of",
    "page_facts",
    "report_context",
    "run_summary",
    "short_commit",
]

TOLD_TABLES = ("check", "solver_log", "kpi", "headline")
SHOWN_KPIS = ("revenue", "ebit", "service", "stock_value")
PUBLISHED = "published"
FAILED = "failed_checks"


def manifest_of(
    beginning: Beginning,
    fingerprint: Fingerprint,
    run: RunFolder,
    made_at: str,
    timings: list[dict[str, Any]],
) -> dict[str, Any]:
    """Everything a reader needs to trust a run, but for the digests of its files, added at publishing.

    Parameters
    ----------
    beginning
        What was asked for, and what the run started from.
    fingerprint
        Of the code it was made with.
    run
        Its folder, with all its tables.
    made_at
        Moment at which it was begun.
    timings
        What each stage cost, and whether it was taken over from an earlier run.
    """
    folder, model, request = run.building, beginning.model, beginning.request
    tables = {
        name: read_table(folder / TABLES / f"{name}.parquet", beginning.schema[name]) for name in TOLD_TABLES
    }
    checks = tables["check"]
    scenario = model.scenarios.get(model.scenario)
    replaced = replaced_notebooks(request.folder, _replaced_before(run))
    return {
        "run": run.run_id,
        "customer": model.customer,
        "company": model.name,
        "currency": model.currency,
        "scenario": model.scenario,
        "scenario_title": scenario.title if scenario else "Baseline",
        "as_of": str(model.as_of.date()),
        "builds_on": beginning.builds_on,
        "made_at": made_at,
        "status": FAILED if (checks["status"] == "fail").any() else PUBLISHED,
        "parameters": dict(request.parameters or {}),
        "origins": dict(beginning.setup.origins),
        "code": code_commit(REPOSITORY),
        **code_digests(request.folder, fingerprint),
        "inputs_digest": folder_digest(folder / INPUTS, ["*.parquet"]),
        "versions": versions(),
        "solver": _solves(tables["solver_log"]),
        "is_repeatable": not bool((tables["solver_log"]["status"] == STOPPED).any()),
        "seeds": {"demand.paths": model.demand.paths.seed},
        "timings": timings,
        "checks": checks[["check", "status", "message"]].to_dict("records"),
        "kpi": _kpi(tables["kpi"]),
        "headline": str(tables["headline"]["message"].iloc[0]) if len(tables["headline"]) else "",
        "replaced_notebooks": [asdict(item) for item in replaced],
        "warnings": replacement_warnings(replaced),
    }


def code_digests(customer: Path, fingerprint: Fingerprint) -> dict[str, Any]:
    """Digests of all code that can change a run: the workbench, the customer's own, the lock, notebooks."""
    lock = REPOSITORY / "requirements.lock"
    own = ["*.yaml", "sources/*", "schema/*", "extensions/*.py"]
    return {
        "package_digest": fingerprint.code,
        "customer_digest": folder_digest(customer, own),
        "lock_digest": file_digest(lock) if lock.exists() else "",
        "notebook_digests": {path.stem: file_digest(path) for path in chain(customer)},
    }


def page_facts(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What pages show of a manifest, but for the name and the moment of the run."""
    return asdict(report_context({**manifest, "run": "", "made_at": ""})) | {"headline": manifest["headline"]}


def _replaced_before(run: RunFolder) -> list[dict[str, str]]:
    before = list_runs(run.root, run.customer)
    return before[-1].manifest.get("replaced_notebooks", []) if before else []


def _solves(log: pd.DataFrame) -> list[dict[str, Any]]:
    """The solver's log; a figure that a stopped solve does not know is nothing."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in log.to_dict("records")
    ]


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
