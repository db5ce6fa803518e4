"""What the supply meeting asks of a finished plan: changes, pegging, plans by rule, earlier plans."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Parts, Tables
from sopwb.supply.attainment import production_attainment
from sopwb.supply.changes import last_cycle, plan_change
from sopwb.supply.comparison import plan_comparison
from sopwb.supply.data import plan_data
from sopwb.supply.investing import as_decided
from sopwb.supply.mix import mix_plan
from sopwb.supply.pegging import pegging

__all__ = ["supply_review"]


def supply_review(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """Changes against the last plan, pegging, plans by rule, the mix of families, and how plans were kept."""
    data = as_decided(plan_data(tables, model, parts), tables["investment_decision"])
    past = last_cycle(tables["past_supply_plan"], model.as_of)
    against = f"cycle {past['cycle'].iloc[0]:%Y-%m-%d}" if len(past) else ""
    return {
        "plan_change": plan_change(
            tables["supply_plan"], past, against, tables["period"], tables["product_cost"]
        ),
        "pegging": pegging(tables, data),
        "plan_comparison": plan_comparison(tables, data),
        "mix_plan": mix_plan(tables),
        "production_attainment": production_attainment(
            tables["past_supply_plan"],
            tables["production_history"],
            tables["routing"],
            tables["product"],
            tables["product_cost"],
            model.as_of,
        ),
    }
