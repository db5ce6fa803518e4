"""Messages of the demand review: the plan and its families, how good it has been, what it leaves out."""

from __future__ import annotations

import pandas as pd

from sopwb.calendar import fiscal_month
from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import count, sentence, words
from sopwb.measure.wording import named as named_code
from sopwb.report import charts
from sopwb.report.numbers import iso_date, iso_span, percent, points, short
from sopwb.report.section import Card, Section
from sopwb.report.sections.futures import ODDS, band, futures
from sopwb.report.table import Table

__all__ = [
    "demand_by_family",
    "demand_headline",
    "forecast_exclusions",
    "forecast_quality",
    "months_ahead",
    "net_sales",
    "sold_by_month",
    "span_of",
]

NOTEBOOK = "20_demand_review"
MONTHS = 12
MOST_FAMILIES = 9
MOST_MARKETS = 4
SCALED = ["mase", "rmsse", "pinball_rate"]
"""Measures that are means over the first lags."""
STEPS = ("naive", "seasonal_naive", "statistical", "automatic", "manual", "consensus")


def months_ahead(tables: Tables, months: int | None = MONTHS) -> pd.DataFrame:
    """Demand plan with family and fiscal month; only the next months when a number is given."""
    families = tables["product"][["product", "family"]]
    plan = tables["demand_plan"].merge(families, on="product", how="left", validate="many_to_one")
    plan = plan.assign(month=fiscal_month(plan["period"]))
    if months is None or plan.empty:
        return plan
    end = plan["month"].min() + pd.DateOffset(months=months)
    near: pd.DataFrame = plan.loc[plan["month"] < end]
    return near


def net_sales(tables: Tables, as_of: pd.Timestamp) -> pd.DataFrame:
    """Net sales of closed months by family: quantity and value."""
    sales = tables["sales_history"].merge(
        tables["product"][["product", "family"]], on="product", how="left", validate="many_to_one"
    )
    sales = sales.assign(month=fiscal_month(sales["date"]), qty=sales["sold_qty"] - sales["returned_qty"])
    closed = sales[sales["month"] + pd.offsets.MonthEnd(0) <= as_of]
    return closed.groupby(["family", "month"], as_index=False)[["qty", "net_sales_value"]].sum()


def span_of(plan: pd.DataFrame) -> str:
    """First and last month of a plan, in words."""
    if plan.empty:
        return "no periods"
    return iso_span(plan["month"])


def _people_add(value: float, currency: str) -> str:
    """What people make of the automatic forecast, in words."""
    if abs(value) < 1:
        return "nobody changes the automatic forecast"
    does = "add" if value > 0 else "take"
    return (
        f"people {does} {short(abs(value), currency)} {'to' if value > 0 else 'from'} the automatic forecast"
    )


def _change(now: float, before: float) -> str:
    return percent(now / before - 1, signed=True) if before > 0 else "no base"


@report_section("demand_headline", notebook=NOTEBOOK)
def demand_headline(tables: Tables, model: Model) -> Section:
    """The plan of the next twelve months in units and money, against the last twelve sold."""
    plan, sold = months_ahead(tables), net_sales(tables, model.as_of)
    last = sold[sold["month"] > model.as_of - pd.DateOffset(months=MONTHS)]
    quantity, value = plan["consensus_qty"].sum(), plan["consensus_value"].sum()
    others = plan["automatic_qty"] + plan["near_horizon_qty"]
    people = value - (others * plan["net_price_per_unit"]).sum()
    message = (
        f"The next twelve months bring {short(value, model.currency)} at net prices, "
        f"{_change(value, last['net_sales_value'].sum())} on the twelve months sold; "
        f"{_people_add(people, model.currency)}"
    )
    quality = _steps(tables, "backtest")
    best = quality.iloc[-1] if len(quality) else None
    months = plan.groupby("month")["consensus_value"].sum()
    cards = (
        Card(
            "Demand plan, 12 months",
            value,
            to_last=value - last["net_sales_value"].sum(),
            last_name="12 months sold",
            course=list(months),
            currency=model.currency,
        ),
        Card(
            "Units, 12 months",
            quantity,
            "qty",
            to_last=quantity - last["qty"].sum(),
            last_name="12 months sold",
        ),
        Card("Units from activities", plan["activity_qty"].sum(), "qty", sense="neutral"),
        Card(
            f"Forecast error of a {model.calendar.history_bucket}, backtest",
            None if best is None else best["wmape_rate"],
            "rate",
            sense="lower_better",
        ),
    )
    title = f"{model.name}, demand plan, units and {model.currency}, {span_of(plan)} FC against sold"
    return Section(message, title, cards=cards, source=("demand_plan", "next twelve months"))


