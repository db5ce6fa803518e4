"""What authors are asked: their nodes, what is known of each, and what they have said before."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sopwb.config.demand import ManualSettings
from sopwb.demand.panel import SERIES
from sopwb.demand.split import monthly_sales
from sopwb.demand.statement import standing_statements, statement_series
from sopwb.errors import Fault, InputError
from sopwb.exchange.form import Form
from sopwb.extend import Tables

__all__ = ["asked_scopes", "collection_form"]

NODE = ["stream", "family", "product", "market", "node"]
STANDING = ["line", "mode", "period", "amount", "reason", "expires_on"]
SHOWN_ACTIVITY = [
    "description",
    "kind",
    "family",
    "product",
    "market",
    "start_date",
    "end_date",
    "effect_type",
    "effect",
    "probability",
    "owner",
]


def asked_scopes(
    author_scope: pd.DataFrame, manual_forecast: pd.DataFrame, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Who is asked about what: as the table ``author_scope`` says, else as each author spoke last.

    Of an author who is not in ``author_scope`` the nodes are those of the last day on which the author
    entered anything before the end of as-of.

    Returns
    -------
    pandas.DataFrame
        One row per author, stream and node.
    """
    known = manual_forecast[manual_forecast["entered_at"] < as_of + pd.Timedelta(days=1)]
    day = known["entered_at"].dt.normalize()
    last = known[day == day.groupby(known["author"]).transform("max")]
    spoken = last.loc[~last["author"].isin(author_scope["author"]), ["author", *NODE]]
    both = pd.concat([author_scope[["author", *NODE]], spoken]).drop_duplicates()
    return both.sort_values(["author", *NODE], ignore_index=True)


def collection_form(
    author: str,
    tables: Tables,
    *,
    customer: str,
    title: str,
    as_of: pd.Timestamp,
    settings: ManualSettings,
) -> Form:
    """What one author is asked: a line for each node, a column for each month.

    Parameters
    ----------
    author
        Who is asked.
    tables
        Tables of a demand review, with ``author_scope``, ``manual_forecast`` and ``demand_plan``.
    customer, title
        Folder name of the customer, and its name on reports.
    as_of
        Last day of history.
    settings
        How many months ahead are asked about, and how long an entry counts.

    Raises
    ------
    InputError
        The author is unknown, or is asked about nothing that is planned.
    """
    scopes = asked_scopes(tables["author_scope"], tables["manual_forecast"], as_of)
    mine = scopes[scopes["author"] == author]
    if mine.empty:
        known = ", ".join(sorted(scopes["author"].unique())) or "none"
        raise InputError([Fault("author", f"{author!r} is asked about nothing", remedy=f"known are {known}")])
    plan = _by_month(tables["demand_plan"], tables["period"], as_of, settings.collect_months)
    series = plan[SERIES].drop_duplicates().reset_index(drop=True)
    families = tables["product"][["product", "family"]]
    series = series.merge(families, on="product", how="left", validate="many_to_one")
    coded = mine.assign(manual_forecast=[str(place) for place in range(len(mine))])
    about = statement_series(coded, series, tables["product"], tables["market"])
    kept = coded[[bool(about[code]) for code in coded["manual_forecast"]]].reset_index(drop=True)
    if kept.empty:
        problem = f"nothing that {author} is asked about is in the plan"
        raise InputError([Fault("author_scope", problem, remedy="correct the author's nodes")])
    lines = kept.assign(line=np.arange(1, len(kept) + 1))
    members = {line: about[code] for line, code in zip(lines["line"], lines["manual_forecast"], strict=True)}
    said = standing_statements(tables["manual_forecast"], as_of)
    said = said[(said["author"] == author) & (said["span"] == "month")]
    standing = said.merge(lines[["line", *NODE]], on=NODE, how="inner", validate="many_to_one")
    standing = standing[standing["period"].isin(plan["period"])]
    touched = series.iloc[sorted({place for places in members.values() for place in places})]
    return Form(
        customer=customer,
        title=title,
        author=author,
        as_of=as_of,
        valid_until=as_of + pd.offsets.MonthEnd(settings.valid_months),
        lines=lines[["line", *NODE]],
        grid=_grid(plan, series, members, tables["sales_history"]),
        standing=standing[STANDING].reset_index(drop=True),
        activities=_activities(tables["activity"], touched, as_of, plan["period"].max()),
    )


def _by_month(plan: pd.DataFrame, period: pd.DataFrame, as_of: pd.Timestamp, months: int) -> pd.DataFrame:
    """Baseline, activities and automatic forecast by product, market and month of the window."""
    rows = plan.merge(period[["period", "fiscal_period"]], on="period", how="left", validate="many_to_one")
    last = (as_of + pd.Timedelta(days=1)).replace(day=1) + pd.DateOffset(months=months)
    near = (
        rows[rows["fiscal_period"] < last].drop(columns="period").rename(columns={"fiscal_period": "period"})
    )
    numbers = ["baseline_qty", "activity_qty", "automatic_qty"]
    return near.groupby([*SERIES, "period"], as_index=False)[numbers].sum()


def _grid(
    plan: pd.DataFrame, series: pd.DataFrame, members: Mapping[int, list[int]], sales: pd.DataFrame
) -> pd.DataFrame:
    """Sums of each line by month; every line has every month."""
    sold = monthly_sales(sales).rename(columns={"qty": "last_year_qty"})
    rows = plan.assign(month=plan["period"].dt.to_period("M").astype("int64") - 12)
    rows = rows.merge(sold, on=[*SERIES, "month"], how="left", validate="many_to_one").fillna(
        {"last_year_qty": 0.0}
    )
    pairs = pd.concat([series.iloc[places][SERIES].assign(line=line) for line, places in members.items()])
    joined = pairs.merge(rows, on=SERIES, how="inner", validate="many_to_many")
    numbers = ["last_year_qty", "baseline_qty", "activity_qty", "automatic_qty"]
    sums = joined.groupby(["line", "period"])[numbers].sum()
    whole = pd.MultiIndex.from_product(
        [sorted(members), sorted(plan["period"].unique())], names=["line", "period"]
    )
    return sums.reindex(whole, fill_value=0.0).reset_index()


def _activities(
    activity: pd.DataFrame, series: pd.DataFrame, as_of: pd.Timestamp, last: pd.Timestamp
) -> pd.DataFrame:
    """Activities that touch any of the series between as-of and the end of the window."""
    ahead = activity[
        (activity["end_date"] > as_of) & (activity["start_date"] <= last + pd.offsets.MonthEnd(0))
    ]
    fits = pd.Series(data=True, index=ahead.index)
    for name in ("family", "product", "market"):
        fits &= (ahead[name] == "*") | ahead[name].isin(series[name])
    shown = ahead.loc[fits, SHOWN_ACTIVITY]
    return shown.sort_values(["start_date", "description"], ignore_index=True)
