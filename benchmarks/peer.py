"""The plan of an instance by linopy, written as its users would, beside the workbench's own.

``python -m benchmarks.peer INSTANCE --by linopy|workbench`` builds and solves in a process of its
own, so that seconds and memory are those of one of the two alone.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.instance import Instance, read_instance

__all__ = ["PeerError", "beside", "check_peer", "formulated", "main", "peak_mb"]

MISSING = "linopy is not installed here, so there is no peer to measure: install linopy, or leave --peer out."
ROOT = Path(__file__).parent.parent


class PeerError(Exception):
    """The peer cannot be measured; says why, and what to do."""


def _linopy() -> Any:
    """The package, with its present rules of labels; the workbench itself does without it."""
    linopy = importlib.import_module("linopy")
    linopy.options["semantics"] = "v1"
    return linopy


class _Labelled:
    """Numbers of an instance as labelled arrays, and the axes they run over."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.array: Any = importlib.import_module("xarray").DataArray
        self.period = pd.RangeIndex(instance.periods, name="period")
        sites = instance["item_site"]
        self.node = pd.Index(self.place(sites["item"], sites["site"]), name="node")
        self.recipe, self.source = self.axis("recipes", "recipe"), self.axis("purchase", "source")
        self.lane, self.demand = self.axis("lanes", "lane"), self.axis("demand", "demand")
        self.site = self.axis("storage", "site")
        used = {*instance["capacity"]["resource"], *instance["routing"]["resource"]}
        self.resource = pd.Index(sorted(used), name="resource")

    @staticmethod
    def place(item: pd.Series, site: pd.Series) -> pd.Series:
        """Name of an item at a site."""
        return item.astype(str) + " at " + site.astype(str)

    def axis(self, table: str, column: str) -> pd.Index:
        """A key of a table as an axis."""
        return pd.Index(self.instance[table][column], name=column)

    def each(self, table: str, column: str, axis: pd.Index) -> Any:
        """A column of a table, one number for each label of its axis."""
        return self.array(self.instance.column(table, column).to_numpy(), coords=[axis])

    def grid(self, table: str, axis: pd.Index, key: pd.Series, column: str, usual: float = 0.0) -> Any:
        """A column of a table by label and period; the usual number where there is no row."""
        rows = self.instance[table]
        values = np.full((len(axis), len(self.period)), usual)
        row, period = axis.get_indexer(pd.Index(key)), rows["period"].to_numpy(np.int64)
        known = row >= 0
        values[row[known], period[known]] = self.instance.column(table, column).to_numpy()[known]
        return self.array(values, coords=[axis, self.period])

    def at_period(self, axis: pd.Index, column: pd.Series, period: int) -> Any:
        """Numbers of one period by label and period; nothing in all others."""
        values = np.zeros((len(axis), len(self.period)))
        values[:, period] = column.to_numpy(float)
        return self.array(values, coords=[axis, self.period])

    def safety(self) -> Any:
        """Safety stock of each node and period; the table by period outranks the column."""
        rows = self.instance["safety_stock"]
        if len(rows):
            return self.grid("safety_stock", self.node, self.place(rows["item"], rows["site"]), "qty")
        every = self.array(np.ones(len(self.period)), coords=[self.period])
        return self.each("item_site", "safety_stock", self.node) * every


def check_peer(instance: Instance) -> None:
    """The peer is there, and can plan the instance: it writes the linear programme down and nothing beyond.

    Raises
    ------
    PeerError
        linopy is not there, or the instance has runs, orders, set-ups, fences or days in stock.
    """
    if importlib.util.find_spec("linopy") is None:
        raise PeerError(MISSING)
    beyond = [
        f"{table}.{column}"
        for table, column in (
            ("recipes", "min_run"), ("recipes", "frozen_until"), ("purchase", "moq"),
            ("routing", "setup_hours"), ("routing", "setup_cost"), ("item_site", "shelf_life"),
        )
        if instance.column(table, column).gt(0).any()
    ]  # fmt: skip
    beyond += ["frozen"] if len(instance["frozen"]) else []
    if beyond:
        raise PeerError(
            f"The peer is a plain linear programme and has no {', '.join(beyond)}; "
            "take an instance without them, or leave --peer out."
        )


def _summed(decision: Any, of: pd.Series, to: pd.Series, qty: pd.Series | float, axis: pd.Index) -> Any:
    """What decisions bring to each label of an axis: one row of an incidence for each flow."""
    array = importlib.import_module("xarray").DataArray
    flow = pd.RangeIndex(len(of), name="flow")
    by = next(name for name in decision.dims if name != "period")
    each = array(np.broadcast_to(np.asarray(qty, float), len(of)), coords=[flow])
    one = decision.sel({by: array(of.to_numpy(), coords=[flow])}) * each
    group = pd.Series(to.to_numpy(), index=flow, name=axis.name)
    return one.groupby(group).sum()