def sold_by_month(tables: Tables, model: Model, months: int | None) -> pd.DataFrame:
    """Net sales of the last closed months by family, or of all of them, as actuals of a chart."""
    sold = net_sales(tables, model.as_of)
    if months is not None:
        sold = sold[sold["month"] > model.as_of - pd.DateOffset(months=months)]
    return sold.rename(columns={"month": "period", "qty": "value"}).assign(version="AC")


def _family_name(code: object) -> str:
    return sentence(words(str(code)))


@report_section("demand_by_family", notebook=NOTEBOOK)
def demand_by_family(tables: Tables, model: Model) -> Section:
    """Each family's sales and plan by month, and what changes."""
    plan = months_ahead(tables)
    past = sold_by_month(tables, model, MONTHS)
    ahead = plan.groupby(["family", "month"], as_index=False)[["consensus_qty"]].sum()
    ahead = ahead.rename(columns={"month": "period", "consensus_qty": "value"}).assign(version="FC")
    columns = ["family", "period", "version", "value"]
    data = pd.concat([past[columns], ahead[columns]], ignore_index=True)
    now, before = ahead.groupby("family")["value"].sum(), past.groupby("family")["value"].sum()
    change = (now - before.reindex(now.index).fillna(0.0)).sort_values(key=abs, ascending=False)
    title = f"{model.name}, units a month by family, AC and FC, {span_of(plan)}"
    if change.empty:
        return Section("Nothing is planned", title, source=("demand_plan", "next twelve months"))
    name = str(change.index[0])
    message = (
        f"{_family_name(name)}: the largest change, {short(change.iloc[0], signed=True)} units, "
        f"{_change(now[name], before.get(name, 0.0))} on the twelve months sold"
    )
    largest = ahead.groupby("family")["value"].sum().nlargest(MOST_FAMILIES).index
    shown = data[data["family"].isin(largest)]
    shown = shown.assign(family=[_family_name(each) for each in shown["family"]])
    left = data["family"].nunique() - len(largest)
    paths = futures(tables)
    bands = band(paths[paths["month"].isin(plan["month"])], ["family"], "demand_qty").set_index("family")
    table = pd.DataFrame({"sold_qty": before.reindex(now.index), "consensus_qty": now})
    table = table.assign(change_qty=table["consensus_qty"] - table["sold_qty"])
    table = table.join(bands.add_suffix("_qty")).reset_index()
    table = table.sort_values("consensus_qty", ascending=False, kind="stable", ignore_index=True)
    note = f"Between lower and upper the twelve months together lie in {ODDS}."
    note += f" The {len(largest)} largest of {len(largest) + left} families are drawn." if left > 0 else ""
    return Section(
        message,
        title,
        chart=charts.small_multiples(shown, unit="units"),
        table=Table(
            table.assign(family=table["family"].map(_family_name)),
            headings={
                "sold_qty": "12 months sold",
                "consensus_qty": "12 months planned",
                "change_qty": "Δ",
            },
            variances={"change_qty": "higher_better"},
        ),
        note=note,
        source=("demand_plan", "next twelve months, by family"),
    )


def _steps(tables: Tables, source: str, most: int = 3) -> pd.DataFrame:
    """Error of each stream over all families and the first lags, and what it adds to the one before."""
    accuracy = tables["forecast_accuracy"]
    rows = accuracy[(accuracy["source"] == source) & (accuracy["family"] == "*") & (accuracy["lag"] <= most)]
    quantities = ["absolute_error_qty", "forecast_qty", "actual_qty"]
    by_stream = rows.groupby("stream")
    total = by_stream[quantities].sum().join(by_stream[SCALED].mean())
    total = total.reindex([name for name in STEPS if name in set(rows["stream"])])
    total = total[total["actual_qty"] > 0].reset_index()
    wmape = total["absolute_error_qty"] / total["actual_qty"]
    return total.assign(
        source=source,
        wmape_rate=wmape,
        bias_rate=total["forecast_qty"] / total["actual_qty"] - 1,
        value_added_rate=wmape.shift() - wmape,
    )[["source", "stream", "wmape_rate", "value_added_rate", "bias_rate", *SCALED]]


