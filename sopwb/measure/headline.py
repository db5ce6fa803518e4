"""The executive page in sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables
from sopwb.measure.outlook import current_year
from sopwb.measure.wording import count, money, month, named, rate, words, year_name

__all__ = ["TOPICS", "headlines"]

NAMED_TARGETS = 4
CENT = 0.01
TIE_MONTHS = 12


def headlines(tables: Tables, model: Model) -> pd.DataFrame:
    """Five to eight sentences, one for each topic that has something to say; table ``headline``."""
    said = {topic: sentence(tables, model) for topic, sentence in TOPICS.items()}
    rows = [(topic, text) for topic, text in said.items() if text]
    table = pd.DataFrame(rows, columns=["topic", "message"])
    return table.assign(position=range(1, len(table) + 1))


def _figure(tables: Tables, name: str) -> dict[str, Any]:
    """Key figure of the whole company as a mapping; empty when it is not known."""
    rows = tables["kpi"]
    found = rows[(rows["kpi"] == name) & (rows["scope"] == "*") & rows["kpi_value"].notna()]
    return {str(column): found[column].iloc[0] for column in found} if len(found) else {}


def _against(row: Mapping[str, Any], currency: str) -> str:
    """How a money figure stands to its reference, as the tail of a sentence."""
    if not row or pd.isna(row["reference_value"]):
        return ""
    difference = float(row["kpi_value"] - row["reference_value"])
    side = "above" if difference >= 0 else "below"
    is_cap = row["reference"] == "target" and row["sense"] == "lower_better"
    known = {"last cycle": "that of the last cycle", "target": "the cap" if is_cap else "the target"}
    whose = known.get(str(row["reference"]), f"the {row['reference']}")
    return f", {money(abs(difference), currency)} {side} {whose}"


def _year(tables: Tables, model: Model) -> str:
    return year_name(current_year(tables), model.calendar.fiscal_year_start_month)


def _result(tables: Tables, model: Model) -> str:
    revenue, profit = _figure(tables, "revenue"), _figure(tables, "ebit")
    parts = [
        f"{money(row['kpi_value'], model.currency)} of {name}{_against(row, model.currency)}"
        for name, row in (("revenue", revenue), ("EBIT", profit))
        if row
    ]
    joint = ", and " if "," in "".join(parts[:1]) else " and "
    return f"{_year(tables, model)} is heading for {joint.join(parts)}." if parts else ""


def _service(tables: Tables, model: Model) -> str:
    row, lost, late = (_figure(tables, name) for name in ("service", "lost_value", "late_value"))
    if not row:
        return ""
    goal = row["reference_value"]
    against = f" ({row['reference']} {rate(goal)})" if pd.notna(goal) else ""
    parts = [
        f"{money(short['kpi_value'], model.currency)} of it is {name}"
        for short, name in ((lost, "lost"), (late, "late"))
        if short and short["kpi_value"] >= CENT / 2
    ]
    rest = "; " + " and ".join(parts) if parts else ""
    return f"{rate(row['kpi_value'])} of demand is shipped on time{against}{rest}{_delivered(tables, model)}."


def _delivered(tables: Tables, model: Model) -> str:
    """What customers got in the months behind, which a plan made for expected demand does not promise."""
    past = _figure(tables, "on_time_in_full")
    if not past:
        return ""
    return (
        f". This holds if demand comes as planned; over {count(model.delivery.months, 'month')} "
        f"{rate(past['kpi_value'])} came on time and in full"
    )


def _capacity(tables: Tables, model: Model) -> str:
    use = tables["capacity_use"]
    open_ = use[use["capacity_hours"] > 0]
    if open_.empty:
        return ""
    hours = open_.groupby("resource")[["required_hours", "capacity_hours"]].sum()
    loads = hours["required_hours"] / hours["capacity_hours"]
    code = str(loads.idxmax())
    own = open_[open_["resource"] == code].sort_values(["utilisation_rate", "period"])
    peak, when = float(own["utilisation_rate"].iloc[-1]), month(own["period"].iloc[-1])
    return (
        f"The busiest resource is {named(code, tables['resource'], 'resource')} with "
        f"{rate(loads[code], 0)} of its hours over the plan, "
        f"{rate(peak, 0)} at its peak in {when}."
    )


def _stock(tables: Tables, model: Model) -> str:
    row = _figure(tables, "stock_value")
    if not row:
        return ""
    text = f"Stock is {money(row['kpi_value'], model.currency)} on average over the plan"
    caps = tables["target_gap"]
    caps = caps[(caps["measure"] == "stock_value") & (caps["scope"] == "*") & (caps["sense"] == "maximum")]
    caps = caps[caps["end_date"] >= tables["period"]["period"].min()].dropna(subset=["gap_value"])
    if caps.empty:
        return f"{text}{_against(row, model.currency)}."
    worst = caps.sort_values("gap_value").iloc[0]
    side = "below" if worst["gap_value"] >= 0 else "above"
    return (
        f"{text}; at its highest month end it is {money(worst['outlook_value'], model.currency)}, "
        f"{money(abs(worst['gap_value']), model.currency)} {side} the cap."
    )


def _cash(tables: Tables, model: Model) -> str:
    rows = tables["cash_flow"]
    cash = rows[(rows["method"] == "direct") & (rows["line"] == "closing_cash")].sort_values("period")
    if cash.empty:
        return ""
    by_month = cash.set_index("period")["amount_value"]
    low, last = by_month.idxmin(), by_month.index[-1]
    text = f"Cash is lowest in {month(pd.Timestamp(low))} with {money(by_month.min(), model.currency)}"
    text += _against(_figure(tables, "minimum_cash"), model.currency)
    return text + (
        f"; it ends {month(last)} at {money(by_month.iloc[-1], model.currency)}." if low != last else "."
    )


def _targets(tables: Tables, model: Model) -> str:
    gaps = tables["target_gap"]
    first = tables["period"]["period"].min()
    judged = gaps[(gaps["end_date"] >= first) & gaps["gap_value"].notna()]
    missed = judged[judged["gap_value"] < 0]
    share = missed["gap_value"] / missed["target_value"].abs()
    missed = missed.assign(share=share).sort_values(["share", "target"])
    if judged.empty:
        return ""
    if missed.empty:
        return f"All {count(len(judged), 'target')} of the plan are met."
    kept = len(missed) if len(missed) <= NAMED_TARGETS else NAMED_TARGETS - 1
    names = [words(name) for name in missed["target"].head(kept)]
    more = f" and {len(missed) - kept} more" if len(missed) > kept else ""
    verb = "is" if len(missed) == 1 else "are"
    return f"{len(missed)} of {count(len(judged), 'target')} {verb} missed: {', '.join(names)}{more}."


def _exception(tables: Tables, model: Model) -> str:
    """The largest exception that is no target: those have a sentence of their own."""
    found = tables["exception"]
    found = found[found["area"] != "finance"].sort_values("rank")
    return str(found["message"].iloc[0]) if len(found) else ""


def _data(tables: Tables, model: Model) -> str:
    rows = tables["reconciliation"]
    share = rows[rows["measure"] == "revenue"].sort_values("period")["ratio_rate"].dropna().tail(TIE_MONTHS)
    if share.empty:
        return ""
    low, high = float(share.min()), float(share.max())
    tie = max(abs(low - 1), abs(high - 1)) <= model.finance.tie_tolerance_rate
    return (
        f"Sales of the ledger {'tie' if tie else 'do not tie'} to operations: they are {rate(low, 0)} to "
        f"{rate(high, 0)} of them by month, over {count(len(share), 'month')}."
    )


TOPICS: Mapping[str, Callable[[Tables, Model], str]] = MappingProxyType(
    {
        "result": _result,
        "service": _service,
        "capacity": _capacity,
        "stock": _stock,
        "cash": _cash,
        "targets": _targets,
        "exceptions": _exception,
        "data": _data,
    }
)
"""What the page speaks of, in order; a topic without data is left out."""