def _flow(
    labelled: _Labelled,
    decision: Any,
    rows: pd.DataFrame,
) -> Iterator[Any]:
    """What decisions bring to the nodes after their lead times.

    Parameters
    ----------
    rows
        A row for each flow: ``of`` the decision's label, ``to`` the node, ``qty`` for one unit, ``lead``.
    """
    period = labelled.period
    for lead, some in rows.groupby("lead", sort=True):
        last = len(period) - int(str(lead))
        if last > 0:
            started = decision.isel(period=slice(0, last)).assign_coords(period=period[-last:])
            brought = _summed(started, some["of"], some["to"], some["qty"], labelled.node)
            yield brought.reindex(node=labelled.node, period=period).fillna(0)


def _flows(instance: Instance, labelled: _Labelled, made: Any, bought: Any, moved: Any, shipped: Any) -> Any:
    """Everything that comes to each node less everything that leaves it, by node and period."""
    recipes, lanes, sources = instance["recipes"], instance["lanes"], instance["purchase"]
    demand, bom, beside = instance["demand"], instance["bom"], instance["coproduct"]
    of, place = recipes.set_index("recipe"), labelled.place

    def rows(of: pd.Series, to: pd.Series, qty: Any, lead: Any) -> pd.DataFrame:
        return pd.DataFrame({"of": of, "to": to, "qty": qty, "lead": lead}).astype({"lead": int})

    flows = [
        (made, rows(recipes["recipe"], place(recipes["item"], recipes["site"]),
                    instance.column("recipes", "yield"), recipes["lead_time"])),
        (made, rows(beside["recipe"], place(beside["item"], beside["recipe"].map(of["site"])),
                    instance.column("coproduct", "qty_per"), beside["recipe"].map(of["lead_time"]))),
        (made, rows(bom["recipe"], place(bom["component"], bom["recipe"].map(of["site"])),
                    -instance.column("bom", "qty_per"), 0)),
        (bought, rows(sources["source"], place(sources["item"], sources["site"]), 1.0, sources["lead_time"])),
        (moved, rows(lanes["lane"], place(lanes["item"], lanes["from_site"]), -1.0, 0)),
        (moved, rows(lanes["lane"], place(lanes["item"], lanes["to_site"]), 1.0, lanes["lead_time"])),
        (shipped, rows(demand["demand"], place(demand["item"], demand["site"]), -1.0, 0)),
    ]  # fmt: skip
    return sum(part for decision, some in flows for part in _flow(labelled, decision, some))


def formulated(instance: Instance) -> Any:
    """The one-stage plan of an instance as a model of linopy: labelled blocks, and groups for incidences.

    Raises
    ------
    PeerError
        linopy is not there, or the instance has what no linear programme has.
    """
    check_peer(instance)
    linopy = _linopy()
    model, at = linopy.Model(sparse=True), _Labelled(instance)
    demand, capacity, limits = instance["demand"], instance["capacity"], instance["purchase_cap"]
    due, wanted, routing = instance["receipts"], instance["demand_qty"], instance["routing"]

    def block(name: str, axis: pd.Index, upper: Any = np.inf) -> Any:
        return model.add_variables(lower=0, upper=upper, coords=[axis, at.period], name=name)

    def before(decision: Any) -> Any:
        return decision.shift(period=1).fillna(0)

    def of_hours(column: str) -> Any:
        return at.grid("capacity", at.resource, capacity["resource"], column)

    made = block("production", at.recipe)
    bought = block(
        "purchase", at.source, at.grid("purchase_cap", at.source, limits["source"], "max_qty", np.inf)
    )
    moved, stock, short = block("transport", at.lane), block("inventory", at.node), block("ss_short", at.node)
    shipped, late, lost = (block(name, at.demand) for name in ("shipments", "backlog", "lost"))
    overtime = block("overtime", at.resource, of_hours("overtime_max"))
    overload, full = block("capacity_over", at.resource), block("storage_over", at.site)

    initial = at.at_period(at.node, instance.column("item_site", "initial"), 0)
    receipts = at.grid("receipts", at.node, at.place(due["item"], due["site"]), "qty")
    flows = _flows(instance, at, made, bought, moved, shipped)
    model.add_constraints(stock - before(stock) - flows == initial + receipts, name="balance")
    asked = at.grid("demand_qty", at.demand, wanted["demand"], "qty")
    model.add_constraints(shipped + lost + late - before(late) == asked, name="demand")
    hours = _summed(made, routing["recipe"], routing["resource"], routing["hours_per_unit"], at.resource)
    needed = hours.reindex(resource=at.resource).fillna(0)
    model.add_constraints(needed - overtime - overload <= of_hours("hours"), name="capacity")
    model.add_constraints(stock + short >= at.safety(), name="safety_stock")
    if len(at.site):
        sites = instance["item_site"].assign(node=at.node)
        volume = instance["item_volume"].set_index("item")["volume"].astype(float)
        size = sites["item"].map(volume).fillna(1.0)
        filled = _summed(stock, sites["node"], sites["site"], size, at.site)
        room = at.each("storage", "max_volume", at.site)
        model.add_constraints(filled.reindex(site=at.site).fillna(0) - full <= room, name="storage")

    lost_cost = at.each("demand", "lost_cost", at.demand)
    at_end = at.at_period(at.demand, instance.column("demand", "lost_cost"), -1)
    charges = [
        made * at.each("recipes", "unit_cost", at.recipe),
        bought * at.each("purchase", "unit_cost", at.source),
        moved * at.each("lanes", "unit_cost", at.lane),
        stock * at.each("item_site", "holding_cost", at.node),
        short * at.each("item_site", "ss_penalty", at.node),
        shipped * -at.each("demand", "price", at.demand),
        late * (at.each("demand", "backlog_cost", at.demand) + at_end),
        lost * lost_cost,
        overtime * of_hours("overtime_cost"),
        overload * (10.0 * float(demand["lost_cost"].max())),
        full * at.each("storage", "over_cost", at.site),
    ]
    model.add_objective(sum(charge.sum() for charge in charges))
    return model


