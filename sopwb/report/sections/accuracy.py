"""Messages of the demand review about accuracy: what each step adds, how far ahead, and who was right."""

from __future__ import annotations

from typing import Any

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import count, person, sentence, words
from sopwb.report import charts
from sopwb.report.numbers import MINUS, iso_date, percent, points, short
from sopwb.report.section import Section
from sopwb.report.sections.demand import NOTEBOOK
from sopwb.report.table import Table

__all__ = ["accuracy_by_author", "accuracy_by_lag", "forecast_value_added"]

ALL = "*"
STEPS = {
    "naive": "Naive, last month",
    "seasonal_naive": "Same month last year",
    "statistical": "Statistical baseline",
    "automatic": "With activities",
    "manual": "What people say",
    "consensus": "Consensus",
}
"""Steps of the stair, as charts call them."""
LEVELS = {
    "series": "Product and market",
    "product": "Product",
    "family_market": "Family and market",
    "family": "Family",
    "market": "Market",
    "company": "Company",
}
"""Levels to which the archive is added up, as charts call them."""
STALE_CYCLES = 1


def _judged_lag(rows: pd.DataFrame, model: Model) -> int:
    """Months ahead at which a forecast counts: the time supply needs, as far as there is a past."""
    return int(min(model.demand.review.act_months, rows["lag"].max()))


def _stair(rows: pd.DataFrame, error: str, added: str) -> pd.DataFrame:
    """Steps of one stair as a bridge: the naive error, what each step takes off, the error of the last."""
    first, last = rows.iloc[[0]], rows.iloc[[-1]]
    amounts = [first[error].iloc[0], *(-rows[added].iloc[1:]), last[error].iloc[0]]
    labels = [STEPS[name] for name in rows["stream"]]
    ends = [f"Error: {labels[0].lower()}", f"Error: {labels[-1].lower()}"]
    return pd.DataFrame(
        {
            "step": range(1, len(amounts) + 1),
            "label": [ends[0], *labels[1:], ends[1]],
            "amount_value": amounts,
            "is_total": [True, *([False] * (len(rows) - 1)), True],
            "code": "AC",
        }
    )


def _added_by_family(rows: pd.DataFrame) -> pd.DataFrame:
    """Money that each step adds, family by family."""
    steps = rows[(rows["family"] != ALL) & rows["value_added_value"].notna()]
    cells = steps.sort_values(["family", "step"])[["family", "stream", "value_added_value"]]
    return cells.assign(
        row=[sentence(words(str(name))) for name in cells["family"]],
        column=[STEPS[name] for name in cells["stream"]],
        value=cells["value_added_value"],
    )[["row", "column", "value"]]


@report_section("forecast_value_added", notebook=NOTEBOOK)
def forecast_value_added(tables: Tables, model: Model) -> Section:
    """Stair from the naive error to that of the consensus, in points and in money."""
    rows = tables["forecast_value_added"]
    title = f"{model.name}, forecast value added, % of demand and {model.currency}, as of "
    title += iso_date(model.as_of)
    source = ("forecast_value_added", "all families, at the months ahead that supply needs")
    if rows.empty or rows["wmape_rate"].isna().all():
        return Section("No earlier cycle has a month that has closed since", title, source=source)
    lag = _judged_lag(rows, model)
    at_lag = rows[rows["lag"] == lag]
    whole = at_lag[at_lag["family"] == ALL].sort_values("step")
    first, last = whole.iloc[0], whole.iloc[-1]
    added = whole.iloc[1:]
    worst = added.loc[added["value_added_value"].idxmin()]
    message = (
        f"{sentence(count(lag, 'month'))} ahead, the steps from naive to consensus take "
        f"{points(first['wmape_rate'] - last['wmape_rate']).lstrip('+')} off the error, worth "
        f"{short(first['error_value'] - last['error_value'], model.currency)} of margin"
    )
    if worst["value_added_value"] < 0:
        message += (
            f"; {STEPS[str(worst['stream'])].lower()} makes it worse by "
            f"{short(-worst['value_added_value'], model.currency)}"
        )
    pictures = (
        charts.waterfall(
            _stair(whole, "wmape_rate", "value_added_rate"), unit="%", sense="lower_better", width=300
        ),
        charts.waterfall(
            _stair(whole, "error_value", "value_added_value"),
            unit=model.currency,
            sense="lower_better",
            width=300,
        ),
        charts.table_heat(_added_by_family(at_lag), unit=model.currency, sense="higher_better", width=680),
    )
    return Section(
        message,
        f"{model.name}, forecast error {count(lag, 'month')} ahead by step, % of demand and "
        f"{model.currency} of margin, AC of closed months as of {iso_date(model.as_of)}; below, "
        "what each step adds by family",
        chart=pictures,
        note=(
            "Error is taken at product and market. An error is worth its quantity at the margin of the "
            "product. A step that adds error (red) is work that destroys value."
        ),
        source=source,
    )


