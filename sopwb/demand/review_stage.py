"""The door of the demand review: what each step added, what changed since, and what to talk about."""

from __future__ import annotations

import pandas as pd

from sopwb.calendar import plan_periods
from sopwb.config.model import Model
from sopwb.demand.adjustments import demand_history_clean
from sopwb.demand.demand_exception import demand_exception
from sopwb.demand.forecast_change import forecast_change
from sopwb.demand.panel import SERIES
from sopwb.demand.review_cadence import review_cadence
from sopwb.demand.stage import baseline_only, past_as_of
from sopwb.demand.value_added import archived_steps, forecast_value_added, unit_margin
from sopwb.extend import Parts, Tables

__all__ = ["demand_review", "refit_of"]


def demand_review(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """Value added by each step, the change since the last cycle by cause, and at most a few exceptions."""
    plan, period = tables["demand_plan"], tables["period"]
    margin = unit_margin(plan, tables["product_cost"], period)
    steps = archived_steps(
        tables["past_demand_plan"], tables["sales_history"], tables["product"], as_of=model.as_of
    )
    refit = refit_of(tables, model, parts)
    change = forecast_change(plan, period, tables["past_demand_plan"], refit)
    months = plan.merge(period[["period", "fiscal_period"]], on="period", validate="many_to_one")
    months = months.drop(columns="period").rename(columns={"fiscal_period": "period"})
    streams = ["automatic_qty", "near_horizon_qty", "consensus_qty"]
    by_month = months.groupby([*SERIES, "period"], as_index=False)[streams].sum()
    cadence = review_cadence(
        tables["portfolio_value"], tables["forecastability"], model.demand.review, model.as_of
    )
    waits = cadence.loc[~cadence["is_due"], "product"]
    planned, before, changed = (frame[~frame["product"].isin(waits)] for frame in (by_month, steps, change))
    top = demand_exception(
        planned,
        before,
        changed,
        margin,
        tables["product"],
        model.demand.review,
        most=model.finance.exception_limit,
    )
    return {
        "forecast_value_added": forecast_value_added(steps, margin),
        "forecast_change": change,
        "demand_exception": top,
        "review_cadence": cadence,
    }


def refit_of(tables: Tables, model: Model, parts: Parts) -> pd.DataFrame:
    """Baseline that today's model makes of the sales known in the last cycle, by month.

    Only what the change by cause needs is made again: neither the band, nor the accuracy, nor what
    activities did.

    Returns
    -------
    pandas.DataFrame
        Columns product, market, ``period`` and baseline_qty; no rows where there is no earlier cycle.
    """
    past = tables["past_demand_plan"]
    empty = past[[*SERIES, "period", "baseline_qty"]].iloc[:0]
    if past.empty:
        return empty
    cycle = pd.Timestamp(past["cycle"].max())
    then = _as_of(model, cycle)
    known = dict(tables)
    for name, day in (("sales_history", "date"), ("activity", "entered_at")):
        rows = tables[name]
        known[name] = rows[rows[day] < cycle + pd.Timedelta(days=1)].reset_index(drop=True)
    if known["sales_history"].empty:
        return empty
    known["period"] = plan_periods(
        cycle,
        weeks=0,
        end=tables["period"]["end_date"].max(),
        week_start=model.calendar.week_start,
        start_month=model.calendar.fiscal_year_start_month,
        holidays=then.holidays,
    )
    clean = demand_history_clean(past_as_of(known, then, parts))
    made = baseline_only(clean, known, then, parts)
    return made[[*SERIES, "period", "baseline_qty"]] if len(made) else empty


def _as_of(model: Model, day: pd.Timestamp) -> Model:
    """The model as of another day."""
    calendar = model.calendar.model_copy(update={"as_of": day.date()})
    return model.model_copy(update={"calendar": calendar})
