"""The doors of the room: the condition of the data, key figures and exceptions, the executive page."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Parts, Tables
from sopwb.measure import data
from sopwb.measure.delivery import delivery_performance, with_overdue
from sopwb.measure.exception import exceptions
from sopwb.measure.headline import headlines
from sopwb.measure.kpi import all_kpis
from sopwb.measure.promise import promises
from sopwb.schema import load_schema

__all__ = ["data_review", "deliveries", "executive", "measures"]


def data_review(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """What was read, and whether sales, cost of sales and stock tie to the ledger."""
    schema = parts.schema or load_schema()
    kinds = {
        name: schema[name].kind if name in schema else "customer"
        for name in tables
        if name not in schema or schema[name].is_input
    }
    origin = tables.get("input_origin", schema["input_origin"].empty())
    source = dict(zip(origin["table"], origin["source"], strict=True))
    return {
        "data_profile": data.data_profile(tables, kinds, source),
        "reconciliation": data.reconciliation(
            tables["sales_history"],
            tables["stock_on_hand"],
            tables["ledger"],
            tables["account"],
            tables["standard_cost"],
            tables.get("product_cost", schema["product_cost"].empty()),
        ),
    }


def deliveries(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """What customers were delivered against what they asked for."""
    made = delivery_performance(
        with_overdue(tables["delivery"], tables["open_order"], model.as_of),
        tables["product"],
        tables["market"],
        tables["sales_history"],
        model.delivery,
        as_of=model.as_of,
    )
    return {"delivery_performance": made}


def measures(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """Key figures, exceptions ranked by money, and what earlier cycles promised."""
    return {
        "kpi": all_kpis(tables, model, parts.kpis),
        "exception": exceptions(tables, model),
        "promise": promises(
            tables["past_profit_and_loss"],
            tables["past_demand_plan"],
            tables["profit_and_loss"],
            tables["sales_history"],
        ),
    }


def executive(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """The sentences of the executive page."""
    return {"headline": headlines(tables, model)}