def _covered(tables: Tables, most: int = 3) -> float:
    """Mean share of what came that lay inside the interval, over the first lags."""
    accuracy = tables["forecast_accuracy"]
    chosen = (accuracy["source"] == "backtest") & (accuracy["family"] == "*") & (accuracy["lag"] <= most)
    return float(accuracy.loc[chosen, "coverage_rate"].mean())


def _quality_message(tested: pd.DataFrame, cycles: pd.DataFrame) -> str:
    naive, best = tested.iloc[0], tested.iloc[-1]
    message = (
        f"The automatic forecast misses by {percent(best['wmape_rate'])} where the naive one misses by "
        f"{percent(naive['wmape_rate'])}"
    )
    if cycles.empty:
        return message
    before, last = cycles.iloc[0], cycles.iloc[-1]
    gain = float(before["wmape_rate"]) - float(last["wmape_rate"])
    return message + (
        f"; in past cycles the {last['stream']} missed a month by {percent(last['wmape_rate'])}, "
        f"{points(abs(gain)).lstrip('+')} {'less' if gain >= 0 else 'more'} than "
        f"{words(str(before['stream']))}"
    )


@report_section("forecast_quality", notebook=NOTEBOOK)
def forecast_quality(tables: Tables, model: Model) -> Section:
    """Error of each step from naive to consensus, and what each adds."""
    bucket = model.calendar.history_bucket
    tested, cycles = _steps(tables, "backtest"), _steps(tables, "archive")
    title = (
        f"{model.name}, weighted error by stream, % of demand, up to 3 {bucket}s ahead in the backtest, "
        "3 months in past cycles"
    )
    if tested.empty:
        return Section("History is too short for a backtest", title, source=("forecast_accuracy", "family *"))
    both = pd.concat(
        [
            tested.assign(label=f"{bucket}, " + tested["stream"].str.replace("_", " ")),
            cycles.assign(label="month, " + cycles["stream"].str.replace("_", " ")),
        ],
        ignore_index=True,
    )
    bars = both.rename(columns={"wmape_rate": "value"})[["label", "value"]]
    return Section(
        _quality_message(tested, cycles),
        title,
        chart=charts.bars_by_structure(bars, unit="%", code="AC", sense="lower_better"),
        table=Table(
            both.assign(
                source=both["source"].replace("archive", "past cycles"), stream=both["stream"].map(words)
            ).drop(columns="label"),
            headings={
                "wmape_rate": "error",
                "value_added_rate": "adds",
                "mase": "MASE",
                "rmsse": "RMSSE",
                "pinball_rate": "pinball",
            },
            variances={"bias_rate": "neutral", "value_added_rate": "higher_better"},
        ),
        note=(
            f"The 80 percent interval held {percent(_covered(tables), 0)} of what came, judged on origins it "
            "was not made from; pinball is the loss of its two ends over what came. A step adds what it "
            "takes off the error of the step before. MASE and RMSSE are in units of the naive error of "
            "history: below 1 is better than naive."
        ),
        source=("forecast_accuracy", "family *, lag 1 to 3"),
    )


@report_section("forecast_exclusions", notebook=NOTEBOOK)
def forecast_exclusions(tables: Tables, model: Model) -> Section:
    """What is not forecast, and why."""
    excluded = tables["forecast_exclusion"]
    title = f"{model.name}, series without a statistical forecast, as of {iso_date(model.as_of)}"
    source = ("forecast_exclusion", "all rows")
    if excluded.empty:
        return Section("Every series that sells is forecast", title, source=source)
    named = excluded.merge(tables["product"][["product", "description"]], on="product", how="left")
    named = named.assign(
        product=named["description"].fillna(named["product"]),
        market=[named_code(code, tables["market"], "market") for code in named["market"]],
    )
    table = named.groupby(["product", "reason"], as_index=False).agg(markets=("market", _few))
    message = (
        f"{len(excluded)} series of {count(excluded['product'].nunique(), 'product')} have no statistical "
        "forecast"
    )
    return Section(message, title, table=Table(table, max_rows=12), source=source)


def _few(markets: pd.Series[str]) -> str:
    """The first of some markets in words, and how many more."""
    more = len(markets) - MOST_MARKETS
    shown = "; ".join(markets.head(MOST_MARKETS))
    return shown + (f" and {more} more" if more > 0 else "")
