"""Messages of the finance review on money tied up and money at hand."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.outlook import with_fiscal_year
from sopwb.measure.wording import count, sentence, words, year_name
from sopwb.report import charts
from sopwb.report.numbers import iso_month, percent, short
from sopwb.report.scale import table_scale
from sopwb.report.section import Section
from sopwb.report.sections.projection import month_ends
from sopwb.report.table import Table

__all__ = ["balance_sheet", "cash_by_month", "cash_by_source", "production_variance", "working_capital"]

NOTEBOOK = "50_finance_reconciliation"
NOT_FLOWS = ("opening_cash", "closing_cash")
YEAR = 12
MONTH = "month"
TOTALS = ("operating_cash_flow", "net_cash_flow", "closing_cash")
DIRECT = (
    "opening_cash",
    "from_customers",
    "to_suppliers",
    "production",
    "operating_expenses",
    "interest",
    "income_tax",
    "operating_cash_flow",
    "capex",
    "loans",
    "dividends",
    "equity",
    "net_cash_flow",
    "closing_cash",
)
SIDES = {"asset": "assets", "liability": "liabilities", "equity": "equity"}


def _name(line: str) -> str:
    return sentence(words(line))


def _years(model: Model, rows: pd.DataFrame) -> dict[int, str]:
    years = sorted(rows["fiscal_year"].unique())
    return {int(year): year_name(int(year), model.calendar.fiscal_year_start_month) for year in years}


def _flows(tables: Tables, method: str) -> pd.DataFrame:
    rows = tables["cash_flow"]
    return rows[rows["method"] == method].sort_values(["line", "period"])


@report_section("cash_by_month", notebook=NOTEBOOK)
def cash_by_month(tables: Tables, model: Model) -> Section:
    """Cash at the end of every month of the plan against the floor set for it."""
    rows = _flows(tables, "direct")
    cash = rows[rows["line"] == "closing_cash"].sort_values("period")
    title = f"{model.name}, cash at month end, {model.currency}, FC"
    source = ("cash_flow", "line is closing_cash")
    if cash.empty:
        return Section("There is no cash plan yet", title, source=source)
    low = cash.loc[cash["amount_value"].idxmin()]
    goals = tables["target"]
    floor = goals[(goals["measure"] == "cash") & (goals["sense"] == "minimum")]
    target = (float(floor["target_value"].max()), "floor") if len(floor) else None
    below = int((cash["amount_value"] < target[0]).sum()) if target else 0
    message = (
        f"Cash is lowest in {iso_month(low['period'])} with {short(low['amount_value'], model.currency)}"
    )
    if target:
        gap = float(low["amount_value"]) - target[0]
        side = "above" if gap >= 0 else "below"
        message += (
            f", {short(abs(gap), model.currency)} {side} the floor of {short(target[0], model.currency)}"
        )
        message += f"; it is below in {below} of {len(cash)} months" if below else ""
    elif (cash["amount_value"] < 0).any():
        first = cash.loc[cash["amount_value"] < 0, "period"].iloc[0]
        message += f"; from {iso_month(first)} on there is none left"
    data = cash.assign(version="FC", value=cash["amount_value"])[["period", "version", "value"]]
    chart = charts.columns_over_time(data, unit=model.currency, target=target, width=560, height=150)
    return Section(message, title, chart=chart, source=source)


@report_section("cash_by_source", notebook=NOTEBOOK)
def cash_by_source(tables: Tables, model: Model) -> Section:
    """Where cash comes from and goes to by fiscal year of the plan, direct, with the indirect proof."""
    rows = with_fiscal_year(_flows(tables, "direct"), model)
    title = f"{model.name}, cash flow by fiscal year of the plan, {model.currency}, FC, direct"
    source = ("cash_flow", "method is direct")
    if rows.empty:
        return Section("There is no cash plan yet", title, source=source)
    sums = rows[~rows["line"].isin(NOT_FLOWS)].pivot_table(
        index="line", columns="fiscal_year", values="amount_value", aggfunc="sum"
    )
    ordered = rows.sort_values("period")
    for line, which in (("opening_cash", "first"), ("closing_cash", "last")):
        sums.loc[line] = ordered[ordered["line"] == line].groupby("fiscal_year")["amount_value"].agg(which)
    sums = sums.reindex([line for line in DIRECT if line in sums.index])
    sums = sums[(sums.abs().max(axis=1) >= 1) | sums.index.isin([*NOT_FLOWS, *TOTALS])]
    names = _years(model, rows)
    frame = sums.rename(columns=names).rename_axis(columns=None).reset_index()
    operating = sums.loc["operating_cash_flow"]
    indirect = _flows(tables, "indirect")
    proof = indirect.loc[indirect["line"] == "operating_cash_flow", "amount_value"].sum()
    months = rows.groupby("fiscal_year")["period"].nunique()
    parts = [
        f"{short(operating[year], model.currency)} in "
        f"{name if months[year] == YEAR else f'the {count(int(months[year]), MONTH)} left of {name}'}"
        for year, name in names.items()
    ]
    scale = table_scale(sums.to_numpy().ravel(), model.currency)
    title = title.replace(f", {model.currency}, ", f", {scale.title}, ")
    table = Table(
        frame.assign(line=[_name(line) for line in frame["line"]]),
        headings={"line": "", **{name: name for name in names.values()}},
        units=dict.fromkeys(names.values(), f"short:{model.currency}"),
        scale=scale,
        sums=[place for place, line in enumerate(sums.index) if line in TOTALS],
        currency=model.currency,
    )
    whole = short(operating.sum(), model.currency)
    agrees = abs(proof - operating.sum()) < 1
    note = (
        f"Found from net income instead, operating cash flow is {'the same ' if agrees else ''}"
        f"{short(proof, model.currency)} over the plan{'' if agrees else f', against {whole} here'}."
    )
    return Section(f"Operations bring {' and '.join(parts)}", title, table=table, note=note, source=source)


def _on_the_way(tables: Tables, rows: pd.DataFrame) -> str:
    """Why the stock of the books is more than what lies in the places at a month end."""
    lying = month_ends(tables).groupby("month")["closing_value"].sum()
    moving = rows.set_index("period")["stock_value"] - lying
    if moving.empty or not moving.max() >= 1:
        return ""
    most = moving.idxmax()
    return (
        f" Stock is what is owned: with what lies in the places, what is on its way between them, at most "
        f"{short(moving[most])} at the end of {iso_month(most)}."
    )


@report_section("working_capital", notebook=NOTEBOOK)
def working_capital(tables: Tables, model: Model) -> Section:
    """Stock, receivables and payables by month, in money and in days."""
    rows = tables["working_capital"].sort_values("period")
    title = f"{model.name}, working capital at month end, {model.currency}, FC"
    source = ("working_capital", "all months")
    if rows.empty:
        return Section("There is no plan of working capital yet", title, source=source)
    capital = rows.set_index("period")["working_capital_value"]
    message = (
        f"Working capital is highest in {iso_month(capital.idxmax())} with "
        f"{short(capital.max(), model.currency)}, and {short(capital.mean(), model.currency)} on average"
    )
    goals = tables["target"]
    cap = goals[
        (goals["measure"] == "working_capital") & (goals["sense"] == "maximum") & (goals["scope"] == "*")
    ]
    target = (float(cap["target_value"].min()), "cap") if len(cap) else None
    scale = table_scale(rows["working_capital_value"], model.currency)
    data = rows.assign(version="FC", value=rows["working_capital_value"])[["period", "version", "value"]]
    chart = charts.columns_over_time(
        data, unit=model.currency, sense="lower_better", target=target, width=560, height=150
    )
    money = ["stock_value", "receivable_value", "payable_value", "working_capital_value"]
    days = ["days_sales_outstanding", "days_inventory", "days_payable"]
    table = Table(
        rows.assign(period=[iso_month(month) for month in rows["period"]])[["period", *money, *days]],
        headings={
            "period": "month",
            "stock_value": "stock",
            "receivable_value": "receivables",
            "payable_value": "payables",
            "working_capital_value": "working capital",
            "days_sales_outstanding": "DSO (days)",
            "days_inventory": "DIO (days)",
            "days_payable": "DPO (days)",
        },
        units={**dict.fromkeys(money, f"short:{model.currency}"), **dict.fromkeys(days, "count")},
        max_rows=24,
        scale=scale,
        currency=model.currency,
    )
    title = title.replace(f", {model.currency}, ", f", {scale.title}, ")
    note = "Days of sales, inventory and payables are at the month's own flow." + _on_the_way(tables, rows)
    return Section(message, title, chart=chart, table=table, note=note, source=source)


@report_section("production_variance", notebook=NOTEBOOK)
def production_variance(tables: Tables, model: Model) -> Section:
    """What production and purchases cost beyond standard, by cause and fiscal year of the plan."""
    rows = with_fiscal_year(tables["production_variance"], model)
    title = f"{model.name}, cost beyond standard by cause, {model.currency}, FC"
    source = ("production_variance", "all months")
    total = float(rows["amount_value"].sum())
    if rows.empty or rows["amount_value"].abs().sum() < 1:
        return Section("Production and purchases cost their standard", title, source=source)
    sums = rows.pivot_table(index="cause", columns="fiscal_year", values="amount_value", aggfunc="sum")
    sums = sums[sums.abs().sum(axis=1) >= 1]
    names = _years(model, rows)
    frame = sums.rename(columns=names).rename_axis(columns=None).reset_index()
    largest = sums.sum(axis=1)
    cause = str(largest.abs().idxmax())
    side = "more" if total > 0 else "less"
    message = (
        f"Production and purchases cost {short(abs(total), model.currency)} {side} than standard "
        f"over the plan, most by {words(cause)} with {short(largest[cause], model.currency, signed=True)}"
    )
    table = Table(
        frame.assign(cause=[_name(each) for each in frame["cause"]]),
        headings={name: name for name in names.values()},
        units=dict.fromkeys(names.values(), f"short:{model.currency}"),
        variances=dict.fromkeys(names.values(), "lower_better"),
        currency=model.currency,
    )
    note = (
        "Positive is cost beyond standard. Absorption is what hours cost less what output takes over of it."
    )
    return Section(message, title, table=table, note=note, source=source)


@report_section("balance_sheet", notebook=NOTEBOOK)
def balance_sheet(tables: Tables, model: Model) -> Section:
    """Balance sheet at the first month end and at the ends of the fiscal years of the plan."""
    rows = with_fiscal_year(tables["balance_sheet"], model)
    title = f"{model.name}, balance sheet at month ends of the plan, {model.currency}, FC"
    source = ("balance_sheet", "first month and last month of each fiscal year")
    if rows.empty:
        return Section("There is no balance sheet yet", title, source=source)
    ends = sorted({rows["period"].min(), *rows.groupby("fiscal_year")["period"].max()})
    shown = rows[rows["period"].isin(ends)].assign(
        month=lambda part: [iso_month(month) for month in part["period"]]
    )
    wide = shown.pivot_table(index=["side", "line"], columns="month", values="amount_value", aggfunc="sum")
    parts = []
    for side, name in SIDES.items():
        own = wide.loc[[side]].reset_index(level="side", drop=True) if side in wide.index else wide.iloc[:0]
        kept = own[own.abs().max(axis=1) >= 1].rename(index=_name)
        parts += [kept, own.sum().to_frame(f"Total {name}").T]
    frame = pd.concat(parts).rename_axis(index="line", columns=None).reset_index()
    sums = [place for place, line in enumerate(frame["line"]) if line.startswith("Total ")]
    months = [str(name) for name in frame.columns[1:]]
    assets = frame.loc[frame["line"] == "Total assets", months[-1]].iloc[0]
    own = frame.loc[frame["line"] == "Total equity", months[-1]].iloc[0]
    share = f", {percent(own / assets, 0)} of it equity" if assets > 0 else ""
    share = f"; equity is {short(own, model.currency)}" if own < 0 else share
    scale = table_scale([assets], model.currency)
    title = title.replace(f", {model.currency}, ", f", {scale.title}, ")
    plug = wide.index.get_level_values("line").isin(["equity_not_explained", "stock_not_explained"])
    note = ""
    if float(wide[plug].abs().to_numpy().max(initial=0.0)) >= 1:
        note = (
            "Lines called not explained are what the ledger has beyond operations (stock) and what its "
            "accounts leave open (equity) when the plan begins; they stay as they are."
        )
    table = Table(
        frame,
        headings={"line": "", **{name: name for name in months}},
        units=dict.fromkeys(months, f"short:{model.currency}"),
        scale=scale,
        sums=sums,
        max_rows=40,
        currency=model.currency,
    )
    message = f"The balance sheet ends {months[-1]} at {short(assets, model.currency)}{share}"
    return Section(message, title, table=table, note=note, source=source)
