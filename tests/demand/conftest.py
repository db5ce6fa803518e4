"""A small company for the demand room: frames by hand, and the demo where it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sopwb.calendar import plan_periods
from sopwb.config.model import Model
from sopwb.extend import Parts, mark_of
from sopwb.schema import Schema, load_schema

MARKED = ("sopwb.demand.forecasters", "sopwb.demand.activities")
AS_OF = pd.Timestamp("2026-02-28")
DEMO = Path(__file__).resolve().parents[2] / "customers" / "demo"


def built_in_parts() -> Parts:
    """Parts of this room."""
    found: dict[str, dict[str, Any]] = {}
    for module in map(import_module, MARKED):
        for thing in vars(module).values():
            if (mark := mark_of(thing)) is not None:
                found.setdefault(f"{mark.kind}s", {})[mark.name] = thing
    return Parts(**{kind: MappingProxyType(names) for kind, names in found.items()})


@pytest.fixture(scope="session")
def schema() -> Schema:
    return load_schema()


@pytest.fixture(scope="session")
def parts() -> Parts:
    return built_in_parts()


@pytest.fixture(scope="session")
def demo_folder() -> Path:
    return DEMO


@pytest.fixture(scope="session")
def model() -> Model:
    calendar = {
        "history_bucket": "month",
        "weekly_horizon_weeks": 0,
        "horizon_months": 12,
        "as_of": AS_OF.date(),
    }
    return Model.model_validate({"name": "Small", "calendar": calendar})


def product_table(names: Mapping[str, str]) -> pd.DataFrame:
    """Finished products with their families."""
    return pd.DataFrame(
        {
            "product": list(names),
            "description": list(names),
            "family": list(names.values()),
            "product_type": "finished",
            "base_unit": "piece",
            "shelf_life_days": pd.array([pd.NA] * len(names), dtype="Int64"),
            "launch_date": pd.NaT,
            "phase_out_date": pd.NaT,
        }
    ).astype({"launch_date": "datetime64[ns]", "phase_out_date": "datetime64[ns]"})


def market_table(names: list[str]) -> pd.DataFrame:
    """Markets in euro, all served by one location."""
    return pd.DataFrame(
        {
            "market": names,
            "description": names,
            "region": "north",
            "country": None,
            "channel": "shop",
            "customer_group": "all",
            "currency": "EUR",
            "location": "hub",
            "priority": 1,
        }
    )


def monthly_sales(
    quantities: Mapping[tuple[str, str], list[float]], as_of: pd.Timestamp = AS_OF
) -> pd.DataFrame:
    """Sales of the last closed months, the last number being the month of as-of."""
    frames = [
        pd.DataFrame(
            {
                "product": product,
                "market": market,
                "date": pd.date_range(end=as_of, periods=len(values), freq="MS"),
                "sold_qty": np.maximum(values, 0.0),
                "returned_qty": np.maximum(-np.array(values), 0.0),
                "net_sales_value": np.array(values) * 2.0,
            }
        )
        for (product, market), values in quantities.items()
    ]
    return pd.concat(frames, ignore_index=True)


@pytest.fixture
def small(schema: Schema, model: Model) -> Callable[..., dict[str, pd.DataFrame]]:
    """Maker of all tables of a small company, from its products and monthly sales."""

    def make(
        families: Mapping[str, str], sales: Mapping[tuple[str, str], list[float]]
    ) -> dict[str, pd.DataFrame]:
        tables = {name: schema[name].empty() for name in schema}
        markets = sorted({market for _, market in sales}) or ["shop"]
        return tables | {
            "product": product_table(families),
            "market": market_table(markets),
            "sales_history": monthly_sales(sales) if sales else schema["sales_history"].empty(),
            "period": plan_periods(model.as_of, weeks=0, end=pd.Timestamp("2027-02-28")),
        }

    return make


def activity_row(**changes: Any) -> dict[str, Any]:
    """One promotion of 50 percent over March 2026 on everything, with changes."""
    row = {
        "activity": "A1",
        "kind": "promotion",
        "description": "Promotion",
        "family": "*",
        "product": "*",
        "market": "*",
        "start_date": "2026-03-01",
        "end_date": "2026-03-31",
        "effect_type": "percent",
        "effect": 0.5,
        "after_effect_rate": 0.0,
        "probability": 1.0,
        "inclusion": "expected",
        "cost_value": 0.0,
        "owner": "anna",
        "entered_at": "2026-01-01",
    } | changes
    return {
        name: pd.Timestamp(value) if name.endswith(("_date", "_at")) else value for name, value in row.items()
    }


def statement_row(**changes: Any) -> dict[str, Any]:
    """One statement of sales about March 2026: 100 units more of everything, with changes."""
    row = {
        "manual_forecast": "M1",
        "author": "anna",
        "stream": "sales",
        "family": "*",
        "product": "*",
        "market": "*",
        "node": "*",
        "period": "2026-03-01",
        "span": "month",
        "mode": "delta",
        "amount": 100.0,
        "split": "proportion",
        "reference_qty": float("nan"),
        "reason": "Talks",
        "expires_on": "2026-12-31",
        "entered_at": "2026-02-01",
    } | changes
    dates = ("period", "expires_on", "entered_at")
    return {name: pd.Timestamp(value) if name in dates else value for name, value in row.items()}


@pytest.fixture
def activities() -> Callable[..., pd.DataFrame]:
    """Maker of the table activity from changes to one row."""
    return lambda *rows: pd.DataFrame([activity_row(**row) for row in rows])


@pytest.fixture
def statements() -> Callable[..., pd.DataFrame]:
    """Maker of the table manual_forecast from changes to one row."""
    return lambda *rows: pd.DataFrame([statement_row(**row) for row in rows])
