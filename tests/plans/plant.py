"""A company small enough to plan by hand: one plant, months as buckets, every number a round one."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pandas as pd

from sopwb.config.model import Model
from sopwb.cycle.parts import collect_parts
from sopwb.extend import Parts
from sopwb.inventory.stage import projection
from sopwb.schema import load_schema
from sopwb.supply.stage import supply

SCHEMA = load_schema()
START = pd.Timestamp("2026-01-01")


def rows_of(table: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows of a declared table; what they leave out is its default, or nothing."""
    declared = SCHEMA[table]
    if not rows:
        return nothing(table)
    columns = declared.columns.values()
    usual = {column.name: column.default for column in columns}
    usual |= {
        column.name: 0.0
        for column in columns
        if column.default is None and not column.optional and column.type == "number"
    }
    usual |= {
        column.name: "as told"
        for column in columns
        if column.default is None and not column.optional and column.type == "text"
    }
    frame = pd.DataFrame([{**usual, **row} for row in rows])
    for column in columns:
        if column.type in {"date", "timestamp"}:
            frame[column.name] = pd.to_datetime(frame[column.name])
    return declared.shape(frame)


@cache
def nothing(table: str) -> pd.DataFrame:
    """A declared table without rows."""
    return SCHEMA[table].empty()


@dataclass
class Plant:
    """Rows of the tables of a plan, and the settings of the supply plan.

    Every month has 30 days of which 20 are worked; the months touch each other.
    """

    months: int = 3
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)

    def add(self, table: str, **row: Any) -> Plant:
        """The same plant with one row more."""
        self.rows.setdefault(table, []).append(row)
        return self

    @property
    def periods(self) -> list[pd.Timestamp]:
        """First days of the months."""
        return [START + pd.Timedelta(days=30 * month) for month in range(self.months)]

    def product(self, name: str, cost: float = 1.0, **more: Any) -> Plant:
        """A product with its cost of a unit."""
        self.add("product", product=name, product_type="finished", **more)
        return self.add(
            "product_cost", product=name, standard_cost_per_unit=cost, variable_cost_per_unit=cost
        )

    def demand(
        self, product: str, quantities: list[float], market: str = "home", price: float = 10.0
    ) -> Plant:
        """Demand of a product in a market, a quantity a month."""
        for period, quantity in zip(self.periods, quantities, strict=True):
            self.add(
                "demand_plan", product=product, market=market, period=period,
                consensus_qty=quantity, net_price_per_unit=price,
            )  # fmt: skip
        return self

    def line(self, product: str, hours_per_day: float, hours_per_unit: float = 1.0, **more: Any) -> Plant:
        """A resource of which a unit of the product takes hours."""
        self.add("resource", resource="line", location="plant", hours_per_day=hours_per_day)
        self.add("cost_rate", resource="line", cost_type="machine", rate_per_hour=1.0, is_variable=True)
        return self.add(
            "routing", product=product, location="plant", operation=10, resource="line",
            run_hours_per_unit=hours_per_unit, **more,
        )  # fmt: skip

    def market(self, name: str = "home", priority: int = 1, location: str = "plant") -> Plant:
        """A market served from a location."""
        return self.add("market", market=name, location=location, priority=priority, currency="EUR")

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every declared table."""
        for number, period in enumerate(self.periods):
            self.rows.setdefault("period", [])
            if len(self.rows["period"]) <= number:
                self.add(
                    "period", period=period, end_date=period + pd.Timedelta(days=29), bucket="month",
                    days=30, working_days=20, fiscal_period=period, fiscal_year=2026,
                )  # fmt: skip
        return {name: rows_of(name, self.rows.get(name, [])) for name in SCHEMA}

    def model(self) -> Model:
        """The model with the settings of the plant."""
        told = {"solver": "simplex", "holding_cost_rate_per_year": 0.0, **self.settings}
        return Model.model_validate(
            {"name": "Plant", "currency": "EUR", "supply": told, "parts": {"constraints": self.rules}}
        )

    def planned(self) -> dict[str, pd.DataFrame]:
        """All tables with those of the finished plan."""
        tables, model, parts = self.tables(), self.model(), all_parts()
        for stage in (supply, projection):
            tables |= {name: SCHEMA[name].shape(rows) for name, rows in stage(tables, model, parts).items()}
        return tables


@cache
def all_parts() -> Parts:
    """The built-in parts."""
    return collect_parts(Model(name="Plant"), SCHEMA)


def by_month(table: pd.DataFrame, column: str, **which: str) -> list[float]:
    """Sums of a column by month, of the rows with these values, rounded to what the eye compares."""
    for name, value in which.items():
        table = table[table[name] == value]
    return [round(float(value), 4) + 0.0 for value in table.groupby("period")[column].sum()]