def _by_level(rows: pd.DataFrame) -> pd.DataFrame:
    """Levels down, months ahead across: error of the consensus."""
    agreed = rows[(rows["stream"] == "consensus") & rows["wmape_rate"].notna()]
    order = agreed["level"].map({name: place for place, name in enumerate(LEVELS)})
    cells = agreed.assign(place=order).sort_values(["place", "lag"])
    return cells.assign(
        row=[LEVELS[name] for name in cells["level"]],
        column=[f"{lag} ahead" for lag in cells["lag"]],
        value=cells["wmape_rate"],
    )[["row", "column", "value"]]


def _bands_said(rows: pd.DataFrame) -> str:
    """How often the bands of earlier cycles held what was sold, a month ahead and at the longest lag."""
    kept = rows[(rows["level"] == "product") & rows["coverage_rate"].notna()].sort_values("lag")
    if kept.empty:
        return ""
    near, far = kept.iloc[0], kept.iloc[-1]
    said = f" The 80 percent band of a product held {percent(near['coverage_rate'], 0)} of its months "
    said += f"{count(int(near['lag']), 'month')} ahead"
    if far["lag"] > near["lag"]:
        said += f" and {percent(far['coverage_rate'], 0)} {count(int(far['lag']), 'month')} ahead"
    return said + "."


