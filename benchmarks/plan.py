"""Plan an instance with the workbench's own functions, and measure it against HiGHS alone.

``python -m benchmarks.plan INSTANCE --out PLAN`` reads the tables of an instance, plans them and
writes the plan's tables; one JSON line tells sizes, times and the objective.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.aside import Aside
from benchmarks.instance import Instance, model_of, plan_tables, read_instance, workbench_tables
from benchmarks.mix import mix_of
from benchmarks.peer import PeerError, beside, check_peer, peak_mb
from benchmarks.prices import Rounds
from benchmarks.whole import whole_of
from sopwb.config.model import Model
from sopwb.cycle.parts import collect_parts
from sopwb.errors import Fault, InputError, SopwbError
from sopwb.extend import Parts
from sopwb.schema import load_schema
from sopwb.supply.allocate import shipment_plan
from sopwb.supply.buckets import Floats
from sopwb.supply.data import PlanData, plan_data
from sopwb.supply.elastic import Elastic, elastic_of
from sopwb.supply.goals import goals_of
from sopwb.supply.outcome import broken_limit, capacity_use, cleaned, supply_plan
from sopwb.supply.program import Program, program_of
from sopwb.supply.session import MONEY, UNAVOIDABLE
from sopwb.supply.solve import Solution, solve
from sopwb.supply.variables import variables_of

__all__ = ["Planned", "changed", "main", "plan", "written"]

Tables = dict[str, pd.DataFrame]
SolveBy = Callable[[PlanData, Program], Solution]
MOST_TOLD = 10
LOADED_S = time.process_time()
"""CPU seconds of this process until Python and the packages above were there."""


class Took(NamedTuple):
    """Seconds by the clock and of CPU."""

    wall: float
    cpu: float

    @staticmethod
    def since(start: Took) -> Took:
        """What passed since a moment."""
        now = Took.now()
        return Took(now.wall - start.wall, now.cpu - start.cpu)

    @staticmethod
    def now() -> Took:
        """This moment."""
        return Took(time.perf_counter(), time.process_time())

    @staticmethod
    def least(many: Iterable[Took]) -> Took:
        """The least of many measurements, each clock by itself."""
        wall, cpu = zip(*many, strict=True)
        return Took(min(wall), min(cpu))


class Planned:
    """A plan of an instance, with what it took to build and to solve it.

    Parameters
    ----------
    start
        Corner of an earlier plan from which the solve goes on.
    by
        Solves the programme in another way.
    meanwhile
        Is called when the programme is built, before it is solved; its time counts for neither.
    """

    def __init__(
        self,
        tables: Tables,
        model: Model,
        parts: Parts,
        start: Any = None,
        by: SolveBy | None = None,
        meanwhile: Callable[[Planned], None] | None = None,
    ) -> None:
        self.tables, self.model, self.parts = tables, model, parts
        begun = Took.now()
        self.data: PlanData = plan_data(tables, model, parts)
        self.program: Program = program_of(self.data, variables_of(self.data), parts, model.parts.constraints)
        self.build = Took.since(begun)
        if meanwhile is not None:
            meanwhile(self)
        self._is_of_parts = by is not None
        begun = Took.now()
        going_on = {} if start is None else {"start": start}
        if by is None:
            self.solution: Solution = solve(self.program, *goals_of(self.data), model.supply, **going_on)
        else:
            self.solution = by(self.data, self.program)
        self.solve = Took.since(begun)

    @property
    def build_s(self) -> float:
        """Seconds by the clock from tables to the programme."""
        return self.build.wall

    @property
    def solve_s(self) -> float:
        """Seconds by the clock from the programme to the plan."""
        return self.solve.wall

    @property
    def service(self) -> dict[str, float]:
        """Share of demand that is shipped, and that is lost."""
        wanted = max(float(self.data.demand.demand.sum()), 1e-9)
        values, blocks = self.solution.values, self.program.blocks  # noqa: PD011 - no frame
        return {name: float(values[blocks[name]].sum()) / wanted for name in ("shipped", "lost")}

    @property
    def objective(self) -> float:
        """Cost less revenue: every charge of the goal, and the price of every soft row that is broken."""
        program, values = self.program, self.solution.values  # noqa: PD011 - no frame
        _, goal = goals_of(self.data)
        broken = np.maximum(program.matrix @ values - program.most, 0.0)
        price = np.zeros(len(broken))
        for rule in program.rules:
            price[rule.first : rule.last] = rule.price * rule.is_soft
        return float(program.spread(goal.charge) @ values + price @ broken)

    def _decided(self) -> dict[str, Floats]:
        """Value of every variable by block; without a solver's noise where one solver found them all.

        A plan of parts keeps it: what one part uses of another would else be missing there.
        """
        values = self.solution.values  # noqa: PD011 - no frame
        if self._is_of_parts:
            return {name: values[place] for name, place in self.program.blocks.items()}
        return cleaned(self.program, values)

    def plan(self) -> Tables:
        """Tables of the plan."""
        data, values = self.data, self._decided()
        count = data.buckets.count
        late, lost = values["late"].reshape(-1, count), values["lost"].reshape(-1, count)
        nodes = data.network.nodes
        stock = pd.DataFrame(
            {
                "product": np.repeat(nodes["product"].to_numpy(object), count),
                "location": np.repeat(nodes["location"].to_numpy(object), count),
                "period": np.tile(data.buckets.period, len(nodes)),
                "closing_qty": values["stock"],
            }
        )
        return {
            "supply_plan": supply_plan(data, values),
            "shipment_plan": shipment_plan(self.tables, data, late, lost),
            "capacity_use": capacity_use(data, self.program, self.solution, values),
            "projected_inventory": stock,
        }


def plan(
    instance: Instance,
    tables: Tables,
    start: Any = None,
    meanwhile: Callable[[Planned], None] | None = None,
    **settings: Any,
) -> Planned:
    """The plan of an instance's tables; from a corner of an earlier solve where one is told."""
    model = model_of(instance, **settings)
    return Planned(tables, model, collect_parts(model, load_schema()), start, meanwhile=meanwhile)


