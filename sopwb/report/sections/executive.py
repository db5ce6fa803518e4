"""Messages of the executive meeting: the headline, what is asked, what is off plan, what may come."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.outlook import current_year, with_fiscal_year, year_sum, years_table
from sopwb.measure.wording import count, person, sentence, words, year_name
from sopwb.report import charts
from sopwb.report.numbers import iso_date, iso_month, percent, short
from sopwb.report.section import Card, Section
from sopwb.report.sections.finance import beside_the_ledger
from sopwb.report.sections.investments import asked_of_investments
from sopwb.report.table import Table, without_empty

__all__ = [
    "decisions_asked",
    "exceptions",
    "executive_headline",
    "gap_to_plan",
    "past_decisions",
    "promised_against_happened",
    "risks_and_opportunities",
]

NOTEBOOK = "70_executive_sop"
COURSE = 12
PICTURE = 280
REFERENCES = {"budget": "budget", "previous": "the previous year"}
PROMISE = 200
PICTURES = 3
VOLUME = "volume"
LAST = "last cycle"
PROMISED = ("revenue", "gross_margin", "ebit", VOLUME)
LABELS = {
    "minimum_cash": "Lowest cash",
    "service": "Shipped on time",
    "stock_value": "Stock, mean",
    "working_capital": "Working capital, mean",
    "wmape": "Forecast error",
    "utilisation": "Busiest resource",
}
"""Key figures whose code does not say enough."""


def name_of(code: str) -> str:
    """Code as it begins a sentence: ``gross_margin`` is "Gross margin", ``ebit`` is "EBIT"."""
    return sentence(words(code))


def _title(model: Model, what: str) -> str:
    return f"{model.name}, {what}, as of {iso_date(model.as_of)}"


def _chosen_figures(kpi: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Key figures of the whole company: those the settings name first, then others."""
    whole_company = kpi[kpi["scope"] == "*"]
    wanted = {name: place for place, name in enumerate(model.report.key_figures)}
    places = whole_company["kpi"].map(wanted)
    ordered = whole_company.assign(place=places).sort_values(["place", "kpi"], na_position="last")
    return ordered.head(model.report.most_cards)


def key_figure_cards(tables: Tables, model: Model) -> tuple[Card, ...]:
    """Cards of the key figures, each with its difference to its reference and to the last cycle."""
    past = tables["past_kpi"].sort_values("cycle")
    cards = []
    for row in _chosen_figures(tables["kpi"], model).to_dict("records"):
        course = past.loc[past["kpi"] == row["kpi"], "kpi_value"].tail(COURSE).to_list()
        last = course[-1] if course else float("nan")
        cards.append(
            Card(
                label=LABELS.get(row["kpi"], name_of(row["kpi"])),
                value=row["kpi_value"],
                unit=row["unit"],
                to_plan=None if row["reference"] == LAST else row["kpi_value"] - row["reference_value"],
                to_last=row["kpi_value"] - last,
                sense=row["sense"],
                plan_name=_compared_with(row),
                course=(*course, row["kpi_value"]),
                currency=model.currency,
            )
        )
    return tuple(cards)


def _compared_with(row: dict[Any, Any]) -> str:
    """What a key figure is held against: the target of what should be small is a cap."""
    name = str(row["reference"] or "plan")
    return "cap" if name == "target" and row["sense"] == "lower_better" else name


@report_section("executive_headline", notebook=NOTEBOOK)
def executive_headline(tables: Tables, model: Model) -> Section:
    """The headline sentence, the key figures, and one sentence for each topic."""
    headline = tables["headline"].sort_values("position")
    cards = key_figure_cards(tables, model)
    source = ("headline", "all rows")
    title = _title(model, f"key figures against reference and last cycle, {model.currency}")
    if headline.empty:
        return Section("The plan has no headline yet", title, cards=cards, source=("kpi", "whole company"))
    rest = headline.iloc[1:][["topic", "message"]]
    rest = rest.assign(topic=rest["topic"].map(name_of))
    table = Table(rest, headings={"topic": "", "message": ""}) if len(rest) else None
    note = beside_the_ledger(tables, model)
    return Section(headline["message"].iloc[0], title, table=table, cards=cards, note=note, source=source)


