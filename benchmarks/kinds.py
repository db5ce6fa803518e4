"""Kinds of planning cases: how the data of each become tables and settings of the workbench."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from benchmarks.tables import START, declared, months
from sopwb.config.model import Model
from sopwb.cycle.parts import collect_parts
from sopwb.inventory.stage import projection
from sopwb.schema import load_schema
from sopwb.supply.stage import supply

__all__ = ["Case", "CaseError", "NotYetError", "kind_of"]

DAYS = 30
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
LOST = 1e5
"""Charge for a unit of demand that has to be met, far above every cost of a case."""

Tables = dict[str, pd.DataFrame]
Row = dict[str, Any]


class NotYetError(Exception):
    """The workbench has no answer to this kind of case yet: those of inventory."""


class CaseError(Exception):
    """A case cannot be read, or nothing that serves all that has to be served answers it."""


@dataclass
class Case:
    """One figure of a case: the workbench's tables and settings, and how the figure is counted from the plan.

    Parameters
    ----------
    figure, known
        What is compared, and the known answer.
    count
        The figure, from the tables of the plan.
    solver
        ``lp``, ``milp`` or ``bound``: how near the answer must be.
    """

    figure: str
    known: float
    count: Callable[[Tables], float]
    solver: str = "lp"
    periods: pd.DataFrame = field(default_factory=pd.DataFrame)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    settings: Row = field(default_factory=dict)
    rules: Row = field(default_factory=dict)

    def add(self, table: str, **row: Any) -> None:
        """One row more."""
        self.rows.setdefault(table, []).append(row)

    @property
    def starts(self) -> list[pd.Timestamp]:
        """First days of the buckets."""
        return list(self.periods["period"])

    def product(self, name: str, holding: float = 0.0, initial: float = 0.0, place: str = "plant") -> None:
        """A product kept at a place, with its charge for a bucket in stock."""
        self.add("product", product=name, family="all", product_type="finished")
        self.add("product_cost", product=name, basis="roll_up")
        days = float(self.periods["days"].iloc[0])
        self.add("product_location", product=name, location=place, holding_cost_per_unit_day=holding / days)
        if initial:
            before = START - pd.Timedelta(days=1)
            self.add("stock_on_hand", snapshot_date=before, product=name, location=place, on_hand_qty=initial)

    def demand(
        self, product: str, quantities: list[float], prices: list[float], market: str = "market",
        lost: float = LOST, late: float = LOST,
    ) -> None:  # fmt: skip
        """Demand by bucket with its prices; charges for what is lost, and for what waits one bucket."""
        for start, quantity, price in zip(self.starts, quantities, prices, strict=True):
            self.add(
                "demand_plan", product=product, market=market, period=start,
                consensus_qty=float(quantity), net_price_per_unit=float(price),
            )  # fmt: skip
        daily = late / float(self.periods["days"].iloc[0])
        self.add(
            "shortage_price", product=product, market=market, lost_price_per_unit=lost,
            late_price_per_unit_day=daily,
        )  # fmt: skip

    def target(self, product: str, quantities: dict[int, float], maximum: float | None = None) -> None:
        """Stock that there has to be at the end of some buckets, and the most at the end of every one."""
        for number, start in enumerate(self.starts):
            told = {"maximum_qty": maximum} if maximum is not None else {}
            self.add(
                "inventory_target", product=product, location="plant", period=start,
                safety_stock_qty=float(quantities.get(number, 0.0)), **told,
            )  # fmt: skip

    def planned(self) -> Tables:
        """Every table, with those of the finished plan.

        Raises
        ------
        CaseError
            Something that has to be is not planned, so that a figure of the plan would be no answer.
        """
        schema = load_schema()
        frames = {name: pd.DataFrame(rows) for name, rows in self.rows.items()}
        tables = declared({**frames, "period": self.periods}, schema)
        own = {
            "solver": "simplex", "one_stage": True, "late_days_maximum": 0, "holding_cost_rate_per_year": 0.0,
            "safety_stock_price_rate_per_year": 0.0, "end_stock_value_rate": 0.0, "mip_gap_rate": 1e-6,
            "mip_seconds": 300.0,
        }  # fmt: skip
        model = Model.model_validate(
            {
                "name": "Case", "currency": "EUR", "supply": {**own, **self.settings},
                "parts": {"constraints": self.rules},
            }
        )  # fmt: skip
        parts = collect_parts(model, schema)
        for stage in (supply, projection):
            made = stage(tables, model, parts)
            tables |= {name: schema[name].shape(rows) for name, rows in made.items()}
        unmet = tables["shipment_plan"].merge(
            tables["shortage_price"].query("lost_price_per_unit >= @LOST"), on=["product", "market"]
        )
        if (
            unmet["lost_qty"].sum() + (unmet["backlog_qty"] * unmet["period"].eq(self.starts[-1])).sum()
            > 1e-6
        ):
            raise CaseError("no plan meets all demand that has to be met within the limits of the case")
        return tables

    def computed(self) -> float:
        """The figure, counted from the tables of the workbench's plan."""
        return float(self.count(self.planned()))


