"""The scenario meeting's stage: every scenario planned again and compared with the base."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import BASELINE, Model
from sopwb.cycle.stages import Stage, flow
from sopwb.extend import Parts, Tables
from sopwb.scenario.compare import compare_kpi
from sopwb.scenario.replan import replan

__all__ = ["scenarios"]

AGAIN = ("20_", "30_", "40_", "50_")
"""Meetings whose stages a scenario may change; data and portfolio reviews look at what is."""


def scenarios(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """Key figures of every scenario of the customer beside those of the base.

    A run of a scenario compares nothing: its base is another run (`sopwb compare`).
    """
    if model.scenario != BASELINE:
        return {"scenario_comparison": compare_kpi(tables["kpi"], {})}
    stages = [stage for stage in flow(parts) if _is_planned_again(stage)]
    figures = {}
    for name in sorted(model.scenarios):
        figures[name] = replan(tables, model, parts, stages, name)["kpi"]
    return {"scenario_comparison": compare_kpi(tables["kpi"], figures)}


def _is_planned_again(stage: Stage) -> bool:
    return stage.notebook.startswith(AGAIN) or stage.name == "product_cost"