@report_section("decisions_asked", notebook=NOTEBOOK)
def decisions_asked(tables: Tables, model: Model) -> Section:
    """Open decisions: question, options, money, what happens by default, what a week of delay costs.

    Investments that the plan builds stand among them.
    """
    decision = tables["decision"]
    columns = [
        "question",
        "options",
        "expected_value",
        "default_choice",
        "delay_cost_per_week",
        "owner",
        "due_date",
    ]
    rows = decision[decision["choice"].isna()].sort_values(["due_date", "decision"])[columns]
    invested = asked_of_investments(tables, model)
    if len(invested):
        rows = pd.concat([rows, invested[columns]] if len(rows) else [invested[columns]], ignore_index=True)
        rows = rows.sort_values("due_date", kind="stable", ignore_index=True)
    title = _title(model, f"open decisions, {model.currency}")
    source = ("decision", "choice is missing" + (", with investment_decision" if len(invested) else ""))
    if rows.empty:
        return Section("No decision is asked in this cycle", title, source=source)
    delay = rows["delay_cost_per_week"].sum()
    asked = "One decision is" if len(rows) == 1 else f"{len(rows)} decisions are"
    costs = f"; a week of delay costs {short(delay, model.currency)}" if delay else ""
    first = iso_date(rows["due_date"].iloc[0])
    shown = rows.assign(
        options=rows["options"].str.replace(";", " ·", regex=False), owner=rows["owner"].map(person)
    )
    table = Table(
        without_empty(shown, ["expected_value", "delay_cost_per_week"]),
        headings={
            "expected_value": "money expected",
            "default_choice": "if nothing is decided",
            "delay_cost_per_week": "a week of delay costs",
            "due_date": "decide by",
        },
        units={
            "expected_value": f"short:{model.currency}",
            "delay_cost_per_week": f"short:{model.currency}",
        },
        currency=model.currency,
    )
    return Section(f"{asked} asked, the first by {first}{costs}", title, table=table, source=source)


@report_section("exceptions", notebook=NOTEBOOK)
def exceptions(tables: Tables, model: Model) -> Section:
    """At most ten exceptions, ranked by the money at stake, each with its remedy."""
    rows = tables["exception"].sort_values("rank").head(model.report.most_exceptions)
    title = _title(model, f"exceptions ranked by money at stake, {model.currency}")
    source = ("exception", "all rows")
    if rows.empty:
        return Section("The plan has no exceptions", title, source=source)
    largest = str(rows["message"].iloc[0]).rstrip(".")
    message = f"{count(len(rows), 'exception')}, most money at stake in the first \N{EN DASH} {largest}"
    span = [
        iso_month(start) if iso_month(start) == iso_month(end) else f"{iso_month(start)} to {iso_month(end)}"
        for start, end in zip(rows["start_period"], rows["end_period"], strict=True)
    ]
    table = Table(
        rows.assign(span=span)[["rank", "area", "span", "message", "money_value", "remedy"]],
        headings={
            "rank": "",
            "span": "when",
            "message": "what is wrong",
            "money_value": "at stake",
            "remedy": "what helps",
        },
        units={"money_value": f"short:{model.currency}"},
    )
    return Section(message, title, table=table, source=source)


def line_by_month(tables: Tables, model: Model, line: str) -> pd.DataFrame:
    """One line of the profit and loss by month: AC to the as-of date, FC after it, BU and PY beside.

    Returns
    -------
    pandas.DataFrame
        period, version (AC, FC, BU, PY), value; the fiscal year in which the plan begins.
    """
    rows = tables["profit_and_loss"]
    rows = rows[rows["line"] == line].rename(columns={"amount_value": "value"})
    is_closed = rows["period"] <= model.as_of
    actual = rows[(rows["version"] == "actual") & is_closed]
    parts = {
        "AC": actual,
        "FC": rows[(rows["version"] == "forecast") & ~is_closed],
        "BU": rows[rows["version"] == "budget"],
        "PY": actual.assign(period=actual["period"] + pd.DateOffset(years=1)),
    }
    joined = pd.concat([part.assign(version=code) for code, part in parts.items()], ignore_index=True)
    in_year = with_fiscal_year(joined, model)["fiscal_year"] == current_year(tables)
    return joined.loc[in_year, ["period", "version", "value"]].reset_index(drop=True)