def supply_cost(tables: Tables) -> float:
    """Cost of what is made, bought and moved, and of set-ups, orders and heads."""
    return float(tables["supply_plan"]["cost_value"].sum() + tables["supply_decision"]["cost_value"].sum())


def stock_cost(tables: Tables) -> float:
    """Charge for stock at the end of the buckets."""
    stock = tables["projected_inventory"].merge(tables["period"][["period", "days"]], on="period")
    stock = stock.merge(tables["product_location"], on=["product", "location"])
    return float((stock["closing_qty"] * stock["days"] * stock["holding_cost_per_unit_day"]).sum())


def overtime_cost(tables: Tables) -> float:
    """Cost of overtime."""
    price = tables["resource"].set_index("resource")["overtime_cost_per_hour"]
    used = tables["capacity_use"]
    return float((used["overtime_hours"] * used["resource"].map(price)).sum())


def late_cost(tables: Tables) -> float:
    """Charge for what waits at the end of the buckets."""
    late = tables["shipment_plan"].merge(tables["shortage_price"], on=["product", "market"])
    late = late.merge(tables["period"][["period", "days"]], on="period")
    return float((late["backlog_qty"] * late["days"] * late["late_price_per_unit_day"]).sum())


def total_cost(tables: Tables) -> float:
    """All of it."""
    return supply_cost(tables) + stock_cost(tables) + overtime_cost(tables) + late_cost(tables)


def revenue(tables: Tables) -> float:
    """What is shipped at its price."""
    plan = tables["demand_plan"][["product", "market", "period", "net_price_per_unit"]]
    sold = tables["shipment_plan"].merge(plan, on=["product", "market", "period"])
    return float((sold["shipped_qty"] * sold["net_price_per_unit"]).sum())


def profit(tables: Tables) -> float:
    """Revenue less all cost."""
    return revenue(tables) - total_cost(tables)


def late_unit_days(tables: Tables) -> float:
    """Units that wait at the end of a bucket, by its days."""
    late = tables["shipment_plan"].merge(tables["period"][["period", "days"]], on="period")
    return float((late["backlog_qty"] * late["days"]).sum())


def known_answer(known: Row, names: tuple[str, ...]) -> float | None:
    """The first of some figures a case knows."""
    return next((float(known[name]) for name in names if known.get(name) is not None), None)


def the_answer(known: Row, names: tuple[str, ...]) -> float:
    """The first of some figures a case knows.

    Raises
    ------
    CaseError
        It knows none of them.
    """
    found = known_answer(known, names)
    if found is None:
        raise CaseError(f"there is no known answer: name one of {', '.join(names)}")
    return found


def aggregate_planning(case: Row) -> list[Case]:
    """One product made by a work force that is hired and laid off, with overtime, subcontract and backlog."""
    data, known = case["data"], case["known"]
    if data.get("final_backlog"):
        raise CaseError("demand that waits at the end (final_backlog) is not planned: it counts as lost")
    figures = [
        (("lp_cost", "cost", "objective"), "cost", total_cost, False),
        (("profit_lp", "profit"), "profit", profit, False),
        (("integer_cost", "milp_cost"), "cost, whole heads", total_cost, True),
        (("profit_integer", "integer_profit"), "profit, whole heads", profit, True),
    ]
    found = [
        _crew_case(data, Case(name, answer, count, solver="milp" if whole else "lp"), whole)
        for keys, name, count, whole in figures
        if (answer := known_answer(known, keys)) is not None
    ]
    if not found:
        raise CaseError("there is no known answer: name one of lp_cost, profit_lp, integer_cost")
    return found


