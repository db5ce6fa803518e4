"""Message about deliveries: on time and in full by customer, as the settings declare it."""

from __future__ import annotations

import pandas as pd

from sopwb.config.delivery import DeliverySettings
from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import count, named
from sopwb.report import charts
from sopwb.report.numbers import iso_date, percent, short
from sopwb.report.section import Section
from sopwb.report.sections.demand import NOTEBOOK
from sopwb.report.table import Table

__all__ = ["deliveries_by_market"]

ALL = "*"
MARKET = "market="
MOST_MARKETS = 10
UNITS = {"line": "order lines", "order": "orders", "quantity": "quantity"}


def _declared(settings: DeliverySettings) -> str:
    """Date basis, window and unit, in words."""
    late = f"up to {count(settings.late_days, 'day')} late" if settings.late_days else "not a day late"
    early = "" if settings.early_days is None else f", at most {count(settings.early_days, 'day')} early"
    full = "" if settings.in_full_rate == 1 else f", in full from {percent(settings.in_full_rate, 0)}"
    return f"{UNITS[settings.unit]} against the {settings.date_basis} date, {late}{early}{full}"


@report_section("deliveries_by_market", notebook=NOTEBOOK)
def deliveries_by_market(tables: Tables, model: Model) -> Section:
    """On time and in full by market and month, and the money that did not come in the window."""
    rows, settings = tables["delivery_performance"], model.delivery
    title = (
        f"{model.name}, on time in full, % of {_declared(settings)}, {count(settings.months, 'month')} to "
        f"{iso_date(model.as_of)} AC"
    )
    source = ("delivery_performance", "scope is * or market=...")
    whole = rows[rows["period"] == ALL].set_index("scope")
    if ALL not in whole.index or whole["on_time_in_full_rate"].isna().all():
        return Section("No delivery was due in the months that are counted", title, source=source)
    total = whole.loc[ALL]
    markets = whole[whole.index.str.startswith(MARKET)].reset_index()
    markets = markets.assign(
        market=[named(code.removeprefix(MARKET), tables["market"], "market") for code in markets["scope"]]
    ).sort_values(["on_time_in_full_rate", "market"], ignore_index=True)
    worst = markets.iloc[0]
    message = f"{percent(total['on_time_in_full_rate'])} of {UNITS[settings.unit]} came on time and in full"
    if worst["on_time_in_full_rate"] < 1:
        message += f"; {worst['market']} is lowest with {percent(worst['on_time_in_full_rate'])}"
    if total["missed_value"] > 0:
        message += f"; {short(total['missed_value'], model.currency)} did not come in the window"
    months = rows[(rows["scope"] == ALL) & (rows["period"] != ALL)]
    course = pd.DataFrame(
        {
            "period": pd.to_datetime(months["period"] + "-01"),
            "version": "AC",
            "value": months["on_time_in_full_rate"],
        }
    ).dropna()
    if worst["on_time_in_full_rate"] == 1:
        return Section(message, title, source=source)
    bars = markets.head(MOST_MARKETS).assign(label=markets["market"], value=markets["on_time_in_full_rate"])
    pictures = [
        charts.bars_by_structure(
            bars[["label", "value"]], unit="%", code="AC", names=("on time in full", ""), width=250
        )
    ]
    if len(course) > 1:
        pictures.append(
            charts.columns_over_time(course, unit="%", heading="all markets by month", width=330, height=110)
        )
    shown = [
        "market",
        "total",
        "on_time_rate",
        "in_full_rate",
        "on_time_in_full_rate",
        "missed_value",
    ]
    last = pd.DataFrame([{**total.to_dict(), "market": "All"}])
    return Section(
        message,
        title,
        chart=tuple(pictures),
        table=Table(
            pd.concat([markets[shown], last[shown]], ignore_index=True),
            headings={
                "total": UNITS[settings.unit],
                "on_time_rate": "on time",
                "in_full_rate": "in full",
                "on_time_in_full_rate": "both",
                "missed_value": f"not in the window ({model.currency})",
            },
            units={"total": "count"},
            sums=(-1,),
            currency=model.currency,
        ),
        note="Lines that are overdue and have not been delivered count as missed.",
        source=source,
    )
