"""The checks of a run: every marked check, run on the finished tables, a row each."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Parts, Tables, mark_of

__all__ = ["check", "has_failed"]

SHOWN_CELLS = 4


def check(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """What every check of the plan found: pass, warn or fail, with the first offender in words."""
    rows = []
    for name, function in sorted(parts.plan_checks.items()):
        mark = mark_of(function)
        offenders: pd.DataFrame = function(tables, model)
        is_warning = "severity" in offenders and bool((offenders["severity"] == "warn").all())
        status = "pass" if offenders.empty else ("warn" if is_warning else "fail")
        rows.append(
            {
                "check": name,
                "area": mark.options["area"] if mark else "",
                "status": status,
                "offender_count": len(offenders),
                "message": _first(offenders),
            }
        )
    columns = ["check", "area", "status", "offender_count", "message"]
    return {"check": pd.DataFrame(rows, columns=columns)}


def has_failed(checks: pd.DataFrame) -> bool:
    """Whether any check failed."""
    return bool((checks["status"] == "fail").any())


def _first(offenders: pd.DataFrame) -> str:
    if offenders.empty:
        return "holds"
    row = offenders.drop(columns="severity", errors="ignore").iloc[0]
    if "message" in row:
        return str(row["message"])
    cells = [f"{name} {_shown(value)}" for name, value in row.items()]
    return ", ".join(cells[:SHOWN_CELLS])


def _shown(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    return f"{value:.6g}" if isinstance(value, float) else str(value)
