"""Messages of the finance review: result, EBIT bridge, revenue by month, targets, why revenue changed."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.line import LINES, SIGN
from sopwb.measure.outlook import current_year, years_table
from sopwb.measure.wording import sentence, words, year_name
from sopwb.report import charts
from sopwb.report.numbers import exact, iso_month, percent, short
from sopwb.report.scale import Scale, table_scale
from sopwb.report.section import Card, Section
from sopwb.report.table import Table, without_empty

__all__ = [
    "beside_the_ledger",
    "constrained_revenue",
    "ebit_bridge",
    "finance_headline",
    "price_volume_mix",
    "profit_and_loss_next_year",
    "profit_and_loss_year",
    "revenue_by_month",
    "target_gaps",
]

NOTEBOOK = "50_finance_reconciliation"
SUBTOTALS = ("gross_margin", "ebitda", "ebit", "net_income")
HISTORY_MONTHS = 12
LEAST_SHARE, LEAST_STEP = 1e-4, 5e-4
"""Lines, and steps of a bridge, below this share of the largest round to nothing and are not shown."""
VARIANCES = {"to_budget": "sense", "to_budget_share": "neutral", "to_previous": "sense"}


def _year_name(year: int, model: Model) -> str:
    return year_name(year, model.calendar.fiscal_year_start_month)


def _line_name(line: str) -> str:
    return sentence(words(line))


@report_section("finance_headline", notebook=NOTEBOOK)
def finance_headline(tables: Tables, model: Model) -> Section:
    """Where the year will land: revenue, margin, EBIT, cash and working capital beside their references."""
    whole = tables["kpi"][tables["kpi"]["scope"] == "*"]
    rows = {str(row["kpi"]): row for row in whole.to_dict("records")}
    year = current_year(tables)
    title = f"{model.name}, outlook {_year_name(year, model)} AC+FC, {model.currency}"
    source = ("kpi", "scope is *")
    if "ebit" not in rows:
        return Section("There is no financial plan yet", title, source=source)
    names = {
        "revenue": "Revenue",
        "gross_margin_rate": "Gross margin",
        "ebit": "EBIT",
        "minimum_cash": "Lowest cash",
        "working_capital": "Working capital, mean",
    }
    cards = tuple(_card(rows[name], label, tables, model) for name, label in names.items() if name in rows)
    profit = rows["ebit"]
    message = f"EBIT of {_year_name(year, model)} is heading for {short(profit['kpi_value'], model.currency)}"
    if pd.notna(profit["reference_value"]):
        delta = profit["kpi_value"] - profit["reference_value"]
        message += f", {short(delta, model.currency, signed=True)} on the {profit['reference']}"
    return Section(message, title, cards=cards, source=source)


def _card(row: Mapping[Hashable, Any], label: str, tables: Tables, model: Model) -> Card:
    known = pd.notna(row["reference_value"])
    delta = float(row["kpi_value"] - row["reference_value"]) if known else None
    is_last = row["reference"] == "last cycle"
    return Card(
        label,
        float(row["kpi_value"]) if pd.notna(row["kpi_value"]) else None,
        str(row["unit"]),
        to_plan=None if is_last else delta,
        to_last=delta if is_last else None,
        plan_name=str(row["reference"]) if known else "plan",
        sense=str(row["sense"]),
        course=_course(tables, label),
        currency=model.currency,
    )


def _course(tables: Tables, label: str) -> list[float]:
    """Forecast by month behind a card, where it is a line of the profit and loss."""
    line = {"Revenue": "revenue", "EBIT": "ebit"}.get(label)
    rows = tables["profit_and_loss"]
    chosen = rows[(rows["version"] == "forecast") & (rows["line"] == line)].sort_values("period")
    return [float(value) for value in chosen["amount_value"]]


def _year_frame(tables: Tables, model: Model, year: int) -> pd.DataFrame:
    """Lines of one year from top to bottom with outlook, budget, previous year and their differences."""
    years = years_table(tables["profit_and_loss"], model)
    lines = years[years["fiscal_year"] == year].set_index("line").reindex(list(LINES))
    frame = lines[["previous", "budget", "actual", "forecast", "outlook"]].reset_index()
    frame = frame.rename_axis(columns=None)
    frame["to_budget"] = frame["outlook"] - frame["budget"]
    share = (frame["to_budget"] / frame["budget"].abs()).where(frame["budget"] != 0)
    frame["to_budget_share"] = [percent(value, signed=True) for value in share]
    frame["to_previous"] = frame["outlook"] - frame["previous"]
    frame["sense"] = ["lower_better" if SIGN.get(line, 1) < 0 else "higher_better" for line in frame["line"]]
    values = frame[["previous", "budget", "outlook"]].fillna(0.0).abs()
    least = LEAST_SHARE * float(values.to_numpy().max(initial=0.0))
    return frame[(values.max(axis=1) > least) | frame["line"].isin(SUBTOTALS)].reset_index(drop=True)


def _year_table(frame: pd.DataFrame, model: Model, scale: Scale) -> Table:
    shown = frame.assign(line=[_line_name(line) for line in frame["line"]])
    money = ["previous", "budget", "actual", "forecast", "outlook", "to_budget", "to_previous"]
    empty = [name for name in ("previous", "budget", "actual") if shown[name].isna().all()]
    empty += ["to_budget", "to_budget_share"] if "budget" in empty else []
    empty += ["to_previous"] if "previous" in empty else []
    # Without closed months the rest of the year is the year.
    empty += ["forecast"] if "actual" in empty else []
    return Table(
        shown.drop(columns=empty),
        scale=scale,
        headings={
            "line": "",
            "previous": "PY",
            "budget": "BU",
            "actual": "AC to date",
            "forecast": "FC rest",
            "outlook": "FC" if "actual" in empty else "AC+FC",
            "to_budget": "ΔBU",
            "to_budget_share": "ΔBU %",
            "to_previous": "ΔPY",
        },
        units=dict.fromkeys(money, f"short:{model.currency}"),
        variances={name: sense for name, sense in VARIANCES.items() if name not in empty},
        sums=[place for place, line in enumerate(frame["line"]) if line in SUBTOTALS],
        hidden=("sense",),
        currency=model.currency,
    )


def beside_the_ledger(tables: Tables, model: Model) -> str:
    """A warning where closed months carry a cost of sales that is not the one of operations."""
    rows = tables["reconciliation"]
    rows = rows[(rows["measure"] == "cost_of_sales") & rows["ratio_rate"].notna()]
    tie = rows.sort_values("period").tail(HISTORY_MONTHS)
    if tie.empty or tie["operations_value"].sum() == 0:
        return ""
    share = tie["ledger_value"].sum() / tie["operations_value"].sum()
    if abs(share - 1) <= model.finance.tie_tolerance_rate:
        return ""
    return (
        f"Closed months are the ledger's, whose cost of sales is {percent(share, 0)} of that of operations; "
        "the plan is at the standard cost of operations. Profit is not like for like."
    )


def _year_section(tables: Tables, model: Model, year: int) -> Section:
    name = _year_name(year, model)
    frame = _year_frame(tables, model, year)
    scale = table_scale(frame["outlook"], model.currency)
    versions = "AC+FC" if frame["actual"].notna().any() else "FC"
    known = [code for code, version in (("BU", "budget"), ("PY", "previous")) if frame[version].notna().any()]
    against = f" against {' and '.join(known)}" if known else ""
    title = f"{model.name}, profit and loss {name}, {scale.title}, {versions}{against}"
    source = ("profit_and_loss", f"months of {name}")
    rows = frame.set_index("line")
    outlook = rows["outlook"].get("revenue")
    if outlook is None or pd.isna(outlook):
        return Section(f"{name} is not in the plan", title, source=source)
    margin = rows.loc["gross_margin", "outlook"] / outlook if outlook else float("nan")
    message = (
        f"{name}: revenue {short(outlook, model.currency)}, gross margin {percent(margin)}, "
        f"EBIT {short(rows.loc['ebit', 'outlook'], model.currency)}"
    )
    if pd.notna(rows.loc["ebit", "to_budget"]):
        message += f", {short(rows.loc['ebit', 'to_budget'], model.currency, signed=True)} on budget"
    note = "Costs are positive; a variance is green when it is good for profit."
    note = " ".join(filter(None, (note, beside_the_ledger(tables, model))))
    return Section(message, title, table=_year_table(frame, model, scale), note=note, source=source)


@report_section("profit_and_loss_year", notebook=NOTEBOOK)
def profit_and_loss_year(tables: Tables, model: Model) -> Section:
    """Profit and loss of the fiscal year in which the plan begins."""
    return _year_section(tables, model, current_year(tables))


@report_section("profit_and_loss_next_year", notebook=NOTEBOOK)
def profit_and_loss_next_year(tables: Tables, model: Model) -> Section:
    """Profit and loss of the fiscal year after it, whole in the plan."""
    return _year_section(tables, model, current_year(tables) + 1)


def _largest(steps: pd.DataFrame) -> tuple[str, float]:
    """Label and size of the largest step."""
    place = steps["amount_value"].abs().to_numpy().argmax()
    return str(steps["label"].iloc[place]), float(steps["amount_value"].iloc[place])


@report_section("ebit_bridge", notebook=NOTEBOOK)
def ebit_bridge(tables: Tables, model: Model) -> Section:
    """EBIT of the year from budget to outlook, line by line."""
    year = current_year(tables)
    name = f"ebit_{year}_budget_to_outlook"
    rows = tables["bridge"][tables["bridge"]["bridge"] == name].sort_values("step")
    title = f"{model.name}, EBIT {_year_name(year, model)}, {model.currency}, BU to AC+FC by line"
    source = ("bridge", f"bridge is {name}")
    if rows.empty:
        return Section(
            f"There is no whole budget of {_year_name(year, model)} to bridge from", title, source=source
        )
    steps = rows[~rows["is_total"]]
    change = rows["amount_value"].iloc[-1] - rows["amount_value"].iloc[0]
    message = (
        f"EBIT lands {short(abs(change), model.currency)} {'above' if change >= 0 else 'below'} the budget"
    )
    ranked = steps[steps["amount_value"].abs() >= 1].sort_values("amount_value", key=abs, ascending=False)
    if len(ranked):
        said = [
            f"{words(str(label))} {short(size, model.currency, signed=True)}"
            for label, size in zip(ranked["label"].head(2), ranked["amount_value"].head(2), strict=True)
        ]
        message += f"; the largest steps are {' and '.join(said)}"
    least = LEAST_STEP * float(rows["amount_value"].abs().max())
    drawn = rows[rows["is_total"] | (rows["amount_value"].abs() > least)]
    chart = charts.waterfall(
        drawn.assign(label=[_line_name(label) for label in drawn["label"]]), unit=model.currency, is_cut=True
    )
    return Section(message, title, chart=chart, source=source)


@report_section("revenue_by_month", notebook=NOTEBOOK)
def revenue_by_month(tables: Tables, model: Model) -> Section:
    """Revenue by month: last twelve months, then the plan, against budget."""
    rows = tables["profit_and_loss"]
    rows = rows[(rows["line"] == "revenue") & rows["version"].isin(["actual", "budget", "forecast"])]
    first = model.as_of - pd.DateOffset(months=HISTORY_MONTHS)
    data = rows[rows["period"] > first].assign(
        version=lambda part: part["version"].map({"actual": "AC", "budget": "BU", "forecast": "FC"})
    )
    data = data.rename(columns={"amount_value": "value"})[["period", "version", "value"]]
    data = data[~((data["version"] == "AC") & (data["value"] == 0))]
    ahead = data[data["version"] == "FC"].sort_values("period").head(HISTORY_MONTHS)
    has_budget = (data["version"] == "BU").any()
    title = f"{model.name}, net revenue by month, {model.currency}, AC and FC"
    title += " against BU" if has_budget else ""
    source = ("profit_and_loss", "line is revenue")
    if ahead.empty:
        return Section("There is no revenue forecast yet", title, source=source)
    peak = ahead.loc[ahead["value"].idxmax()]
    message = (
        f"The next {len(ahead)} months bring {short(ahead['value'].sum(), model.currency)}, most in "
        f"{iso_month(peak['period'])} with {short(peak['value'], model.currency)}"
    )
    chart = charts.columns_over_time(
        data, unit=model.currency, variance="BU" if has_budget else None, width=830, height=190
    )
    note = "" if has_budget else "There is no budget of these months."
    return Section(message, title, chart=chart, note=note, source=source)


def _target_name(target: str, scope: str) -> str:
    """Name of a target, with what it is for where the name does not say it."""
    name, part = words(target), words(scope.partition("=")[2])
    return sentence(name if not part or part in name else f"{name}, {part}")


@report_section("target_gaps", notebook=NOTEBOOK)
def target_gaps(tables: Tables, model: Model) -> Section:
    """Every target with its actual and planned part, gap and attainment; the plan's first, then the past."""
    gaps = tables["target_gap"]
    title = f"{model.name}, targets against outlook, AC+FC"
    source = ("target_gap", "all rows")
    if gaps.empty:
        return Section("No target is set", title, source=source)
    first = tables["period"]["period"].min()
    ahead = gaps[gaps["end_date"] >= first]
    judged = ahead if len(ahead) else gaps
    missed = judged[judged["gap_value"] < 0]
    when = "of the plan" if len(ahead) else "of the past"
    message = f"{len(missed)} of {len(judged)} targets {when} are missed"
    if len(set(judged["measure"])) == 1 and judged["attainment_rate"].notna().any():
        low, high = judged["attainment_rate"].min(), judged["attainment_rate"].max()
        message += f"; attainment is {percent(low, 0)} to {percent(high, 0)}"
    order = gaps.assign(past=gaps["end_date"] < first, met=gaps["gap_value"] >= 0)
    order = order.sort_values(
        ["past", "met", "end_date", "measure", "scope"], ascending=[True, True, False, True, True]
    )
    table = order.assign(
        target=[_target_name(*each) for each in zip(order["target"], order["scope"], strict=True)],
        measure=[words(measure) for measure in order["measure"]],
        unit=["rate" if measure == "service" else "currency" for measure in order["measure"]],
        attained=[percent(value) for value in order["attainment_rate"]],
        want=["at least" if sense == "minimum" else "at most" for sense in order["sense"]],
    )
    columns = ["target", "want", "target_value", "actual_value", "planned_value", "outlook_value"]
    return Section(
        message,
        title,
        table=Table(
            without_empty(
                table[[*columns, "gap_value", "attained", "unit"]], ["actual_value", "planned_value"]
            ),
            headings={
                "want": "",
                "target_value": "target",
                "actual_value": "AC",
                "planned_value": "FC",
                "outlook_value": "AC+FC",
                "gap_value": "gap",
            },
            variances={"gap_value": "higher_better", "attained": "neutral"},
            hidden=("unit",),
            row_unit="unit",
            max_rows=30,
            currency=model.currency,
        ),
        note="A positive gap is favourable; balances are judged at their worst month end.",
        source=source,
    )


