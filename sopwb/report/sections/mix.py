"""What families make, and whether each product gets its part of it."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import sentence, words
from sopwb.report.numbers import iso_month, iso_span, percent, short
from sopwb.report.section import Section
from sopwb.report.sections.names import product_name
from sopwb.report.table import Table

__all__ = ["mix_of_families"]

NOTEBOOK = "40_supply_review"
YEAR = 12
LEAST_SHARE = 1e-6
"""Share of all that is made below which a product has its part."""


def _by_family(rows: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Volume and mix gap of each family, and where a product departs most from its part in a month."""
    rows = rows.assign(moved_value=rows["gap_value"].abs() / 2.0)
    sums = rows.groupby("family")[["planned_value", "moved_value"]].sum()
    least = LEAST_SHARE * float(rows["planned_value"].sum())
    for name, sign in (("beyond", 1.0), ("below", -1.0)):
        ordered = rows.sort_values("gap_value", ascending=sign < 0, kind="stable")
        told = ordered.drop_duplicates("family").set_index("family")
        told = told[sign * told["gap_value"] > least]
        places = zip(told["product"], told["period"], strict=True)
        said = [f"{product_name(tables, code)} in {iso_month(month)}" for code, month in places]
        sums[name] = pd.Series(said, told.index, dtype=object).reindex(sums.index).fillna("")
        sums[f"{name}_value"] = told["gap_value"]
    sums["moved_rate"] = (sums["moved_value"] / sums["planned_value"]).where(sums["planned_value"] > 0)
    return sums.sort_values("moved_value", ascending=False, kind="stable").reset_index()


@report_section("mix_of_families", notebook=NOTEBOOK)
def mix_of_families(tables: Tables, model: Model) -> Section:
    """What families make in twelve months, and how much of it goes elsewhere than equal run-out asks."""
    title = f"{model.name}, volume and mix by family, {model.currency} at standard cost, FC"
    source = ("mix_plan", "first twelve months, by family")
    rows = tables["mix_plan"]
    months = sorted(rows["period"].unique())[:YEAR]
    rows = rows[rows["period"].isin(months)]
    if rows["planned_value"].sum() <= 0:
        return Section("The plan makes nothing", title, source=source)
    title += f", {iso_span(rows['period'])}"
    sums = _by_family(rows, tables)
    volume, moved = float(sums["planned_value"].sum()), float(sums["moved_value"].sum())
    first = sums.iloc[0]
    family = sentence(words(str(first["family"])))
    money = short(moved, model.currency)
    message = (
        f"{percent(moved / volume)} of the volume, {money}, goes to other products than would let all of a "
        f"family last equally long; {family} most, {short(first['moved_value'], model.currency)}"
    )
    columns = ["planned_value", "moved_value", "moved_rate", "beyond", "beyond_value", "below", "below_value"]
    unit = f"short:{model.currency}"
    table = Table(
        sums.assign(family=[sentence(words(str(name))) for name in sums["family"]])[["family", *columns]],
        headings={
            "planned_value": "volume",
            "moved_value": "mix gap",
            "moved_rate": "of the volume",
            "beyond": "most beyond its part",
            "beyond_value": "by",
            "below": "most below its part",
            "below_value": "by ",
        },
        units=dict.fromkeys(("planned_value", "moved_value", "beyond_value", "below_value"), unit),
        currency=model.currency,
    )
    note = (
        "With its part each product of a family lasts to the same day, beside safety stock; the parts add up "
        "to the volume. Lots, hours, lead times, seasons and places are why the plan departs."
    )
    return Section(message, title, table=table, note=note, source=source)