def written(instance: Instance, planned: Tables, folder: Path) -> None:
    """Write the plan's tables as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in plan_tables(instance, planned).items():
        rows.to_csv(folder / f"{name}.csv", index=False)


def changed(tables: Tables, change: str) -> Tables:
    """The tables with the hours of one resource changed by a factor.

    Raises
    ------
    InputError
        The change is not ``capacity:RESOURCE:FACTOR``, or there is no such resource.
    """
    what, _, rest = change.partition(":")
    name, _, factor = rest.rpartition(":")
    known = tables["resource"]["resource"].eq(name)
    number = pd.to_numeric(factor, errors="coerce")
    if what != "capacity" or not known.any() or not number >= 0:
        remedy = "Say capacity:RESOURCE:FACTOR with a resource of the instance and a factor of zero or more."
        raise InputError([Fault("--change", f"{change!r} is no change", (), remedy)])
    hours = tables["resource"]["hours_per_day"].where(
        ~known, tables["resource"]["hours_per_day"] * float(factor)
    )
    return {**tables, "resource": tables["resource"].assign(hours_per_day=hours)}


def _costs(planned: Planned, elastic: Elastic) -> np.ndarray:
    """Costs of the solver's columns for the one goal there is."""
    _, goal = goals_of(planned.data)
    own = elastic.pick.T @ (planned.program.unit * planned.program.spread(goal.charge))
    return MONEY * (own + elastic.slack_charge) + UNAVOIDABLE * elastic.elastic_columns


def pure_highs(planned: Planned) -> tuple[Took, float]:
    """Seconds and objective of HiGHS alone on the same matrices with the same options, from nothing."""
    import highspy

    elastic = elastic_of(planned.program)
    cost, settings = _costs(planned, elastic), planned.model.supply
    # what a soft row credits up to its limit stands in the objective as if all of it were missing
    credit = elastic.slack_charge < 0
    missing = -float(elastic.slack_charge[credit] @ elastic.upper[credit])
    begun = Took.now()
    solver = highspy.Highs()
    for name, value in (
        ("output_flag", False),
        ("threads", 1),
        ("random_seed", 0),
        ("solver", settings.solver),
        ("run_crossover", "on" if settings.crossover else "off"),
    ):
        solver.setOptionValue(name, value)
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = elastic.matrix.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, elastic.lower, elastic.upper
    lp.row_lower_, lp.row_upper_ = elastic.row_lower, elastic.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = elastic.matrix.indptr, elastic.matrix.indices
    lp.a_matrix_.value_ = elastic.matrix.data
    solver.passModel(lp)
    solver.run()
    took = Took.since(begun)
    return took, solver.getObjectiveValue() / MONEY + missing


