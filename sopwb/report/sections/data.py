"""Messages of the data review: what was read, whether it ties to the ledger, what stands in for data."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.checks import (
    operations_tie_to_ledger,
    posted_accounts_are_mapped,
    products_have_a_cost,
    rows_are_used_as_given,
)
from sopwb.measure.wording import count, person, sentence, words
from sopwb.report import charts
from sopwb.report.numbers import exact, iso_date, iso_month, percent, short, whole
from sopwb.report.section import Card, Section
from sopwb.report.table import Table

__all__ = [
    "cost_of_products",
    "data_checks",
    "data_defaults",
    "data_headline",
    "data_rejects",
    "data_tables",
    "ledger_tie",
    "ledger_tie_by_month",
]

NOTEBOOK = "10_data_review"
MONTHS = 12
HISTORY_MONTHS = 36
MOST_MONTHS = 6
SHOWN = 5
NOBODY = "default"
"""Owner of an assumption that nobody has taken over."""
CHECKS = (rows_are_used_as_given, operations_tie_to_ledger, posted_accounts_are_mapped, products_have_a_cost)


def _title(model: Model, what: str) -> str:
    return f"{model.name}, {what}, as of {iso_date(model.as_of)}"


def _last_year_sales(tables: Tables, model: Model) -> pd.DataFrame:
    sales = tables["sales_history"]
    return sales[
        (sales["date"] > model.as_of - pd.DateOffset(months=MONTHS)) & (sales["date"] <= model.as_of)
    ]


def _tie(tables: Tables, measure: str) -> pd.DataFrame:
    rows = tables["reconciliation"]
    known = rows[
        (rows["measure"] == measure) & rows["ledger_value"].notna() & rows["operations_value"].notna()
    ]
    return known.sort_values("period")


def _end(tie: pd.DataFrame, which: str) -> float | None:
    return float(tie["ratio_rate"].agg(which)) if len(tie) else None


@report_section("data_headline", notebook=NOTEBOOK)
def data_headline(tables: Tables, model: Model) -> Section:
    """Whether the data can carry a plan: how much was read, how far it ties, what is missing."""
    profile, sales = tables["data_profile"], _last_year_sales(tables, model)
    defaults = int(tables["assumption"]["is_default"].sum())
    revenue = float(sales["net_sales_value"].sum())
    tie = _tie(tables, "revenue").tail(MONTHS)
    share = tie["ledger_value"].sum() / tie["operations_value"].sum() if len(tie) else None
    told = "There is no ledger to tie sales to"
    if share is not None:
        told = f"Over {count(len(tie), 'month')} the ledger has {percent(share)} of the sales of operations"
    message = (
        f"{told}; {whole(profile['row_count'].sum())} rows in {count(len(profile), 'table')} were read, and "
        f"{count(defaults, 'assumption stands', 'assumptions stand')} in for data the source does not have"
    )
    cards = (
        Card(f"Net sales, {MONTHS} months", revenue, currency=model.currency),
        Card("Ledger, % of operations", share, "rate", sense="neutral"),
        Card("Lowest month", _end(tie, "min"), "rate", sense="neutral"),
        Card("Highest month", _end(tie, "max"), "rate", sense="neutral"),
    )
    span = f"{iso_month(model.as_of - pd.DateOffset(months=MONTHS - 1))} to {iso_month(model.as_of)}"
    note = f"Net sales of operations {span}: {exact(revenue)} {model.currency}."
    return Section(
        message,
        _title(model, "condition of the data"),
        cards=cards,
        note=note,
        source=("sales_history", span),
    )


@report_section("data_tables", notebook=NOTEBOOK)
def data_tables(tables: Tables, model: Model) -> Section:
    """Every table that was read: kind, rows, first and last date, where it came from."""
    profile = tables["data_profile"].sort_values(["kind", "table"])
    facts = profile[profile["kind"] == "fact"]
    rows = whole(facts["row_count"].sum())
    message = f"{len(profile)} tables have rows; {len(facts)} of them are facts, with {rows} rows"
    table = Table(
        profile[["table", "kind", "row_count", "first_date", "last_date", "source"]],
        headings={"row_count": "rows", "first_date": "first date", "last_date": "last date"},
        units={"row_count": "count"},
        max_rows=50,
    )
    return Section(message, _title(model, "tables as read"), table=table, source=("data_profile", "all rows"))


@report_section("data_rejects", notebook=NOTEBOOK)
def data_rejects(tables: Tables, model: Model) -> Section:
    """Rows that are not used as they were given: how many, which, what was done, what would be right."""
    rows = tables["reject"].sort_values(["is_expected", "table", "column", "problem"])
    title, source = _title(model, "rows not used as given"), ("reject", "all rows")
    if rows.empty:
        return Section("Every row is used as it was given", title, source=source)
    mended = rows[~rows["is_expected"]]
    number = int(mended["row_count"].sum())
    message = "Every row up to the as-of date is used as it was given"
    if number:
        message = f"{count(number, 'row is', 'rows are')} not used as given: "
        message += "; ".join(
            f"{row['row_count']} {row['done']}, {words(row['column'])} {row['problem']}"
            for row in mended.to_dict("records")
        )
    table = Table(
        rows.assign(where=rows["table"] + "." + rows["column"])[
            ["where", "problem", "row_count", "first_rows", "done", "remedy"]
        ],
        headings={"row_count": "rows", "first_rows": "the first", "done": "what was done"},
        units={"row_count": "count"},
    )
    return Section(message, title, table=table, source=source)


@report_section("ledger_tie", notebook=NOTEBOOK)
def ledger_tie(tables: Tables, model: Model) -> Section:
    """Sales, cost of sales and stock of operations beside the ledger, with the spread by month."""
    measures = ("revenue", "cost_of_sales", "stock_value")
    ties = {measure: _tie(tables, measure).tail(HISTORY_MONTHS) for measure in measures}
    rows = [
        {
            "measure": sentence(words(measure)),
            "months": len(tie),
            "operations": tie["operations_value"].sum(),
            "ledger": tie["ledger_value"].sum(),
            "difference": tie["difference_value"].sum(),
            "lowest": tie["ratio_rate"].min(),
            "highest": tie["ratio_rate"].max(),
        }
        for measure, tie in ties.items()
        if len(tie)
    ]
    title = _title(
        model, f"operations against ledger, {model.currency}, up to {HISTORY_MONTHS} closed months"
    )
    source = ("reconciliation", "months in which both sides are known")
    if not rows:
        return Section("There is no ledger to hold operations against", title, source=source)
    frame = pd.DataFrame(rows)
    sales = ties["revenue"]
    message = "The ledger has no sales to hold operations against"
    if len(sales):
        low, high = sales["ratio_rate"].min(), sales["ratio_rate"].max()
        message = f"Sales in the ledger are {low:.2f} to {high:.2f} of those in operations, month by month"
    table = Table(
        frame,
        headings={
            "measure": "",
            "lowest": "ledger, % of operations, lowest month",
            "highest": "highest month",
            "difference": "Δ",
        },
        units={
            **dict.fromkeys(("operations", "ledger", "difference"), f"short:{model.currency}"),
            "months": "count",
            "lowest": "rate",
            "highest": "rate",
        },
        variances={"difference": "neutral"},
        currency=model.currency,
    )
    note = (
        "Revenue is net sales against accounts of sales, without deductions booked elsewhere; cost of sales "
        "is net quantity at the standard cost of its day; stock is the last count at standard cost."
    )
    return Section(message, title, table=table, note=note, source=source)


@report_section("ledger_tie_by_month", notebook=NOTEBOOK)
def ledger_tie_by_month(tables: Tables, model: Model) -> Section:
    """Ledger sales as a share of operations' sales by month, and the largest differences in money."""
    tie = _tie(tables, "revenue").tail(HISTORY_MONTHS)
    title = _title(model, "sales in the ledger, % of sales in operations, closed months AC")
    source = ("reconciliation", "measure is revenue")
    if tie.empty:
        return Section("No month has sales both in operations and in the ledger", title, source=source)
    difference = tie["difference_value"]
    off = difference.abs() > model.finance.tie_tolerance_rate * tie["operations_value"].abs()
    if off.any():
        worst = tie.loc[difference.abs().idxmax()]
        gap = short(difference.abs().max(), model.currency)
        message = (
            f"In {int(off.sum())} of {len(tie)} months the ledger is further than "
            f"{percent(model.finance.tie_tolerance_rate, 0)} from operations; most in "
            f"{iso_month(worst['period'])}, by {gap}"
        )
    else:
        message = f"All {len(tie)} months tie within {percent(model.finance.tie_tolerance_rate, 0)}"
    data = tie.assign(version="AC", value=tie["ratio_rate"])[["period", "version", "value"]]
    chart = charts.columns_over_time(data, unit="%", target=(1.0, "operations"), width=560, height=120)
    largest = tie.loc[difference.abs().sort_values(ascending=False).index].head(MOST_MONTHS)
    largest = largest[largest["difference_value"].abs() >= 1]
    table = (
        None
        if largest.empty
        else Table(
            largest.assign(period=[iso_month(month) for month in largest["period"]])[
                ["period", "operations_value", "ledger_value", "difference_value", "ratio_rate"]
            ],
            headings={"period": "month", "difference_value": "Δ", "ratio_rate": "ledger, % of operations"},
            units={"period": "text"},
            variances={"difference_value": "neutral"},
            currency=model.currency,
        )
    )
    return Section(message, title, chart=chart if off.any() else None, table=table, source=source)


