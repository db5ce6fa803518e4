"""Which investments the plan makes, and what each is worth by planning once more without it, or with it.

They are decided first and in money: poor service counts at its own charge, and not weighted as it is when
the plan puts service before contribution, or a line would be built at any price. Then they stand, their
hours and places are there like any others, and the plan around them is found as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.config.base import RuleSettings
from sopwb.config.supply import SupplySettings
from sopwb.extend import Parts, Tables
from sopwb.supply.buckets import Floats, Ints
from sopwb.supply.data import PlanData
from sopwb.supply.goals import contribution_goal, goals_of, service_goal
from sopwb.supply.investments import BLOCK, DAYS_PER_YEAR, MONTHS_PER_YEAR, capital_per_year, present_value
from sopwb.supply.mixed import whole_decisions
from sopwb.supply.money_limits import INVESTED, MONEY_RULES, MoneyLimit
from sopwb.supply.pieces import solve_apart
from sopwb.supply.program import Program, program_of
from sopwb.supply.session import MONEY, Session, Solved, UnfinishedError
from sopwb.supply.solve import Solution
from sopwb.supply.variables import variables_of

__all__ = [
    "GOAL",
    "Invested",
    "again",
    "as_decided",
    "broken_capex",
    "built",
    "invest",
    "investment_decision",
    "investment_spend",
]

Planned = Callable[[PlanData], tuple[Program, Solution]]

GOAL = "investments"
GAP_RATE = 1e-7
"""Distance from the best bound up to which investments are searched: they are few, and their money is small
beside that of a plan."""
STEERING = ("stock", "end_stock", "scrapped")
"""Blocks whose charge in the contribution steers and is no money."""
BROKEN = 1e-6
HALF = 0.5
WHOLE_WITHIN = 1e-6
LONGEST_YEARS = 1000.0
"""Years after which a payback is none."""


@dataclass(frozen=True)
class Invested:
    """The numbers of a plan once its investments are decided.

    Parameters
    ----------
    data
        Numbers of the plan; what is built is there like any other hours and places.
    open_data
        Numbers of the plan while the investments are open.
    log
        The search for them.
    """

    data: PlanData
    open_data: PlanData
    log: tuple[Solved, ...]


def invest(data: PlanData, parts: Parts, rules: Mapping[str, RuleSettings]) -> Invested:
    """Decide on the investments of a plan, all other decisions that are yes or no relaxed.

    Where the best plan of all that may build a part of an investment builds none in part, it is the best.
    Else the whole ones are searched for. Where that ends without a plan, what people ask for is built as
    early as can be, and nothing else.
    """
    if BLOCK not in data.blocks:
        return Invested(data, data, ())
    program = program_of(data, variables_of(data), parts, rules)
    place = program.blocks[BLOCK]
    only = np.full_like(program.whole_bucket, -1)
    only[place] = program.whole_bucket[place]
    session = Session(program, data.settings)
    cost = session.steering + sum(session.charge(goal) for goal in goals_of(data))
    chosen, log = _unparted(session, cost, place)
    if chosen is not None:
        return Invested(built(data, chosen), data, log)
    near = data.settings.model_copy(update={"mip_gap_rate": min(GAP_RATE, data.settings.mip_gap_rate)})
    whole = whole_decisions(replace(program, whole_bucket=only), session.elastic, cost, near)
    chosen = _asked(data)
    if whole is not None:
        size = (*whole.elastic.matrix.shape, whole.elastic.matrix.nnz)
        log = (Solved(GOAL, whole.status, whole.objective / MONEY, *size, whole.gap),)
        if np.isfinite(whole.objective):
            chosen = np.flatnonzero(whole.elastic.lower[place] > HALF)
    return Invested(built(data, chosen), data, log)


def _unparted(session: Session, cost: Floats, place: slice) -> tuple[Ints | None, tuple[Solved, ...]]:
    """What the best plan builds that may build parts; None where it builds one in part, or time is over."""
    try:
        found = session.best(GOAL, cost)
    except UnfinishedError:
        return None, ()
    made = session.plan(found)[place]
    if not found.is_best or np.abs(made - np.round(made)).max(initial=0.0) > WHOLE_WITHIN:
        return None, ()
    return np.flatnonzero(made > HALF).astype(np.int64), tuple(session.log)


def _asked(data: PlanData) -> Ints:
    """What people ask for, as early as can be."""
    first = data.investments.first_place()
    return first[data.investments.option["status"].eq("build").to_numpy() & (first >= 0)]


def built(data: PlanData, chosen: Ints) -> PlanData:
    """Numbers of the plan with investments that stand: hours and places are there, money is known.

    Parameters
    ----------
    chosen
        Positions of the decisions that are made.
    """
    if BLOCK not in data.blocks:
        return data
    found = data.investments
    made = np.zeros_like(found.built)
    made[chosen] = 1.0
    hours = replace(data.hours, regular=data.hours.regular + found.hours @ made)
    storage = replace(data.storage, most=data.storage.most + found.places @ made)
    money = {name: _known(limit, made) for name, limit in data.money.items() if name != INVESTED}
    return replace(
        data,
        investments=replace(found, built=made),
        hours=hours,
        storage=storage,
        money=money,
        blocks={name: block for name, block in data.blocks.items() if name != BLOCK},
        rows={name: rows for name, rows in data.rows.items() if name != MONEY_RULES[INVESTED]},
    )


def as_decided(data: PlanData, investment_decision: pd.DataFrame) -> PlanData:
    """Numbers of a plan with the investments that its table says are built."""
    made = investment_decision[investment_decision["choice"] == "built"]
    number = pd.Index(data.investments.option["investment"]).get_indexer(pd.Index(made["investment"]))
    bucket = pd.Index(data.buckets.period).get_indexer(pd.Index(made["period"]))
    known = (number >= 0) & (bucket >= 0)
    return built(data, (number * data.buckets.count + bucket)[known].astype(np.int64))


def _known(limit: MoneyLimit, made: Floats) -> MoneyLimit:
    """A limit with the money of the investments that are made on the side of what is known."""
    if BLOCK not in limit.by_block:
        return limit
    left = {name: matrix for name, matrix in limit.by_block.items() if name != BLOCK}
    return MoneyLimit(left, limit.most - limit.by_block[BLOCK] @ made, limit.rows)


def broken_capex(invested: Invested) -> pd.DataFrame:
    """Limits on capital spending that what is built breaks; rows of ``broken_limit``."""
    columns = ["constraint", "subject", "period", "broken_by_qty", "unit", "is_hard"]
    limit = invested.open_data.money.get(INVESTED)
    if limit is None:
        return pd.DataFrame(columns=columns)
    over = limit.by_block[BLOCK] @ invested.data.investments.built - limit.most
    row = np.flatnonzero(over > BROKEN * np.maximum(1.0, np.abs(limit.most)))
    return pd.DataFrame(
        {
            "constraint": MONEY_RULES[INVESTED],
            "subject": limit.rows.subject[row],
            "period": invested.data.buckets.period[limit.rows.bucket[row]],
            "broken_by_qty": over[row],
            "unit": "currency",
            "is_hard": limit.rows.is_hard[row],
        }
    )


@dataclass(frozen=True)
class _Worth:
    """Money of a plan in which some investments are made.

    Parameters
    ----------
    contribution
        Revenue less what is paid for the plan, with the stock it leaves at variable cost.
    service
        Charge for late and lost demand and for overload.
    lost
        Units lost, and units that still wait at the end.
    """

    contribution: float
    service: float
    lost: float


def _worth(data: PlanData, program: Program, values: Floats) -> _Worth:
    """What a plan is worth; what only steers counts nothing."""
    parts = {name: values[place] for name, place in program.blocks.items()}
    last = data.buckets.count - 1
    charges = contribution_goal(data).charge
    paid = sum(float(charge @ parts[name]) for name, charge in charges.items() if name not in STEERING)
    left = parts["stock"].reshape(-1, data.buckets.count)[:, last] @ data.stock.variable_cost
    poor = _service(data, parts)
    waits = parts["late"].reshape(-1, data.buckets.count)[:, last].sum()
    return _Worth(float(left) - paid, poor, float(parts["lost"].sum() + waits))


def _service(data: PlanData, parts: Mapping[str, Floats]) -> float:
    return sum(float(charge @ parts[name]) for name, charge in service_goal(data).charge.items())


def _other(option: pd.DataFrame, chosen: Mapping[int, int], number: int, first: int) -> list[int]:
    """Decisions of the plan without one investment where it is made, else with it as early as can be.

    What excludes it gives way to it.
    """
    if number in chosen:
        return [place for other, place in chosen.items() if other != number]
    group = option["exclusive_group"]
    beside = [
        place
        for other, place in chosen.items()
        if pd.isna(group.iloc[number]) or group.iloc[other] != group.iloc[number]
    ]
    return [*beside, first]


def investment_decision(
    invested: Invested,
    program: Program,
    solution: Solution,
    planned: Planned,
    tables: Tables,
    rate: float,
) -> pd.DataFrame:
    """Table ``investment_decision``: what is decided, and what each investment is worth.

    Its worth is the difference of two whole plans, each with service first: the plan, and the same plan
    without it where it is made, or with it from its first possible month where it is not. Where time ends
    one of them before it is proven best, its worth is not known.

    Parameters
    ----------
    program, solution
        The plan that was found.
    planned
        Plans other numbers of the same company.
    rate
        Cost of capital of a year.
    """
    data, found = invested.data, invested.data.investments
    if not found.count:
        return pd.DataFrame(columns=list(_COLUMNS))
    count = data.buckets.count
    chosen = {int(place) // count: int(place) for place in np.flatnonzero(found.built)}
    here = _worth(data, program, solution.values)
    first = found.first_place()
    gains = np.full((found.count, 3), np.nan)
    place = np.array([chosen.get(number, int(first[number])) for number in range(found.count)])
    for number in np.flatnonzero(place >= 0):
        others = _other(found.option, chosen, int(number), int(first[number]))
        other = built(invested.open_data, np.array(sorted(others), dtype=np.int64))
        there = _proven(other, planned)
        if there is None or not solution.is_best:
            continue
        more, less = (here, there) if int(number) in chosen else (there, here)
        gains[number] = (
            more.contribution - less.contribution, less.service - more.service, less.lost - more.lost,
        )  # fmt: skip
    return _told(invested, place, gains, tables["investment_payment"], rate)


def _proven(data: PlanData, planned: Planned) -> _Worth | None:
    """What other numbers are worth when they are planned; None where time ends that before it is proven."""
    try:
        program, solution = planned(data)
    except UnfinishedError:
        return None
    return _worth(data, program, solution.values) if solution.is_best else None


_COLUMNS = (
    "investment", "name", "subject", "status", "choice", "period", "available_date", "used_days",
    "capex_value", "paid_value", "charge_value", "capital_value_per_year", "running_value_per_year",
    "contribution_value_per_year", "service_value_per_year", "served_qty_per_year", "npv_value",
    "payback_years", "latest_date", "owner",
)  # fmt: skip


def _told(invested: Invested, place: Ints, gains: Floats, payment: pd.DataFrame, rate: float) -> pd.DataFrame:
    """The decisions as a table; gains are those of the days of use."""
    found, buckets = invested.data.investments, invested.data.buckets
    option, known = found.option, place >= 0
    at = np.maximum(place, 0)
    used = np.where(known, found.used_days[at], np.nan)
    yearly = gains * (DAYS_PER_YEAR / used)[:, None]
    running = option["running_cost_per_month"].to_numpy(float) * MONTHS_PER_YEAR
    earned = yearly[:, 0] - running
    capex = option["capex_value"].to_numpy(float)
    soon = earned * LONGEST_YEARS > capex
    payback = np.divide(capex, earned, out=np.full(len(capex), np.nan), where=soon)
    made = np.zeros(found.count, dtype=bool)
    made[np.flatnonzero(found.built) // buckets.count] = True
    paid = np.asarray(found.of_option @ (np.asarray(found.paid.sum(axis=0)).ravel() * found.built))
    days = found.available[at].astype("datetime64[D]").astype("datetime64[ns]")
    no_day = np.datetime64("NaT")
    return pd.DataFrame(
        {
            **{name: option[name] for name in ("investment", "name", "status", "latest_date", "owner")},
            "subject": option["resource"].fillna(option["location"]),
            "choice": np.where(made, "built", np.where(known, "not_built", "no_month")),
            "period": np.where(known, buckets.period[at % buckets.count], no_day),
            "available_date": np.where(known, days, no_day),
            "used_days": used,
            "capex_value": capex,
            "paid_value": paid,
            "charge_value": np.where(made, found.charge[at], 0.0),
            "capital_value_per_year": capital_per_year(option, payment, rate),
            "running_value_per_year": running,
            "contribution_value_per_year": yearly[:, 0],
            "service_value_per_year": yearly[:, 1],
            "served_qty_per_year": yearly[:, 2],
            "npv_value": present_value(option, payment, rate, earned),
            "payback_years": payback,
        }
    )[list(_COLUMNS)]


def investment_spend(data: PlanData) -> pd.DataFrame:
    """Table ``investment_spend``: money by fiscal month of each investment that is made."""
    found, count = data.investments, max(data.buckets.count, 1)
    columns = ["investment", "period", "plan_line", "capex_value", "running_value", "depreciation_value"]
    frames = []
    for place in np.flatnonzero(found.built):
        option = found.option.iloc[int(place) // count]
        money = {
            name: _column(matrix, int(place))
            for name, matrix in zip(columns[3:], (found.paid, found.running, found.depreciation), strict=True)
        }
        rows = pd.DataFrame({"period": found.months, **money})
        rows = rows[rows[columns[3:]].ne(0).any(axis=1)]
        frames.append(rows.assign(investment=option["investment"], plan_line=option["plan_line"]))
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def _column(matrix: sp.csr_array, place: int) -> Floats:
    return np.asarray(matrix[:, [place]].toarray(), dtype=np.float64).ravel()


def again(
    parts: Parts, rules: Mapping[str, RuleSettings], settings: SupplySettings, solution: Solution
) -> Planned:
    """A way to plan other numbers of the same company, from the corner of the plan that was found."""

    def planned(data: PlanData) -> tuple[Program, Solution]:
        program = program_of(data, variables_of(data), parts, rules)
        return program, solve_apart(program, goals_of(data), settings, solution.basis)

    return planned