def _gap(one: float, other: float) -> float:
    return abs(one - other) / max(abs(other), 1.0)


class _Anew(NamedTuple):
    """A plan from nothing, as the process tells it that made it."""

    solve: Took
    objective: float
    service: dict[str, float]

    @staticmethod
    def of(instance: Instance, tables: Tables, settings: dict[str, Any]) -> _Anew:
        """The plan of some tables."""
        planned = plan(instance, tables, **settings)
        return _Anew(planned.solve, planned.objective, planned.service)


def _resolved(planned: Planned, instance: Instance, change: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The plan after a change: from the corner of the plan before, as a scenario goes on, and anew.

    Both build the programme from the changed tables, which is told apart; the seconds of solving
    include handing the whole programme to a solver of its own. Both run at the same time.
    """
    now = changed(planned.tables, change)
    basis = getattr(planned.solution, "basis", None)
    other = Aside(lambda: _Anew.of(instance, now, settings))
    hot = plan(instance, now, start=basis, **settings)
    cold = other.found()
    service = max(abs(share - cold.service[name]) for name, share in hot.service.items())
    return {
        "change": change, "hot_start": basis is not None,
        "resolve_s": round(hot.solve.wall, 3), "cold_resolve_s": round(cold.solve.wall, 3),
        "resolve_cpu_s": round(hot.solve.cpu, 3), "cold_resolve_cpu_s": round(cold.solve.cpu, 3),
        "resolve_over_cold": round(hot.solve.cpu / cold.solve.cpu, 3),
        "resolve_build_s": round(hot.build.wall, 3),
        "resolve_objective": hot.objective, "cold_objective": cold.objective,
        "resolve_gap": _gap(hot.objective, cold.objective), "resolve_service_gap": service,
    }  # fmt: skip


class _Round(NamedTuple):
    """A plan, and HiGHS alone on its matrices at the same time."""

    planned: Planned
    pure: tuple[Took, float]

    @staticmethod
    def of(make: Callable[[Callable[[Planned], None]], Planned]) -> _Round:
        """A round of something that makes a plan and tells when the programme is built."""
        beside: list[Aside[tuple[Took, float]]] = []
        planned = make(lambda built: beside.append(Aside(lambda: pure_highs(built))))
        return _Round(planned, beside[0].found())


def _compared(first: _Round, repeat: int) -> dict[str, Any]:
    """The plan against HiGHS alone: seconds of both, the least of some rounds in which they run together."""
    planned = first.planned
    again = [
        _Round.of(lambda hook: Planned(planned.tables, planned.model, planned.parts, meanwhile=hook))
        for _ in range(repeat - 1)
    ]
    rounds = [first, *again]
    build, solved = (Took.least(getattr(one.planned, what) for one in rounds) for what in ("build", "solve"))
    pure = Took.least(one.pure[0] for one in rounds)
    _, pure_objective = first.pure
    return {
        "build_s": round(build.wall, 3), "solve_s": round(solved.wall, 3),
        "pure_highs_s": round(pure.wall, 3),
        "build_cpu_s": round(build.cpu, 3), "solve_cpu_s": round(solved.cpu, 3),
        "pure_highs_cpu_s": round(pure.cpu, 3), "rounds": repeat,
        "first_build_cpu_s": round(planned.build.cpu, 3),
        "total_over_pure": round((build.cpu + solved.cpu) / pure.cpu, 3),
        "objective": planned.objective, "pure_objective": pure_objective,
        "pure_gap": _gap(planned.objective, pure_objective),
    }  # fmt: skip


def _told_of_broken(planned: Planned) -> int:
    """How many hard limits no plan can keep; the worst are told on the error stream."""
    broken = broken_limit(planned.data, planned.program, planned.solution)
    hard = broken[broken["is_hard"].astype(bool)].sort_values("broken_by_qty", ascending=False)
    period = np.searchsorted(planned.data.buckets.period, hard["period"].to_numpy("datetime64[ns]"))
    for row in hard.assign(place=period).head(MOST_TOLD).itertuples():
        print(
            f"{row.constraint} of {row.subject} in period {row.place} cannot be kept: "
            f"broken by {row.broken_by_qty:g} {row.unit}",
            file=sys.stderr,
        )
    return len(hard)


def measured(
    folder: Path, out: Path, change: str | None, peer: str | None, repeat: int = 1, **settings: Any
) -> dict[str, Any]:
    """One LP plan of an instance, written and measured."""
    begun = time.process_time()
    import cvxpy  # noqa: F401 - loading a library is no part of building a plan
    import highspy  # noqa: F401

    import_s = LOADED_S + time.process_time() - begun
    instance = read_instance(folder)
    if peer:
        check_peer(instance)
    tables = workbench_tables(instance)
    first = _Round.of(lambda hook: plan(instance, tables, meanwhile=hook, **settings))
    planned, peak = first.planned, peak_mb()
    written(instance, planned.plan(), out)
    log = planned.solution.log[-1]
    told = {
        "mode": "lp", "rows": log.rows, "columns": log.columns, "nonzeros": log.nonzeros,
        "import_s": round(import_s, 3), **_compared(first, repeat), "peak_rss_mb": round(peak, 1),
        "broken_limits": _told_of_broken(planned),
    }  # fmt: skip
    if change:
        told |= _resolved(planned, instance, change, settings)
    if peer:
        told |= beside(folder, settings["solver"])
    return told


def measured_mix(folder: Path, out: Path, rounds: Rounds, processes: int, **settings: Any) -> dict[str, Any]:
    """One plan of an instance by volume and mix, written and measured."""
    import cvxpy  # noqa: F401 - loading a library is no part of building a plan
    import highspy  # noqa: F401

    begun = Took.now()
    instance = read_instance(folder)
    tables = workbench_tables(instance)
    model = model_of(instance, **settings)
    told: dict[str, Any] = {}

    def by_families(data: PlanData, program: Program) -> Solution:
        whole = whole_of(data, program, tables)
        mix = mix_of(whole, rounds, processes)
        told.update(mix.told, bound=mix.bound)
        none = np.zeros(len(program.most))
        return Solution(whole.decisions(mix.values), none, none, (), None)

    planned = Planned(tables, model, collect_parts(model, load_schema()), by=by_families)
    written(instance, planned.plan(), out)
    took = Took.since(begun)
    rows, columns = planned.program.matrix.shape
    told["gap"] = (planned.objective - told["bound"]) / abs(told["bound"])
    return {
        "mode": "volume_mix", **told, "rows": rows, "columns": columns,
        "nonzeros": int(planned.program.matrix.nnz), "build_s": round(planned.build.wall, 3),
        "build_cpu_s": round(planned.build.cpu, 3), "solve_s": round(planned.solve.wall, 3),
        "solve_cpu_s": round(planned.solve.cpu, 3), "total_s": round(took.wall, 3),
        "total_cpu_s": round(took.cpu, 3), "objective": planned.objective,
        "peak_rss_mb": round(peak_mb(), 1),
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Plan, write, and tell in one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("instance", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mode", choices=["lp", "volume_mix"], default="lp")
    parser.add_argument("--change", help="capacity:RESOURCE:FACTOR")
    parser.add_argument("--peer", choices=["linopy"])
    parser.add_argument("--solver", choices=["simplex", "ipx"], default="ipx")
    parser.add_argument("--repeat", type=int, default=1, help="rounds of which the least seconds count")
    mix = parser.add_argument_group("with --mode volume_mix")
    mix.add_argument("--rounds", type=int, default=30, help="most rounds of prices")
    mix.add_argument("--seconds", type=float, default=75.0, help="most seconds of rounds and mixes")
    mix.add_argument("--processes", type=int, default=2, help="processes that plan products")
    given = parser.parse_args(arguments)
    if given.mode == "volume_mix" and (given.change or given.peer):
        parser.error("--change and --peer are measured with --mode lp only")
    try:
        if given.mode == "volume_mix":
            rounds = Rounds(max(given.rounds, 1), given.seconds)
            told = measured_mix(given.instance, given.out, rounds, given.processes, solver=given.solver)
        else:
            repeat = max(given.repeat, 1)
            told = measured(given.instance, given.out, given.change, given.peer, repeat, solver=given.solver)
    except PeerError as fault:
        print(fault, file=sys.stderr)
        return 2
    except SopwbError as fault:
        print(fault, file=sys.stderr)
        return fault.exit_code
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
