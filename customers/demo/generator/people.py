"""Rows of people: manual forecasts of four authors, and what is written in people.yaml."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from generator.numbers import day, read_yaml, stream
from generator.sales import snapshots

DATES = (
    "entered_at",
    "start_date",
    "end_date",
    "due_date",
    "decision_date",
    "cycle",
    "decided_on",
    "outcome_on",
)


def written(name: str) -> pd.DataFrame:
    """A table as it stands in people.yaml, with its dates as dates."""
    table = pd.DataFrame(read_yaml("people.yaml")[name])
    for column in DATES:
        if column in table:
            table[column] = pd.to_datetime(table[column].astype("string"))
    return table


def authors() -> dict[str, Any]:
    """The authors with their true bias and scatter."""
    return read_yaml("people.yaml")["authors"]


def author_bias() -> pd.DataFrame:
    """The truth about the authors."""
    return pd.DataFrame(
        [
            {"author": a, "stream": f["stream"], "bias_rate": f["bias"], "spread_rate": f["spread"]}
            for a, f in authors().items()
        ]
    )


def manual_forecast(numbers: dict[str, Any], month_demand: pd.DataFrame, seed: int) -> pd.DataFrame:
    """What the authors said in every cycle about the six months after it.

    month_demand: expected quantity by family, market, period, from the truth.
    """
    draw = stream(seed, "manual_forecast")
    parts = [
        _statements(author, facts, snapshot, month_demand, draw)
        for author, facts in authors().items()
        if "markets" in facts
        for snapshot in snapshots(numbers)
    ]
    parts += [_brand_plan(author, facts) for author, facts in authors().items() if "months" in facts]
    found = pd.concat(parts, ignore_index=True)
    found["manual_forecast"] = [f"MF{n:05d}" for n in range(1, len(found) + 1)]
    return found


def _statements(
    author: str,
    facts: dict[str, Any],
    snapshot: pd.Timestamp,
    month_demand: pd.DataFrame,
    draw: np.random.Generator,
) -> pd.DataFrame:
    first = snapshot + pd.Timedelta(days=1)
    months = pd.date_range(first, periods=6, freq="MS")
    rows = month_demand[month_demand["period"].isin(months)]
    if facts["markets"] == ["*"]:
        rows = rows.groupby(["family", "period"], as_index=False)["qty"].sum().assign(market="*")
    else:
        rows = rows[rows["market"].isin(facts["markets"])]
    rows = rows[rows["qty"] > 0].sort_values(["market", "family", "period"], ignore_index=True)
    scatter = np.exp(draw.normal(0, facts["spread"], len(rows)) - facts["spread"] ** 2 / 2)
    said = rows["qty"] * (1 + facts["bias"]) * scatter
    return pd.DataFrame(
        {
            "author": author,
            "stream": facts["stream"],
            "family": rows["family"],
            "product": "*",
            "market": rows["market"],
            "period": rows["period"],
            "mode": "absolute",
            "amount": (said / 10).round() * 10,
            "reason": facts["reason"],
            "expires_on": (first + pd.offsets.MonthEnd(0)) - pd.Timedelta(days=1),
            "entered_at": snapshot - pd.Timedelta(days=3) + pd.Timedelta(hours=12),
        }
    )


def _brand_plan(author: str, facts: dict[str, Any]) -> pd.DataFrame:
    entered = day(facts["entered"])
    months = pd.date_range(entered, periods=facts["months"], freq="MS")
    rows = pd.DataFrame([{"family": f, "period": m} for f in facts["families"] for m in months])
    return rows.assign(
        author=author,
        stream=facts["stream"],
        product="*",
        market="*",
        mode="percent",
        amount=facts["bias"],
        reason=facts["reason"],
        expires_on=day(facts["expires"]),
        entered_at=entered + pd.Timedelta(hours=9),
    )
