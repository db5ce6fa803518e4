"""What the demand review has to decide: the questions that its own figures ask, ranked by money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import count, named, person, words
from sopwb.report.numbers import iso_date, percent, short
from sopwb.report.section import Section
from sopwb.report.sections.demand import NOTEBOOK
from sopwb.report.table import Table, without_empty

__all__ = ["demand_decisions"]

ALL = "*"
COLUMNS = ["question", "options", "money", "default", "delay", "owner", "by"]
WEEKS_A_MONTH = 52 / 12
OF_A_KIND = 2


def _rows(questions: list[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame(questions, columns=COLUMNS)


def _from_register(tables: Tables) -> pd.DataFrame:
    """Open decisions of the register whose owner speaks about demand, by a forecast or an activity."""
    decision = tables["decision"]
    voices = set(tables["activity"]["owner"].dropna()) | set(tables["manual_forecast"]["author"])
    mine = decision[decision["choice"].isna() & decision["owner"].isin(voices)]
    return pd.DataFrame(
        {
            "question": mine["question"],
            "options": mine["options"].str.replace(";", " ·", regex=False),
            "money": mine["expected_value"],
            "default": mine["default_choice"],
            "delay": mine["delay_cost_per_week"],
            "owner": mine["owner"].map(person),
            "by": mine["due_date"],
        }
    )


def _about_exceptions(tables: Tables, model: Model) -> pd.DataFrame:
    """The largest exceptions of each kind, as questions."""
    top = tables["demand_exception"].sort_values("rank").groupby("kind", sort=False).head(OF_A_KIND)
    options = {
        "bias": ("correct by the bias · keep", "keep"),
        "signal": ("correct by the bias · keep", "keep"),
        "people": ("automatic · what people say · agreed weights", "agreed weights"),
        "change": ("the new plan · the plan of last cycle", "the new plan"),
    }
    weeks = model.demand.review.act_months * WEEKS_A_MONTH
    questions: list[tuple[object, ...]] = []
    for row in top.to_dict("records"):
        place = (
            f"{words(str(row['family'])).capitalize()}, {named(row['market'], tables['market'], 'market')}"
        )
        said = str(row["message"])
        choices, default = options.get(str(row["kind"]), ("change · keep", "keep"))
        money = float(row["money_value"])
        asked = f"{place}: {said[0].lower()}{said[1:]}. What is the number?"
        questions.append((asked, choices, money, default, money / weeks, "demand planner", pd.NaT))
    return _rows(questions)


def _about_authors(tables: Tables, model: Model) -> pd.DataFrame:
    """Authors whose forecast has cost money, at the months ahead that supply needs."""
    rows = tables["author_accuracy"]
    if rows.empty:
        return _rows([])
    lag = min(model.demand.review.act_months, rows["lag"].max())
    chosen = rows[(rows["family"] == ALL) & (rows["lag"] == lag) & (rows["value_added_value"] < 0)]
    still = set(tables["standing_forecast"]["author"])
    chosen = chosen[chosen["author"].isin(still)].sort_values("value_added_value").head(OF_A_KIND)
    questions: list[tuple[object, ...]] = [
        (
            _of_author(row),
            "as before · less weight · corrected by the bias",
            -float(row["value_added_value"]),
            "as before",
            float("nan"),
            person(row["author"]),
            pd.NaT,
        )
        for row in chosen.to_dict("records")
    ]
    return _rows(questions)


def _about_activities(tables: Tables) -> pd.DataFrame:
    """Activities ahead that happen once and stay outside the plan."""
    keys = ["product", "market", "period"]
    prices = tables["demand_plan"][[*keys, "net_price_per_unit"]]
    effect = tables["activity_effect"].merge(prices, on=keys, how="left", validate="many_to_one")
    worth = effect["full_qty"] * effect["net_price_per_unit"].fillna(0.0)
    sums = effect.assign(money=worth).groupby("activity", as_index=False)[["effect_qty", "money"]].sum()
    out = sums[(sums["effect_qty"] == 0) & (sums["money"] != 0)].merge(
        tables["activity"], on="activity", how="left", validate="one_to_one"
    )
    questions: list[tuple[object, ...]] = [
        (
            f"{row['description']}, {percent(row['probability'], 0)} likely: is it in the plan?",
            "in, whole · out",
            float(row["money"]),
            "out",
            float("nan"),
            person(row["owner"]),
            row["start_date"],
        )
        for row in out.to_dict("records")
    ]
    return _rows(questions)


def _of_author(row: Mapping[Any, Any]) -> str:
    bias = percent(row["bias_rate"], signed=True)
    return (
        f"Is {person(row['author'])} heard as before, with a bias of {bias} and a larger error than the "
        "automatic forecast?"
    )


@report_section("demand_decisions", notebook=NOTEBOOK)
def demand_decisions(tables: Tables, model: Model) -> Section:
    """Questions with their options, the money in them, what happens by default and what delay costs."""
    title = (
        f"{model.name}, decisions asked of the demand review, {model.currency}, as of {iso_date(model.as_of)}"
    )
    parts = [
        _from_register(tables),
        _about_exceptions(tables, model),
        _about_authors(tables, model),
        _about_activities(tables),
    ]
    known = [part for part in parts if len(part)]
    source = ("decision", "open, with demand_exception, author_accuracy and activity_effect")
    if not known:
        return Section("The demand plan asks for no decision", title, source=source)
    rows = pd.concat([part.astype({"money": "float64", "delay": "float64"}) for part in known])
    rows = rows.assign(by=pd.to_datetime(rows["by"])).sort_values(
        "money", key=abs, ascending=False, kind="stable", na_position="last", ignore_index=True
    )
    rows = rows.head(model.report.most_exceptions)
    asked = "One decision is" if len(rows) == 1 else f"{len(rows)} decisions are"
    priced = rows.dropna(subset=["money"])
    message = f"{asked} asked"
    if len(priced):
        most = short(abs(priced["money"].iloc[0]), model.currency)
        message += f", {count(len(priced), 'of them', 'of them')} with money in it, {most} in the largest"
    unit = f"short:{model.currency}"
    return Section(
        message,
        title,
        table=Table(
            without_empty(rows, ["delay"]),
            headings={
                "money": "money in it",
                "default": "if nothing is decided",
                "delay": "a week of delay costs",
                "by": "decide by",
            },
            units={"money": unit, "delay": unit},
            currency=model.currency,
        ),
        note=(
            "Exceptions and authors at margin, activities at net price. A new number is entered as a manual "
            "forecast with author, reason and last day; a new probability in the activity."
        ),
        source=source,
    )