def _by_lag(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Streams down, months ahead across."""
    cells = rows[["stream", "lag", column]].assign(
        place=rows["stream"].map({name: place for place, name in enumerate(STEPS)})
    )
    cells = cells.sort_values(["place", "lag"])
    return cells.assign(
        row=[STEPS[name] for name in cells["stream"]],
        column=[f"{lag} ahead" for lag in cells["lag"]],
        value=cells[column],
    )[["row", "column", "value"]]


@report_section("accuracy_by_lag", notebook=NOTEBOOK)
def accuracy_by_lag(tables: Tables, model: Model) -> Section:
    """Error and bias of each stream by months ahead, from archived cycles only."""
    rows = tables["forecast_value_added"]
    rows = rows[(rows["family"] == ALL) & rows["wmape_rate"].notna()]
    title = (
        f"{model.name}, weighted error and bias by stream and months ahead, % of demand, AC of closed months "
        f"as of {iso_date(model.as_of)}"
    )
    source = ("forecast_value_added", "family *, all lags")
    if rows.empty:
        return Section("No earlier cycle has a month that has closed since", title, source=source)
    agreed = rows[rows["stream"] == "consensus"].sort_values("lag")
    near, far = agreed.iloc[0], agreed.iloc[-1]
    message = (
        f"The consensus missed by {percent(near['wmape_rate'])} {count(int(near['lag']), 'month')} ahead"
    )
    if len(agreed) > 1:
        message += f" and by {percent(far['wmape_rate'])} {count(int(far['lag']), 'month')} ahead"
    bias = agreed["bias_rate"].iloc[0]
    side = "high" if bias > 0 else "low"
    message += f"; it is {percent(abs(bias))} too {side}"
    heats: tuple[Any, ...] = (
        charts.table_heat(_by_lag(rows, "wmape_rate"), unit="%", heading="error", width=400),
        charts.table_heat(_by_lag(rows, "bias_rate"), unit="%", heading="bias", width=400),
    )
    levels = _by_level(tables["level_accuracy"])
    if len(levels):
        heats += (charts.table_heat(levels, unit="%", heading="error of the consensus by level", width=400),)
    return Section(
        message,
        title,
        chart=heats,
        note=(
            "Bias is what was forecast over what was sold, less one: positive is too high. At a level above "
            "product and market, forecasts and sales are added up first: what one lacks another makes up."
            f"{_bands_said(tables['level_accuracy'])}"
        ),
        source=source,
    )


def _said(row: dict[Any, Any]) -> str:
    """How an author was, in words."""
    parts = []
    if row["carried"] > STALE_CYCLES:
        parts.append(f"nothing new since {iso_date(row['last_entered_on'])}")
    if abs(row["bias_rate"]) > abs(row["value_added_rate"]) and row["value_added_rate"] < 0:
        parts.append("too high" if row["bias_rate"] > 0 else "too low")
    if row["value_added_rate"] >= 0:
        parts.append("better than the automatic forecast")
    return ", ".join(parts)


@report_section("accuracy_by_author", notebook=NOTEBOOK)
def accuracy_by_author(tables: Tables, model: Model) -> Section:
    """Error and bias of each author of manual forecasts, and what following them was worth."""
    rows = tables["author_accuracy"]
    rows = rows[rows["family"] == ALL]
    source = ("author_accuracy", "family *, at the months ahead that supply needs")
    title = f"{model.name}, forecasts of single authors, % of demand and {model.currency}, as of "
    title += iso_date(model.as_of)
    if rows.empty or rows["wmape_rate"].isna().all():
        return Section("No author has spoken about a month that has closed since", title, source=source)
    lag = _judged_lag(rows, model)
    chosen = rows[rows["lag"] == lag].dropna(subset=["wmape_rate"])
    ranked = chosen.sort_values(["value_added_value", "author"], ignore_index=True)
    ranked = ranked.assign(author=ranked["author"].map(person))
    worst, best = ranked.iloc[0], ranked.iloc[-1]
    message = _author_message(ranked, worst, best, model.currency)
    bars = ranked.assign(
        label=ranked["author"], value=ranked["wmape_rate"], reference=ranked["automatic_wmape_rate"]
    )
    table = ranked.assign(
        verdict=[_said(row) for row in ranked.to_dict("records")],
        bias_rate=[percent(rate, signed=True) for rate in ranked["bias_rate"]],
        tracking_signal=[f"{signal:+.1f}".replace("-", MINUS) for signal in ranked["tracking_signal"]],
    )[
        [
            "author",
            "judged",
            "last_entered_on",
            "wmape_rate",
            "automatic_wmape_rate",
            "value_added_rate",
            "bias_rate",
            "tracking_signal",
            "value_added_value",
            "verdict",
        ]
    ]
    return Section(
        message,
        f"{model.name}, error of each author {count(lag, 'month')} ahead (AC) against the automatic forecast "
        f"of the same cells (PL), % of demand, closed months as of {iso_date(model.as_of)}",
        chart=charts.bars_by_structure(
            bars[["label", "value", "reference"]],
            unit="%",
            code="AC",
            reference="PL",
            sense="lower_better",
            names=("author", "automatic"),
        ),
        table=Table(
            table,
            headings={
                "judged": "cycles",
                "last_entered_on": "last entry",
                "wmape_rate": "error",
                "automatic_wmape_rate": "automatic",
                "value_added_rate": "adds",
                "bias_rate": "bias",
                "tracking_signal": "signal",
                "value_added_value": f"worth ({model.currency})",
                "verdict": "",
            },
            units={"judged": "count"},
            variances={
                "value_added_rate": "higher_better",
                "bias_rate": "neutral",
                "value_added_value": "higher_better",
            },
            currency=model.currency,
        ),
        note=(
            "Each author is heard alone, in the products, markets and months they spoke about. Worth is the "
            "error taken off the automatic forecast, or added to it, at the margin of the products. The "
            "tracking signal sums errors in units of their mean size; it cannot exceed the number of cycles, "
            f"and beyond {model.demand.review.tracking_signal_limit:g} an author errs to one side."
        ),
        source=source,
    )


def _author_message(ranked: pd.DataFrame, worst: Any, best: Any, currency: str) -> str:
    helped = ranked[ranked["value_added_value"] > 0]
    if worst["value_added_value"] >= 0:
        return f"Every author beat the automatic forecast, {best['author']} by most"
    cost = short(-worst["value_added_value"], currency)
    bias = percent(worst["bias_rate"], signed=True)
    message = f"Believing {worst['author']} (bias {bias}) would have cost {cost} of margin"
    if helped.empty:
        return message + f"; nobody beat the automatic forecast, {best['author']} came nearest"
    return message + f"; {count(len(helped), 'author')} of {len(ranked)} beat the automatic forecast"