@report_section("data_defaults", notebook=NOTEBOOK)
def data_defaults(tables: Tables, model: Model) -> Section:
    """Every default that stands in for data the source does not have."""
    rows = tables["assumption"]
    defaults = rows[rows["is_default"]].sort_values("subject")
    title = _title(model, "defaults that stand in for data")
    source = ("assumption", "is_default is true")
    if defaults.empty:
        return Section("Nothing stands in for missing data", title, source=source)
    stand = count(len(defaults), "default stands", "defaults stand")
    unowned = int((defaults["owner"] == NOBODY).sum())
    owned = f"{unowned} of them have no owner yet" if unowned else "each has an owner who can replace it"
    owned = "none has an owner yet" if unowned == len(defaults) else owned
    message = f"{stand} in for data; {owned}"
    table = Table(
        defaults[["subject", "text", "owner"]].assign(
            owner=defaults["owner"].map(person).where(defaults["owner"] != NOBODY, "nobody yet")
        ),
        headings={"subject": "table or column", "text": "what is assumed"},
        max_rows=40,
    )
    return Section(message, title, table=table, source=source)


@report_section("data_checks", notebook=NOTEBOOK)
def data_checks(tables: Tables, model: Model) -> Section:
    """What the checks of the data found, with the rows that offend."""
    found = []
    for check in CHECKS:
        offenders = check(tables, model)
        found.append(
            {
                "check": words(check.__name__),
                "status": "warn" if len(offenders) else "pass",
                "offenders": len(offenders),
                "first": _first(offenders),
            }
        )
    frame = pd.DataFrame(found)
    warned = int((frame["status"] == "warn").sum())
    which = f"{len(frame)} checks of the data that need no plan"
    message = f"{warned} of {which} warn" if warned else f"All {which} pass"
    table = Table(frame, headings={"first": "what was found"}, units={"offenders": "count"})
    return Section(
        message, _title(model, "checks of the data"), table=table, source=("check", "area is data")
    )


