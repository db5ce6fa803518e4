"""The few things that need a decision: ranked by money, spans of time merged."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables
from sopwb.measure.wording import count, money, month, named, quantity, rate, sentence, words

__all__ = ["exceptions"]

COLUMNS = ["area", "subject", "start_period", "end_period", "message", "money_value", "remedy"]
MONEY_MEASURES = (
    "revenue",
    "gross_margin",
    "ebit",
    "cash",
    "stock_value",
    "working_capital",
    "purchase_value",
    "capex",
)
MISSED = {"minimum": "misses its target", "maximum": "passes its limit"}
REASON_REMEDY = {
    "capacity": "add hours, make earlier, or move to another line",
    "supplier": "order earlier, or open a second source",
    "material": "order earlier, or open a second source",
    "lead time": "expedite, or promise later",
    "storage": "rent places, or make later",
}


def exceptions(tables: Tables, model: Model) -> pd.DataFrame:
    """At most the set number of exceptions, largest money first; table ``exception``.

    Looked at are shortages, stock below safety, overload, excess and expiring stock, targets missed,
    and biased forecasts; each is one row over its whole span.
    """
    found = [
        _shortages(tables, model),
        _below_safety(tables, model),
        _overload(tables, model),
        _excess(tables, model),
        _targets(tables, model),
        _bias(tables, model),
    ]
    rows = pd.concat([part for part in found if len(part)] or [pd.DataFrame(columns=COLUMNS)])
    rows = rows[rows["money_value"] > 0].sort_values(
        ["money_value", "area", "subject"], ascending=[False, True, True]
    )
    top = rows.head(model.finance.exception_limit).reset_index(drop=True)
    return top.assign(rank=np.arange(1, len(top) + 1))


def _family(tables: Tables, product: pd.Series[str]) -> pd.Series[str]:
    return product.map(tables["product"].set_index("product")["family"])


def _during(start: pd.Timestamp, end: pd.Timestamp) -> str:
    first, last = month(start), month(end)
    return f"in {first}" if first == last else f"from {first} to {last}"


def _table(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)


def _shortages(tables: Tables, model: Model) -> pd.DataFrame:
    short = tables["shortage"].assign(family=_family(tables, tables["shortage"]["product"]))
    groups = short.groupby(["family", "reason", "subject"], sort=True)
    spans = groups.agg(
        start=("period", "min"),
        end=("period", "max"),
        money=("short_value", "sum"),
        lost=("lost_qty", "sum"),
        products=("product", "nunique"),
    )
    rows = []
    for (family, reason, subject), span in zip(spans.index, spans.to_dict("records"), strict=True):
        kind = "lost or late" if span["lost"] > 0 else "late"
        text = (
            f"{sentence(words(family))}: {money(span['money'], model.currency)} of demand is {kind} "
            f"{_during(span['start'], span['end'])} because of {words(reason)}{_what(tables, subject)}."
        )
        remedy = REASON_REMEDY.get(reason, "see the supply review")
        rows.append(("supply", family, span["start"], span["end"], text, span["money"], remedy))
    return _table(rows)


def _what(tables: Tables, subject: str) -> str:
    """What stands in the way, in brackets, where it is known."""
    return f" ({named(subject, tables['resource'], 'resource')})" if subject else ""


def _below_safety(tables: Tables, model: Model) -> pd.DataFrame:
    """Safety stock that is missing at its worst bucket, at standard cost, by family."""
    stock = tables["projected_inventory"]
    missing = (stock["safety_stock_qty"] - stock["closing_qty"].clip(lower=0)).clip(lower=0)
    cost = stock["product"].map(tables["product_cost"].set_index("product")["standard_cost_per_unit"])
    low = stock.assign(missing=missing, money=missing * cost, family=_family(tables, stock["product"]))
    low = low[low["missing"] > 0]
    rows = []
    for family, part in low.groupby("family", sort=True):
        by_bucket = part.groupby("period")["money"].sum()
        start, end, worst = part["period"].min(), part["period"].max(), float(by_bucket.max())
        places = part[["product", "location"]].drop_duplicates()
        text = (
            f"{sentence(words(str(family)))}: {count(len(places), 'stock is', 'stocks are')} below safety "
            f"stock {_during(start, end)}; {money(worst, model.currency)} is missing at worst."
        )
        rows.append(
            ("inventory", str(family), start, end, text, worst, "bring receipts forward, or accept the risk")
        )
    return _table(rows)


def _overload(tables: Tables, model: Model) -> pd.DataFrame:
    use = tables["capacity_use"]
    over = use[use["overload_hours"] > 0].assign(
        money=lambda rows: rows["overload_hours"] * rows["price_per_hour"]
    )
    spans = over.groupby("resource", sort=True).agg(
        start=("period", "min"),
        end=("period", "max"),
        hours=("overload_hours", "sum"),
        money=("money", "sum"),
    )
    rows = []
    for resource, span in zip(spans.index, spans.to_dict("records"), strict=True):
        text = (
            f"{sentence(named(str(resource), tables['resource'], 'resource'))} is overloaded by "
            f"{quantity(span['hours'], 'h')} {_during(span['start'], span['end'])}."
        )
        rows.append(
            (
                "supply",
                str(resource),
                span["start"],
                span["end"],
                text,
                span["money"],
                "add hours or move load",
            )
        )
    return _table(rows)


def _excess(tables: Tables, model: Model) -> pd.DataFrame:
    health = tables["inventory_health"].assign(family=_family(tables, tables["inventory_health"]["product"]))
    sums = health.groupby("family", sort=True)[["excess_value", "expiring_value"]].sum()
    first, last = tables["period"]["period"].min(), tables["period"]["period"].max()
    rows = []
    for family, part in zip(sums.index, sums.to_dict("records"), strict=True):
        value = max(part["excess_value"], part["expiring_value"])
        found = [
            f"{money(amount, model.currency)} of stock {what}"
            for amount, what in (
                (part["excess_value"], "is beyond all planned demand"),
                (part["expiring_value"], "expires unused"),
            )
            if amount >= 1
        ]
        text = f"{sentence(words(str(family)))}: {', '.join(found)}."
        rows.append(("inventory", str(family), first, last, text, value, "sell off, move, or write off"))
    return _table(rows)


def _targets(tables: Tables, model: Model) -> pd.DataFrame:
    gaps = tables["target_gap"]
    first = tables["period"]["period"].min()
    missed = gaps[
        (gaps["gap_value"] < 0) & (gaps["end_date"] >= first) & gaps["measure"].isin(MONEY_MEASURES)
    ].sort_values("target")
    rows = []
    for gap in missed.to_dict("records"):
        whose = "" if gap["scope"] == "*" else f" of {words(gap['scope'].partition('=')[2])}"
        text = (
            f"{sentence(words(gap['measure']))}{whose} {MISSED[gap['sense']]} of "
            f"{money(gap['target_value'], model.currency)} by {money(-gap['gap_value'], model.currency)}; "
            f"the outlook is {money(gap['outlook_value'], model.currency)}."
        )
        rows.append(
            (
                "finance",
                gap["target"],
                gap["start_date"],
                gap["end_date"],
                text,
                -gap["gap_value"],
                "decide on a lever, or on the target",
            )
        )
    return _table(rows)


def _bias(tables: Tables, model: Model) -> pd.DataFrame:
    """Families whose forecast is off to one side, priced at the year's margin of the share that is off."""
    accuracy = tables["forecast_accuracy"]
    known = accuracy[
        (accuracy["lag"] == model.finance.accuracy_lag)
        & (accuracy["family"] != "*")
        & (accuracy["bias_rate"].abs() > model.finance.bias_alert_rate)
        & accuracy["stream"].isin(["consensus", "automatic", "statistical"])
    ]
    # archive comes before backtest, automatic before consensus before statistical
    best = known.sort_values(["family", "source", "stream"]).drop_duplicates("family")
    first = tables["period"]["period"].min()
    last = first + pd.DateOffset(years=1) - pd.Timedelta(days=1)
    plan = tables["margin_plan"]
    year = plan[plan["period"] <= last]
    margin = year["margin_value"].groupby(_family(tables, year["product"])).sum()
    rows = []
    for row in best.to_dict("records"):
        value = abs(row["bias_rate"]) * float(margin.get(row["family"], 0.0))
        side = "high" if row["bias_rate"] > 0 else "low"
        text = (
            f"{sentence(words(row['family']))}: the {row['stream']} forecast has been "
            f"{rate(abs(row['bias_rate']))} too {side}, {_ahead(row, model)} ahead."
        )
        rows.append(
            ("demand", row["family"], first, last, text, value, "correct the forecast with its author")
        )
    return _table(rows)


def _ahead(row: Mapping[Hashable, Any], model: Model) -> str:
    """How far ahead a forecast was made: cycles look months ahead, the backtest buckets of history."""
    return count(int(row["lag"]), "month" if row["source"] == "archive" else model.calendar.history_bucket)