@report_section("price_volume_mix", notebook=NOTEBOOK)
def price_volume_mix(tables: Tables, model: Model) -> Section:
    """Why revenue changed from the year before to the last: volume, mix, price, currency, new and lost."""
    name = "revenue_price_volume_mix"
    rows = tables["bridge"][tables["bridge"]["bridge"] == name].sort_values("step", ignore_index=True)
    title = f"{model.name}, net revenue of closed months, {model.currency}, PY to AC by cause"
    source = ("bridge", f"bridge is {name}")
    if rows.empty:
        return Section("There are not two spans of sales to compare", title, source=source)
    ends = rows[rows["is_total"]]
    start, end = float(ends["amount_value"].iloc[0]), float(ends["amount_value"].iloc[-1])
    steps = rows[~rows["is_total"]]
    label, size = _largest(steps)
    message = (
        f"Revenue of {ends['label'].iloc[-1]} is {short(end, model.currency)}, "
        f"{short(end - start, model.currency, signed=True)} on the span before; {label.lower()} "
        f"did most with {short(size, model.currency, signed=True)}"
    )
    table = Table(
        rows[["label", "amount_value"]],
        headings={"label": "", "amount_value": f"{model.currency}"},
        units={"amount_value": "currency"},
        sums=[0, len(rows) - 1],
        currency=model.currency,
    )
    coded = rows[rows["amount_value"] != 0].assign(
        code=lambda part: ["PY" if step == 1 else "AC" for step in part["step"]]
    )
    note = f"At the grain of {rows['grain'].iloc[0]}; a finer grain moves money from volume and price to mix."
    note += f" Net revenue of {ends['label'].iloc[-1]}: {exact(end)} {model.currency}."
    return Section(
        message,
        title,
        chart=charts.waterfall(coded, unit=model.currency, is_cut=True),
        table=table,
        note=note,
        source=source,
    )