def _crew_case(data: Row, case: Case, whole: bool) -> Case:
    cost, periods = data["cost"], int(data["T"])
    case.periods = months(periods, DAYS, int(data["days_per_month"]))
    case.settings = {"late_days_maximum": DAYS * periods}
    case.rules = {"safety_stock": {"mode": "hard"}, "lateness": {"mode": "off"}}
    if whole:
        # whole heads make whole units: what one head makes, and what overtime adds, is sold in units
        case.rules["lot_multiple"] = {"mode": "hard"}
    case.product("tool", cost["holding"], data.get("initial_inventory") or 0.0)
    case.add("market", market="market", location="plant")
    prices = _prices(data, periods)
    case.demand("tool", data["demand"], prices, late=cost["backlog"])
    case.target("tool", {periods - 1: data.get("final_inventory_min") or 0.0})
    case.add(
        "resource",
        resource="team",
        location="plant",
        hours_per_day=0.0,
        overtime_cost_per_hour=cost["overtime_hour"],
    )
    case.add("routing", product="tool", location="plant", recipe="own", operation=10, resource="team",
             run_hours_per_unit=data["labour_hours_per_unit"])  # fmt: skip
    case.add("recipe", product="tool", location="plant", recipe="own", cost_per_unit=cost["material"],
             lot_multiple_qty=1.0 if whole else 0.0)  # fmt: skip
    if cost.get("subcontract") is not None:
        case.add("purchase_term", product="tool", supplier="subcontractor", location="plant",
                 price_per_unit=cost["subcontract"], currency="EUR")  # fmt: skip
    case.add(
        "work_force", resource="team", opening_count=data["initial_workforce"], is_whole=whole,
        hours_per_day=data["hours_per_day"], cost_per_day=cost["regular_hour"] * data["hours_per_day"],
        overtime_hours_per_day=(data.get("overtime_max_hours_per_worker") or 0.0) / data["days_per_month"],
        hire_cost_per_unit=cost["hire"], layoff_cost_per_unit=cost["layoff"],
        minimum_count=data.get("minimum_workforce") or 0.0, maximum_count=data.get("maximum_workforce"),
    )  # fmt: skip
    return case


def _prices(data: Row, periods: int) -> list[float]:
    """Price by month; a note may say that the units of one month sell at another price."""
    told = data.get("price", 0.0)
    prices = [float(price) for price in told] if isinstance(told, list) else [float(told)] * periods
    note = re.search(r"(\w+) units .*?sell at ([0-9]+(?:\.[0-9]+)?)", str(data.get("price_note", "")))
    if note:
        prices[_month(note.group(1))] = float(note.group(2))
    return prices


def _month(told: Any) -> int:
    """Number of a month from 0, from a number that counts from 0 or from its name."""
    return int(told) if str(told).isdigit() else MONTHS.index(str(told)[:3].lower())


def _each(told: Any, count: int) -> list[float]:
    """A value of each of some things; one value for all stands for each."""
    return [float(value) for value in told] if isinstance(told, list) else [float(told)] * count