def peak_mb() -> float:
    """Most memory this process has held since it was started, in MB.

    What the system counts for a process may begin with that of the one that started it; Linux
    tells it without.
    """
    status = Path("/proc/self/status")
    if status.exists():
        told = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(told[0].split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _by_linopy(folder: Path, solver: str) -> dict[str, Any]:
    check_peer(read_instance(folder))
    begun = time.process_time()
    _linopy()
    importlib.import_module("highspy")
    ready = time.process_time()
    instance = read_instance(folder)
    start = time.process_time()
    model = formulated(instance)
    built = time.process_time()
    model.solve(
        "highs", io_api="direct", set_names=False, progress=False,
        solver=solver, threads=1, random_seed=0, output_flag=False,
    )  # fmt: skip
    return {
        "linopy_import_s": round(ready - begun, 3), "linopy_build_s": round(built - start, 3),
        "linopy_solve_s": round(time.process_time() - built, 3),
        "linopy_objective": float(model.objective.value), "linopy_peak_rss_mb": round(peak_mb(), 1),
    }  # fmt: skip


def _by_workbench(folder: Path, solver: str) -> dict[str, Any]:
    from benchmarks.instance import workbench_tables
    from benchmarks.plan import plan

    instance = read_instance(folder)
    planned = plan(instance, workbench_tables(instance), solver=solver)
    return {"own_objective": planned.objective, "own_peak_rss_mb": round(peak_mb(), 1)}


def _alone(folder: Path, solver: str, by: str) -> dict[str, Any]:
    """What a process of its own tells of building and solving an instance.

    Raises
    ------
    PeerError
        The process fails.
    """
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    command = [sys.executable, "-m", "benchmarks.peer", str(folder), "--by", by, "--solver", solver]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path}
    )
    if done.returncode:
        raise PeerError((done.stderr.strip().splitlines() or ["the peer ended without a word"])[-1])
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def beside(folder: Path, solver: str) -> dict[str, Any]:
    """Seconds and memory of linopy, memory of the workbench, each in a process of its own.

    Raises
    ------
    PeerError
        One of the two processes fails.
    """
    told = {**_alone(folder, solver, "linopy"), **_alone(folder, solver, "workbench")}
    gap = abs(told["own_objective"] - told["linopy_objective"]) / max(abs(told["linopy_objective"]), 1.0)
    ratio = told["own_peak_rss_mb"] / told["linopy_peak_rss_mb"]
    return {**told, "linopy_gap": gap, "memory_over_linopy": round(ratio, 3)}


def main(arguments: list[str] | None = None) -> int:
    """Build and solve one way, and tell in one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("instance", type=Path)
    parser.add_argument("--by", choices=["linopy", "workbench"], required=True)
    parser.add_argument("--solver", choices=["simplex", "ipx"], default="ipx")
    given = parser.parse_args(arguments)
    way = {"linopy": _by_linopy, "workbench": _by_workbench}[given.by]
    try:
        print(json.dumps(way(given.instance, given.solver)))
    except PeerError as fault:
        print(fault, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