def _landing(years: pd.DataFrame, year: int, lines: Iterable[str], model: Model) -> str:
    """Where lines of the year land, each against the budget, else against the year before."""
    said: list[str] = []
    for line in lines:
        outlook = year_sum(years, year, line, "outlook")
        text = f"{short(outlook, model.currency)} of {words(line)}"
        gaps = {name: outlook - year_sum(years, year, line, version) for version, name in REFERENCES.items()}
        known = next((name for name, gap in gaps.items() if not math.isnan(gap)), "")
        against = f" on {known}" if known and not said else ""
        gap = f" ({short(gaps[known], model.currency, signed=True)}{against})" if known else ""
        said.append(text + gap)
    return ", ".join(said[:-1]) + " and " + said[-1] if len(said) > 1 else said[0]


def _line_picture(data: pd.DataFrame, line: str, model: Model) -> Any:
    known = set(data["version"])
    reference = next((code for code in ("BU", "PY") if code in known), None)
    return charts.columns_over_time(
        data[data["version"].isin(["AC", "FC", reference])],
        unit=model.currency,
        heading=name_of(line),
        variance=reference,
        width=PICTURE,
        height=110,
    )


@report_section("gap_to_plan", notebook=NOTEBOOK)
def gap_to_plan(tables: Tables, model: Model) -> Section:
    """Revenue and EBIT of the fiscal year by month: actual and plan against budget or previous year."""
    title = _title(model, f"fiscal year by month, {model.currency}, AC and FC")
    if tables["profit_and_loss"].empty:
        return Section("There is no profit and loss yet", title, source=("profit_and_loss", "all rows"))
    year = current_year(tables)
    lines = {line: line_by_month(tables, model, line) for line in model.report.gap_lines}
    shown = {line: data for line, data in lines.items() if data["version"].isin(["AC", "FC"]).any()}
    years = years_table(tables["profit_and_loss"], model)
    name = year_name(year, model.calendar.fiscal_year_start_month)
    message = (
        f"{name} lands at {_landing(years, year, shown, model)}" if shown else f"{name} is not in the plan"
    )
    pictures = tuple(_line_picture(data, line, model) for line, data in shown.items())
    what = f"{', '.join(words(line) for line in shown)} {name} by month, {model.currency}, AC and FC"
    references = [
        code for code in ("BU", "PY") if any((data["version"] == code).any() for data in shown.values())
    ]
    what += f" against {references[0]}" if references else ""
    source = ("profit_and_loss", f"line is {' or '.join(shown)}, months of {name}")
    note = beside_the_ledger(tables, model) if set(shown) - {"revenue"} else ""
    return Section(message, _title(model, what), chart=pictures, note=note, source=source)


def _promise_pictures(latest: pd.DataFrame, model: Model) -> tuple[Any, ...]:
    """Each measure by month: what happened before what was promised."""
    pictures = []
    for measure in (*PROMISED, *sorted(set(latest["measure"]) - set(PROMISED))):
        rows = latest[latest["measure"] == measure]
        columns = {"happened_value": "AC", "promised_value": "PL"}
        data = rows.melt(id_vars="period", value_vars=list(columns), var_name="version")
        if len(rows):
            pictures.append(
                charts.columns_over_time(
                    data.assign(version=data["version"].map(columns)),
                    unit="units" if measure == VOLUME else model.currency,
                    heading=name_of(measure),
                    variance="PL",
                    width=PROMISE,
                    height=90,
                )
            )
    return tuple(pictures)


