"""What earlier cycles planned: read from the published runs on which a run builds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from sopwb.errors import Fault, InputError
from sopwb.runs.publish import Published, list_runs
from sopwb.runs.store import read_tables
from sopwb.schema import Schema

__all__ = ["ARCHIVE_TABLES", "READ_TABLES", "approve", "cycle_chain", "past_tables", "remembered"]

ARCHIVE_TABLES = (
    "past_demand_plan",
    "past_demand_range",
    "past_supply_plan",
    "past_kpi",
    "past_profit_and_loss",
)
READ_TABLES = ("demand_plan", "sample_path", "supply_plan", "kpi", "profit_and_loss", "period", "product")
"""Tables of an earlier run that its cycle is remembered by."""
LONGEST_CHAIN = 24
BAND = {"lower_qty": 0.1, "upper_qty": 0.9}
"""Quantiles of the sample paths that are kept."""


def cycle_chain(root: Path, run: Published | None) -> list[Published]:
    """A run and those it builds on, newest first, one per as-of date."""
    if run is None:
        return []
    by_name = {item.run_id: item for item in list_runs(root, run.folder.parent.name)}
    chain = [run]
    while len(chain) < LONGEST_CHAIN:
        before = by_name.get(chain[-1].manifest.get("builds_on") or "")
        if before is None:
            break
        chain.append(before)
    return chain


def past_tables(chain: Sequence[Published], schema: Schema) -> dict[str, pd.DataFrame]:
    """Archive tables (``past_...``) made of the tables of earlier runs."""
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in ARCHIVE_TABLES}
    for run in chain:
        folders = [run.folder / "tables", run.folder / "inputs"]
        frames = read_tables(folders, READ_TABLES, schema)
        cycle = pd.Timestamp(run.manifest["as_of"])
        for name, frame in remembered(frames, cycle, is_approved=run.approval.exists()).items():
            parts[name].append(frame)
    return {
        name: schema[name].shape(pd.concat(found)) if found else schema[name].empty()
        for name, found in parts.items()
    }


def remembered(
    frames: dict[str, pd.DataFrame], cycle: pd.Timestamp, *, is_approved: bool = True
) -> dict[str, pd.DataFrame]:
    """The archive tables of one cycle.

    Parameters
    ----------
    frames
        Tables demand_plan, sample_path, supply_plan, kpi, profit_and_loss, period and product of the cycle.
    cycle
        Its as-of date.
    is_approved
        Whether it was approved.
    """
    month = frames["period"][["period", "fiscal_period"]]
    plan = frames["demand_plan"].merge(month, on="period", validate="many_to_one")
    streams = ["baseline_qty", "automatic_qty", "consensus_qty"]
    by_month = plan.groupby(["product", "market", "fiscal_period"], as_index=False)
    demand = by_month[streams].sum()
    spoken = by_month["manual_qty"].sum(min_count=1)["manual_qty"]
    kpi = frames["kpi"].loc[frames["kpi"]["scope"] == "*", ["kpi", "kpi_value"]]
    result = frames["profit_and_loss"]
    money = result.loc[result["version"] == "forecast", ["period", "line", "amount_value"]]
    columns = ["option", "product", "location", "source", "period", "planned_qty"]
    return {
        "past_demand_plan": demand.assign(manual_qty=spoken, cycle=cycle, is_approved=is_approved).rename(
            columns={"fiscal_period": "period"}
        ),
        "past_demand_range": _demand_range(frames["sample_path"], month, frames["product"]).assign(
            cycle=cycle
        ),
        "past_supply_plan": frames["supply_plan"][columns].assign(cycle=cycle),
        "past_kpi": kpi.assign(cycle=cycle),
        "past_profit_and_loss": money.assign(cycle=cycle),
    }


def _demand_range(path: pd.DataFrame, month: pd.DataFrame, product: pd.DataFrame) -> pd.DataFrame:
    """80 percent band of each product, each family and the company by fiscal month, over the sample paths."""
    wide = path.pivot(index=["product", "period"], columns="path", values="demand_qty")
    code, period = (wide.index.get_level_values(name) for name in ("product", "period"))
    months = period.map(month.set_index("period")["fiscal_period"].to_dict())
    family = code.map(product.set_index("product")["family"].to_dict())
    parts = []
    for level, node in (("product", code), ("family", family), ("company", ["*"] * len(wide))):
        keys = [pd.Index(node, name="node", dtype=object), pd.DatetimeIndex(months, name="period")]
        sums = wide.groupby(keys).sum()
        ends = {name: np.quantile(sums, rate, axis=1) if len(sums) else [] for name, rate in BAND.items()}
        parts.append(sums.index.to_frame(index=False).assign(**ends, level=level))
    return pd.concat(parts, ignore_index=True)


def approve(run: Published, who: str, comment: str, moment: str) -> Path:
    """Record the approval of a published run beside it; the run itself stays as it is.

    Raises
    ------
    InputError
        The run is approved already, or its plan failed its checks.
    """
    if run.manifest["status"] == "failed_checks":
        remedy = "mend the plan and run again"
        raise InputError([Fault(run.run_id, "its plan fails its own checks", remedy=remedy)])
    path = run.approval
    path.parent.mkdir(exist_ok=True)
    content = {"run": run.run_id, "by": who, "comment": comment, "at": moment, "files": run.manifest["files"]}
    try:
        with path.open("x", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1, sort_keys=True)
    except FileExistsError:
        raise InputError([Fault(run.run_id, "is approved already", remedy=f"see {path.name}")]) from None
    return path