def factory_planning(case: Row) -> list[Case]:
    """Products made on machines of which some are down in some months; what is not sold costs nothing."""
    data = case["data"]
    periods, products = int(data["T"]), len(data["profit"])
    wanted = Case("profit", the_answer(case["known"], ("profit", "objective")), profit)
    wanted.periods = months(periods, DAYS)
    wanted.rules = {"safety_stock": {"mode": "hard"}, "stock_maximum": {"mode": "hard"}}
    wanted.add("market", market="market", location="plant")
    initial = _each(data.get("initial_stock", 0.0), products)
    final = _each(data.get("final_stock_each", 0.0), products)
    most = _each(data["max_stock_each"], products) if "max_stock_each" in data else [None] * products
    holding = _each(data.get("holding", 0.0), products)
    for number in range(products):
        name = f"product {number + 1}"
        wanted.product(name, holding[number], initial[number])
        sales = [float(month[number]) for month in data["max_sales"]]
        wanted.demand(name, sales, [float(data["profit"][number])] * periods, lost=0.0, late=0.0)
        wanted.target(name, {periods - 1: final[number]}, most[number])
        hours = [(machine, of[number]) for machine, of in data["hours_per_unit"].items() if of[number]]
        for operation, (machine, taken) in enumerate(hours or [(next(iter(data["machines"])), 0.0)]):
            wanted.add("routing", product=name, location="plant", recipe="main", operation=operation,
                       resource=machine, run_hours_per_unit=float(taken))  # fmt: skip
    _machines(wanted, data, periods)
    return [wanted]


def _machines(wanted: Case, data: Row, periods: int) -> None:
    """Machines by kind, with those that are down."""
    for machine, count in data["machines"].items():
        hours = float(count) * data["hours_per_machine_month"]
        wanted.add(
            "resource", resource=machine, location="plant", hours_per_day=hours / DAYS, days_basis="calendar"
        )
        down = dict.fromkeys(range(periods), 0.0)
        for month, kind, number in data.get("down", []):
            if kind == machine:
                down[_month(month)] += float(number)
        for month, number in down.items():
            if number:
                start = wanted.starts[month]
                wanted.add("resource_calendar", resource=machine, start_date=start,
                           end_date=start + pd.Timedelta(days=DAYS - 1), reason="down",
                           capacity_rate=1.0 - number / float(count))  # fmt: skip


def food_manufacture(case: Row) -> list[Case]:
    """Oils bought at the prices of the month, stored, refined and mixed within a range of hardness."""
    data = case["data"]
    periods, oils = int(data["T"]), list(data["oils"])
    wanted = Case("profit", the_answer(case["known"], ("profit", "objective")), profit)
    wanted.periods = months(periods, DAYS)
    wanted.rules = {"safety_stock": {"mode": "hard"}, "stock_maximum": {"mode": "hard"}}
    wanted.add("market", market="market", location="plant")
    wanted.product("food")
    caps = {"vegetable": float(data["veg_cap"]), "non-vegetable": float(data["nonveg_cap"])}
    price = [float(data["revenue_per_ton"])] * periods
    wanted.demand("food", [sum(caps.values())] * periods, price, lost=0.0, late=0.0)
    for line, most in caps.items():
        wanted.add(
            "resource", resource=line, location="plant", hours_per_day=most / DAYS, days_basis="calendar"
        )
    initial, final, storage = (
        _each(data.get(key, 0.0), len(oils)) for key in ("initial_each", "final_each", "storage_cost")
    )
    room = _each(data["store_each"], len(oils)) if "store_each" in data else [None] * len(oils)
    least, highest = (float(bound) for bound in data["hardness_range"])
    wanted.add(
        "blend_limit", product="food", property="hardness", minimum_amount=least, maximum_amount=highest
    )
    for number, oil in enumerate(oils):
        wanted.product(oil, storage[number], initial[number])
        wanted.target(oil, {periods - 1: final[number]}, room[number])
        line = "vegetable" if oil.lower().startswith("veg") else "non-vegetable"
        wanted.add("routing", product="food", location="plant", recipe=oil, operation=10, resource=line,
                   run_hours_per_unit=1.0)  # fmt: skip
        wanted.add("bill_of_material", product="food", recipe=oil, component=oil, qty_per_unit=1.0)
        wanted.add("product_property", product=oil, property="hardness",
                   measured_amount=float(data["hardness"][number]))  # fmt: skip
        for start, prices in zip(wanted.starts, data["price_by_month"], strict=True):
            wanted.add("purchase_term", product=oil, supplier="market", location="plant", valid_from=start,
                       price_per_unit=float(prices[number]), currency="EUR")  # fmt: skip
    return [wanted]


