"""The flow of the workbench: every stage, the meeting it belongs to, what it reads and what it writes.

This is the one list. The notebooks, the in-memory run, scenarios, checks and tests walk it; a
customer's own stages (`sopwb.extend.stage`) are placed into it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, TypeVar

import pandas as pd

from sopwb.config.model import Model
from sopwb.errors import Fault, InputError, SopwbError
from sopwb.extend import Parts, Tables, mark_of
from sopwb.schema import Table

__all__ = ["EVERYTHING", "NOTEBOOKS", "STAGES", "Stage", "flow", "needs", "run_stage", "seen", "stages_of"]

T = TypeVar("T")

Door = Callable[[Tables, Model, Parts], Mapping[str, pd.DataFrame]]

EVERYTHING = "*"
"""Stands for every table made so far, in what a stage reads."""


@dataclass(frozen=True)
class Stage:
    """One step of the flow.

    Parameters
    ----------
    name
        What it is called.
    notebook
        Meeting in which it is run.
    function
        Where its function is, as ``module:name``; imported when it is called.
    reads, writes
        Tables it is given, and tables it returns.
    starts_from
        Tables of an earlier pass it goes on from, given where there are any.
    once
        For a stage that reads everything: the last stage whose tables it is given; empty for all made so far.
    looks_back
        For a stage that speaks of the past only: inputs by which a scenario can change that past.
    """

    name: str
    notebook: str
    function: str | Door
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    starts_from: tuple[str, ...] = ()
    once: str = ""
    looks_back: tuple[str, ...] = ()

    @cached_property
    def door(self) -> Door:
        """The function itself."""
        if callable(self.function):
            return self.function
        module, _, name = self.function.partition(":")
        found: Door = getattr(import_module(module), name)
        return found


NOTEBOOKS = (
    "10_data_review",
    "15_portfolio_review",
    "20_demand_review",
    "30_inventory_targets",
    "40_supply_review",
    "50_finance_reconciliation",
    "60_scenarios",
    "70_executive_sop",
)


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


STAGES = (
    Stage(
        name="product_cost",
        notebook="10_data_review",
        function="sopwb.finance.stage:product_cost",
        reads=_names(
            "product bill_of_material routing cost_rate purchase_term standard_cost currency_rate period"
        ),
        writes=_names("product_cost"),
    ),
    Stage(
        name="data_review",
        notebook="10_data_review",
        function="sopwb.measure.stage:data_review",
        reads=(EVERYTHING,),
        writes=_names("data_profile reconciliation"),
    ),
    Stage(
        name="portfolio",
        notebook="15_portfolio_review",
        function="sopwb.demand.stage:portfolio",
        reads=_names(
            "product product_successor market sales_history product_cost stock_on_hand activity cost_line"
        ),
        writes=_names("portfolio_value launch_review launch_scorecard"),
    ),
    Stage(
        name="demand_history",
        notebook="20_demand_review",
        function="sopwb.demand.stage:demand_history",
        reads=_names("product market holiday sales_history stock_out activity product_cost"),
        writes=_names(
            "demand_history_clean demand_adjustment activity_response activity_result demand_waterfall"
        ),
        looks_back=_names("product market holiday sales_history stock_out activity"),
    ),
    Stage(
        name="statistical_forecast",
        notebook="20_demand_review",
        function="sopwb.demand.stage:statistical_forecast",
        reads=_names("product market holiday product_successor demand_history_clean period"),
        writes=_names(
            "statistical_forecast calendar_effect forecast_exclusion forecast_error backtest_error"
            " backtest_accuracy forecastability"
        ),
    ),
    Stage(
        name="demand_record",
        notebook="20_demand_review",
        function="sopwb.demand.stage:demand_record",
        reads=_names(
            "product market sales_history manual_forecast past_demand_plan past_demand_range"
            " backtest_accuracy"
        ),
        writes=_names("past_stream stream_accuracy forecast_accuracy level_accuracy"),
    ),
    Stage(
        name="demand_plan",
        notebook="20_demand_review",
        function="sopwb.demand.stage:demand_plan",
        reads=_names(
            "product market period statistical_forecast activity activity_response manual_forecast"
            " forecast_weight price rebate currency_rate sales_history product_cost past_stream"
            " stream_accuracy open_order past_demand_plan"
        ),
        writes=_names(
            "activity_effect demand_plan order_consumption demand_stream standing_forecast stream_weight"
            " author_accuracy"
        ),
    ),
    Stage(
        name="sample_paths",
        notebook="20_demand_review",
        function="sopwb.demand.stage:sample_paths",
        reads=_names("demand_plan demand_history_clean backtest_error activity_effect period"),
        writes=_names("sample_path"),
    ),
    Stage(
        name="demand_review",
        notebook="20_demand_review",
        function="sopwb.demand.review_stage:demand_review",
        reads=_names(
            "product market holiday location period product_successor product_cost sales_history stock_out"
            " activity past_demand_plan demand_plan portfolio_value forecastability"
        ),
        writes=_names("forecast_value_added forecast_change demand_exception review_cadence"),
    ),
    Stage(
        name="deliveries",
        notebook="20_demand_review",
        function="sopwb.measure.stage:deliveries",
        reads=_names("product market delivery open_order sales_history"),
        writes=_names("delivery_performance"),
    ),
    Stage(
        name="inventory_targets",
        notebook="30_inventory_targets",
        function="sopwb.inventory.stage:inventory_targets",
        reads=_names(
            "product product_location location market lane routing purchase_term bill_of_material"
            " demand_plan forecast_error forecastability stock_on_hand product_cost period"
        ),
        writes=_names("inventory_target product_class"),
    ),
    Stage(
        name="outside_plan",
        notebook="40_supply_review",
        function="sopwb.finance.stage:outside_plan",
        reads=_names(
            "target period ledger account cost_line activity activity_effect cash_item tax_rule payment_term"
            " sales_history product market product_cost purchase_receipt purchase_term delivery lane"
            " investment_option"
        ),
        writes=_names("outside_plan"),
    ),
    Stage(
        name="supply",
        notebook="40_supply_review",
        function="sopwb.supply.stage:supply",
        reads=_names(
            "product product_location location market resource resource_calendar supplier supplier_calendar"
            " bill_of_material routing purchase_term lane unit_conversion cost_rate currency_rate"
            " stock_on_hand scheduled_receipt demand_plan inventory_target product_cost target"
            " past_supply_plan period recipe co_product shortage_price work_force changeover"
            " product_property blend_limit lane_product fixed_decision outside_plan payment_term"
            " investment_option investment_payment"
        ),
        writes=_names(
            "supply_plan stock_movement capacity_use shipment_plan shortage constraint_price constraint_value"
            " shortage_reason solver_log supply_decision broken_limit limit_conflict plan_basis"
            " investment_decision investment_spend"
        ),
        starts_from=_names("plan_basis supply_plan"),
    ),
    Stage(
        name="supply_review",
        notebook="40_supply_review",
        function="sopwb.supply.review_stage:supply_review",
        reads=_names(
            "product product_location location market resource resource_calendar supplier supplier_calendar"
            " bill_of_material routing purchase_term lane unit_conversion cost_rate currency_rate"
            " stock_on_hand scheduled_receipt demand_plan inventory_target product_cost target"
            " past_supply_plan period recipe co_product shortage_price work_force changeover"
            " product_property blend_limit lane_product fixed_decision outside_plan payment_term"
            " production_history supply_plan stock_movement shipment_plan investment_option"
            " investment_payment investment_decision"
        ),
        writes=_names("plan_change pegging plan_comparison mix_plan production_attainment"),
    ),
    Stage(
        name="projection",
        notebook="40_supply_review",
        function="sopwb.inventory.stage:projection",
        reads=_names("product stock_on_hand stock_movement inventory_target product_cost demand_plan period"),
        writes=_names("projected_inventory inventory_health"),
    ),
    Stage(
        name="finance",
        notebook="50_finance_reconciliation",
        function="sopwb.finance.stage:finance",
        reads=_names(
            "product product_cost market resource routing bill_of_material cost_rate cost_line payment_term"
            " tax_rule cash_item account ledger target period sales_history stock_on_hand unit_conversion"
            " purchase_term purchase_receipt scheduled_receipt currency_rate delivery activity"
            " activity_effect demand_plan shipment_plan supply_plan"
            " capacity_use stock_movement projected_inventory supply_decision constraint_price"
            " investment_spend"
        ),
        writes=_names(
            "profit_and_loss margin_plan production_variance working_capital stock_account cash_flow"
            " balance_sheet target_gap bridge"
        ),
    ),
    Stage(
        name="measures",
        notebook="50_finance_reconciliation",
        function="sopwb.measure.stage:measures",
        reads=(EVERYTHING,),
        writes=_names("kpi exception promise"),
    ),
    Stage(
        name="scenario_plans",
        notebook="60_scenarios",
        function="sopwb.scenario.stage:scenario_plans",
        reads=(EVERYTHING,),
        writes=_names("scenario_kpi"),
        once="supply",
    ),
    Stage(
        name="scenarios",
        notebook="60_scenarios",
        function="sopwb.scenario.stage:scenarios",
        reads=_names("kpi scenario_kpi"),
        writes=_names("scenario_comparison"),
    ),
    Stage(
        name="check",
        notebook="70_executive_sop",
        function="sopwb.cycle.checks:check",
        reads=(EVERYTHING,),
        writes=_names("check"),
    ),
    Stage(
        name="executive",
        notebook="70_executive_sop",
        function="sopwb.measure.stage:executive",
        reads=(EVERYTHING,),
        writes=_names("headline"),
    ),
)


def flow(parts: Parts) -> tuple[Stage, ...]:
    """The stages of a run: the core's, with a customer's own placed after the stage they name.

    Raises
    ------
    InputError
        A customer's stage names a stage that does not exist, or writes a table of the core.
    """
    stages = list(STAGES)
    faults = []
    for name, function in parts.stages.items():
        mark = mark_of(function)
        options: Mapping[str, Any] = mark.options if mark else {}
        place = next((i for i, stage in enumerate(stages) if stage.name == options.get("after")), None)
        if place is None:
            known = ", ".join(stage.name for stage in stages)
            faults.append(
                Fault(f"stage {name}", f"comes after {options.get('after')!r}", remedy=f"one of {known}")
            )
            continue
        taken = {table for stage in stages for table in stage.writes} & set(options["writes"])
        if taken:
            problem = f"writes {', '.join(sorted(taken))}, which another stage writes"
            faults.append(Fault(f"stage {name}", problem, remedy="declare a table of your own in schema/"))
            continue
        own = Stage(name, stages[place].notebook, function, options["reads"], options["writes"])
        stages.insert(place + 1, own)
    if faults:
        raise InputError(faults)
    return tuple(stages)


def stages_of(notebook: str, stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """The stages of one meeting, in order."""
    return tuple(stage for stage in stages if stage.notebook == notebook)


def seen(stage: Stage, tables: Mapping[str, T], stages: Sequence[Stage]) -> dict[str, T]:
    """What a stage is given of what there is by name of table, in the flow it stands in."""
    if EVERYTHING not in stage.reads:
        names = (*stage.reads, *(name for name in stage.starts_from if name in tables))
        return {name: tables[name] for name in names}
    later = stages[_place_after(stage.once, stages) :] if stage.once else ()
    hidden = {name for other in later for name in other.writes}
    return {name: of for name, of in tables.items() if name not in hidden}


def needs(stage: Stage, stages: Sequence[Stage]) -> frozenset[str]:
    """Tables that must be there before a stage can be run; of all made so far none can be told."""
    if EVERYTHING not in stage.reads or not stage.once:
        return frozenset(stage.reads)
    before = stages[: _place_after(stage.once, stages)]
    return frozenset(name for other in before for name in other.writes)


def _place_after(name: str, stages: Sequence[Stage]) -> int:
    return next(place for place, stage in enumerate(stages, start=1) if stage.name == name)


def run_stage(
    stage: Stage, tables: Tables, model: Model, parts: Parts, schema: Mapping[str, Table]
) -> dict[str, pd.DataFrame]:
    """The tables one stage writes, shaped as they are declared.

    Parameters
    ----------
    stage
        The stage.
    tables
        At least the tables it reads; it is given no others.
    model, parts, schema
        The customer's settings, marked functions and declarations.

    Raises
    ------
    SopwbError
        The stage left out a table, or made one that is not as declared.
    """
    made = stage.door(seen(stage, tables, flow(parts)), model, parts)
    missing = [name for name in stage.writes if name not in made]
    if missing:
        raise SopwbError(f"the stage {stage.name} did not make {', '.join(missing)}")
    return {name: schema[name].shape(made[name]) for name in stage.writes}
