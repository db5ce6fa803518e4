"""Messages of the scenario meeting: what each scenario does to the key figures of the base."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import BASELINE, Model
from sopwb.extend import Tables, report_section
from sopwb.measure.outlook import current_year
from sopwb.measure.wording import sentence, words
from sopwb.report import charts
from sopwb.report.numbers import by_unit, iso_date, short, unit_name
from sopwb.report.section import Section
from sopwb.report.table import Table

__all__ = ["scenario_comparison", "scenario_results"]

NOTEBOOK = "60_scenarios"
DRAWN = ("ebit", "service", "stock_value", "minimum_cash")
MOST_DRAWN = 4
DUST_RATE = 5e-4
"""Changes below this share of a figure are within what the solver may leave open."""


OF_THE_YEAR = ("revenue", "gross_margin", "gross_margin_rate", "ebit")
"""Key figures of the fiscal year in which the plan begins; the others are of the whole plan."""


def _named(name: str, tables: Tables) -> str:
    year = f" {current_year(tables)}" if name in OF_THE_YEAR else ""
    return f"{sentence(words(name))}{year}"


def _titles(model: Model) -> dict[str, str]:
    return {BASELINE: "Baseline", **{name: scenario.title for name, scenario in model.scenarios.items()}}


def _others(comparison: pd.DataFrame) -> pd.DataFrame:
    return _without_dust(comparison[comparison["scenario"] != BASELINE])


def _order(comparison: pd.DataFrame, model: Model) -> list[str]:
    """Scenarios by what they do to EBIT, else as they are declared."""
    profit = comparison[comparison["kpi"] == "ebit"].set_index("scenario")["delta_value"]
    known = list(dict.fromkeys(comparison["scenario"]))
    declared = {name: place for place, name in enumerate(model.scenarios)}
    return sorted(known, key=lambda name: (-profit.get(name, 0.0), declared.get(name, len(declared)), name))


def _title(model: Model, what: str) -> str:
    return f"{model.name}, {what}, as of {iso_date(model.as_of)}"


def _without_dust(rows: pd.DataFrame) -> pd.DataFrame:
    """Changes too small to be more than what a solver leaves open are none."""
    size = pd.concat([rows["base_value"].abs(), rows["kpi_value"].abs()], axis=1).max(axis=1)
    is_dust = rows["delta_value"].abs() < DUST_RATE * size
    return rows.assign(delta_value=rows["delta_value"].mask(is_dust, 0.0))


def _drawn_figures(rows: pd.DataFrame) -> list[str]:
    """Figures that are drawn: profit, service, stock and cash where they move, else the first that move."""
    moves = rows.groupby("kpi")["delta_value"].agg(lambda deltas: bool((deltas.abs() > 0).any()))
    known = rows.dropna(subset=["kpi_value", "base_value"])
    present = [name for name in dict.fromkeys(known["kpi"]) if moves[name]] or list(
        dict.fromkeys(known["kpi"])
    )
    preferred = [name for name in DRAWN if name in present]
    return [*preferred, *(name for name in present if name not in preferred)][:MOST_DRAWN]


@report_section("scenario_results", notebook=NOTEBOOK)
def scenario_results(tables: Tables, model: Model) -> Section:
    """Profit, service and stock of each scenario beside the base."""
    rows = _others(tables["scenario_comparison"])
    figures = _drawn_figures(rows)
    title = _title(
        model, f"{', '.join(sentence(words(name)) for name in figures)} by scenario, against the baseline"
    )
    source = ("scenario_comparison", "every scenario but the baseline")
    if not figures:
        return Section("No scenario has been planned beside the baseline", title, source=source)
    order = _order(rows, model)
    titles = _titles(model)
    pictures = []
    for name in figures:
        part = rows[rows["kpi"] == name].set_index("scenario").reindex(order).dropna(subset=["kpi_value"])
        data = pd.DataFrame(
            {
                "label": [titles.get(scenario, scenario) for scenario in part.index],
                "value": part["kpi_value"].to_list(),
                "reference": part["base_value"].to_list(),
            }
        )
        unit = unit_name(part["unit"].iloc[0], model.currency)
        pictures.append(
            charts.bars_by_structure(
                data,
                unit=unit,
                reference="PP",
                sense=part["sense"].iloc[0],
                names=(_named(name, tables), "baseline"),
                width=190,
            )
        )
    message = _message(rows, order, titles, model) + _below_the_floor(rows, tables, titles, model)
    return Section(message, title, chart=tuple(pictures), source=source)


def _message(rows: pd.DataFrame, order: list[str], titles: dict[str, str], model: Model) -> str:
    count = f"{len(order)} scenarios are planned beside the baseline"
    profit = rows[rows["kpi"] == "ebit"].dropna(subset=["delta_value"])
    deltas = dict(zip(profit["scenario"], profit["delta_value"], strict=True))
    known = [name for name in order if name in deltas]
    if not known:
        return count
    unit = profit["unit"].iloc[0]

    def said(name: str) -> str:
        delta = by_unit(deltas[name], unit, model.currency, signed=True)
        return f"{titles.get(name, name)} ({delta})"

    if len(known) == 1:
        return f"Against the baseline, EBIT changes most with {said(known[0])}"
    if deltas[known[0]] <= 0 and deltas[known[-1]] < 0:
        return f"No scenario earns more than the baseline; the worst for EBIT is {said(known[-1])}"
    text = f"For EBIT the best of {len(known)} scenarios is {said(known[0])}"
    return text + (f", the worst {said(known[-1])}" if deltas[known[-1]] < 0 else "; none earns less")


def _below_the_floor(rows: pd.DataFrame, tables: Tables, titles: dict[str, str], model: Model) -> str:
    """Scenarios in which cash falls below the floor that the baseline keeps."""
    goals = tables["target"]
    floors = goals[(goals["measure"] == "cash") & (goals["sense"] == "minimum") & (goals["scope"] == "*")]
    cash = rows[rows["kpi"] == "minimum_cash"]
    if floors.empty or cash.empty:
        return ""
    floor = float(floors["target_value"].max())
    broken = cash[(cash["kpi_value"] < floor) & (cash["base_value"] >= floor)]
    said = [
        f"{titles.get(str(name), str(name))} ({short(low, model.currency)})"
        for name, low in zip(broken["scenario"], broken["kpi_value"], strict=True)
    ]
    return f"; below the cash floor of {short(floor, model.currency)}: {', '.join(said)}" if said else ""


@report_section("scenario_comparison", notebook=NOTEBOOK)
def scenario_comparison(tables: Tables, model: Model) -> Section:
    """Every key figure of the base, and by how much each scenario changes it."""
    comparison = tables["scenario_comparison"]
    rows = _others(comparison)
    title = _title(model, f"key figures of the baseline and their change by scenario, {model.currency}")
    source = ("scenario_comparison", "all rows")
    if rows.empty:
        return Section("There is nothing to compare: only the baseline is planned", title, source=source)
    titles = _titles(model)
    order = _order(rows, model)
    facts = rows.drop_duplicates("kpi").set_index("kpi")[["base_value", "unit", "sense"]]
    deltas = rows.pivot(index="kpi", columns="scenario", values="delta_value").reindex(columns=order)
    wide = facts.join(deltas).reset_index()
    still = [
        words(name)
        for name, moves in zip(wide["kpi"], wide[order].abs().sum(axis=1) > 0, strict=True)
        if not moves
    ]
    wide = wide[wide[order].abs().sum(axis=1) > 0].reset_index(drop=True)
    place = {name: number for number, name in enumerate(model.report.key_figures)}
    wide = wide.assign(place=wide["kpi"].map(place)).sort_values(["place", "kpi"], na_position="last")
    wide = wide.assign(kpi=[_named(name, tables) for name in wide["kpi"]])
    table = Table(
        wide[["kpi", "base_value", *order, "unit", "sense"]],
        headings={
            "kpi": "",
            "base_value": "baseline",
            **{name: f"Δ {titles.get(name, name)}" for name in order},
        },
        variances=dict.fromkeys(order, "sense"),
        currency=model.currency,
        hidden=("unit", "sense"),
        row_unit="unit",
    )
    descriptions = [
        f"{scenario.title}: {scenario.description}"
        for name, scenario in model.scenarios.items()
        if name in order and scenario.description
    ]
    message = f"{len(wide)} of {len(facts)} key figures move in at least one of {len(order)} scenarios"
    if still:
        descriptions.append(f"What no scenario moves: {', '.join(still)}.")
    return Section(message, title, table=table, note=" ".join(descriptions), source=source)