def lot_sizing(case: Row) -> list[Case]:
    """One product that is ordered with a fixed cost an order (Wagner and Whitin 1958)."""
    data = case["data"]
    periods = len(data["demand"])
    holding = _each(data.get("holding", data.get("holding_cost", 0.0)), periods)
    setup = _each(data.get("setup", data.get("setup_cost", data.get("fixed_cost"))), periods)
    price = _each(data.get("unit_cost", data.get("purchase_cost", 0.0)), periods)
    # stock is charged alike in all months; what a month takes beyond that is in the price of what it keeps
    usual = min(holding)
    later = [sum(holding[first:]) - usual * (periods - first) for first in range(periods)]
    wanted = Case("cost", the_answer(case["known"], ("cost", "objective")), total_cost, solver="milp")
    wanted.periods = months(periods, DAYS)
    if any(later):
        wanted.count = lambda tables: _cost_by_month(tables, wanted.starts, price, holding)
    wanted.add("market", market="market", location="plant")
    wanted.product("product", usual, float(data.get("initial_inventory", 0.0)))
    wanted.demand("product", data["demand"], [0.0] * periods)
    for number, start in enumerate(wanted.starts):
        wanted.add("purchase_term", product="product", supplier="supplier", location="plant",
                   valid_from=start, price_per_unit=price[number] + later[number],
                   order_cost_value=setup[number], currency="EUR")  # fmt: skip
    return [wanted]


def _cost_by_month(
    tables: Tables, starts: list[pd.Timestamp], price: list[float], holding: list[float]
) -> float:
    """Orders, what they bring at the price of the month, and stock at the charge of the month."""
    bought = tables["supply_plan"].query("option == 'buy'")
    paid = bought["planned_qty"] * bought["period"].map(dict(zip(starts, price, strict=True)))
    stock = tables["projected_inventory"]
    kept = stock["closing_qty"] * stock["period"].map(dict(zip(starts, holding, strict=True)))
    return float(tables["supply_decision"]["cost_value"].sum() + paid.sum() + kept.sum())


def set_up_times(case: Row) -> list[Case]:
    """Several products on a machine with hours, set-up times and set-up costs."""
    data = case["data"]
    wanted = Case("cost", the_answer(case["known"], ("cost", "objective")), total_cost, solver="milp")
    periods, count = int(data["T"]), int(data["n"])
    wanted.periods = months(periods, DAYS)
    wanted.add("market", market="market", location="plant")
    hours = _each(data["capacity"], periods)
    most = max(hours)
    wanted.add("resource", resource="machine", location="plant", hours_per_day=most / DAYS,
               days_basis="calendar", setup_rule="each")  # fmt: skip
    for start, there in zip(wanted.starts, hours, strict=True):
        if there != most:
            wanted.add("resource_calendar", resource="machine", start_date=start, reason="hours",
                       end_date=start + pd.Timedelta(days=DAYS - 1), capacity_rate=there / most)  # fmt: skip
    asked = ("unit_time", "holding", "setup_time", "setup_cost", "initial_stock", "unit_cost")
    each = {key: _each(data.get(key, float(key == "unit_time")), count) for key in asked}
    for number in range(count):
        name = f"item {number + 1:03d}"
        wanted.product(name, each["holding"][number], each["initial_stock"][number])
        wanted.demand(name, data["demand_item_by_period"][number], [0.0] * periods)
        wanted.add("recipe", product=name, location="plant", cost_per_unit=each["unit_cost"][number])
        wanted.add("routing", product=name, location="plant", operation=10, resource="machine",
                   run_hours_per_unit=each["unit_time"][number],
                   setup_hours_per_lot=each["setup_time"][number],
                   setup_cost_per_lot=each["setup_cost"][number])  # fmt: skip
    return [wanted]


