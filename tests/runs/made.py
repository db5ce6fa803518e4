"""Runs made by hand, to be published, listed, approved and remembered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from sopwb.runs.publish import Published, begin_run
from sopwb.runs.store import write_tables
from sopwb.schema import load_schema

SCHEMA = load_schema()


def run_id(day: int, scenario: str = "baseline", digits: str = "00aa11") -> str:
    return f"202601{day:02}T080000Z-{scenario}-{digits}"


def publish(root: Path, name: str, *, customer: str = "acme", **manifest: Any) -> Published:
    """A published run with one file."""
    run = begin_run(root, customer, name)
    (run.building / "model.yaml").write_text("name: Acme\n", encoding="utf-8")
    facts = {"as_of": "2025-12-31", "scenario": "baseline", "status": "published", "customer": customer}
    return run.publish(facts | manifest)


def plan_tables() -> dict[str, pd.DataFrame]:
    """A plan of one product over two weeks of January and the month of February."""
    periods = pd.to_datetime(["2026-01-01", "2026-01-12", "2026-02-01"])
    period = SCHEMA["period"].empty()
    for place, (first, last) in enumerate(
        zip(periods, pd.to_datetime(["2026-01-11", "2026-01-31", "2026-02-28"]), strict=True)
    ):
        period.loc[place] = [first, last, "week", 11, 7, first.replace(day=1), 2026]
    demand = SCHEMA["demand_plan"].empty().reindex(range(3))
    numbers = [name for name, column in SCHEMA["demand_plan"].columns.items() if column.type == "number"]
    demand[numbers] = 0.0
    demand = demand.assign(product="tea", market="shop", period=periods, baseline_qty=[1.0, 2.0, 3.0])
    demand = demand.assign(
        automatic_qty=[2.0, 2.0, 3.0], consensus_qty=[5.0, 6.0, 7.0], manual_qty=[None, 4.0, None]
    )
    kpi = SCHEMA["kpi"].empty().reindex(range(2))
    kpi = kpi.assign(kpi="service", scope=["*", "family=tea"], kpi_value=[0.9, 0.8])
    supply = SCHEMA["supply_plan"].empty().reindex(range(1))
    amounts = [name for name, column in SCHEMA["supply_plan"].columns.items() if column.type == "number"]
    supply[amounts] = 0.0
    supply = supply.assign(
        option="make", product="tea", location="plant", source="main", period=periods[0], planned_qty=9.0
    )
    result = SCHEMA["profit_and_loss"].empty().reindex(range(2))
    result = result.assign(
        version=["forecast", "actual"], period=periods[[0, 0]], line="revenue", amount_value=[10.0, 1.0]
    )
    path = pd.DataFrame({"period": periods, "demand_qty": [4.0, 6.0, 7.0]}).merge(
        pd.DataFrame({"path": range(1, 12)}), how="cross"
    )
    path = path.assign(product="tea", demand_qty=path["demand_qty"] + path["path"] - 6, demand_value=0.0)
    product = SCHEMA["product"].empty().reindex(range(1))
    product = product.assign(product="tea", family="hot", description="Tea", base_unit="kg")
    return {
        "sample_path": path,
        "product": product.assign(product_type="finished"),
        "period": period,
        "demand_plan": demand,
        "kpi": kpi,
        "supply_plan": supply,
        "profit_and_loss": result,
    }


def write_plan(folder: Path) -> None:
    """As in a run: what stages made in one folder, the calendar they were given in the other."""
    made = plan_tables()
    write_tables(folder / "inputs", {name: made.pop(name) for name in ("period", "product")}, SCHEMA)
    write_tables(folder / "tables", made, SCHEMA)