@report_section("constrained_revenue", notebook=NOTEBOOK)
def constrained_revenue(tables: Tables, model: Model) -> Section:
    """What demand would bring beside what the plan ships, by family."""
    family = tables["product"].set_index("product")["family"]
    plan, made = tables["demand_plan"], tables["margin_plan"]
    wanted = plan["consensus_value"].groupby(plan["product"].map(family)).sum()
    shipped = made["revenue_value"].groupby(made["product"].map(family)).sum()
    frame = (
        pd.DataFrame({"reference": wanted, "value": shipped}).fillna(0.0).rename_axis("label").reset_index()
    )
    frame = frame[frame["reference"] > 0].sort_values("reference", ascending=False)
    title = f"{model.name}, net revenue over the plan by family, {model.currency}, shipped against demand FC"
    source = ("margin_plan", "whole plan, beside demand_plan")
    if frame.empty:
        return Section("There is no plan yet", title, source=source)
    made_value, asked = frame["value"].sum(), frame["reference"].sum()
    message = (
        f"The plan ships {short(made_value, model.currency)} of demand worth {short(asked, model.currency)}: "
        f"{percent(made_value / asked)}"
    )
    if round(made_value / asked, 3) == 1:
        message = f"Supply costs no revenue: all demand worth {short(asked, model.currency)} is shipped"
    if round(made_value / asked, 3) < 1:
        worst = frame.loc[(frame["value"] - frame["reference"]).idxmin(), "label"]
        message += f"; most is missing in {words(str(worst))}"
    shown = frame.head(HISTORY_MONTHS).assign(
        label=[sentence(words(str(label))) for label in frame["label"].head(HISTORY_MONTHS)]
    )
    chart = None
    if round(made_value / asked, 3) < 1:
        chart = charts.bars_by_structure(
            shown, unit=model.currency, code="FC", reference="PL", names=("shipped", "demand")
        )
    return Section(message, title, chart=chart, source=source)