def changeovers(case: Row) -> list[Case]:
    """One unit a period on a machine that is set up for one item at a time, with changeover costs."""
    data = case["data"]
    wanted = Case("cost", the_answer(case["known"], ("cost", "objective")), total_cost, solver="milp")
    periods, count = int(data["T"]), int(data["n"])
    wanted.periods = months(periods, DAYS)
    wanted.add("market", market="market", location="plant")
    wanted.add("resource", resource="machine", location="plant", hours_per_day=1.0 / DAYS,
               days_basis="calendar", setup_rule="sequence")  # fmt: skip
    holding = _each(data["stocking_cost"], count)
    names = [f"item {number + 1:03d}" for number in range(count)]
    for number, name in enumerate(names):
        wanted.product(name, holding[number])
        wanted.demand(name, data["due"][number], [0.0] * periods)
        wanted.add(
            "routing",
            product=name,
            location="plant",
            operation=10,
            resource="machine",
            run_hours_per_unit=1.0,
        )
        for other, cost in zip(names, data["changeover"][number], strict=True):
            wanted.add("changeover", resource="machine", from_setup=name, to_setup=other,
                       changeover_cost_value=float(cost))  # fmt: skip
    return [wanted]


def order_promising(case: Row) -> list[Case]:
    """Orders with a due day and a priority, made at a rate a day and delivered after a lead time."""
    data = case["data"]
    lead = int(data["make"].get("lead_days", 0)) + int(data.get("delivery_lead_days", 0))
    start = pd.Timestamp(data["start"])
    due = [(pd.Timestamp(order["due"]) - start).days for order in data["orders"]]
    total = sum(float(order["qty"]) for order in data["orders"])
    rate = float(data["make"]["capacity_units_per_day"])
    days = max(due) + lead + int(total / rate) + 2
    wanted = Case(
        "late unit days", the_answer(case["known"], ("late_unit_days",)), late_unit_days, solver="bound"
    )
    wanted.periods = months(days, 1)
    wanted.settings = {"one_stage": False, "late_days_maximum": days}
    wanted.rules = {"lateness": {"mode": "off"}}
    wanted.add("resource", resource="maker", location="plant", hours_per_day=rate, days_basis="calendar")
    wanted.product("product", 0.0, float(data.get("initial_inventory", 0.0)))
    wanted.add("routing", product="product", location="plant", operation=10, resource="maker",
               run_hours_per_unit=1.0, lead_time_days=int(data["make"].get("lead_days", 0)))  # fmt: skip
    wanted.add("lane", from_location="plant", to_location="customer",
               lead_time_days=int(data.get("delivery_lead_days", 0)))  # fmt: skip
    for order, day in zip(data["orders"], due, strict=True):
        wanted.add("market", market=order["id"], location="customer", priority=int(order.get("priority", 1)))
        wanted.add("demand_plan", product="product", market=order["id"], period=wanted.starts[max(day, 0)],
                   consensus_qty=float(order["qty"]), net_price_per_unit=1.0)  # fmt: skip
    return [wanted]


KINDS: dict[str, Callable[[Row], list[Case]]] = {
    "aggregate planning": aggregate_planning,
    "multi-period production": factory_planning,
    "blend": food_manufacture,
    "changeover": changeovers,
    "clsp": set_up_times,
    "lot sizing": lot_sizing,
    "wagner_whitin": lot_sizing,
    "wagner-whitin": lot_sizing,
    "capacity + lead time": order_promising,
}
"""Adapters by words that occur in a case's kind; the first that fits."""

INVENTORY = (
    "newsvendor", "r_q", "(r,q)", "s_s", "(s,s)", "guaranteed-service", "guaranteed service", "base stock",
    "base-stock", "stochastic-service", "safety stock", "serial", "eoq", "joint replenishment", "simulation",
)  # fmt: skip
"""Words of the kinds that inventory has no answer to yet."""


def kind_of(case: Any) -> Callable[[Row], list[Case]]:
    """The adapter of a case, by the words of its kind.

    Raises
    ------
    NotYetError
        It is one of inventory.
    CaseError
        No kind has such words.
    """
    if not isinstance(case, dict) or "kind" not in case:
        raise CaseError("it does not say its kind")
    said = str(case["kind"]).lower()
    for words, adapter in KINDS.items():
        if words in said:
            return adapter
    if any(words in said for words in INVENTORY):
        raise NotYetError(str(case["kind"]))
    raise CaseError(f"the kind {case['kind']!r} is not known; known are those with {', '.join(KINDS)}")