@report_section("promised_against_happened", notebook=NOTEBOOK)
def promised_against_happened(tables: Tables, model: Model) -> Section:
    """What earlier cycles promised for months now closed, against what happened."""
    rows = tables["promise"].dropna(subset=["promised_value", "happened_value"])
    title = _title(
        model, f"last promise for each closed month (PL) against what happened (AC), {model.currency}"
    )
    source = ("promise", "months that have closed, last cycle that promised them")
    if rows.empty:
        return Section("No earlier cycle has promised a month that has closed since", title, source=source)
    latest = rows.sort_values(["measure", "period", "cycle"]).drop_duplicates(
        ["measure", "period"], keep="last"
    )
    totals = latest.groupby("measure")[["promised_value", "happened_value"]].sum()
    totals = totals.reindex([name for name in (*PROMISED, *totals.index) if name in totals.index])
    totals = totals[~totals.index.duplicated()].reset_index()
    attained = totals["happened_value"] / totals["promised_value"].where(totals["promised_value"] > 0)
    said = [
        f"{words(str(measure))} came to {percent(rate, 0)}"
        for measure, rate in zip(totals["measure"], attained, strict=True)
        if pd.notna(rate)
    ]
    months = count(latest["period"].nunique(), "closed month")
    message = f"Of what was promised for {months}, {', '.join(said[:PICTURES])}"
    table = Table(
        totals.assign(
            delta=totals["happened_value"] - totals["promised_value"],
            attained=attained,
            unit=["qty" if name == VOLUME else "currency" for name in totals["measure"]],
            measure=totals["measure"].map(name_of),
        )[["measure", "promised_value", "happened_value", "delta", "attained", "unit"]].assign(
            attained=[percent(rate) for rate in attained]
        ),
        headings={
            "measure": "",
            "promised_value": "promised",
            "happened_value": "happened",
            "delta": "Δ",
            "attained": "% of promised",
        },
        variances={"delta": "higher_better", "attained": "neutral"},
        hidden=("unit",),
        row_unit="unit",
        currency=model.currency,
    )
    pictures = _promise_pictures(latest, model)
    return Section(message, title, chart=pictures, table=table, source=source)


@report_section("past_decisions", notebook=NOTEBOOK)
def past_decisions(tables: Tables, model: Model) -> Section:
    """Decisions taken in earlier cycles, the money expected of them and what came of them."""
    decision = tables["decision"]
    rows = decision[decision["choice"].notna()].sort_values(["cycle", "decision"], ascending=[False, True])
    title = _title(model, f"decisions taken and what came of them, {model.currency}")
    source = ("decision", "choice is known")
    if rows.empty:
        return Section("No decision of an earlier cycle is on record", title, source=source)
    known = rows.dropna(subset=["expected_value", "outcome_value"])
    expected, came = known["expected_value"].sum(), known["outcome_value"].sum()
    message = f"{count(len(rows), 'decision')} on record, none with a known outcome yet"
    if len(known):
        message = (
            f"{count(len(known), 'decision')} of {len(rows)} with an outcome: "
            f"{short(came, model.currency)} came of {short(expected, model.currency)} expected"
        )
    unit = f"short:{model.currency}"
    table = Table(
        rows.assign(delta=rows["outcome_value"] - rows["expected_value"], owner=rows["owner"].map(person))[
            ["cycle", "question", "choice", "owner", "expected_value", "outcome_value", "delta"]
        ],
        headings={"expected_value": "expected", "outcome_value": "came", "delta": "Δ"},
        units={"expected_value": unit, "outcome_value": unit, "delta": unit},
        variances={"delta": "higher_better"},
    )
    return Section(message, title, table=table, source=source)


@report_section("risks_and_opportunities", notebook=NOTEBOOK)
def risks_and_opportunities(tables: Tables, model: Model) -> Section:
    """Risks and opportunities outside the plan, weighted by their probability."""
    register = tables["risk_opportunity"]
    rows = register.assign(weighted=register["probability"] * register["impact_value"])
    rows = rows.assign(size=rows["weighted"].abs()).sort_values("size", ascending=False)
    title = _title(model, f"risks and opportunities outside the plan, margin, {model.currency}")
    source = ("risk_opportunity", "all rows")
    if rows.empty:
        return Section("No risk or opportunity is on the register", title, source=source)
    up = rows.loc[rows["weighted"] > 0, "weighted"].sum()
    down = rows.loc[rows["weighted"] < 0, "weighted"].sum()
    message = (
        f"Weighted by probability, risks of {short(-down, model.currency)} stand against opportunities of "
        f"{short(up, model.currency)}: {short(up + down, model.currency, signed=True)} outside the plan"
    )
    unit = f"short:{model.currency}"
    columns = [
        "description",
        "kind",
        "probability",
        "impact_value",
        "weighted",
        "decision_date",
        "mitigation",
        "owner",
    ]
    table = Table(
        rows[columns].assign(owner=rows["owner"].map(person)),
        headings={
            "description": "what may happen",
            "impact_value": "impact",
            "weighted": "weighted",
            "decision_date": "decide by",
        },
        units={"probability": "rate", "impact_value": unit, "weighted": unit},
        variances={"impact_value": "higher_better", "weighted": "higher_better"},
    )
    return Section(message, title, table=table, source=source)