def _first(offenders: pd.DataFrame) -> str:
    if offenders.empty:
        return "holds"
    if "message" in offenders:
        return str(offenders["message"].iloc[0])
    names = offenders[offenders.columns[0]].astype(str)
    more = len(names) - SHOWN
    return ", ".join(names.head(SHOWN)) + (f" and {more} more" if more > 0 else "")


@report_section("cost_of_products", notebook=NOTEBOOK)
def cost_of_products(tables: Tables, model: Model) -> Section:
    """Standard cost by kind of product and where it comes from, beside the roll-up."""
    cost = tables["product_cost"].merge(
        tables["product"][["product", "product_type"]], on="product", how="left", validate="1:1"
    )
    sold = _last_year_sales(tables, model)
    qty = (sold["sold_qty"] - sold["returned_qty"]).groupby(sold["product"]).sum()
    cost = cost.assign(qty=cost["product"].map(qty).fillna(0.0))
    cost = cost.assign(
        standard_value=cost["qty"] * cost["standard_cost_per_unit"],
        roll_up_value=cost["qty"] * cost["rolled_up_per_unit"],
        without=cost["standard_cost_per_unit"] <= 0,
    )
    groups = cost.groupby(["product_type", "basis"], sort=True)
    frame = groups.agg(
        products=("product", "size"),
        without=("without", "sum"),
        standard_value=("standard_value", "sum"),
        roll_up_value=("roll_up_value", "sum"),
    ).reset_index()
    frame["difference"] = frame["standard_value"] - frame["roll_up_value"]
    frame = frame.assign(
        product_type=frame["product_type"].str.replace("_", " "), basis=frame["basis"].str.replace("_", "-")
    )
    source = int((cost["basis"] == "source").sum())
    without = int(cost["without"].sum())
    lacking = f"; {count(without, 'product has', 'products have')} none" if without else "; none is without"
    message = (
        f"{source} of {len(cost)} products have their standard cost from the source, the others from recipes "
        f"and hours{lacking}"
    )
    table = Table(
        frame,
        headings={
            "product_type": "kind of product",
            "without": "without cost",
            "standard_value": "12 months sold at standard",
            "roll_up_value": "at roll-up",
            "difference": "Δ",
        },
        units={
            **dict.fromkeys(("standard_value", "roll_up_value", "difference"), f"short:{model.currency}"),
            "products": "count",
            "without": "count",
        },
        variances={"difference": "neutral"},
        currency=model.currency,
    )
    note = "The standard cost of the source outranks the roll-up; look where the two differ."
    title = _title(model, f"standard cost and roll-up of what was sold, {model.currency}")
    return Section(message, title, table=table, note=note, source=("product_cost", "all products"))
