"""Message of the demand review about the near horizon: orders, what they leave of the forecast, the fence."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import count
from sopwb.report.numbers import iso_date, percent, short
from sopwb.report.section import Section
from sopwb.report.sections.demand import NOTEBOOK
from sopwb.report.table import Table, without_empty

__all__ = ["near_horizon"]

FENCE = "fence"
ALL = "All"
SHOWN = 12


def _by_bucket(tables: Tables) -> pd.DataFrame:
    """Units by planning bucket, as far as orders or the fence reach: from automatic forecast to demand."""
    streams = tables["demand_stream"]
    fence = streams[streams["stream"] == FENCE]
    orders = tables["order_consumption"]
    last = pd.concat([fence["period"], orders["period"]]).max()
    plan = tables["demand_plan"]
    near = plan[plan["period"] <= last]
    rows: pd.DataFrame = near.groupby("period", as_index=False)[["automatic_qty", "consensus_qty"]].sum()
    parts = [
        fence.groupby("period", as_index=False)[["stream_qty"]]
        .sum()
        .rename(columns={"stream_qty": "fence_qty"}),
        orders.groupby("period", as_index=False)[["order_qty", "consumed_qty", "beyond_qty"]].sum(),
    ]
    for part in parts:
        rows = rows.merge(part, on="period", how="left", validate="one_to_one")
    rows = rows.fillna({"order_qty": 0.0, "consumed_qty": 0.0, "beyond_qty": 0.0})
    remaining = rows["consensus_qty"] - rows["order_qty"]
    return rows.assign(forecast_qty=remaining + rows["consumed_qty"], remaining_qty=remaining)


def _orders_said(rows: pd.DataFrame) -> str:
    ordered = rows["order_qty"].sum()
    told = rows[rows["order_qty"] > 0]
    part = ordered / max(told["consensus_qty"].sum(), 1e-9)
    said = f"{short(ordered)} units are ordered, {percent(part)} of the plan of the buckets they fall into"
    beyond = rows["beyond_qty"].sum()
    return said + (f"; {short(beyond)} of them found no forecast and come on top" if beyond > 0 else "")


def _fence_said(tables: Tables, model: Model) -> str:
    """What the fence holds to, and whether that was approved."""
    fence = model.demand.fence
    held = f"the first {count(fence.buckets, 'bucket')} are held by {percent(fence.hold_rate, 0)} to "
    if fence.hold_to == "orders":
        return held + "the orders in hand"
    past = tables["past_demand_plan"]
    earlier = past[past["cycle"] < model.as_of]
    if fence.approved_only:
        earlier = earlier[earlier["is_approved"].astype(bool)]
    if earlier.empty:
        kind = "approved cycle" if fence.approved_only else "cycle"
        return f"the fence holds nothing, for there is no earlier {kind}"
    last = earlier[earlier["cycle"] == earlier["cycle"].max()]
    state = "approved" if last["is_approved"].all() else "not approved"
    return held + f"the consensus of the cycle of {iso_date(last['cycle'].iloc[0])}, which was {state}"


@report_section("near_horizon", notebook=NOTEBOOK)
def near_horizon(tables: Tables, model: Model) -> Section:
    """What is ordered of the plan, what that leaves of the forecast, and what the fence holds to."""
    title = f"{model.name}, orders and forecast of the near horizon, units, as of {iso_date(model.as_of)}"
    source = ("order_consumption", "all families, by planning bucket")
    fence = model.demand.fence
    has_orders = len(tables["order_consumption"]) > 0
    if not has_orders and fence.hold_to == "nothing":
        known = tables["open_order"]["open_qty"].sum()
        message = f"Open orders of {short(known)} units do not change the plan, and no fence holds it"
        if known == 0:
            message = "No open order is known, and no fence holds the plan"
        return Section(message, title, source=source)
    if not has_orders and not (tables["demand_stream"]["stream"] == FENCE).any():
        said_of_fence = _fence_said(tables, model)
        return Section(said_of_fence[:1].upper() + said_of_fence[1:], title, source=source)
    rows = _by_bucket(tables)
    said = [_orders_said(rows)] if has_orders else []
    if fence.hold_to != "nothing":
        said.append(_fence_said(tables, model))
    message = "; ".join(said)
    columns = ["automatic_qty", "fence_qty", "forecast_qty", "order_qty", "consumed_qty", "remaining_qty"]
    columns += ["beyond_qty", "consensus_qty"]
    near = rows.assign(period=rows["period"].map(iso_date)).head(SHOWN)
    total = rows[columns].sum()
    last = pd.DataFrame([{"period": ALL, **total}])
    shown = pd.concat([near[["period", *columns]], last], ignore_index=True)
    return Section(
        message[:1].upper() + message[1:],
        title,
        table=Table(
            without_empty(shown, ["fence_qty", "beyond_qty"]),
            headings={
                "forecast_qty": "agreed forecast",
                "order_qty": "ordered",
                "consumed_qty": "eaten by orders",
                "remaining_qty": "left of it",
                "beyond_qty": "orders beyond",
                "consensus_qty": "demand",
            },
            sums=(-1,),
        ),
        note=(
            "Demand is the orders and what they leave of the forecast. An order eats the forecast of its own "
            f"bucket, then back {model.demand.orders.back_days} days, then forward "
            f"{model.demand.orders.forward_days} days."
        ),
        source=source,
    )
